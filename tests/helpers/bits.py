# SPDX-License-Identifier: BSD-3-Clause
"""Equality of bits."""

import numpy as np


def assert_same_bits(computed, expected):
    """Assert equal dtype, shape and bits; a NaN equals a NaN."""
    computed, expected = np.asarray(computed), np.asarray(expected)
    assert computed.dtype == expected.dtype
    np.testing.assert_array_equal(computed, expected)
    np.testing.assert_array_equal(np.signbit(computed), np.signbit(expected))
