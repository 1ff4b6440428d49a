# SPDX-License-Identifier: BSD-3-Clause
"""Activations with their derivatives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .elementary import exp, expm1_negative, normal, sigmoid, softplus, tanh
from .fused import Array, fma
from .sums import chain, in_blocks

__all__ = ["elu", "gelu", "hard_sigmoid", "leaky_relu", "mish", "relu", "silu"]


@dataclass(frozen=True)
class Activation:
    """A function y of a layer's sums z, and the way back through it.

    `times_derivative` turns a derivative s of the loss with respect to y into one with respect to z.
    """

    value: Callable[[Array], Array]  # y from z
    times_derivative: Callable[[Array, Array], Array]  # from s and y, or from s and z
    reads_sums: bool = False  # whether it is z


# ---- one function of one number each


def relu(z: Array) -> Array:
    """z, but 0 below 0."""
    return np.where(z < 0, z.dtype.type(0), z)


def leaky_relu(z: Array) -> Array:
    """z, but 0.01 z below 0."""
    return np.where(z < 0, z.dtype.type(0.01) * z, z)


def elu(z: Array) -> Array:
    """z, but exp(z) - 1 below 0."""
    zero = z.dtype.type(0)
    return np.where(z > 0, z, expm1_negative(np.where(z > 0, zero, z)))


def silu(z: Array) -> Array:
    """z sigmoid(z)."""
    return z * sigmoid(z)


def _times_silu(s: Array, z: Array) -> Array:
    g = sigmoid(z)
    return s * (g * fma(z, 1 - g, z.dtype.type(1)))


def gelu(z: Array) -> Array:
    """z times the normal distribution function of z."""
    return z * normal(z)[0]


def _times_gelu(s: Array, z: Array) -> Array:
    function, bell = normal(z)
    return s * fma(z, bell * z.dtype.type(0.3989422804014327), function)  # 1 / sqrt(2 pi)


def hard_sigmoid(z: Array) -> Array:
    """z / 6 + 1/2, limited to values from 0 to 1."""
    number = z.dtype.type
    y = fma(z, number(1) / number(6), number(0.5))
    y = np.where(y < 0, number(0), y)
    return np.where(y > 1, number(1), y)


def _times_hard_sigmoid(s: Array, y: Array) -> Array:
    number = y.dtype.type
    return s * np.where(y <= 0, number(0), np.where(y >= 1, number(0), number(1) / number(6)))


def _tanh_softplus(z: Array) -> tuple[Array, Array, Array]:
    """tanh(log(1 + exp(z))), 1 minus that, and exp(-abs(z)), by which both are quotients without a cancellation."""
    number = z.dtype.type
    e = exp(-np.abs(z))
    above = np.where(z < 0, e * (e + 2), fma(number(2), e, number(1)))
    rest = np.where(z < 0, number(2), 2 * (e * e))
    return above / (above + rest), rest / (above + rest), e


def mish(z: Array) -> Array:
    """z tanh(log(1 + exp(z)))."""
    return z * _tanh_softplus(z)[0]


def _times_mish(s: Array, z: Array) -> Array:
    w, r, e = _tanh_softplus(z)
    g = np.where(z < 0, e, z.dtype.type(1)) / (1 + e)  # sigmoid(z)
    return s * fma(z * (r * (1 + w)), g, w)


# ---- a function of a whole row


def softmax(z: Array) -> Array:
    """exp(z - max) of each row, divided by their sum."""
    e = exp(z - np.max(z, axis=1, keepdims=True))
    return e / sum_columns(e)[:, None]


def sum_columns(e: Array) -> Array:
    """The sum of each row, in the order of the columns."""
    return in_blocks(e.shape[1], lambda terms: chain(e.T[terms.start : terms.stop]))


def _times_softmax(s: Array, y: Array) -> Array:
    """y_j (s_j - sum_k s_k y_k)."""

    def over(terms: range) -> Array:
        dot = np.zeros(len(s), dtype=s.dtype)
        for k in terms:
            dot = fma(s[:, k], y[:, k], dot)
        return dot

    return y * (s - in_blocks(s.shape[1], over)[:, None])


ACTIVATIONS = {
    "identity": Activation(lambda z: z, lambda s, y: s),
    "sigmoid": Activation(sigmoid, lambda s, y: s * (y * (1 - y))),
    "tanh": Activation(tanh, lambda s, y: s * fma(-y, y, y.dtype.type(1))),
    "relu": Activation(relu, lambda s, y: s * np.where(y <= 0, y.dtype.type(0), y.dtype.type(1))),
    "leaky_relu": Activation(leaky_relu, lambda s, y: s * np.where(y <= 0, y.dtype.type(0.01), y.dtype.type(1))),
    "elu": Activation(elu, lambda s, y: s * np.where(y <= 0, y + 1, y.dtype.type(1))),
    "softplus": Activation(softplus, lambda s, y: s * -expm1_negative(-y)),
    "silu": Activation(silu, _times_silu, reads_sums=True),
    "gelu": Activation(gelu, _times_gelu, reads_sums=True),
    "hard_sigmoid": Activation(hard_sigmoid, _times_hard_sigmoid),
    "softmax": Activation(softmax, _times_softmax),
    "mish": Activation(mish, _times_mish, reads_sums=True),
}
