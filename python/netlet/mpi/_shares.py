# SPDX-License-Identifier: BSD-3-Clause
"""Which rank sums which blocks of a batch, and which rows it needs for that. No messages here, and no data."""

from __future__ import annotations

import bisect
from collections.abc import Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from .._shares import blocks_of, shares
from ..reference.sums import BLOCK_ROWS

if TYPE_CHECKING:
    Ranges = list[tuple[int, int]]


def share(rows: int, ranks: int, rank: int) -> tuple[int, int]:
    """The first row of the rank's share of a batch of so many rows, and the one after its last."""
    bounds = shares(blocks_of(rows), ranks)
    return min(bounds[rank] * BLOCK_ROWS, rows), min(bounds[rank + 1] * BLOCK_ROWS, rows)


class _Owned:
    """Rows each of which one rank holds."""

    def segments(self, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
        """For these rows of the data: begin, end and rank of those that one rank holds, in their order."""
        raise NotImplementedError

    def place(self, rank: int, row: int) -> int:
        """Where that row of the data, the first of a share of this rank, stands among those that the rank holds."""
        raise NotImplementedError

    def held(self, rank: int) -> Ranges:
        """The rows of the data that a rank holds."""
        raise NotImplementedError


class AtHome(_Owned):
    """Each rank's own rows, up to the next whole block: no more than 255 come from a neighbour.

    All rows are one batch. Ranks that have less than a block may be left with nothing.

    Parameters
    ----------
    counts : list of int
        The rows that each rank has brought.
    """

    def __init__(self, counts: list[int]) -> None:
        begins = list(accumulate(counts, initial=0))
        self.rows = begins[-1]
        nearest = [(begin + BLOCK_ROWS // 2) // BLOCK_ROWS * BLOCK_ROWS for begin in begins[:-1]]
        self._bounds = [*(min(begin, self.rows) for begin in nearest), self.rows]

    def share(self, rank: int, first: int, rows: int) -> tuple[int, int]:
        """The rank's part of the batch."""
        return self._bounds[rank], self._bounds[rank + 1]

    def segments(self, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Begin, end and rank."""
        rank = max(bisect.bisect_right(self._bounds, begin) - 1, 0)
        while begin < end:
            until = min(end, self._bounds[rank + 1])
            if until > begin:
                yield begin, until, rank
                begin = until
            rank += 1

    def place(self, rank: int, row: int) -> int:
        """Where a row stands."""
        return row - self._bounds[rank]

    def held(self, rank: int) -> Ranges:
        """One range."""
        return [(self._bounds[rank], self._bounds[rank + 1])]


class Dealt(_Owned):
    """The blocks of every batch, dealt to the ranks."""

    def __init__(self, rows: int, batch_rows: int, ranks: int) -> None:
        self.rows, self._batch_rows, self._ranks = rows, batch_rows, ranks
        self._begins: dict[int, tuple[list[int], list[int]]] = {}

    def _seat(self, rank: int, batch: int, rows: int) -> int:
        """Batches of fewer blocks than ranks do not all go to the same ranks."""
        return (rank - batch) % self._ranks if blocks_of(rows) < self._ranks else rank

    def share(self, rank: int, first: int, rows: int) -> tuple[int, int]:
        """The rank's part of a batch."""
        return share(rows, self._ranks, self._seat(rank, first // self._batch_rows, rows))

    def _batches(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        for first in range(begin // self._batch_rows * self._batch_rows, end, self._batch_rows):
            yield first, min(self._batch_rows, self.rows - first)

    def segments(self, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
        """Begin, end and rank."""
        for first, rows in self._batches(begin, end):
            shift = -self._seat(0, first // self._batch_rows, rows)
            for seat in range(self._ranks):
                low, high = share(rows, self._ranks, seat)
                start, stop = max(begin, first + low), min(end, first + high)
                if start < stop:
                    yield start, stop, (seat + shift) % self._ranks

    def place(self, rank: int, row: int) -> int:
        """Where a row stands."""
        if rank not in self._begins:
            held = self.held(rank)
            sizes = accumulate((end - begin for begin, end in held), initial=0)
            self._begins[rank] = [begin for begin, _ in held], list(sizes)
        begins, places = self._begins[rank]
        return places[bisect.bisect_left(begins, row)]

    def held(self, rank: int) -> Ranges:
        """A range for each batch."""
        ranges = []
        for first, rows in self._batches(0, self.rows):
            low, high = self.share(rank, first, rows)
            if low < high:
                ranges.append((first + low, first + high))
        return ranges


def moves(counts: list[int], to: AtHome | Dealt, rank: int) -> tuple[list[Ranges], list[Ranges]]:
    """What a rank sends to each rank, as ranges of the rows that it has brought; what it gets, of those it will hold.

    The ranges of a pair of ranks are the same for both of them, in the same order.
    """
    begins = list(accumulate(counts, initial=0))
    sent: list[Ranges] = [[] for _ in counts]
    for begin, end, owner in to.segments(begins[rank], begins[rank + 1]):
        sent[owner].append((begin - begins[rank], end - begins[rank]))
    received: list[Ranges] = [[] for _ in counts]
    place = 0
    for begin, end in to.held(rank):
        source = max(bisect.bisect_right(begins, begin) - 1, 0)
        while begin < end:
            until = min(end, begins[source + 1])
            if until > begin:
                received[source].append((place, place + until - begin))
                place, begin = place + until - begin, until
            source += 1
    return sent, received
