# SPDX-License-Identifier: BSD-3-Clause
"""Under ``-W error`` a warning comes before anything has changed, or brings the history of what has."""

import numpy as np
import pytest
from netlet import Adam, Network, TrainingWarning

from helpers.bad_input import TRAINS, X, Y, every, refused

TRAINS = {**TRAINS, "apply_gradient": lambda net, x, y, optimizer: net.apply_gradient(net.backward(x, y)[1], optimizer)}


@every(TRAINS)
def test_another_network_s_optimizer_is_warned_of_before_it_is_used(call, net):
    optimizer = Adam()
    Network([4, 5, 3], seed=3).step(X, Y, optimizer)
    for _ in range(2):
        with refused(UserWarning, "^optimizer: its state comes from another network", net, optimizer):
            call(net, X, Y, optimizer)


@every(TRAINS)
def test_it_is_warned_of_once(call, net):
    optimizer = Adam()
    Network([4, 5, 3], seed=3).step(X, Y, optimizer)
    with pytest.warns(UserWarning, match="^optimizer: "):
        call(net, X, Y, optimizer)
    call(net, X, Y, optimizer)


def test_the_warning_of_a_loss_that_grew_has_the_history():
    net = Network([4, 3], activation="identity", seed=0)
    with pytest.raises(TrainingWarning, match=r"; the loss per row grew from") as caught:
        net.fit(X, Y, epochs=30, learning_rate=0.3)
    assert net.epochs_trained == len(caught.value.history) == 30
    assert np.isfinite(caught.value.history.loss).all()
