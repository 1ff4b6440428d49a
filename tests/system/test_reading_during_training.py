# SPDX-License-Identifier: BSD-3-Clause
"""Copies and reads while another thread trains: each one is consistent or refused."""

import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import numpy as np
import pytest
from netlet import Adam, Network

from helpers.processes import TIMEOUT
from helpers.sharing import X, training

ZEROS = np.zeros((1500, 10))


def test_readers_that_never_pause_do_not_hold_up_a_training():
    net, over, callbacks = Network([40, 64, 10], seed=1), threading.Event(), threading.Event()
    have_read = threading.Barrier(5)

    def read():
        callbacks.wait(TIMEOUT)
        net.forward(X)
        have_read.wait(TIMEOUT)
        while not over.is_set():
            with suppress(RuntimeError):
                net.forward(X)

    def callback(epoch, _history):
        if epoch == 0:  # it goes on when all are reading
            callbacks.set()
            have_read.wait(TIMEOUT)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        net.fit(X, ZEROS, epochs=20, learning_rate=1e-6, callback=callback)
    finally:
        over.set()
        for reader in readers:
            reader.join(TIMEOUT)
    assert net.epochs_trained == 20
    assert not any(reader.is_alive() for reader in readers)


@pytest.mark.parametrize("duplicate", [copy.copy, pickle.dumps], ids=["copy", "pickle"])
def test_a_copy_during_training_is_refused_or_consistent(duplicate):
    net, adam, fingerprints, copies = Network([40, 64, 10], seed=1), Adam(1e-4), set(), []
    with training(net, lambda _end: fingerprints.add(net.fingerprint()), optimizer=adam, x=X, y=ZEROS):
        for _ in range(500):
            for thing in (net, adam):
                with suppress(RuntimeError):
                    copies.append(duplicate(thing))
    copies = [pickle.loads(c) if isinstance(c, bytes) else c for c in copies]
    assert {c.fingerprint() for c in copies if isinstance(c, Network)} <= fingerprints


@pytest.mark.parametrize(
    "read", [copy.copy, lambda o: o._get_state(), lambda o: o.state], ids=["copy", "pickle", "state"]
)
def test_an_optimizer_may_be_read_while_it_takes_its_first_step(read):
    net, current = Network([40, 64, 10], seed=1), [Adam(1e-9)]

    def step():
        for _ in range(100):
            current[0] = optimizer = Adam(1e-9)
            while optimizer.steps == 0:
                with suppress(RuntimeError):  # refused beside a read
                    net.step(X[:100], ZEROS[:100], optimizer)

    with ThreadPoolExecutor(1) as pool:
        stepping = pool.submit(step)
        while not stepping.done():
            with suppress(RuntimeError):
                read(current[0])
        stepping.result()


def test_scaling_and_copies_are_consistent_while_another_thread_learns():
    net, data = Network([3000, 1], seed=0), np.random.default_rng(0).normal(size=(5, 3000))

    def learn():
        for _ in range(100):
            with suppress(RuntimeError):
                net.learn_scaling(data)

    with ThreadPoolExecutor(1) as pool:
        learning = pool.submit(learn)
        while not learning.done():
            with suppress(RuntimeError):
                scaling = net.input_scaling
                assert scaling is None or (scaling[1] > 0).all()
                assert copy.copy(net).layer_sizes == (3000, 1)
        learning.result()


def test_anything_may_be_asked_while_another_thread_trains():
    """Each answer is one, or a refusal; ThreadSanitizer (tests/thread_sanitizer.py) sees whether it is a race."""
    net, adam = Network([40, 64, 10], seed=1), Adam(1e-9)

    def set_rate():
        adam.learning_rate = 1e-9

    ask = [
        lambda: (net.seed, net.epochs_trained, net.layer_sizes, net.input_scaling, repr(net)),
        lambda: (adam.learning_rate, adam.steps, repr(adam)),
        lambda: adam.state,
        lambda: net.forward(X),
        lambda: net.loss(X, ZEROS),
        lambda: net.to_bytes(optimizer=adam),
        lambda: (copy.copy(net), copy.copy(adam), pickle.dumps(net)),
        lambda: net.fingerprint(),
        lambda: net.learn_scaling(X),
        set_rate,
    ]
    with training(net, lambda _end: None, optimizer=adam, x=X, y=ZEROS, batch_size=100):
        for _ in range(30):
            for call in ask:
                with suppress(RuntimeError):
                    call()
