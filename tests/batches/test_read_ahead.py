# SPDX-License-Identifier: BSD-3-Clause
"""The thread that reads: its errors come out of the call, it ends with the pass, and it holds few rows."""

import gc
import os
import pickle
import signal
import threading
import warnings
import weakref

import numpy as np
import pytest
from netlet import Batches, _blocks

from helpers.processes import output
from helpers.tables import reading_threads
from helpers.training import X, Y, regression


@pytest.fixture(autouse=True)
def none_is_left():
    assert not reading_threads()
    yield
    assert not reading_threads()


@pytest.fixture
def small_blocks(monkeypatch):
    """So that a few rows are many blocks."""
    monkeypatch.setattr(_blocks, "_BYTES", 1)


def endless():
    while True:
        yield X, Y


def test_it_reads_on_a_thread_of_its_own_unless_told_otherwise():
    seen = []

    def parts():
        seen.append(threading.current_thread())
        yield X, Y

    for ahead in (True, False):
        regression().fit_batches(Batches(parts, batch_size=50, read_ahead=ahead), epochs=1)
    assert seen[0].name == "netlet.Batches"
    assert seen[1] is threading.main_thread()


@pytest.mark.parametrize("ahead", [True, False])
def test_what_the_source_raises_comes_out_with_its_traceback(small_blocks, ahead):
    def parts():
        yield X, Y
        raise KeyError("no more")

    batches = Batches(parts, batch_size=100, read_ahead=ahead)
    net = regression()
    for call in (net.evaluate, net.learn_scaling, net.predict, lambda batches: net.fit_batches(batches, epochs=1)):
        with pytest.raises(KeyError, match="no more") as raised:
            call(batches)
        assert any(entry.name == "parts" for entry in raised.traceback)
    assert net.epochs_trained == 0
    assert not np.array_equal(net.parameters, regression().parameters)  # the steps before it are kept


def test_a_pass_that_is_left_ends_the_thread_and_closes_the_source(small_blocks):
    closed = []

    def parts():
        try:
            yield from endless()
        finally:
            closed.append(threading.current_thread().name)

    batches = Batches(parts, batch_size=10)
    one = iter(batches)
    next(one)
    assert len(reading_threads()) == 1
    one.close()
    assert closed == ["netlet.Batches"]
    for x, _ in batches:
        assert len(x) == 10
        break
    gc.collect()
    assert len(closed) == 2
    iter(batches)  # a pass that never began
    assert len(closed) == 2
    predictions = regression().predict_batches(batches)
    next(predictions)
    predictions.close()
    assert len(closed) == 3


def test_what_ends_a_call_ends_the_thread(small_blocks):
    batches = Batches(endless, batch_size=10)
    net = regression()

    class StoppedError(Exception):
        pass

    class Stop:
        def on_step(self, step, history, network):
            raise StoppedError

    with pytest.raises(StoppedError) as raised:
        net.fit_batches(batches, epochs=1, callbacks=[Stop()])
    assert not reading_threads()  # although the exception still holds all frames
    assert raised.value
    bad = Batches([(X, Y), (np.full_like(X, np.nan), Y)] * 100, batch_size=300)
    for call in (net.learn_scaling, lambda batches: net.fit_batches(batches, epochs=1)):
        with pytest.raises(ValueError, match=r"^batch 1: x: expected finite numbers") as raised:
            call(bad)
        assert not reading_threads()
    with pytest.raises(ValueError, match=r"^validation_data: batch 0: x: "):
        net.fit(X, Y, epochs=1, validation_data=Batches(lambda: ((x[:, :2], y) for x, y in endless()), batch_size=3))


def test_an_iterator_of_the_caller_s_goes_on():
    parts = endless()
    net = regression()

    class Stop:
        def on_step(self, step, history, network):
            return True

    net.fit_batches(parts, epochs=1, callbacks=[Stop()])
    assert next(parts)[0] is X


