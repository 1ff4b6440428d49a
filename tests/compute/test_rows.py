# SPDX-License-Identifier: BSD-3-Clause
"""A row's outputs do not depend on the rows beside it, nor on how it lies in memory."""

import netlet
import numpy as np
import pytest
from netlet import Network, _core

ROWS = 200  # more than three panels of the forward pass


@pytest.fixture(params=netlet.available_isas())
def isa(request):
    before = netlet.isa()
    _core.set_isa(request.param)
    assert netlet.isa() == request.param
    yield request.param
    _core.set_isa(before)


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param


def networks(dtype):
    yield Network([5, 3, 1], dtype=dtype, seed=1)
    yield Network([5, 9, 17, 4], activation=["tanh", "relu", "softmax"], dtype=dtype, seed=2)
    yield Network([5, 70, 33], activation=["relu", "identity"], dtype=dtype, seed=3)


def layouts(x):
    """Yield (name, array of the same values) for many ways to lay out an array."""
    rows, columns = x.shape
    yield "Fortran order", np.asfortranarray(x)
    for step in (2, 3):
        wide = np.full((rows * step, columns * step), np.nan, dtype=x.dtype)
        wide[::step, ::step] = x
        yield f"every {step}. row and column", wide[::step, ::step]
        yield f"every {step}. row", np.repeat(x, step, axis=0)[::step]
    yield "negative strides", np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1]
    for offset in (1, 3, 4, 8, 20, 60):
        raw = np.zeros(x.nbytes + 64, dtype=np.uint8)
        shifted = np.ndarray(x.shape, x.dtype, raw.data, offset)
        shifted[...] = x
        yield f"{offset} bytes off", shifted
    record = np.zeros((rows, columns), dtype=[("skip", "i1"), ("value", x.dtype)])
    record["value"] = x
    yield "a field of packed records", record["value"]


def test_a_row_alone_has_the_bits_that_it_has_in_a_batch(isa, dtype):
    x = np.random.default_rng(0).normal(size=(ROWS, 5)).astype(dtype)
    for net in networks(dtype):
        batch = net.forward(x)
        for i in range(ROWS):
            np.testing.assert_array_equal(net.forward(x[i]), batch[i])
            np.testing.assert_array_equal(net.forward(x[i : i + 1])[0], batch[i])
        for first, last in [(0, 2), (1, 4), (3, 8), (5, 14), (60, 130), (7, 200)]:
            np.testing.assert_array_equal(net.forward(x[first:last]), batch[first:last])


def test_strides_and_alignment_change_no_bit(isa, dtype):
    x = np.random.default_rng(1).normal(size=(ROWS, 5)).astype(dtype)
    y = np.random.default_rng(2).random((ROWS, 33)).astype(dtype)
    for net in networks(dtype):
        batch = net.forward(x)
        targets = np.ascontiguousarray(y[:, : batch.shape[1]])
        loss, gradient = net.backward(x, targets)
        for (name, other), (_, other_targets) in zip(layouts(x), layouts(targets)):
            np.testing.assert_array_equal(other, x, err_msg=name)
            np.testing.assert_array_equal(net.forward(other), batch, err_msg=name)
            np.testing.assert_array_equal(net.forward(other[7]), batch[7], err_msg=name)
            other_loss, other_gradient = net.backward(other, other_targets)
            assert other_loss == loss, name
            np.testing.assert_array_equal(other_gradient, gradient, err_msg=name)
