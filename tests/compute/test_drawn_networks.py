# SPDX-License-Identifier: BSD-3-Clause
"""Random networks compute and train to the reference's bits on every instruction set. No tolerance anywhere."""

import netlet
import numpy as np
import pytest
from netlet import Network, _core, reference, schedules

from helpers.bits import assert_same_bits
from helpers.drawing import LOSSES, OPTIMIZERS, targets, weights, with_missing

CONFIGURATIONS = 360
ACTIVATIONS = [name for name in _core.NAMES["activation"] if name != "softmax"]
SCHEDULES = [
    schedules.StepDecay(0.5, period=1),
    schedules.ExponentialDecay(0.9),
    schedules.CosineDecay(3, floor=0.1),
    schedules.ReduceOnPlateau(0.5, patience=1),
    lambda epoch: 1 / (1 + epoch),
]


def logarithmic(rng, low, high):
    return round(np.exp(rng.uniform(np.log(low), np.log(high))))


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
    elif loss == "gaussian_nll":
        activation[-1] = "tanh"
        sizes[-1] += sizes[-1] % 2
    elif loss == "cross_entropy" or rng.random() < 0.1:
        activation[-1] = "softmax"
        sizes[-1] = max(sizes[-1], 2)
    rows = logarithmic(rng, 1, 300)  # at times more than one block
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
    training = {"epochs": 3 if rows < 60 else 2}
    if name != "Rprop":
        if rng.random() < 0.7:
            training["batch_size"] = max(logarithmic(rng, 1, rows), rows // 20)
        if rng.random() < 0.4:
            training["schedule"] = SCHEDULES[rng.integers(len(SCHEDULES))]
    if rng.random() < 0.4:
        training["sample_weight"] = weights(rng, rows)
    if rng.random() < 0.3:
        count = int(rng.integers(1, 300))
        training["validation_data"] = (rng.normal(size=(count, sizes[0])), targets(rng, loss, count, sizes[-1]))
    if rng.random() < 0.3:
        training["patience"] = int(rng.integers(1, 3))
    if rng.random() < 0.3:
        training["standardize"] = True
        x = x * 10.0 ** rng.integers(-3, 4, sizes[0]) + 10.0 ** rng.integers(-3, 9, sizes[0])
    if rng.random() < 0.4:
        training["missing"] = "ignore"
        y = with_missing(rng, y)
        if "validation_data" in training:
            training["validation_data"] = (
                training["validation_data"][0],
                with_missing(rng, training["validation_data"][1]),
            )
    return sizes, arguments, x, y, (name, settings), training


@pytest.mark.parametrize("number", range(CONFIGURATIONS))
def test_a_drawn_network_computes_and_trains_to_the_reference_s_bits(number, every_isa):
    sizes, arguments, x, y, (optimizer, settings), training = draw(np.random.default_rng([1, number]))
    few, rows = min(len(x), 9), min(len(x), 2)
    weight, missing = training.get("sample_weight"), {"missing": training.get("missing", "refuse")}
    all_rows = {"sample_weight": weight, **missing}
    batch = {"sample_weight": None if weight is None else weight[:few], "weight_mean": 1.25, **missing}
    expected = reference.Network(sizes, **arguments)
    initial = expected.parameters.copy()
    if training.get("standardize"):
        expected.learn_scaling(x, sample_weight=weight)
    outputs = expected.forward(x)
    loss, gradient = expected.backward(x, y, **all_rows)
    figures = expected.evaluate(x, y, **all_rows)
    of_batch = expected.backward(x[:few], y[:few], **batch)
    own_gradient = expected.backward(x[:few], output_gradient=outputs[:few])[1]
    input_gradient = expected.input_gradient(x[:few], y[:few], **missing)
    row_gradients = expected.row_gradients(x[:few], y[:few], **missing)
    jacobian = expected.jacobian(x[:rows])
    history = expected.fit(x, y, optimizer=getattr(reference, optimizer)(**settings), **training)
    trained, fingerprint = expected.parameters.copy(), expected.fingerprint()
    after = expected.forward(x[:few])
    step = getattr(reference, optimizer)(**settings)
    step_loss = expected.step(x[:few], y[:few], step, **batch)

    def check():
        net = Network(sizes, **arguments)
        assert_same_bits(net.parameters, initial)
        if training.get("standardize"):
            net.learn_scaling(x, sample_weight=weight)
        assert_same_bits(net.forward(x), outputs)
        assert_same_bits(net.loss(x, y, **all_rows), loss)
        computed_figures = net.evaluate(x, y, **all_rows)
        assert list(computed_figures) == list(figures)
        assert_same_bits(list(computed_figures.values()), list(figures.values()))
        computed_loss, computed_gradient = net.backward(x, y, **all_rows)
        assert_same_bits(computed_loss, loss)
        assert_same_bits(computed_gradient, gradient)
        computed_loss, computed_gradient = net.backward(x[:few], y[:few], **batch)
        assert_same_bits(computed_loss, of_batch[0])
        assert_same_bits(computed_gradient, of_batch[1])
        assert_same_bits(net.backward(x[:few], output_gradient=outputs[:few])[1], own_gradient)
        assert_same_bits(net.input_gradient(x[:few], y[:few], **missing), input_gradient)
        assert_same_bits(net.row_gradients(x[:few], y[:few], **missing), row_gradients)
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
        assert_same_bits(net.step(x[:few], y[:few], getattr(netlet, optimizer)(**settings), **batch), step_loss)
        assert_same_bits(net.parameters, expected.parameters)

    every_isa(check)
