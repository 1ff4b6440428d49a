# SPDX-License-Identifier: BSD-3-Clause
"""Warnings about settings that are probably mistakes."""

import pickle

import numpy as np
import pytest
from netlet import SGD, Adam, Network

from helpers.training import X, Y, regression


@pytest.mark.parametrize(
    ("activation", "y", "standardize"),
    [("sigmoid", Y, False), ("tanh", 2 * np.abs(Y), False), ("relu", Y, False), ("tanh", Y, True), ("relu", Y, True)],
)
def test_targets_that_the_outputs_cannot_reach_get_a_hint(activation, y, standardize):
    net = Network([5, 8, 2], activation=activation, reduction="mean", seed=0)
    with pytest.warns(UserWarning, match=f"^output_activation: {activation} gives outputs from .*for regression use"):
        net.fit(X, y, epochs=1, standardize=standardize)


@pytest.mark.filterwarnings("error")
def test_targets_within_reach_get_none():
    Network([5, 8, 2], reduction="mean", seed=0).fit(X, Y > 0, epochs=1)
    Network([5, 8, 2], activation="relu", reduction="mean", seed=0).fit(X, np.abs(Y), epochs=1)
    regression().fit(X, 1000 * Y, epochs=1, learning_rate=1e-9)


def test_a_loss_that_grew_a_hundredfold_gets_a_hint():
    net = Network([5, 8, 2], activation="identity", seed=0)
    with pytest.warns(UserWarning, match=r"^the loss grew from .* a smaller learning rate, or reduction='mean'"):
        net.fit(X, Y, epochs=4, learning_rate=0.02)


def test_an_optimizer_with_the_state_of_another_network_gets_a_hint():
    optimizer = Adam()
    regression().fit(X, Y, epochs=1, optimizer=optimizer)
    with pytest.warns(UserWarning, match=r"^optimizer: its state comes from another network"):
        regression().fit(X, Y, epochs=1, optimizer=optimizer)


@pytest.mark.filterwarnings("error")
def test_an_optimizer_that_goes_on_with_its_network_gets_none():
    net, optimizer = regression(), Adam()
    net.fit(X, Y, epochs=1, optimizer=optimizer)
    net.step(X, Y, optimizer)
    net, optimizer = pickle.loads(pickle.dumps((net, optimizer)))
    net.fit(X, Y, epochs=1, optimizer=optimizer)
    plain = SGD()
    for _ in range(2):
        regression().fit(X, Y, epochs=1, optimizer=plain)
