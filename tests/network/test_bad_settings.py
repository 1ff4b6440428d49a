# SPDX-License-Identifier: BSD-3-Clause
"""Invalid settings of a network are refused by name."""

import numpy as np
import pytest
from netlet import SGD, Adam, AdamW, Network, RMSprop, Rprop, _core

from helpers.bad_input import refused

ACTIVATIONS = ", ".join(_core.NAMES["activation"])


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"activation": "sigmoyd"}, f"^activation: .*'sigmoyd'.*{ACTIVATIONS}"),
        ({"activation": "Sigmoid"}, f"^activation: .*'Sigmoid'.*{ACTIVATIONS}"),
        ({"activation": ""}, f"^activation: .*{ACTIVATIONS}"),
        ({"activation": ["relu", "sigmoyd"]}, f"^activation: .*'sigmoyd'.*{ACTIVATIONS}"),
        ({"activation": ["relu"]}, "^activation: expected a name, or 2 names"),
        ({"activation": ["relu"] * 3}, "^activation: expected a name, or 2 names"),
        ({"activation": ["relu", 3]}, "^activation: "),
        ({"activation": "softmax"}, "^activation: softmax is for the output layer only"),
        ({"activation": ["softmax", "relu"]}, "^activation: softmax is for the output layer only"),
        ({"activation": ["relu", "relu"], "output_activation": "relu"}, "^output_activation: "),
        ({"output_activation": "softmux"}, f"^output_activation: .*'softmux'.*{ACTIVATIONS}"),
        ({"output_activation": ""}, f"^output_activation: .*{ACTIVATIONS}"),
        ({"loss": "mse"}, "^loss: .*'mse'.*squared_error, .*, cross_entropy"),
        ({"loss": "cross_entropy", "output_activation": "sigmoid"}, "^loss: cross_entropy needs a softmax output"),
        ({"loss": "cross_entropy", "activation": ["relu", "relu"]}, "^loss: cross_entropy needs a softmax output"),
        ({"loss": "binary_cross_entropy", "output_activation": "tanh"}, "^loss: .*needs a sigmoid output, got tanh"),
        ({"reduction": "average"}, "^reduction: .*'average'.*sum, mean"),
        ({"dtype": "float16"}, "^dtype: expected 'float32' or 'float64', got 'float16'"),
        ({"dtype": "int64"}, "^dtype: "),
        ({"dtype": "complex128"}, "^dtype: "),
        ({"dtype": ">f8"}, "^dtype: "),
        ({"dtype": "no dtype"}, "^dtype: .*'no dtype'"),
        ({"dtype": 3}, "^dtype: "),
        ({"init": "zeros"}, "^init: .*'zeros'.*glorot_uniform, he_uniform"),
        ({"seed": -1}, "^seed: .*-1"),
        ({"seed": 2**64}, "^seed: .*18446744073709551616"),
    ],
    ids=str,
)
def test_a_bad_setting_is_refused_by_name_with_the_known_ones(settings, match):
    with pytest.raises((TypeError, ValueError), match=match):
        Network([4, 5, 3], **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"activation": None},
        {"activation": 3},
        {"output_activation": 3},
        {"loss": None},
        {"loss": ["squared_error"]},
        {"reduction": 1},
        {"seed": 1.5},
        {"seed": "1"},
        {"seed": np.array([1, 2])},
    ],
    ids=str,
)
def test_a_setting_of_the_wrong_type_is_refused_by_name(settings):
    (name,) = settings
    with pytest.raises(TypeError, match=f"^{name}: "):
        Network([4, 5, 3], **settings)


def test_cross_entropy_needs_two_outputs():
    with pytest.raises(ValueError, match=r"^loss: cross_entropy needs at least 2 outputs"):
        Network([4, 5, 1], loss="cross_entropy")


def test_settings_are_keywords():
    with pytest.raises(TypeError):
        Network([4, 5, 3], "relu")


@pytest.mark.parametrize(
    ("sizes", "error"),
    [
        ([], ValueError),
        ([4], ValueError),
        ([4, 0, 3], ValueError),
        ([0, 3], ValueError),
        ([4, 0], ValueError),
        ([4, -5, 3], ValueError),
        ([4, 5.0, 3], TypeError),
        ([4, "5", 3], TypeError),
        ([4, None], TypeError),
        ([[4, 5], 3], TypeError),
        ("45", TypeError),
        (4, TypeError),
        (None, TypeError),
        ([2**70, 2], ValueError),
        ([2**40, 2**40], MemoryError),
        ([2**62, 2, 2**62, 2], MemoryError),
        ([1, 2**63 - 1, 1], MemoryError),
        ([2**28, 2**28], MemoryError),
    ],
    ids=str,
)
def test_bad_layer_sizes_are_refused(sizes, error):
    with pytest.raises(error, match=r"^layer_sizes: "):
        Network(sizes)


