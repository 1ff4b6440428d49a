# SPDX-License-Identifier: BSD-3-Clause
"""Invalid targets, gradients and weights are refused by every derivative."""

import numpy as np
import pytest
from netlet import SGD

from helpers.bad_input import X, Y, refused


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"y": Y, "output_gradient": Y}, ValueError, "^y: give this or output_gradient, not both"),
        ({"output_gradient": Y[:5]}, ValueError, r"^output_gradient: .*\(6, 3\), got \(5, 3\)"),
        (
            {"output_gradient": Y, "sample_weight": np.ones(6)},
            ValueError,
            "^sample_weight: give this or output_gradient, .* not both",
        ),
        ({}, TypeError, "^y: expected y or output_gradient, got neither"),
    ],
)
def test_targets_that_do_not_fit_are_refused(arguments, error, match, net):
    for call in (net.backward, net.input_gradient, net.row_gradients):
        with refused(error, match, net):
            call(X, **arguments)
    with refused(error, match, net):
        net.step(X, arguments.pop("y", None), SGD(), **arguments)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_a_weight_that_is_none_is_refused_wherever_weights_are_taken(bad, net):
    weights = [1, 1, 1, bad, 1, 1]
    for call in (net.loss, net.evaluate, net.backward, net.input_gradient, net.row_gradients):
        with refused(ValueError, "^sample_weight: expected .* in row 3", net):
            call(X, Y, sample_weight=weights)


@pytest.mark.parametrize(
    ("gradient", "match"),
    [
        (np.ones(3), "^gradient: expected shape"),
        ([1.0, None], "^gradient: expected numbers, but the value at position 1 is missing"),
        (np.full(22, np.nan), "^gradient: expected finite numbers, got nan at position 0"),
    ],
)
def test_a_gradient_that_does_not_fit_is_refused(gradient, match, net):
    gradient = np.full(len(net.parameters), np.nan) if np.shape(gradient) == (22,) else gradient
    with refused(ValueError, match, net):
        net.apply_gradient(gradient, SGD())
