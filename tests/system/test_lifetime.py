# SPDX-License-Identifier: BSD-3-Clause
"""A process starts and ends cleanly while threads are at work."""

import textwrap

import pytest
from netlet import Network

from helpers.processes import output


@pytest.mark.parametrize("end", ["", "raise SystemExit(0)", "os._exit(0)"])
def test_a_process_that_used_threads_ends_cleanly(end):
    assert output(f"netlet.set_num_threads(8)\nwork()\n{end}") == ""


AT_WORK = pytest.mark.parametrize(
    "task",
    [
        "net.fit(x, y, epochs=10**9)",
        "net.fit(x, y, epochs=10**9, callback=lambda *_: None)",
        "net.fit(x, y, epochs=10**9, callback=lambda *_: time.sleep(0))",
        "[(net.forward(x), begun.set()) for _ in range(10**9)]",
    ],
)
START = """
    net, begun = Network([40, 64, 10], reduction="mean"), threading.Event()
    threading.Thread(target=lambda: {task}, daemon=True).start()
    while not (net.epochs_trained or begun.is_set()):
        time.sleep(0.001)
"""


@AT_WORK
def test_a_process_may_end_while_another_thread_is_at_work(task):
    assert output(START.format(task=task)) == ""


@pytest.mark.stress
@AT_WORK
def test_a_process_may_end_at_any_moment_of_another_thread_s_work(task):
    moment = "time.sleep(int.from_bytes(os.urandom(2), 'little') * 1e-6)"
    assert output(textwrap.dedent(START.format(task=task)) + moment) == ""


# Blocked is an array that is made when the interpreter has ended, and not before: its thread is at work until then. At
# its end the process lets the thread go on (it cannot wait for it: Python may end it, or may let it hang).
OUTLIVING = """
    import ctypes, itertools

    pipe, end_of_pipe = os.pipe()
    begun = threading.Event()

    class Blocked:
        def __init__(self, array):
            self.array = array

        def __array__(self, dtype=None, copy=None):
            begun.set()
            os.read(pipe, 1)
            return self.array

    c = ctypes.CDLL(None)
    c.__cxa_atexit(c.usleep, {microseconds}, None)
    c.__cxa_atexit(c.close, end_of_pipe, None)
    net = Network({sizes}, reduction="mean")
    threading.Thread(target=lambda: {task}, daemon=True).start()
    {wait}
"""


@pytest.mark.parametrize(
    "task",
    [
        "net.fit_batches(((Blocked(x), Blocked(y)) for _ in itertools.count()), epochs=1)",
        "net.evaluate_batches((Blocked(x), Blocked(y)) for _ in itertools.count())",
        "[net.forward(Blocked(x)) for _ in itertools.count()]",
    ],
)
def test_a_thread_whose_array_is_made_may_outlive_the_interpreter(task):
    code = OUTLIVING.format(task=task, sizes=[40, 64, 10], wait="begun.wait()", microseconds=100_000)
    assert output(code, NETLET_NUM_THREADS="1") == ""


def test_a_thread_that_trains_may_outlive_the_interpreter():
    """It looks for signals between steps, each of which takes longer than the interpreter's end."""
    task = "net.fit(np.ones((4000, 1000)), np.zeros((4000, 10)), epochs=10**9)"
    code = OUTLIVING.format(task=task, sizes=[1000, 200, 10], wait="wait_for_epoch(net)", microseconds=800_000)
    assert output(code, NETLET_NUM_THREADS="1") == ""


def test_the_first_calls_of_a_process_may_come_from_many_threads(tmp_path):
    path = tmp_path / "net"
    Network([4, 3, 2], seed=1).save(path)
    code = f"""
        import sys

        sys.setswitchinterval(1e-6)
        net, start = Network.load({str(path)!r}), threading.Barrier(8)

        def work():
            start.wait()
            net.forward(x[:, :4])

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    """
    assert output(code) == ""
