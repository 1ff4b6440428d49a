# SPDX-License-Identifier: BSD-3-Clause
"""Optimizers: their state, repr, copies and rate."""

import gc

import numpy as np
import pytest
from netlet import SGD, Adam, AdamW, Network, RMSprop, Rprop, reference

from helpers import xor
from helpers.every import OPTIMIZERS, every_copy, every_dtype, every_optimizer
from helpers.training import X, Y, regression

STATES = [[], ["velocity"], ["velocity"], ["m", "v"], ["m", "v"], ["v"], ["v", "velocity"], ["step", "gradient"]]


@every_dtype
@pytest.mark.parametrize(
    ("new_optimizer", "names"),
    list(zip(OPTIMIZERS.values(), STATES)),
    ids=OPTIMIZERS,
)
def test_an_optimizers_state_is_empty_at_first_and_then_has_the_layout_of_the_parameters(new_optimizer, names, dtype):
    net, optimizer = Network([2, 3, 1], dtype=dtype, seed=0), new_optimizer()
    assert (optimizer.state, optimizer.steps) == ({}, 0)
    net.step(xor.X, xor.Y, optimizer)
    assert list(optimizer.state) == names
    assert optimizer.steps == 1
    for values in optimizer.state.values():
        assert (values.shape, values.dtype) == (net.parameters.shape, net.dtype)
        assert values.any()


def test_the_velocity_after_one_step_is_the_gradient_and_may_be_written():
    net, optimizer = Network([2, 3, 1], seed=0), SGD(0.5, momentum=0.5)
    _, gradient = net.backward(xor.X, xor.Y)
    net.step(xor.X, xor.Y, optimizer)
    assert optimizer.state["velocity"].tobytes() == gradient.tobytes()
    optimizer.state["velocity"][:] = 0
    before = net.parameters.copy()
    _, gradient = net.backward(xor.X, xor.Y)
    net.step(xor.X, xor.Y, optimizer)
    np.testing.assert_array_equal(net.parameters, before - 0.5 * gradient)


@pytest.mark.parametrize(
    ("optimizer", "text"),
    [
        (SGD(), "SGD(learning_rate=0.1, momentum=0.0, nesterov=False)"),
        (SGD(0.5, momentum=0.9, nesterov=True), "SGD(learning_rate=0.5, momentum=0.9, nesterov=True)"),
        (Adam(), "Adam(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-08)"),
        (Adam(1, 0, 0.5, 2), "Adam(learning_rate=1.0, beta_1=0.0, beta_2=0.5, epsilon=2.0)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_optimizers_repr_shows_its_settings(optimizer, text):
    assert repr(optimizer) == text
    assert repr(eval(text)) == text


@every_copy
@every_optimizer
def test_a_copied_optimizer_goes_on_from_the_same_state_on_its_own(new_optimizer, duplicate):
    net, optimizer = Network([2, 3, 1], seed=0), new_optimizer()
    net.fit(xor.X, xor.Y, epochs=3, optimizer=optimizer)
    optimizer.learning_rate = 0.25
    twin_net, twin = duplicate(net), duplicate(optimizer)
    assert (repr(twin), twin.steps) == (repr(optimizer), 3)
    net.step(xor.X, xor.Y, optimizer)
    assert (twin.steps, optimizer.steps) == (3, 4)
    twin_net.step(xor.X, xor.Y, twin)
    assert twin_net == net
    assert {k: v.tobytes() for k, v in twin.state.items()} == {k: v.tobytes() for k, v in optimizer.state.items()}


def test_the_state_of_an_optimizer_that_is_gone_can_still_be_read():
    net, optimizer = Network([2, 300, 1], seed=0), Adam()
    net.step(xor.X, xor.Y, optimizer)
    state, expected = optimizer.state["m"], optimizer.state["m"].copy()
    del optimizer
    gc.collect()
    net.step(xor.X, xor.Y, Adam(0.5))  # would take the memory over if it were free
    np.testing.assert_array_equal(state, expected)


def test_the_learning_rate_can_be_set_between_steps():
    net, optimizer = Network([2, 3, 1], seed=0), SGD(0.1)
    optimizer.learning_rate = 0.5
    assert optimizer.learning_rate == 0.5
    before, (_, gradient) = net.parameters.copy(), net.backward(xor.X, xor.Y)
    net.step(xor.X, xor.Y, optimizer)
    np.testing.assert_array_equal(net.parameters, reference.fma(np.float64(-0.5), gradient, before))


def test_rprop_learns_xor_without_a_learning_rate_to_tune():
    x, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    net = Network([2, 4, 1], seed=3)
    net.fit(x, y, epochs=300, optimizer=Rprop())
    assert net.forward(x).round().ravel().tolist() == y


def test_an_optimizer_may_be_given_by_its_name():
    for name, cls in (("sgd", SGD), ("adam", Adam), ("adamw", AdamW), ("rmsprop", RMSprop), ("rprop", Rprop)):
        named, made = regression(), regression()
        for _ in range(2):  # a new one for each call
            named.fit(X, Y, epochs=2, optimizer=name, learning_rate=0.02)
            made.fit(X, Y, epochs=2, optimizer=cls(0.02))
        assert named == made
    named.fit_batches([(X, Y)], epochs=1, optimizer="adam")
    made.fit_batches([(X, Y)], epochs=1, optimizer=Adam())
    assert named == made
    for name, message in (
        ("Adam", r"^optimizer: unknown name 'Adam' \(here it is 'adam'\); the known ones are sgd, adam"),
        ("lbfgs", "^optimizer: unknown name 'lbfgs'; the known"),
    ):
        with pytest.raises(ValueError, match=message):
            regression().fit(X, Y, epochs=1, optimizer=name)
    with pytest.raises(TypeError, match=r"^optimizer: expected one of netlet's, .* from step to step, got 'adam'"):
        regression().step(X, Y, "adam")
