# SPDX-License-Identifier: BSD-3-Clause
"""Rows of files of every kind: the same batches however they are cut, and errors that name file, row and column."""

import decimal
import gzip
import sys

import numpy as np
import pytest
from netlet import Batches

from helpers.bits import assert_same_bits
from helpers.tables import CUTS, INPUTS, ROWS, TABLE, WEIGHT, WRITERS, X, Y, write_all, write_csv, write_parquet

FROM = {"parquet": Batches.from_parquet, "csv": Batches.from_csv}
NAMES = {"y": "target", "x": INPUTS, "sample_weight": "weight"}


def assert_all_rows(batches, size=100):
    """They are whole batches of all rows."""
    parts = list(zip(*batches))
    assert [len(x) for x in parts[0]] == [size] * (ROWS // size) + [ROWS % size] * (ROWS % size > 0)
    for part, expected in zip(parts, (X, Y, WEIGHT)):
        assert_same_bits(np.concatenate(part), expected)


@pytest.mark.parametrize("sizes", CUTS.values(), ids=CUTS)
@pytest.mark.parametrize("kind", FROM)
def test_rows_are_regrouped_across_files(tmp_path, kind, sizes):
    write_all(tmp_path, kind, sizes)
    assert_all_rows(FROM[kind](tmp_path / f"*.{kind}", **NAMES, batch_size=100))
    assert_all_rows(FROM[kind](str(tmp_path), **NAMES, batch_size=70, read_ahead=False), 70)
    assert_all_rows(FROM[kind](sorted(tmp_path.glob("part*")), **NAMES, batch_size=ROWS), ROWS)


@pytest.mark.parametrize("group", [1, 7, 256, 5000])
def test_rows_are_regrouped_across_row_groups(tmp_path, group):
    write_all(tmp_path, "parquet", CUTS["several"], row_group_size=group)
    assert_all_rows(Batches.from_parquet(tmp_path, **NAMES, batch_size=100))


@pytest.mark.parametrize("sizes", CUTS.values(), ids=CUTS)
def test_files_of_numpy_and_arrays(tmp_path, sizes):
    first = 0
    for number, size in enumerate(sizes):
        np.save(tmp_path / f"x{number}.npy", X[first : first + size])
        first += size
    np.save(tmp_path / "y.npy", Y)
    assert_all_rows(Batches.from_arrays(tmp_path / "x*.npy", tmp_path / "y.npy", WEIGHT, batch_size=100))
    mapped = np.load(tmp_path / "y.npy", mmap_mode="r")
    assert_all_rows(Batches.from_arrays(X.tolist(), mapped, list(WEIGHT), batch_size=100))


@pytest.mark.parametrize("sizes", CUTS.values(), ids=CUTS)
def test_a_generator_function(sizes):
    def parts():
        first = 0
        for size in sizes:
            yield X[first : first + size], Y[first : first + size], WEIGHT[first : first + size]
            first += size

    assert_all_rows(Batches(parts, batch_size=100))


def test_a_generator_may_fill_the_same_arrays_again():
    def parts():
        x, y = np.empty((100, 4)), np.empty(100)
        for first in range(0, ROWS, 100):
            x[:], y[:] = X[first : first + 100], Y[first : first + 100]
            yield x, y

    assert_same_bits(np.concatenate([x for x, _ in list(Batches(parts, batch_size=100))]), X)


def test_columns_are_chosen_by_name_and_their_order_in_files_does_not_matter(tmp_path):
    write_parquet(tmp_path / "a.parquet", {name: TABLE[name][:500] for name in ["target", *INPUTS]})
    write_parquet(tmp_path / "b.parquet", {name: TABLE[name][500:] for name in [*INPUTS[::-1], "target"]})
    batches = Batches.from_parquet(tmp_path, y="target", batch_size=ROWS)
    assert batches.columns == INPUTS
    ((x, y),) = batches
    assert_same_bits(x, X)
    assert_same_bits(y, Y)
    ((x, y),) = Batches.from_parquet(tmp_path, y=["x3", "target"], x=["x2", "x0"], batch_size=ROWS)
    assert_same_bits(x, X[:, [2, 0]])
    assert_same_bits(y, np.stack([TABLE["x3"], Y], axis=1))
    (x,) = Batches.from_parquet(tmp_path, x=["x1"], batch_size=ROWS)
    assert_same_bits(x, X[:, [1]])


def test_all_types_of_numbers_are_read(tmp_path):
    pa = pytest.importorskip("pyarrow")
    columns = {
        "small": pa.array([1, 2, 3], pa.int8()),
        "half": pa.array(np.array([0.5, 1.5, 2.5], np.float16)),
        "single": pa.array([0.25, 0.5, 0.75], pa.float32()),
        "flag": pa.array([True, False, True]),
    }
    write_parquet(tmp_path / "narrow.parquet", columns)
    ((x, _),) = Batches.from_parquet(tmp_path / "narrow.parquet", y="flag", batch_size=9)
    assert_same_bits(x, np.array([[1, 0.5, 0.25], [2, 1.5, 0.5], [3, 2.5, 0.75]], np.float32))
    columns = {
        "wide": pa.array([1 << 40, 2, 3], pa.uint64()),
        "exact": pa.array([decimal.Decimal("1.25"), decimal.Decimal("2.5"), decimal.Decimal("0.75")]),
        "repeated": pa.array([7.5, 7.5, 1.5]).dictionary_encode(),
        "y": pa.array([3, 1, 2], pa.int16()),
    }
    write_parquet(tmp_path / "wide.parquet", columns)
    ((x, y),) = Batches.from_parquet(tmp_path / "wide.parquet", y="y", batch_size=9)
    assert_same_bits(x, np.array([[2.0**40, 1.25, 7.5], [2, 2.5, 7.5], [3, 0.75, 1.5]]))
    assert_same_bits(y, np.array([3, 1, 2], np.int16))


def test_a_dtype_is_that_of_all_files(tmp_path):
    write_parquet(tmp_path / "a.parquet", {"a": np.ones(2, np.float32), "y": np.array([1, 2])})
    write_parquet(tmp_path / "b.parquet", {"a": np.array([0.1, 0.2]), "y": np.array([0.5, 1])})
    for size in (1, 2, 4):
        parts = list(zip(*Batches.from_parquet(tmp_path, y="y", batch_size=size)))
        assert_same_bits(np.concatenate(parts[0]), np.array([[1], [1], [0.1], [0.2]]))
        assert_same_bits(np.concatenate(parts[1]), np.array([1, 2, 0.5, 1]))


def test_a_dtype_that_changes_on_the_way_loses_nothing():
    parts = [(np.ones((2, 1), np.float32), [1, 2]), (np.array([[0.1], [1e300]]), [0.5, 1])]
    ((x, y),) = Batches(parts, batch_size=4)
    assert_same_bits(x, np.array([[1], [1], [0.1], [1e300]]))
    assert_same_bits(y, np.array([1, 2, 0.5, 1]))
    mixed = [(np.ones((2, 1)), ["a", "b"]), (np.ones((2, 1)), [1, 2])]
    with pytest.raises(TypeError, match=r"^y: expected values of one kind, got int64 after "):
        list(Batches(mixed, batch_size=4))


def test_labels_may_be_text(tmp_path):
    labels = np.array(["ham", "spam", "bacon"])[np.arange(ROWS) % 3]
    for kind in FROM:
        write_all(tmp_path, kind, CUTS["several"], {"a": TABLE["x0"], "y": labels})
        found = [y for _, y in FROM[kind](tmp_path, y="y", batch_size=100)]
        assert np.concatenate(found).tolist() == labels.tolist()
    pa = pytest.importorskip("pyarrow")
    write_parquet(tmp_path / "d.parquet", {"a": pa.array([1.0, 2]), "y": pa.array(["b", "a"]).dictionary_encode()})
    ((_, y),) = Batches.from_parquet(tmp_path / "d.parquet", y="y", batch_size=2)
    assert y.tolist() == ["b", "a"]


@pytest.mark.parametrize("kind", FROM)
def test_null_is_refused_with_its_place_or_becomes_nan(tmp_path, kind):
    pa = pytest.importorskip("pyarrow")
    for name, rows in (("a", [1.0] * 20000), ("b", [2.0] * 3)):
        nulls = pa.array([None if name == "b" and i == 1 else i for i in range(len(rows))], pa.int64())
        WRITERS[kind](tmp_path / f"{name}.{kind}", pa.table({"x": rows, "y": nulls}))
    with pytest.raises(
        ValueError, match=rf"b\.{kind}: y: .* in row 1, column 0 \('y'\) is missing \(null\).*nulls='nan'"
    ):
        list(FROM[kind](tmp_path, y="y", batch_size=100))
    with pytest.raises(ValueError, match=rf"b\.{kind}: x: .* in row 1, column 1 \('y'\) is missing \(null\)"):
        list(FROM[kind](tmp_path, batch_size=100))
    parts = [y for _, y in FROM[kind](tmp_path, y="y", nulls="nan", batch_size=100)]
    assert_same_bits(np.concatenate(parts), np.array([*range(20000), 0, np.nan, 2.0]))


@pytest.mark.parametrize("kind", ["parquet", "csv"])
@pytest.mark.parametrize("nulls", ["refuse", "nan"])
def test_a_missing_label_is_refused_with_its_place(tmp_path, kind, nulls):
    pa = pytest.importorskip("pyarrow")
    labels = ["a", None, "b"] if kind == "csv" else pa.array(["a", None, "b"]).dictionary_encode()
    WRITERS[kind](tmp_path / f"a.{kind}", pa.table({"x": [1.0, 2.0, 3.0], "y": labels}))
    with pytest.raises(ValueError, match=rf"a\.{kind}: y: .* in row 1, column 0 \('y'\) is missing \(null\)"):
        list(FROM[kind](tmp_path, y="y", nulls=nulls, batch_size=100))


def test_nan_is_a_number_of_parquet_and_null_in_csv(tmp_path):
    write_parquet(tmp_path / "a.parquet", {"x": [1.0, np.nan], "y": [1.0, 2.0]})
    ((x, _),) = Batches.from_parquet(tmp_path / "a.parquet", y="y", batch_size=2)
    assert_same_bits(x, np.array([[1], [np.nan]]))
    (tmp_path / "a.csv").write_text("x,y\n1,1\nnan,2\n")
    with pytest.raises(ValueError, match=r"row 1, column 0 \('x'\) is missing \(null\)"):
        list(Batches.from_csv(tmp_path / "a.csv", y="y", batch_size=2))


def test_numbers_of_csv_are_no_integers_because_the_first_are(tmp_path):
    write_csv(tmp_path / "a.csv", {"x": np.append(np.arange(99999), 0.5), "y": np.append(np.arange(99999), 0.25)})
    parts = list(zip(*Batches.from_csv(tmp_path / "a.csv", y="y", batch_size=100000)))
    assert_same_bits(parts[0][0], np.append(np.arange(99999), 0.5)[:, None])
    assert parts[1][0][-1] == 0.25


def test_csv_in_other_forms(tmp_path):
    csv = pytest.importorskip("pyarrow.csv")
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write("1;2\n3;4\n")
    options = {
        "read_options": csv.ReadOptions(column_names=["a", "b"]),
        "parse_options": csv.ParseOptions(delimiter=";"),
        "convert_options": csv.ConvertOptions(null_values=["-"]),
    }
    ((x, y),) = Batches.from_csv(tmp_path / "a.csv.gz", y="b", batch_size=2, **options)
    assert x.tolist() == [[1], [3]]
    assert y.tolist() == [2, 4]
    (tmp_path / "b.csv").write_text("a,b\n1,true\n2,false\n")
    ((_, y),) = Batches.from_csv(tmp_path / "b.csv", y="b", batch_size=2)
    assert_same_bits(y, np.array([True, False]))


def test_what_is_wrong_with_the_columns_is_said_at_once(tmp_path):
    write_parquet(tmp_path / "a.parquet", {"a": [1.0], "b": [1.0]})
    write_parquet(tmp_path / "less.parquet", {"a": [1.0]})
    write_parquet(tmp_path / "more.parquet", {"a": [1.0], "b": [1.0], "c": [1.0]})
    write_parquet(tmp_path / "text.parquet", {"a": ["one"], "b": [1.0]})
    write_parquet(tmp_path / "label.parquet", {"a": [1.0], "b": ["one"]})
    for files, given, error, match in [
        (["a"], {"y": "c"}, ValueError, r"^y: expected columns of .*a\.parquet, which has 'a', 'b', got 'c'$"),
        (["a"], {"y": "b", "x": ["a", "d"]}, ValueError, r"^x: expected columns of .*a\.parquet.* got 'd'$"),
        (["a", "less"], {"y": "b"}, ValueError, r"^y: expected columns of .*less\.parquet, which has 'a', got 'b'$"),
        (["a", "more"], {"y": "b"}, ValueError, r"more\.parquet: expected the columns of .*unexpected: 'c'; x="),
        (["a", "text"], {"y": "b"}, TypeError, r"text\.parquet: expected numbers, got string in column 'a'; x="),
        (["a", "label"], {"y": "b"}, TypeError, r"^y: expected numbers or text in all files, got both: 'b'$"),
        (["a"], {"y": ["a", "b"]}, ValueError, r"^x: expected columns beside those of y, got none"),
        (["a"], {"y": "b", "x": ["a", "a"]}, ValueError, r"^x: expected each column once, got 'a' again$"),
        (["a"], {"y": 1}, TypeError, r"^y: expected the name of a column or a list of names, got 1$"),
        (["a"], {"y": "b", "nulls": "drop"}, ValueError, r"^nulls: expected 'refuse' or 'nan', got 'drop'$"),
        (["a"], {"y": "b", "batch_size": 0}, ValueError, r"^batch_size: expected a positive integer, got 0$"),
        (["a"], {"y": "b", "rows": 3}, TypeError, r"unexpected keyword argument 'rows'"),
        (["none"], {"y": "b"}, FileNotFoundError, r"^paths: expected a file or a pattern .*none\.parquet'$"),
    ]:
        with pytest.raises(error, match=match):
            Batches.from_parquet([tmp_path / f"{name}.parquet" for name in files], **{"batch_size": 1, **given})
    write_parquet(tmp_path / "more.parquet", {"a": [1.0], "b": [1.0], "c": [1.0]})
    batches = Batches.from_parquet([tmp_path / "a.parquet", tmp_path / "more.parquet"], x=["a"], y="b", batch_size=2)
    assert batches.rows == 2
    (tmp_path / "folder").mkdir()
    for paths, error, match in [
        ([], ValueError, r"^paths: expected at least one"),
        (3, TypeError, r"^paths: expected a path or a list of them, got 3$"),
        (tmp_path / "folder", FileNotFoundError, r"^paths: expected files \*\.parquet in the folder"),
        (tmp_path / "*.gone", FileNotFoundError, r"^paths: expected a file or a pattern that matches some"),
    ]:
        with pytest.raises(error, match=match):
            Batches.from_parquet(paths, batch_size=1)


def test_damaged_and_empty_files_are_named(tmp_path):
    write_parquet(tmp_path / "a.parquet", TABLE, compression="snappy")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[:-100])
    (tmp_path / "empty.parquet").write_bytes(b"")
    for name in ("cut", "empty"):
        with pytest.raises((ValueError, OSError), match=rf"{name}\.parquet: "):
            Batches.from_parquet(tmp_path / f"{name}.parquet", y="target", batch_size=10)
    (tmp_path / "bad.parquet").write_bytes(whole[:4] + bytes(60) + whole[64:])
    with pytest.raises((ValueError, OSError), match=r"bad\.parquet: "):
        list(Batches.from_parquet(tmp_path / "bad.parquet", y="target", batch_size=10))
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(ValueError, match=r"empty\.csv: "):
        Batches.from_csv(tmp_path / "empty.csv", y="target", batch_size=10)
    (tmp_path / "cut.csv").write_text("x,y\n" + "1,2\n" * 9 + "3\n")
    with pytest.raises(ValueError, match=r"cut\.csv: "):
        list(Batches.from_csv(tmp_path / "cut.csv", y="y", batch_size=10))
    (tmp_path / "text.csv").write_text("x,y\n" + "1,2\n" * 300000 + "3,many\n")
    with pytest.raises(ValueError, match=r"text\.csv: .*many"):
        list(Batches.from_csv(tmp_path / "text.csv", y="y", batch_size=10))
    (tmp_path / "head.csv").write_text("x,y\n")
    assert list(Batches.from_csv(tmp_path / "head.csv", y="y", batch_size=10)) == []
    (tmp_path / "bad.npy").write_bytes(b"no array")
    with pytest.raises(ValueError, match=r"bad\.npy: expected an array of numbers"):
        Batches.from_arrays(tmp_path / "bad.npy", batch_size=10)


