# SPDX-License-Identifier: BSD-3-Clause
"""Which rows a worker gets: whole blocks of each batch, and from which parts of the data."""

import numpy as np
import pytest
from netlet.dask._rows import _of_parts, ranges


@pytest.mark.parametrize(("rows", "batch_size"), [(5000, 5000), (5000, 1000), (5000, 600), (5000, 100), (1, 1)])
@pytest.mark.parametrize("workers", [1, 2, 5])
def test_each_row_is_dealt_once_in_whole_blocks(rows, batch_size, workers):
    dealt = ranges(rows, batch_size, workers)
    assert len(dealt) == workers
    seen = np.zeros(rows, int)
    for batches in dealt:
        for batch, (first, stop) in batches.items():
            start, end = batch * batch_size, min((batch + 1) * batch_size, rows)
            assert start <= first < stop <= end
            assert (first - start) % 256 == 0
            assert (stop - start) % 256 == 0 or stop == end
            seen[first:stop] += 1
    assert (seen == 1).all()


def test_small_batches_are_on_all_workers():
    assert {len(batches) for batches in ranges(1000, 100, 5)} == {2}


def test_the_parts_that_rows_come_from():
    starts = [0, 0, 10, 10, 25]  # of 0, 10, 0, 15 and 5 rows
    assert _of_parts(starts, 30, None, [(5, 12), (24, 30)]) == {
        1: [slice(5, 10)],
        3: [slice(0, 2), slice(14, 15)],
        4: [slice(0, 5)],
    }
    found = _of_parts(starts, 30, np.array([0, 3, 9, 11, 29]), [(1, 5)])
    assert {part: [rows.tolist() for rows in pieces] for part, pieces in found.items()} == {
        1: [[3, 9]],
        3: [[1]],
        4: [[4]],
    }
    assert _of_parts([0], 3, None, [(0, 3)]) == {0: [slice(0, 3)]}
