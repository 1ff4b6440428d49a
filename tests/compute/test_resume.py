# SPDX-License-Identifier: BSD-3-Clause
"""Training that is stopped and goes on with ``resume=True`` gives the bits of training that is not."""

import numpy as np
import pytest
from netlet import SGD, Adam, Network, callbacks, reference, schedules

from helpers.bad_input import refused
from helpers.training import X, Y

SCHEDULES = {
    "step": schedules.StepDecay(0.5, period=3),
    "exponential": schedules.ExponentialDecay(0.8),
    "cosine": schedules.CosineDecay(12, floor=0.01),
    "plateau": schedules.ReduceOnPlateau(0.5, patience=1, min_delta=0.01),
    "function": lambda epoch: 1 / (1 + epoch),
}
every_schedule = pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)


def network():
    return Network([5, 8, 2], activation=["tanh", "identity"], reduction="mean", dropout=0.2, seed=1)


def batches():
    for first in range(0, 300, 60):
        yield X[first : first + 60], Y[first : first + 60]


def trained(net, optimizer, epochs, schedule, in_batches=False, **options):
    options = {"epochs": epochs, "optimizer": optimizer, "schedule": schedule, **options}
    return net.fit_batches(batches, **options) if in_batches else net.fit(X, Y, batch_size=64, **options)


@every_schedule
@pytest.mark.parametrize("in_batches", [False, True])
def test_n_epochs_and_then_m_are_n_plus_m(schedule, in_batches):
    whole, adam = network(), Adam(0.02)
    rates = trained(whole, adam, 12, schedule, in_batches).learning_rate
    net, optimizer = network(), Adam(0.02)
    parts = [trained(net, optimizer, n, schedule, in_batches, resume=n < 5).learning_rate for n in (5, 3, 4)]
    assert net == whole
    assert np.concatenate(parts).tolist() == rates.tolist()
    assert len(set(rates)) > 3  # the schedule did something


@every_schedule
def test_without_resume_a_call_is_like_one_on_a_copy_that_was_never_scheduled(schedule):
    net, optimizer, other, other_s = network(), SGD(0.02), network(), SGD(0.02)
    trained(net, optimizer, 5, schedule)
    other.parameters[:], other_s = net.parameters, SGD(0.02)
    other._set_epochs_trained(5)
    assert trained(net, optimizer, 7, schedule).learning_rate.tolist() == (
        trained(other, other_s, 7, schedule).learning_rate.tolist()
    )
    assert net == other


@every_schedule
@pytest.mark.parametrize("resume", [False, True])
def test_the_reference_does_the_same(schedule, resume):
    net, plain, steps = network(), network(), SGD(0.02)
    plain = reference.Network(
        [5, 8, 2], activation=["tanh", "identity"], reduction="mean", dropout=0.2, seed=1, init=net.parameters
    )
    plain_steps = reference.optimizers.SGD(0.02)
    for epochs in (3, 4):
        ours = trained(net, steps, epochs, schedule, resume=resume)
        theirs = plain.fit(X, Y, batch_size=64, epochs=epochs, optimizer=plain_steps, schedule=schedule, resume=resume)
        assert ours.learning_rate.tolist() == theirs["learning_rate"]
    assert net.fingerprint() == plain.fingerprint()


@every_schedule
def test_training_goes_on_from_the_last_checkpoint_of_one_that_was_interrupted(schedule, tmp_path):
    def interrupt(epoch, history):
        if epoch == 8:
            raise KeyboardInterrupt

    whole, adam = network(), Adam(0.02)
    trained(whole, adam, 12, schedule)
    path = tmp_path / "last.netlet"
    with pytest.raises(KeyboardInterrupt):
        trained(network(), Adam(0.02), 12, schedule, callbacks=[callbacks.Checkpoint(path, every=3), interrupt])
    net, optimizer = Network.load_checkpoint(path)
    assert net.epochs_trained == 9
    trained(net, optimizer, 12 - net.epochs_trained, schedule, resume=True)
    assert net == whole
    assert optimizer.steps == adam.steps
    assert net.to_bytes(optimizer=optimizer) == whole.to_bytes(optimizer=adam)  # with moments


@every_schedule
def test_training_goes_on_after_it_was_stopped(schedule):
    whole, adam = network(), Adam(0.02)
    losses = trained(whole, adam, 12, schedule).loss
    net, optimizer = network(), Adam(0.02)
    first = trained(net, optimizer, 12, schedule, callbacks=[callbacks.StopAt(loss=losses[4])])
    assert 0 < len(first) <= 5
    trained(net, optimizer, 12 - net.epochs_trained, schedule, resume=True)
    assert net.to_bytes(optimizer=optimizer) == whole.to_bytes(optimizer=adam)


@pytest.mark.parametrize("in_batches", [False, True])
def test_a_function_is_asked_for_the_epochs_of_the_call_or_of_the_networks_life(in_batches):
    asked, net = [], network()
    for resume in (False, False, True):
        trained(net, SGD(0.01), 2, lambda epoch: asked.append(epoch) or 1.0, in_batches, resume=resume)
    assert asked == [0, 1, 0, 1, 4, 5]


def test_the_order_of_the_rows_and_callbacks_go_by_the_networks_life():
    epochs, net, other = [], network(), network()
    trained(net, SGD(0.02), 3, None)
    trained(net, SGD(0.02), 2, schedules.StepDecay(0.5, 100), callback=lambda epoch, history: epochs.append(epoch))
    trained(other, SGD(0.02), 5, None)
    assert epochs == [3, 4]
    assert net == other


def test_a_call_that_did_nothing_leaves_what_a_plateau_saw():
    net, optimizer = network(), SGD(0.02)
    trained(net, optimizer, 6, SCHEDULES["plateau"])
    before = optimizer._get_state()[0]
    assert before != SGD(0.02)._get_state()[0]

    def interrupt():
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt):
        net.fit_batches(interrupt, epochs=2, optimizer=optimizer, schedule=SCHEDULES["plateau"])
    assert optimizer._get_state()[0] == before


@pytest.mark.parametrize("in_batches", [False, True])
def test_what_keeps_a_state_must_be_there_to_resume(net, in_batches):
    with refused(ValueError, "^optimizer: expected the one that was used so far beside resume=True", net):
        net.fit([[0, 1, 2, 3]], [[0, 0, 1]], epochs=1, optimizer="adam", resume=True)
    with refused(ValueError, "^optimizer: expected the one that was used so far, which keeps what Red", net):
        net.fit([[0, 1, 2, 3]], [[0, 0, 1]], epochs=1, schedule=SCHEDULES["plateau"], resume=True)
    with refused(TypeError, "^resume: expected True or False, got 'yes'", net):
        net.fit([[0, 1, 2, 3]], [[0, 0, 1]], epochs=1, resume="yes")