def test_without_pyarrow_the_error_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for what, read in (("Parquet", Batches.from_parquet), ("CSV", Batches.from_csv)):
        with pytest.raises(ImportError, match=rf"^{what} needs PyArrow: pip install pyarrow$"):
            read(tmp_path / "a.csv", y="y", batch_size=1)
    assert len(list(Batches.from_arrays(X, Y, batch_size=100))) == 11


def test_a_wrong_number_of_rows_is_refused(tmp_path):
    for rows, got in [(5, "1100 or more"), (1099, "1100 or more"), (1101, "1100$")]:
        for size in (7, 5000):
            with pytest.raises(ValueError, match=rf"^batches: expected {rows} rows, .* got {got}"):
                list(Batches([(X, Y)], rows=rows, batch_size=size))
    write_csv(tmp_path / "a.csv", TABLE)
    batches = Batches.from_csv(tmp_path / "a.csv", y="target", batch_size=10)
    assert len(list(batches)) == 110
    write_csv(tmp_path / "a.csv", {name: column[:7] for name, column in TABLE.items()})
    with pytest.raises(ValueError, match=r"^batches: expected 1100 rows, as in the pass before .* got 7$"):
        list(batches)


def test_the_index_of_a_frame_is_no_input(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"a": [1.0, 2.0], "y": [3.0, 4.0]}, index=[7, 9])
    frame.to_parquet(tmp_path / "a.parquet")
    frame.rename_axis("day").to_parquet(tmp_path / "b.parquet")
    batches = Batches.from_parquet([tmp_path / "a.parquet", tmp_path / "b.parquet"], y="y", batch_size=4)
    assert batches.columns == ["a"]
    ((x, y),) = batches
    assert x.ravel().tolist() == [1, 2, 1, 2]
    assert y.tolist() == [3, 4, 3, 4]


