# SPDX-License-Identifier: BSD-3-Clause
"""Schedules of the learning rate."""

import numpy as np
import pytest
from netlet import SGD, Network, TrainingWarning, schedules

from helpers.training import X, Y, regression


def rates(schedule, epochs=6, **options):
    return regression().fit(X, Y, epochs=epochs, learning_rate=1e-3, schedule=schedule, **options).learning_rate / 1e-3


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        (None, [1, 1, 1, 1, 1, 1]),
        (schedules.StepDecay(0.5, period=2), [1, 1, 0.5, 0.5, 0.25, 0.25]),
        (schedules.ExponentialDecay(0.9), 0.9 ** np.arange(6)),
        (schedules.CosineDecay(4), [*(0.5 + 0.5 * np.cos(np.pi * np.arange(4) / 4)), 0, 0]),
        (schedules.CosineDecay(4, floor=0.2), [*(0.6 + 0.4 * np.cos(np.pi * np.arange(4) / 4)), 0.2, 0.2]),
        (lambda epoch: 1 / (1 + epoch), 1 / np.arange(1, 7)),
        (schedules.ReduceOnPlateau(0.5, patience=2, min_delta=1e9, floor=0.3), [1, 1, 1, 0.5, 0.5, 0.3]),
    ],
)
def test_a_schedule_multiplies_the_learning_rate(schedule, factors):
    np.testing.assert_allclose(rates(schedule), factors, rtol=1e-12, atol=1e-15)


def test_a_schedule_begins_with_each_call_and_leaves_the_optimizers_own_rate():
    net, optimizer = regression(), SGD(0.5)
    for _ in range(2):
        history = net.fit(X, Y, epochs=3, optimizer=optimizer, schedule=schedules.ExponentialDecay(0.5))
        assert history.learning_rate.tolist() == [0.5, 0.25, 0.125]
    assert optimizer.learning_rate == 0.5


def test_very_late_epochs_take_no_longer():
    net = regression()
    net._set_epochs_trained(2**62)
    assert net.fit(X, Y, epochs=1, schedule=schedules.StepDecay(1.0, 1), resume=True).learning_rate == [0.1]
    with pytest.warns(TrainingWarning, match="learning rate 0 in every epoch"):
        assert net.fit(X, Y, epochs=1, schedule=schedules.ExponentialDecay(0.5), resume=True).learning_rate == [0]


def test_a_schedule_s_function_may_write_to_the_parameters():
    def change(net):
        net.weights[1][:] = 0.1

    inside, outside = regression(), regression()
    inside.fit(X, Y, epochs=4, schedule=lambda epoch: (change(inside) if epoch == 2 else None, 1.0)[1])
    outside.fit(X, Y, epochs=4, callback=lambda epoch, history: change(outside) if epoch == 1 else None)
    assert inside == outside


def test_epochs_before_a_schedule_that_fails_are_in_the_history():
    def schedule(epoch):
        if epoch == 50:
            raise KeyboardInterrupt
        return 1.0

    net = Network([2, 1], seed=0)
    with pytest.raises(KeyboardInterrupt) as caught:
        net.fit([[0, 1]], [1], epochs=100, schedule=schedule)
    assert len(caught.value.history) == net.epochs_trained == 50


def test_what_a_schedule_s_function_gives_must_be_a_number():
    with pytest.raises(TypeError, match=r"^schedule: expected a number from the function for epoch 0, got None"):
        regression().fit(X, Y, epochs=1, schedule=lambda epoch: None)
