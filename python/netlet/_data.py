# SPDX-License-Identifier: BSD-3-Clause
"""Data of every kind as arrays of real numbers; what says that a value is missing is refused.

The one place where data come in: the core's bindings and all of the package's modules pass what is no plain array of
numbers through `real_array`. `numpy.asarray` alone would read what lies under a mask, and make NaN of a null, which a
network passes through. pandas, Arrow and polars are known by what their objects offer, and never imported.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from . import _core

if TYPE_CHECKING:  # it takes longer to import than all of netlet
    import numpy.typing as npt

    Array = npt.NDArray[Any]

__all__ = [
    *("MissingValueError", "RowSource", "column_names", "converted", "flag", "is_boolean", "number", "real_array"),
    *("shown", "texts", "value_names"),
]

_REAL = "fiub"  # kinds of dtype
_NUMBERS = {bool, int, float, *(kind for kind in np.sctypeDict.values() if issubclass(kind, (np.number, np.bool_)))}
_NUMBERS -= {np.timedelta64}
_NOTHING = {"NoneType": "None", "NAType": "NA", "NaTType": "NaT"}  # the last two are pandas'

# what NumPy prints by itself
_PRINTING: dict[str, Any] = {"precision": 8, "threshold": 1000, "edgeitems": 3, "linewidth": 75, "suppress": False}
_PRINTING |= {"nanstr": "nan", "infstr": "inf", "sign": "-", "floatmode": "maxprec", "formatter": None, "legacy": False}
if "override_repr" in np.get_printoptions():
    _PRINTING["override_repr"] = None


class RowSource:
    """What `netlet.Batches` is: calls that take arrays tell it apart by this, without importing it."""

    rows: Any  # their number, or None
    columns: Any  # the names of the inputs, or None

    def _of(self, columns: list[str] | None, name: str) -> Any:
        raise NotImplementedError

    def shuffled(self, seed: int, epoch: int) -> Any:
        """The batches of an epoch."""
        raise NotImplementedError


def require_known_rows(source: RowSource, name: str) -> None:
    """Refuse a source whose rows have not been counted, where workers are to divide them."""
    if source.rows is None:
        raise ValueError(
            f"{name}: expected a netlet.Batches whose number of rows is known, got {source!r}; one pass over CSV files "
            "(for _ in batches: pass) counts them, and Batches(function, rows=...) is told"
        )


class _LocatedError(Exception):
    """What a value is, where it stands, and the name of its column."""

    def __init__(self, what: str, position: tuple[int, ...] = (), column: object = None) -> None:
        super().__init__(what)
        self.what, self.position, self.column = what, position, column

    def inside(self, i: int, axis: int = 0, column: object = None) -> _LocatedError:
        """The same within what holds it, of which it is in the i-th row or column."""
        return type(self)(
            self.what, (*self.position[:axis], i, *self.position[axis:]), self.column if column is None else column
        )

    def text(self, name: str, rows: bool, first_row: int = 0) -> str:
        """Where it is, in the argument of that name."""
        position, label = self.position, "" if self.column is None else f" ({self.column!r})"
        if rows and position:
            position = (position[0] + first_row, *position[1:])
        if not position:
            return ""
        if not rows or len(position) > 2:
            return f" at position {position[0] if len(position) == 1 else position}{label}"
        if len(position) == 2:
            return f" in row {position[0]}, column {position[1]}{label}"
        return f" in column {position[0]}" if name == "x" else f" in row {position[0]}"  # a vector x is one row


class MissingValueError(_LocatedError, ValueError):
    """A value that is missing."""


class _NotRealError(_LocatedError, TypeError):
    """Something else than a real number."""


class _CutTextError(_LocatedError, ValueError):
    """Text that NumPy would cut."""


class _SparseError(TypeError):
    """What holds only the values that are not 0."""


def real_array(value: Any, name: str, *, rows: bool = True, first_row: int = 0) -> Array:
    """An array of integers, floating-point numbers or booleans, as `numpy.asarray` makes it.

    Parameters
    ----------
    value : array_like
    name : str
        The argument, for messages.
    rows : bool, default True
        Whether positions are those of rows and columns.
    first_row : int, default 0
        The number of its first row, for messages.

    Raises
    ------
    ValueError
        If a value is missing, or it is no array at all.
    TypeError
        If it has something else than real numbers.
    """
    if type(value) is np.ndarray and value.dtype.kind in _REAL:
        return value
    try:
        if value is None:
            raise _NotRealError("None")
        array = np.asarray(value) if _core.only_numbers(value) else _array(value)
        if array.dtype.kind == "O":
            array = _from_objects(array)
        if array.dtype.kind not in _REAL:
            is_array = array.ndim or isinstance(value, np.ndarray)
            raise _NotRealError(f"an array of dtype {array.dtype}" if is_array else type(value).__name__)
    except MissingValueError as error:
        where = error.text(name, rows, first_row)
        hint = "; missing='ignore' leaves out targets that are NaN; drop rows without a class" if name == "y" else ""
        raise MissingValueError(
            f"{name}: expected numbers, but the value{where} is missing ({error.what}){hint}"
        ) from None
    except _NotRealError as error:
        hint = "; for the cross entropies, fit learns labels, or set net.classes = [...]" if name == "y" else ""
        if name == "x" and (callable(value) or hasattr(value, "__next__") or isinstance(value, RowSource)):
            hint = "; batches are for fit_batches, evaluate_batches, predict_batches and learn_scaling_batches"
        raise TypeError(
            f"{name}: expected real numbers, got {error.what}{error.text(name, rows, first_row)}{hint}"
        ) from None
    except _SparseError as error:
        what, dense = error.args
        raise TypeError(f"{name}: expected a dense array, got the sparse {what}; {name}.{dense}() makes one") from None
    except (TypeError, ValueError, OverflowError, RecursionError, NotImplementedError) as error:  # the last is Arrow's
        raise ValueError(f"{name}: expected an array of real numbers, but {error}") from None
    return array


def converted(array: Array, dtype: npt.DTypeLike, order: Literal["C", "K"] = "K") -> Array:
    """An aligned array of another dtype, in silence: too small values become 0, too large ones infinite."""
    if array.dtype == dtype:
        result = np.asarray(array, order=order)
    else:
        with np.errstate(all="ignore"):
            result = np.asarray(array, dtype=dtype, order=order)
    return result if result.flags.aligned else result.copy()


def number(value: Any, name: str) -> float:
    """A setting that is one real number: neither text, which `float` would read, nor a boolean."""
    if type(value) is float:
        return value
    try:
        array = converted(real_array(value, name, rows=False), np.float64)
        if array.ndim == 0 and not is_boolean(value):
            return float(array)
    except MissingValueError:
        raise
    except (TypeError, ValueError):
        pass
    raise TypeError(f"{name}: expected a number, got {shown(value)}")


def flag(name: str, value: Any) -> bool:
    """True or False, also NumPy's; other values, of which all are true or false to Python, may mean anything."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise TypeError(f"{name}: expected True or False, got {shown(value)}")