def test_nulls_of_every_type_become_nan(tmp_path):
    pa = pytest.importorskip("pyarrow")
    types = [pa.bool_(), pa.int8(), pa.uint64(), pa.float16(), pa.float32(), pa.float64(), pa.decimal128(5, 2)]
    ones = {pa.bool_(): True, pa.float16(): np.float16(1)}
    columns = {str(kind): pa.array([ones.get(kind, 1), None], kind) for kind in types}
    columns["dictionary"] = pa.array([1, None]).dictionary_encode()
    columns["nothing"] = pa.nulls(2)
    columns["y"] = pa.array([1, 2])
    write_parquet(tmp_path / "a.parquet", columns)
    ((x, _),) = Batches.from_parquet(tmp_path / "a.parquet", y="y", nulls="nan", batch_size=4)
    assert_same_bits(x, np.array([[*[1.0] * 8, np.nan], [np.nan] * 9]))
    for name in list(columns)[:-1]:
        with pytest.raises(ValueError, match=rf"row [01], column 0 \('{name[:4]}.*\) is missing \(null\)"):
            list(Batches.from_parquet(tmp_path / "a.parquet", y="y", x=[name], batch_size=4))


def test_a_file_that_changes_between_passes_is_refused(tmp_path):
    write_parquet(tmp_path / "a.parquet", TABLE)
    batches = Batches.from_parquet(tmp_path / "a.parquet", y="target", batch_size=10)
    write_parquet(tmp_path / "a.parquet", {name: column[:7] for name, column in TABLE.items()})
    with pytest.raises(ValueError, match=r"a\.parquet: expected the rows that it had before, but the file has changed"):
        list(batches)


