# SPDX-License-Identifier: BSD-3-Clause
"""Invalid options of training are refused by name."""

import numpy as np
import pytest
from netlet import SGD, Adam, Rprop, schedules

from helpers.bad_input import INF, NAN, X, Y, refused


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda net: net.step(X, Y), "optimizer"),
        (lambda net: net.step(X, Y, 0.1), r"^optimizer: expected one of netlet's, such as netlet.Adam\(\), got float"),
        (lambda net: net.step(X, Y, Adam), "^optimizer: .* write Adam()"),
        (lambda net: net.backward(X), "^y: expected y or output_gradient, got neither"),
        (lambda net: net.forward(X, X), "positional"),
        (lambda net: SGD("a"), "^learning_rate: expected a number, got 'a'"),
        (lambda net: Adam(epsilon=None), "^epsilon: expected a number, got None"),
        (lambda net: setattr(SGD(), "learning_rate", "x"), "^learning_rate: "),
        (lambda net: net.fit(X, Y, epochs=1, learning_rate="auto"), "^learning_rate: "),
    ],
)
def test_a_call_that_does_not_fit_gets_a_short_sentence(call, match, net):
    with pytest.raises(TypeError, match=match) as caught:
        call(net)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"epochs": 0}, ValueError),
        ({"epochs": -1}, ValueError),
        ({"epochs": 2**63}, ValueError),
        ({"epochs": 1.0}, TypeError),
        ({"epochs": None}, TypeError),
        ({"batch_size": 0}, ValueError),
        ({"batch_size": -3}, ValueError),
        ({"batch_size": 2.0}, TypeError),
        ({"batch_size": "all"}, TypeError),
        ({"seed": -1}, ValueError),
        ({"seed": 2**64}, ValueError),
        ({"seed": 0.5}, TypeError),
        ({"learning_rate": 0}, ValueError),
        ({"learning_rate": -0.1}, ValueError),
        ({"learning_rate": NAN}, ValueError),
        ({"learning_rate": INF}, ValueError),
        ({"callback": 3}, TypeError),
        ({"callback": [print]}, TypeError),
        ({"optimizer": "lbfgs"}, ValueError),
        ({"optimizer": Adam}, TypeError),
    ],
    ids=str,
)
def test_a_bad_option_of_fit_is_refused_by_name(options, error, net):
    (name,) = options
    with refused(error, f"^{name}: ", net):
        net.fit(X, Y, **{"epochs": 2, **options})


def test_a_learning_rate_beside_an_optimizer_is_refused(net):
    optimizer = SGD(0.1)
    with refused(ValueError, "^learning_rate: .*optimizer", net, optimizer):
        net.fit(X, Y, epochs=1, learning_rate=0.1, optimizer=optimizer)


def test_epochs_must_be_given(net):
    with refused(TypeError, "epochs", net):
        net.fit(X, Y)


def test_step_needs_an_optimizer(net):
    for optimizer in (None, 0.1, "adam"):
        with refused(TypeError, "optimizer", net):
            net.step(X, Y, optimizer)


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("sample_weight", np.ones(5), r"^sample_weight: expected shape \(6,\), got \(5,\)"),
        ("sample_weight", np.ones((6, 1)), "^sample_weight: expected shape"),
        ("sample_weight", [1, 1, 1, -1, 1, 1], "^sample_weight: expected weights >= 0, got -1 in row 3"),
        ("sample_weight", [1, 1, 1, np.nan, 1, 1], "^sample_weight: expected finite numbers, got nan in row 3"),
        ("class_weight", {0: 1.0}, "^class_weight: expected None for squared_error"),
        ("validation_data", (np.ones((3, 4)), np.ones((3, 5))), "^validation_data: y: expected shape"),
        ("validation_data", (np.ones((3, 9)), np.ones((3, 3))), "^validation_data: x: expected shape"),
        ("validation_data", (np.ones((0, 4)), np.ones((0, 3))), "^validation_data: x: expected at least one row"),
        ("validation_data", (np.full((3, 4), np.nan), np.ones((3, 3))), "^validation_data: x: expected finite"),
        ("validation_data", np.ones((3, 4)), "^validation_data: expected a tuple"),
        ("patience", 0, "^patience: "),
        ("min_delta", -1, "^min_delta: "),
        ("schedule", schedules.StepDecay(2.0), "^gamma: expected 0 < gamma <= 1, got 2"),
        ("schedule", schedules.CosineDecay(0), "^period: expected at least 1 epoch"),
        ("schedule", schedules.CosineDecay(5, floor=2), "^floor: "),
        ("schedule", schedules.ReduceOnPlateau(min_delta=-1), "^min_delta: "),
        ("schedule", lambda epoch: -1, "^schedule: expected a finite factor >= 0 for epoch 0, got -1"),
        ("standardize", "both", "^standardize: "),
    ],
)
def test_a_bad_argument_of_fit_is_refused_by_name(name, value, match, net):
    with refused(ValueError, match, net):
        net.fit(X, Y, epochs=2, **{name: value})
    assert net.input_scaling is None


def test_a_schedule_that_is_none_is_refused(net):
    for value in (0.5, "cosine", schedules.StepDecay):
        with refused(TypeError, "^schedule: expected one of netlet.schedules or a function", net):
            net.fit(X, Y, epochs=1, schedule=value)


def test_what_a_schedule_s_function_raises_comes_out(net):
    with refused(ZeroDivisionError, "division", net):
        net.fit(X, Y, epochs=1, schedule=lambda epoch: 1 / epoch)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"batch_size": 2}, "^batch_size: rprop"),
        ({"schedule": schedules.ExponentialDecay()}, "^schedule: .*rprop"),
    ],
)
def test_rprop_takes_whole_batches_and_no_schedule(options, match, net):
    with refused(ValueError, match, net):
        net.fit(X, Y, epochs=1, optimizer=Rprop(), **options)
