# SPDX-License-Identifier: BSD-3-Clause
"""Callbacks that are objects, and those that netlet has."""

import csv
import pickle
import time

import numpy as np
import pytest
from netlet import Adam, Network
from netlet.callbacks import Callback, Checkpoint, CSVLog, LivePlot, StopAt

from helpers.training import CLASSES, X, Y, classifier, regression


class Noted(Callback):
    def __init__(self, stop_at=None):
        self.calls, self.stop_at = [], stop_at

    def on_begin(self, network, optimizer):
        self.calls.append(("begin", network.epochs_trained, type(optimizer).__name__))

    def on_epoch(self, epoch, history, network):
        self.calls.append((epoch, len(history), network.epochs_trained))
        return epoch == self.stop_at

    def on_end(self, history, network):
        self.calls.append(("end", len(history)))


def test_objects_and_functions_are_called_in_their_order():
    net, first, last, seen = regression(), Noted(), Noted(stop_at=1), []
    functions = [lambda epoch, h: seen.append((epoch, len(h))), lambda *_: False]
    net.fit(X, Y, epochs=5, callback=functions[0], callbacks=[first, functions[1], last])
    assert first.calls == last.calls == [("begin", 0, "SGD"), (0, 1, 1), (1, 2, 2), ("end", 2)]
    assert seen == [(0, 1), (1, 2)]
    net.fit_batches([(X, Y)], epochs=1, optimizer=Adam(), callbacks=(first,))
    assert first.calls[4:] == [("begin", 2, "Adam"), (2, 1, 3), ("end", 1)]


def test_all_hear_of_the_end_however_it_comes():
    net, noted = regression(), Noted()

    def fail(*_):
        raise LookupError

    with pytest.raises(LookupError):
        net.fit(X, Y, epochs=5, callbacks=[noted, fail])
    assert noted.calls[-1] == ("end", 1)
    with pytest.raises(ValueError, match=r"^x: "):
        net.fit(X[:, :2], Y, epochs=5, callbacks=[noted])
    assert noted.calls[-1] == ("end", 0)


class FailsAtEnd(Callback):
    def on_end(self, history, network):
        raise OSError("full")


def test_an_error_at_the_end_hides_no_other_one():
    noted = Noted()
    with pytest.raises(OSError, match="full") as caught:
        regression().fit(X, Y, epochs=2, callbacks=[FailsAtEnd(), noted])
    assert len(caught.value.history) == 2
    assert noted.calls[-1] == ("end", 2)

    def interrupt(*_):
        raise KeyboardInterrupt

    with (
        pytest.warns(UserWarning, match=r"^callbacks: at the end of the training, OSError: full") as warned,
        pytest.raises(KeyboardInterrupt) as stopped,
    ):
        regression().fit(X, Y, epochs=2, callbacks=[FailsAtEnd(), interrupt, noted])
    assert warned[0].filename == __file__
    assert len(stopped.value.history) == 1
    assert noted.calls[-1] == ("end", 1)


def test_callbacks_change_nothing_and_take_no_part_in_the_time(tmp_path):
    plain, watched = regression(), regression()
    options = {"epochs": 6, "batch_size": 50, "validation_data": (X, Y)}
    expected = plain.fit(X, Y, **options)
    inside = []

    def work(*_):
        begin = time.monotonic()
        while time.monotonic() - begin < 0.02:
            pass
        inside.append(time.monotonic() - begin)

    begin = time.monotonic()
    history = watched.fit(X, Y, **options, callbacks=[Checkpoint(tmp_path / "net"), work])
    elapsed = time.monotonic() - begin
    assert watched == plain
    assert history.loss.tobytes() == expected.loss.tobytes()
    assert history.time.sum() + sum(inside) <= elapsed  # both are parts of it, however long they take


@pytest.mark.parametrize(
    "callbacks",
    [Checkpoint, [Checkpoint], Checkpoint("net"), [3], "all", {"a": 1}],
    ids=["class", "classes", "one", *"abc"],
)
def test_what_is_no_list_of_callbacks_is_refused(callbacks):
    with pytest.raises(TypeError, match=r"^callbacks: expected "):
        regression().fit(X, Y, epochs=1, callbacks=callbacks)
    with pytest.raises(
        TypeError, match=r"^callback: expected a function, got Checkpoint; callbacks=\[...\] takes objects"
    ):
        regression().fit(X, Y, epochs=1, callback=Checkpoint("net"))


