# SPDX-License-Identifier: BSD-3-Clause
"""Rows of a `netlet.Batches`: each rank reads its part once, and has it by itself from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._data import RowSource, require_known_rows, shown
from . import _agreement as agreement
from ._shares import share

if TYPE_CHECKING:
    from ._ranks import Ranks


class Part(NamedTuple):
    """Arrays of this rank's part, as `netlet.mpi.fit` takes them, and what the source knows besides."""

    x: Any
    y: Any
    weight: Any
    first: int  # number of the first row, for messages
    columns: list[str] | None


def part_of(ranks: Ranks, source: Any, names: list[str] | None, local: bool, name: str = "x") -> Part:
    """The rows that this rank is to have: its share or, if the source is its own, all."""
    require_known_rows(source, name)
    if source.shuffle_window is not None:
        raise ValueError(
            f"{name}: expected a netlet.Batches without shuffle_window, as each rank keeps its rows, got "
            f"{source.shuffle_window}"
        )
    if not local:
        agreement.require_same(ranks, {f"{name}, rows": str(source.rows)})
    source = source._of(names, name)
    first, end = (0, source.rows) if local else share(source.rows, ranks.size, ranks.rank)
    x, y, weight = source.read(first, end) if source.rows else (np.empty((0, 0)), np.empty(0), None)
    if y is None:
        raise ValueError(f"{name}: expected a netlet.Batches with y, got one of x alone")
    if ranks.any(weight is not None) and weight is None:  # as where rows of one source have none
        weight = np.ones(len(x))
    return Part(x, y, weight, first, source.columns if names is None else names)


def size_of(source: Any) -> int:
    """Rows in a batch."""
    return int(source.batch_size)


def require_alone(y: Any, weight: Any) -> None:
    """Refuse what a source has itself."""
    for name, value in (("y", y), ("sample_weight", weight)):
        if value is not None:
            raise ValueError(f"{name}: expected None beside a netlet.Batches, which has its own, got {shown(value)}")


def validation_part(ranks: Ranks, value: Any, names: list[str] | None, local: bool, seen_by_all: bool) -> Part | None:
    """Validation data as a part. `seen_by_all`: the data are, and each rank is to have its share alone."""
    if isinstance(value, RowSource):
        return part_of(ranks, value, names, not seen_by_all, "validation_data")
    if not seen_by_all or not isinstance(value, (tuple, list)) or len(value) not in (2, 3):
        return None
    given = {
        part: rows
        for part, rows in zip(("x", "y", "sample_weight"), value)
        if part != "sample_weight" or rows is not None
    }
    for part, rows in given.items():
        if not hasattr(rows, "__len__"):
            raise ValueError(f"validation_data: {part}: expected rows, got {shown(rows)}")
        if len(rows) != len(value[0]):
            raise ValueError(
                f"validation_data: {part}: expected {len(value[0])} rows, as many as x has, got {len(rows)}"
            )
    agreement.require_same(ranks, {"validation_data, rows": str(len(value[0]))})
    first, end = share(len(value[0]), ranks.size, ranks.rank)
    own = {part: rows[first:end] for part, rows in given.items()}
    return Part(own["x"], own["y"], own.get("sample_weight"), first, names)
