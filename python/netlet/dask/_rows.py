# SPDX-License-Identifier: BSD-3-Clause
"""Data of Dask as numbered rows, and how these are dealt to the workers: whole blocks, once, as a graph of tasks.

A worker that is lost takes its share along; Dask computes that again, from the parts that it was cut of.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dask
import dask.array
import numpy as np
from dask.delayed import Delayed
from distributed import Client, Future, futures_of, wait

from .._data import require_known_rows, shown
from .._shares import blocks_of, shares
from ..batches import Batches
from ..reference.sums import BLOCK_ROWS
from . import _tasks as tasks

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

_MOST_PARTIALS = 8  # that one task, or the caller's process, combines
_MOST_BYTES = 1 << 24  # of parameters that go out with the tasks of a step, through the scheduler


def is_frame(value: Any) -> bool:
    """Whether it is a frame of Dask."""
    return _is_collection(value) and hasattr(value, "columns")


def is_of_dask(value: Any) -> bool:
    """Whether it is on the workers, or will be: a collection, a list of blocks, or the path of files."""
    return _is_collection(value) or are_blocks(value) or isinstance(value, (str, Path, Delayed, Future, Batches))


class Column:
    """One of x, y and sample_weight: parts one after the other, on the workers."""

    def __init__(self, name: str, parts: list[Any], columns: Any) -> None:
        self.name, self.parts, self.columns = name, parts, columns
        self.found: list[tasks.Found] = []
        self.starts: list[int] = []
        self.rows = 0
        self.dtype: Any = None

    def look(self, client: Client, reading: tasks.Reading) -> None:
        """Look through all parts."""
        asked = [client.submit(tasks.look, self.name, part, self.columns, reading, pure=False) for part in self.parts]
        wait(asked)
        for number, future in enumerate(asked):
            if future.status == "error":
                raise _located(_error_of(future), f"partition {number}")
        self.found = client.gather(asked)
        ends = list(itertools.accumulate(each.rows for each in self.found))
        self.starts, self.rows = [0, *ends[:-1]], ends[-1] if ends else 0
        filled = [each for each in self.found if each.rows] or self.found[:1]
        for number, each in enumerate(self.found):
            if each.rows and each.shape != filled[0].shape:
                raise ValueError(
                    f"{self.name}: expected rows of shape {filled[0].shape} in all partitions, got {each.shape} in "
                    f"partition {number}"
                )
        if len({each.dtype.kind == "U" for each in filled}) > 1:
            raise TypeError(f"{self.name}: expected labels of one kind in all partitions, got text in some alone")
        if filled:
            self.dtype = np.result_type(*(each.dtype for each in filled))
        self._refuse_bad()

    def _refuse_bad(self) -> None:
        for start, each in zip(self.starts, self.found):
            if each.bad is not None:
                expected, row, column, value = each.bad
                label = f" ({each.names[column]!r})" if each.names else ""
                raise ValueError(
                    f"{self.name}: expected {expected}, got {value:g} in row {start + row}, column {column}{label}"
                )

    def forget(self) -> None:
        """Let go of the parts."""
        self.parts = []

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a row."""
        return next((each.shape for each in self.found if each.rows), ())

    def values(self) -> Array | None:
        """The values that all parts have, each once, or least and largest ones: as a small y. None if they are many."""
        of_parts = [each.values for each in self.found if each.rows]
        if not of_parts or any(values is None for values in of_parts):
            return None
        values = np.concatenate([np.asarray(values) for values in of_parts])
        if values.shape[1:] == self.shape:
            return values
        return values.reshape(-1, *(1 for _ in self.shape)).repeat(self.shape[0], axis=1)


def _error_of(future: Any) -> BaseException:
    """Its error, of which the client keeps nothing: once raised, it knows the frames here, and so holds all data."""
    error: BaseException = future.exception()
    future.release()
    return error


def _gathered(client: Client, futures: list[Any]) -> list[Any]:
    """The results of all, or the first error, of which the client keeps nothing, likewise."""
    try:
        return client.gather(futures)  # type: ignore[no-any-return]
    except BaseException:
        for future in futures:
            future.release()
        raise


