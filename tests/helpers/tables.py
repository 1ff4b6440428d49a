# SPDX-License-Identifier: BSD-3-Clause
"""Tables of rows as files, cut in several ways; the threads that read them."""

import threading

import numpy as np
import pytest

RNG = np.random.default_rng(3)
ROWS = 1100
TABLE = {f"x{i}": RNG.normal(size=ROWS) for i in range(4)}
TABLE["weight"] = RNG.random(ROWS)
TABLE["target"] = 3 * TABLE["x0"] - TABLE["x2"] + 1
INPUTS = [f"x{i}" for i in range(4)]
X = np.stack([TABLE[name] for name in INPUTS], axis=1)
Y, WEIGHT = TABLE["target"], TABLE["weight"]
CUTS = {"one": [ROWS], "several": [1, 299, 0, 300, 500], "blocks": [256, 256, 256, 256, 76]}


def reading_threads():
    return [thread for thread in threading.enumerate() if thread.name == "netlet.Batches"]


def write_parquet(path, columns, **options):
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path, **options)


def write_csv(path, columns, **options):
    pa, csv = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.csv")
    csv.write_csv(columns if isinstance(columns, pa.Table) else pa.table(columns), path, **options)


WRITERS = {"parquet": write_parquet, "csv": write_csv}


def write_all(folder, kind, sizes=(ROWS,), table=TABLE, **options):
    """Files of so many rows, whose names are in their order."""
    first = 0
    for number, size in enumerate(sizes):
        part = {name: column[first : first + size] for name, column in table.items()}
        WRITERS[kind](folder / f"part{number:02}.{kind}", part, **options)
        first += size
