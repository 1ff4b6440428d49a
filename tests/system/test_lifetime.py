# SPDX-License-Identifier: BSD-3-Clause
"""How a process may begin and end while threads are at work."""

import textwrap

import pytest
from netlet import Network

from helpers.processes import output


@pytest.mark.parametrize("end", ["", "raise SystemExit(0)", "os._exit(0)"])
def test_a_process_that_used_threads_ends_cleanly(end):
    assert output(f"netlet.set_num_threads(8)\nwork()\n{end}") == ""


@pytest.mark.parametrize(
    "task",
    [
        "net.fit(x, y, epochs=10**9)",
        "net.fit(x, y, epochs=10**9, callback=lambda *_: None)",
        "net.fit(x, y, epochs=10**9, callback=lambda *_: time.sleep(0.001))",
        "[net.forward(x) for _ in range(10**9)]",
    ],
)
def test_a_process_may_end_while_another_thread_is_at_work(task):
    code = f"""
        net = Network([40, 64, 10], reduction="mean")
        threading.Thread(target=lambda: {task}, daemon=True).start()
        time.sleep(0.3)
    """
    assert output(code) == ""


OUTLIVING = """
    import ctypes, itertools

    class Slow:
        def __init__(self, array):
            self.array = array

        def __array__(self, dtype=None, copy=None):
            time.sleep(0.05)
            return self.array

    c = ctypes.CDLL(None)
    c.__cxa_atexit(c.usleep, 900_000, None)  # the process ends so much later than the interpreter
    wide = rng.normal(size=(4000, 1000))
"""


@pytest.mark.parametrize(
    "task",
    [
        "Network([1000, 1000, 10]).fit(wide, np.zeros((4000, 10)), epochs=10**9)",  # no poll for some 0.2 s
        "net.fit_batches(((Slow(x), Slow(y)) for _ in itertools.count()), epochs=1)",
        "[net.forward(Slow(x)) for _ in itertools.count()]",
    ],
)
def test_a_thread_at_work_may_outlive_the_interpreter(task):
    code = f"""
        net = Network([40, 64, 10], reduction="mean")
        threading.Thread(target=lambda: {task}, daemon=True).start()
        time.sleep(0.32)
    """
    assert output(textwrap.dedent(OUTLIVING) + textwrap.dedent(code), NETLET_NUM_THREADS="1") == ""


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
    for _ in range(4):  # a deadlock is a matter of luck
        assert output(code) == ""
