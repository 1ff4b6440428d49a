# SPDX-License-Identifier: BSD-3-Clause
"""exp, log, sigmoid, tanh, softplus and the normal distribution, each by one range reduction and one polynomial."""

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
    "exp_min": -746.0,  # below this exp is 0, above the next it is infinite
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
    "normal": [  # of 1, t, t^2, ... in exp(u^2 / 2) (u + 4) times the tail from u on
        float.fromhex("0x1.82b4bb8c94dcep-1"),
        float.fromhex("-0x1.373e3a893c28ap-1"),
        float.fromhex("0x1.8c6dbf2cfc2c5p-2"),
        float.fromhex("-0x1.7dff2bff6842fp-3"),
        float.fromhex("0x1.eec4cc3e48142p-5"),
        float.fromhex("-0x1.ee2761044a3efp-8"),
        float.fromhex("-0x1.c81719cca078ep-9"),
        float.fromhex("0x1.ab825fb349ad9p-10"),
        float.fromhex("0x1.17a4a7839ae5fp-13"),
        float.fromhex("-0x1.e4a4221a17965p-13"),
        float.fromhex("-0x1.0012c89329494p-19"),
        float.fromhex("0x1.26d06683ec85ap-15"),
        float.fromhex("0x1.7fede811cc2fcp-21"),
        float.fromhex("-0x1.8d48f49d5ef7bp-18"),
        float.fromhex("-0x1.4fd09664c3ca6p-21"),
        float.fromhex("0x1.124ac20b3e18bp-20"),
        float.fromhex("0x1.1bf9e9361b5a8p-22"),
        float.fromhex("-0x1.501bec16e9283p-23"),
        float.fromhex("-0x1.4c889c30c4cffp-24"),
        float.fromhex("0x1.12dd2fc6c718p-26"),
        float.fromhex("0x1.f8a009fa9bea4p-27"),
        float.fromhex("-0x1.5a4e6e6651d3fp-32"),
        float.fromhex("-0x1.4a129826f99cbp-30"),
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
    "normal": [
        float.fromhex("0x1.82b4bcp-1"),
        float.fromhex("-0x1.373e3ap-1"),
        float.fromhex("0x1.8c6d9cp-2"),
        float.fromhex("-0x1.7dff5ap-3"),
        float.fromhex("0x1.eed0a2p-5"),
        float.fromhex("-0x1.eded26p-8"),
        float.fromhex("-0x1.cb5198p-9"),
        float.fromhex("0x1.a6d6e8p-10"),
        float.fromhex("0x1.78cd1p-13"),
        float.fromhex("-0x1.8e3462p-13"),
        float.fromhex("-0x1.0c75ap-15"),
    ],
}
# for implementations in other languages
COEFFICIENTS = {"float32": _F32, "float64": _F64}


def _constants(x: Array) -> dict[str, Any]:
    table = COEFFICIENTS[x.dtype.name]
    return {
        name: [x.dtype.type(c) for c in value] if isinstance(value, list) else x.dtype.type(value)
        for name, value in table.items()
    }


def _float_array(x: npt.ArrayLike) -> Array:
    array = np.asarray(x)
    return array if array.dtype == np.float32 else array.astype(np.float64)


def _reduce(x: Array) -> tuple[Array, Array]:
    """x = k ln 2 + r with k an integer and abs(r) <= 0.3467; returns k and expm1(r)."""
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


def expm1_negative(x: Array) -> Array:
    """exp(x) - 1 for x <= 0; -1 below -64."""
    k, p = _reduce(np.where(x < -64, x.dtype.type(-64), x))
    scale = _power_of_two(k)
    return fma(scale, p, scale - 1)


def tanh(x: npt.ArrayLike) -> Array:
    """The hyperbolic tangent, elementwise, as t / (2 + t) with t = expm1(-2 abs(x)); at most 3 ulp off."""
    x = _float_array(x)
    with np.errstate(all="ignore"):
        t = expm1_negative(-2 * np.abs(x))
        return np.copysign(t / (2 + t), x)


def log1p_unit(e: Array) -> Array:
    """log(1 + e) for 0 <= e <= 1."""
    upper = e >= 0.5
    f = np.where(upper, (e - 1) * e.dtype.type(0.5), e)
    return _log_reduced(f, upper.astype(e.dtype))


def softplus_tail(x: Array) -> Array:
    """log(1 + exp(-abs(x)))."""
    return log1p_unit(exp(-np.abs(x)))


def softplus(x: npt.ArrayLike) -> Array:
    """log(1 + exp(x)), elementwise, as max(x, 0) + log(1 + exp(-abs(x))); at most 3 ulp off."""
    x = _float_array(x)
    with np.errstate(all="ignore"):
        return np.where(x < 0, x.dtype.type(0), x) + softplus_tail(x)


def _chain_of(coefficients: Any, x: Array) -> Array:
    """A polynomial by Horner's rule, from its last coefficient down."""
    total = np.full_like(x, coefficients[-1])
    for c in coefficients[-2::-1]:
        total = fma(total, x, c)
    return total


def normal(z: Array) -> tuple[Array, Array]:
    """The normal distribution function, and exp(-z^2 / 2), which is its density times sqrt(2 pi).

    The tail beyond u = abs(z) is exp(-u^2 / 2) / (u + 4) times a polynomial in t = (u - 4) / (u + 4), whose even and
    odd powers are summed separately.
    """
    one = z.dtype.type(1)
    size = np.abs(z)
    u = np.where(size > 40, z.dtype.type(40), size)  # the tail is 0 there
    square = u * u
    rest = fma(u, u, -square)
    half = z.dtype.type(-0.5)
    e = exp(half * square)
    bell = fma(e, half * rest, e)
    r = one / (u + 4)
    t = (u - 4) * r
    t2 = t * t
    coefficients = _constants(z)["normal"]
    even, odd = (_chain_of(coefficients[first::2], t2) for first in (0, 1))
    tail = bell * (fma(odd, t, even) * r)
    return np.where(z < 0, tail, one - tail), bell