def test_training_stops_at_a_figure_or_after_a_time():
    net = classifier()
    history = net.fit(X, CLASSES, epochs=500, learning_rate=0.5, callbacks=[StopAt(accuracy=0.7, loss=0.0)])
    assert history["accuracy"][-1] >= 0.7
    assert (history["accuracy"][:-1] < 0.7).all()
    history = regression().fit(X, Y, epochs=500, callbacks=[StopAt(validation_loss=1e9)], validation_data=(X, Y))
    assert len(history) == 1
    assert len(regression().fit(X, Y, epochs=500, callbacks=[StopAt(seconds=0)])) == 1
    assert len(regression().fit(X, Y, epochs=3, callbacks=[StopAt(seconds=1e9)])) == 3
    with pytest.raises(ValueError, match=r"^StopAt: expected one of the figures loss, .*, got 'f1'"):
        regression().fit(X, Y, epochs=3, callbacks=[StopAt(f1=1)])
    error = lambda y, prediction: np.abs(y - prediction).max()  # noqa: E731
    options = {"metrics": {"worst_error": error}, "callbacks": [StopAt(worst_error=1e-9)]}
    assert len(regression().fit(X, Y, epochs=3, **options)) == 3  # errors fall
    for arguments in ({"loss": np.nan}, {"seconds": np.nan}, {"seconds": -1}):
        with pytest.raises(ValueError, match=r"^(loss|seconds): expected a number"):
            StopAt(**arguments)
    with pytest.raises(ValueError, match=r"^StopAt: expected seconds, or"):
        StopAt()
    with pytest.raises(TypeError, match=r"^loss: expected a number"):
        StopAt(loss="low")


def test_a_csv_file_has_a_line_for_each_epoch(tmp_path):
    path = tmp_path / "log.csv"
    net, counts = classifier(), []
    options = {
        "validation_data": (X, CLASSES),
        "callbacks": [CSVLog(path), lambda *_: counts.append(path.read_text().count("\n"))],
    }
    history = net.fit(X, CLASSES, epochs=3, **options)
    assert counts == [2, 3, 4]  # each line is there at once
    rows = list(csv.DictReader(path.read_text().splitlines()))
    assert list(rows[0]) == ["epoch", *history]
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2]
    for name in history:
        assert [float(row[name]) for row in rows] == history[name].tolist()
    net.fit(X, CLASSES, epochs=2, callbacks=[CSVLog(path, append=True)], validation_data=(X, CLASSES))
    assert [row["epoch"] for row in csv.DictReader(path.read_text().splitlines())] == ["0", "1", "2", "3", "4"]
    before = path.read_text()
    with pytest.raises(
        ValueError, match=r"^path: expected a file with the columns epoch, loss, .*, got epoch, loss, .*val"
    ):
        net.fit(X, CLASSES, epochs=2, callbacks=[CSVLog(path, append=True)])
    with pytest.raises(ValueError, match=r"^x: "):
        net.fit(X[:, :2], CLASSES, epochs=2, callbacks=[CSVLog(path)])
    assert path.read_text() == before
    net.reset(0)
    net.fit(X, CLASSES, epochs=6)
    log = CSVLog(path)
    net.fit(X, CLASSES, epochs=1, metrics={"a, \u00fc": lambda *_: 1}, callbacks=[log])
    assert next(csv.reader(path.read_text(encoding="utf-8").splitlines()))[-1] == "a, \u00fc"
    pickle.dumps(log)
    net.reset(0)
    net.fit(X, CLASSES, epochs=5)
    net.fit(X, CLASSES, epochs=1, callbacks=[CSVLog(path)])
    assert [row["epoch"] for row in csv.DictReader(path.read_text().splitlines())] == ["5"]


def test_checkpoints_resume_to_the_same_bits(tmp_path):
    net, adam = regression(), Adam()
    options = {"epochs": 9, "batch_size": 64}
    net.fit(X, Y, optimizer=adam, callbacks=[Checkpoint(tmp_path / "{epoch}", every=2, keep=3)], **options)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3", "5", "7"]
    resumed, optimizer = Network.load_checkpoint(tmp_path / "5")
    assert resumed.epochs_trained == 6
    resumed.fit(X, Y, optimizer=optimizer, **options | {"epochs": 3})
    assert resumed == net


