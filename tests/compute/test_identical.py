# SPDX-License-Identifier: BSD-3-Clause
"""The core gives the reference's bits on every instruction set wherever its code takes a special path."""

import netlet
import numpy as np
import pytest
from netlet import Network, _core, reference

from helpers.bits import assert_same_bits


@pytest.mark.parametrize("settings", [{"optimizer": ("SGD", {"clip_value": 1.0})}, {"optimizer": ("Rprop", {})}])
def test_infinite_gradients_that_are_clipped_do_no_harm(settings, every_isa):
    arguments = {"activation": ["relu", "identity"], "dtype": "float32", "init": [([[1]], [0]), ([[1]], [3e38])]}
    name, values = settings["optimizer"]
    expected = reference.Network([1, 1, 1], **arguments)
    expected.fit([[1.0]], [[-3e38]], epochs=1, optimizer=getattr(reference, name)(**values))

    def check():
        net = Network([1, 1, 1], **arguments)
        net.fit([[1.0]], [[-3e38]], epochs=1, optimizer=getattr(netlet, name)(**values))
        assert_same_bits(net.parameters, expected.parameters)

    every_isa(check)


@pytest.mark.parametrize(
    ("dtype", "exponent"),
    [("float64", -1074), ("float64", -1022)]
    + [(dtype, e) for dtype in ("float32", "float64") for e in (-149, -130, -127, -126, -3, 0, 5, 127)],
)
def test_means_by_powers_of_two_are_exact(exponent, dtype, every_isa):
    arguments = {"activation": "identity", "dtype": dtype, "reduction": "mean", "init": [([[1.0]], [0.5])]}
    weight = np.array([2.0**exponent])
    with np.errstate(all="ignore"):
        gradient = reference.Network([1, 1], **arguments).backward([[1.0]], [[0.0]], sample_weight=weight)[1]

    def check():
        net = Network([1, 1], **arguments)
        assert_same_bits(net.backward([[1.0]], [[0.0]], sample_weight=weight)[1], gradient)

    every_isa(check)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [256, 257, 1024, 1025, 1300, 2600])
