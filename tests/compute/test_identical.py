# SPDX-License-Identifier: BSD-3-Clause
"""The core gives the bits of the reference, on every instruction set that the machine has. No tolerance anywhere."""

import netlet
import numpy as np
import pytest
from netlet import Network, _core, reference, schedules

CONFIGURATIONS = 360
ACTIVATIONS = _core.NAMES["activation"][:-1]  # all but softmax
LOSSES = _core.NAMES["loss"]
OPTIMIZERS = [  # rates that let no drawn network diverge, summed gradients included
    ("SGD", {"learning_rate": 0.002}),
    ("SGD", {"learning_rate": 0.0005, "momentum": 0.9}),
    ("SGD", {"learning_rate": 0.0005, "momentum": 0.8, "nesterov": True}),
    ("Adam", {"learning_rate": 0.01}),
    ("AdamW", {"learning_rate": 0.01, "weight_decay": 0.5}),
    ("RMSprop", {"learning_rate": 0.002}),
    ("RMSprop", {"learning_rate": 0.0005, "rho": 0.99, "momentum": 0.5}),
    ("Rprop", {"learning_rate": 0.001}),
]
SCHEDULES = [
    schedules.StepDecay(0.5, period=1),
    schedules.ExponentialDecay(0.9),
    schedules.CosineDecay(3, floor=0.1),
    schedules.ReduceOnPlateau(0.5, patience=1),
    lambda epoch: 1 / (1 + epoch),
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


def targets(rng, loss, rows, outputs):
    if loss == "cross_entropy":
        return rng.integers(0, outputs, rows) if rng.random() < 0.5 else rng.dirichlet(np.ones(outputs), rows)
    if loss == "binary_cross_entropy":
        return rng.integers(0, 2, (rows, outputs)) if rng.random() < 0.5 else rng.random((rows, outputs))
    return rng.integers(0, 3, (rows, outputs)) if loss == "poisson" else rng.normal(size=(rows, outputs))


def draw(rng):
    """Draw a network's arguments, its scaling, data, an optimizer, and the arguments of fit."""
    layers = int(rng.integers(1, 5))
    loss = str(rng.choice(LOSSES))
    sizes = [logarithmic(rng, 1, 70) for _ in range(layers + 1)]
    activation = [str(name) for name in rng.choice(ACTIVATIONS, layers)]
    if loss == "binary_cross_entropy":
        activation[-1] = "sigmoid"
    elif loss == "poisson":
        activation[-1] = "tanh"
    elif loss == "cross_entropy" or rng.random() < 0.1:
        activation[-1] = "softmax"
        sizes[-1] = max(sizes[-1], 2)
    rows = logarithmic(rng, 1, 700)
    x = rng.normal(size=(rows, sizes[0]))
    y = targets(rng, loss, rows, sizes[-1])
    arguments = {
        "activation": activation,
        "loss": loss,
        "reduction": str(rng.choice(["sum", "mean"])),
        "dtype": str(rng.choice(["float32", "float64"])),
        "init": str(rng.choice(["glorot_uniform", "he_uniform"])),
        "seed": int(rng.integers(0, 2**64, dtype=np.uint64)),
        "dropout": rng.choice([0, 0.1, 0.5], layers - 1) if rng.random() < 0.4 else 0.0,
        "huber_delta": float(rng.uniform(0.1, 2)),
        "quantile": rng.uniform(0.05, 0.95, sizes[-1]),
    }
    name, settings = OPTIMIZERS[rng.integers(len(OPTIMIZERS))]
    settings = {**settings, **{penalty: 0.01 for penalty in ("l1", "l2") if rng.random() < 0.2}}
    if rng.random() < 0.3:
        settings[str(rng.choice(["clip_value", "clip_norm"]))] = float(rng.uniform(0.01, 1))
    training = {"epochs": 3}
    if name != "Rprop":
        if rng.random() < 0.7:
            training["batch_size"] = max(logarithmic(rng, 1, rows), rows // 20)
        if rng.random() < 0.4:
            training["schedule"] = SCHEDULES[rng.integers(len(SCHEDULES))]
    if rng.random() < 0.3:
        training["sample_weight"] = rng.integers(0, 3, rows) if rng.random() < 0.5 else rng.random(rows)
    if rng.random() < 0.3:
        count = int(rng.integers(1, 400))
        training["validation_data"] = (rng.normal(size=(count, sizes[0])), targets(rng, loss, count, sizes[-1]))
    if rng.random() < 0.3:
        training["patience"] = int(rng.integers(1, 3))
    if rng.random() < 0.3:
        training["standardize"] = True
    return sizes, arguments, x, y, (name, settings), training


def assert_same_bits(computed, expected):
    """Assert equal dtype, shape and bits; a NaN equals a NaN."""
    computed, expected = np.asarray(computed), np.asarray(expected)
    assert computed.dtype == expected.dtype
    np.testing.assert_array_equal(computed, expected)
    np.testing.assert_array_equal(np.signbit(computed), np.signbit(expected))


@pytest.mark.parametrize("number", range(CONFIGURATIONS))
def test_a_drawn_network_computes_and_trains_to_the_reference_s_bits(number, every_isa):
    sizes, arguments, x, y, (optimizer, settings), training = draw(np.random.default_rng([1, number]))
    weight = {"sample_weight": training.get("sample_weight")}
    few, rows = min(len(x), 20), min(len(x), 3)
    expected = reference.Network(sizes, **arguments)
    initial = expected.parameters.copy()
    if training.get("standardize"):
        expected.learn_scaling(x)
    outputs = expected.forward(x)
    loss, gradient = expected.backward(x, y, **weight)
    own_gradient = expected.backward(x[:few], output_gradient=outputs[:few])[1]
    input_gradient = expected.input_gradient(x[:few], y[:few])
    row_gradients = expected.row_gradients(x[:few], y[:few])
    jacobian = expected.jacobian(x[:rows])
    history = expected.fit(x, y, optimizer=getattr(reference, optimizer)(**settings), **training)
    trained, fingerprint = expected.parameters.copy(), expected.fingerprint()
    after = expected.forward(x[:few])
    step = getattr(reference, optimizer)(**settings)
    step_loss = expected.step(x[:few], y[:few], step)

    def check():
        net = Network(sizes, **arguments)
        assert_same_bits(net.parameters, initial)
        if training.get("standardize"):
            net.learn_scaling(x)
        assert_same_bits(net.forward(x), outputs)
        assert_same_bits(net.loss(x, y, **weight), loss)
        computed_loss, computed_gradient = net.backward(x, y, **weight)
        assert_same_bits(computed_loss, loss)
        assert_same_bits(computed_gradient, gradient)
        assert_same_bits(net.backward(x[:few], output_gradient=outputs[:few])[1], own_gradient)
        assert_same_bits(net.input_gradient(x[:few], y[:few]), input_gradient)
        assert_same_bits(net.row_gradients(x[:few], y[:few]), row_gradients)
        assert_same_bits(net.jacobian(x[:rows]), jacobian)
        computed = net.fit(x, y, optimizer=getattr(netlet, optimizer)(**settings), **training)
        assert_same_bits(net.parameters, trained)
        assert_same_bits(computed.loss, history["loss"])
        assert_same_bits(computed.learning_rate, history["learning_rate"])
        assert_same_bits(computed.validation_loss, history["validation_loss"])
        if computed.metrics:
            assert_same_bits(computed.metrics["accuracy"], history["accuracy"])
        assert_same_bits(net.forward(x[:few]), after)
        assert net.fingerprint() == fingerprint
        assert_same_bits(net.step(x[:few], y[:few], getattr(netlet, optimizer)(**settings)), step_loss)
        assert_same_bits(net.parameters, expected.parameters)

    every_isa(check)


def draw_small(rng):
    """Draw a network of a few units and a few rows, which trains in a kernel of its own."""
    layers = int(rng.integers(1, 5))
    loss = str(rng.choice(["squared_error", "huber", "binary_cross_entropy", "cross_entropy"]))
    sizes = [int(n) for n in rng.integers(1, rng.choice([5, 9, 17]), layers + 1)]
    activation = [str(name) for name in rng.choice(["identity", "sigmoid", "tanh", "relu"], layers)]
    if loss == "binary_cross_entropy":
        activation[-1] = "sigmoid"
    elif loss == "cross_entropy":
        activation[-1], sizes[-1] = "softmax", max(sizes[-1], 2)
    rows = int(rng.integers(1, 65))
    x, y = rng.normal(size=(rows, sizes[0])), targets(rng, loss, rows, sizes[-1])
    name, settings = OPTIMIZERS[rng.integers(len(OPTIMIZERS))]
    settings = {**settings, **{setting: 0.01 for setting in ("l1", "l2", "clip_value") if rng.random() < 0.2}}
    arguments = {
        "activation": activation,
        "loss": loss,
        "reduction": str(rng.choice(["sum", "mean"])),
        "dtype": str(rng.choice(["float32", "float64"])),
        "seed": int(rng.integers(0, 2**32)),
    }
    training = {"epochs": int(rng.integers(1, 100)), "sample_weight": rng.random(rows) if rng.random() < 0.2 else None}
    if name != "Rprop" and rng.random() < 0.4:
        training |= {"epochs": 4, "batch_size": int(rng.integers(1, rows + 1))}
    return sizes, arguments, x, y, (name, settings), training


@pytest.mark.parametrize("number", range(120))
def test_small_networks_train_to_the_reference_s_bits(number, every_isa):
    sizes, arguments, x, y, (optimizer, settings), training = draw_small(np.random.default_rng([2, number]))
    expected, expected_optimizer = reference.Network(sizes, **arguments), getattr(reference, optimizer)(**settings)
    history = expected.fit(x, y, optimizer=expected_optimizer, **training)

    def check():
        net, own = Network(sizes, **arguments), getattr(netlet, optimizer)(**settings)
        computed = net.fit(x, y, optimizer=own, **training)
        assert_same_bits(net.parameters, expected.parameters)
        assert_same_bits(computed.loss, history["loss"])
        if computed.metrics:
            assert_same_bits(computed.metrics["accuracy"], history["accuracy"])
        other, own = Network(sizes, **arguments), getattr(netlet, optimizer)(**settings)
        other.fit(x, y, optimizer=own, callback=lambda net, history: None, **training)  # each epoch on its own
        assert_same_bits(other.parameters, expected.parameters)

    every_isa(check)


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


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("exponent", [-1074, -1022, -149, -130, -127, -126, -3, 0, 5, 127])
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
    arguments = {"activation": "tanh", "loss": "cross_entropy", "dtype": dtype, "seed": 4}
    loss, gradient = reference.Network([5, 7, 3], **arguments).backward(x, y)

    def check():
        computed_loss, computed_gradient = Network([5, 7, 3], **arguments).backward(x, y)
        assert_same_bits(computed_loss, loss)
        assert_same_bits(computed_gradient, gradient)

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
    history = expected.fit(x, y, epochs=2, batch_size=4, learning_rate=1e-4, validation_data=(x, y))
    jacobian = expected.jacobian(x[:1])

    def check():
        net = Network([width, 3, width], **arguments)
        assert_same_bits(net.loss(x, y), loss)
        assert_same_bits(net.backward(x, y)[1], gradient)
        net.step(x, y, netlet.Adam())
        assert_same_bits(net.parameters, stepped)
        computed = net.fit(x, y, epochs=2, batch_size=4, learning_rate=1e-4, validation_data=(x, y))
        assert_same_bits(computed.validation_loss, history["validation_loss"])
        assert_same_bits(net.parameters, expected.parameters)
        assert_same_bits(net.jacobian(x[:1]), jacobian)

    every_isa(check)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("sizes", "rows", "batch_size"),
    [
        ((257, 40, 3), 40, 9),
        ((300, 3), 40, 16),
        ((257, 20, 2), 1100, 1060),
        *(((257, 384 + last, 3), 20, 8) for last in (1, 2, 4, 8, 16, 17)),  # the last tile of the gradient is narrow
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
