# SPDX-License-Identifier: BSD-3-Clause
"""The default network does the from-scratch tutorial's job: against that tutorial's plain NumPy."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
from netlet import Network

TUTORIAL = runpy.run_path(str(Path(__file__).parents[2] / "benchmarks" / "tutorial.py"))
X, Y = TUTORIAL["X"], TUTORIAL["Y"]


def test_ten_thousand_epochs_on_xor() -> None:
    net = Network([2, 3, 1], seed=0)
    plain = TUTORIAL["PlainNetwork"](net.weights, net.biases)
    net.fit(X, Y, epochs=10_000, learning_rate=0.1)
    plain.fit(X, Y, epochs=10_000, learning_rate=0.1)
    # A tolerance, here alone: np.dot and np.exp round differently from one processor to the next, so they cannot be
    # met to the bit. Everything of netlet's own is compared to the bit, with netlet.reference.
    np.testing.assert_allclose(net.forward(X), plain.forward(X), rtol=0, atol=1e-9)
    np.testing.assert_array_equal(net.forward(X).round(), Y)
