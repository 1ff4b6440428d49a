# SPDX-License-Identifier: BSD-3-Clause
"""What losses are, apart from their bits: log_cosh near 0 and far from it, gaussian_nll and its scales."""

import numpy as np
import pytest
from netlet import Adam, Network

from helpers.every import every_dtype


def identity(outputs, **settings):
    """A network that gives its inputs."""
    return Network([outputs, outputs], activation="identity", init=[(np.eye(outputs), np.zeros(outputs))], **settings)


@every_dtype
@pytest.mark.parametrize("e", [0.0, 1e-12, 1e-4, 0.3, 0.999, 1.0, 1.5, 20.0, 500.0])
def test_log_cosh_is_right_from_tiny_to_large_errors(e, dtype):
    net, e = identity(1, loss="log_cosh", dtype=dtype), float(np.dtype(dtype).type(e))
    exact = e + np.log1p(np.exp(-2 * e)) - np.log(2) if e > 1 else np.log1p(2 * np.sinh(e / 2) ** 2)
    np.testing.assert_allclose(net.loss([e], [0.0]), exact, rtol=8 * np.finfo(dtype).eps)
    assert net.loss([-e], [0.0]) == net.loss([e], [0.0])


def test_gaussian_nll_is_the_negative_log_likelihood_without_its_constant(rng):
    net, y, t = identity(4, loss="gaussian_nll", reduction="mean"), rng.normal(size=(6, 4)), rng.normal(size=(6, 2))
    mean, variance = y[:, ::2], np.exp(y[:, 1::2])
    likelihood = np.exp(-((t - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    expected = -np.log(likelihood).sum(axis=1).mean() - np.log(2 * np.pi)  # of two targets
    np.testing.assert_allclose(net.loss(y, t), expected, rtol=1e-12)
    np.testing.assert_array_equal(net.predict(y), mean)
    assert identity(2, loss="gaussian_nll").predict([[1.0, 2.0], [3.0, 4.0]]).tolist() == [1.0, 3.0]


def test_gaussian_nll_learns_a_mean_and_a_spread_that_depend_on_the_input(rng):
    x = rng.uniform(-1, 1, size=(2000, 1))
    spread = np.exp(x + 3)
    y = 500 + 100 * x + spread * rng.normal(size=x.shape)
    net = Network([1, 16, 2], activation="tanh", loss="gaussian_nll", reduction="mean", seed=0)
    assert net.activations[-1] == "identity"
    net.fit(x, y[:, 0], epochs=60, batch_size=50, optimizer=Adam(0.01), standardize=True)
    assert abs(net.predict(x) - (500 + 100 * x[:, 0])).max() < 8  # spreads are from 7 to 55
    np.testing.assert_allclose(np.exp(net.forward(x)[:, 1] / 2), spread[:, 0], rtol=0.25)


@every_dtype
def test_a_scaling_of_gaussian_nll_is_that_of_the_targets(dtype, rng):
    net = Network([3, 4], loss="gaussian_nll", dtype=dtype, seed=1)
    x, t = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
    plain, loss = net.forward(x), net.loss(x, t)
    net.output_scaling = ([10, 20], [2, 0.5])
    shift, scale = net.output_scaling
    assert scale.tolist() == [2, 1, 0.5, 1]
    np.testing.assert_allclose(shift, [10, 2 * np.log(2), 20, 2 * np.log(0.5)], rtol=4 * np.finfo(dtype).eps)
    tolerance = {"rtol": 1e-5} if dtype == "float32" else {"rtol": 1e-12}
    np.testing.assert_allclose(net.forward(x), plain * scale + shift, **tolerance)
    np.testing.assert_allclose(net.loss(x, t * [2, 0.5] + [10, 20]), loss, rtol=1e-4)
    same = Network([3, 4], loss="gaussian_nll", dtype=dtype, init=net.parameters)
    same.output_scaling = net.output_scaling  # as it is read
    assert same == net
    assert Network.from_bytes(net.to_bytes()) == net


def test_gaussian_nll_needs_two_outputs_a_target():
    with pytest.raises(ValueError, match="loss: gaussian_nll needs 2 outputs for each target, got 3 outputs"):
        Network([2, 3], loss="gaussian_nll")
    net = Network([2, 4], loss="gaussian_nll", seed=0)
    with pytest.raises(ValueError, match=r"y: expected shape \(3, 2\), got \(3, 4\)"):
        net.fit(np.ones((3, 2)), np.ones((3, 4)), epochs=1)
    with pytest.raises(ValueError, match="shift: expected a number, or 2 numbers, one for each target"):
        net.output_scaling = ([1, 2, 3], [1, 1, 1])


@pytest.mark.parametrize(
    ("shift", "scale"),
    [([1, 2, 3, 4], [1, 1, 1, 1]), ([1, 0, 3, 0], [1, -5, 1, 1]), ([1, np.nan, 3, 0], [1, 1, 1, 1])],
)
def test_gaussian_nll_refuses_a_scaling_of_log_variances(shift, scale):
    net = Network([2, 4], loss="gaussian_nll", seed=0)
    with pytest.raises(ValueError, match="output_scaling: expected shift and scale of each target"):
        net.output_scaling = (shift, scale)
    assert net.output_scaling is None
