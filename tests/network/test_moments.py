# SPDX-License-Identifier: BSD-3-Clause
"""What a scaling is learned from: weighted means and deviations in binary64, and columns without information."""

import numpy as np
import pytest
from netlet import Adam, Network, reference

from helpers.bad_input import refused
from helpers.bits import assert_same_bits

RNG = np.random.default_rng(12)


def learned(column, dtype="float64", weight=None):
    """The shift and scale of one column, which the reference gives, too."""
    x = np.asarray(column).reshape(-1, 1)
    net, expected = (kind([1, 1], dtype=dtype, seed=0) for kind in (Network, reference.Network))
    net.learn_scaling(x, sample_weight=weight)
    expected.learn_scaling(x, sample_weight=weight)
    for ours, theirs in zip(net.input_scaling, expected.input_scaling):
        assert_same_bits(ours, theirs)
    return tuple(values[0] for values in net.input_scaling)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("first", "step"),
    [(2460000.5, 1e-3), (1.7e9, 1.0), (4.2e6, 0.01), (1e15, 1.0)],
    ids=["Julian", "Unix", "UTM", "id"],
)
def test_small_changes_of_large_numbers_reach_the_network(dtype, first, step):
    x = (first + step * np.arange(400))[:, None]
    y = np.sin(np.arange(400) / 30)
    net = Network([1, 16, 1], activation="tanh", output_activation="identity", reduction="mean", dtype=dtype, seed=1)
    net.fit(x, y, epochs=1, standardize=True)
    assert len(np.unique(net.predict(x))) > 390
    scaled = (x - net.input_scaling[0]) / net.input_scaling[1]
    plain = Network([1, 16, 1], activation="tanh", output_activation="identity", dtype=dtype, init=net.parameters)
    expected = plain.forward(scaled.astype(dtype)).astype(np.float64) * net.output_scaling[1] + net.output_scaling[0]
    np.testing.assert_allclose(net.forward(x), expected, rtol=1e-6, atol=1e-6)


def test_targets_are_scaled_in_binary64():
    x = np.linspace(-1, 1, 200)[:, None]
    y = 2460000 + 0.01 * x[:, 0]
    net = Network([1, 1], activation="identity", reduction="mean", dtype="float32", seed=1)
    net.fit(x, y, epochs=300, optimizer=Adam(0.05), standardize=True)
    assert net.loss(x, y) < 1e-6


@pytest.mark.parametrize("weight", [np.r_[np.ones(40), np.zeros(10)], RNG.random(50), np.full(50, 1e-20)])
def test_moments_are_those_of_the_weighted_rows(weight):
    column = np.r_[RNG.normal(3, 2, 40), np.full(10, -9999.0)]
    mean = np.average(column, weights=weight)
    deviation = np.sqrt(np.average((column - mean) ** 2, weights=weight))
    np.testing.assert_allclose(learned(column, weight=weight), (mean, deviation), rtol=1e-12)


def test_fit_learns_from_the_weighted_rows():
    x = np.r_[RNG.normal(size=(40, 3)), np.full((10, 3), -9999.0)]
    y = np.r_[RNG.normal(size=40), np.full(10, -9999.0)]
    nets = [Network([3, 5, 1], activation="tanh", output_activation="identity", reduction="mean", seed=0) for _ in "ab"]
    nets[0].fit(x[:40], y[:40], epochs=50, standardize=True)
    nets[1].fit(x, y, epochs=50, standardize=True, sample_weight=np.r_[np.ones(40), np.zeros(10)])
    assert nets[0] == nets[1]