@pytest.mark.parametrize(
    ("init", "error"),
    [
        (np.zeros(12), ValueError),
        (np.zeros((13, 1)), ValueError),
        (np.zeros(()), ValueError),
        (None, TypeError),
        ([], ValueError),
        ([1.0] * 12 + [None], ValueError),
        (np.ma.array(np.zeros(13), mask=np.arange(13) == 5), ValueError),
        ([(np.zeros((2, 3)), np.zeros(3))], ValueError),
        ([(np.zeros((2, 3)), np.zeros(3)), (np.zeros((3, 1)),)], ValueError),
        ([(np.zeros((3, 2)), np.zeros(3)), (np.zeros((3, 1)), np.zeros(1))], ValueError),
        ([(np.zeros((2, 3)), np.zeros(1)), (np.zeros((3, 1)), np.zeros(1))], ValueError),
        ([(np.zeros((2, 3)), 0.0), (np.zeros((3, 1)), 0.0)], ValueError),
        ([([[1, 2, 3], [4, 5]], [0] * 3), ([[1]] * 3, [0])], ValueError),
        (np.zeros(13, dtype=complex), TypeError),
        (["1"] * 13, TypeError),
        ([(np.zeros((2, 3)), ["a"] * 3), (np.zeros((3, 1)), np.zeros(1))], TypeError),
    ],
    ids=lambda value: "" if isinstance(value, type) else repr(value)[:40],
)
def test_initial_values_that_do_not_fit_are_refused(init, error):
    with pytest.raises(error, match=r"^init: "):
        Network([2, 3, 1], init=init)


@pytest.mark.parametrize("name", ["epochs_trained", "seed", "layer_sizes", "dtype", "weights"])
def test_what_a_network_is_cannot_be_set(name, net):
    with refused(AttributeError, None, net):
        setattr(net, name, 3)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: SGD(l2=-1), "^l2: .*>= 0, got -1"),
        (lambda: Adam(l1=np.inf), "^l1: .*got inf"),
        (lambda: SGD(clip_value=-0.5), "^clip_value: "),
        (lambda: SGD(clip_norm=np.nan), "^clip_norm: .*got nan"),
        (lambda: SGD(clip_norm=1, clip_value=1), "^clip_norm: give this or clip_value, not both"),
        (lambda: AdamW(weight_decay=-0.1), "^weight_decay: "),
        (lambda: RMSprop(rho=1), "^rho: expected a number >= 0 and < 1, got 1"),
        (lambda: RMSprop(momentum=-1), "^momentum: "),
        (lambda: RMSprop(epsilon=0), "^epsilon: "),
        (lambda: Rprop(eta_minus=1), "^eta_minus: expected a number > 0 and < 1, got 1"),
        (lambda: Rprop(eta_plus=1), "^eta_plus: .*> 1, got 1"),
        (lambda: Rprop(step_min=0), "^step_min: "),
        (lambda: Rprop(step_min=2, step_max=1), "^step_min: expected at most step_max, 1, got 2"),
        (lambda: Network([2, 3, 1], dropout=1), "^dropout: expected 0 <= dropout < 1, got 1 for layer 1"),
        (lambda: Network([2, 3, 1], dropout=[0.1, 0.1]), "^dropout: .*1 numbers, one for each hidden layer"),
        (lambda: Network([2, 1], loss="huber", huber_delta=0), "^huber_delta: "),
        (lambda: Network([2, 1], loss="huber", huber_delta=np.inf), "^huber_delta: "),
        (lambda: Network([2, 1], huber_delta=-1), "^huber_delta: .*got -1"),  # whatever the loss
        (lambda: Network([2, 1], huber_delta=np.inf), "^huber_delta: .*got inf"),
        (lambda: Network([2, 1], loss="quantile", quantile=1), "^quantile: expected 0 < quantile < 1, got 1"),
        (lambda: Network([2, 3], loss="quantile", quantile=[0.1, 0.9]), "^quantile: .*3 numbers, one for each output"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_names_of_other_libraries_get_a_hint():
    with pytest.raises(ValueError, match=r"unknown name 'mse' \(here it is 'squared_error'\)"):
        Network([2, 1], loss="mse")
    with pytest.raises(ValueError, match=r"unknown name 'ReLU' \(here it is 'relu'\)"):
        Network([2, 1], activation="ReLU")
