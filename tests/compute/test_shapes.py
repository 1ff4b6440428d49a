# SPDX-License-Identifier: BSD-3-Clause
"""The shapes that calls take and give."""

import numpy as np
import pytest
from netlet import Network

from helpers import xor
from helpers.every import every_dtype
from helpers.training import SIZES, X, Y, random_data


def classifier(**settings):
    return Network([2, 5, 3], loss="cross_entropy", seed=3, **settings)


def test_forward_of_a_matrix_gives_a_row_for_each_row_and_of_one_row_a_vector():
    net = Network(SIZES, seed=0)
    x, _ = random_data(rows=6)
    outputs = net.forward(x)
    assert outputs.shape == (6, 2)
    for row, output in zip(x, outputs):
        assert net.forward(row).shape == (2,)
        assert net.forward(row).tobytes() == output.tobytes()


@pytest.mark.parametrize(
    ("x", "y"),
    [(xor.X, xor.Y[:, None]), (xor.X, xor.Y.tolist()), (xor.X, xor.Y.astype(bool)), (xor.X.tolist(), xor.Y)],
    ids=["column", "list", "bool", "x a list"],
)
def test_one_output_takes_targets_of_shape_rows_or_a_column(x, y):
    net = Network([2, 3, 1], seed=0)
    loss, gradient = net.backward(xor.X, xor.Y)
    assert (net.loss(x, y), net.backward(x, y)[1].tobytes()) == (loss, gradient.tobytes())


@pytest.mark.parametrize(
    ("outputs", "y"),
    [(1, 0.25), (1, [0.25]), (1, [[0.25]]), (3, [0.25, 0.5, 1.0]), (3, [[0.25, 0.5, 1.0]])],
    ids=repr,
)
def test_one_row_takes_one_row_of_targets(outputs, y):
    net = Network([2, outputs], seed=0)
    x = [0.5, -1.0]
    assert net.loss(x, y) == net.loss([x], np.reshape(y, (1, outputs)))


@pytest.mark.parametrize("y", [2, [2], np.uint8([2]), [[0, 0, 1]], [0, 0, 1], [[0.0, 0.0, 1.0]]], ids=repr)
def test_one_row_takes_its_class_as_an_index_or_as_probabilities(y):
    net = classifier()
    assert net.loss([0.5, -1.0], y) == net.loss([[0.5, -1.0]], [2])


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", "int32", "uint32", "int64", "uint64", ">i8", ">u2", "<i4", object]
)
def test_class_indices_give_the_bits_of_one_hot_rows(dtype):
    rng = np.random.default_rng(0)
    x, classes = rng.normal(size=(300, 2)), rng.integers(0, 3, 300)
    nets = classifier(), classifier()
    histories = [
        net.fit(x, y, epochs=3, learning_rate=0.01, batch_size=50)
        for net, y in zip(nets, (classes.astype(dtype), np.eye(3)[classes]))
    ]
    assert nets[0] == nets[1]
    for name in ("loss", "metrics"):
        np.testing.assert_equal(*(getattr(h, name) for h in histories))


@pytest.mark.parametrize("x", [xor.X, xor.X[0]], ids=["matrix", "row"])
def test_forward_writes_to_out_and_returns_it(x):
    net = Network([2, 3, 2], seed=0)
    expected = net.forward(x)
    out = np.full_like(expected, np.nan)
    assert net.forward(x, out=out) is out
    assert out.tobytes() == expected.tobytes()


@every_dtype
def test_backward_writes_the_gradient_to_out_and_returns_it(dtype):
    net = Network([2, 3, 1], dtype=dtype, seed=0)
    loss, gradient = net.backward(xor.X, xor.Y)
    out = np.full_like(gradient, np.nan)
    again, returned = net.backward(xor.X, xor.Y, out=out)
    assert returned is out
    assert (again, out.tobytes()) == (loss, gradient.tobytes())


def test_out_is_a_keyword():
    net = Network([2, 3, 1], seed=0)
    with pytest.raises(TypeError):
        net.forward(xor.X, np.empty((4, 1)))
    with pytest.raises(TypeError):
        net.backward(xor.X, xor.Y, np.empty(13))


def test_one_column_of_targets_serves_all_quantiles():
    nets = [Network([5, 8, 3], loss="quantile", quantile=[0.1, 0.5, 0.9], seed=0) for _ in range(2)]
    nets[0].fit(X, Y[:, 0], epochs=3, batch_size=50, standardize="inputs")
    nets[1].fit(X, np.repeat(Y[:, :1], 3, axis=1), epochs=3, batch_size=50, standardize="inputs")
    assert nets[0] == nets[1]
