# SPDX-License-Identifier: BSD-3-Clause
"""Blocks and tree keep the error of long sums small: at most (256 + log2 of the blocks) u sum |x d|."""

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