def is_boolean(value: Any) -> bool:
    """Whether it is True or False, or an array of them."""
    return isinstance(value, bool) or getattr(value, "dtype", None) == np.bool_


def shown(value: object) -> str:
    """`repr` for messages, whatever NumPy's printing options are."""
    with np.printoptions(**_PRINTING):
        return repr(value)


def _array(value: Any) -> Array:
    """An array of any dtype without missing values; objects among its values are still to be looked at."""
    if isinstance(value, np.ndarray):
        return _without_mask(value)
    if _offers(value, "nnz"):
        raise _SparseError(type(value).__name__, "todense" if not _offers(value, "toarray") else "toarray")
    if isinstance(value, (np.datetime64, np.timedelta64)):  # float makes numbers of them
        raise MissingValueError("NaT") if np.isnat(value) else _NotRealError(type(value).__name__)
    if _offers(value, "as_py"):  # a scalar of Arrow
        value = value.as_py()
        if value is None:
            raise MissingValueError("null")
    if _is_frame(value):
        return _frame(value)
    if _offers(value, "__array__", "null_count") or _offers(value, "__array__", "isna", "dtype"):
        return _column(value)
    if _offers(value, "__array__"):
        return _without_mask(np.asanyarray(value))  # of netCDF4's variables, a masked array
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray, memoryview)):
        return np.asarray(_checked(value))
    return np.asarray(_scalar(value))