@pytest.mark.parametrize("where", ["in the source", "in the call"])
def test_ctrl_c_ends_the_call_and_the_thread(small_blocks, where):
    def parts():
        for number, part in enumerate(endless()):
            if where == "in the source" and number == 3:
                os.kill(os.getpid(), signal.SIGINT)  # which Python's main thread hears of
            yield part

    class Interrupt:
        def on_step(self, step, history, network):
            if where == "in the call" and step == 3:
                os.kill(os.getpid(), signal.SIGINT)

    net = regression()
    with pytest.raises(KeyboardInterrupt) as raised:
        net.fit_batches(Batches(parts, batch_size=100), epochs=1, callbacks=[Interrupt()])
    assert not reading_threads()
    assert net.epochs_trained == 0
    assert raised.value.history is not None
    net.fit(X, Y, epochs=1)  # nothing is locked


@pytest.mark.parametrize("fails", [False, True])
def test_a_pass_that_is_left_ends_within_a_block(fails):
    """Of a slow source, a block may take long."""
    stopped, made = threading.Event(), []

    def parts():
        try:
            for part in endless():
                if len(made) == 3:
                    stopped.set()
                made.append(part)
                yield *part, None
        finally:
            if fails:
                raise KeyError("at its end")

    pieces = _blocks.unless(stopped, parts())
    passed = _blocks.read_ahead(_blocks.blocks(pieces, 10**6, None, None, None), 2, stopped)
    with pytest.raises(_blocks._LeftError if not fails else KeyError):
        next(passed)
    assert len(made) == 4


def test_an_error_when_the_source_is_closed_comes_out(small_blocks):
    def parts():
        try:
            yield from endless()
        finally:
            raise KeyError("at its end")

    one = iter(Batches(parts, batch_size=10))
    next(one)
    with pytest.raises(KeyError, match="at its end"):
        one.close()


def test_few_rows_are_held(small_blocks):
    """Beside the block at hand two more, or one window, each of one batch here."""
    made, most = [], []

    class Part(np.ndarray):
        pass

    real = _blocks.Collected.block

    def block(self, order):
        x, y, weight = real(self, order)
        x = x.view(Part)
        made.append(weakref.ref(x))
        most.append(sum(one() is not None for one in made))
        return x, y, weight

    parts = [(X[:100], Y[:100])] * 40
    for window in (None, 100):
        most.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(_blocks.Collected, "block", block)
            batches = Batches(parts, batch_size=100, shuffle_window=window)
            net = regression()
            net.fit_batches(batches, epochs=2)
            assert max(most) <= (3 if window is None else 2)
            net.evaluate(batches)
            list(net.predict_batches(batches))
        assert len(most) == 160
        assert max(most) <= 3


def test_passes_at_the_same_time_do_not_mix():
    batches = Batches.from_arrays(X, Y, batch_size=7)
    found = [np.concatenate(part) for part in zip(*[(a[0], b[0]) for a, b in zip(batches, batches)])]
    np.testing.assert_array_equal(found[0], X)
    np.testing.assert_array_equal(found[1], X)


def test_settings_of_the_caller_s_context_hold_on_the_thread():
    def parts():
        yield X, Y + 0 * np.log(np.zeros(1))

    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        list(Batches(parts, batch_size=10))


def test_a_fork_begins_new_passes_and_refuses_those_of_its_parent(small_blocks):
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    batches = Batches(endless, batch_size=10)
    one = iter(batches)
    next(one)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there are threads
        child = os.fork()
    if child == 0:
        status = 1
        try:
            next(one)
        except RuntimeError as error:
            status = 0 if "begin a new pass" in str(error) and len(next(iter(batches))[0]) == 10 else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    next(one)
    one.close()


def test_a_program_ends_with_a_pass_that_it_left():
    code = """
        from netlet import Batches

        one = iter(Batches(lambda: iter(lambda: (x, x[:, 0]), None), batch_size=3))
        next(one)
        print("end")
    """
    assert output(code) == "end"


def test_it_can_be_pickled():
    batches = Batches.from_arrays(X, Y, batch_size=64, shuffle_window=100)
    batches.read(3, 5)
    other = pickle.loads(pickle.dumps(batches))
    assert repr(other) == repr(batches) == "<Batches of Arrays: 300 rows, batch_size=64, shuffle_window=100>"
    np.testing.assert_array_equal(np.concatenate([x for x, _ in other]), X)
