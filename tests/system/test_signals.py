# SPDX-License-Identifier: BSD-3-Clause
"""Signals end a call with an exception and leave everything consistent."""

import pytest

from helpers.processes import output


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


def test_ctrl_c_in_a_callback_leaves_a_whole_history():
    code = """
        for last in range(20):
            net = Network([2, 3, 1], seed=1)
            try:
                callback = lambda epoch, _: signal.raise_signal(signal.SIGINT) if epoch == last else None
                net.fit(x[:, :2], y[:, :1], epochs=10**9, callback=callback)
            except KeyboardInterrupt as error:
                history = error.history
            assert len(history) == len(history.time) == len(history.learning_rate) == net.epochs_trained == last + 1
        print("whole")
    """
    assert output(code) == "whole"


@pytest.mark.stress
def test_ctrl_c_at_any_moment_leaves_a_whole_history():
    code = """
        def handler(number, frame):
            raise KeyboardInterrupt

        signal.signal(signal.SIGALRM, handler)
        for i in range(60):
            net = Network([2, 3, 1], seed=1)
            try:
                signal.setitimer(signal.ITIMER_REAL, 0.005 + i * 1e-5)
                net.fit(x[:, :2], y[:, :1], epochs=10**9, callback=lambda *_: None)
            except KeyboardInterrupt as error:
                history = getattr(error, "history", None)  # None: before the training began
            if history is not None:
                assert len(history) == len(history.time) == len(history.learning_rate) == net.epochs_trained, i
        print("whole")
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


@pytest.mark.parametrize("dtype", ["float16", "longdouble", ">f8"])
def test_signals_while_an_array_is_converted_raise(dtype):
    """They come again and again until enough calls were hit; a call takes many times as long as the next one does."""
    code = f"""
        def handler(number, frame):
            global armed
            if armed:
                armed = False
                raise KeyboardInterrupt

        armed, caught = False, 0
        net, rows = Network([4, 2, 1], seed=0), np.ones((200_000, 4), {dtype!r})
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, 0.0003, 0.0003)
        while caught < 20:
            try:
                armed = True
                net.forward(rows)
                armed = False
            except KeyboardInterrupt:
                caught += 1
        signal.setitimer(signal.ITIMER_REAL, 0)
        print(caught, np.geterr()["over"])
    """
    assert output(code) == "20 warn"
