# SPDX-License-Identifier: BSD-3-Clause
"""Optimizers with invalid settings, or with the state of another network, are refused."""

import pytest
from netlet import SGD, Adam, Network

from helpers.bad_input import INF, NAN, TRAINS, X, Y, every, refused


@pytest.mark.parametrize(
    ("optimizer", "match"),
    [
        (lambda: SGD(1e-60), "^learning_rate: 1e-60 is 0 in float32"),
        (lambda: SGD(1e60), r"^learning_rate: 1e\+60 is inf in float32"),
        (lambda: Adam(epsilon=1e-50), "^epsilon: 1e-50 is 0 in float32"),
    ],
)
@every(TRAINS)
def test_a_setting_that_is_lost_in_the_network_s_dtype_is_refused(call, optimizer, match):
    net, chosen = Network([4, 5, 3], dtype="float32", seed=2), optimizer()
    with refused(ValueError, match, net, chosen):
        call(net, X, Y, chosen)


@every(TRAINS)
@pytest.mark.parametrize(
    "other",
    [{"layer_sizes": [4, 6, 3]}, {"layer_sizes": [4, 5, 3], "dtype": "float32"}],
    ids=["size", "dtype"],
)
def test_an_optimizer_with_the_state_of_another_network_is_refused(call, other, net):
    optimizer = Adam()
    Network(**other).step(X, Y, optimizer)
    with refused(ValueError, "^optimizer: .*state", net, optimizer):
        call(net, X, Y, optimizer)


@pytest.mark.parametrize(
    ("optimizer", "settings"),
    [
        *((kind, {"learning_rate": rate}) for kind in (SGD, Adam) for rate in (0, -1, NAN, INF, -INF)),
        *((SGD, {"momentum": momentum}) for momentum in (-0.1, 1, NAN)),
        (SGD, {"nesterov": True}),
        *((Adam, {name: beta}) for name in ("beta_1", "beta_2") for beta in (-0.1, 1.0, NAN)),
        *((Adam, {"epsilon": epsilon}) for epsilon in (0, -1e-8, NAN, INF)),
    ],
    ids=str,
)
def test_a_hyperparameter_out_of_range_is_refused_by_name(optimizer, settings):
    (name,) = settings
    with pytest.raises(ValueError, match=f"^{name}: "):
        optimizer(**settings)


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_a_hyperparameter_must_be_a_number(kind):
    with pytest.raises(TypeError, match="learning_rate"):
        kind("fast")


@pytest.mark.parametrize("optimizer", [SGD(), Adam()], ids=["SGD", "Adam"])
def test_setting_a_bad_learning_rate_is_refused(optimizer, net):
    for rate in (0, -1.0, NAN, INF):
        with refused(ValueError, "^learning_rate: ", net, optimizer):
            optimizer.learning_rate = rate


def test_settings_other_than_the_learning_rate_are_fixed():
    with pytest.raises(AttributeError):
        SGD(0.1, momentum=0.5).momentum = 0.25


def test_a_setting_that_no_optimizer_has_is_refused():
    for name in ("lr", "weight_decay", "nesterow"):
        with pytest.raises(AttributeError, match=f"has no setting '{name}'"):
            setattr(Adam(), name, 1.0)
    with pytest.raises(AttributeError):
        Adam().beta_1 = 0.5
