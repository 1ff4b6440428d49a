# SPDX-License-Identifier: BSD-3-Clause
"""Blocks keep the error of long sums small: of rows at most (256 + log2 of the blocks) u sum |x d|, of a layer's inputs
(4096 + the blocks) u sum |x w|."""

import math

import numpy as np
import pytest
from netlet import Network

ROWS = 1_000_000


@pytest.mark.parametrize("rows", [1000, ROWS])
@pytest.mark.parametrize("batch", ["all of one sign", "of both signs"])
def test_a_full_batch_gradient_is_close_to_the_exact_sum(rows, batch):
    rng = np.random.default_rng(8)
    low = 0 if batch == "all of one sign" else -1
    x, t = (rng.uniform(low, 1, rows).astype(np.float32) for _ in range(2))
    net = Network([1, 1], activation="identity", dtype="float32", init=np.zeros(2))
    gradient = net.backward(x[:, None], t)[1]  # the output is 0, so the delta is -t
    products = x.astype(np.float64) * -t.astype(np.float64)  # exact
    blocks = math.ceil(rows / 256)
    for computed, terms in zip(gradient, (products, -t.astype(np.float64))):
        bound = (256 + math.log2(blocks)) * 2.0**-24 * math.fsum(abs(terms))
        assert abs(float(computed) - math.fsum(terms)) <= bound


@pytest.mark.parametrize("inputs", [5000, ROWS])
@pytest.mark.parametrize("outputs", [1, 3])
def test_a_layer_with_many_inputs_is_close_to_the_exact_sum(inputs, outputs):
    rng = np.random.default_rng(8)
    w = rng.uniform(0, 0.2, (inputs, outputs)).astype(np.float32)
    x = rng.uniform(0, 1, (2, inputs)).astype(np.float32)
    x[0] = 1  # whose errors add up
    net = Network([inputs, outputs], activation="identity", dtype="float32", init=[(w, np.zeros(outputs))])
    for row, computed in zip(x.astype(np.float64), net.forward(x)):
        for j in range(outputs):
            exact = math.fsum(row * w[:, j])  # whose terms are exact
            assert abs(float(computed[j]) - exact) <= (4096 + math.ceil(inputs / 4096)) * 2.0**-24 * exact
            assert abs(float(computed[j]) / exact - 1) < 1e-4


def test_many_probabilities_add_up_to_1():
    net = Network(
        [1, 3_000_001], activation="softmax", loss="cross_entropy", dtype="float32", init="glorot_uniform", seed=0
    )
    total = math.fsum(net.forward([[2.0]])[0].astype(np.float64))
    assert abs(total - 1) < 1e-5
