# SPDX-License-Identifier: BSD-3-Clause
"""The reference's fma against the C library's."""

import ctypes
import ctypes.util

import numpy as np
import pytest
from netlet import reference

SPECIAL = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan]


def c_fma(a, b, c):
    """fma of the C library, element by element."""
    library = ctypes.CDLL(ctypes.util.find_library("m") or ctypes.util.find_library("c"))
    name, number = ("fmaf", ctypes.c_float) if a.dtype == np.float32 else ("fma", ctypes.c_double)
    function = getattr(library, name)
    function.argtypes, function.restype = [number] * 3, number
    return np.array([function(*v) for v in zip(a.tolist(), b.tolist(), c.tolist())], dtype=a.dtype)


def random_bit_patterns(rng, dtype, n):
    integers = rng.integers(0, 2**32 if dtype == "float32" else 2**64, n, dtype=np.uint64)
    return integers.astype("uint32" if dtype == "float32" else "uint64").view(dtype)


def nearly_cancelling(rng, dtype, n):
    """C within a few units in the last place of -a * b, also far below or above it."""
    a, b = random_bit_patterns(rng, dtype, n), random_bit_patterns(rng, dtype, n)
    c = -(a * b)
    bits = c.view("int32" if dtype == "float32" else "int64")
    bits += rng.integers(-3, 4, n).astype(bits.dtype)
    return a, b, np.ldexp(c, rng.choice([0, 0, 0, 1, -1, 53, -53, 54, -54, 106, -106, 24, -24], n))


def halfway(rng, dtype, n):
    """A product of few digits that lies half a unit of c's last place from c, and a little more or less."""
    digits = np.finfo(dtype).nmant
    c = np.ldexp(1 + rng.integers(0, 2**20, n) / 2**20, rng.integers(-100, 100, n)).astype(dtype)
    a = np.ldexp(rng.choice([1.0, 1.5, 1.25], n), rng.integers(-40, 40, n)).astype(dtype)
    b = (np.ldexp(1.0, np.frexp(c)[1] - np.frexp(a)[1] - digits) * rng.choice([1, -1], n)).astype(dtype)
    wobble = rng.choice([0, 1, -1], n) * np.finfo(dtype).eps
    return a, (b * (1 + wobble)).astype(dtype), c


def subnormal_results(rng, dtype, n):
    lowest = np.finfo(dtype).minexp - np.finfo(dtype).nmant
    middle = rng.integers(lowest // 2 - 40, lowest // 2 + 40, n)
    a = np.ldexp(rng.uniform(-2, 2, n), middle).astype(dtype)
    b = np.ldexp(rng.uniform(-2, 2, n), lowest - middle + rng.integers(-4, 60, n)).astype(dtype)
    c = np.ldexp(rng.uniform(-2, 2, n), lowest + rng.integers(-2, 60, n)).astype(dtype)
    return a, b, np.where(rng.random(n) < 0.2, dtype_zero(dtype), c)


def dtype_zero(dtype):
    return np.zeros((), dtype)[()]


def all_of_the_special(rng, dtype, n):
    limits = np.finfo(dtype)
    values = [
        *SPECIAL,
        limits.max,
        -limits.max,
        limits.tiny,
        limits.smallest_subnormal,
        -limits.smallest_subnormal,
        0.5,
    ]
    grid = np.meshgrid(*[np.array(values, dtype=dtype)] * 3)
    return tuple(axis.ravel() for axis in grid)


def ordinary(rng, dtype, n):
    return tuple(rng.normal(size=n).astype(dtype) for _ in range(3))


@pytest.mark.parametrize("count", [30_000, pytest.param(2_000_000, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "cases",
    [
        ordinary,
        nearly_cancelling,
        halfway,
        subnormal_results,
        all_of_the_special,
        lambda rng, dtype, n: tuple(random_bit_patterns(rng, dtype, n) for _ in range(3)),
    ],
)
def test_fma_equals_the_c_library_s(cases, dtype, count):
    with np.errstate(all="ignore"):
        a, b, c = cases(np.random.default_rng(7), dtype, count)
    expected, computed = c_fma(a, b, c), reference.fma(a, b, c)
    np.testing.assert_array_equal(computed, expected)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(computed[numbers]), np.signbit(expected[numbers]))


def test_fma_broadcasts_and_keeps_the_dtype():
    result = reference.fma(np.ones((3, 1), np.float32), np.ones(4, np.float32), np.float32(1))
    assert result.shape == (3, 4)
    assert result.dtype == np.float32
