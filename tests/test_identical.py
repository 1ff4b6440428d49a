# SPDX-License-Identifier: BSD-3-Clause
"""The core gives the bits of the reference, on every instruction set that the machine has. No tolerance anywhere."""

import netlet
import numpy as np
import pytest
from netlet import Network, _core, reference

CONFIGURATIONS = 240
OPTIMIZERS = [  # rates that let no drawn network diverge, summed gradients included
    ("SGD", {"learning_rate": 0.002}),
    ("SGD", {"learning_rate": 0.0005, "momentum": 0.9}),
    ("SGD", {"learning_rate": 0.0005, "momentum": 0.8, "nesterov": True}),
    ("Adam", {"learning_rate": 0.01}),
]


@pytest.fixture
def every_isa():
    """Run a function on each instruction set, and prove that it is in use."""
    before = netlet.isa()

    def run(check):
        for name in netlet.available_isas():
            _core.set_isa(name)
            assert netlet.isa() == name
            check()

    yield run
    _core.set_isa(before)


def logarithmic(rng, low, high):
    return round(np.exp(rng.uniform(np.log(low), np.log(high))))


def draw(rng):
    """Draw a network's arguments, data, batch size and optimizer."""
    layers = int(rng.integers(1, 5))
    loss = str(rng.choice(["squared_error", "binary_cross_entropy", "cross_entropy"]))
    sizes = [logarithmic(rng, 1, 70) for _ in range(layers + 1)]
    activation = [str(name) for name in rng.choice(["identity", "sigmoid", "tanh", "relu"], layers)]
    if loss == "binary_cross_entropy":
        activation[-1] = "sigmoid"
    elif loss == "cross_entropy" or rng.random() < 0.2:
        activation[-1] = "softmax"
        sizes[-1] = max(sizes[-1], 2)
    rows = logarithmic(rng, 1, 700)
    x = rng.normal(size=(rows, sizes[0]))
    if loss == "squared_error":
        y = rng.normal(size=(rows, sizes[-1]))
    elif loss == "binary_cross_entropy":
        y = rng.integers(0, 2, (rows, sizes[-1])) if rng.random() < 0.5 else rng.random((rows, sizes[-1]))
    else:
        y = rng.integers(0, sizes[-1], rows) if rng.random() < 0.5 else rng.dirichlet(np.ones(sizes[-1]), rows)
    arguments = {
        "activation": activation,
        "loss": loss,
        "reduction": str(rng.choice(["sum", "mean"])),
        "dtype": str(rng.choice(["float32", "float64"])),
        "init": str(rng.choice(["glorot_uniform", "he_uniform"])),
        "seed": int(rng.integers(0, 2**64, dtype=np.uint64)),
    }
    batch_size = max(logarithmic(rng, 1, rows), rows // 20) if rng.random() < 0.7 else None
    return sizes, arguments, x, y, batch_size, OPTIMIZERS[rng.integers(len(OPTIMIZERS))]


def assert_same_bits(computed, expected):
    """Assert equal dtype, shape and bits; a NaN equals a NaN."""
    computed, expected = np.asarray(computed), np.asarray(expected)
    assert computed.dtype == expected.dtype
    np.testing.assert_array_equal(computed, expected)
    np.testing.assert_array_equal(np.signbit(computed), np.signbit(expected))


@pytest.mark.parametrize("number", range(CONFIGURATIONS))
def test_a_drawn_network_computes_and_trains_to_the_reference_s_bits(number, every_isa):
    sizes, arguments, x, y, batch_size, (optimizer, settings) = draw(np.random.default_rng([1, number]))
    expected = reference.Network(sizes, **arguments)
    initial = expected.parameters.copy()
    outputs = expected.forward(x)
    loss, gradient = expected.backward(x, y)
    training = {"epochs": 2, "batch_size": batch_size}
    history = expected.fit(x, y, optimizer=getattr(reference, optimizer)(**settings), **training)

    def check():
        net = Network(sizes, **arguments)
        assert_same_bits(net.parameters, initial)
        assert_same_bits(net.forward(x), outputs)
        assert_same_bits(net.loss(x, y), loss)
        computed_loss, computed_gradient = net.backward(x, y)
        assert_same_bits(computed_loss, loss)
        assert_same_bits(computed_gradient, gradient)
        computed = net.fit(x, y, optimizer=getattr(netlet, optimizer)(**settings), **training)
        assert_same_bits(net.parameters, expected.parameters)
        assert_same_bits(computed.loss, history["loss"])
        if computed.metrics:
            assert_same_bits(computed.metrics["accuracy"], history["accuracy"])
        assert net.fingerprint() == expected.fingerprint()

    every_isa(check)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [256, 257, 1024, 1025, 1300, 2600])
