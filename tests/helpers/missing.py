# SPDX-License-Identifier: BSD-3-Clause
"""Data of every kind that can say that a value is missing, made of lists in which None is."""

import numpy as np
import pandas
import pyarrow

try:
    import polars
except ImportError:  # it has no wheels for free-threaded Python yet
    polars = None


def masked(values):
    present = np.array([[0 if value is None else value for value in row] for row in np.atleast_2d(values)])
    mask = np.array([[value is None for value in row] for row in np.atleast_2d(values)])
    return np.ma.array(present, mask=mask).reshape(np.shape(values))


def replaced(values, missing):
    if isinstance(values, list):
        return [replaced(value, missing) for value in values]
    return missing if values is None else values


def named(rows):
    return {f"column {i}": list(column) for i, column in enumerate(zip(*rows))}


def batches(values):
    return pyarrow.chunked_array([values[:2], values[2:]])


def dictionary(values):
    """In which null is one of the dictionary's values."""
    return pyarrow.DictionaryArray.from_arrays(pyarrow.array(range(len(values))), pyarrow.array(values))


class Masked:
    """Something like a variable of netCDF4, which gives masked arrays."""

    mask = True

    def __init__(self, values):
        self.values = values

    def __len__(self):
        return len(self.values)

    def __array__(self, dtype=None, copy=None):
        return masked(self.values)


MATRICES = {
    "masked": masked,
    "masked rows in a list": lambda rows: list(masked(rows)),
    "masked values in lists": lambda rows: replaced(rows, np.ma.masked),
    "gives a masked array": Masked,
    "None in lists": list,
    "None among objects": lambda rows: np.array(rows, dtype=object),
    "NA in lists": lambda rows: replaced(rows, pandas.NA),
    "NaT among objects": lambda rows: np.array(replaced(rows, pandas.NaT), dtype=object),
    "NumPy's NaT in lists": lambda rows: replaced(rows, np.datetime64("NaT")),
    "pandas": lambda rows: pandas.DataFrame(named(rows)).astype("Float64"),
    "pandas, Arrow's dtype": lambda rows: pandas.DataFrame(named(rows)).astype("double[pyarrow]"),
    "pandas, objects": lambda rows: pandas.DataFrame(named(rows), dtype=object),
    "rows of pandas": lambda rows: [pandas.Series(row, dtype="Float64") for row in rows],
    "Arrow table": lambda rows: pyarrow.table(named(rows)),
    "Arrow batch": lambda rows: pyarrow.record_batch(named(rows)),
    "Arrow lists": pyarrow.array,
    "Arrow scalars": lambda rows: [list(pyarrow.array(row)) for row in rows],
}
VECTORS = {
    "masked": masked,
    "None": list,
    "pandas": lambda values: pandas.Series(values, dtype="Int64"),
    "pandas array": lambda values: pandas.array(values, dtype="Int64"),
    "pandas index": lambda values: pandas.Index(values, dtype="Int64"),
    "pandas, Arrow's dtype": lambda values: pandas.Series(values, dtype="int64[pyarrow]"),
    "pandas categories": lambda values: pandas.Series(values, dtype="category"),
    "pandas, objects": lambda values: pandas.Series(values, dtype=object),
    "Arrow": pyarrow.array,
    "Arrow chunks": batches,
    "Arrow dictionary": dictionary,
    "Arrow runs": lambda values: pyarrow.RunEndEncodedArray.from_arrays(
        pyarrow.array(range(1, len(values) + 1), pyarrow.int32()), pyarrow.array(values)
    ),
}
if polars:
    MATRICES["polars"] = lambda rows: polars.DataFrame(named(rows))
    MATRICES["polars lists"] = polars.Series
    VECTORS["polars"] = polars.Series
