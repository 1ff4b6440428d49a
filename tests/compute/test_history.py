# SPDX-License-Identifier: BSD-3-Clause
"""The history of a training, and how it is shown."""

import numpy as np
import pytest
from netlet import History, Network, reference

from helpers import xor
from helpers.training import CLASSES, X, Y, classifier, regression


def test_history_has_a_loss_and_a_time_for_each_epoch():
    history = Network([2, 3, 1], seed=0).fit(xor.X, xor.Y, epochs=6)
    assert isinstance(history, History)
    assert len(history) == 6
    assert history.loss.shape == history.time.shape == (6,)
    assert (history.time >= 0).all()
    assert history.metrics == {}
    assert repr(history).startswith("<History of 6 epochs in ")
    assert repr(history).endswith(f"last: loss {history.loss[-1]:.6g}>")


@pytest.mark.parametrize("sizes", [[2, 5, 3], [2, 5, 1]], ids=["cross_entropy", "binary_cross_entropy"])
def test_history_has_the_accuracy_where_there_are_classes(sizes):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(90, 2)), rng.integers(0, max(sizes[-1], 2), 90)
    settings = {"loss": "cross_entropy" if sizes[-1] > 1 else "binary_cross_entropy", "seed": 3}
    options = {"epochs": 12, "batch_size": 32, "learning_rate": 0.1}
    history = Network(sizes, **settings).fit(x, y, **options)
    expected = reference.Network(sizes, **settings).fit(x, y, **options)
    np.testing.assert_array_equal(history.metrics["accuracy"], expected["accuracy"])
    np.testing.assert_array_equal(history.loss, expected["loss"])
    assert len(set(expected["accuracy"])) > 1
    assert repr(history).endswith(f"accuracy {expected['accuracy'][-1]:.6g}>")


