# SPDX-License-Identifier: BSD-3-Clause
"""An `out` that does not fit exactly is refused and left alone."""

import numpy as np
import pytest
from netlet import Network, functional

from helpers import training
from helpers.arrays import read_only
from helpers.bad_input import X, Y, every, refused

BAD_OUT = {
    "float32": lambda shape: np.zeros(shape, "f4"),
    "integers": lambda shape: np.zeros(shape, "i8"),
    "swapped bytes": lambda shape: np.zeros(shape, ">f8"),
    "too many": lambda shape: np.zeros((shape[0] + 1, *shape[1:])),
    "too few": lambda shape: np.zeros((shape[0] - 1, *shape[1:])),
    "one dimension more": lambda shape: np.zeros((1, *shape)),
    "gaps": lambda shape: np.zeros((shape[0] * 2, *shape[1:]))[::2],
    "read-only": lambda shape: read_only(np.zeros(shape)),
    "misaligned": lambda shape: np.zeros(np.prod(shape) * 8 + 1, "u1")[1:].view("f8").reshape(shape),
}


@every(BAD_OUT)
def test_out_that_does_not_fit_exactly_is_refused_and_left_alone(call, net):
    for out, use in (
        (call((6, 3)), lambda out: net.forward(X, out=out)),
        (call((43,)), lambda out: net.backward(X, Y, out=out)),
    ):
        with refused(ValueError, "^out: ", net):
            use(out)
        assert not out.any()


def test_out_in_fortran_order_is_refused(net):
    with refused(ValueError, "^out: .*C-contiguous", net):
        net.forward(X, out=np.zeros((6, 3), order="F"))


def test_out_for_one_row_is_a_vector(net):
    with refused(ValueError, r"^out: .*\(3,\)", net):
        net.forward(X[0], out=np.zeros((1, 3)))


@pytest.mark.parametrize("dtype", [[], "V0", "V8", "U0", [("a", "f8")], object])
def test_out_of_a_dtype_without_numbers_is_refused(dtype, net):
    for call, shape in (
        (lambda out: net.forward(X, out=out), (6, 3)),
        (lambda out: net.backward(X, Y, out=out), (43,)),
        (lambda out: net.input_gradient(X, Y, out=out), (6, 4)),
        (lambda out: net.row_gradients(X, Y, out=out), (6, 43)),
        (lambda out: net.jacobian(X, out=out), (6, 3, 4)),
        (lambda out: functional.exp(X, out), (6, 4)),
    ):
        with refused(ValueError, "^out: ", net):
            call(np.zeros(shape, dtype))


@pytest.mark.parametrize("out", [[0.0] * 3, "out", 3.0, memoryview(bytearray(24))], ids=lambda out: type(out).__name__)
def test_out_must_be_an_array(out, net):
    with refused(TypeError, "^out: expected a numpy.ndarray, got ", net):
        net.forward(X[0], out=out)
    with refused(TypeError, "^out: expected a numpy.ndarray, got ", net):
        net.backward(X, Y, out=out)


@pytest.mark.parametrize(
    ("x", "out"),
    [
        (lambda m: m[:24].reshape(6, 4), lambda m: m[:18].reshape(6, 3)),
        (lambda m: m[:24].reshape(6, 4), lambda m: m[23:41].reshape(6, 3)),
        (lambda m: m[:24].reshape(6, 4)[::-1], lambda m: m[4:22].reshape(6, 3)),
        (lambda m: m[:24].view("f4")[::2].reshape(6, 4), lambda m: m[20:38].reshape(6, 3)),
        (lambda m: m.view("u1")[4:196].view("f8").reshape(6, 4), lambda m: m[24:42].reshape(6, 3)),
        (lambda m: np.broadcast_to(m[10:14], (6, 4)), lambda m: m[:18].reshape(6, 3)),
    ],
    ids=["same", "last number", "reversed", "float32", "last bytes", "broadcast"],
)
def test_out_that_overlaps_x_is_refused(x, out, net):
    memory = np.zeros(60)
    with refused(ValueError, "^out: .*overlaps x", net):
        net.forward(x(memory), out=out(memory))
    assert not memory.any()


def test_out_beside_x_in_the_same_memory_is_fine(net):
    memory = np.zeros(60)
    memory[:24] = X.ravel()
    net.forward(memory[:24].reshape(6, 4), out=memory[24:42].reshape(6, 3))
    np.testing.assert_array_equal(memory[24:42].reshape(6, 3), net.forward(X))


def test_out_that_overlaps_the_parameters_is_refused(net):
    with refused(ValueError, "^out: .*overlaps the parameters", net):
        net.forward(X, out=net.parameters[25:].reshape(6, 3))
    with refused(ValueError, "^out: .*overlaps the parameters", net):
        net.backward(X, Y, out=net.parameters)


def test_out_of_the_derivatives_must_fit(net):
    for call, shape in ((net.input_gradient, (6, 4)), (net.row_gradients, (6, len(net.parameters)))):
        out = np.empty(shape)
        assert call(X, Y, out=out) is out
        with refused(ValueError, "^out: expected a writable", net):
            call(X, Y, out=np.empty(shape, dtype="float32"))
    out = np.empty((6, 3, 4))
    assert net.jacobian(X, out=out) is out
    same = np.ones((6, 4))
    with refused(ValueError, "^out: expected memory of its own", net):
        net.input_gradient(same, Y, out=same)


def test_results_do_not_overwrite_targets_that_are_still_to_be_read(rng):
    buffer = rng.normal(size=(301, 5))
    net = Network([5, 5], activation="identity", seed=0)
    for call in (net.input_gradient, net.row_gradients):
        with pytest.raises(ValueError, match=r"^out: "):
            call(training.X, buffer[:-1], out=buffer[1:])
        with pytest.raises(ValueError, match=r"^out: "):
            call(training.X, output_gradient=buffer[:-1], out=buffer[1:])
