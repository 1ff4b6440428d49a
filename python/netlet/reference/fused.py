# SPDX-License-Identifier: BSD-3-Clause
"""Fused multiply-add with one rounding, which NumPy lacks, made of operations that it has."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """a + b = s + e exactly, s the rounded sum (Knuth)."""
    s = a + b
    z = s - a
    return s, (a - (s - z)) + (b - z)


def _odd(s: Array, e: Array) -> Array:
    """s + e rounded to odd: where e is not 0 and the last bit of s is even, the neighbour of s towards e."""
    bits = s.view(np.int64)
    step = np.where((e > 0) == (s > 0), 1, -1)
    return np.where((e != 0) & (bits & 1 == 0), bits + step, bits).view(np.float64)


def _two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """a * b = p + e exactly (Dekker), away from overflow and underflow."""
    p = a * b
    t = a * 134217729.0  # 2^27 + 1
    a_high = t - (t - a)
    t = b * 134217729.0
    b_high = t - (t - b)
    a_low, b_low = a - a_high, b - b_high
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def _sum_of_three(a: Array, b: Array, c: Array) -> tuple[Array, Array]:
    """a * b + c as h + w, where h + w rounds as the exact value does: w holds the rest, rounded to odd.

    Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008.
    """
    p, e = _two_product(a, b)
    t, t_low = _two_sum(c, e)
    h, h_low = _two_sum(p, t)
    return h, _odd(*_two_sum(t_low, h_low))


def _fma32(a: Array, b: Array, c: Array) -> Array:
    """The product of two binary32 is exact in binary64; the sum is rounded to odd there, then once to binary32."""
    p = a.astype(np.float64) * b
    s, e = _two_sum(p, c.astype(np.float64))
    return np.where(np.isfinite(s), _odd(s, e), s).astype(np.float32)


def _ordinary(x: Array) -> Any:
    """Whether x is 0, or so far from overflow and underflow that products and their errors are exact."""
    size = np.abs(x)
    return ((size > 2.0**-480) & (size < 2.0**480)) | (x == 0)


def _fma64(a: Array, b: Array, c: Array) -> Array:
    product_is_zero = (a == 0) | (b == 0)
    ordinary = _ordinary(a) & _ordinary(b) & (np.abs(c) < 2.0**960) & ~product_is_zero
    h, w = _sum_of_three(a, b, c)
    # with a product of 0, or a value that is not finite, plain arithmetic is exact
    plain = product_is_zero | ~np.isfinite(a) | ~np.isfinite(b) | ~np.isfinite(c)
    finite_product = np.where(np.isfinite(a) & np.isfinite(b) & ~np.isfinite(c), 0.0, a * b)
    result = np.where(plain, finite_product + c, h + w)
    extreme = ~(ordinary | plain)
    if extreme.any():
        result[extreme] = _fma64_scaled(a[extreme], b[extreme], c[extreme])
    return result


def _fma64_scaled(a: Array, b: Array, c: Array) -> Array:
    """The same over all exponents, a and b not 0: scaled by exact powers of two, rounded once."""
    a, ea = np.frexp(a)
    b, eb = np.frexp(b)
    c, ec = np.frexp(c)
    ec = np.where(c == 0, -5000, ec)
    top = np.maximum(ea + eb, ec)
    # a term 2^-120 times the other affects only the rounding, and there its exact size does not matter
    a = np.ldexp(a, np.maximum(ea + eb - top, -120))
    c = np.ldexp(c, np.maximum(ec - top, -120))
    h, w = _two_sum(*_sum_of_three(a, b, c))  # after cancellation everything may be in w
    # subnormal results have fewer digits: adding the smallest normal number first puts the last of them at the end of
    # a binary64
    unit = np.copysign(np.ldexp(1.0, np.clip(-1022 - top, -1000, 1000)), h)
    tiny = np.abs(h) < np.abs(unit)
    s, e = _two_sum(unit, h)
    rounded = (s + _odd(*_two_sum(e, w))) - unit
    result = np.ldexp(np.where(tiny, rounded, h + w), top)
    return np.where((result == 0) & (h != 0), np.copysign(0.0, h), result)


def fma(a: npt.ArrayLike, b: npt.ArrayLike, c: npt.ArrayLike) -> Array:
    """a * b + c with one rounding, elementwise.

    Parameters
    ----------
    a, b, c : array_like
        Of one dtype, float32 or float64, and shapes that broadcast.

    Returns
    -------
    numpy.ndarray
        The same bits as IEEE 754 fusedMultiplyAdd; the payload of a NaN is not promised.

    Examples
    --------
    >>> x = np.float64(1 + 2**-30)
    >>> bool(fma(x, x, -1.0) == (x * x - 1.0) + 2**-60)
    True
    """
    a, b, c = np.broadcast_arrays(a, b, c)
    with np.errstate(all="ignore"):
        if a.dtype == np.float32:
            return _fma32(a, b, c)
        shape = a.shape
        return _fma64(*(np.ascontiguousarray(v, dtype=np.float64).reshape(-1) for v in (a, b, c))).reshape(shape)