def test_rows_of_several_blocks_are_summed_in_the_same_tree(rows, dtype, every_isa):
    rng = np.random.default_rng(rows)
    x, y = rng.normal(size=(rows, 5)), rng.integers(0, 3, rows)
    arguments = {"activation": "tanh", "loss": "cross_entropy", "dtype": dtype, "seed": 4}
    loss, gradient = reference.Network([5, 7, 3], **arguments).backward(x, y)

    def check():
        computed_loss, computed_gradient = Network([5, 7, 3], **arguments).backward(x, y)
        assert_same_bits(computed_loss, loss)
        assert_same_bits(computed_gradient, gradient)

    every_isa(check)


@pytest.mark.parametrize("width", [257, 400, 1030])
def test_wide_layers_are_cut_into_tiles_without_a_trace(width, every_isa):
    rng = np.random.default_rng(width)
    x, y = rng.normal(size=(9, width)), rng.normal(size=(9, width))
    arguments = {"activation": ["relu", "identity"], "dtype": "float32", "seed": 4}
    expected = reference.Network([width, 3, width], **arguments)
    gradient = expected.backward(x, y)[1]
    expected.step(x, y, reference.Adam())

    def check():
        net = Network([width, 3, width], **arguments)
        assert_same_bits(net.backward(x, y)[1], gradient)
        net.step(x, y, netlet.Adam())
        assert_same_bits(net.parameters, expected.parameters)

    every_isa(check)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [1e-30, 1e3, 1e30])
@pytest.mark.parametrize(
    ("loss", "activation"),
    [
        ("squared_error", ["tanh", "softmax"]),
        ("binary_cross_entropy", ["relu", "sigmoid"]),
        ("cross_entropy", ["identity", "softmax"]),
    ],
)
def test_extreme_sums_give_the_same_bits_and_a_finite_cross_entropy(loss, activation, scale, dtype, every_isa):
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(30, 4)) * scale, np.eye(3)[rng.integers(0, 3, 30)]
    arguments = {"activation": activation, "loss": loss, "dtype": dtype, "seed": 1}
    expected = reference.Network([4, 6, 3], **arguments)
    outputs, (loss_value, gradient) = expected.forward(x), expected.backward(x, y)
    assert np.isfinite(loss_value)

    def check():
        net = Network([4, 6, 3], **arguments)
        assert_same_bits(net.forward(x), outputs)
        assert_same_bits(net.backward(x, y)[0], loss_value)
        assert_same_bits(net.backward(x, y)[1], gradient)

    every_isa(check)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["identity", "sigmoid", "tanh", "relu", "softmax"])
def test_nan_and_infinity_pass_through_forward_as_in_the_reference(activation, dtype, every_isa):
    x = np.array([[np.nan, 1.0], [1.0, np.nan], [np.inf, 1.0], [-np.inf, 1.0], [np.inf, -np.inf], [0.5, 0.5]])
    arguments = {"activation": ["relu", activation], "dtype": dtype, "seed": 3}
    outputs = reference.Network([2, 5, 3], **arguments).forward(x)
    assert np.isnan(outputs[0]).all()

    def check():
        np.testing.assert_array_equal(Network([2, 5, 3], **arguments).forward(x), outputs)

    every_isa(check)
