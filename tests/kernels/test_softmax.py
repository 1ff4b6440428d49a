# SPDX-License-Identifier: BSD-3-Clause
"""The softmax has the reference's bits, however many rows and classes are treated together."""

import numpy as np
import pytest
from netlet import Network, reference

from helpers.bits import assert_same_bits

WIDTHS = [2, 3, 8, 10, 16, 17, 33, 100, 170, 171, 255, 257, 513]


def inputs(rows, dtype):
    """Most outputs far apart or equal; one row in five is infinite or NaN."""
    x = np.random.default_rng(rows).normal(size=(rows, 1)) * np.array([1e-20, 1, 30, 1e3])[np.arange(rows) % 4, None]
    x[3::15], x[8::15], x[13::15] = np.nan, np.inf, -np.inf
    return x.astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("classes", WIDTHS)
def test_rows_of_any_width_have_the_reference_s_bits(classes, dtype, every_isa):
    init = np.random.default_rng(classes).normal(size=2 * classes)
    sizes, settings = [1, classes], {"activation": "softmax", "loss": "cross_entropy", "dtype": dtype, "init": init}
    net, expected = Network(sizes, **settings), reference.Network(sizes, **settings)
    batches = []
    for rows in (1, 2, 3, 70):  # a pass takes 64
        x = inputs(rows, dtype)
        finite = x[np.isfinite(x[:, 0])]
        y = np.arange(len(finite)) % classes
        with np.errstate(all="ignore"):
            batches.append((x, expected.forward(x), finite, y, expected.backward(finite, y)))

    def check():
        for x, outputs, finite, y, (loss, gradient) in batches:
            np.testing.assert_array_equal(net.forward(x), outputs, strict=True)  # of which NaN may have any sign
            ours = net.backward(finite, y)
            assert_same_bits(ours[0], loss)
            assert_same_bits(ours[1], gradient)

    every_isa(check)
