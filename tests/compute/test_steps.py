# SPDX-License-Identifier: BSD-3-Clause
"""Callbacks after a number of steps."""

import numpy as np
import pytest
from netlet import SGD, Adam, Network, set_num_threads
from netlet.callbacks import Callback, Checkpoint, StopAt

from helpers import xor
from helpers.bad_input import state
from helpers.every import every_optimizer
from helpers.training import X, Y, regression


def slices(step=64):
    for first in range(0, len(X), step):
        yield X[first : first + step], Y[first : first + step]


TRAININGS = {
    "fit": lambda net, **options: net.fit(X, Y, batch_size=64, shuffle=False, **options),
    "fit_batches": lambda net, **options: net.fit_batches(slices, **options),
}


class Steps(Callback):
    def __init__(self, every=1, do=lambda *_: None):
        self.every_steps, self.do, self.seen = every, do, []

    def on_step(self, step, history, network):
        self.seen.append((step, len(history), network.epochs_trained))
        return self.do(step, history, network)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("train", TRAININGS.values(), ids=TRAININGS)
def test_they_are_called_at_multiples_of_the_optimizer_s_steps(train, threads):
    """Of which an epoch has 5; and the callbacks change nothing."""
    watched, plain = regression(), regression()
    two, three, adam = Steps(2), Steps(3), Adam()
    set_num_threads(threads)
    try:
        for epochs in (1, 2):
            train(watched, epochs=epochs, optimizer=adam, callbacks=[two, three])
    finally:
        set_num_threads(1)
    train(plain, epochs=3, optimizer=Adam())
    assert watched == plain
    assert two.seen == [(2, 0, 0), (4, 0, 0), (6, 0, 1), (8, 0, 1), (10, 0, 1), (12, 1, 2), (14, 1, 2)]
    assert [step for step, *_ in three.seen] == [3, 6, 9, 12, 15]


def test_the_network_is_what_it_is_after_that_step():
    """Also a tiny one, whose parameters lie elsewhere meanwhile."""
    for sizes, x, y in (([2, 3, 1], xor.X, xor.Y), ([5, 40, 2], X, Y)):
        net, twin, seen = Network(sizes, seed=0), Network(sizes, seed=0), []

        def keep(*_, net=net, seen=seen):
            seen.append(net.parameters.copy())

        net.fit(x, y, epochs=4, callbacks=[Steps(1, keep)])
        sgd = SGD(0.1)
        for parameters in seen:
            twin.step(x, y, sgd)
            np.testing.assert_array_equal(parameters, twin.parameters)
        assert len(seen) == 4


@every_optimizer
@pytest.mark.parametrize("hidden", [3, 40])
def test_they_may_write_to_the_parameters(new_optimizer, hidden):
    inside, outside = (Network([2, hidden, 1], seed=0) for _ in range(2))
    optimizer = new_optimizer()

    def shrink(*_):
        inside.parameters[:] *= 0.75

    inside.fit(xor.X, xor.Y, epochs=4, optimizer=optimizer, callbacks=[Steps(2, shrink)])
    optimizer = new_optimizer()
    for _ in range(2):
        outside.fit(xor.X, xor.Y, epochs=2, optimizer=optimizer)
        outside.parameters[:] *= 0.75
    assert inside == outside


@pytest.mark.parametrize("train", TRAININGS.values(), ids=TRAININGS)
def test_a_true_answer_ends_training_and_an_epoch_that_was_begun_does_not_count(train):
    net, by_hand = regression(), regression()
    ends, adam, other = Steps(7, lambda *_: True), Adam(), Adam()
    history = train(net, epochs=5, optimizer=adam, callbacks=[ends])
    for batch in [*slices(), *list(slices())[:2]]:
        by_hand.step(*batch, other)
    assert (len(history), net.epochs_trained, adam.steps) == (1, 1, 7)
    by_hand.fit(X, Y, epochs=1, learning_rate=1e-300)  # to count an epoch
    assert state(by_hand, other) == state(net, adam)


@pytest.mark.parametrize("train", TRAININGS.values(), ids=TRAININGS)
def test_after_the_last_step_of_an_epoch_it_counts(train):
    net, plain = regression(), regression()
    epochs = []
    history = train(net, epochs=5, callbacks=[Steps(10, lambda *_: True), lambda epoch, _: epochs.append(epoch)])
    train(plain, epochs=2)
    assert net == plain
    assert (len(history), net.epochs_trained, epochs) == (2, 2, [0, 1])


@pytest.mark.parametrize("train", TRAININGS.values(), ids=TRAININGS)
def test_what_it_raises_comes_out_with_the_complete_epochs_and_the_steps_stay(train):
    def fail(step, *_):
        raise LookupError(step)

    net, by_hand, adam, other = regression(), regression(), Adam(), Adam()
    with pytest.raises(LookupError, match="6") as caught:
        train(net, epochs=3, optimizer=adam, callbacks=[Steps(6, fail)])
    for batch in [*slices(), next(slices())]:
        by_hand.step(*batch, other)
    assert len(caught.value.history) == net.epochs_trained == 1
    np.testing.assert_array_equal(net.parameters, by_hand.parameters)
    train(net, epochs=1, optimizer=adam)


