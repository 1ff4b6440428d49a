# SPDX-License-Identifier: BSD-3-Clause
"""exp, log, sigmoid, tanh and softplus, by one range reduction and one polynomial each."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .fused import Array, fma

_F64: dict[str, Any] = {
    "shift": float.fromhex("0x1.8p52"),  # x + shift - shift rounds x to an integer
    "log2e": float.fromhex("0x1.71547652b82fep0"),
    "ln2_hi": float.fromhex("0x1.62e42fefa4p-1"),  # so short that its multiples by exponents are exact
    "ln2_lo": float.fromhex("-0x1.8432a1b0e2634p-43"),
    "exp_min": -746.0,  # beyond these two exp is 0 and infinite
    "exp_max": 710.0,
    "expm1": [  # of r^2, r^3, ..., r^11
        float.fromhex("0x1.0000000000005p-1"),
        float.fromhex("0x1.555555555553bp-3"),
        float.fromhex("0x1.5555555552101p-5"),
        float.fromhex("0x1.1111111118834p-7"),
        float.fromhex("0x1.6c16c17f336cp-10"),
        float.fromhex("0x1.a01a0177f3ca6p-13"),
        float.fromhex("0x1.a019a6914c09ap-16"),
        float.fromhex("0x1.71de80fa36f19p-19"),
        float.fromhex("0x1.28a2a1b3c047fp-22"),
        float.fromhex("0x1.ae77aa5a5b9e6p-26"),
    ],
    "atanh": [  # of s^2, s^4, ..., s^16 in (log((1 + s) / (1 - s)) - 2 s) / s
        float.fromhex("0x1.5555555555555p-1"),
        float.fromhex("0x1.999999999ap-2"),
        float.fromhex("0x1.24924923cdbe1p-2"),
        float.fromhex("0x1.c71c72f00d12dp-3"),
        float.fromhex("0x1.745ca8007bb8ap-3"),
        float.fromhex("0x1.3b2a64927a51p-3"),
        float.fromhex("0x1.0e821e40299b3p-3"),
        float.fromhex("0x1.16e404cbe8fe2p-3"),
    ],
}
_F32: dict[str, Any] = {
    "shift": float.fromhex("0x1.8p23"),
    "log2e": float.fromhex("0x1.715476p0"),
    "ln2_hi": float.fromhex("0x1.62e4p-1"),
    "ln2_lo": float.fromhex("0x1.7f7d1cp-20"),
    "exp_min": -105.0,
    "exp_max": 89.0,
    "expm1": [
        float.fromhex("0x1.fffffep-2"),
        float.fromhex("0x1.5554bp-3"),
        float.fromhex("0x1.555716p-5"),
        float.fromhex("0x1.12279ep-7"),
        float.fromhex("0x1.6b7376p-10"),
    ],
    "atanh": [
        float.fromhex("0x1.555556p-1"),
        float.fromhex("0x1.99992cp-2"),
        float.fromhex("0x1.246adep-2"),
        float.fromhex("0x1.df7508p-3"),
    ],
}


def _constants(x: Array) -> dict[str, Any]:
    table = _F32 if x.dtype == np.float32 else _F64
    return {
        name: [x.dtype.type(c) for c in value] if isinstance(value, list) else x.dtype.type(value)
        for name, value in table.items()
    }


def _float_array(x: npt.ArrayLike) -> Array:
    array = np.asarray(x)
    return array if array.dtype == np.float32 else array.astype(np.float64)


def _reduce(x: Array) -> tuple[Array, Array]:
    """X = k ln 2 + r with k an integer and abs(r) <= 0.3467; returns k and expm1(r)."""
    c = _constants(x)
    k = fma(x, c["log2e"], c["shift"]) - c["shift"]
    high = fma(-k, c["ln2_hi"], x)  # exact
    low = -k * c["ln2_lo"]
    r = high + low
    r2 = r * r
    p = c["expm1"]
    pairs = [fma(p[i + 1], r, p[i]) for i in range(0, len(p) - 1, 2)]
    if x.dtype == np.float32:
        tail = fma(fma(p[4], r2, pairs[1]), r2, pairs[0])
    else:
        r4 = r2 * r2
        tail = fma(fma(pairs[4], r4, fma(pairs[3], r2, pairs[2])), r4, fma(pairs[1], r2, pairs[0]))
    return k, high + fma(r2, tail, low)


def _power_of_two(k: Array) -> Array:
    """2^k in the dtype of k."""
    return np.ldexp(k.dtype.type(1), np.where(np.isfinite(k), k, 0).astype(np.int32))


def exp(x: npt.ArrayLike) -> Array:
    """The exponential function, elementwise; at most 1 ulp off."""
    x = _float_array(x)
    c = _constants(x)
    with np.errstate(all="ignore"):
        x = np.where(x < c["exp_min"], c["exp_min"], x)
        x = np.where(x > c["exp_max"], c["exp_max"], x)
        k, p = _reduce(x)
        half = np.rint(k * x.dtype.type(0.5))  # two factors, so that a subnormal result is rounded once
        return ((1 + p) * _power_of_two(half)) * _power_of_two(k - half)


def _log_reduced(f: Array, k: Array) -> Array:
    """log(1 + f) + k ln 2 for -0.25 <= f < 0.5, by 1 + f = (1 + s) / (1 - s) and the series of atanh."""
    c = _constants(f)
    a = c["atanh"]
    s = f / (2 + f)
    z = s * s
    z2 = z * z
    pairs = [fma(a[i + 1], z, a[i]) for i in range(0, len(a), 2)]
    if f.dtype == np.float32:
        tail = fma(pairs[1], z2, pairs[0])
    else:
        tail = fma(fma(pairs[3], z2, pairs[2]), z2 * z2, fma(pairs[1], z2, pairs[0]))
    half = f.dtype.type(0.5) * (f * f)
    t = fma(s, half + z * tail, k * c["ln2_lo"])
    return fma(k, c["ln2_hi"], f - (half - t))


def log(x: npt.ArrayLike) -> Array:
    """The natural logarithm, elementwise; at most 1 ulp off. -inf at 0, NaN below."""
    x = _float_array(x)
    with np.errstate(all="ignore"):
        m, k = np.frexp(np.where((x > 0) & (x < np.inf), x, x.dtype.type(1)))  # 0.5 <= m < 1
        lower = m < 0.75
        m = np.where(lower, m + m, m)  # 0.75 <= m < 1.5
        k = np.where(lower, k - 1, k).astype(x.dtype)
        y = np.where(x < np.inf, _log_reduced(m - 1, k), x)
        y = np.where(x == 0, x.dtype.type(-np.inf), y)
        return np.where(x < 0, x.dtype.type(np.nan), y)


def sigmoid(x: npt.ArrayLike) -> Array:
    """1 / (1 + exp(-x)), elementwise, as e / (1 + e) with e = exp(-abs(x)) below 0; at most 3 ulp off."""
    x = _float_array(x)
    with np.errstate(all="ignore"):
        e = exp(-np.abs(x))
        return np.where(x < 0, e, x.dtype.type(1)) / (1 + e)


def tanh(x: npt.ArrayLike) -> Array:
    """The hyperbolic tangent, elementwise, as t / (2 + t) with t = expm1(-2 abs(x)); at most 3 ulp off."""
    x = _float_array(x)
    with np.errstate(all="ignore"):
        c = -2 * np.abs(x)
        k, p = _reduce(np.where(c < -64, x.dtype.type(-64), c))
        scale = _power_of_two(k)
        t = fma(scale, p, scale - 1)
        return np.copysign(t / (2 + t), x)


def softplus_tail(x: Array) -> Array:
    """log(1 + exp(-abs(x)))."""
    e = exp(-np.abs(x))
    upper = e >= 0.5
    f = np.where(upper, (e - 1) * x.dtype.type(0.5), e)
    return _log_reduced(f, upper.astype(x.dtype))


def softplus(x: npt.ArrayLike) -> Array:
    """log(1 + exp(x)), elementwise, as max(x, 0) + log(1 + exp(-abs(x))); at most 3 ulp off."""
    x = _float_array(x)
    with np.errstate(all="ignore"):
        return np.where(x < 0, x.dtype.type(0), x) + softplus_tail(x)
