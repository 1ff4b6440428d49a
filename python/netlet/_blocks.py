# SPDX-License-Identifier: BSD-3-Clause
"""Rows in pieces of any size as batches of equally many: collected in blocks, on a thread of its own, and cut."""

from __future__ import annotations

import contextlib
import contextvars
import os
import queue
import threading
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from . import _core

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]
    Block = tuple[Array, Array | None, Array | None]

T = TypeVar("T")

NAMES = ("x", "y", "sample_weight")
_BYTES = 1 << 23  # of a block: a few of these are in memory
_FIRST = 1 << 16  # rows for which there is room at first, if their number is not known


class Collected:
    """A block that is being filled with copies of rows."""

    def __init__(self, capacity: int) -> None:
        self.rows, self._capacity = 0, capacity
        self._parts: dict[str, Array] = {}

    def add(self, piece: Block, first: int, last: int) -> None:
        """Add some rows of a piece."""
        if first == last:  # whose dtypes and missing parts have no say
            return
        rows = self.rows + last - first
        while self._capacity < rows:
            self._capacity *= 2
        for name, part in zip(NAMES, piece):
            if part is None and name == "sample_weight" and name in self._parts:
                part = np.ones(len(piece[0]))  # others have weights
            if (part is None) != (name not in self._parts) and self.rows:
                if name == "y":
                    raise ValueError("y: expected targets with all rows or with none, got some")
                self._parts[name] = np.ones(self._capacity)
            if part is not None:
                self._parts[name] = self._with_room(name, part)
                self._parts[name][self.rows : rows] = part[first:last]
        self.rows = rows

    def _with_room(self, name: str, part: Array) -> Array:
        """An array for more rows like these, with those that are there."""
        before = self._parts.get(name)
        if before is None:
            return np.empty((self._capacity, *part.shape[1:]), part.dtype)
        if before.shape[1:] != part.shape[1:]:
            shape = "".join(f", {size}" for size in before.shape[1:])
            raise ValueError(f"{name}: expected shape (rows{shape or ','}) as before, got {part.shape}")
        dtype = _common(before.dtype, part.dtype, name)
        if dtype == before.dtype and len(before) == self._capacity:
            return before
        larger = np.empty((self._capacity, *before.shape[1:]), dtype)
        larger[: self.rows] = before[: self.rows]
        return larger

    def block(self, order: Array | None) -> Block:
        """Its rows, in that order."""
        x, y, weight = (
            None if part is None else part[: self.rows] if order is None else part[: self.rows].take(order, axis=0)
            for part in map(self._parts.get, NAMES)
        )
        assert x is not None
        return x, y, weight


def _common(before: Any, now: Any, name: str) -> Any:
    """The dtype that holds the values of both."""
    if before == now:
        return before
    if (before.kind in "OUT") != (now.kind in "OUT"):
        raise TypeError(f"{name}: expected values of one kind, got {now} after {before}")
    return np.result_type(before, now)


def blocks(
    pieces: Generator[Block, None, None],
    batch_size: int,
    rows: int | None,
    window: int | None,
    key: tuple[int, int] | None,
) -> Generator[Block, None, None]:
    """All rows, in blocks of whole batches or in shuffled windows.

    rows: of all pieces, if that is known; key: seed and epoch.
    """
    size, before, collected = window if key else None, 0, None
    seen = 0
    with contextlib.closing(pieces):
        for piece in pieces:
            first = 0
            seen += len(piece[0])
            if rows is not None and seen > rows:
                break
            while first < len(piece[0]):
                if collected is not None and collected.rows == size:  # and is not all there is
                    before += size
                    full, collected = [collected], None
                    yield _ordered(full, before - size, key)
                if size is None:
                    size = max(_BYTES // max(_bytes_of_row(piece), 1) // batch_size, 1) * batch_size
                if collected is None:
                    left = size if rows is None else min(size, max(rows - before, 1))
                    collected = Collected(min(left, _FIRST) if rows is None and not before else left)
                last = min(len(piece[0]), first + size - collected.rows)
                collected.add(piece, first, last)
                first = last
            del piece  # before the next one is made
    if rows is not None and seen != rows:
        more = " or more" if seen > rows else ""
        raise ValueError(f"batches: expected {rows} rows, as in the pass before or as `rows` says, got {seen}{more}")
    if collected is not None:
        alone = not before and collected.rows <= batch_size  # one batch of all rows is never shuffled
        yield _ordered([collected], before, None if alone else key)


def _bytes_of_row(piece: Block) -> int:
    return sum(part[:1].nbytes for part in piece if part is not None)


def _ordered(collected: list[Collected], first: int, key: tuple[int, int] | None) -> Block:
    """The block, in the order of a window that begins with that row; what was collected is let go."""
    one = collected.pop()
    return one.block(None if key is None else _core.shuffled_order(*key, first, one.rows))


def cut(blocks: Iterator[Block], batch_size: int) -> Iterator[Block]:
    """Batches of so many rows, the last one of fewer."""
    rest: Collected | None = None
    for block in blocks:
        first, last = 0, len(block[0])
        if rest is not None:
            first = min(batch_size - rest.rows, last)
            rest.add(block, 0, first)
            if rest.rows == batch_size:
                yield rest.block(None)
                rest = None
        whole = first + (last - first) // batch_size * batch_size
        x, y, weight = block
        for start in range(first, whole, batch_size):
            rows = slice(start, start + batch_size)
            yield x[rows], None if y is None else y[rows], None if weight is None else weight[rows]
        if whole < last:
            rest = Collected(last - whole)
            rest.add(block, whole, last)
        del block, x, y, weight  # before the next ones come
    if rest is not None:
        yield rest.block(None)


class _LeftError(Exception):
    """Nobody wants the pieces that follow."""


def unless(stopped: threading.Event, pieces: Generator[Block, None, None]) -> Generator[Block, None, None]:
    """The pieces, as long as somebody wants them: a block may be many."""
    with contextlib.closing(pieces):
        for piece in pieces:
            if stopped.is_set():
                raise _LeftError
            yield piece
            del piece  # before the next one is made


def read_ahead(items: Generator[T, None, None], depth: int, stopped: threading.Event) -> Generator[T, None, None]:
    """The same items, made by a thread.

    At most `depth` of them have not been asked for, the one that is being made included. `stopped` is set at the end.
    """
    process, room = os.getpid(), threading.Semaphore(depth)
    results: queue.SimpleQueue[Callable[[], T]] = queue.SimpleQueue()
    failed: list[BaseException] = []  # at its end, where nobody asks any more

    def run() -> None:
        try:
            while room.acquire() and not stopped.is_set():
                results.put([next(items)].pop)  # the thread keeps none
        except BaseException as error:
            results.put(_raising(error))
            if isinstance(error.__context__, _LeftError):
                failed.append(error)
        try:
            items.close()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), name="netlet.Batches", daemon=True)
    thread.start()
    try:
        while True:
            if os.getpid() != process:
                raise RuntimeError(
                    "batches: expected to be read on in the process that began to read them, as a fork has no threads; "
                    "begin a new pass"
                )
            take = results.get()
            room.release()
            try:
                item = take()
            except StopIteration:
                return
            del take
            yield item
            del item
    finally:
        if os.getpid() == process:  # in a fork, a lock may be held for ever
            stopped.set()
            room.release()
            if threading.current_thread() is not thread:  # which may collect what is no longer wanted
                thread.join()
                for error in failed:
                    raise error


def _raising(error: BaseException) -> Callable[[], Any]:
    def throw() -> Any:
        raise error

    return throw
