# SPDX-License-Identifier: BSD-3-Clause
"""What the tests draw random networks from."""

import numpy as np
from netlet import _core

LOSSES = _core.NAMES["loss"]
OPTIMIZERS = [  # rates that let no drawn network diverge, summed gradients included
    ("SGD", {"learning_rate": 0.002}),
    ("SGD", {"learning_rate": 0.0005, "momentum": 0.9}),
    ("SGD", {"learning_rate": 0.0005, "momentum": 0.8, "nesterov": True}),
    ("Adam", {"learning_rate": 0.01}),
    ("AdamW", {"learning_rate": 0.01, "weight_decay": 0.5}),
    ("RMSprop", {"learning_rate": 0.002}),
    ("RMSprop", {"learning_rate": 0.0005, "rho": 0.99, "momentum": 0.5}),
    ("Rprop", {"learning_rate": 0.001}),
]


def targets(rng, loss, rows, outputs):
    if loss == "gaussian_nll":
        return rng.normal(size=(rows, outputs // 2))
    if loss == "cross_entropy":
        return rng.integers(0, outputs, rows) if rng.random() < 0.5 else rng.dirichlet(np.ones(outputs), rows)
    if loss == "binary_cross_entropy":
        return rng.integers(0, 2, (rows, outputs)) if rng.random() < 0.5 else rng.random((rows, outputs))
    return rng.integers(0, 3, (rows, outputs)) if loss == "poisson" else rng.normal(size=(rows, outputs))


def weights(rng, rows):
    """Of rows, the first not 0."""
    drawn = rng.integers(0, 3, rows) if rng.random() < 0.5 else 3 * rng.random(rows)
    drawn[0] = 1
    return drawn


def with_missing(rng, y):
    """Targets of which some are NaN, but not all of the first row's; class indices and probabilities: whole rows."""
    if y.dtype.kind == "i" and y.ndim == 1:
        return y
    whole_rows = np.allclose(y.sum(axis=1), 1)
    y = np.where(rng.random((len(y), 1) if whole_rows else y.shape) < 0.4, np.nan, y)
    y[0, 0 if not whole_rows else slice(None)] = 1 if not whole_rows else 1 / y.shape[1]
    return y