def test_the_best_and_those_of_a_time(tmp_path):
    net, best = regression(), Checkpoint(tmp_path / "best", best=True)
    rates = [1, 1, 1, 50, 50]
    history = net.fit(X, Y, epochs=5, schedule=lambda epoch: rates[epoch], validation_data=(X, Y), callbacks=[best])
    assert history.best_epoch < 4
    saved = Network.load(tmp_path / "best")
    assert saved.epochs_trained == history.best_epoch + 1
    assert saved.loss(X, Y) == history.validation_loss.min()
    net.fit(X, Y, epochs=3, learning_rate=1e-6, callbacks=[Checkpoint(tmp_path / "never", seconds=1e9)])
    net.fit(X, Y, epochs=3, learning_rate=1e-6, callbacks=[Checkpoint(tmp_path / "always-{epoch}", seconds=0)])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["always-10", "always-8", "always-9", "best"]


def test_a_checkpoint_that_cannot_be_written_ends_training(tmp_path):
    net = regression()
    with pytest.raises(FileNotFoundError):
        net.fit(X, Y, epochs=50, callbacks=[Checkpoint(tmp_path / "no folder" / "net")])
    assert net.epochs_trained <= 2
    for arguments in ({"every": 0}, {"keep": 0}, {"keep": 2}, {"every": 2, "seconds": 1}, {"seconds": -1}):
        with pytest.raises(ValueError, match=r"^(every|keep|seconds): (expected|give this or)"):
            Checkpoint("net", **arguments)
    for path, error in ((None, TypeError), (3, TypeError), ("a\0b", ValueError)):
        for callback in (Checkpoint, CSVLog):
            with pytest.raises(error, match=r"^path: expected"):
                callback(path)
    with pytest.raises(TypeError, match=r"^best: expected True or False"):
        Checkpoint("net", best="no")


def test_names_of_checkpoints_are_filled_in(tmp_path):
    pattern = tmp_path / "{epoch:03d}-{loss:.1e}.netlet"
    history = regression().fit(X, Y, epochs=2, callbacks=[Checkpoint(pattern)])
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [f"00{epoch}-{loss:.1e}.netlet" for epoch, loss in enumerate(history.loss)]
    with pytest.raises(ValueError, match=r"^path: expected only epoch, step, loss, .* in braces, got '.*val_loss"):
        regression().fit(X, Y, epochs=2, callbacks=[Checkpoint(tmp_path / "{val_loss}")])


def test_a_checkpoint_serves_one_training_at_a_time_and_survives_cleaners(tmp_path):
    saved = Checkpoint(tmp_path / "{epoch}", keep=1)

    def clean(*_):
        saved._writer.join()
        for path in list(tmp_path.iterdir()):
            path.unlink()

    for _ in range(2):
        regression().fit(X, Y, epochs=3, callbacks=[saved, clean])
    with pytest.raises(RuntimeError, match="one training at a time"):
        regression().fit(
            X, Y, epochs=2, callbacks=[saved, lambda *_: regression().fit(X, Y, epochs=1, callbacks=[saved])]
        )
    with pytest.raises(FileNotFoundError, match="no such folder"):
        regression().fit(X, Y, epochs=2, callbacks=[Checkpoint(tmp_path / "none" / "net", every=1000)])


def test_the_best_of_the_epochs_that_are_looked_at(tmp_path):
    net = regression()
    net.fit(
        X,
        Y,
        epochs=9,
        schedule=lambda epoch: 1 / (1 + epoch),
        callbacks=[Checkpoint(tmp_path / "net", every=4, best=True)],
    )
    assert Network.load(tmp_path / "net").epochs_trained == 8


def test_a_live_plot_has_all_curves_at_the_end():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    plot = LivePlot(seconds=0)
    history = regression().fit(X, Y, epochs=4, validation_data=(X, Y), callbacks=[plot])
    lines = plot._ax.lines
    np.testing.assert_array_equal(lines[0].get_ydata(), history.loss)
    np.testing.assert_array_equal(lines[1].get_ydata(), history.validation_loss)
    matplotlib.pyplot.close(plot._ax.figure)


@pytest.mark.parametrize(("name", "here"), [("on_epoch_end", "on_epoch"), ("on_train_batch_end", "on_step")])
def test_methods_of_other_libraries_are_refused_as_they_are_never_called(name, here):
    with pytest.raises(TypeError, match=rf"callbacks: .*Keras.*; {name} is never called: here it is {here}\("):
        regression().fit(X, Y, epochs=1, callbacks=[type("Keras", (Callback,), {name: print})()])
    with pytest.raises(TypeError, match=rf"callbacks: .*Keras.*; {name} is never called: here it is {here}\("):
        regression().fit(X, Y, epochs=1, callbacks=[type("Keras", (), {name: print})()])
    both = type("Both", (Callback,), {name: print, here: lambda *_: None})
    regression().fit(X, Y, epochs=1, callbacks=[both()])