def _located(error: BaseException, where: str) -> BaseException:
    """What is wrong with data, and where; other errors as they are."""
    if isinstance(error, (TypeError, ValueError)) and len(error.args) == 1:
        return (TypeError if isinstance(error, TypeError) else ValueError)(f"{error} ({where})")
    return error


def columns_of(client: Client, x: Any, y: Any, sample_weight: Any) -> list[Column]:
    """x, y and, if they are given, sample weights; brought to the workers."""
    if isinstance(x, Batches):
        return _columns_of_batches(client, x, y, sample_weight)
    if y is None:
        raise TypeError("y: expected targets, got None")
    if isinstance(x, (str, Path)):
        import dask.dataframe

        x = dask.dataframe.read_parquet(x)
    given: dict[str, tuple[Any, Any]] = {"x": (x, None), "y": (y, None), "sample_weight": (sample_weight, None)}
    named = {name: value for name, value in (("y", y), ("sample_weight", sample_weight)) if _are_names(name, value, x)}
    if named:
        taken = [name for value in named.values() for name in ([value] if isinstance(value, str) else value)]
        for name, value in named.items():
            absent = [each for each in ([value] if isinstance(value, str) else value) if each not in x.columns]
            if absent:
                raise ValueError(f"{name}: expected columns of x, which has no {absent[0]!r}")
            given[name] = (x, value)
        given["x"] = (x, [column for column in x.columns if column not in taken])
    del x, y, sample_weight
    wanted = {id(value): value for value, _ in given.values() if value is not None}
    parts = dict(zip(wanted, _parts(client, list(wanted.values()))))
    return [Column(name, parts[id(value)], columns) for name, (value, columns) in given.items() if value is not None]


def _columns_of_batches(client: Client, source: Batches, y: Any, sample_weight: Any) -> list[Column]:
    """Rows that the workers read of a source, each some of them."""
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(f"{name}: expected None beside a netlet.Batches, which has its own, got {shown(value)}")
    require_known_rows(source, "x")
    if source.shuffle_window is not None:
        raise ValueError(
            f"x: expected a netlet.Batches without shuffle_window, as the rows stay on the workers, got "
            f"{source.shuffle_window}"
        )
    if not source.rows:
        raise ValueError("x: expected at least one row, got none")
    _, targets, _ = source.read(0, 1)
    if targets is None:
        raise ValueError("x: expected a netlet.Batches with y, got one of x alone")
    bounds = [
        min(block * BLOCK_ROWS, source.rows) for block in shares(blocks_of(source.rows), 4 * len(_workers(client)))
    ]
    once = client.submit(tasks.same, source, pure=False)
    parts = [
        client.submit(tasks.read, once, start, stop, pure=False)
        for start, stop in itertools.pairwise(bounds)
        if start < stop
    ]
    names = ["x", "y"]
    # any part may have weights; what cannot be read is reported where it is looked at
    weighted = [client.submit(tasks.has_weights, part, pure=False) for part in parts]
    wait(weighted)
    if any(future.status == "finished" and future.result() for future in weighted):
        names.append("sample_weight")
        parts = [client.submit(tasks.with_weights, part, pure=False) for part in parts]
    return [Column(name, parts, i) for i, name in enumerate(names)]


def _workers(client: Client) -> list[str]:
    """The addresses of the workers that are there, at least one."""
    client.wait_for_workers(1)
    return list(client.nthreads())


def _are_names(name: str, value: Any, x: Any) -> bool:
    """Whether it is the name of a column, or several; a list of text may be labels, if x has no columns."""
    if isinstance(value, str):
        if not is_frame(x):
            raise ValueError(
                f"{name}: expected the name of a column only beside a frame of Dask or the path of Parquet files, got "
                f"{shown(value)}"
            )
        return True
    some = isinstance(value, (list, tuple)) and len(value) > 0
    return some and is_frame(x) and all(isinstance(each, str) for each in value)


