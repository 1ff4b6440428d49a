# SPDX-License-Identifier: BSD-3-Clause
"""Calls that succeed and calls that fail keep no memory and no object."""

import contextlib
import ctypes
import gc
import os
import pickle
import sys

import numpy as np
import pytest
from netlet import Adam, DivergenceError, Network, Rprop, _core, functional, schedules
from netlet.network import _restore

from helpers.bad_input import X, Y

CALLS = 20
PROPERTIES = [name for name in dir(Network) if isinstance(getattr(Network, name), property)]
NAN_X = np.where(X > 1, np.nan, X)
GRADIENT = np.ones(43)


class Raises:
    def __array__(self, dtype=None, copy=None):
        raise LookupError


def raises(*_):
    raise LookupError


def batches():
    yield X, Y
    yield X, Y[:, :2]


def calls():
    net, adam = Network([4, 5, 3], seed=0), Adam()
    net.step(X, Y, adam)
    data = net.to_bytes(optimizer=adam)
    state, snapshot = adam._get_state(), net.__reduce__()[1][1]
    fit = lambda **options: net.fit(X, Y, **{"epochs": 2, "optimizer": adam, **options})  # noqa: E731
    wrong = [None, "a", X[:, :3], Raises(), X.astype(complex), NAN_X, object()]
    return {
        "properties": lambda: [getattr(net, name) for name in PROPERTIES],
        "parameters": lambda: (net.parameters, net.weights, net.biases, net.dropout, net.activations),
        "results": lambda: (
            net.forward(X),
            net.predict(X.tolist()),
            net.loss(X, Y),
            net.evaluate(X, Y),
            net.jacobian(X),
        ),
        "results in place": lambda: (net.forward(X, out=np.empty((6, 3))), net.backward(X, Y, out=np.empty(43))),
        "derivatives": lambda: (net.backward(X, Y), net.input_gradient(X, Y), net.row_gradients(X, output_gradient=Y)),
        "functions": lambda: (functional.exp(X), functional.tanh(X.astype("f4")), functional.exp(X, np.empty((6, 4)))),
        "training": lambda: (net.step(X, Y, adam), net.apply_gradient(GRADIENT, adam), fit(callback=lambda *_: None)),
        "training in batches": lambda: net.fit_batches(
            [(X, Y)], epochs=2, optimizer=adam, shuffle_buffer=2, validation_data=[(X, Y)], callbacks=[AfterSteps()]
        ),
        "batches": lambda: (
            net.evaluate_batches([(X, Y)], metrics=["r2"]),
            net.learn_scaling_batches([(X, Y)]),
            list(net.predict_batches([X])),
            setattr(net, "input_scaling", None),
            setattr(net, "output_scaling", None),
        ),
        "scaling": lambda: (
            net.learn_scaling(X, Y),
            setattr(net, "input_scaling", None),
            setattr(net, "output_scaling", None),
        ),
        "copies": lambda: (
            pickle.loads(pickle.dumps((net, adam))),
            Network.checkpoint_from_bytes(data),
            repr(net),
            net == net,
        ),
        "new ones": lambda: (Network([2, 3, 1]), Adam(), Rprop(), net.reset(3), net.summary()),
        "state": lambda: (adam.state, adam._get_state(), adam._set_state(*state), net._snapshot(), repr(adam)),
        **{f"wrong x {i}": lambda x=x: net.backward(x, Y) for i, x in enumerate(wrong[:-2])},
        **{f"wrong y {i}": lambda y=y: net.step(X, y, adam) for i, y in enumerate(wrong)},
        **{f"wrong out {i}": lambda out=out: net.forward(X, out=out) for i, out in enumerate(wrong[1:])},
        **{f"wrong optimizer {i}": lambda value=value: net.step(X, Y, value) for i, value in enumerate(wrong)},
        **{f"wrong network {i}": lambda value=value: Network([2, value, 1]) for i, value in enumerate(wrong)},
        **{f"wrong setting {i}": lambda value=value: Adam(value) for i, value in enumerate(wrong)},
        **{
            f"wrong state {i}": lambda value=value: adam._set_state(state[0], state[1], value)
            for i, value in enumerate(wrong)
        },
        **{
            f"wrong progress {i}": lambda value=value: adam._set_state((value,) * 6, *state[1:])
            for i, value in enumerate(wrong)
        },
        **{
            f"wrong initial values {i}": lambda value=value: Network([4, 5, 3], init=value)
            for i, value in enumerate(wrong[1:])
        },
        **{
            f"wrong scaling {i}": lambda value=value: setattr(net, "input_scaling", (value, 1))
            for i, value in enumerate(wrong)
        },
        "wrong weights": lambda: net.loss(X, Y, sample_weight=X),
        "wrong pickle": lambda: _restore(Network, {**snapshot, "parameters": X}),
        "wrong file": lambda: Network.from_bytes(data[:-1]),
        "wrong checkpoint": lambda: _core.Network(_core.Checkpoint.__new__(_core.Checkpoint)),
        "wrong batches": lambda: net.fit_batches(batches, epochs=1, optimizer=adam),
        "wrong batches of figures": lambda: net.evaluate_batches(batches),
        "wrong batches of scalings": lambda: net.learn_scaling_batches(batches),
        "wrong batches of validation": lambda: fit(validation_data=batches),
        "a callback that raises": lambda: fit(callback=raises),
        "a schedule that raises": lambda: fit(schedule=raises),
        "a schedule that is wrong": lambda: fit(schedule=schedules.StepDecay("a")),
        "validation data that are wrong": lambda: fit(validation_data=(X, Raises())),
        "divergence": lambda: Network([4, 3], activation="identity", seed=0).fit(X, 1e300 * Y, epochs=5),
        "another __init__": lambda: net.__init__([2, 1]),
        "no __init__": lambda: Adam.__new__(Adam).steps,
    }


