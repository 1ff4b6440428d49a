# SPDX-License-Identifier: BSD-3-Clause
"""The names of a table's columns: a network that was trained on a table knows its inputs by them.

All inputs of all calls come through `input_array`, except plain arrays, which have no names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ._data import column_names, real_array, value_names

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

__all__ = ["checked", "input_array", "listed", "name_columns", "names_of"]

_MOST = 5  # names in a message


def input_array(x: Any, network: Any) -> Array:
    """The inputs as an array, columns that have names in the order in which the network knows them."""
    return by_name(x, getattr(network, "_feature_names", None))


def by_name(x: Any, names: list[str] | None) -> Array:
    """The inputs as an array, columns that have names in this order."""
    return real_array(x if names is None else _in_order(x, names), "x")


def names_of(x: Any) -> list[str] | None:
    """Names of a table's columns, if all of them are text and no two are the same."""
    names = column_names(x)
    if names and all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
        return [str(name) for name in names]
    return None


def checked(value: Any, count: int) -> list[str]:
    """Names given by the caller, one for each input."""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise TypeError(f"feature_names: expected a list of {count} names or None, got {type(value).__name__}")
    names = list(value)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"feature_names: expected names that are str, got {type(name).__name__}")
    if len(names) != count:
        raise ValueError(f"feature_names: expected {count} names, one for each input, got {len(names)}")
    if len(set(names)) < count:
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"feature_names: expected each name once, got {str(twice)!r} again")
    return [str(name) for name in names]


def _in_order(x: Any, names: list[str]) -> Any:
    """The table with its columns in that order; what has no names stays as it is."""
    given = column_names(x) or value_names(x)
    if given is None or given == names or not any(isinstance(name, str) for name in given):
        return x
    faults = {
        "missing": [name for name in names if name not in given],
        "unexpected": [name for name in given if name not in names],
        "there more than once": [name for name in names if given.count(name) > 1],
    }
    found = "; ".join(f"{what}: {listed(those)}" for what, those in faults.items() if those)
    if found:
        hint = (
            "; x[net.feature_names] leaves the others out" if list(filter(faults.get, faults)) == ["unexpected"] else ""
        )
        raise ValueError(f"x: expected the columns that the network knows (feature_names), but {found}{hint}")
    if hasattr(type(x), "itercolumns"):  # Arrow
        return x.select(names)
    return x[names]  # polars' select would read some names as patterns


def listed(values: Sequence[object]) -> str:
    """Some of them, for a message."""
    more = len(values) - _MOST
    return ", ".join(map(repr, values[:_MOST])) + (f" and {more} more" if more > 0 else "")


def name_columns(error: ValueError, network: Any, **arguments: Any) -> None:
    """Add the column's name to what an error says of a value of one of these arguments, if that is a table."""
    import re  # it is seldom wanted

    message = str(error)
    found = re.match(r"((?:\w+: |batch \d+: )+)[^:]* in row \d+, column (\d+)(?! \((?!as ))", message)
    if not found or len(error.args) != 1:
        return
    *of, argument = [word for word in found[1].removesuffix(": ").split(": ") if not word.startswith("batch ")]
    column, table = int(found[2]), arguments.get(of[0] if of else argument)
    if of and isinstance(table, (tuple, list)):
        table = table[argument == "y"]
    names, known = column_names(table), network.feature_names
    if names is None and argument == "y":
        names = [getattr(table, "name", None) or 0]  # of a Series
    if names and known and argument == "x" and any(isinstance(name, str) for name in names):
        names = known
    if names and column < len(names) and names[column] != column:
        end = found.end()
        error.args = (f"{message[:end]} ({names[column]!r}){message[end:]}",)