def test_rows_of_several_blocks_are_summed_in_the_same_tree(rows, dtype, every_isa):
    rng = np.random.default_rng(rows)
    x, y = rng.normal(size=(rows, 5)), rng.integers(0, 3, rows)
    arguments = {"activation": "tanh", "loss": "cross_entropy", "reduction": "mean", "dtype": dtype, "seed": 4}
    loss, gradient = reference.Network([5, 7, 3], **arguments).backward(x, y)
    weights, expected = rng.random(rows), reference.Network([5, 7, 3], **arguments)
    history = expected.fit(x, y, epochs=1, batch_size=rows - rows // 8, sample_weight=weights)

    def check():
        net = Network([5, 7, 3], **arguments)
        computed_loss, computed_gradient = net.backward(x, y)
        assert_same_bits(computed_loss, loss)
        assert_same_bits(computed_gradient, gradient)
        assert_same_bits(
            net.fit(x, y, epochs=1, batch_size=rows - rows // 8, sample_weight=weights).loss, history["loss"]
        )
        assert_same_bits(net.parameters, expected.parameters)

    every_isa(check)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("width", [129, 257, 400])
def test_wide_layers_are_cut_into_tiles_without_a_trace(width, dtype, every_isa):
    rng = np.random.default_rng(width)
    x, y = rng.normal(size=(9, width)), rng.normal(size=(9, width))
    arguments = {"activation": ["relu", "identity"], "dtype": dtype, "seed": 4}
    expected = reference.Network([width, 3, width], **arguments)
    loss = expected.loss(x, y)
    gradient = expected.backward(x, y)[1]
    expected.step(x, y, reference.Adam())
    stepped = expected.parameters.copy()
    history = expected.fit(x, y, epochs=1, batch_size=4, learning_rate=1e-4, validation_data=(x, y))
    few_outputs = [width, 3, 2]
    jacobian = reference.Network(few_outputs, **arguments).jacobian(x[:2])

    def check():
        net = Network([width, 3, width], **arguments)
        assert_same_bits(net.loss(x, y), loss)
        assert_same_bits(net.backward(x, y)[1], gradient)
        net.step(x, y, netlet.Adam())
        assert_same_bits(net.parameters, stepped)
        computed = net.fit(x, y, epochs=1, batch_size=4, learning_rate=1e-4, validation_data=(x, y))
        assert_same_bits(computed.validation_loss, history["validation_loss"])
        assert_same_bits(net.parameters, expected.parameters)
        assert_same_bits(Network(few_outputs, **arguments).jacobian(x[:2]), jacobian)

    every_isa(check)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [300, 1100])  # three threads cut 300 rows where no block ends
def test_gradients_of_wide_layers_over_several_blocks(rows, dtype, set_num_threads, every_isa):
    rng = np.random.default_rng(rows)
    x, y = rng.normal(size=(rows, 30)), rng.normal(size=(rows, 3))
    arguments = {"activation": "tanh", "dtype": dtype, "seed": 4, "dropout": 0.2}
    expected = reference.Network([30, 400, 3], **arguments)
    loss, gradient = expected.backward(x, y)
    expected.step(x, y, reference.Adam())

    def check():
        net = Network([30, 400, 3], **arguments)
        computed_loss, computed_gradient = net.backward(x, y)
        assert_same_bits(computed_loss, loss)
        assert_same_bits(computed_gradient, gradient)
        net.step(x, y, netlet.Adam())
        assert_same_bits(net.parameters, expected.parameters)

    set_num_threads(3)
    every_isa(check)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("sizes", "loss", "rows"),
    [
        ([4097, 1, 4097], "cross_entropy", 2),  # of inputs, of outputs on the way back, of a softmax
        ([1, 4097], "poisson", 1),  # of a softmax on the way back
        ([4097, 19], "cross_entropy", 9),  # in tiles
        ([4097, 300], "cross_entropy", 2),  # in panels
        ([8195, 1], "poisson", 1),
    ],
)
def test_sums_of_many_terms_are_cut_into_blocks(sizes, loss, rows, dtype, every_isa):
    rng = np.random.default_rng(rows)
    activation = ["tanh"] * (len(sizes) - 2) + ["softmax"]
    arguments = {"activation": activation, "loss": loss, "dtype": dtype, "seed": 4}
    if sizes[-1] == 1:
        arguments["activation"] = "identity"
    x, y = rng.normal(size=(rows, sizes[0])), rng.integers(0, 2, rows)
    y = y if loss == "cross_entropy" else rng.random((rows, sizes[-1]))
    expected = reference.Network(sizes, **arguments)
    outputs, (loss, gradient) = expected.forward(x), expected.backward(x, y)

    def check():
        net = Network(sizes, **arguments)
        assert_same_bits(net.forward(x), outputs)
        assert_same_bits(net.forward(x[0]), outputs[0])
        computed_loss, computed_gradient = net.backward(x, y)
        assert_same_bits(computed_loss, loss)
        assert_same_bits(computed_gradient, gradient)

    every_isa(check)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("sizes", "rows", "batch_size"),
    [
        ((257, 40, 3), 40, 9),
        ((300, 3), 40, 16),
        ((257, 4, 2), 1100, 1060),
        *(((257, 384 + last, 3), 12, 8) for last in (1, 2, 4, 8, 16, 17)),  # the last tile of the gradient is narrow
    ],
)
def test_long_rows_of_a_random_order_are_read_where_they_are(sizes, rows, batch_size, dtype, every_isa):
    rng = np.random.default_rng(rows)
    inputs, outputs = sizes[0], sizes[-1]
    wide = rng.normal(size=(2 * rows, inputs + 5)).astype(dtype)
    y = rng.normal(size=(rows, outputs))
    layouts = [wide[:rows, :inputs], wide[::2, 3:-2], wide[rows - 1 :: -1, 5:]]
    if rows < 1000:  # and one that must be copied
        layouts.append(np.asfortranarray(wide[:rows, :inputs]))
    expected = reference.Network(list(sizes), dtype=dtype, seed=4)
    losses = [expected.fit(x, y, epochs=1, batch_size=batch_size, learning_rate=1e-3)["loss"] for x in layouts]

    def check():
        net = Network(list(sizes), dtype=dtype, seed=4)
        for x, loss in zip(layouts, losses):
            assert_same_bits(net.fit(x, y, epochs=1, batch_size=batch_size, learning_rate=1e-3).loss, loss)
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
@pytest.mark.parametrize("activation", _core.NAMES["activation"])
def test_nan_and_infinity_pass_through_forward_as_in_the_reference(activation, dtype, every_isa):
    x = np.array([[np.nan, 1.0], [1.0, np.nan], [np.inf, 1.0], [-np.inf, 1.0], [np.inf, -np.inf], [0.5, 0.5]])
    arguments = {"activation": ["relu", activation], "dtype": dtype, "seed": 3}
    outputs = reference.Network([2, 5, 3], **arguments).forward(x)
    assert np.isnan(outputs[0]).all()

    def check():
        np.testing.assert_array_equal(Network([2, 5, 3], **arguments).forward(x), outputs)

    every_isa(check)


