# SPDX-License-Identifier: BSD-3-Clause
"""Rows by their numbers, how many there are, and what they are called."""

import numpy as np
import pytest
from netlet import Batches

from helpers.bits import assert_same_bits
from helpers.tables import CUTS, INPUTS, ROWS, WEIGHT, X, Y, write_all


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    write_all(folder, "parquet", CUTS["several"], row_group_size=130)
    write_all(folder, "csv", CUTS["blocks"])
    names = {"y": "target", "x": INPUTS, "sample_weight": "weight", "batch_size": 64}
    return {
        "parquet": Batches.from_parquet(folder, **names),
        "csv": Batches.from_csv(folder, **names),
        "arrays": Batches.from_arrays(X, Y, WEIGHT, batch_size=64),
        "generator": Batches([(X[:3], Y[:3], WEIGHT[:3]), (X[3:], Y[3:], WEIGHT[3:])], batch_size=64),
    }


RANGES = [(0, 5), (5, 300), (300, 301), (299, 302), (130, 131), (0, ROWS), (ROWS - 1, ROWS), (700, 900), (900, 1000)]
RANGES += [(1000, 1000), (ROWS, ROWS), (0, 0), (2, 9)]


def test_any_rows_can_be_read_in_any_order(sources):
    for name, batches in sources.items():
        for start, stop in RANGES:
            for part, expected in zip(batches.read(start, stop), (X, Y, WEIGHT)):
                assert_same_bits(part, expected[start:stop])
        with pytest.raises(IndexError, match=rf"^stop: expected at most {ROWS}, the number of rows, got {ROWS + 1}$"):
            batches.read(ROWS - 3, ROWS + 1)
        with pytest.raises(ValueError, match=r"^stop: expected 3 or more, got 2$"):
            batches.read(3, 2)
        assert_same_bits(batches.read(7, 9)[0], X[7:9]), name


def test_a_read_that_goes_on_reads_no_row_again():
    seen = []

    class Rows:
        shape = X.shape

        def __getitem__(self, rows):
            seen.append((rows.start, rows.stop))
            return X[rows]

    batches = Batches.from_arrays(Rows(), Y, batch_size=8)
    for start in range(0, ROWS, 100):
        assert_same_bits(batches.read(start, start + 100)[0], X[start : start + 100])
    assert seen == [(0, ROWS)]


def test_pieces_without_rows_have_no_say():
    batches = Batches([(X[:0], Y[:0], WEIGHT[:0]), X[:3].astype(np.float32), X[3:5].astype(np.float32)], batch_size=2)
    x, y, weight = batches.read(0, 5)
    assert_same_bits(x, X[:5].astype(np.float32))
    assert y is weight is None


def test_how_many_rows_there_are(sources, tmp_path):
    for name in ("parquet", "arrays"):
        assert sources[name].rows == ROWS
        assert len(sources[name]) == len(list(sources[name])) == 18
    write_all(tmp_path, "csv")
    batches = Batches.from_csv(tmp_path, y="target", batch_size=64)
    assert batches.rows is None
    with pytest.raises(TypeError, match="not known before the first pass"):
        len(batches)
    assert len(list(batches)) == len(batches) == 18
    assert batches.rows == ROWS
    assert Batches(list, batch_size=3).rows is None
    assert Batches(list, batch_size=3, rows=7).rows == 7
    assert len(list(Batches([X[:7]], batch_size=3, rows=7))) == 3


def test_what_the_inputs_are_called(sources):
    assert sources["parquet"].columns == sources["csv"].columns == INPUTS
    assert sources["arrays"].columns is None
    pd = pytest.importorskip("pandas")
    assert Batches.from_arrays(pd.DataFrame({"a": [1.0], "b": [2.0]}), batch_size=1).columns == ["a", "b"]
    assert sources["parquet"].batch_size == 64
    assert sources["parquet"].shuffle_window is None


def test_nothing_can_be_read_of_nothing():
    batches = Batches.from_arrays(np.empty((0, 3)), batch_size=1)
    assert batches.rows == 0
    assert list(batches) == []
    with pytest.raises(IndexError, match=r"^stop: expected at most 0, the number of rows, got 1$"):
        batches.read(0, 1)
    with pytest.raises(IndexError, match=r"^start: expected rows, of which there are none$"):
        batches.read(0, 0)
