# SPDX-License-Identifier: BSD-3-Clause
"""What readers of other formats meet between layers goes into layers and scalings: the same function."""

import numpy as np
import pytest
from netlet import Network
from netlet.formats.parts import Allowance, Layers

W1, B1 = np.arange(12.0).reshape(3, 4) / 8 - 0.5, np.array([0.5, -0.25, 0.125, 0.0])
W2, B2 = np.arange(8.0).reshape(4, 2) / 4 - 1, np.array([-1.0, 0.75])
X = np.random.default_rng(0).normal(size=(20, 3)) * 3


def leaky_relu(value, slope):
    return np.maximum(value, 0) + slope * np.minimum(value, 0)


def layers_of(*met):
    layers = Layers(3)
    for what, *values in met:
        if what is np.matmul:
            layers.add_layer(*values, "model")
        elif what is np.tanh:
            layers.add_activation("tanh", "model")
        elif what is leaky_relu:
            layers.add_leaky_relu(*map(np.float64, values), "model, leaky")
        elif what is np.clip:
            layers.add_clip(*values, "model, limits")
        else:
            layers.add_columns(what, *values, "model, step")
    return layers


def read(*met):
    """Layers after what was met, and the right outputs for X."""
    value = X
    for what, *values in met:
        value = what(value, *values[: 2 if what is np.clip else 1])
        if what is np.matmul and values[1] is not None:
            value = value + values[1]
    return layers_of(*met), value


def assert_right(layers, value, **arguments):
    network = Network._from_parts(layers.parts(loss=None, dtype=None, **arguments))
    np.testing.assert_allclose(network.forward(X), value, rtol=1e-13, atol=1e-13)
    return network


FIRST, SECOND = (np.matmul, W1, B1), (np.matmul, W2, B2)


@pytest.mark.parametrize("scale", [0.5, -2.0, 0.0, [1.0, 2.0, 3.0, 4.0], [1.0, -2.0, 0.0, 4.0]])
def test_columns_anywhere_are_the_same_function(scale):
    columns = [(np.multiply, scale), (np.subtract, 0.75), (np.divide, 3.0), (np.add, np.arange(4.0))]
    three = [(step, np.asarray(values)[..., :3] if np.ndim(values) else values) for step, values in columns]
    two = [(step, np.asarray(values)[..., :2] if np.ndim(values) else values) for step, values in columns]
    positive = np.min(scale) > 0
    network = assert_right(*read(*three, FIRST, (np.tanh,), SECOND))
    assert (network.input_scaling is not None) == positive
    network = assert_right(*read(FIRST, *columns, (np.tanh,), SECOND))
    assert network.layer_sizes == (3, 4, 2)
    assert network.input_scaling is network.output_scaling is None
    network = assert_right(*read(FIRST, (np.tanh,), *columns, SECOND))
    assert network.layer_sizes == (3, 4, 2)
    assert network.input_scaling is network.output_scaling is None
    network = assert_right(*read(FIRST, *columns, SECOND))
    assert network.activations == ("identity", "identity")
    network = assert_right(*read(FIRST, SECOND, *two))
    assert (network.output_scaling is not None) == positive
    if positive:
        network = assert_right(*read(FIRST, SECOND, (np.tanh,), *two))
        assert network.output_scaling is not None
    else:
        with pytest.raises(ValueError, match=r"model, step: expected a positive scale .* after the activation tanh"):
            layers_of(FIRST, SECOND, (np.tanh,), *two).parts(loss=None, dtype=None)


def test_what_is_copied_stays_the_same_bits():
    mean, width = np.array([0.1, 0.7, 1e9 / 3]), np.array([3.0, 1 / 3, 1e-7])
    layers, value = read(
        (np.subtract, mean), (np.divide, width), FIRST, (np.tanh,), (np.matmul, W2, None), (np.add, B2),
        (np.tanh,), (np.multiply, width[:2]), (np.add, mean[:2]),
    )  # fmt: skip
    network = assert_right(layers, value)
    expected = [mean, width, W1, B1, W2, B2, mean[:2], width[:2]]
    layer = zip(network.weights, network.biases)
    found = [*network.input_scaling, *(values for pair in layer for values in pair), *network.output_scaling]
    for wanted, got in zip(expected, found):
        assert wanted.tobytes() == got.tobytes()


