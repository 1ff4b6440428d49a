# SPDX-License-Identifier: BSD-3-Clause
"""Threads, signals, forks and the environment: nothing of it changes a result or leaves anything broken."""

import copy
import os
import pickle
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import netlet
import numpy as np
import pytest
from netlet import SGD, Adam, Network

TIMEOUT = 60  # seconds; only a deadlock takes so long
RNG = np.random.default_rng(3)
X, CLASSES = RNG.normal(size=(1500, 40)), RNG.integers(0, 10, 1500)
SMALL_X, SMALL_Y = X[:50, :4], X[:50, 4:6]


def wide_network():
    return Network([40, 64, 64, 10], activation="tanh", loss="cross_entropy", seed=1)


def small_network():
    return Network([4, 5, 2], seed=1)


@pytest.fixture
def set_num_threads():
    before = netlet.get_num_threads()
    yield netlet.set_num_threads
    netlet.set_num_threads(before)


# ---- many threads, one network ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [3, 1500])
def test_many_threads_may_read_one_network_at_once(rows, set_num_threads):
    set_num_threads(4)
    net, x, y = wide_network(), X[:rows], CLASSES[:rows]
    start = threading.Barrier(8)

    def read(_):
        start.wait(TIMEOUT)
        results = [(net.forward(x).tobytes(), net.loss(x, y), net.backward(x, y)[1].tobytes()) for _ in range(10)]
        return set(results)

    with ThreadPoolExecutor(8) as pool:
        results = set().union(*pool.map(read, range(8)))
    loss, gradient = net.backward(x, y)
    assert results == {(net.forward(x).tobytes(), loss, gradient.tobytes())}


def test_many_threads_may_train_networks_of_their_own(set_num_threads):
    set_num_threads(4)

    def train(_):
        net = wide_network()
        net.fit(X, CLASSES, epochs=2, batch_size=500, learning_rate=1e-3)
        return net.fingerprint()

    with ThreadPoolExecutor(8) as pool:
        fingerprints = set(pool.map(train, range(8)))
    assert fingerprints == {train(None)}


@contextmanager
def training(net, callback, epochs=10**9, optimizer=None, x=SMALL_X, y=SMALL_Y, **options):
    """`fit` runs in another thread, and has come to its first callback; its result or error comes at the end."""
    begun, end = threading.Event(), threading.Event()

    def after_epoch(_epoch, _history):
        begun.set()
        callback(end)
        return end.is_set()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(
            net.fit, x, y, epochs=epochs, optimizer=optimizer or SGD(1e-4), callback=after_epoch, **options
        )
        try:
            assert begun.wait(TIMEOUT)
            yield
        finally:
            end.set()
        future.result(TIMEOUT)


def held(end):
    assert end.wait(TIMEOUT)


def not_held(_end):
    pass


READS = {
    "forward": lambda net, x, y: net.forward(x),
    "loss": lambda net, x, y: net.loss(x, y),
    "backward": lambda net, x, y: net.backward(x, y),
}
WRITES = {
    "step": lambda net, x, y: net.step(x, y, SGD()),
    "fit": lambda net, x, y: net.fit(x, y, epochs=1),
}


@pytest.mark.parametrize("call", READS.values(), ids=READS)
def test_while_a_callback_runs_other_threads_may_read(call):
    net, alone = small_network(), small_network()
    alone.fit(SMALL_X, SMALL_Y, epochs=1, optimizer=SGD(1e-4))
    with training(net, held):
        result = call(net, SMALL_X, SMALL_Y)
    np.testing.assert_equal(result, call(alone, SMALL_X, SMALL_Y))


@pytest.mark.parametrize("call", WRITES.values(), ids=WRITES)
def test_while_a_callback_runs_other_threads_may_not_train(call):
    net, alone = small_network(), small_network()
    with training(net, held):
        with pytest.raises(RuntimeError, match="another call is using this network"):
            call(net, SMALL_X, SMALL_Y)
        assert net.epochs_trained == 1
    alone.fit(SMALL_X, SMALL_Y, epochs=1, optimizer=SGD(1e-4))
    assert net == alone
    call(net, SMALL_X, SMALL_Y)