def test_history_arrays_are_read_only_and_stay_valid_while_it_grows():
    kept = []
    history = Network([2, 5, 3], loss="cross_entropy", seed=3).fit(
        xor.X,
        [0, 1, 2, 0],
        epochs=50,
        callback=lambda _, h: kept.append([a for v in (h.loss, h.time, h.metrics["accuracy"]) for a in (v, v.copy())]),
    )
    for loss, loss_then, time, time_then, accuracy, accuracy_then in kept:
        np.testing.assert_array_equal(loss, loss_then)
        np.testing.assert_array_equal(time, time_then)
        np.testing.assert_array_equal(accuracy, accuracy_then)
    for array in (kept[3][0], history.loss, history.time, history.metrics["accuracy"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_printed_history_is_a_table_of_at_most_twenty_epochs():
    history = classifier().fit(X, CLASSES, epochs=100, validation_data=(X, CLASSES))
    lines = str(history).splitlines()
    assert lines[0].split() == (
        ["epoch", "loss", "time", "(s)", "learning", "rate", "accuracy", "validation", "loss", "validation", "accuracy"]
    )
    assert len(lines) == 21
    assert [int(line.split()[0]) for line in (lines[1], lines[-1])] == [0, 99]
    assert len({len(line) for line in lines}) == 1


def test_history_draws_itself():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    history = regression().fit(X, Y, epochs=5, validation_data=(X, Y))
    ax = history.plot()
    assert [line.get_label() for line in ax.lines] == ["training", "validation", "best epoch, 4"]
    assert history.plot(ax) is ax


@pytest.mark.parametrize("epochs", [1, 2, 40, 20_000])
def test_a_drawn_history_counts_whole_epochs_and_has_losses_to_read(epochs):
    pytest.importorskip("matplotlib").use("Agg")
    history = History()
    history._record(0, {"loss": np.linspace(0.6, 0.02, epochs), "time": np.zeros(epochs)})
    ax = history.plot()
    ax.figure.canvas.draw()
    (low, high), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    labels = [label.get_text() for label in ax.get_xticklabels() if low <= label.get_position()[0] <= high]
    assert "0" in labels
    assert len(labels) == len(set(labels)) <= 10
    assert all(float(label.replace(",", "")).is_integer() for label in labels)
    if epochs > 1:
        shown = [label.get_text() for label in ax.get_yticklabels() if bottom <= label.get_position()[1] <= top]
        assert [float(label) for label in shown] == [0.02, 0.05, 0.1, 0.2, 0.5]
    if epochs == 20_000:
        assert ax.get_title().startswith("20,000 epochs")
        assert "20,000" in labels


@pytest.mark.parametrize("weighted", [False, True])
def test_sums_over_different_numbers_of_rows_are_drawn_per_row(weighted):
    """So that a network that is equally good on both has the same curve for both."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    x, y = np.concatenate([X, X, X]), np.concatenate([Y, Y, Y])
    extra = (np.full(300, 2.0),) if weighted else ()
    net, mean = Network([5, 2], seed=0), Network([5, 2], reduction="mean", seed=0)
    history = net.fit(x, y, epochs=3, learning_rate=1e-300, validation_data=(X, Y, *extra))
    expected = mean.fit(x, y, epochs=3, learning_rate=1e-300, validation_data=(X, Y, *extra))
    ax = history.plot()
    assert ax.get_ylabel() == "loss per row"
    for line, values in zip(ax.lines, (expected.loss, expected.validation_loss)):
        np.testing.assert_allclose(line.get_ydata(), values, rtol=1e-12)
        assert len(values) == 3
    np.testing.assert_allclose(ax.lines[0].get_ydata(), ax.lines[1].get_ydata(), rtol=1e-12)
    np.testing.assert_array_equal(expected.plot().lines[0].get_ydata(), expected.loss)
    np.testing.assert_array_equal(net.fit(x, y, epochs=2).plot().lines[0].get_ydata()[0], history.loss[0])


def test_epochs_of_different_sizes_are_each_divided_by_their_own():
    pytest.importorskip("matplotlib").use("Agg")
    epochs = iter([3, 3, 1])

    def batches():
        for _ in range(next(epochs)):
            yield X, Y

    history = Network([5, 2], seed=0).fit_batches(batches, epochs=3, learning_rate=1e-300, validation_data=(X, Y))
    assert history.loss[0] > 2 * history.loss[2]
    np.testing.assert_allclose(history.plot().lines[0].get_ydata(), history.loss / [900, 900, 300], rtol=1e-15)


def test_a_history_is_a_dict_of_arrays():
    history = classifier().fit(X, CLASSES, epochs=4, validation_data=(X, CLASSES))
    names = ["loss", "time", "learning_rate", "accuracy", "validation_loss", "validation_accuracy"]
    assert list(history) == list(history.keys()) == names
    assert {name: values.tobytes() for name, values in dict(history).items()} == {
        name: history[name].tobytes() for name in names
    }
    np.testing.assert_array_equal(history["validation_accuracy"], history.metrics["validation_accuracy"])
    assert "loss" in history
    assert "f1" not in history
    with pytest.raises(KeyError, match=r"expected one of loss, time, .*, got 'val_loss'"):
        history["val_loss"]
    frame = pytest.importorskip("pandas").DataFrame(dict(history))
    assert frame.shape == (4, 6)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(9.71e-4, "0.971 ms"), (0.9994, "999 ms"), (0.9996, "1 s"), (599.4, "599 s"), (600.0, "10.0 min")],
)
def test_times_have_units(seconds: float, words: str) -> None:
    history = History()
    history._record(0, {"loss": np.ones(1), "time": np.array([seconds])})
    assert f"in {words}; last" in repr(history)


@pytest.mark.parametrize(("other", "here"), [("val_loss", "validation_loss"), ("lr", "learning_rate")])
def test_names_of_other_libraries_get_a_hint(other: str, here: str) -> None:
    with pytest.raises(KeyError, match=rf"got '{other}' \(here it is '{here}'"):
        regression().fit(X, Y, epochs=1)[other]
    with pytest.raises(KeyError, match=r"got 'anything'\"$"):
        regression().fit(X, Y, epochs=1)["anything"]


def test_fits_do_not_share_memory_that_is_in_use():
    """Though a fit takes the memory of a history that nobody has any more."""
    net, kept = Network([2, 3, 1], seed=0), []
    for _ in range(4):
        loss = net.fit(xor.X, xor.Y, epochs=500).loss  # outlives its history
        kept.append((loss, loss.copy()))
        net.fit(xor.X, xor.Y, epochs=500)
    for loss, copy in kept:
        np.testing.assert_array_equal(loss, copy)
