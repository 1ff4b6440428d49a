# SPDX-License-Identifier: BSD-3-Clause
"""What a network is made of: sizes, names, initial values, seed."""

import numpy as np
import pytest
from netlet import Network, reference

from helpers import xor
from helpers.every import every_dtype


@pytest.mark.parametrize(
    ("settings", "activations"),
    [
        ({}, ("sigmoid", "sigmoid", "sigmoid")),
        ({"activation": "relu"}, ("relu", "relu", "relu")),
        ({"activation": "relu", "output_activation": "identity"}, ("relu", "relu", "identity")),
        ({"activation": "relu", "output_activation": "softmax"}, ("relu", "relu", "softmax")),
        ({"activation": "tanh", "loss": "cross_entropy"}, ("tanh", "tanh", "softmax")),
        ({"activation": "tanh", "loss": "binary_cross_entropy"}, ("tanh", "tanh", "sigmoid")),
        ({"activation": ["relu", "tanh", "identity"]}, ("relu", "tanh", "identity")),
        ({"activation": ("relu", "tanh", "softmax"), "loss": "cross_entropy"}, ("relu", "tanh", "softmax")),
    ],
)
def test_each_layer_gets_the_activation_asked_for_or_the_one_of_its_loss(settings, activations):
    assert Network([2, 4, 3, 2], **settings).activations == activations


def test_the_default_network_is_the_tutorials():
    net = Network([2, 3, 1])
    assert net.layer_sizes == (2, 3, 1)
    assert (net.loss_name, net.reduction, net.dtype, net.epochs_trained) == ("squared_error", "sum", np.float64, 0)


@pytest.mark.parametrize(
    "sizes",
    [[2, 3, 1], (2, 3, 1), range(2, 5), np.array([2, 3, 1]), iter([2, 3, 1])],
    ids=["list", "tuple", "range", "array", "iterator"],
)
def test_layer_sizes_may_be_any_sequence_of_integers(sizes):
    assert len(Network(sizes).layer_sizes) == 3


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("float32"), "f4"], ids=repr)
def test_dtype_is_named_as_numpy_names_it(dtype):
    net = Network([2, 3, 1], dtype=dtype)
    assert {net.dtype, net.parameters.dtype, net.forward(xor.X).dtype} == {np.dtype("float32")}


@every_dtype
@pytest.mark.parametrize("init", ["glorot_uniform", "he_uniform"])
@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_initial_values_are_those_of_the_reference(init, seed, dtype):
    settings = {"init": init, "seed": seed, "dtype": dtype}
    parameters = Network([4, 6, 3], **settings).parameters
    assert parameters.tobytes() == reference.Network([4, 6, 3], **settings).parameters.tobytes()


def test_glorot_is_the_default_and_differs_from_he():
    default, glorot, he = (
        Network([4, 6, 3], seed=5, **s) for s in ({}, {"init": "glorot_uniform"}, {"init": "he_uniform"})
    )
    assert default == glorot
    assert glorot != he


@pytest.mark.parametrize("convert", [np.array, list, tuple, np.float32], ids=["array", "list", "tuple", "float32"])
def test_init_takes_a_flat_array_in_the_layout_of_parameters(convert):
    values = np.arange(13) / 8
    np.testing.assert_array_equal(Network([2, 3, 1], init=convert(values)).parameters, values)


@pytest.mark.parametrize("as_list", [False, True])
def test_init_takes_a_pair_of_weight_and_bias_for_each_layer(as_list):
    pairs = [(np.full((2, 3), 0.5), np.arange(3.0)), (np.full((3, 1), -2.0), np.array([9.0]))]
    init = [(w.tolist(), b.tolist()) for w, b in pairs] if as_list else pairs
    net = Network([2, 3, 1], init=init)
    for (weight, bias), w, b in zip(pairs, net.weights, net.biases):
        np.testing.assert_array_equal(w, weight)
        np.testing.assert_array_equal(b, bias)


def test_init_values_are_copied():
    values = np.zeros(13)
    net = Network([2, 3, 1], init=values)
    values[:] = 1
    assert not net.parameters.any()


def test_a_drawn_seed_can_be_read_and_gives_the_same_network_again():
    first, second = Network([2, 3, 1]), Network([2, 3, 1])
    assert first.seed != second.seed
    assert 0 <= first.seed < 2**64
    assert Network([2, 3, 1], seed=first.seed) == first
    assert first != second


@pytest.mark.parametrize("seed", [0, 12, np.int32(12), 2**64 - 1])
def test_a_given_seed_is_kept(seed):
    assert Network([2, 3, 1], seed=seed).seed == seed
