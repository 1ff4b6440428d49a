# SPDX-License-Identifier: BSD-3-Clause
"""Activations with their derivatives, and losses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .elementary import exp, expm1_negative, log, normal, sigmoid, softplus, softplus_tail, tanh
from .fused import Array, fma
from .sums import chain


def softmax(z: Array) -> Array:
    """exp(z - max) of each row, divided by their sum in the order of the columns."""
    e = exp(z - np.max(z, axis=1, keepdims=True))
    return e / chain(e.T)[:, None]


def relu(z: Array) -> Array:
    """0 below 0."""
    return np.where(z < 0, z.dtype.type(0), z)


def leaky_relu(z: Array) -> Array:
    """0.01 z below 0."""
    return np.where(z < 0, z.dtype.type(0.01) * z, z)


def elu(z: Array) -> Array:
    """exp(z) - 1 below 0."""
    zero = z.dtype.type(0)
    return np.where(z > 0, z, expm1_negative(np.where(z > 0, zero, z)))


def silu(z: Array) -> Array:
    """z sigmoid(z)."""
    return z * sigmoid(z)


def gelu(z: Array) -> Array:
    """Z times the normal distribution function of z."""
    return z * normal(z)[0]


def hard_sigmoid(z: Array) -> Array:
    """z / 6 + 1/2, within 0 and 1."""
    number = z.dtype.type
    y = fma(z, number(1) / number(6), number(0.5))
    y = np.where(y < 0, number(0), y)
    return np.where(y > 1, number(1), y)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "identity": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "softplus": softplus,
    "silu": silu,
    "gelu": gelu,
    "hard_sigmoid": hard_sigmoid,
    "softmax": softmax,
}


def _times_silu(s: Array, z: Array) -> Array:
    g = sigmoid(z)
    return s * (g * fma(z, 1 - g, z.dtype.type(1)))


def _times_gelu(s: Array, z: Array) -> Array:
    function, bell = normal(z)
    return s * fma(z, bell * z.dtype.type(0.3989422804014327), function)  # 1 / sqrt(2 pi)


def _times_hard_sigmoid(s: Array, y: Array) -> Array:
    number = y.dtype.type
    return s * np.where(y <= 0, number(0), np.where(y >= 1, number(0), number(1) / number(6)))


# s times the derivative, written in the output y, but for IN_Z in the layer's sums z
TIMES_DERIVATIVE: dict[str, Callable[[Array, Array], Array]] = {
    "identity": lambda s, y: s,
    "sigmoid": lambda s, y: s * (y * (1 - y)),
    "tanh": lambda s, y: s * fma(-y, y, y.dtype.type(1)),
    "relu": lambda s, y: s * np.where(y <= 0, y.dtype.type(0), y.dtype.type(1)),
    "leaky_relu": lambda s, y: s * np.where(y <= 0, y.dtype.type(0.01), y.dtype.type(1)),
    "elu": lambda s, y: s * np.where(y <= 0, y + 1, y.dtype.type(1)),
    "softplus": lambda s, y: s * -expm1_negative(-y),
    "silu": _times_silu,
    "gelu": _times_gelu,
    "hard_sigmoid": _times_hard_sigmoid,
}
IN_Z = ("silu", "gelu")


def softmax_delta(g: Array, y: Array) -> Array:
    """y_j (g_j - sum_k g_k y_k): a softmax output under a loss with derivative g."""
    dot = np.zeros(len(g), dtype=g.dtype)
    for k in range(g.shape[1]):
        dot = fma(g[:, k], y[:, k], dot)
    return y * (g - dot[:, None])


# ---- losses: of each row, in binary64, and their derivatives by the outputs, in T


def _errors(y: Array, t: Array) -> Array:
    return y.astype(np.float64) - t.astype(np.float64)


def squared_error(z: Array, y: Array, t: Array, extra: Any) -> Array:
    """1/2 sum_j (y_j - t_j)^2."""
    e = _errors(y, t)
    total = np.zeros(len(y))
    for j in range(y.shape[1]):
        total = fma(e[:, j], e[:, j], total)
    return 0.5 * total


def absolute_error(z: Array, y: Array, t: Array, extra: Any) -> Array:
    """sum_j abs(y_j - t_j)."""
    return np.asarray(chain(np.abs(_errors(y, t)).T))


def huber(z: Array, y: Array, t: Array, extra: float) -> Array:
    """sum_j e^2 / 2 up to delta, delta (abs(e) - delta / 2) beyond; extra: delta."""
    e = _errors(y, t)
    size = np.abs(e)
    return np.asarray(chain(np.where(size <= extra, 0.5 * (e * e), extra * (size - 0.5 * extra)).T))


def poisson(z: Array, y: Array, t: Array, extra: Any) -> Array:
    """sum_j exp(y_j) - t_j y_j, the exponential in T."""
    return np.asarray(chain(fma(-t.astype(np.float64), y.astype(np.float64), exp(y).astype(np.float64)).T))


def quantile(z: Array, y: Array, t: Array, extra: Array) -> Array:
    """sum_j (1 - q_j) e above the target, -q_j e below; extra: the quantiles."""
    e = _errors(y, t)
    return np.asarray(chain(np.where(e > 0, (1 - extra) * e, extra * -e).T))


def binary_cross_entropy(z: Array, y: Array, t: Array, extra: Any) -> Array:
    """sum_j max(z_j, 0) - t_j z_j + log(1 + exp(-abs(z_j))): from z, so never infinite for finite z."""
    tail = softplus_tail(z).astype(np.float64)
    z, t = z.astype(np.float64), t.astype(np.float64)
    terms = np.where(z > 0, 1 - t, -t) * z + tail
    return np.asarray(chain(terms.T))


def cross_entropy(z: Array, y: Array, t: Array, extra: Any) -> Array:
    """sum_j t_j (log(sum_k exp(z_k - m)) - (z_j - m)), m the largest z; terms with t_j = 0 are left out."""
    m = np.max(z, axis=1)
    log_sum = log(chain(exp(z - m[:, None]).T)).astype(np.float64)
    total = np.zeros(len(z))
    for j in range(z.shape[1]):
        nats = log_sum - (z[:, j].astype(np.float64) - m.astype(np.float64))
        total = np.where(t[:, j] == 0, total, fma(t[:, j].astype(np.float64), nats, total))
    return total


LOSSES: dict[str, Callable[[Array, Array, Array, Any], Array]] = {
    "squared_error": squared_error,
    "absolute_error": absolute_error,
    "huber": huber,
    "poisson": poisson,
    "quantile": quantile,
    "binary_cross_entropy": binary_cross_entropy,
    "cross_entropy": cross_entropy,
}


def _by_sign(e: Array, negative: Any, positive: Any) -> Array:
    return np.where(e > 0, positive, np.where(e < 0, negative, e)).astype(e.dtype)


def _huber_derivative(y: Array, t: Array, extra: float) -> Array:
    most = y.dtype.type(extra)
    e = y - t
    return np.where(e > most, most, np.where(e < -most, -most, e))


LOSS_DERIVATIVES: dict[str, Callable[[Array, Array, Any], Array]] = {
    "squared_error": lambda y, t, extra: y - t,
    "absolute_error": lambda y, t, extra: _by_sign(y - t, y.dtype.type(-1), y.dtype.type(1)),
    "huber": _huber_derivative,
    "poisson": lambda y, t, extra: exp(y) - t,
    "quantile": lambda y, t, extra: _by_sign(y - t, (-extra).astype(y.dtype), (1 - extra).astype(y.dtype)),
    # by the output layer's sums, not by the outputs
    "binary_cross_entropy": lambda y, t, extra: y - t,
    "cross_entropy": lambda y, t, extra: y - t,
}
