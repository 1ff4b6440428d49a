# SPDX-License-Identifier: BSD-3-Clause
"""Networks that several threads share, and training in a background thread."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from netlet import SGD, Network

from helpers.processes import TIMEOUT

RNG = np.random.default_rng(3)
X, CLASSES = RNG.normal(size=(1500, 40)), RNG.integers(0, 10, 1500)
SMALL_X, SMALL_Y = X[:50, :4], X[:50, 4:6]


def wide_network():
    return Network([40, 64, 64, 10], activation="tanh", loss="cross_entropy", seed=1)


def small_network():
    return Network([4, 5, 2], seed=1)


@contextmanager
def training(net, callback, epochs=10**9, optimizer=None, x=SMALL_X, y=SMALL_Y, **options):
    """`fit` runs in another thread, and has come to its first callback; its result or error comes at the end."""
    begun, end = threading.Event(), threading.Event()

    def after_epoch(_epoch, _history):
        begun.set()
        callback(end)
        return end.is_set()

    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(
            net.fit, x, y, epochs=epochs, optimizer=optimizer or SGD(1e-4), callback=after_epoch, **options
        )
        try:
            assert begun.wait(TIMEOUT)
            yield
        finally:
            end.set()
        future.result(TIMEOUT)


def held(end):
    assert end.wait(TIMEOUT)


def not_held(_end):
    pass


READS = {
    "forward": lambda net, x, y: net.forward(x),
    "loss": lambda net, x, y: net.loss(x, y),
    "backward": lambda net, x, y: net.backward(x, y),
}
WRITES = {
    "step": lambda net, x, y: net.step(x, y, SGD()),
    "fit": lambda net, x, y: net.fit(x, y, epochs=1),
}