def test_dtype_is_that_of_the_weights_and_folding_is_in_float64():
    w, b = np.float32([[1 / 3]]), np.float32([0.1])
    layers = Layers()
    layers.add_layer(w, b, "model")
    layers.add_columns(np.multiply, 0.1, "model")
    layers.add_activation("tanh", "model")
    parts = layers.parts(loss=None, dtype=None)
    assert parts.dtype == np.float32
    assert parts.weights[0][0, 0] == np.float32(np.float64(w[0, 0]) * 0.1)
    assert parts.biases[0][0] == np.float32(np.float64(b[0]) * 0.1)


@pytest.mark.parametrize("limits", [(-1.0, 1.0), (0.0, 6.0), (0.25, 0.75), (-5.0, -0.5), (0.0, np.inf)])
def test_limits_anywhere_are_the_same_function(limits):
    clip = (np.clip, *limits)
    columns = [(np.multiply, [1.0, -2.0, 0.5, 4.0]), (np.add, 0.75)]
    three = [(np.divide, [1.0, 2.0, 0.5]), (np.subtract, 0.75)]
    for met, layers in [
        ([FIRST, clip, SECOND], 2),
        ([FIRST, *columns, clip, *columns, SECOND], 2),
        ([*three, clip, FIRST], 2),
        ([clip, FIRST, (np.tanh,), clip, SECOND, clip], 4),
        ([FIRST, (np.tanh,), *columns, clip, clip, SECOND], 4),
        ([(np.tanh,), FIRST, (np.tanh,), (np.tanh,)], 3),
    ]:
        assert len(assert_right(*read(*met)).activations) == layers


def test_what_limits_need_is_refused():
    for limits, message in [
        ((1.0, 1.0), "model, limits: netlet has relu, from 0 on, and limits on both sides; this one is from 1 to 1"),
        ((2.0, 1.0), "from 2 to 1"),
        ((1.0, np.inf), "from 1 to inf"),
        ((-np.inf, 0.0), "from -inf to 0"),
        ((np.nan, 0.0), "from nan to 0"),
        ((-1e308, 1e308), r"from -1e\+308 to 1e\+308"),
    ]:
        with pytest.raises(ValueError, match=message):
            layers_of(FIRST, (np.clip, *limits))
    for limits, dtype, most in [((-2000.0, 2000.0), "float32", "2048"), ((0.0, 1e13), None, r"1.09951e\+12")]:
        with pytest.raises(ValueError, match=f"model, limits: expected limits at most {most} apart in float"):
            layers_of(FIRST, (np.clip, *limits)).parts(loss=None, dtype=dtype)
    layers = Layers()  # of a model whose inputs are not known
    with pytest.raises(ValueError, match="expected a layer of sums before the activation tanh"):
        layers.add_activation("tanh", "model")
    layers = Layers(2000, Allowance(held=100_000))
    with pytest.raises(
        ValueError, match=r"of 2000 \* 2000 numbers: .* use the model's 100000 numbers at most 16 times"
    ):
        layers.add_activation("tanh", "model")


def test_losses_decide_what_becomes_of_a_scale_at_the_end():
    layers, value = read(FIRST, SECOND, (np.multiply, 2.0), (np.add, 1.0))
    parts = layers.parts(loss="poisson", dtype=None)  # which has no output scaling
    assert parts.output_scaling is None
    np.testing.assert_allclose(Network._from_parts(parts).forward(X), value, rtol=1e-13, atol=1e-13)
    layers = Layers()
    layers.add_layer(W1, B1, "model")
    layers.add_activation("sigmoid", "model")
    layers.add_columns(np.multiply, 2.0, "model, node 'm'")
    with pytest.raises(ValueError, match="node 'm': expected nothing after the outputs of binary_cross_entropy"):
        layers.parts(loss="binary_cross_entropy", dtype=None)
    assert layers.parts(loss=None, dtype=None).loss == "squared_error"
    layers, value = read(FIRST, (np.multiply, -2.0))
    layers.override(None, "softmax")  # of the scaled sums
    value = np.exp(value) / np.exp(value).sum(axis=1, keepdims=True)
    assert assert_right(layers, value).loss_name == "cross_entropy"