def test_the_best_parameters_are_restored_as_at_any_end():
    options = {"batch_size": 64, "patience": 50, "validation_data": (X, Y), "learning_rate": 0.05}
    net, other = regression(), regression()
    history = net.fit(X, Y, epochs=9, callbacks=[Steps(13, lambda *_: True)], **options)
    other.fit(X, Y, epochs=2, **options)
    assert len(history) == 2
    assert history.best_epoch == 1
    np.testing.assert_array_equal(net.parameters, other.parameters)


def test_an_object_needs_no_base_and_no_on_epoch():
    class Bare:
        def __init__(self):
            self.steps = []

        def on_step(self, step, history, network):
            self.steps.append(step)

    bare = Bare()
    regression().fit(X, Y, epochs=3, callbacks=[bare])
    assert bare.steps == [1, 2, 3]
    bare.every_steps = None
    regression().fit(X, Y, epochs=3, callbacks=[bare])
    assert bare.steps == [1, 2, 3]
    for bad, error in ((0, ValueError), (1.5, TypeError), (True, TypeError)):
        bare.every_steps = bad
        with pytest.raises(error, match=r"^every_steps: expected a positive integer or None"):
            regression().fit(X, Y, epochs=3, callbacks=[bare])


def test_a_callback_that_does_nothing_after_steps_is_not_called():
    """So that several tiny epochs still run in one call."""
    from netlet import _training

    assert (
        _training.steps([Callback(), Checkpoint("x"), StopAt(loss=1), lambda *_: None], None, None)["on_step"] is None
    )
    assert _training.steps([Steps(4), Steps(6)], None, None)["step_interval"] == 2


def test_a_checkpoint_within_an_epoch_begins_that_epoch_again(tmp_path):
    net, adam = regression(), Adam()
    saved = Checkpoint(tmp_path / "{epoch}-{step:02d}", every_steps=4, keep=3)
    net.fit(X, Y, epochs=3, batch_size=64, optimizer=adam, callbacks=[saved])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0-04", "1-08", "2-12"]
    resumed, optimizer = Network.load_checkpoint(tmp_path / "1-08")
    assert (resumed.epochs_trained, optimizer.steps) == (1, 8)
    twin, other = regression(), Adam()
    twin.fit(X, Y, epochs=3, batch_size=64, optimizer=other, callbacks=[Steps(8, lambda *_: True)])
    assert resumed == twin
    for network, state_of in ((resumed, optimizer), (twin, other)):
        network.fit(X, Y, epochs=2, batch_size=64, optimizer=state_of)
    assert resumed == twin
    assert resumed.epochs_trained == 3


def test_with_seconds_a_checkpoint_looks_at_the_clock_after_steps_too(tmp_path, monkeypatch):
    from netlet import callbacks

    clock = iter(range(0, 1000, 10))
    monkeypatch.setattr(callbacks.time, "monotonic", lambda: float(next(clock)))
    saved = Checkpoint(tmp_path / "{step}", seconds=25, every_steps=2)
    regression().fit(X, Y, epochs=2, batch_size=64, callbacks=[saved])
    # looked at after steps 2, 4, 5 (an epoch), 6, 8, 10, 10: every third time
    assert sorted(int(path.name) for path in tmp_path.iterdir()) == [5, 10]


def test_a_time_may_end_training_within_an_epoch():
    net = regression()
    history = net.fit(X, Y, epochs=9, batch_size=64, callbacks=[StopAt(seconds=0, every_steps=3)])
    assert (len(history), net.epochs_trained) == (0, 0)
    assert net != regression()
    assert len(net.fit(X, Y, epochs=2, batch_size=64, callbacks=[StopAt(seconds=1e9, every_steps=1)])) == 2
    with pytest.raises(ValueError, match=r"^every_steps: give this beside seconds alone"):
        StopAt(loss=0.5, every_steps=3)


def test_the_learning_rate_may_be_set_for_the_steps_that_follow():
    """Also a tiny network's."""
    for sizes, x, y in (([2, 3, 1], xor.X, xor.Y), ([5, 40, 2], X, Y)):
        net, by_hand, adam, other = Network(sizes, seed=0), Network(sizes, seed=0), Adam(0.1), Adam(0.1)

        def lower(*_, adam=adam):
            adam.learning_rate /= 2

        net.fit(x, y, epochs=3, optimizer=adam, callbacks=[Steps(1, lower)])
        for _ in range(3):
            by_hand.step(x, y, other)
            other.learning_rate /= 2
        np.testing.assert_array_equal(net.parameters, by_hand.parameters)


def test_what_does_not_go_together_is_refused():
    for options, match in (
        ({"every": 2, "every_steps": 3}, r"^every: give this or every_steps, not both"),
        ({"best": True, "every_steps": 3}, r"^best: expected False with every_steps"),
        ({"every_steps": 0}, r"^every_steps: expected a positive integer or None"),
        ({"keep": 2, "every_steps": 3}, r"^keep: expected {epoch} or {step} in path"),
    ):
        with pytest.raises(ValueError, match=match):
            Checkpoint("net", **options)
