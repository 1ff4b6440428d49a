# SPDX-License-Identifier: BSD-3-Clause
"""What is refused in a table is named by its column; what holds only the values that are not 0 says how."""

import datetime
import decimal

import numpy as np
import pandas
import pyarrow
import pytest
from netlet import SGD, Network
from scipy import sparse

from helpers.bad_input import refused
from helpers.missing import polars

X, Y = np.arange(12.0).reshape(4, 3) / 12, np.arange(8.0).reshape(4, 2) / 8
GOOD = {"a": [1.0, 2.0, 3.0, 4.0], "c": [0.5, 0.25, 0.5, 1.0]}
TABLES = {
    "pandas": pandas.DataFrame,
    "nullable": lambda columns: pandas.DataFrame(columns).convert_dtypes(),
    "Arrow's dtypes": lambda columns: pandas.DataFrame(columns).convert_dtypes(dtype_backend="pyarrow"),
    "Arrow": pyarrow.table,
    "Arrow batch": pyarrow.record_batch,
}
if polars:
    TABLES["polars"] = lambda columns: polars.DataFrame(columns, strict=False)
NUMBERS = {"nan": [1.0, 2.0, np.nan, 3.0], "infinite": [1.0, 2.0, -np.inf, 3.0]}
VALUES = {
    "null": [1, 2, None, 3],
    "null among booleans": [True, False, None, True],
    "text": ["x", "y", "z", "x"],
    "dates": [datetime.date(2026, 1, 1)] * 4,
    "times": [datetime.datetime(2026, 1, 1)] * 4,
    "differences": [datetime.timedelta(1)] * 4,
    "bytes": [b"x"] * 4,
    "lists": [[1.0]] * 4,
    "lists of several lengths": [[1.0], [], [1.0, 2.0], [1.0]],
    "records": [{"k": 1}] * 4,
    "decimal null": [decimal.Decimal(1), None, decimal.Decimal(2), decimal.Decimal(3)],
    "objects": [1, object(), 2, 3],
    "mixture": [1, "x", 2.5, 3],
    "complex": [1j, 2j, 3j, 4j],
}
OF_X = {
    "fit": lambda x: Network([3, 2], seed=0).fit(x, Y, epochs=1),
    "standardized": lambda x: Network([3, 2], seed=0).fit(x, Y, epochs=1, standardize=True),
    "fit_batches": lambda x: Network([3, 2], seed=0).fit_batches([(X, Y), (x, Y)], epochs=1),
    "validation in batches": lambda x: Network([3, 2], seed=0).fit(X, Y, epochs=1, validation_data=[(X, Y), (x, Y)]),
    "learn_scaling_batches": lambda x: Network([3, 2], seed=0).learn_scaling_batches([(X, Y), (x, Y)]),
    "validation_data": lambda x: Network([3, 2], seed=0).fit(X, Y, epochs=1, validation_data=(x, Y)),
    "validation_split": lambda x: Network([3, 2], seed=0).fit(x, Y, epochs=1, validation_split=0.5),
    "step": lambda x: Network([3, 2], seed=0).step(x, Y, SGD()),
    "learn_scaling": lambda x: Network([3, 2], seed=0).learn_scaling(x),
    "learn_scaling of both": lambda x: Network([3, 2], seed=0).learn_scaling(x, Y),
}
OF_Y = {
    "fit": lambda y: Network([2, 3], seed=0).fit(Y, y, epochs=1),
    "fit_batches": lambda y: Network([2, 3], seed=0).fit_batches([(Y, X), (Y, y)], epochs=1),
    "validation_data": lambda y: Network([2, 3], seed=0).fit(Y, X, epochs=1, validation_data=(Y, y)),
    "validation_split": lambda y: Network([2, 3], seed=0).fit(Y, y, epochs=1, validation_split=0.5),
    "step": lambda y: Network([2, 3], seed=0).step(Y, y, SGD()),
    "learn_scaling": lambda y: Network([2, 3], seed=0).learn_scaling(y=y),
    "probabilities": lambda y: Network([2, 3], loss="binary_cross_entropy").fit(Y, y, epochs=1),
}
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


def with_column(table, values):
    """A table whose middle column is called 'bad'; None if it cannot have these values."""
    try:
        return table({"a": GOOD["a"], "bad": values, "c": GOOD["c"]})
    except (pyarrow.ArrowInvalid, TypeError):
        return None


@every_table
@pytest.mark.parametrize("values", NUMBERS.values(), ids=NUMBERS)
def test_what_is_not_finite_is_named(values, table):
    x = with_column(table, values)
    for name, calls in (("x", OF_X), ("y", OF_Y)):
        for call in calls.values():
            with pytest.raises(
                ValueError, match=rf"^(validation_data: )?(batch \d: )?{name}: .* (in row 2, )?column 1 \('bad'\)"
            ):
                call(x)


