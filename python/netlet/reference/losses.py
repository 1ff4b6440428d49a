# SPDX-License-Identifier: BSD-3-Clause
"""Losses of rows, in binary64, and their derivatives, in the network's type T."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .activations import sum_columns
from .elementary import exp, expm1_negative, log, log1p_unit, softplus_tail, tanh
from .fused import Array, fma
from .sums import chain


@dataclass(frozen=True)
class Loss:
    """A loss of an output layer with sums z and outputs y, for targets t.

    Both functions also get the loss's own setting, for those that have one; `rows` also which targets are there: the
    others add nothing.
    """

    rows: Callable[[Array, Array, Array, Array, Any], Array]  # of each row, from z, y, t, and what of t is there
    derivative: Callable[[Array, Array, Any], Array]  # from y and t: with respect to y, or to z if there are classes
    output: str | None = None  # the output activation, unless one is given; None: that of the hidden layers
    classes: str = ""  # "row": a row has one of the outputs' classes; "output": each output is a yes or no
    scales_outputs: bool = False  # whether outputs may have a scaling
    setting: str = ""  # the network's attribute that has it
    outputs_per_target: int = 1


def _sum(terms: Array, there: Array) -> Array:
    """The sum over a row's terms, in their order, without those of missing targets."""
    return np.asarray(chain(np.where(there, terms, 0).T))


# ---- distances of outputs and targets


def _errors(y: Array, t: Array) -> Array:
    return y.astype(np.float64) - t.astype(np.float64)


def _by_sign(e: Array, negative: Any, positive: Any) -> Array:
    return np.where(e > 0, positive, np.where(e < 0, negative, e)).astype(e.dtype)


def squared_error(z: Array, y: Array, t: Array, there: Array, setting: None) -> Array:
    """1/2 sum_j (y_j - t_j)^2."""
    e = np.where(there, _errors(y, t), 0)
    total = np.zeros(len(y))
    for j in range(y.shape[1]):
        total = fma(e[:, j], e[:, j], total)
    return 0.5 * total


def absolute_error(z: Array, y: Array, t: Array, there: Array, setting: None) -> Array:
    """sum_j abs(y_j - t_j)."""
    return _sum(np.abs(_errors(y, t)), there)


def huber(z: Array, y: Array, t: Array, there: Array, delta: float) -> Array:
    """sum_j e^2 / 2 up to delta, delta (abs(e) - delta / 2) beyond."""
    e = _errors(y, t)
    size = np.abs(e)
    return _sum(np.where(size <= delta, 0.5 * (e * e), delta * (size - 0.5 * delta)), there)


def _huber_derivative(y: Array, t: Array, delta: float) -> Array:
    most = y.dtype.type(delta)
    e = y - t
    return np.where(e > most, most, np.where(e < -most, -most, e))


def quantile(z: Array, y: Array, t: Array, there: Array, q: Array) -> Array:
    """sum_j (1 - q_j) e above the target, -q_j e below."""
    e = _errors(y, t)
    return _sum(np.where(e > 0, (1 - q) * e, q * -e), there)


def log_cosh(z: Array, y: Array, t: Array, there: Array, setting: None) -> Array:
    """sum_j log(cosh(e_j)), each in T: near 0 log1p(cosh(e) - 1), else abs(e) + log1p(exp(-2 abs(e))) - log(2)."""
    number = y.dtype.type
    size = np.abs(y - t)
    near = size < 1
    u = expm1_negative(-size)
    v = 1 + u  # exp(-size)
    tail = log1p_unit(np.where(near, (u * u) / (2 * v), v * v))
    terms = np.where(near, tail, size + (tail - number(0.6931471805599453)))
    return _sum(terms.astype(np.float64), there)


# ---- negative logarithms of probabilities


def gaussian_nll(z: Array, y: Array, t: Array, there: Array, setting: None) -> Array:
    """sum_j (s_j + (m_j - t_j)^2 exp(-s_j)) / 2, the exponential in T; outputs are m_0, s_0, m_1, s_1, ..."""
    mean, s = y[:, ::2], y[:, 1::2]
    e = _errors(mean, t)
    return _sum(0.5 * fma(e * e, exp(-s).astype(np.float64), s.astype(np.float64)), there)


def _gaussian_nll_derivative(y: Array, t: Array, setting: None) -> Array:
    number = y.dtype.type
    e, precision = y[:, ::2] - t, exp(-y[:, 1::2])
    g = np.empty_like(y)
    g[:, ::2] = e * precision
    g[:, 1::2] = number(0.5) * fma(-(e * e), precision, number(1))
    return g


def poisson(z: Array, y: Array, t: Array, there: Array, setting: None) -> Array:
    """sum_j exp(y_j) - t_j y_j, the exponential in T."""
    return _sum(fma(-t.astype(np.float64), y.astype(np.float64), exp(y).astype(np.float64)), there)


def binary_cross_entropy(z: Array, y: Array, t: Array, there: Array, setting: None) -> Array:
    """sum_j max(z_j, 0) - t_j z_j + log(1 + exp(-abs(z_j))): from z, so never infinite for finite z."""
    tail = softplus_tail(z).astype(np.float64)
    z, t = z.astype(np.float64), t.astype(np.float64)
    return _sum(np.where(z > 0, 1 - t, -t) * z + tail, there)


def cross_entropy(z: Array, y: Array, t: Array, there: Array, setting: None) -> Array:
    """sum_j t_j (log(sum_k exp(z_k - m)) - (z_j - m)), m the largest z; terms with t_j = 0 are left out."""
    m = np.max(z, axis=1)
    log_sum = log(sum_columns(exp(z - m[:, None]))).astype(np.float64)
    total = np.zeros(len(z))
    for j in range(z.shape[1]):
        nats = log_sum - (z[:, j].astype(np.float64) - m.astype(np.float64))
        total = np.where((t[:, j] == 0) | ~there[:, j], total, fma(t[:, j].astype(np.float64), nats, total))
    return total


LOSSES = {
    "squared_error": Loss(squared_error, lambda y, t, _: y - t, scales_outputs=True),
    "absolute_error": Loss(
        absolute_error, lambda y, t, _: _by_sign(y - t, y.dtype.type(-1), y.dtype.type(1)), scales_outputs=True
    ),
    "huber": Loss(huber, _huber_derivative, scales_outputs=True, setting="huber_delta"),
    "poisson": Loss(poisson, lambda y, t, _: exp(y) - t, output="identity"),
    "quantile": Loss(
        quantile,
        lambda y, t, q: _by_sign(y - t, (-q).astype(y.dtype), (1 - q).astype(y.dtype)),
        scales_outputs=True,
        setting="quantiles",
    ),
    "binary_cross_entropy": Loss(binary_cross_entropy, lambda y, t, _: y - t, output="sigmoid", classes="output"),
    "cross_entropy": Loss(cross_entropy, lambda y, t, _: y - t, output="softmax", classes="row"),
    "log_cosh": Loss(log_cosh, lambda y, t, _: tanh(y - t), scales_outputs=True),
    "gaussian_nll": Loss(
        gaussian_nll, _gaussian_nll_derivative, output="identity", scales_outputs=True, outputs_per_target=2
    ),
}