def _offers(value: Any, *names: str) -> bool:
    """Whether its type has these attributes; those of an object may be the names of columns."""
    return all(hasattr(type(value), name) for name in names)


def _without_mask(array: Array) -> Array:
    """For masked arrays of numpy.ma, and others that have a mask."""
    mask = getattr(array, "mask", None)
    if isinstance(mask, (np.ndarray, np.bool_)) and mask.dtype.kind == "b":
        _refuse(np.broadcast_to(mask, array.shape), "masked")
    return np.asarray(array)


def _refuse(missing: Any, how: str) -> None:
    missing = np.asarray(missing, bool)
    if missing.any():
        raise MissingValueError(how, tuple(int(i) for i in np.unravel_index(missing.argmax(), missing.shape)))


def _from_objects(array: Array) -> Array:
    """Python numbers: whatever NumPy makes of them."""
    items = array.tolist()
    array = np.asarray(_checked(items) if array.ndim else _scalar(items))
    if array.dtype.kind != "O":
        return array
    try:
        return array.astype(np.float64)  # fractions, decimals, large integers
    except (TypeError, ValueError, OverflowError):
        raise _stranger(array) from None


def _stranger(array: Array) -> _NotRealError:
    """The first value that is no number."""
    for position, item in np.ndenumerate(array):
        try:
            float(item)
        except (TypeError, ValueError, OverflowError):
            return _NotRealError(type(item).__name__, position)
    return _NotRealError(f"an array of dtype {array.dtype}")


def _checked(values: Sequence[Any]) -> Sequence[Any]:
    """The sequence, in which others than numbers have become arrays or numbers."""
    if _core.only_numbers(values):
        return values
    result = []
    for i, item in enumerate(values):
        try:
            result.append(item if type(item) in _NUMBERS else _item(item))
        except (MissingValueError, _NotRealError) as error:
            raise error.inside(i) from None
    return result


def _item(item: Any) -> Any:
    if isinstance(item, (list, tuple)):
        return _checked(item)
    array = _array(item)
    return array if array.ndim else array[()]


def _scalar(value: Any) -> Any:
    how = _NOTHING.get(type(value).__name__)
    if how:
        raise MissingValueError(how)
    return value


def _is_frame(value: Any) -> bool:
    """A table of pandas, polars or Arrow: columns that have names."""
    return _offers(value, "columns") and any(_offers(value, name) for name in ("iloc", "get_columns", "itercolumns"))


def _frame(frame: Any) -> Array:
    names, columns = _columns(frame)
    if columns is None:
        return np.asarray(frame)
    arrays = []
    for i, (name, column) in enumerate(zip(names, columns)):
        try:
            array = _column(column)
            array = _from_objects(array) if array.dtype.kind == "O" else array
        except (MissingValueError, _NotRealError) as error:
            raise error.inside(i, 1, name) from None
        except (TypeError, ValueError, OverflowError, NotImplementedError) as error:
            raise ValueError(f"column {i} ({name!r}): {error}") from None
        if array.ndim != 1:
            raise _NotRealError(f"arrays of shape {array.shape[1:]} in column {i} ({name!r})")
        if array.dtype.kind not in _REAL:
            raise _NotRealError(f"{array.dtype} in column {i} ({name!r})")
        arrays.append(array)
    return np.stack(arrays, axis=1) if arrays else np.empty((len(frame), 0))


def _columns(frame: Any) -> tuple[list[object], list[Any] | None]:
    """Names and columns; None for the columns if they are plain arrays."""
    if _offers(frame, "iloc"):  # pandas
        if all(isinstance(dtype, np.dtype) and dtype.kind in _REAL for dtype in set(frame.dtypes)):
            return [], None
        return list(frame.columns), [frame.iloc[:, i] for i in range(frame.shape[1])]
    if _offers(frame, "get_columns"):  # polars
        return list(frame.columns), frame.get_columns()
    return list(frame.schema.names), list(frame.itercolumns())  # Arrow


def column_names(value: Any) -> list[Any] | None:
    """The names of a table's columns; None if it is none."""
    if _is_frame(value):
        return list(value.schema.names if _offers(value, "itercolumns") else value.columns)
    return None


def value_names(value: Any) -> list[Any] | None:
    """The names of the values of a row of pandas, a Series; None if it is none."""
    return list(value.index) if _offers(value, "iloc", "index", "to_frame") else None