@pytest.mark.parametrize("call", {**READS, **WRITES}.values(), ids={**READS, **WRITES})
def test_while_an_epoch_runs_other_threads_get_an_error(call):
    net = wide_network()
    refused = pytest.raises(RuntimeError, match="another call is using this network")
    with training(net, not_held, x=X, y=CLASSES, batch_size=10), refused:
        for _ in range(100_000):  # reading is allowed in the moments of the callbacks
            call(net, X[:2], CLASSES[:2])
    call(net, X[:2], CLASSES[:2])


@pytest.mark.parametrize("call", WRITES.values(), ids=WRITES)
def test_training_from_within_a_callback_is_refused_and_training_goes_on(call):
    net, alone, refusals = small_network(), small_network(), []

    def nested(epoch, _history):
        with pytest.raises(RuntimeError, match="another call is using this network") as caught:
            call(net, SMALL_X, SMALL_Y)
        refusals.append(caught.value)

    losses = net.fit(SMALL_X, SMALL_Y, epochs=4, batch_size=20, callback=nested).loss
    assert losses.tolist() == alone.fit(SMALL_X, SMALL_Y, epochs=4, batch_size=20).loss.tolist()
    assert net == alone
    assert len(refusals) == 4


def test_another_network_may_be_trained_from_within_a_callback():
    net, other, alone = small_network(), small_network(), small_network()
    net.fit(SMALL_X, SMALL_Y, epochs=4, callback=lambda *_: other.fit(SMALL_X, SMALL_Y, epochs=1) and None)
    alone.fit(SMALL_X, SMALL_Y, epochs=4)
    assert net == alone
    assert other == alone


@pytest.mark.filterwarnings("ignore:optimizer. its state comes from another network")
@pytest.mark.parametrize("new_optimizer", [SGD, Adam])
def test_one_optimizer_serves_one_call_at_a_time(new_optimizer):
    net, other, optimizer = small_network(), small_network(), new_optimizer()
    with training(net, held, optimizer=optimizer):
        with pytest.raises(RuntimeError, match="another call is using this optimizer"):
            other.fit(SMALL_X, SMALL_Y, epochs=1, optimizer=optimizer)
        with pytest.raises(RuntimeError, match="another call is using this optimizer"):
            other.step(SMALL_X, SMALL_Y, optimizer)
        assert optimizer.steps == 1
    assert other == small_network()
    assert other.epochs_trained == 0
    other.step(SMALL_X, SMALL_Y, optimizer)
    assert optimizer.steps == 2


# ---- the number of threads -------------------------------------------------------------------------------------------


def everything(rows, batch_size):
    net, x, y = wide_network(), X[:rows], CLASSES[:rows]
    loss, gradient = net.backward(x, y)
    outputs = net.forward(x)
    history = net.fit(x, y, epochs=2, batch_size=batch_size, optimizer=Adam())
    return [np.asarray(a).tobytes() for a in (loss, gradient, outputs, history.loss, net.parameters)]


@pytest.mark.parametrize("rows", [256, 1000, 1024, 1025, 1500])  # 1, 4, 4, 5, 6 blocks of 256
@pytest.mark.parametrize("batch_size", [None, 300])
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


# ---- processes -------------------------------------------------------------------------------------------------------

TRAIN = """
    import os, signal, threading, time
    import numpy as np
    import netlet
    from netlet import Network

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(1500, 40)), rng.random((1500, 10))

    def work():
        net = Network([40, 64, 64, 10], reduction="mean", seed=1)
        net.forward(x)
        net.fit(x, y, epochs=3, batch_size=700)
        return net.fingerprint()

    def send_once_training(net, number):
        def wait_and_send():
            while not net.epochs_trained:
                time.sleep(0.01)
            os.kill(os.getpid(), number)

        threading.Thread(target=wait_and_send, daemon=True).start()
"""


