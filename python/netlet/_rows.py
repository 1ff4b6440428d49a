# SPDX-License-Identifier: BSD-3-Clause
"""Where `netlet.Batches` has its rows from: files, arrays or a function, piece by piece, in their order.

Each has `rows`, their number or None, `columns`, the names of the inputs or None, `pieces`, what it has from a row on,
as (x, y, sample_weight) of any number of rows, and `select`, the same with other inputs. PyArrow reads the files; it is
imported where it is used.
"""

from __future__ import annotations

import contextlib
import copy
import os
from collections.abc import Callable, Generator, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ._data import MissingValueError, real_array, shown, texts
from ._features import input_array, listed, names_of
from ._sources import begun, numbered, parts

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]
    Piece = tuple[Array, Array | None, Array | None]
    Pieces = Generator[Piece, None, None]
    Names = str | list[str] | None

_VALUES, _ROWS = 1 << 19, 1 << 14  # that are read and converted at once: they fit in a cache


def piece_rows(columns: int) -> int:
    """How many rows of so many columns are read at once."""
    return max(min(_VALUES // max(columns, 1), _ROWS), 1)


def paths_of(value: Any) -> list[Path]:
    """The files of paths, patterns and folders, in the order given; those of a pattern or a folder by name."""
    given = list(value) if isinstance(value, (list, tuple)) else [value]
    if not given:
        raise ValueError("paths: expected at least one, got none")
    found: list[Path] = []
    for each in given:
        if not isinstance(each, (str, os.PathLike)):
            raise TypeError(f"paths: expected a path or a list of them, got {shown(each)}")
        path = Path(each)
        if path.exists():
            found.append(path)
        else:
            base = Path(path.anchor) if path.is_absolute() else Path()
            matches = sorted(base.glob(str(path.relative_to(base)))) if any(c in "*?[" for c in str(path)) else []
            if not matches:
                raise FileNotFoundError(f"paths: expected a file or a pattern that matches some, got {str(each)!r}")
            found += matches
    return found


def in_folders(paths: list[Path], suffix: str) -> list[Path]:
    """The paths, with the files of folders in their place."""
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob(f"*{suffix}")) if path.is_dir() else [path]
        if not inside:
            raise FileNotFoundError(f"paths: expected files *{suffix} in the folder {str(path)!r}, found none")
        found += inside
    return found


def skipped(pieces: Pieces, rows: int) -> Pieces:
    """What follows after so many rows."""
    with contextlib.closing(pieces):
        for x, y, weight in pieces:
            if rows >= len(x):
                rows -= len(x)
                continue
            yield x[rows:], None if y is None else y[rows:], None if weight is None else weight[rows:]
            rows = 0


class Arrays:
    """Arrays, memory maps and files of NumPy's, and other objects that give rows to slices."""

    def __init__(self, x: Any, y: Any, sample_weight: Any) -> None:
        given = {"x": x, "y": y, "sample_weight": sample_weight}
        self.columns = names_of(x)
        self._order: list[int] | None = None  # of the columns of x
        self._parts = {name: _parts(value, name) for name, value in given.items() if value is not None}
        self.rows: int | None = None
        for name, these in self._parts.items():
            rows = sum(part.shape[0] for part in these)
            if self.rows is None:
                self.rows = rows
            elif rows != self.rows:
                raise ValueError(f"{name}: expected {self.rows} rows, as many as x has, got {rows}")
        if len(self._parts["x"][0].shape) != 2:
            raise ValueError(f"x: expected shape (rows, inputs), got {self._parts['x'][0].shape}")

    def select(self, columns: list[str]) -> Arrays:
        if self.columns is None:
            return self
        result, before = copy.copy(self), self._order or range(len(self.columns))
        result._order, result.columns = [before[self.columns.index(name)] for name in columns], columns
        return result

    def pieces(self, start: int = 0) -> Pieces:
        step = piece_rows(self._parts["x"][0].shape[1])
        for first in range(start, self.rows or 0, step):
            rows = slice(first, min(first + step, self.rows or 0))
            x, y, weight = (self._read(name, rows) for name in ("x", "y", "sample_weight"))
            yield x if self._order is None else x[:, self._order], y, weight

    def _read(self, name: str, rows: slice) -> Any:
        if name not in self._parts:
            return None
        found, before = [], 0
        for part in self._parts[name]:
            first, last = max(rows.start - before, 0), min(rows.stop - before, part.shape[0])
            if first < last:
                found.append(_numbers_or_texts(part[first:last], name, before + first))
            before += part.shape[0]
        return found[0] if len(found) == 1 else np.concatenate(found)


def _parts(value: Any, name: str) -> list[Any]:
    """What has the rows of an argument, one part after the other."""
    many = (
        isinstance(value, (list, tuple))
        and len(value) > 0
        and all(isinstance(part, (str, os.PathLike)) for part in value)
    )
    if many or isinstance(value, (str, os.PathLike)):
        arrays: list[Any] = [_mapped(path) for path in in_folders(paths_of(value), ".npy")]
    elif hasattr(value, "shape") and hasattr(value, "__getitem__") and not hasattr(type(value), "columns"):
        arrays = [value] if not hasattr(type(value), "iloc") else [_numbers_or_texts(value, name)]
    else:
        arrays = [_numbers_or_texts(value, name)]
    if not all(arrays[0].shape[1:] == array.shape[1:] and array.shape for array in arrays):
        raise ValueError(f"{name}: expected arrays with the same columns, got shapes {[a.shape for a in arrays]}")
    return arrays


def _mapped(path: Path) -> Any:
    try:
        return np.load(path, mmap_mode="r")
    except (ValueError, EOFError) as error:  # objects, an empty file, something else
        raise ValueError(f"{path}: expected an array of numbers in NumPy's format, but {error}") from None


def _numbers_or_texts(value: Any, name: str, first_row: int = 0) -> Any:
    found = texts(value, name, first_row=first_row) if name == "y" else None
    return real_array(value, name, first_row=first_row) if found is None else found


class Function:
    """A function that returns an iterator over (x, y) or (x, y, sample_weight), or what can be iterated over again."""

    def __init__(self, batches: Any, rows: int | None) -> None:
        self._batches, self.rows = batches, rows
        self.columns = None
        self._feature_names: list[str] | None = None  # by which tables are read

    def select(self, columns: list[str]) -> Function:
        result = copy.copy(self)
        result._feature_names = columns
        return result

    def pieces(self, start: int = 0) -> Pieces:
        pieces = self._all()
        return skipped(pieces, start) if start else pieces

    def _all(self) -> Pieces:
        reader = copy.copy(self)  # each pass learns the names of its own first table
        iterator = begun(self._batches)
        try:
            for number, item in numbered(iterator):
                x, y, weight = parts(item, "batches", number, x_alone=True)
                try:
                    if reader._feature_names is None:
                        reader._feature_names = names_of(x)
                    x = input_array(x, reader)
                    y = None if y is None else _numbers_or_texts(y, "y")
                    weight = None if weight is None else real_array(weight, "sample_weight")
                    piece = _checked(x, y, weight)
                except (TypeError, ValueError) as error:
                    kind = TypeError if isinstance(error, TypeError) else ValueError
                    raise kind(f"batch {number} of the source: {error}") from None
                yield piece
                del item, x, y, weight, piece  # before the next one is made
        finally:
            if iterator is not self._batches and hasattr(iterator, "close"):
                iterator.close()


def _checked(x: Any, y: Any, weight: Any) -> Piece:
    if x.ndim != 2:
        raise ValueError(f"x: expected shape (rows, inputs), got {x.shape}")
    for name, part in (("y", y), ("sample_weight", weight)):
        if part is not None and (part.ndim == 0 or len(part) != len(x)):
            raise ValueError(f"{name}: expected {len(x)} rows, as many as x has, got shape {part.shape}")
    return x, y, weight


class _Tables:
    """Columns by name, of files that PyArrow reads."""

    def __init__(self, paths: list[Path], x: Names, y: Names, sample_weight: str | None, nulls: str) -> None:
        if nulls not in ("refuse", "nan"):
            raise ValueError(f"nulls: expected 'refuse' or 'nan', got {shown(nulls)}")
        _require_pyarrow(type(self).__name__)
        self._paths, self._nulls = paths, nulls
        schemas = [self._schema(path) for path in paths]
        self._y_alone = isinstance(y, str)  # of shape (rows,)
        self._y = _listed(y, "y")
        self._weight = _listed(sample_weight, "sample_weight")
        others = {*self._y, *self._weight}
        indices = {name for schema in schemas for name in _indices(schema)}
        self.columns = _listed(x, "x") or [name for name in schemas[0].names if name not in others | indices]
        if not self.columns:
            raise ValueError(f"x: expected columns beside those of y, got none in {paths[0]}")
        for path, schema in zip(paths, schemas):
            _check_columns(path, schema, {"x": self.columns, "y": self._y, "sample_weight": self._weight})
            extra = [] if x is not None else [n for n in schema.names if n not in {*self.columns, *others, *indices}]
            if extra:
                raise ValueError(
                    f"{path}: expected the columns of {paths[0]}, but unexpected: {listed(extra)}; x=[...] names those "
                    "that are wanted"
                )
        self._types = {  # in all files, of each column
            name: [kind for kind in (schema.field(name).type for schema in schemas) if str(kind) != "null"]
            for name in (*self.columns, *self._y, *self._weight)
        }
        self._texts = self._y_texts()
        for path, schema in zip(paths, schemas):
            for name in (*self.columns, *self._weight, *([] if self._texts else self._y)):
                _check_number(path, name, schema.field(name).type)
        self._dtypes = {
            "x": self._dtype(self.columns),
            "y": None if self._texts else self._dtype(self._y),
            "sample_weight": self._dtype(self._weight),
        }

    def _schema(self, path: Path) -> Any:
        raise NotImplementedError

    def _y_texts(self) -> bool:
        """Whether y has labels that are text."""
        kinds = {_kind(kind) for name in self._y for kind in self._types[name]}
        if len(kinds) > 1 and "text" in kinds:
            raise TypeError(f"y: expected numbers or text in all files, got both: {listed(self._y)}")
        return "text" in kinds

    def _dtype(self, names: list[str]) -> Any:
        """What all columns in all files fit in."""
        kinds = [_numpy_dtype(kind, self._nulls) for name in names for kind in self._types[name]]
        return np.result_type(*kinds) if kinds else np.dtype(np.float64)

    def select(self, columns: list[str]) -> Any:
        result = copy.copy(self)
        result.columns = columns
        return result

    def _wanted(self) -> list[str]:
        return list(dict.fromkeys((*self.columns, *self._y, *self._weight)))

    def _piece(self, batch: Any, path: Path, first: int) -> Piece:
        """The arrays of a record batch, whose first row has that number in its file."""
        with _located(path):
            x = self._numbers(batch, self.columns, "x", first)
            y = weight = None
            if self._y:
                y = self._labels(batch, first) if self._texts else self._numbers(batch, self._y, "y", first)
                y = y[:, 0] if self._y_alone else y
            if self._weight:
                weight = self._numbers(batch, self._weight, "sample_weight", first)[:, 0]
        return x, y, weight

    def _converted(self, next_batch: Callable[[], Any], path: Path, first: int = 0) -> Pieces:
        """The pieces of a file, from that row on, of a function that gives record batches and None at the end."""
        while True:
            with _located(path):
                batch = next_batch()
            if batch is None:
                return
            yield self._piece(batch, path, first)
            first += batch.num_rows

    def _numbers(self, batch: Any, names: list[str], argument: str, first: int) -> Array:
        columns = [_plain(batch.column(name), self._nulls) for name in names]
        if any(column.null_count for column in columns):
            import pyarrow as pa

            try:  # it says where
                real_array(pa.RecordBatch.from_arrays(columns, names=names), argument, first_row=first)
            except MissingValueError as error:
                raise ValueError(f"{error}; nulls='nan' reads null as NaN") from None
        arrays = [column.to_numpy(zero_copy_only=False) for column in columns]
        return np.stack(arrays, dtype=self._dtypes[argument]).T  # rows are put together where they are copied

    def _labels(self, batch: Any, first: int) -> Array:
        found = texts(batch.select(self._y), "y", first_row=first)
        return real_array(batch.select(self._y), "y", first_row=first) if found is None else found  # it says where


def _require_pyarrow(what: str) -> None:
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise ImportError(f"{what} needs PyArrow: pip install pyarrow") from None


@contextlib.contextmanager
def _located(path: Path) -> Iterator[None]:
    """Say which file an error is about."""
    try:
        yield
    except (ValueError, OSError, TypeError, NotImplementedError) as error:  # Arrow's own are such
        kinds = (OSError, TypeError, NotImplementedError, ValueError)
        raise next(kind for kind in kinds if isinstance(error, kind))(f"{path}: {error}") from None


def _listed(names: Any, argument: str) -> list[str]:
    if names is None:
        return []
    if isinstance(names, str):
        return [names]
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        raise TypeError(f"{argument}: expected the name of a column or a list of names, got {shown(names)}")
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"{argument}: expected each column once, got {name!r} again")
    return list(names)


