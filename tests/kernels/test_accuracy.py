# SPDX-License-Identifier: BSD-3-Clause
"""How far the elementary functions are from the exact values, in units in the last place of the exact value.

``pytest -m exhaustive`` tries all 2**32 numbers of float32, and more of float64; the usual run takes a sample.
"""

import math

import numpy as np
import pytest
from netlet import functional

# ulp, as docs/numerics.md promises
BOUND = {"exp": 1, "log": 1, "sigmoid": 3, "tanh": 3, "softplus": 3, "elu": 3, "silu": 4, "gelu": 8, "mish": 5}


# Their factor is subnormal from here down, and so has fewer digits.
LOWEST = {
    "silu": lambda dtype: np.log(np.finfo(dtype).tiny),
    "mish": lambda dtype: np.log(np.finfo(dtype).tiny),
    "gelu": lambda dtype: -np.sqrt(-2 * np.log(np.finfo(dtype).tiny)) + 0.2,
}
INVERSE = {
    "exp": np.log,
    "log": np.exp,
    "sigmoid": lambda y: np.log(y / (1 - y)),
    "tanh": np.arctanh,
    "softplus": lambda y: np.log(np.expm1(y)),
    "elu": lambda y: np.log1p(-y),
    "silu": lambda y: y,  # these three have no simple inverse
    "gelu": lambda y: y,
    "mish": lambda y: y,
}
WORST = {  # the worst that longer searches found
    "exp": [-704.5642467324021],
    "log": [1.4695768391038164],
    "sigmoid": [-4.848339441229266],
    "tanh": [-9.531958770205158],
    "softplus": [-1.2625861102149583],
    "elu": [],
    "silu": [],
    "gelu": [],
    "mish": [],
}


def exact(name, x):
    """The value in a wider type, whose own error is below a thousandth of an ulp of the type of x."""
    if name == "sigmoid":
        e = np.exp(-np.abs(x))
        return np.where(x < 0, e, 1) / (1 + e)
    if name == "softplus":
        return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    if name == "elu":
        return np.where(x > 0, x, np.expm1(x))
    if name == "silu":
        return x / (1 + np.exp(-x))
    if name == "mish":  # tanh(log(1 + exp(x))), nothing cancelled
        e = np.exp(-np.abs(x))
        above = np.where(x < 0, e * (e + 2), 1 + 2 * e)
        return x * (above / (above + np.where(x < 0, 2, 2 * e * e)))
    if name == "gelu":
        return x * pytest.importorskip("scipy.special").ndtr(x)
    return getattr(np, name)(x)


def largest_error(name, x, wide):
    """The largest error in ulp over the x whose value is finite and not 0, and the x that has it."""
    limits = np.finfo(x.dtype)
    with np.errstate(all="ignore"):
        values = exact(name, x.astype(wide))
        size = np.abs(values)
        exponent = np.maximum(np.frexp(size)[1] - 1, limits.minexp)
        error = np.abs(getattr(functional, name)(x).astype(wide) - values) / np.ldexp(wide(1), exponent - limits.nmant)
    lowest = LOWEST[name](x.dtype) if name in LOWEST else -np.inf
    error = np.where((size <= limits.max) & np.isfinite(x) & (x > lowest), error, 0)
    worst = np.argmax(error)
    return float(error[worst]), float(x[worst])


@pytest.mark.parametrize("name", BOUND)
def test_float32_on_a_sample_of_all_numbers(name):
    x = np.arange(0, 2**32, 1021, dtype=np.uint64).astype(np.uint32).view(np.float32)
    x = x[x > 0] if name == "log" else x
    error, at = largest_error(name, x, np.float64)
    assert error <= BOUND[name], at


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", BOUND)
def test_float32_on_all_numbers(name, record_property):
    worst = (0.0, 0.0)
    for first in range(0, 2**32, 2**22):
        x = np.arange(first, first + 2**22, dtype=np.uint64).astype(np.uint32).view(np.float32)
        x = x[x > 0] if name == "log" else x
        if len(x):
            worst = max(worst, largest_error(name, x, np.float64))
    print(f"{name}: largest error {worst[0]:.4f} ulp at {worst[1]!r}")  # noqa: T201
    record_property("largest_error", worst)
    assert worst[0] <= BOUND[name], worst


def points(name, count):
    """Some of all sizes, most where the functions bend, and many whose value lies just below a power of two."""
    rng = np.random.default_rng(4)
    spans = [(-745, 709.7), (-40, 40), (-3, 3), (-0.5, 0.5), (-1e-3, 1e-3), (-1e-300, 1e-300)]
    x = np.concatenate([rng.uniform(low, high, count) for low, high in spans])
    if name == "log":
        powers = 2.0 ** rng.uniform(-1074, 1023.9, count)
        x = np.concatenate([np.abs(x), powers, np.nextafter(1, rng.integers(0, 3, count))])
    below = np.ldexp(rng.uniform(0.98, 1, count), rng.integers(-60, 1, count))  # an ulp is smallest there
    with np.errstate(all="ignore"):
        x = np.concatenate([x, INVERSE[name](below), WORST[name]])
    return x[x > 0] if name == "log" else x[np.isfinite(x)]


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="needs a long double wider than float64")
@pytest.mark.parametrize("name", [name for name in BOUND if name != "gelu"])  # of float64 alone in scipy
def test_float64_against_long_double(name):
    error, at = largest_error(name, points(name, 30_000), np.longdouble)
    assert error <= BOUND[name], at


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", BOUND)
def test_float64_against_correctly_rounded_values(name):
    """MPFR rounds each operation correctly; 120 bits leave no doubt about 53."""
    gmpy2 = pytest.importorskip("gmpy2")
    exact_value = {
        "sigmoid": lambda v: 1 / (1 + gmpy2.exp(-v)),
        "softplus": lambda v: gmpy2.log1p(gmpy2.exp(v)),
        "elu": lambda v: v if v > 0 else gmpy2.expm1(v),
        "silu": lambda v: v / (1 + gmpy2.exp(-v)),
        "mish": lambda v: v * gmpy2.tanh(gmpy2.log1p(gmpy2.exp(v))),
        "gelu": lambda v: v * gmpy2.erfc(-v / gmpy2.sqrt(gmpy2.mpfr(2))) / 2,
    }.get(name) or getattr(gmpy2, name)
    x = points(name, 1_000_000)
    x = x[x > LOWEST[name](np.float64)] if name in LOWEST else x
    got = getattr(functional, name)(x)
    worst = (0.0, 0.0)
    with gmpy2.context(gmpy2.get_context(), precision=120, emin=-5000, emax=5000):
        for v, y in zip(x.tolist(), got.tolist()):
            exact = exact_value(gmpy2.mpfr(v))
            error = abs(float((y - exact) / math.ulp(float(exact))))
            worst = max(worst, (error, v))
    print(f"{name}: largest error {worst[0]:.4f} ulp at {worst[1]!r} of {len(x)} numbers")  # noqa: T201
    assert worst[0] <= BOUND[name], worst
