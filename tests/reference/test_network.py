# SPDX-License-Identifier: BSD-3-Clause
"""The reference on its own: random numbers, sums, and its gradient against finite differences."""

import numpy as np
import pytest
from netlet import reference
from netlet.reference import sums


def test_random_bits_are_philox_4x32_10():
    """The published vector for counter 0, key 0: 6627e8d5 e169c58d bc57ac4c 9b00dbd8."""
    assert reference.random_bits(0, 0, 0, 2).tolist() == [0xE169C58D6627E8D5, 0x9B00DBD8BC57AC4C]


def test_an_order_is_a_permutation_of_its_own_for_each_seed_and_epoch():
    orders = [tuple(reference.shuffled_order(seed, epoch, 100)) for seed in (0, 1) for epoch in (0, 1)]
    assert len(set(orders)) == 4
    assert all(sorted(order) == list(range(100)) for order in orders)


def test_blocks_are_added_as_neighbours_with_an_odd_last_one_moving_up():
    names = [f"{i}" for i in range(7)]

    class Term(str):
        def __add__(self, other):
            return Term(f"({self}{other})")

    assert sums.tree([Term(n) for n in names]) == "(((01)(23))((45)6))"


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        ("squared_error", ["tanh", "sigmoid", "identity"]),
        ("squared_error", ["relu", "tanh", "softmax"]),
        ("binary_cross_entropy", ["sigmoid", "identity", "sigmoid"]),
        ("cross_entropy", ["tanh", "relu", "softmax"]),
    ],
)
def test_the_gradient_is_the_slope_of_the_loss(loss, activation, reduction):
    rng = np.random.default_rng(3)
    net = reference.Network([4, 5, 4, 3], activation=activation, loss=loss, reduction=reduction, seed=2)
    x = rng.normal(size=(6, 4))
    y = rng.dirichlet(np.ones(3), 6)
    gradient = net.backward(x, y)[1]
    slope = np.empty_like(gradient)
    for i, value in enumerate(net.parameters.copy()):
        sides = []
        for h in (1e-6, -1e-6):
            net.parameters[i] = value + h
            sides.append(net.loss(x, y))
        net.parameters[i] = value
        slope[i] = (sides[0] - sides[1]) / 2e-6
    # central differences: truncation h^2 and rounding 2^-53 / h of a loss of up to 20
    np.testing.assert_allclose(gradient, slope, rtol=1e-6, atol=2e-7)
