# SPDX-License-Identifier: BSD-3-Clause
"""Validation data that comes in batches."""

import numpy as np
import pytest
from netlet import SGD, Adam

from helpers.training import CLASSES, X, Y, classifier, regression

HELD_X, HELD_Y = X[:130] * 1.5, Y[:130]


def held():
    for first in range(0, 130, 37):
        yield HELD_X[first : first + 37], HELD_Y[first : first + 37]


SOURCES = {
    "function": held,
    "list": list(held()),
    "tuple": tuple(held()),
    "two of them": [(HELD_X[:99], HELD_Y[:99]), (HELD_X[99:], HELD_Y[99:])],
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
def test_the_figures_are_those_of_all_rows_and_decide_the_same(source):
    """With early stopping, which depends on them."""
    options = {"epochs": 60, "batch_size": 64, "patience": 3, "standardize": True, "metrics": ["r2"]}
    whole, parts = regression(), regression()
    expected = whole.fit(X, Y, **options, optimizer=Adam(0.1), validation_data=(HELD_X, HELD_Y))
    history = parts.fit(X, Y, **options, optimizer=Adam(0.1), validation_data=source)
    assert whole == parts
    assert len(history) < 60
    for name in ("validation_loss", "validation_r2", "r2"):
        assert history[name].tobytes() == expected[name].tobytes()


def test_accuracies_and_weights_and_batches_for_training():
    whole, parts = classifier(), classifier()
    weight = np.arange(300.0)
    pieces = [(X[i::3], CLASSES[i::3], weight[i::3]) for i in range(3)]
    together = tuple(np.concatenate(part) for part in zip(*pieces))
    expected = whole.fit_batches([(X, CLASSES)], epochs=4, validation_data=together)
    history = parts.fit_batches([(X, CLASSES)], epochs=4, validation_data=lambda: iter(pieces))
    for name in ("validation_loss", "validation_accuracy"):
        assert history[name].tobytes() == expected[name].tobytes()


@pytest.mark.parametrize("zero", [0, 1, 2], ids=["first", "second", "last"])
def test_a_batch_may_be_without_weight_wherever_it_comes(zero):
    weights = [np.ones(50) if i != zero else np.zeros(50) for i in range(3)]
    pieces = [(X[50 * i :][:50], Y[50 * i :][:50], weight) for i, weight in enumerate(weights)]
    history = regression().fit(X, Y, epochs=1, validation_data=pieces)
    expected = regression().fit(X, Y, epochs=1, validation_data=(X[:150], Y[:150], np.concatenate(weights)))
    assert history.validation_loss.tobytes() == expected.validation_loss.tobytes()
    none = [(x, y, 0 * weight) for x, y, weight in pieces]
    with pytest.raises(
        ValueError, match=r"^validation_data: sample_weight: expected a weight above 0, got 0 for all of 150 rows"
    ):
        regression().fit(X, Y, epochs=1, validation_data=none)


@pytest.mark.parametrize("form", [np.asarray, memoryview])
def test_training_and_validation_may_fill_the_same_arrays(form):
    x, y, weight = (np.empty((50, *width)) for width in ([5], [2], []))

    def source(rows, scale, own):
        def batches():
            for first in range(0, rows, 50):
                x[:], y[:] = X[first : first + 50] * scale, Y[first : first + 50]
                weight[:] = np.arange(first + 1, first + 51)
                yield tuple(form(part) for part in ((x, y, weight) if own else (x, y)))

        return batches

    def apart(batches):
        return [tuple(np.array(part) for part in batch) for batch in batches()]

    net, other = regression(), regression()
    training, held = source(300, 1.0, False), source(100, 2.0, True)
    history = net.fit_batches(training, epochs=3, validation_data=held, standardize=True)
    expected = other.fit_batches(apart(training), epochs=3, validation_data=apart(held), standardize=True)
    assert net == other
    assert history.validation_loss.tobytes() == expected.validation_loss.tobytes()


def test_a_pair_of_arrays_stays_one():
    """However it is written: rows of two numbers are no batches."""
    net, other = (regression() for _ in range(2))
    rows = [[0.5, 1, 2, 3, 4], [1, 2, 3, 4, 5]]
    history = net.fit(X, Y, epochs=1, validation_data=[rows, [[0, 1], [1, 0]]])
    expected = other.fit(X, Y, epochs=1, validation_data=(np.array(rows), np.eye(2)[::-1]))
    assert history.validation_loss.tobytes() == expected.validation_loss.tobytes()


@pytest.mark.parametrize(
    ("bad", "match"),
    [
        (3, r"^validation_data: expected a tuple .* or batches of them as in fit_batches"),
        (np.ones((3, 5)), r"^validation_data: expected a tuple"),
        ([], r"^validation_data: expected a tuple"),
        (iter([(X, Y)]), r"^validation_data: expected a function .* each epoch passes over them"),
        (lambda: [(X[:, :2], Y)], r"^validation_data: batch 0: x: expected shape"),
        (lambda: [X], r"^validation_data: expected each to be a tuple"),
        (lambda: [(X, Y + np.nan)], r"^validation_data: batch 0: y: expected finite numbers"),
        (lambda: [(X + np.inf, Y)], r"^validation_data: batch 0: x: expected finite numbers"),
        (list, r"^validation_data: expected at least one batch, got none"),
        (lambda: None, r"^validation_data: expected a function that returns an iterator, got one that returns None$"),
    ],
)
def test_what_does_not_fit_is_refused(bad, match):
    net = regression()
    with pytest.raises((ValueError, TypeError), match=match):
        net.fit(X, Y, epochs=2, standardize=True, validation_data=bad)
    assert net == regression()
    assert net.input_scaling is None


def test_an_iterator_is_enough_for_one_pass():
    history = regression().fit(X, Y, epochs=1, validation_data=held())
    expected = regression().fit(X, Y, epochs=1, validation_data=(HELD_X, HELD_Y))
    assert history.validation_loss.tobytes() == expected.validation_loss.tobytes()
    with pytest.raises(ValueError, match=r"^validation_data: expected a function .* and so do metrics"):
        regression().fit(X, Y, epochs=1, validation_data=held(), metrics=["r2"])


def test_a_bad_batch_after_the_first_ends_training_and_the_steps_stay():
    net, once = regression(), regression()
    with pytest.raises(ValueError, match=r"^validation_data: batch 1: x: expected shape"):
        net.fit(X, Y, epochs=2, validation_data=lambda: [(X, Y), (X[:, :2], Y)])
    once.step(X, Y, SGD(0.1))
    assert net == once
    assert net.epochs_trained == 0


def test_the_first_batch_is_asked_for_before_training_and_used_after_the_first_epoch():
    events = []

    def source():
        for i in range(2):
            events.append(i)
            yield X[i * 150 :][:150], Y[i * 150 :][:150]

    net, other = regression(), regression()
    history = net.fit(
        X, Y, epochs=2, validation_data=source, schedule=lambda epoch: events.append(f"epoch {epoch}") or 1.0
    )
    expected = other.fit(X, Y, epochs=2, validation_data=(X, Y))
    assert history.validation_loss.tobytes() == expected.validation_loss.tobytes()
    assert events == [0, "epoch 0", 1, "epoch 1", 0, 1]


def test_what_the_source_raises_comes_out_and_the_steps_stay():
    def source():
        yield X, Y
        raise KeyError("no more")

    net, once = regression(), regression()
    adam = Adam()
    with pytest.raises(KeyError, match="no more"):
        net.fit(X, Y, epochs=2, optimizer=adam, validation_data=source)
    once.step(X, Y, Adam())
    assert net == once
    assert (net.epochs_trained, adam.steps) == (0, 1)


def test_metrics_of_validation_data_beside_batches():
    def worst(y, prediction):
        return np.abs(y - prediction).max()

    options = {"epochs": 3, "metrics": ["r2", "mae", worst], "optimizer": "adam"}
    whole = regression().fit_batches([(X, Y)], validation_data=(HELD_X, HELD_Y), **options)
    parts = regression().fit_batches([(X, Y)], validation_data=held, **options)
    net, adam = regression(), Adam()
    for epoch in range(3):
        net.fit_batches([(X, Y)], epochs=1, optimizer=adam)
        expected = net.evaluate(HELD_X, HELD_Y, metrics=options["metrics"])
        for history in (whole, parts):
            assert list(history.metrics) == ["validation_r2", "validation_mae", "validation_worst"]
            assert {name: history[f"validation_{name}"][epoch] for name in ("r2", "mae", "worst")} == {
                name: expected[name] for name in ("r2", "mae", "worst")
            }


def test_metrics_of_labels_beside_batches():
    net = classifier(classes=["a", "b", "c"])
    names = np.array(["a", "b", "c"])[CLASSES]
    history = net.fit_batches(
        [(X, names)], epochs=2, validation_data=(X, names), metrics={"right": lambda y, given: (y == given).mean()}
    )
    assert history["validation_right"].tolist() == history["validation_accuracy"].tolist()
    assert history["validation_right"][-1] == net.evaluate(X, names)["accuracy"]


def test_metrics_without_validation_data_say_where_they_can_be_had():
    net = regression()
    with pytest.raises(ValueError, match=r"^metrics: expected validation_data, .*evaluate_batches computes them over"):
        net.fit_batches([(X, Y)], epochs=1, metrics=["r2"])
    with pytest.raises(ValueError, match=r"^metrics: unknown name 'accuracy' for squared_error"):
        net.fit_batches([(X, Y)], epochs=1, metrics=["accuracy"], validation_data=(X, Y))
    assert net == regression()