def texts(value: Any, name: str, *, first_row: int = 0) -> Array | None:
    """An array of text, if that is what it is; None for anything else, also if only `real_array` can say what.

    Raises
    ------
    ValueError, TypeError
        If some of it is text, and some is missing or something else.
    """
    if (type(value) is np.ndarray and value.dtype.kind in _REAL) or _core.only_numbers(value):
        return None
    try:
        return _text_columns(value) if _is_frame(value) else _texts(value)
    except MissingValueError as error:
        where = error.text(name, rows=True, first_row=first_row)
        raise MissingValueError(f"{name}: expected text, but the value{where} is missing ({error.what})") from None
    except _NotRealError as error:
        where = error.text(name, rows=True, first_row=first_row)
        raise TypeError(f"{name}: expected labels of one kind, got {error.what}{where}") from None
    except _CutTextError as error:
        where = error.text(name, rows=True, first_row=first_row)
        raise ValueError(
            f"{name}: expected text that does not end in a NUL character, which NumPy drops, got {error.what}{where}"
        ) from None


def _text_columns(frame: Any) -> Array | None:
    names, columns = _columns(frame)
    found = []
    for i, (name, column) in enumerate(zip(names, columns or ())):
        try:
            found.append(_texts(column))
        except (MissingValueError, _NotRealError, _CutTextError) as error:
            raise error.inside(i, 1, name) from None
    there = [i for i, array in enumerate(found) if array is not None]
    if not there:
        return None
    for i, array in enumerate(found):
        if array is None:
            one = there[0]
            raise _NotRealError(f"others in column {i} ({names[i]!r}) beside text in column {one} ({names[one]!r})")
    return np.stack([array for array in found if array is not None], axis=1)


def _texts(value: Any) -> Array | None:
    try:
        array = np.array(value, dtype=object) if isinstance(value, (list, tuple, str)) else _array(value)
    except (TypeError, ValueError, OverflowError, RecursionError, NotImplementedError):
        return None
    if array.dtype.kind == "U":
        return array
    if array.dtype.kind == "T":  # NumPy's own text of any length
        array = array.astype(object)
    if array.dtype.kind != "O":
        return None
    items = array.ravel().tolist()
    are_text = {kind: issubclass(kind, str) for kind in set(map(type, items))}
    if not any(are_text.values()):
        return None
    for position, item in np.ndenumerate(array) if not all(are_text.values()) else ():
        if isinstance(item, str):
            continue
        how = "masked" if item is np.ma.masked else _NOTHING.get(type(item).__name__, "")
        if how or (isinstance(item, float) and item != item):
            raise MissingValueError(how or "nan", position)
        raise _NotRealError(f"{type(item).__name__} beside text", position)
    if set(are_text) - {str}:  # an enum's own str() would be its name
        items = [str.__str__(item) for item in items]
    if any(item.endswith("\0") for item in items):
        i = next(i for i, item in enumerate(items) if item.endswith("\0"))
        position = tuple(int(k) for k in np.unravel_index(i, array.shape)) if array.ndim else ()
        raise _CutTextError(shown(items[i]), position)
    return np.array(items, dtype=str).reshape(array.shape)


def _column(column: Any) -> Array:
    """The values of a column, or of what is like one, without missing values."""
    if _offers(column, "null_count"):  # Arrow, polars
        count = column.null_count() if callable(column.null_count) else column.null_count
        if count:
            _refuse(column.is_null(), "null")
    # pandas: in a column of NumPy's own dtype, also a sparse one, NaN is a number like any
    elif not isinstance(column.dtype, np.dtype) and type(column.dtype).__name__ != "SparseDtype":
        _refuse(column.isna(), "NA")
    array = np.asarray(column)
    # lists, dictionaries and runs, whose values may be missing, too
    if array.dtype.kind == "O" or array.ndim > 1 or hasattr(getattr(column, "type", None), "value_type"):
        lists = next((getattr(column, name) for name in ("to_pylist", "to_list") if _offers(column, name)), None)
        if lists:
            values = lists()
            array = np.asarray(_checked(values))
            return np.array(values, dtype=object) if array.dtype.kind == "U" else array  # that cuts text
    return array
