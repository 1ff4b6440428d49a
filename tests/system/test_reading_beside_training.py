# SPDX-License-Identifier: BSD-3-Clause
"""Copies and reads beside a thread that trains."""

import copy
import pickle
import threading
from contextlib import suppress

import numpy as np
import pytest
from netlet import Adam, Network

from helpers.processes import TIMEOUT
from helpers.sharing import X


def test_readers_that_never_pause_do_not_hold_up_a_training():
    net, x = Network([40, 64, 10], seed=1), X
    over = threading.Event()

    def read():
        while not over.is_set():
            with suppress(RuntimeError):
                net.forward(x)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(100):
            with suppress(RuntimeError):  # a reader was there first
                net.fit(x, np.zeros((1500, 10)), epochs=3, learning_rate=1e-6, callback=lambda *_: None)
                break
    finally:
        over.set()
        for reader in readers:
            reader.join(TIMEOUT)
    assert not any(reader.is_alive() for reader in readers)


@pytest.mark.parametrize("duplicate", [copy.copy, pickle.dumps], ids=["copy", "pickle"])
def test_a_copy_beside_a_training_is_refused_or_whole(duplicate):
    net, adam, over = Network([40, 64, 10], seed=1), Adam(1e-4), threading.Event()
    epochs = set()
    fitting = {
        "epochs": 10**9,
        "optimizer": adam,
        "callback": lambda *_: epochs.add(net.fingerprint()) or over.is_set(),
    }
    trainer = threading.Thread(target=net.fit, args=(X, np.zeros((1500, 10))), kwargs=fitting)
    trainer.start()
    while not epochs:  # a copy before the first epoch could make fit refuse to begin
        assert trainer.is_alive()
    copies = []
    while len(epochs) < 30 and trainer.is_alive() and len(copies) < 5000:
        for thing in (net, adam):
            with suppress(RuntimeError):
                copies.append(duplicate(thing))
    over.set()
    trainer.join(TIMEOUT)
    copies = [pickle.loads(c) if isinstance(c, bytes) else c for c in copies]
    fingerprints = {c.fingerprint() for c in copies if isinstance(c, Network)}
    assert fingerprints <= epochs | {Network([40, 64, 10], seed=1).fingerprint()}


@pytest.mark.parametrize("read", [copy.copy, lambda o: o._get_state(), lambda o: o.state])
def test_an_optimizer_may_be_read_while_it_takes_its_first_step(read):
    """Each read is whole or refused."""
    net, current, done = Network([40, 64, 10], seed=1), [Adam(1e-9)], threading.Event()

    def step():
        for _ in range(300):
            current[0] = optimizer = Adam(1e-9)
            net.step(X[:100], np.zeros((100, 10)), optimizer)
        done.set()

    thread = threading.Thread(target=step)
    thread.start()
    try:
        while not done.is_set():
            with suppress(RuntimeError):
                read(current[0])
    finally:
        thread.join(TIMEOUT)
    assert done.is_set()


def test_scaling_and_copies_are_read_whole_beside_a_thread_that_learns():
    net, data, done = Network([3000, 1], seed=0), np.random.default_rng(0).normal(size=(5, 3000)), threading.Event()

    def learn():
        for _ in range(300):
            with suppress(RuntimeError):
                net.learn_scaling(data)
        done.set()

    thread = threading.Thread(target=learn)
    thread.start()
    try:
        while not done.is_set():
            with suppress(RuntimeError):
                scaling = net.input_scaling
                assert scaling is None or (scaling[1] > 0).all()
                assert copy.copy(net).layer_sizes == (3000, 1)
    finally:
        thread.join(TIMEOUT)
    assert done.is_set()