@pytest.mark.parametrize("loss", ["squared_error", "huber"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_softmax_of_one_output_is_one(dtype, loss, every_isa):
    x, y = np.arange(8.0)[:, None], np.zeros((8, 1))
    arguments = {"activation": ["tanh", "softmax"], "loss": loss, "dtype": dtype, "seed": 1}
    expected = reference.Network([1, 2, 1], **arguments)
    history = expected.fit(x, y, epochs=2, learning_rate=0.1)

    def check():
        net = Network([1, 2, 1], **arguments)
        assert_same_bits(net.fit(x, y, epochs=2, learning_rate=0.1).loss, history["loss"])
        assert_same_bits(net.parameters, expected.parameters)

    every_isa(check)


def test_rprop_does_not_hide_gradients_that_are_nan(every_isa):
    """As in float32 infinity times the derivative 0, while the loss, in binary64, is finite."""
    arguments = {"activation": ["relu", "identity"], "dtype": "float32", "init": [([[-1]], [0]), ([[1e20]], [1e20])]}
    expected = reference.Network([1, 1, 1], **arguments)
    with np.errstate(all="ignore"):
        expected.step([[1.0]], [[0.0]], reference.Rprop())
    assert np.isnan(expected.parameters).tolist() == [True, True, False, False]

    def check():
        net = Network([1, 1, 1], **arguments)
        net.step([[1.0]], [[0.0]], netlet.Rprop())
        assert_same_bits(net.parameters, expected.parameters)

    every_isa(check)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("optimizer", "settings"),
    [
        ("SGD", {"momentum": 0.01}),
        ("SGD", {"momentum": 0.01, "nesterov": True}),
        ("Adam", {"beta_1": 0.01, "beta_2": 0.01}),
        ("RMSprop", {"rho": 0.01}),
        ("RMSprop", {"rho": 0.01, "momentum": 0.01}),
        ("SGD", {"momentum": 1e-30}),  # in float32 the product is rounded to -0
    ],
)
def test_state_decays_to_zero_without_becoming_subnormal(optimizer, settings, dtype, every_isa):
    """Intel's processors take several times as long for subnormal numbers."""
    arguments = {"dtype": dtype, "seed": 0}
    gradients = np.zeros((170, 19), dtype)
    gradients[0] = np.linspace(-1, 1, 19)
    expected, rule = reference.Network([4, 3, 1], **arguments), getattr(reference, optimizer)(**settings)
    states = []
    for gradient in gradients:
        expected.apply_gradient(gradient, rule)
        states.append({name: value for name, value in vars(rule).items() if name in ("velocity", "m", "v")})

    def check():
        net, own = Network([4, 3, 1], **arguments), getattr(netlet, optimizer)(**settings)
        for gradient, state in zip(gradients, states, strict=True):
            net.apply_gradient(gradient, own)
            for name, value in own.state.items():
                assert (np.abs(value[value != 0]) >= np.finfo(dtype).tiny).all()
                assert_same_bits(value, state[name])
        assert_same_bits(net.parameters, expected.parameters)
        assert all(not value.any() for value in own.state.values())

    every_isa(check)
