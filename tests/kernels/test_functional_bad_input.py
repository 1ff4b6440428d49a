# SPDX-License-Identifier: BSD-3-Clause
"""Invalid arguments of `netlet.functional` are refused."""

import numpy as np
import pytest
from netlet import functional

from helpers.arrays import read_only

NAMES = functional.__all__
every_function = pytest.mark.parametrize("name", NAMES)


@every_function
@pytest.mark.parametrize(
    "x",
    ["text", ["1", "2"], 1j, [{}], np.array([1, "2"], dtype=object), np.array(["2020"], dtype="M8[Y]"), None],
    ids=repr,
)
def test_x_that_does_not_hold_real_numbers_is_refused(name, x):
    with pytest.raises(TypeError, match=r"^x: expected real numbers"):
        getattr(functional, name)(x)


def test_rows_of_different_length_are_refused():
    with pytest.raises(ValueError, match=r"^x: "):
        functional.exp([[1.0, 2.0], [3.0]])


@every_function
@pytest.mark.parametrize(
    "out",
    [
        np.zeros((3, 5)),
        np.zeros(12),
        np.zeros((1, 3, 4)),
        np.zeros((3, 4), dtype="f4"),
        np.zeros((3, 4), dtype="i8"),
        np.zeros((3, 4), dtype=">f8"),
        np.zeros((3, 4), order="F"),
        np.zeros((3, 8))[:, ::2],
        read_only(np.zeros((3, 4))),
        np.zeros(97, dtype="u1")[1:].view("f8").reshape(3, 4),
    ],
    ids=["shape", "flat", "ndim", "float32", "integers", "swapped", "Fortran", "gaps", "read-only", "misaligned"],
)
def test_out_that_does_not_fit_is_refused_and_left_alone(name, out):
    with pytest.raises(
        ValueError, match=r"^out: expected a writable, aligned, C-contiguous float64 array of shape \(3, 4\)"
    ):
        getattr(functional, name)(np.ones((3, 4)), out=out)
    assert not out.any()


@pytest.mark.parametrize("out", [[0.0], 0.0, "out"], ids=repr)
def test_out_must_be_an_array(out):
    with pytest.raises(TypeError, match=r"^out: expected a numpy.ndarray, got "):
        functional.exp([1.0], out=out)
