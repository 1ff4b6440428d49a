# SPDX-License-Identifier: BSD-3-Clause
"""A signal whose handler raises ends whatever takes long, at once, and nothing has changed."""

import textwrap

from helpers import processes

# The handler raises only while the core is at work, and sys.setprofile sees whether that ended the core's call or came
# after it. None of these calls asks for what takes less than many times the 20 ms after which it looks for signals.
BEGIN = """
    import sys
    from netlet import Adam, functional

    seen = []

    def look(frame, event, argument):
        if event.startswith("c_") and argument.__name__ == core:
            seen.append(event)

    def interrupt():
        raise KeyboardInterrupt

    def handler(number, frame):
        if seen[-1:] == ["c_call"] and frame.f_code is not look.__code__:
            act()

    act = interrupt

    signal.signal(signal.SIGALRM, handler)

    def ends(function, call):
        attempt(function, call)
        while seen == ["c_call", "interrupted"]:  # between the two, before the core began
            attempt(function, call)
        if seen[-2:] != ["c_exception", "interrupted"]:
            print(function, seen)

    def attempt(function, call):
        global core
        core = function
        seen.clear()
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        sys.setprofile(look)
        try:
            call()
        except KeyboardInterrupt:
            seen.append("interrupted")
        finally:
            sys.setprofile(None)
            signal.setitimer(signal.ITIMER_REAL, 0)

    def column(rows, dtype="float32"):
        return np.broadcast_to(np.ones((), dtype), (rows, 1))

    net = Network([1, 50, 1], seed=0, dtype="float32", output_activation="identity")
    before = net.to_bytes()
    many, some = column(3 * 10**8), column(2 * 10**7)
"""


def output(code, **environment):
    return processes.output(textwrap.dedent(BEGIN) + textwrap.dedent(code), **environment)


def test_calls_on_many_rows_end():
    code = """
        adam = Adam()
        ends("_fit", lambda: net.fit(many, many, epochs=1, batch_size=100, optimizer=adam))
        ends("_fit", lambda: net.fit(some, some, epochs=1, optimizer=adam, standardize=True))
        ends("_learn_scaling", lambda: net.learn_scaling(many))
        ends("_learn_scaling", lambda: net.learn_scaling(y=many))
        ends("_evaluate", lambda: net.evaluate(many, many))
        ends("_learn_scaling_batches", lambda: net.learn_scaling_batches([(many, many)]))
        ends("_evaluate_batches", lambda: net.evaluate_batches([(many, many)]))
        ends("_loss", lambda: net.loss(many, many))
        ends("_backward", lambda: net.backward(some, some))
        ends("_step", lambda: net.step(some, some, adam))
        out = np.full((len(some), 1), 7, "float32")
        ends("_forward", lambda: net.forward(some, out=out))
        assert out[-1] == 7
        ends("_forward", lambda: net.forward(np.ones(some.shape, "float32"), out=out))
        assert out[-1] == 7
        ends("_jacobian", lambda: net.jacobian(some))
        ends("_input_gradient", lambda: net.input_gradient(some, some))
        ends("_row_gradients", lambda: net.row_gradients(some[: 10**6], some[: 10**6]))
        ends("apply", lambda: functional.gelu(np.zeros(10**8, "float32")))
        assert net.to_bytes() == before
        assert adam.steps == 0
        assert not adam.state
    """
    assert output(code, NETLET_NUM_THREADS="3") == ""


def test_conversions_of_other_dtypes_end():
    code = """
        for dtype in ("float16", "longdouble", ">f8", ">i8"):
            ends("_forward", lambda: net.forward(column(2 * 10**7, dtype)))
    """
    assert output(code) == ""


def test_files_and_fingerprints_of_large_networks_end(tmp_path):
    code = f"""
        import types
        from netlet._core import Checkpoint

        path, other = {str(tmp_path / "net")!r}, {str(tmp_path / "other")!r}
        for n in (1000, 2000, 4000):  # many times as long as it takes to look for signals, and no longer
            net, begin = Network([n, n, 1], seed=0, dtype="float32"), time.perf_counter()
            net.fingerprint()
            if time.perf_counter() - begin > 0.15:
                break
        net.save(path)
        data = net.to_bytes()
        ends("_fingerprint", net.fingerprint)
        ends("to_bytes", net.to_bytes)
        # as the call of a class is not seen
        load = types.MethodType(Checkpoint.__init__.__func__, Checkpoint.__new__(Checkpoint))
        ends("__init__", lambda: load(None, data))
        ends("save", lambda: net.save(other))
        ends("save", lambda: net.save(path))
        ends("__init__", lambda: load(os.fsencode(path), None))
        assert os.listdir(os.path.dirname(path)) == ["net"]
        with open(path, "rb") as file:
            assert file.read() == data
    """
    assert output(code) == ""


def test_other_threads_work_on():
    """Only the main thread handles signals."""
    code = """
        from concurrent.futures import ThreadPoolExecutor

        def call(rows):
            return net.loss(column(rows), column(rows))

        caught = []
        signal.signal(signal.SIGALRM, lambda *_: caught.append(1))
        expected = call(10**6)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(call, 10**6).result() == expected
        signal.setitimer(signal.ITIMER_REAL, 0)
        assert caught
    """
    assert output(code) == ""


def test_a_handler_may_fork():
    """The parent's call goes on; the child has not all threads that took part in it, and says so."""
    code = """
        children, forks = [], [1]

        def act():  # which the next signal may interrupt
            try:
                forks.pop()
            except IndexError:
                return
            children.append(os.fork())

        rows = column(2 * 10**7)  # many times the 20 ms
        expected = net.loss(rows, rows)
        core = "_loss"
        sys.setprofile(look)
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        try:
            result = net.loss(rows, rows)
        except RuntimeError as error:
            result = str(error)
        signal.setitimer(signal.ITIMER_REAL, 0)
        sys.setprofile(None)
        if children == [0]:
            os._exit(7 if result == "interrupted" and net.loss(rows, rows) == expected else 1)
        assert result == expected
        print(os.waitstatus_to_exitcode(os.waitpid(children[0], 0)[1]))
    """
    assert output(code, NETLET_NUM_THREADS="4") == "7"