def _parts(client: Client, values: list[Any]) -> list[list[Any]]:
    """Futures of the parts of each; those of collections are asked for together, as they may have tasks in common."""
    values = [rechunked(value) for value in values]
    arrays = [value for value in values if isinstance(value, dask.array.Array)]
    frames = [value for value in values if _is_collection(value) and not isinstance(value, dask.array.Array)]
    persisted: dict[int, Any] = {}
    for kind in filter(None, (arrays, frames)):  # their graphs are not of one kind
        persisted.update(zip(map(id, kind), client.persist(kind)))
    # where Dask reads several Parquet files as one partition, as it does if some of their columns are not wanted, it
    # loses the other partitions of what it persists: then the frames share the graph that is not optimised
    if any(len(futures_of(persisted[id(frame)])) != frame.npartitions for frame in frames):
        persisted.update((id(frame), frame.to_delayed(optimize_graph=False)) for frame in frames)
    parts = [_delayed(persisted.get(id(value), value)) for value in values]
    futures = iter(client.compute(list(itertools.chain.from_iterable(parts))))  # at once, for tasks in common
    return [list(itertools.islice(futures, len(each))) for each in parts]


def _is_collection(value: Any) -> bool:
    """Whether it is an array or a frame of Dask; a Delayed has any attribute."""
    return dask.is_dask_collection(value) and not isinstance(value, Delayed) and hasattr(value, "to_delayed")


def _delayed(value: Any) -> list[Any]:
    """Parts, one after the other."""
    if _is_collection(value):
        return list(value.to_delayed().ravel() if isinstance(value, dask.array.Array) else value.to_delayed())
    blocks = value if are_blocks(value) else [value]
    return [block if isinstance(block, (Delayed, Future)) else dask.delayed(block, traverse=False) for block in blocks]


def rechunked(value: Any) -> Any:
    """An array of Dask whose parts are whole rows; others as they are."""
    if isinstance(value, dask.array.Array):
        return value.rechunk(dict.fromkeys(range(1, value.ndim), -1))
    return value


def are_blocks(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(e, (Delayed, Future)) for e in value)


def ranges(rows: int, batch_size: int, workers: int) -> list[dict[int, tuple[int, int]]]:
    """For each worker, of each batch the rows that it gets: whole blocks of the batch."""
    dealt: list[dict[int, tuple[int, int]]] = [{} for _ in range(workers)]
    for batch, start in enumerate(range(0, rows, batch_size)):
        stop = min(start + batch_size, rows)
        bounds = [min(start + bound * BLOCK_ROWS, stop) for bound in shares(blocks_of(stop - start), workers)]
        for k, (first, end) in enumerate(itertools.pairwise(bounds)):
            if first < end:
                dealt[(k + batch) % workers][batch] = (first, end)
    return dealt


