# SPDX-License-Identifier: BSD-3-Clause
"""An optimizer's state from outside, in files and pickles, is one that training can have led to."""

import copy
import hashlib
import json
import pickle
import struct

import numpy as np
import pytest
from netlet import SGD, Adam, Network, RMSprop, Rprop
from netlet.optimizers import _restore

from helpers.bad_input import INF, NAN, X, Y, refused, state
from helpers.every import every_copy, every_dtype, every_optimizer
from helpers.sharing import SMALL_X, SMALL_Y, held, small_network, training

PROGRESS = ["steps", "beta_1_power", "beta_2_power", "plateau_factor", "plateau_best", "plateau_epochs"]
BAD = [
    *((Adam, name, value) for name in PROGRESS[1:3] for value in (NAN, INF, -0.1, 1.0, 2.0)),
    *((Adam, "plateau_factor", value) for value in (NAN, INF, -0.5, 1.5)),
    (Adam, "plateau_best", NAN),
    *((Adam, "m", value) for value in (NAN, INF, -INF)),
    *((Adam, "v", value) for value in (NAN, -1.0, -INF)),
    (SGD, "beta_1_power", 0.9),
    (lambda: SGD(momentum=0.9), "velocity", NAN),
    (lambda: RMSprop(momentum=0.9), "velocity", INF),
    (RMSprop, "v", -1e-300),
    (Rprop, "step", -0.1),
    (Rprop, "step", INF),
    (Rprop, "gradient", NAN),
]


def trained(new_optimizer, dtype="float64"):
    net, optimizer = Network([4, 5, 3], dtype=dtype, seed=2), new_optimizer()
    net.step(X, Y, optimizer)
    return net, optimizer


def forged(net, optimizer, name, value):
    """A checkpoint with another value, and the checksum that belongs to it."""
    data = bytearray(net.to_bytes(optimizer=optimizer))
    (size,) = struct.unpack("<Q", data[:8])
    begin = json.loads(data[8 : 8 + size])[f"optimizer.{name}"]["data_offsets"][0] + 8 + size
    data[begin : begin + 8] = struct.pack("<d", value)
    at = data.index(b'"sha256":"') + 10
    data[at : at + 64] = b"0" * 64
    data[at : at + 64] = hashlib.sha256(data).hexdigest().encode()
    return bytes(data)


@pytest.mark.parametrize(("new_optimizer", "name", "value"), BAD)
def test_a_value_that_training_never_gives_is_refused(new_optimizer, name, value):
    net, optimizer = trained(new_optimizer)
    with pytest.raises(ValueError, match=f"^optimizer: .*{name}"):
        Network.checkpoint_from_bytes(forged(net, optimizer, name, value))
    progress, size, slots = optimizer._get_state()
    if name in PROGRESS:
        progress = tuple(value if n == name else old for n, old in zip(PROGRESS, progress))
    else:
        slots[size * list(optimizer.state).index(name) + 3] = value
    with pytest.raises(ValueError, match=f"^optimizer: .*{name}"):
        new_optimizer()._set_state(progress, size, slots)


@pytest.mark.parametrize("value", [NAN, -1.0])
def test_a_state_that_could_not_be_read_again_is_neither_saved_nor_pickled(value):
    net, optimizer = trained(Adam)
    optimizer.state["v"][7] = value
    for write in (lambda: net.to_bytes(optimizer=optimizer), lambda: pickle.dumps(optimizer)):
        with refused(ValueError, f"^optimizer: expected numbers >= 0 in its state v, got {value:g} at position 7", net):
            write()


def test_squares_that_overflow_are_read_again():
    net, optimizer = trained(Adam, "float32")
    net.apply_gradient(np.full(net.parameters.size, 1e25, "f4"), optimizer)
    assert np.isinf(optimizer.state["v"]).all()
    assert np.isfinite(net.parameters).all()
    _, other = Network.checkpoint_from_bytes(net.to_bytes(optimizer=optimizer))
    assert state(net, other) == state(net, optimizer) == state(net, copy.copy(optimizer))


@every_copy
@every_dtype
@every_optimizer
def test_what_training_gives_is_read_again(new_optimizer, dtype, duplicate):
    net, optimizer = trained(new_optimizer, dtype)
    for _ in range(3):
        assert state(net, duplicate(optimizer)) == state(net, optimizer)
        net.step(X, Y, optimizer)


def test_progress_fits_to_a_state_that_there_is():
    (_, *powers), size, slots = trained(Adam)[1]._get_state()
    with pytest.raises(ValueError, match=r"^optimizer: expected beta_1_power to be 1, got 0\.9"):
        Adam()._set_state((0, *powers), size, slots)
    with pytest.raises(ValueError, match="^optimizer: expected no steps without a state, got 1"):
        Adam()._set_state((1, *powers), 0, slots[:0])
    with pytest.raises(ValueError, match=r"^optimizer: expected fewer than 2\*\*63 steps"):
        Adam()._set_state((2**63, *powers), size, slots)


@pytest.mark.parametrize(
    "lay_out",
    [
        lambda slots: np.repeat(slots, 2)[::2],
        lambda slots: slots[::-1].copy()[::-1],
        lambda slots: np.frombuffer(b"x" + slots.tobytes(), dtype="u1")[1:].view("f8"),
        lambda slots: slots.reshape(2, -1),
    ],
    ids=["strided", "reversed", "misaligned", "two rows"],
)
def test_slots_are_read_whatever_their_layout(lay_out):
    net, optimizer = trained(Adam)
    progress, size, slots = optimizer._get_state()
    assert state(net, _restore(Adam, {}, (progress, size, lay_out(slots)))) == state(net, optimizer)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda progress, size, slots: (progress, size, slots[:-1]), ValueError),
        (lambda progress, size, slots: (progress, size + 1, slots), ValueError),
        (lambda progress, size, slots: (progress, 2**63 + size, slots), ValueError),
        (lambda progress, size, slots: (progress, 0, slots), ValueError),
        (lambda progress, size, slots: (progress, size, slots.astype("i8")), ValueError),
        (lambda progress, size, slots: (progress, size, slots.astype(">f8")), ValueError),
        (lambda progress, size, slots: (progress, size, np.zeros(slots.shape, [])), ValueError),
        (lambda progress, size, slots: (progress, size, slots.astype(object)), ValueError),
        (lambda progress, size, slots: (progress, size, slots.tolist()), TypeError),
        (lambda progress, size, slots: (("1", *progress[1:]), size, slots), TypeError),
        (lambda progress, size, slots: ((-1, *progress[1:]), size, slots), TypeError),
        (lambda progress, size, slots: (progress[:3], size, slots), IndexError),
    ],
)
def test_a_state_of_another_form_is_refused(change, error):
    changed = change(*trained(Adam)[1]._get_state())
    optimizer = Adam()
    with refused(error, None, Network([2, 1], seed=0), optimizer):
        optimizer._set_state(*changed)


def test_a_state_is_not_set_beside_training():
    net, optimizer = small_network(), Adam(1e-4)
    net.step(SMALL_X, SMALL_Y, optimizer)
    before = optimizer._get_state()
    with (
        training(net, held, optimizer=optimizer),
        pytest.raises(RuntimeError, match="another call is using this optimizer"),
    ):
        optimizer._set_state(*before)