def _indices(schema: Any) -> list[str]:
    """Columns that hold the index of a frame of pandas, which is no data."""
    return [name for name in (schema.pandas_metadata or {}).get("index_columns", []) if isinstance(name, str)]


def _check_columns(path: Path, schema: Any, wanted: dict[str, list[str]]) -> None:
    for argument, names in wanted.items():
        missing = [name for name in names if name not in schema.names]
        if missing:
            raise ValueError(
                f"{argument}: expected columns of {path}, which has {listed(schema.names)}, got {listed(missing)}"
            )
        twice = [name for name in names if schema.names.count(name) > 1]
        if twice:
            raise ValueError(f"{path}: expected columns with different names, got {twice[0]!r} more than once")


def _kind(kind: Any) -> str:
    """What a type of Arrow's is: "number", "text" or something else."""
    import pyarrow.types as types

    if types.is_dictionary(kind):
        return _kind(kind.value_type)
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind) or types.is_decimal(kind):
        return "number"
    is_text = types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind)
    return "text" if is_text else str(kind)


def _check_number(path: Path, name: str, kind: Any) -> None:
    if _kind(kind) != "number" and str(kind) != "null":
        raise TypeError(f"{path}: expected numbers, got {kind} in column {name!r}; x=[...] and y= name those to read")