class AfterSteps:
    def on_step(self, step, history, network):
        network.loss(X, Y)


class Mallinfo2(ctypes.Structure):
    """What glibc says of its heap."""

    names = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")
    _fields_ = tuple((name, ctypes.c_size_t) for name in names)


MALLINFO = getattr(ctypes.CDLL(None), "mallinfo2", None) if os.name == "posix" else None
if MALLINFO:
    MALLINFO.restype = Mallinfo2


def used():
    """Python's blocks of memory, and those of 16 bytes of the C library's, where it can tell."""
    gc.collect()
    info = MALLINFO() if MALLINFO else Mallinfo2()
    return np.array([sys.getallocatedblocks(), (info.uordblks + info.hblkhd) // 16])


def repeated(call, times):
    for _ in range(times):
        with contextlib.suppress(TypeError, ValueError, LookupError, DivergenceError):
            call()


def kept(call):
    """The fewest blocks that CALLS calls keep, each time anew; caches are full after a while."""
    least = np.array([np.inf, np.inf])
    before = used()
    for _ in range(30):
        repeated(call, CALLS)
        now = used()
        least, before = np.minimum(least, now - before), now
        if (least < CALLS / 2).all():
            break
    return least


@pytest.fixture
def quiet(set_num_threads):
    """Nothing but the calls of a test makes and frees objects."""
    set_num_threads(1)  # the C library tells of the main thread's memory
    gc.collect()
    gc.freeze()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


cpython_only = pytest.mark.skipif(sys.implementation.name != "cpython", reason="blocks are CPython's")


@cpython_only
@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("quiet")
def test_no_call_keeps_memory():
    found = {name: kept(call) for name, call in calls().items()}
    assert {name: least for name, least in found.items() if (least >= CALLS / 2).any()} == {}


@cpython_only
@pytest.mark.usefixtures("quiet")
def test_memory_that_is_kept_is_found():
    blocks, memory = [], []
    assert kept(lambda: blocks.append([3.5 + len(blocks)]))[0] >= CALLS
    if MALLINFO:
        assert kept(lambda: memory.append(bytearray(5000)))[1] >= CALLS * 5000 // 16
