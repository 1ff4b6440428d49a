# SPDX-License-Identifier: BSD-3-Clause
"""The number of threads changes no bit."""

import sys
from concurrent.futures import ThreadPoolExecutor

import netlet
import numpy as np
import pytest
from netlet import Adam, _core

from helpers.processes import output
from helpers.sharing import CLASSES, X, wide_network


def everything(rows, batch_size):
    net, x, y = wide_network(), X[:rows], CLASSES[:rows]
    loss, gradient = net.backward(x, y)
    outputs = net.forward(x)
    history = net.fit(x, y, epochs=2, batch_size=batch_size, optimizer=Adam())
    return [np.asarray(a).tobytes() for a in (loss, gradient, outputs, history.loss, net.parameters)]


@pytest.mark.parametrize("rows", [256, 1000, 1024, 1025, 1500])  # 1, 4, 4, 5, 6 blocks of 256
@pytest.mark.parametrize("batch_size", [None, 500])
def test_the_number_of_threads_changes_no_bit(rows, batch_size, set_num_threads):
    set_num_threads(1)
    expected = everything(rows, batch_size)
    for count in (2, 3, 5, 8):
        set_num_threads(count)
        assert everything(rows, batch_size) == expected, f"{count} threads"


def test_the_number_of_threads_may_change_during_training(set_num_threads):
    nets = wide_network(), wide_network()
    nets[0].fit(X, CLASSES, epochs=4, learning_rate=1e-3)
    nets[1].fit(X, CLASSES, epochs=4, learning_rate=1e-3, callback=lambda epoch, _: set_num_threads(3 - epoch % 3))
    assert nets[0] == nets[1]


@pytest.mark.parametrize("count", [1, 7, 1024])
def test_the_number_of_threads_is_what_was_set(count, set_num_threads):
    set_num_threads(count)
    assert netlet.get_num_threads() == count


@pytest.mark.parametrize(
    ("count", "error"),
    [(0, ValueError), (-1, ValueError), (1025, ValueError), (2.5, TypeError), ("2", TypeError), (None, TypeError)],
)
def test_a_bad_number_of_threads_is_refused(count, error, set_num_threads):
    set_num_threads(3)
    with pytest.raises(error, match="count"):
        set_num_threads(count)
    assert netlet.get_num_threads() == 3


def limit():
    """That of this thread; 0: none."""
    now = _core.limit_threads(0)
    _core.limit_threads(now)
    return now


def test_a_limit_ends_with_its_block_and_never_raises_an_outer_one(set_num_threads):
    set_num_threads(3)
    with netlet.thread_limit(2):
        with netlet.thread_limit(1):
            assert limit() == 1
            with netlet.thread_limit(7):
                assert limit() == 1
        assert limit() == 2
    with pytest.raises(KeyError), netlet.thread_limit(1):
        raise KeyError
    assert (limit(), netlet.get_num_threads()) == (0, 3)


def test_a_limit_is_that_of_one_thread():
    with netlet.thread_limit(1), ThreadPoolExecutor(1) as pool:
        assert pool.submit(limit).result() == 0
        pool.submit(_core.limit_threads, 5).result()
        assert limit() == 1
    assert limit() == 0


def test_a_decorated_function_is_limited_at_each_call():
    limited = netlet.thread_limit(2)(limit)
    assert (limited(), limit(), limited()) == (2, 0, 2)


@pytest.mark.parametrize(
    ("count", "error"), [(0, ValueError), (-1, ValueError), (2**80, ValueError), (1.0, TypeError), (None, TypeError)]
)
def test_a_bad_limit_is_refused(count, error):
    with pytest.raises(error, match=r"^count: expected 1 or more threads, got "), netlet.thread_limit(count):
        pass
    assert limit() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads as Linux tells them")
def test_calls_of_a_limited_thread_start_no_others():
    code = """
        netlet.set_num_threads(4)
        begin = len(os.listdir("/proc/self/task"))
        fingerprints = []
        for count in (1, 2, 4):
            with netlet.thread_limit(count):
                fingerprints.append(work())
                Network([40, 64, 64, 10], seed=1).jacobian(x)
                netlet.functional.sigmoid(np.zeros(10**6))
            print(len(os.listdir("/proc/self/task")) - begin)
        assert len(set(fingerprints)) == 1
    """
    assert output(code).split() == ["0", "1", "3"]


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads as Linux tells them")
def test_small_steps_stay_on_the_calling_thread():
    """100 hidden units on scikit-learn's digits."""
    code = """
        netlet.set_num_threads(2)
        begin = len(os.listdir("/proc/self/task"))
        x, y = rng.normal(size=(1200, 64)), rng.integers(0, 10, 1200)
        for batch_size in (32, 200):
            Network([64, 100, 10], loss="cross_entropy", seed=0).fit(x, y, epochs=1, batch_size=batch_size)
            print(len(os.listdir("/proc/self/task")) - begin)
    """
    assert output(code).split() == ["0", "1"]