def _numpy_dtype(kind: Any, nulls: str) -> Any:
    """The dtype of a column of that type, once it has none of Arrow's own."""
    import pyarrow.types as types

    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_decimal(kind):
        return np.dtype(np.float64)
    dtype = np.dtype(kind.to_pandas_dtype())
    if nulls == "nan" and dtype.kind != "f":  # integers, too, may be NaN
        return np.result_type(dtype, np.float32 if dtype.itemsize < 4 else np.float64)
    return dtype


def _plain(column: Any, nulls: str) -> Any:
    """A column as numbers: without dictionary or decimals, and with NaN for null if that is wanted."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_decimal(column.type) or pa.types.is_null(column.type):
        column = column.cast(pa.float64())
    if nulls == "nan" and column.null_count:
        kind = column.type if pa.types.is_floating(column.type) else pa.float64()
        column = pa.array(column.cast(kind, safe=False).to_numpy(zero_copy_only=False), kind, from_pandas=False)
    return column


class Parquet(_Tables):
    """Files of Parquet, one record batch after the other."""

    def __init__(self, paths: list[Path], *arguments: Any) -> None:
        self._groups: list[list[int]] = []  # rows of each row group, for each file
        super().__init__(paths, *arguments)
        self.rows = sum(map(sum, self._groups))

    def _schema(self, path: Path) -> Any:
        with _opened(path) as file:
            self._groups.append([file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)])
            return file.schema_arrow

    def pieces(self, start: int = 0) -> Pieces:
        for path, groups in zip(self._paths, self._groups):
            if start >= sum(groups):
                start -= sum(groups)
                continue
            yield from self._of_file(path, groups, start)
            start = 0

    def _of_file(self, path: Path, groups: list[int], start: int) -> Pieces:
        number = before = 0
        while before + groups[number] <= start:
            before += groups[number]
            number += 1
        with _opened(path) as file:
            if [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] != groups:
                raise ValueError(f"{path}: expected the rows that it had before, but the file has changed")
            wanted = self._wanted()
            groups_left = list(range(number, len(groups)))
            batches = file.iter_batches(piece_rows(len(wanted)), groups_left, wanted, use_threads=False)
            pieces = self._converted(partial(next, batches, None), path, before)
            yield from skipped(pieces, start - before) if start > before else pieces


def _opened(path: Path) -> Any:
    import pyarrow.parquet as pq

    with _located(path):  # without threads of Arrow's, and without a buffer of a whole row group
        return pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20)


class CSV(_Tables):
    """CSV files, one block of text after the other."""

    def __init__(self, paths: list[Path], *arguments: Any, **options: Any) -> None:
        self._options = options  # of pyarrow.csv.open_csv
        self._counted: list[int] = []  # rows, once there was a pass; copies with other columns share it
        super().__init__(paths, *arguments)

    def _schema(self, path: Path) -> Any:
        with self._open(path, {}) as file:
            return file.schema

    def _open(self, path: Path, types: dict[str, Any], names: list[str] | None = None) -> Any:
        import pyarrow.csv as csv

        options = dict(self._options)
        convert = copy.copy(options.pop("convert_options", None)) or csv.ConvertOptions(strings_can_be_null=True)
        convert.column_types = {**types, **convert.column_types}
        if names is not None:
            convert.include_columns = names
        with _located(path):
            return csv.open_csv(path, convert_options=convert, **options)

    def pieces(self, start: int = 0) -> Pieces:
        pieces = self._all()
        return skipped(pieces, start) if start else pieces

    def _all(self) -> Pieces:
        import pyarrow as pa

        # what is inferred from the first lines alone need not hold for those that follow: 1, 2, 2.5
        kinds = {name: pa.float64() for name in self._wanted()}
        if self._texts:
            kinds |= dict.fromkeys(self._y, pa.string())
        kinds = {name: pa.bool_() if self._are_booleans(name) else kind for name, kind in kinds.items()}
        rows = 0
        for path in self._paths:
            with self._open(path, kinds, self._wanted()) as file:
                for piece in self._converted(partial(next, file, None), path):
                    yield piece
                    rows += len(piece[0])
        self._counted[:] = [rows]

    @property
    def rows(self) -> int | None:
        return self._counted[0] if self._counted else None

    def _are_booleans(self, name: str) -> bool:
        return bool(self._types[name]) and all(str(kind) == "bool" for kind in self._types[name])

    def _dtype(self, names: list[str]) -> Any:
        return np.dtype(bool if names and all(map(self._are_booleans, names)) else np.float64)


def select(source: Any, columns: list[str], name: str = "batches") -> Any:
    """The source with these inputs, in this order."""
    known = source.columns
    if known is not None and known != columns:
        missing = [column for column in columns if column not in known]
        unexpected = [column for column in known if column not in columns]
        faults = {"missing": missing, "unexpected": unexpected}
        if missing or unexpected:
            found = "; ".join(f"{what}: {listed(those)}" for what, those in faults.items() if those)
            raise ValueError(f"{name}: expected the columns that the network knows (feature_names), but {found}")
    return source.select(columns)
