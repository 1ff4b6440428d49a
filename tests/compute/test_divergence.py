# SPDX-License-Identifier: BSD-3-Clause
"""Training that diverges or fails keeps the last good state."""

import netlet
import numpy as np
import pytest
from netlet import SGD, Adam, DivergenceError, Network, RMSprop

from helpers import training
from helpers.bad_input import NAN, X, Y, every, refused, state

GROWING = {
    "SGD": lambda: SGD(1e200),
    "momentum": lambda: SGD(1e100, momentum=0.5),
    "Adam": lambda: Adam(1e200),
}


@pytest.mark.parametrize("activation", ["identity", "relu"])
@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("earlier", [0, 3])
@every(GROWING)
def test_divergence_keeps_the_last_good_epoch(call, earlier, batch_size, activation):
    def calm():
        net, optimizer = Network([4, 5, 3], activation=activation, seed=2), call()
        rate, optimizer.learning_rate = optimizer.learning_rate, 1e-3
        for _ in range(earlier):
            net.fit(X, Y, epochs=1, batch_size=batch_size, optimizer=optimizer)
        optimizer.learning_rate = rate
        return net, optimizer

    net, optimizer = calm()
    finished = []
    with pytest.raises(DivergenceError, match=r"diverged.* in epoch ") as caught:
        net.fit(
            X,
            Y,
            epochs=100,
            batch_size=batch_size,
            optimizer=optimizer,
            callback=lambda epoch, _: finished.append(epoch),
        )
    good = earlier + len(finished)
    assert f"in epoch {good};" in str(caught.value)
    assert np.isfinite(net.parameters).all()
    expected, expected_optimizer = calm()
    if finished:
        expected.fit(X, Y, epochs=len(finished), batch_size=batch_size, optimizer=expected_optimizer)
    assert state(net, optimizer) == state(expected, expected_optimizer)


def test_divergence_is_an_arithmetic_error():
    assert issubclass(DivergenceError, ArithmeticError)


@pytest.mark.parametrize("new_optimizer", [SGD, lambda: SGD(momentum=0.9), Adam], ids=["SGD", "momentum", "Adam"])
def test_a_step_whose_loss_is_not_finite_changes_nothing(new_optimizer):
    net, optimizer = Network([1, 1], activation="identity", init=[1e200, 0.0]), new_optimizer()
    with refused(DivergenceError, "^step: the loss is inf; nothing was changed", net, optimizer):
        net.step([[1e200]], [0.0], optimizer)


def test_parameters_that_are_not_finite_are_not_trained(net):
    net.parameters[7] = NAN
    with refused(ValueError, "^parameters: expected finite", net):
        net.fit(X, Y, epochs=1)


@pytest.mark.parametrize("fails", [{"schedule": lambda epoch: -1.0}, {"learning_rate": 1e308}])
def test_a_fit_that_fails_in_its_first_epoch_leaves_nothing_behind(fails):
    net, optimizer = training.regression(), Adam(fails.pop("learning_rate", 0.1))
    before = net.fingerprint()
    with pytest.raises((ValueError, ArithmeticError)):
        net.fit(
            1e3 * training.X, training.Y, epochs=3, batch_size=30, standardize="inputs", optimizer=optimizer, **fails
        )
    assert net.fingerprint() == before
    assert (optimizer.state, optimizer.steps) == ({}, 0)
    other = Network([2, 1], seed=0)
    other.step([[1.0, 2.0]], [0.5], optimizer)


def test_divergence_keeps_the_last_good_epoch_with_all_options_on():
    net = Network([5, 8, 2], activation=["relu", "identity"], dropout=0.1, seed=1)
    optimizer, good = RMSprop(1.0, momentum=0.9, l2=0.1), {}

    def remember(epoch, history):
        good[epoch] = net.parameters.copy()

    rates = {0: 1.0, 1: 1.0}
    with pytest.raises(DivergenceError, match="epoch 2") as caught:
        net.fit(
            training.X,
            training.Y,
            epochs=10,
            optimizer=optimizer,
            batch_size=50,
            schedule=lambda epoch: rates.get(epoch, 1e300),
            validation_data=(training.X, training.Y),
            patience=5,
            callback=remember,
        )
    assert len(caught.value.history) == len(good) == net.epochs_trained == 2
    assert net.parameters.tobytes() == good[1].tobytes()


def test_an_error_that_ends_training_brings_the_history_so_far():
    net = Network([1, 1], activation="identity", init=[1.0, 0.0])
    with pytest.raises(netlet.DivergenceError) as caught:
        net.fit([[1.0]], [0.0], epochs=5000, learning_rate=3.0)
    assert len(caught.value.history) == net.epochs_trained > 0


@pytest.mark.parametrize("hidden", [3, 40], ids=["small", "large"])
def test_parameters_that_a_failing_callback_ruined_are_those_of_the_last_good_epoch(hidden):
    net = Network([2, hidden, 1], seed=0)
    x, y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([1.0, 0.0])

    def ruin(epoch, history):
        if epoch < 2:
            return False
        net.parameters[0] = np.nan
        raise KeyError("on purpose")

    same = Network([2, hidden, 1], seed=0)
    same.fit(x, y, epochs=3)
    with pytest.raises(KeyError):
        net.fit(x, y, epochs=5, callback=ruin)
    assert net.parameters.tobytes() == same.parameters.tobytes()
