# SPDX-License-Identifier: BSD-3-Clause
"""`netlet.functional` has the bits of the reference, for every number and every kind of array."""

import numpy as np
import pytest
from netlet import functional, reference

from helpers.every import every_dtype

NAMES = functional.__all__
every_function = pytest.mark.parametrize("name", NAMES)


def special_values(dtype):
    limits = np.finfo(dtype)
    values = [0.0, np.inf, np.nan, limits.tiny, limits.smallest_subnormal, 3 * limits.smallest_subnormal, limits.max]
    values += [limits.eps, limits.epsneg, 1.0, 0.5, 0.75, 1.5, 2.0, np.log(limits.max), -np.log(limits.tiny)]
    values += [-np.log(limits.smallest_subnormal), 88.0, 89.0, 105.0, 709.0, 710.0, 746.0, 1e4]
    values = np.array([*values, *np.negative(values)], dtype=dtype)
    with np.errstate(over="ignore"):
        return np.concatenate([values, np.nextafter(values, dtype(0)), np.nextafter(values, dtype(np.inf))])


def random_values(dtype, count=20_000):
    """Of every size that the dtype has, and as many of the sizes that matter."""
    rng = np.random.default_rng(5)
    limits = np.finfo(dtype)
    any_size = np.ldexp(rng.uniform(1, 2, count), rng.integers(limits.minexp - limits.nmant, limits.maxexp, count))
    usual = np.ldexp(rng.uniform(1, 2, count), rng.integers(-12, 10, count))
    return (np.concatenate([any_size, usual]) * rng.choice([-1, 1], 2 * count)).astype(dtype)


def assert_same_bits(result, expected):
    """Signs of zeros included; a NaN is a NaN."""
    assert (result.dtype, result.shape) == (expected.dtype, expected.shape)
    np.testing.assert_array_equal(result, expected)
    numbers = ~np.isnan(expected)
    assert result[numbers].tobytes() == expected[numbers].tobytes()


@every_dtype
@every_function
@pytest.mark.parametrize("values", [special_values, random_values], ids=["special", "random"])
def test_functions_have_the_bits_of_the_reference(name, dtype, values):
    x = values(np.dtype(dtype).type)
    with np.errstate(all="raise"):
        result = getattr(functional, name)(x)
    with np.errstate(all="ignore"):
        assert_same_bits(result, getattr(reference, name)(x))


@every_dtype
@every_function
def test_a_result_depends_neither_on_length_nor_on_position(name, dtype):
    x = random_values(dtype)[-70:]
    function = getattr(functional, name)
    with np.errstate(all="ignore"):
        expected = getattr(reference, name)(x)
    for n in range(71):
        assert_same_bits(function(x[:n]), expected[:n])
        assert_same_bits(function(x[70 - n :]), expected[70 - n :])


@every_function
def test_large_arrays_shared_by_threads_have_the_same_bits(name):
    x = np.resize(random_values("float32", 500), 300_007)
    expected = np.resize(getattr(reference, name)(x[:1000]), 300_007)
    assert_same_bits(getattr(functional, name)(x), expected)


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        ("exp", [0, -np.inf, np.inf], [1, 0, np.inf]),
        ("log", [1, 0, -0.0, np.inf, -1], [0, -np.inf, -np.inf, np.inf, np.nan]),
        ("sigmoid", [0, -np.inf, np.inf], [0.5, 0, 1]),
        ("tanh", [0.0, -0.0, -np.inf, np.inf], [0.0, -0.0, -1, 1]),
        ("softplus", [-np.inf, np.inf, 1000], [0, np.inf, 1000]),
    ],
)
def test_exact_values_are_exact(name, x, expected):
    assert_same_bits(getattr(functional, name)(np.array(x, dtype=float)), np.array(expected, dtype=float))


@every_function
@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 4), (2, 0, 3), (2, 3, 4)], ids=str)
def test_the_result_has_the_shape_of_x(name, shape):
    x = np.full(shape, 0.5)
    assert np.shape(getattr(functional, name)(x)) == shape


@every_function
@pytest.mark.parametrize(
    ("given", "expected"),
    [("f4", "f4"), ("f8", "f8"), ("f2", "f8"), ("g", "f8"), ("i1", "f8"), ("u8", "f8"), ("?", "f8"), (">f8", "f8")],
)
def test_float32_stays_and_all_else_becomes_float64(name, given, expected):
    x = np.array([0, 1, 1, 0, 1]).astype(given)
    assert_same_bits(getattr(functional, name)(x), getattr(reference, name)(x.astype(expected)))


@pytest.mark.parametrize(
    ("x", "scalar"),
    [
        (0.5, np.float64),
        (1, np.float64),
        (True, np.float64),
        (np.float32(0.5), np.float32),
        (np.array(2.0), np.float64),
    ],
    ids=repr,
)
def test_a_scalar_gives_a_scalar(x, scalar):
    for name in NAMES:
        result = getattr(functional, name)(x)
        assert type(result) is scalar
        assert result.tobytes() == getattr(reference, name)(np.asarray(x, dtype=scalar)).tobytes()


@every_dtype
@pytest.mark.parametrize(
    "layout",
    [
        np.asfortranarray,
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
        lambda x: np.frombuffer(b"?" + x.tobytes(), x.dtype, offset=1).reshape(x.shape),
    ],
    ids=["Fortran order", "gaps", "negative strides", "misaligned and read-only"],
)
def test_the_layout_of_x_changes_no_bit(layout, dtype):
    x = random_values(dtype)[-60:].reshape(6, 10)
    for name in NAMES:
        assert_same_bits(getattr(functional, name)(layout(x)), getattr(reference, name)(x))


def test_lists_and_broadcast_arrays_are_taken():
    assert_same_bits(functional.exp([[0.5, 1], [2, 3]]), reference.exp([[0.5, 1], [2, 3]]))
    assert_same_bits(functional.exp(np.broadcast_to(0.5, (3, 4))), reference.exp(np.full((3, 4), 0.5)))
    assert_same_bits(functional.exp([]), np.empty(0))


@every_dtype
@every_function
def test_out_is_filled_and_returned_and_may_be_x_itself(name, dtype):
    x = random_values(dtype)[-60:].reshape(6, 10)
    function, expected = getattr(functional, name), getattr(reference, name)(x)
    out = np.zeros_like(x)
    assert function(x, out=out) is out
    assert_same_bits(out, expected)
    assert function(x, out) is out
    assert function(x, out=x) is x
    assert_same_bits(x, expected)


@every_dtype
@pytest.mark.parametrize("shift", [-33, -8, -1, 1, 2, 8, 33])
def test_out_may_overlap_x_in_part(shift, dtype):
    memory = random_values(dtype)[-1000:]
    x, out = memory[100:900], memory[100 + shift : 900 + shift]
    expected = reference.tanh(x)
    functional.tanh(x, out=out)
    assert_same_bits(out, expected)


def test_out_may_be_x_in_another_layout():
    square = random_values("float64")[-100:].reshape(10, 10)
    for x in (square.T, square[::-1], square[:, ::-1]):
        expected = reference.exp(x)
        assert_same_bits(functional.exp(x, out=square), expected)
        square[...] = random_values("float64")[-100:].reshape(10, 10)


def test_x_is_left_as_it_was():
    x = random_values("float64")[-50:]
    before = x.tobytes()
    for name in NAMES:
        getattr(functional, name)(x)
    assert x.tobytes() == before