@pytest.mark.parametrize(
    ("values", "table"),
    [
        pytest.param(values, table, id=f"{name}, {of}")
        for name, values in VALUES.items()
        for of, table in TABLES.items()
        if with_column(table, values) is not None
    ],
)
def test_what_is_no_number_is_named(values, table):
    x = with_column(table, values)
    calls = [("x", call) for call in OF_X.values()] + [("y", call) for call in OF_Y.values()]
    for name, call in [*calls, ("x", Network([3, 2], seed=0).predict)]:
        if isinstance(x, pandas.DataFrame) and x.dtypes.iloc[1] == np.float64:
            continue  # NaN to pandas
        with pytest.raises(
            (ValueError, TypeError), match=rf"^(validation_data: )?(batch \d: )?{name}: .*column 1 \('bad'\)"
        ):
            call(x)


def test_the_name_is_that_of_the_column_also_if_its_place_is_another():
    net = Network([3, 2], seed=0)
    net.fit(pandas.DataFrame(X, columns=["a", "b", "c"]), Y, epochs=1)
    x = pandas.DataFrame(X[:, ::-1], columns=["c", "b", "a"])
    x.loc[3, "a"] = np.inf
    with refused(ValueError, r"^x: expected finite numbers, got inf in row 3, column 0 \('a'\)$", net):
        net.fit(x, Y, epochs=1)


def test_values_out_of_range_are_named():
    y = pandas.DataFrame({"low": [0.5] * 4, "high": [0.5, 0.5, 2.0, 0.5]})
    net = Network([3, 2], loss="binary_cross_entropy", seed=0)
    with refused(ValueError, r"^y: expected values from 0 to 1 .* got 2 in row 2, column 1 \('high'\)$", net):
        net.fit(X, y, epochs=1)
    net = Network([3, 2], dtype="float32", seed=0)
    x = pandas.DataFrame({"a": [0.0] * 4, "big": [0, 0, 0, 1e300], "c": [0.0] * 4})
    with refused(ValueError, r"in row 3, column 1 \('big'\) \(as float32, the network's dtype\)$", net):
        net.fit(x, Y, epochs=1)


def test_columns_without_names_have_their_number_alone():
    x = X.copy()
    x[2, 1] = np.nan
    for table in (pandas.DataFrame(x), x, x.tolist()):
        with pytest.raises(ValueError, match=r"^x: expected finite numbers, got nan in row 2, column 1$"):
            OF_X["fit"](table)
    y = pandas.Series([1.0, np.nan, 2.0, 3.0], index=list("pqrs"))
    with pytest.raises(ValueError, match=r"in row 1, column 0; missing="):
        Network([3, 1], seed=0).fit(X, y, epochs=1)
    with pytest.raises(ValueError, match=r"in row 1, column 0 \('target'\); missing="):
        Network([3, 1], seed=0).fit(X, y.rename("target"), epochs=1)


SPARSE = {
    "csr_matrix": sparse.csr_matrix,
    "csc_array": sparse.csc_array,
    "coo_array": sparse.coo_array,
    "dok_array": sparse.dok_array,
    "lil_matrix": sparse.lil_matrix,
}


@pytest.mark.parametrize("kind", SPARSE.values(), ids=SPARSE)
def test_sparse_matrices_say_how(kind):
    for argument, call in (
        ("x", lambda m: Network([3, 2]).forward(m)),
        ("x", OF_X["fit"]),
        ("y", OF_Y["fit"]),
        ("y", lambda m: Network([2, 3], loss="cross_entropy").fit(Y, m, epochs=1)),
        ("sample_weight", lambda m: Network([3, 2]).fit(X, Y, epochs=1, sample_weight=m)),
    ):
        name = type(kind(X)).__name__
        expected = rf"^{argument}: expected a dense array, got the sparse {name}; {argument}.toarray\(\) makes one$"
        with pytest.raises(TypeError, match=expected):
            call(kind(X))


def test_sparse_columns_of_pandas_are_columns():
    net = Network([3, 2], seed=0)
    x = np.where(X > 0.5, X, 0)
    assert net.forward(pandas.DataFrame.sparse.from_spmatrix(sparse.csr_array(x))).tolist() == net.forward(x).tolist()
    x = pandas.DataFrame({"a": GOOD["a"], "bad": pandas.arrays.SparseArray([1.0, np.nan, np.nan, 2.0]), "c": GOOD["c"]})
    assert np.isnan(net.forward(x)).all(axis=1).tolist() == [False, True, True, False]
    with pytest.raises(ValueError, match=r"^x: expected finite numbers, got nan in row 1, column 1 \('bad'\)$"):
        net.fit(x, Y, epochs=1)
