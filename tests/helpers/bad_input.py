# SPDX-License-Identifier: BSD-3-Clause
"""What tests of bad input share: data, calls, and proof that a refusal changed nothing."""

from contextlib import contextmanager

import numpy as np
import pytest
from netlet import Adam

RNG = np.random.default_rng(11)
X, Y = RNG.normal(size=(6, 4)), RNG.random((6, 3))
CLASSES = RNG.integers(0, 3, 6)
NAN, INF = np.nan, np.inf
READS = {
    "loss": lambda net, x, y, optimizer: net.loss(x, y),
    "backward": lambda net, x, y, optimizer: net.backward(x, y),
}
TRAINS = {
    "step": lambda net, x, y, optimizer: net.step(x, y, optimizer),
    "fit": lambda net, x, y, optimizer: net.fit(x, y, epochs=2, batch_size=2, optimizer=optimizer),
}
EVALUATES = {"forward": lambda net, x, y, optimizer: net.forward(x), **READS, **TRAINS}


def every(calls):
    return pytest.mark.parametrize("call", calls.values(), ids=calls)


def state(net, optimizer):
    slots = {name: values.tobytes() for name, values in optimizer.state.items()}
    return net.parameters.tobytes(), net.epochs_trained, repr(optimizer), optimizer.steps, slots


@contextmanager
def refused(error, match, net, optimizer=None):
    """The block raises `error`, and leaves network and optimizer as they were."""
    optimizer = optimizer or Adam()
    before = state(net, optimizer)
    with pytest.raises(error, match=match):
        yield
    assert state(net, optimizer) == before


def with_value(array, row, column, value):
    array = array.copy()
    array[row, column] = value
    return array
