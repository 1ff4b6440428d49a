# SPDX-License-Identifier: BSD-3-Clause
"""The order of rows that are shuffled within windows: that of docs/numerics.md, computed here without netlet."""

import numpy as np
import pytest
from netlet import Batches, _core, reference
from netlet.reference.generator import shuffled_windows


def random_number(seed, epoch, index):
    """64 random bits, in Python's integers."""
    mask = 0xFFFFFFFF
    block = index // 2
    a, b, c, d = block & mask, block >> 32, epoch & mask, 1
    k, m = seed & mask, seed >> 32
    for _ in range(10):
        p, q = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (q >> 32) ^ b ^ k, q & mask, (p >> 32) ^ d ^ m, p & mask
        k, m = (k + 0x9E3779B9) & mask, (m + 0xBB67AE85) & mask
    return (c | d << 32) if index % 2 else (a | b << 32)


def order(seed, epoch, rows, window):
    found = list(range(rows))
    for first in range(0, rows, window):
        for i in range(min(first + window, rows) - 1, first, -1):
            j = first + (random_number(seed, epoch, i) * (i - first + 1) >> 64)
            found[i], found[j] = found[j], found[i]
    return found


CASES = [(0, 0, 100, 100), (7, 3, 101, 20), (2**63 + 5, 2**32 + 1, 500, 33), (1, 2, 40, 1), (1, 2, 3, 1000)]


@pytest.mark.parametrize(("seed", "epoch", "rows", "window"), CASES)
def test_the_order_is_that_of_the_specification(seed, epoch, rows, window):
    expected = order(seed, epoch, rows, window)
    assert sorted(expected) == list(range(rows))
    assert shuffled_windows(seed, epoch, rows, window) == expected
    for size in (1, 7, 64):
        for ahead in (False, True):
            options = {"batch_size": size, "shuffle_window": window, "read_ahead": ahead}
            x, y = np.arange(rows)[:, None], 2 * np.arange(rows)
            for batches in (Batches.from_arrays(x, y, **options), Batches([(x[:9], y[:9]), (x[9:], y[9:])], **options)):
                parts = list(zip(*batches.shuffled(seed, epoch)))
                assert np.concatenate(parts[0]).ravel().tolist() == expected
                assert np.concatenate(parts[1]).tolist() == [2 * row for row in expected]
                assert [len(part) for part in parts[0][:-1]] == [size] * (len(parts[0]) - 1)
                assert np.concatenate([x for x, _ in batches]).ravel().tolist() == list(range(rows))


def test_a_window_of_all_rows_has_the_order_of_fit():
    assert shuffled_windows(5, 2, 77, 77) == reference.shuffled_order(5, 2, 77) == order(5, 2, 77, 77)
    assert _core.shuffled_order(5, 2, 0, 77).tolist() == order(5, 2, 77, 77)


def test_a_long_order_is_computed_in_pieces():
    """More than the core does without asking whether it is to end."""
    assert _core.shuffled_order(5, 2, 12345, 200001).tolist() == reference.shuffled_order(5, 2, 200001, 12345)


def test_without_a_window_the_order_stays():
    batches = Batches.from_arrays(np.arange(9)[:, None], batch_size=2)
    assert np.concatenate(list(batches.shuffled(1, 1))).ravel().tolist() == list(range(9))
    with pytest.raises(ValueError, match=r"^shuffle_window: expected a positive integer or None, got 0$"):
        Batches.from_arrays(np.arange(9)[:, None], batch_size=2, shuffle_window=0)
    with pytest.raises(ValueError, match=r"^epoch: expected 0 or more, got -1$"):
        batches.shuffled(1, -1)