def test_arrays_that_do_not_fit_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", X)
    np.save(tmp_path / "b.npy", X[:, :2])
    for given, error, match in [
        ((X, Y[:5]), ValueError, r"^y: expected 1100 rows, as many as x has, got 5$"),
        ((X[:, 0], Y), ValueError, r"^x: expected shape \(rows, inputs\), got \(1100,\)$"),
        (([tmp_path / "a.npy", tmp_path / "b.npy"],), ValueError, r"^x: expected arrays with the same columns"),
        ((X, Y, WEIGHT[1:]), ValueError, r"^sample_weight: expected 1100 rows"),
    ]:
        with pytest.raises(error, match=match):
            Batches.from_arrays(*given, batch_size=10)
    masked = np.ma.array(X, mask=False)
    masked[900, 2] = np.ma.masked
    with pytest.raises(ValueError, match=r"^x: .* row 900, column 2 is missing \(masked\)"):
        list(Batches.from_arrays(masked, batch_size=10))


def test_parts_that_do_not_fit_are_refused():
    for parts, match in [
        ([(X, Y), (X[:, :2], Y)], r"^x: expected shape \(rows, 4\) as before, got \(1100, 2\)$"),
        ([(X, Y), (X, Y[:, None])], r"^y: expected shape \(rows,\) as before, got \(1100, 1\)$"),
        ([(X, Y), (X, Y[:3])], r"^batch 1 of the source: y: expected 1100 rows, as many as x has, got shape \(3,\)$"),
        ([(X, Y), (X[0], Y)], r"^batch 1 of the source: x: expected shape \(rows, inputs\), got \(4,\)$"),
        ([(X, Y), X], r"^y: expected targets with all rows or with none"),
        ([(X, Y), (X, Y, Y, Y)], r"^batches: expected each to be a tuple"),
        ([(X, Y), (X, [None] * ROWS)], r"^batch 1 of the source: y: expected numbers, .*missing"),
    ]:
        with pytest.raises(ValueError, match=match):
            list(Batches(parts, batch_size=5000))
    with pytest.raises(ValueError, match=r"^batches: expected a function .* passed over repeatedly"):
        Batches(iter([(X, Y)]), batch_size=5)


def test_some_parts_may_have_weights():
    parts = [(X[:3], Y[:3]), (X[3:6], Y[3:6], WEIGHT[3:6]), (X[6:9], Y[6:9])]
    ((_, _, weight),) = Batches(parts, batch_size=9)
    assert_same_bits(weight, np.concatenate([np.ones(3), WEIGHT[3:6], np.ones(3)]))


def test_tables_of_a_generator_are_read_by_name():
    pd = pytest.importorskip("pandas")
    parts = [(pd.DataFrame({"a": [1.0], "b": [2.0]}), [1]), (pd.DataFrame({"b": [4.0], "a": [3.0]}), [2])]
    ((x, _),) = Batches(parts, batch_size=2)
    assert x.tolist() == [[1, 2], [3, 4]]
