# SPDX-License-Identifier: BSD-3-Clause
"""Activations with their derivatives, and losses."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .elementary import exp, log, sigmoid, softplus_tail, tanh
from .fused import Array, fma
from .sums import chain


def softmax(z: Array) -> Array:
    """exp(z - max) of each row, divided by their sum in the order of the columns."""
    e = exp(z - np.max(z, axis=1, keepdims=True))
    return e / chain(e.T)[:, None]


def _relu(z: Array) -> Array:
    return np.where(z < 0, z.dtype.type(0), z)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "identity": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": _relu,
    "softmax": softmax,
}

# s times the derivative, written in the output y
TIMES_DERIVATIVE: dict[str, Callable[[Array, Array], Array]] = {
    "identity": lambda s, y: s,
    "sigmoid": lambda s, y: s * (y * (1 - y)),
    "tanh": lambda s, y: s * fma(-y, y, y.dtype.type(1)),
    "relu": lambda s, y: s * np.where(y <= 0, y.dtype.type(0), y.dtype.type(1)),
}


def softmax_delta(g: Array, y: Array) -> Array:
    """y_j (g_j - sum_k g_k y_k): a softmax output under a loss with derivative g."""
    dot = np.zeros(len(g), dtype=g.dtype)
    for k in range(g.shape[1]):
        dot = fma(g[:, k], y[:, k], dot)
    return y * (g - dot[:, None])


def squared_error(z: Array, y: Array, t: Array) -> Array:
    """1/2 sum_j (y_j - t_j)^2 of each row, in binary64."""
    e = y.astype(np.float64) - t.astype(np.float64)
    total = np.zeros(len(y))
    for j in range(y.shape[1]):
        total = fma(e[:, j], e[:, j], total)
    return 0.5 * total


def binary_cross_entropy(z: Array, y: Array, t: Array) -> Array:
    """sum_j max(z_j, 0) - t_j z_j + log(1 + exp(-abs(z_j))) of each row: from z, so never infinite for finite z."""
    tail = softplus_tail(z).astype(np.float64)
    z, t = z.astype(np.float64), t.astype(np.float64)
    terms = np.where(z > 0, 1 - t, -t) * z + tail
    return np.asarray(chain(terms.T))


def cross_entropy(z: Array, y: Array, t: Array) -> Array:
    """sum_j t_j (log(sum_k exp(z_k - m)) - (z_j - m)) of each row, m the largest z; terms with t_j = 0 are left out."""
    m = np.max(z, axis=1)
    log_sum = log(chain(exp(z - m[:, None]).T)).astype(np.float64)
    total = np.zeros(len(z))
    for j in range(z.shape[1]):
        nats = log_sum - (z[:, j].astype(np.float64) - m.astype(np.float64))
        total = np.where(t[:, j] == 0, total, fma(t[:, j].astype(np.float64), nats, total))
    return total


LOSSES: dict[str, Callable[[Array, Array, Array], Array]] = {
    "squared_error": squared_error,
    "binary_cross_entropy": binary_cross_entropy,
    "cross_entropy": cross_entropy,
}
