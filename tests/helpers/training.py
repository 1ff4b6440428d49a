# SPDX-License-Identifier: BSD-3-Clause
"""Data, networks and optimizers that tests of training share."""

import numpy as np
from netlet import Network

RNG = np.random.default_rng(11)
X, Y = RNG.normal(size=(300, 5)), RNG.normal(size=(300, 2))
CLASSES = X[:, :3].argmax(axis=1)


def regression(**settings):
    return Network([5, 8, 2], activation=["tanh", "identity"], reduction="mean", seed=1, **settings)


def classifier(**settings):
    return Network([5, 8, 3], activation="tanh", loss="cross_entropy", reduction="mean", seed=1, **settings)


SIZES = [5, 7, 2]


def random_data(rows=300, inputs=5, outputs=2, dtype="float64"):
    rng = np.random.default_rng(7)
    return rng.normal(size=(rows, inputs)).astype(dtype), rng.random((rows, outputs)).astype(dtype)