def run(code, **environment):
    """Run Python code in a process of its own."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("NETLET_")}
    return subprocess.run(
        # from Python 3.12 on a fork beside threads is warned of; that it works is what is tested
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(TRAIN) + textwrap.dedent(code)],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def output(code, **environment):
    result = run(code, **environment)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.strip()


@pytest.mark.parametrize("options", ["", ", batch_size=10", ", callback=lambda *_: None"], ids=str)
@pytest.mark.parametrize("threads", ["1", "4"])
@pytest.mark.parametrize("sizes", [[4, 3, 2], [40, 64, 10]], ids=str)
def test_ctrl_c_ends_training_with_a_network_that_can_train_on(sizes, threads, options):
    code = f"""
        net = Network({sizes}, reduction="mean", seed=1)
        x, y = x[:, :{sizes[0]}], y[:, :{sizes[-1]}]
        try:
            send_once_training(net, signal.SIGINT)
            net.fit(x, y, epochs=10**9{options})
        except KeyboardInterrupt as error:
            history = error.history
            print("interrupted")
        assert len(history) == len(history.time) == len(history.learning_rate) == net.epochs_trained
        if not {"batch_size" in options}:  # an epoch is a step: none was cut short
            same = Network({sizes}, reduction="mean", seed=1)
            same.fit(x, y, epochs=net.epochs_trained)
            assert same == net
        assert np.isfinite(net.parameters).all()
        epochs, before = net.epochs_trained, net.loss(x, y)
        history = net.fit(x, y, epochs=3)
        assert epochs > 0
        assert history.loss[0] == before
        assert net.epochs_trained == epochs + 3
    """
    assert output(code, NETLET_NUM_THREADS=threads) == "interrupted"


def test_ctrl_c_at_any_moment_leaves_a_whole_history():
    code = """
        def handler(number, frame):
            raise KeyboardInterrupt

        signal.signal(signal.SIGALRM, handler)
        seen = 0
        for i in range(60):
            net = Network([2, 3, 1], seed=1)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.005 + i * 1e-5)
                net.fit(x[:, :2], y[:, :1], epochs=10**9, callback=lambda *_: None)
            except KeyboardInterrupt as error:
                history = getattr(error, "history", None)  # None: before the training began
            if history is not None:
                assert len(history) == len(history.time) == len(history.learning_rate) == net.epochs_trained, i
                seen += 1
        print("whole" if seen else "never in training")
    """
    assert output(code) == "whole"


def test_ctrl_c_reaches_the_main_thread_while_another_one_trains():
    code = """
        net, end = Network([4, 3, 2], seed=1), threading.Event()
        trainer = threading.Thread(
            target=net.fit, args=(x[:, :4], y[:, :2]), kwargs={"epochs": 10**9, "callback": lambda *_: end.is_set()}
        )
        trainer.start()
        try:
            send_once_training(net, signal.SIGINT)
            end.wait()
        except KeyboardInterrupt:
            end.set()
        trainer.join()
        print("valid" if np.isfinite(net.parameters).all() else "broken")
    """
    assert output(code) == "valid"


def test_a_handler_of_a_signal_may_raise_what_it_likes():
    code = """
        def handler(number, frame):
            raise LookupError("from the handler")

        signal.signal(signal.SIGUSR1, handler)
        net = Network([40, 64, 10], reduction="mean")
        try:
            send_once_training(net, signal.SIGUSR1)
            net.fit(x, y, epochs=10**9)
        except LookupError as error:
            print(error)
    """
    assert output(code) == "from the handler"


def test_a_forked_child_has_threads_and_bits_of_its_own():
    code = """
        import multiprocessing

        if __name__ == "__main__":
            expected = work()
            with multiprocessing.get_context("fork").Pool(3) as pool:
                results = [pool.apply_async(work) for _ in range(6)]
                assert {result.get(30) for result in results} == {expected}
            assert work() == expected
            print("same")
    """
    assert output(code, NETLET_NUM_THREADS="4") == "same"


def test_a_child_of_a_forked_child_works_too():
    code = """
        expected = work()
        for _ in range(3):
            child = os.fork()
            if child:
                os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            if work() != expected:
                os._exit(1)
    """
    assert output(code, NETLET_NUM_THREADS="4") == ""


def test_a_fork_from_within_a_callback_works():
    code = """
        def fork(epoch, history):
            child = os.fork()
            if not child:
                os._exit(0 if work() == expected else 1)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

        expected = work()
        Network([40, 64, 10], seed=1).fit(x, y, epochs=3, learning_rate=1e-4, callback=fork)
    """
    assert output(code, NETLET_NUM_THREADS="4") == ""


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


@pytest.mark.parametrize("dtype", ["float16", "longdouble", ">f8"])
def test_a_signal_while_an_array_is_converted_raises(dtype):
    code = f"""
        def handler(number, frame):
            raise KeyboardInterrupt

        signal.signal(signal.SIGALRM, handler)
        net, rows = Network([4, 2, 1], seed=0), np.ones((500_000, 4), {dtype!r})
        begin = time.perf_counter()
        rows.astype(float)
        seconds, caught = time.perf_counter() - begin, 0
        for i in range(40):
            try:
                signal.setitimer(signal.ITIMER_REAL, seconds * (i + 1) / 40)
                net.forward(rows)
                time.sleep(seconds + 0.1)
            except KeyboardInterrupt:
                caught += 1
        print(caught, np.geterr()["over"])
    """
    assert output(code) == "40 warn"


# ---- readers beside a training ---------------------------------------------------------------------------------------


def test_readers_that_never_pause_do_not_hold_up_a_training():
    net, x = Network([40, 64, 10], seed=1), X
    over = threading.Event()

    def read():
        while not over.is_set():
            with suppress(RuntimeError):
                net.forward(x)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(100):
            with suppress(RuntimeError):  # a reader was there first
                net.fit(x, np.zeros((1500, 10)), epochs=3, learning_rate=1e-6, callback=lambda *_: None)
                break
    finally:
        over.set()
        for reader in readers:
            reader.join(TIMEOUT)
    assert not any(reader.is_alive() for reader in readers)


@pytest.mark.parametrize("duplicate", [copy.copy, pickle.dumps], ids=["copy", "pickle"])
def test_a_copy_beside_a_training_is_refused_or_whole(duplicate):
    net, adam, over = Network([40, 64, 10], seed=1), Adam(1e-4), threading.Event()
    epochs = set()
    fitting = {
        "epochs": 10**9,
        "optimizer": adam,
        "callback": lambda *_: epochs.add(net.fingerprint()) or over.is_set(),
    }
    trainer = threading.Thread(target=net.fit, args=(X, np.zeros((1500, 10))), kwargs=fitting)
    trainer.start()
    while not epochs:  # a copy before the first epoch could make fit refuse to begin
        assert trainer.is_alive()
    copies = []
    while len(epochs) < 30 and trainer.is_alive() and len(copies) < 5000:
        for thing in (net, adam):
            with suppress(RuntimeError):
                copies.append(duplicate(thing))
    over.set()
    trainer.join(TIMEOUT)
    copies = [pickle.loads(c) if isinstance(c, bytes) else c for c in copies]
    fingerprints = {c.fingerprint() for c in copies if isinstance(c, Network)}
    assert fingerprints <= epochs | {Network([40, 64, 10], seed=1).fingerprint()}


def test_a_child_forgets_what_other_threads_of_its_parent_held():
    code = """
        net = Network([40, 64, 10], reduction="mean", seed=1)
        threading.Thread(target=lambda: net.fit(x, y, epochs=10**9), daemon=True).start()
        time.sleep(0.3)
        child = os.fork()
        if child == 0:
            net.forward(x)
            net.fit(x, y, epochs=1)
            os._exit(7)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    """
    assert output(code, PYTHONWARNINGS="ignore").strip() == "7"


def test_a_child_made_in_a_callback_may_read_the_network_and_goes_on_training():
    code = """
        net, child = Network([40, 64, 10], reduction="mean", seed=1), []
        def fork(epoch, history):
            if epoch == 1:
                child.append(os.fork())
                net.forward(x)
        net.fit(x, y, epochs=4, callback=fork)
        if child[0] == 0:
            os._exit(0 if net.epochs_trained == 4 else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child[0], 0)[1]))
    """
    assert output(code, PYTHONWARNINGS="ignore").strip() == "0"


@pytest.mark.parametrize("read", [copy.copy, lambda o: o._get_state(), lambda o: o.state])
def test_an_optimizer_may_be_read_while_it_takes_its_first_step(read):
    """Each read is whole or refused."""
    net, current, done = Network([40, 64, 10], seed=1), [Adam(1e-9)], threading.Event()

    def step():
        for _ in range(300):
            current[0] = optimizer = Adam(1e-9)
            net.step(X[:100], np.zeros((100, 10)), optimizer)
        done.set()

    thread = threading.Thread(target=step)
    thread.start()
    try:
        while not done.is_set():
            with suppress(RuntimeError):
                read(current[0])
    finally:
        thread.join(TIMEOUT)
    assert done.is_set()


def test_scaling_and_copies_are_read_whole_beside_a_thread_that_learns():
    net, data, done = Network([3000, 1], seed=0), np.random.default_rng(0).normal(size=(5, 3000)), threading.Event()

    def learn():
        for _ in range(300):
            with suppress(RuntimeError):
                net.learn_scaling(data)
        done.set()

    thread = threading.Thread(target=learn)
    thread.start()
    try:
        while not done.is_set():
            with suppress(RuntimeError):
                scaling = net.input_scaling
                assert scaling is None or (scaling[1] > 0).all()
                assert copy.copy(net).layer_sizes == (3000, 1)
    finally:
        thread.join(TIMEOUT)
    assert done.is_set()


def test_a_child_made_in_a_callback_goes_on_training():
    code = """
        net = Network([40, 64, 10], reduction="mean", seed=1)
        child = []
        def callback(epoch, history):
            if epoch == 1:
                child.append(os.fork())
        net.fit(x, y, epochs=4, callback=callback)
        if child[0] == 0:
            os._exit(0 if net.epochs_trained == 4 else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child[0], 0)[1]))
    """
    assert output(code, PYTHONWARNINGS="ignore").strip() == "0"


@pytest.mark.parametrize("optimizer", ["SGD(0.01, momentum=0.9, nesterov=True)", "Adam()"])
@pytest.mark.parametrize("threads", ["1", "3"])
@pytest.mark.parametrize("isa", netlet.available_isas())
def test_another_process_with_other_threads_goes_on_from_a_pickle(optimizer, threads, isa, tmp_path):
    """Minibatches in shuffled order; the first process has one setting, the second another."""
    train = textwrap.dedent(f"""
        import pickle
        from netlet import SGD, Adam
        path = {str(tmp_path / "net.pickle")!r}
        def train(net, optimizer, epochs):
            return net.fit(x, y, epochs=epochs, batch_size=600, optimizer=optimizer).loss.tolist()
        def start():
            return Network([40, 64, 10], reduction="mean", dtype="float32", seed=1), {optimizer}
        def dump(*both):
            with open(path, "wb") as file:
                pickle.dump(both, file)
        def load():
            with open(path, "rb") as file:
                return pickle.load(file)
    """)
    whole = output(train + "net, optimizer = start(); print(train(net, optimizer, 7), net.fingerprint())")
    first = train + "both = start(); losses = train(*both, 3); dump(*both); print(losses)"
    second = train + "net, optimizer = load(); print(train(net, optimizer, 4), net.fingerprint())"
    losses = output(first, NETLET_NUM_THREADS="2")
    rest = output(second, NETLET_NUM_THREADS=threads, NETLET_ISA=isa)
    assert losses[:-1] + ", " + rest[1:] == whole


# ---- the environment -------------------------------------------------------------------------------------------------

REPORT = "print(netlet.isa(), netlet.get_num_threads(), work())"


@pytest.mark.parametrize("isa", netlet.available_isas())
@pytest.mark.parametrize("threads", ["1", "5"])
def test_the_environment_sets_instruction_set_and_threads_and_changes_no_bit(isa, threads):
    used, count, fingerprint = output(REPORT, NETLET_ISA=isa, NETLET_NUM_THREADS=threads).split()
    assert (used, count) == (isa, threads)
    assert fingerprint == output(REPORT).split()[2]


def test_by_default_the_best_instruction_set_and_the_cpus_of_the_affinity_mask_are_used():
    used, count, _ = output("os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])\n" + REPORT).split()
    assert (used, count) == (netlet.available_isas()[0], "1")


def test_empty_variables_are_as_good_as_none():
    assert output(REPORT, NETLET_ISA="", NETLET_NUM_THREADS="") == output(REPORT)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *(("NETLET_NUM_THREADS", value) for value in ("0", "-1", "1025", "two", "2.5", "2 threads", "9" * 30)),
        *(("NETLET_ISA", value) for value in ("avx1024", "AVX2", "none", "x" * 1000)),
    ],
)
def test_a_variable_that_cannot_be_followed_stops_the_import(variable, value):
    result = run("", **{variable: value})
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: {variable}: ")
    assert value[:40] in last
    if variable == "NETLET_ISA":
        assert ", ".join(netlet.available_isas()) in last
