# SPDX-License-Identifier: BSD-3-Clause
"""The scaling of inputs and outputs: learned once, and a part of the network."""

import pickle

import numpy as np
import pytest
from netlet import Adam, Network

from helpers.bad_input import refused
from helpers.training import CLASSES, X, Y, classifier, regression


def units(x):
    return x * [1, 10, 100, 1000, 1] + [0, 5, -300, 20000, 7]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_standardize_learns_means_and_deviations_once_and_results_are_in_the_callers_units(dtype):
    x, y = units(X), 50 * Y + 1000
    net = regression(dtype=dtype)
    net.fit(x, y, epochs=300, optimizer=Adam(0.01), standardize=True)
    for (shift, scale), values in ((net.input_scaling, x), (net.output_scaling, y)):
        assert shift.dtype == scale.dtype == np.float64
        np.testing.assert_allclose(shift, values.mean(axis=0), rtol=1e-13)
        np.testing.assert_allclose(scale, values.std(axis=0), rtol=1e-13)
    by_hand = regression(dtype=dtype)
    (a, b), (c, d) = net.input_scaling, net.output_scaling
    scaled = ((x - a) / b).astype(dtype), ((y - c) / d).astype(dtype)
    by_hand.fit(*scaled, epochs=300, optimizer=Adam(0.01))
    assert by_hand.parameters.tobytes() == net.parameters.tobytes()
    np.testing.assert_allclose(net.forward(x), by_hand.forward(scaled[0]) * d + c, rtol=1e-6)
    assert net.loss(x, y) == by_hand.loss(*scaled)
    before = net.input_scaling[0].copy()
    net.fit(x + 1, y, epochs=1, standardize=True)
    assert net.input_scaling[0].tobytes() == before.tobytes()


def test_scaling_is_part_of_the_network():
    net = regression()
    plain = net.fingerprint()
    net.learn_scaling(units(X), Y)
    other = pickle.loads(pickle.dumps(net))
    assert other == net
    assert other.forward(X).tobytes() == net.forward(X).tobytes()
    assert net.fingerprint() != plain
    other.output_scaling = None
    assert other != net
    net.input_scaling = net.output_scaling = None
    assert net.fingerprint() == plain


@pytest.mark.parametrize(("standardize", "inputs", "outputs"), [("inputs", True, False), ("outputs", False, True)])
def test_standardize_may_name_one_side(standardize, inputs, outputs):
    net = regression()
    net.fit(X, Y, epochs=1, standardize=standardize)
    assert (net.input_scaling is not None, net.output_scaling is not None) == (inputs, outputs)


def test_classes_have_no_scale():
    net = classifier()
    net.fit(X, CLASSES, epochs=1, standardize=True)
    assert net.input_scaling is not None
    assert net.output_scaling is None


@pytest.mark.parametrize("value", [0.1, 1e8 + 0.1, -7.3, 0.0])
def test_a_column_that_never_changes_keeps_its_scale(value):
    net = Network([1, 1], seed=0)
    net.learn_scaling(np.full((1000, 1), value))
    assert net.input_scaling[1] == [1]


def test_a_scaling_is_learned_from_all_arguments_or_from_none():
    net = regression()
    with pytest.raises(ValueError, match="finite"):
        net.learn_scaling(X, np.full_like(Y, np.nan))
    assert net.input_scaling is None


def test_a_fit_that_fails_before_training_learns_no_scaling():
    net = regression()
    optimizer = Adam()
    Network([2, 1], seed=0).step([[1, 2]], [1], optimizer)
    with pytest.raises(ValueError, match="optimizer"):
        net.fit(X, Y, epochs=1, standardize=True, optimizer=optimizer)
    assert net.input_scaling is None


@pytest.mark.parametrize(
    ("value", "match"),
    [
        ((np.zeros(4), np.zeros(4)), "^scale: expected positive finite numbers for the inputs, got 0 at position 0"),
        ((np.zeros(4), [1, 1, -1, 1]), "^scale: .*got -1 at position 2"),
        (([0, 0, 0, np.nan], np.ones(4)), "^shift: expected finite numbers for the inputs, got nan at position 3"),
        ((np.zeros(3), np.ones(3)), "^shift: expected a number, or 4 numbers, one for each input"),
        (5, r"^input_scaling: expected a pair \(shift, scale\) or None, got 5"),
    ],
)
def test_a_bad_scaling_is_refused(value, match, net):
    with refused(ValueError, match, net):
        net.input_scaling = value
    assert net.input_scaling is None


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "poisson"])
def test_outputs_of_these_losses_have_no_scaling(loss):
    net = Network([4, 2], loss=loss, seed=0)
    with pytest.raises(ValueError, match=f"^scaling: {loss} does not allow scaled outputs"):
        net.output_scaling = (np.zeros(2), np.ones(2))
    net.output_scaling = None
    assert net.output_scaling is None
