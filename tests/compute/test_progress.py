# SPDX-License-Identifier: BSD-3-Clause
"""What progress=True shows, where, and how often."""

import io
import os
import re
import sys
import types

import numpy as np
import pytest
from netlet import Batches, History, Network, _core, _progress, set_num_threads

from helpers.training import CLASSES, X, Y, classifier, regression


class Stream(io.StringIO):
    def __init__(self, terminal=False):
        super().__init__()
        self.isatty = lambda: terminal


@pytest.fixture
def stderr(monkeypatch):
    """What is written, in place of standard error; a terminal if it is called."""

    def open_one(terminal=False):
        monkeypatch.setattr(sys, "stderr", Stream(terminal))
        return sys.stderr

    return open_one


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on only when it is told to."""

    class Clock:
        now = 0.0

        def monotonic(self):
            return self.now

    one = Clock()
    monkeypatch.setattr(_progress, "time", one)
    return one


def tell(monkeypatch, **given):
    """The display believes that training is there."""
    place = {"stage": 2, "epoch": 0, "rows": 0, "total": 0, "loss": float("nan"), **given}
    monkeypatch.setattr(_core, "fit_progress", lambda: tuple(place.values()))


def test_it_changes_nothing_and_the_last_line_says_what_came_out(stderr):
    quiet, loud = classifier(), classifier()
    quiet.fit(X, CLASSES, epochs=30, validation_data=(X, CLASSES))
    stderr()
    history = loud.fit(X, CLASSES, epochs=30, validation_data=(X, CLASSES), metrics=["accuracy"], progress=True)
    assert loud == quiet
    figures = ", ".join(
        f"{name.replace('_', ' ')} {history[name][-1]:.4g}"
        for name in ("loss", "accuracy", "validation_loss", "validation_accuracy")
    )
    assert sys.stderr.getvalue().splitlines()[-1] == f"epoch 30/30, 0:00, {figures}"


def test_nothing_is_shown_unless_it_is_asked_for(stderr):
    stream = stderr()
    regression().fit(X, Y, epochs=2)
    assert stream.getvalue() == ""


def test_without_a_terminal_there_is_a_line_a_second_at_most(stderr, clock, monkeypatch):
    stream = stderr()
    history = regression().fit(X, Y, epochs=2, validation_data=(X, Y))
    with _progress.Display(4, history, "mean") as look:
        tell(monkeypatch, rows=1200, total=3000, loss=0.123456)
        for tenth in range(1, 25):
            clock.now = tenth / 10
            look()
    last = f"loss {history.loss[-1]:.4g}, validation loss {history.validation_loss[-1]:.4g}"
    assert stream.getvalue().splitlines() == [
        f"epoch 3/4 (40 %), 0:01 left, {last}, now 0.1235",
        f"epoch 3/4 (40 %), 0:01 left, {last}, now 0.1235",
        f"epoch 2/4, 0:02, {last}",
    ]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"stage": 0, "rows": 50, "total": 200}, "checking the data: 25 %"),
        ({"stage": 1, "rows": 1234567}, "standardizing: 1,234,567 rows"),
        ({"rows": 12000, "loss": 1e-7}, "epoch 1/2 (12,000 rows), 1:01:01, now 1e-07 a row"),
        ({"rows": 10, "total": 40, "loss": 2.0}, "epoch 1/2 (25 %), 7:07:07 left, now 2 a row"),
        ({"stage": 3, "rows": 10, "total": 40}, "epoch 1/2 (validating 25 %), 1:01:01 left"),
        ({}, "epoch 1/2, 1:01:01"),
    ],
)
def test_what_a_line_says(given, text, stderr, clock, monkeypatch):
    stream = stderr()
    display = _progress.Display(2, History(), "sum")
    tell(monkeypatch, **given)
    clock.now = 3661.0
    display.look()
    assert stream.getvalue() == text + "\n"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"stage": 1, "rows": 3000}, "standardizing: 75 %"),  # of two passes
        ({"rows": 500, "loss": 2.0}, "epoch 1/2 (25 %), 7:07:07 left, now 2"),
        ({"rows": 9000}, "epoch 1/2 (100 %), 1:01:01 left"),  # the source has grown
        ({"stage": 3, "rows": 30}, "epoch 1/2 (validating 30 %), 1:01:01 left"),
        ({"rows": 1000, "total": 4000}, "epoch 1/2 (25 %), 7:07:07 left"),  # as the last epoch had
    ],
)
def test_what_a_line_says_if_the_source_knows_its_rows(stderr, clock, monkeypatch, given, text):
    stream = stderr()
    with _progress.Display(2, History(), "mean", {"training": 2000, "validation": 100}) as look:
        tell(monkeypatch, **given)
        clock.now = 3661.0
        look()
        clock.now += 1
        look("counting classes", 600)
    assert stream.getvalue().splitlines()[:2] == [text, "counting classes: 30 %"]


def test_the_display_hears_how_many_rows_a_source_has(stderr, monkeypatch):
    stderr()
    heard, real = [], _progress.Display

    def display(*arguments):
        heard.append(arguments[3])
        return real(*arguments)

    monkeypatch.setattr(_progress, "Display", display)
    own = Batches.from_arrays(X, Y, batch_size=30)
    held_out = Batches.from_arrays(X[:70], Y[:70], batch_size=30)
    regression().fit_batches(own, epochs=1, validation_data=held_out, progress=True)
    regression().fit(X, Y, epochs=1, validation_data=held_out, progress=True)
    regression().fit_batches([(X, Y)], epochs=1, validation_data=(X, Y), progress=True)
    known = [(rows.get("training", 0), rows["validation"]) for rows in heard]
    assert known == [(300, 70), (0, 70), (0, 0)]


def test_the_stages_of_a_training_from_batches_have_their_rows(stderr, monkeypatch):
    """What the core counts in the passes for the scaling are the rows of both."""
    stderr()
    seen, real = {}, _core.fit_progress

    def fit_progress():
        found = real()
        stage, _, rows, *_ = found
        seen[stage] = max(seen.get(stage, 0), rows)
        return found

    monkeypatch.setattr(_core, "fit_progress", fit_progress)
    monkeypatch.setattr(_progress._Lines, "seconds", 0.0)
    batches = Batches.from_arrays(X, Y, batch_size=30)
    regression().fit_batches(batches, epochs=1, standardize=True, validation_data=batches, progress=True)
    assert seen[1] == 600
    assert seen[2] == 300


def test_in_a_terminal_a_line_overwrites_itself_if_there_is_no_tqdm(stderr, clock, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    stream = stderr(terminal=True)
    monkeypatch.setattr(_progress.shutil, "get_terminal_size", lambda: types.SimpleNamespace(columns=30))
    with _progress.Display(3, History(), "mean") as look:
        for rows in (1000, 2):
            tell(monkeypatch, rows=rows)
            clock.now += 0.2
            look()
            look()  # not due
    first, second, last = stream.getvalue().split("\r")[1:]
    assert (first, second.rstrip(), last) == (
        "epoch 1/3 (1,000 rows), 0:00",
        "epoch 1/3 (2 rows), 0:00",
        "epoch 0/3, 0:00".ljust(24) + "\n",
    )
    assert len(second) == len(first) <= 29


def test_a_terminal_of_unknown_size_gets_a_line(monkeypatch):
    """tqdm shows nothing there."""
    screen, slave = os.openpty()
    with os.fdopen(slave, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        assert 0 in os.get_terminal_size(slave)
        regression().fit(X, Y, epochs=3, progress=True)
        assert b"epoch 3/3, 0:00, loss " in os.read(screen, 1000)
    os.close(screen)


def test_in_a_terminal_there_is_tqdm_s_bar(stderr):
    pytest.importorskip("tqdm")
    stream = stderr(terminal=True)
    history = regression().fit(X, Y, epochs=3, progress=True)
    last = stream.getvalue().split("\r")[-1]
    assert re.match(r"100%\|.*\| epoch 3/3, 0:00, loss ", last)
    assert f"loss {history.loss[-1]:.4g}" in last


def test_a_notebook_shows_text_that_ipython_replaces(stderr, monkeypatch):
    stream, shown = stderr(), []

    class Handle:
        def update(self, data, raw):
            assert raw
            shown.append(data)

    def display(data, raw, display_id):
        assert raw
        assert display_id
        shown.append(data)
        return Handle()

    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    for name in ("tqdm", "ipywidgets"):
        monkeypatch.setitem(sys.modules, name, None)
    regression().fit(X, Y, epochs=2, progress=True)
    assert len(shown) == 1
    assert re.fullmatch(r"epoch 2/2, 0:00, loss \S+", shown[0]["text/plain"])
    assert stream.getvalue() == ""


def test_ipython_in_a_terminal_is_a_terminal(stderr, monkeypatch):
    ipython = types.ModuleType("IPython")
    ipython.get_ipython = lambda: None
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    stream = stderr()
    regression().fit(X, Y, epochs=2, progress=True)
    assert stream.getvalue().startswith("epoch 2/2")


class Failing(Stream):
    """Raises when it is written to, after a number of times."""

    def __init__(self, error, terminal, left=0):
        super().__init__(terminal)
        self.error, self.left = error, left

    def write(self, text):
        self.left -= 1
        if self.left < 0:
            raise self.error
        return super().write(text)


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


STREAMS = {
    **{
        f"{type(error).__name__}, terminal {terminal}, after {left}": Failing(error, terminal, left)
        for error in (OSError("input/output error"), ValueError("I/O operation on closed file"))
        for terminal in (False, True)
        for left in (0, 1)
    },
    "closed": closed(),
    "no stream": None,
    "an object": object(),
    "without isatty": types.SimpleNamespace(write=lambda text: None, flush=lambda: None),
    "without flush": types.SimpleNamespace(write=lambda text: None, isatty=lambda: False),
    "a terminal that writes only": types.SimpleNamespace(write=lambda text: None, isatty=lambda: True),
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("tqdm", [True, False])
@pytest.mark.parametrize("stream", STREAMS.values(), ids=STREAMS)
def test_a_stream_that_is_gone_does_not_end_training(stream, tqdm, clock, monkeypatch):
    if tqdm:
        pytest.importorskip("tqdm")
    else:
        monkeypatch.setitem(sys.modules, "tqdm", None)

    class Later:
        def on_epoch(self, epoch, history, network):
            clock.now += 2.0  # a look is due

    monkeypatch.setattr(sys, "stderr", stream)
    history = regression().fit(X, Y, epochs=3, progress=True, callbacks=[Later()])
    monkeypatch.undo()
    assert len(history) == 3


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("gone", [lambda stream: stream.close(), lambda stream: setattr(sys, "stderr", None)])
def test_a_stream_that_goes_meanwhile_does_not_end_training(gone, terminal, stderr, capsys):
    stream = stderr(terminal)

    class Gone:
        def on_epoch(self, epoch, history, network):
            gone(stream)

    assert len(regression().fit(X, Y, epochs=3, progress=True, callbacks=[Gone()])) == 3
    assert capsys.readouterr().out == ""


class Places:
    """Keeps where training is, as often as the display is asked to look."""

    def __init__(self, monkeypatch):
        self.seen = set()
        monkeypatch.setattr(_progress.Display, "look", self.look)

    def look(self, doing="", rows=0):
        self.seen.add((doing, rows) if doing else _core.fit_progress())


def shares_of_passes(places, **options):
    """Of each stage, what shares of it were seen; in a training that takes so long that there are several."""
    rows = 1 << 17
    while True:
        places.seen.clear()
        x = np.lib.stride_tricks.as_strided(np.zeros((rows, 1), "float32"), (rows, 8), (4, 0))
        y = np.zeros((rows, 1), "float32")
        net = Network([8, 64, 1], dtype="float32", reduction="mean", seed=0)
        if "standardize" in options:
            options["validation_data"] = x, y
        net.fit(x, y, epochs=1, progress=True, **options)
        shares = [
            {place[2] / place[3] for place in places.seen if place[0] == stage and place[3]} for stage in range(4)
        ]
        wanted = shares if "standardize" in options else shares[2:3]
        if all(len({share for share in of_stage if 0 < share < 1}) > 1 for of_stage in wanted):
            return shares
        rows *= 2
        assert rows < 1 << 25


@pytest.mark.parametrize("threads", [1, 3])
def test_the_core_says_how_far_it_is_within_passes_and_within_a_step(threads, stderr, monkeypatch):
    stderr()
    set_num_threads(threads)
    try:
        shares = shares_of_passes(Places(monkeypatch), **({"standardize": True} if threads == 1 else {}))
    finally:
        set_num_threads(1)
    assert all(0 <= share <= 1 for of_stage in shares for share in of_stage)
    assert _core.fit_progress() is None


def test_the_loss_so_far_is_the_mean_of_the_rows(stderr, monkeypatch):
    stderr()
    places = Places(monkeypatch)
    shares_of_passes(places, batch_size=1000, shuffle=False)
    losses = {loss for stage, _, rows, _, loss in places.seen if stage == 2 and rows > 2000}
    assert 0 < min(losses) <= max(losses) < 1


def test_batches_are_looked_at_one_by_one_however_slow_they_are(stderr, monkeypatch):
    stderr()
    places = Places(monkeypatch)
    batches = [(X[i : i + 50], CLASSES[i : i + 50]) for i in range(0, 300, 50)]
    options = {"standardize": True, "class_weight": "balanced", "validation_data": batches}
    classifier().fit_batches(batches, epochs=2, progress=True, **options)
    assert {("counting classes", rows) for rows in range(50, 301, 50)} < places.seen
    assert {("adding up weights", rows) for rows in range(50, 301, 50)} < places.seen
    place = {
        (stage, epoch, rows, total)
        for stage, epoch, rows, total, _ in places.seen - {p for p in places.seen if len(p) == 2}
    }
    assert {(1, 0, rows, 0) for rows in range(50, 300, 50)} < place
    assert {(2, 0, rows, 0) for rows in range(50, 300, 50)} < place
    assert {(3, 0, rows, 0) for rows in range(50, 300, 50)} < place
    assert {(2, 1, rows, 300) for rows in range(50, 300, 50)} < place
    assert {(3, 1, rows, 300) for rows in range(50, 300, 50)} < place


def test_a_callback_may_ask_and_its_own_calls_are_not_counted():
    seen = []

    class Ask:
        every_steps = 2

        def on_step(self, step, history, network):
            network.evaluate(X, Y)
            seen.append(_core.fit_progress()[:4])
            other = regression()
            other.fit(X, Y, epochs=1, callbacks=[lambda *_: seen.append(_core.fit_progress()[:4])])
            seen.append(_core.fit_progress()[:4])

    regression().fit(X, Y, epochs=2, batch_size=100, callbacks=[Ask()])
    assert seen == [
        *[(2, 0, 200, 300), (2, 1, 300, 300), (2, 0, 200, 300)],
        *[(2, 1, 100, 300), (2, 1, 300, 300), (2, 1, 100, 300)],
        *[(2, 1, 300, 300), (2, 1, 300, 300), (2, 1, 300, 300)],
    ]