@pytest.mark.filterwarnings("ignore:model, leaky:UserWarning")
@pytest.mark.parametrize("slope", [0.2, -1.5, [0.25, 0.01, 0.0, 1.0]])
def test_slopes_of_leaky_relu_take_pairs_of_units(slope):
    columns = [(np.multiply, -2.0), (np.add, np.arange(4.0))]
    leaky, two = (leaky_relu, slope), (leaky_relu, np.resize(slope, 2))
    network = assert_right(*read(FIRST, leaky, SECOND))
    assert network.layer_sizes == (3, 8, 2)
    assert network.activations == ("relu", "identity")
    assert_right(*read(FIRST, *columns, leaky, *columns, SECOND, two))
    assert_right(*read(FIRST, leaky, (np.tanh,), leaky, (np.clip, -0.5, 0.5), SECOND))
    assert_right(*read((leaky_relu, 0.3), FIRST, (np.tanh,), leaky))
    assert_right(*read(FIRST, leaky, (np.add, 1.0)))
    layers, value = read((np.matmul, W1, None), leaky)
    layers.override(None, "sigmoid")
    assert_right(layers, 1 / (1 + np.exp(-value)))


def test_a_slope_of_netlet_s_own_stays_a_unit_and_others_are_said():
    for slope, name in ((0.01, "leaky_relu"), (0, "relu"), (1, "identity")):
        network = assert_right(*read(FIRST, (leaky_relu, slope), SECOND))
        assert (network.layer_sizes, network.activations[0]) == ((3, 4, 2), name)
    with pytest.warns(
        UserWarning, match=r"^model, leaky: its slope is not netlet's 0\.01, so each of its units is read"
    ):
        layers_of(FIRST, (leaky_relu, 0.1), SECOND).parts(loss=None, dtype=None)
    for slope, message in ((np.nan, "finite slopes, got nan"), ([0.1, 0.2], r"one for each of 4 columns, got \(2,\)")):
        with pytest.raises(ValueError, match=f"^model, leaky: expected .*{message}"):
            layers_of(FIRST, (leaky_relu, slope))


def test_columns_that_do_not_fit_are_refused():
    for met, message in [
        ([(np.add, [1.0, 2.0]), FIRST], "one for each of 3 inputs, got 2"),
        ([FIRST, (np.add, [1.0, 2.0])], r"one for each of 4 columns, got shape \(2,\)"),
        ([(np.add, 1j), FIRST], "expected numbers, got complex128"),
        ([(np.add, "1"), FIRST], "expected numbers, got <U1"),
        ([(np.multiply, 1e308), (np.multiply, -10.0), FIRST], "got nan or inf"),
        ([FIRST, (np.divide, 0.0), (np.tanh,)], "got nan or inf"),
    ]:
        with pytest.raises(ValueError, match=message):
            layers_of(*met)
    for factor, dtype, message in [
        (1e300, "float32", "model, layer 1: expected parameters within the range of float32"),
        (np.inf, None, "model, layer 1: expected finite parameters, got nan or inf"),
        (1.0, "int8", "dtype: expected 'float32' or 'float64', got 'int8'"),
        (1.0, "nonsense", "dtype: expected 'float32' or 'float64', got 'nonsense'"),
    ]:
        layers = layers_of((np.matmul, np.full_like(W1, factor), B1))
        with pytest.raises(ValueError, match=message):
            layers.parts(loss=None, dtype=dtype)
