# SPDX-License-Identifier: BSD-3-Clause
"""Derivatives with respect to parameters and inputs, compared with finite differences and with each other."""

import netlet
import numpy as np
import pytest
from netlet import SGD, Adam, AdamW, Network, RMSprop, Rprop

from helpers.training import RNG, X, Y, regression


def difference(f, x, h=1e-6):
    """Central differences: the derivative of f's result by each value of x."""
    columns = []
    for i in range(x.size):
        step = np.zeros(x.size)
        step[i] = h
        step = step.reshape(x.shape)
        columns.append((np.asarray(f(x + step)) - np.asarray(f(x - step))) / (2 * h))
    return np.stack(columns, axis=-1)


def smooth(loss, **settings):
    output = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(loss, "identity")
    net = Network([3, 4, 4, 2], activation=["gelu", "silu", output], loss=loss, reduction="mean", seed=5, **settings)
    net.input_scaling = ([1, 2, 3], [0.5, 2, 4])
    if loss == "gaussian_nll":
        net.output_scaling = ([1], [3])
    elif loss in ("squared_error", "absolute_error", "huber", "quantile", "log_cosh"):
        net.output_scaling = ([1, -1], [3, 0.5])
    return net


every_loss = pytest.mark.parametrize("loss", netlet._core.NAMES["loss"])
FEW = RNG.normal(size=(4, 3))
TARGETS = {
    "cross_entropy": np.array([[0.2, 0.8]] * 4),
    "binary_cross_entropy": np.array([[0.2, 0.9]] * 4),
    "poisson": np.array([[0.0, 3.0]] * 4),
    "gaussian_nll": np.array([[0.5], [-1.0], [2.0], [0.0]]),
}


@every_loss
def test_gradients_are_the_slopes_of_the_loss(loss, rng):
    net, y = smooth(loss, huber_delta=0.3, quantile=[0.2, 0.7]), TARGETS.get(loss, rng.normal(size=(4, 2)))
    weights = np.array([0.5, 1.0, 2.0, 0.0])
    start = net.parameters.copy()

    def at(parameters):
        net.parameters[:] = parameters
        return net.loss(FEW, y, sample_weight=weights)

    slopes = difference(at, start)
    net.parameters[:] = start
    loss_value, gradient = net.backward(FEW, y, sample_weight=weights)
    assert loss_value == net.loss(FEW, y, sample_weight=weights)
    np.testing.assert_allclose(gradient, slopes, atol=1e-7)
    rows = net.row_gradients(FEW, y, sample_weight=weights)
    np.testing.assert_allclose(rows.sum(axis=0) / weights.sum(), gradient, atol=1e-12)
    for i in range(3):
        by_inputs = difference(lambda x: net.loss(x, y[i : i + 1]), FEW[i : i + 1])  # noqa: B023
        np.testing.assert_allclose(net.input_gradient(FEW[i], y[i]), by_inputs.ravel(), atol=1e-7)
        np.testing.assert_allclose(net.row_gradients(FEW[i], y[i]) * weights[i], rows[i], atol=1e-12)


@every_loss
def test_the_jacobian_is_the_slope_of_the_outputs(loss, rng):
    net = smooth(loss)
    jacobian = net.jacobian(FEW)
    assert jacobian.shape == (4, 2, 3)
    for row, slopes in zip(FEW, jacobian):
        np.testing.assert_allclose(slopes, difference(net.forward, row), atol=1e-7)
        assert net.jacobian(row).tobytes() == slopes.tobytes()
    g = rng.normal(size=(4, 2))
    np.testing.assert_allclose(
        net.input_gradient(FEW, output_gradient=g), np.einsum("ij,ijk->ik", g, jacobian), rtol=1e-9, atol=1e-12
    )


def test_derivatives_of_many_rows_on_several_threads_are_those_of_each_row(rng, set_num_threads):
    net, x = Network([30, 60, 20, 4], activation="gelu", loss="cross_entropy", seed=1), rng.normal(size=(700, 30))
    y = rng.integers(0, 4, 700)
    set_num_threads(3)
    jacobian, by_input, by_row = net.jacobian(x), net.input_gradient(x, y), net.row_gradients(x, y)
    for i in range(0, 700, 41):
        assert net.jacobian(x[i]).tobytes() == jacobian[i].tobytes()
        assert net.input_gradient(x[i], y[i]).tobytes() == by_input[i].tobytes()
        assert net.row_gradients(x[i], y[i]).tobytes() == by_row[i].tobytes()
    assert net.jacobian(np.empty((0, 30))).shape == (0, 4, 30)


def test_a_loss_of_ones_own_trains_by_its_derivative():
    """Half the squared error by hand is squared_error."""
    own, built_in = regression(), regression()
    optimizers = Adam(0.01), Adam(0.01)
    for _ in range(3):
        own.step(X, None, optimizers[0], output_gradient=(own.forward(X) - Y) / len(X))
        built_in.step(X, Y, optimizers[1])
    np.testing.assert_allclose(own.parameters, built_in.parameters, rtol=1e-9)
    loss, gradient = own.backward(X, output_gradient=own.forward(X) - Y)
    assert loss is None
    np.testing.assert_allclose(gradient, own.backward(X, Y)[1] * len(X), rtol=1e-9)


@pytest.mark.parametrize("new", [SGD, Adam, AdamW, RMSprop, Rprop])
def test_applying_the_gradient_is_a_step(new):
    settings = {"l2": 0.1, "l1": 0.01, "clip_norm": 0.5}
    by_step, by_gradient = regression(), regression()
    optimizers = new(**settings), new(**settings)
    for _ in range(3):
        by_step.step(X, Y, optimizers[0])
        by_gradient.apply_gradient(by_gradient.backward(X, Y)[1], optimizers[1])
    assert by_step == by_gradient
    assert optimizers[1].steps == 3


def test_the_jacobian_of_many_outputs_takes_little_memory():
    net = Network([2, 20000], activation="identity", seed=0)
    np.testing.assert_array_equal(net.jacobian([1.0, 2.0])[7], net.weights[0][:, 7])