CONSTANT = {
    "one value": np.full(100, 0.1),
    "the largest value": np.full(1000, 1.7e308),
    "a large integer": np.full(5000, 2**62),
    "fractions": RNG.dirichlet(np.ones(5), 60).sum(axis=1),
    "many fractions": RNG.dirichlet(np.ones(100), 3000).sum(axis=1),
    "reciprocals": (lambda n: n * (1 / n))(np.arange(1.0, 2000)) * 273.15,
    "powers": np.sin(np.arange(500)) ** 2 + np.cos(np.arange(500)) ** 2,
    "negative": -RNG.dirichlet(np.ones(7), 300).sum(axis=1) * 1e5,
    "float32": RNG.dirichlet(np.ones(5), 400).astype(np.float32).sum(axis=1),
    "two neighbours": np.r_[np.ones(500), np.nextafter(1, 2)],
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("column", CONSTANT.values(), ids=CONSTANT)
def test_a_column_that_is_constant_up_to_rounding_keeps_the_scale_1(column, dtype):
    shift, scale = learned(column, dtype)
    assert scale == 1
    np.testing.assert_allclose(shift, column[0], rtol=1e-6 if column.dtype == np.float32 else 1e-13)


INFORMATIVE = {
    "float64": 1 + 1e-12 * RNG.normal(size=100),
    "float32": np.float32(1) + np.float32(1e-5) * RNG.normal(size=100).astype(np.float32),
    "integers": 10**15 + np.arange(300),
    "milliseconds": 1.7e9 + 1e-3 * np.arange(1000),
    "around 0": 1e-300 * RNG.normal(size=100),
    "rare": np.r_[np.zeros(100_000), 1],
}


@pytest.mark.parametrize("column", INFORMATIVE.values(), ids=INFORMATIVE)
def test_a_column_that_changes_by_more_gets_its_deviation(column):
    exact = column.astype(np.float64)
    unit = np.abs(exact - exact[0]).max()
    e = (exact - exact[0]) / unit
    np.testing.assert_allclose(learned(column)[1], unit * np.std(e), rtol=1e-3)


@pytest.mark.parametrize("size", [1e-320, 1e-300, 1e-170, 1e-155, 1e150, 1e160, 1e300])
def test_moments_of_very_small_and_very_large_numbers_are_right(size):
    values = RNG.normal(size=1000)
    shift, scale = learned(values * size)
    rtol = 1e-2 if size == 1e-320 else 1e-12
    np.testing.assert_allclose(scale, size * values.std(), rtol=rtol)
    np.testing.assert_allclose(shift, size * values.mean(), rtol=rtol)


def test_moments_beyond_the_range_are_refused():
    net = Network([2, 1], seed=0)
    for column in ([1.7e308, 1.7e308, 1.6e308], [1.7e308, 1.7e308, -1.7e308]):
        with refused(ValueError, "^x: expected values whose mean and deviation are finite, .* in column 1", net):
            net.learn_scaling(np.c_[np.zeros(len(column)), column])


def test_outputs_must_stay_within_the_dtype():
    net = Network([1, 1], activation="identity", dtype="float32", seed=0)
    x = np.arange(5.0)[:, None]
    with refused(ValueError, "^scale: .* for the outputs, got .*e-170 at position 0 .as float32", net):
        net.fit(x, x * 1e-170, epochs=1, standardize=True)
    with refused(ValueError, "^shift: .* for the outputs, got .*e.40 at position 0 .as float32", net):
        net.fit(x, 1e40 + x * 1e38, epochs=1, standardize=True)
    net.fit(x * 1e-170, x, epochs=1, standardize=True)  # inputs are free
    assert np.isfinite(net.predict(x * 1e-170)).all()


def test_values_are_scaled_before_they_are_converted():
    net = Network([1, 1], activation="identity", dtype="float32", init=[1.0, 0.0])
    net.input_scaling = [1e300], [1e299]
    np.testing.assert_allclose(net.forward([[1e300], [1.5e300]]).ravel(), [0, 5])
    net.fit([[1e300], [1.5e300]], [0.0, 5.0], epochs=1)
    with refused(ValueError, "^x: expected finite numbers, also once they are scaled, got 1 in row 0, column 0", net):
        net.input_scaling = [0.0], [1e-40]
        net.fit([[1.0]], [0.0], epochs=1)


def test_learning_refuses_bad_weights():
    net = Network([2, 1], seed=0)
    x = np.ones((3, 2))
    for weight, message in (([1, -1, 1], "weights >= 0"), ([1, np.nan, 1], "finite"), ([1, 1], "expected shape")):
        with refused(ValueError, f"^sample_weight: .*{message}", net):
            net.learn_scaling(x, sample_weight=weight)
    with refused(ValueError, "^sample_weight: expected a weight above 0, got 0 for all of 3 rows", net):
        net.learn_scaling(x, sample_weight=[0, 0, 0])


def test_missing_targets_are_left_out_of_the_moments():
    y = RNG.normal(5, 3, size=(50, 3))
    y[RNG.random(y.shape) < 0.4] = np.nan
    y[:, 2] = np.nan  # a target that is never there
    net = Network([2, 3], activation="identity", reduction="mean", seed=0)
    net.fit(RNG.normal(size=(50, 2)), y, epochs=1, standardize=True, missing="ignore")
    shift, scale = net.output_scaling
    np.testing.assert_allclose(shift, [*np.nanmean(y[:, :2], axis=0), 0], rtol=1e-12)
    np.testing.assert_allclose(scale, [*np.nanstd(y[:, :2], axis=0), 1], rtol=1e-12)
    by_hand = Network([2, 3], activation="identity", seed=0)
    by_hand.learn_scaling(y=y, missing="ignore")
    assert_same_bits(by_hand.output_scaling[1], scale)
    with refused(ValueError, "^y: expected finite numbers, got nan .*; missing='ignore' leaves such", by_hand):
        by_hand.learn_scaling(y=y)
    with refused(ValueError, "^y: expected a target in a row of weight above 0, all are nan", by_hand):
        by_hand.learn_scaling(y=np.full_like(y, np.nan), missing="ignore")


def test_learning_refuses_what_it_cannot_learn_from():
    net = Network([2, 3], loss="cross_entropy", seed=0)
    with refused(TypeError, "^x: expected x, y or both, got neither", net):
        net.learn_scaling()
    with refused(ValueError, "^missing: expected 'refuse' or 'ignore', got 'drop'", net):
        net.learn_scaling(np.eye(2), missing="drop")
    with refused(ValueError, "^x: expected finite numbers, got nan in row 0, column 1", net):
        net.learn_scaling([[0, np.nan]], missing="ignore")
    with refused(ValueError, "^y: expected 2 rows, as many as x has, got 3", by_hand := Network([2, 1], seed=0)):
        by_hand.learn_scaling(np.eye(2), [1, 2, 3])
    for y in ([0, 2], np.eye(3)):
        with refused(ValueError, "^y: expected None, cross_entropy does not allow scaled outputs", net):
            net.learn_scaling(y=y)
