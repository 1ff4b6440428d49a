# SPDX-License-Identifier: BSD-3-Clause
"""Small networks, which train in a kernel of their own, have the reference's bits on every instruction set."""

import netlet
import numpy as np
import pytest
from netlet import Network, reference

from helpers.bits import assert_same_bits
from helpers.drawing import OPTIMIZERS, targets, weights, with_missing


def draw_small(rng):
    """Draw a network of a few units and a few rows, which trains in a kernel of its own."""
    layers = int(rng.integers(1, 5))
    loss = str(rng.choice(["squared_error", "huber", "binary_cross_entropy", "cross_entropy"]))
    sizes = [int(n) for n in rng.integers(1, rng.choice([5, 9, 17]), layers + 1)]
    activation = [str(name) for name in rng.choice(["identity", "sigmoid", "tanh", "relu"], layers)]
    if loss == "binary_cross_entropy":
        activation[-1] = "sigmoid"
    elif loss == "cross_entropy":
        activation[-1], sizes[-1] = "softmax", max(sizes[-1], 2)
    elif rng.random() < 0.2:
        activation[-1] = "softmax"
    rows = int(rng.integers(1, 65))
    x, y = rng.normal(size=(rows, sizes[0])), targets(rng, loss, rows, sizes[-1])
    name, settings = OPTIMIZERS[rng.integers(len(OPTIMIZERS))]
    settings = {**settings, **{setting: 0.01 for setting in ("l1", "l2", "clip_value") if rng.random() < 0.2}}
    arguments = {
        "activation": activation,
        "loss": loss,
        "reduction": str(rng.choice(["sum", "mean"])),
        "dtype": str(rng.choice(["float32", "float64"])),
        "seed": int(rng.integers(0, 2**32)),
    }
    training = {
        "epochs": int(rng.integers(1, 100 if rows < 10 else 20)),
        "sample_weight": weights(rng, rows) if rng.random() < 0.3 else None,
    }
    if rng.random() < 0.3:
        training["missing"], y = "ignore", with_missing(rng, y)
    if name != "Rprop" and rng.random() < 0.4:
        training |= {"epochs": 4, "batch_size": int(rng.integers(1, rows + 1))}
    return sizes, arguments, x, y, (name, settings), training


@pytest.mark.filterwarnings("ignore::netlet.TrainingWarning")  # any targets serve
@pytest.mark.parametrize("number", range(120))
def test_small_networks_train_to_the_reference_s_bits(number, every_isa):
    sizes, arguments, x, y, (optimizer, settings), training = draw_small(np.random.default_rng([2, number]))
    expected, expected_optimizer = reference.Network(sizes, **arguments), getattr(reference, optimizer)(**settings)
    history = expected.fit(x, y, optimizer=expected_optimizer, **training)

    def check():
        net, own = Network(sizes, **arguments), getattr(netlet, optimizer)(**settings)
        computed = net.fit(x, y, optimizer=own, **training)
        assert_same_bits(net.parameters, expected.parameters)
        assert_same_bits(computed.loss, history["loss"])
        if computed.metrics:
            assert_same_bits(computed.metrics["accuracy"], history["accuracy"])
        other, own = Network(sizes, **arguments), getattr(netlet, optimizer)(**settings)
        other.fit(x, y, optimizer=own, callback=lambda net, history: None, **training)  # each epoch on its own
        assert_same_bits(other.parameters, expected.parameters)

    every_isa(check)