class Dealt:
    """Rows that have been dealt to the workers, of which sums are to be had.

    Parameters
    ----------
    client : Client
    columns : list of Column
    reading : Reading
    batch_size : int or None
        None: all rows are one batch.
    rows : array of int, optional
        Which rows of the data these are, ascending; by default all.
    weigh : tuple, optional
        For `stack`.
    """

    def __init__(
        self,
        client: Client,
        columns: list[Column],
        reading: tasks.Reading,
        batch_size: int | None = None,
        rows: Array | None = None,
        weigh: Any = None,
    ) -> None:
        self.client = client
        self.rows = columns[0].rows if rows is None else len(rows)
        self.batch_size = batch_size or self.rows
        self.reading, self.weighted = reading, len(columns) > 2 or weigh is not None
        workers = _workers(client)
        dealt = [batches for batches in ranges(self.rows, self.batch_size, len(workers)) if batches]
        self.shares: list[tuple[Any, str, set[int]]] = []  # futures, where they are to be, and batches
        for address, batches in zip(_near(client, columns[0], rows, dealt, workers), dealt):
            future = self._share(columns, rows, batches, address, weigh)
            self.shares.append((future, address, set(batches)))
        self._done([future for future, _, _ in self.shares])

    def _share(
        self, columns: list[Column], rows: Array | None, batches: dict[int, tuple[int, int]], address: str, weigh: Any
    ) -> Any:
        """A worker's share, there as long as there is that worker."""
        places, at = {}, 0
        for batch, (start, stop) in batches.items():
            places[batch] = (at, start - batch * self.batch_size, stop - start)
            at += stop - start
        cuts = [list(self._cuts(column, rows, list(batches.values()))) for column in columns]
        parts = (cuts[0], cuts[1], cuts[2] if len(cuts) > 2 else None)
        numbers = None if rows is None else np.concatenate([rows[start:stop] for start, stop in batches.values()])
        return self.client.submit(
            tasks.stack, parts, places, numbers, weigh, workers=[address], allow_other_workers=True, pure=False
        )

    def _cuts(self, column: Column, rows: Array | None, wanted: list[tuple[int, int]]) -> Iterator[Any]:
        for part, which in _of_parts(column.starts, column.rows, rows, wanted).items():
            yield self.client.submit(
                tasks.cut,
                column.name,
                column.parts[part],
                column.columns,
                column.starts[part],
                which,
                self.reading,
                column.dtype,
                pure=False,
            )

    def _done(self, futures: list[Any]) -> None:
        """Wait for them, and raise the first error."""
        wait(futures)
        for future in futures:
            if future.status == "error":
                raise _error_of(future)

    def check(self, shell: Any, scaled: dict[str, bool]) -> None:
        """Refuse rows that a step would refuse."""
        arguments = shell, self.batch_size, self.reading.missing, scaled
        self._done([self.client.submit(tasks.check, share, *arguments, pure=False) for share, _, _ in self.shares])

    def ask(self, function: Callable[..., Any], *arguments: Any) -> list[Any]:
        """What a function says of each share."""
        asked = [self.client.submit(function, share, *arguments, pure=False) for share, _, _ in self.shares]
        return _gathered(self.client, asked)

    def partials(self, shell: Any, parameters: Array, task: Any) -> list[Any]:
        """Sums of the rows of a batch: of each worker, or of several workers each, if there are many."""
        batch = task.first // self.batch_size
        sent: Any = parameters
        if parameters.nbytes * len(self.shares) > _MOST_BYTES:
            sent = self.client.submit(tasks.same, parameters, pure=False)
        asked = [
            self.client.submit(
                tasks.partial,
                share,
                shell,
                sent,
                task,
                batch,
                self.reading.missing,
                workers=[address],
                allow_other_workers=True,
                pure=False,
            )
            for share, address, batches in self.shares
            if batch in batches
        ]
        while len(asked) > _MOST_PARTIALS:
            groups = [asked[start : start + _MOST_PARTIALS] for start in range(0, len(asked), _MOST_PARTIALS)]
            asked = [self.client.submit(tasks.combine, group, pure=False) for group in groups]
        return _gathered(self.client, asked)


def _near(
    client: Client, x: Column, rows: Array | None, dealt: list[dict[int, tuple[int, int]]], workers: list[str]
) -> list[str]:
    """A worker for each share, each once: those that have most of its rows already come first."""
    holders = client.who_has(x.parts)
    there = np.zeros((len(dealt), len(workers)), int)
    for share, batches in enumerate(dealt):
        for part, pieces in _of_parts(x.starts, x.rows, rows, list(batches.values())).items():
            count = sum(len(p) if rows is not None else p.stop - p.start for p in pieces)
            for address in holders.get(x.parts[part].key, ()):
                if address in workers:
                    there[share, workers.index(address)] += count
    chosen = [""] * len(dealt)
    for _ in dealt:
        share, worker = (int(i) for i in np.unravel_index(there.argmax(), there.shape))
        chosen[share] = workers[worker]
        there[share], there[:, worker] = -1, -1
    return chosen


def _of_parts(
    starts: Sequence[int], end: int, rows: Array | None, wanted: list[tuple[int, int]]
) -> dict[int, list[Any]]:
    """Which rows of each part are in these ranges; of `rows`, if these are not all."""
    found: dict[int, list[Any]] = {}
    ends = [*starts[1:], end]
    for start, stop in wanted:
        numbers = None if rows is None else rows[start:stop]
        first, last = (start, stop - 1) if numbers is None else (int(numbers[0]), int(numbers[-1]))
        part = bisect_right(starts, first) - 1
        while part < len(starts) and starts[part] <= last:
            low, high = max(first, starts[part]), min(last + 1, ends[part])
            if low < high:
                if numbers is None:
                    which: Any = slice(low - starts[part], high - starts[part])
                else:
                    which = numbers[slice(*np.searchsorted(numbers, (low, high)))] - starts[part]
                found.setdefault(part, []).append(which)
            part += 1
    return found
