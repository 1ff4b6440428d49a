# SPDX-License-Identifier: BSD-3-Clause
"""The rows that a rank sums over: read from data that all ranks see, or held since they moved once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ._shares import AtHome, Dealt, moves, share

if TYPE_CHECKING:
    import numpy.typing as npt

    from .._distributed import Task
    from ._ranks import Ranks

    Array = npt.NDArray[Any]
    Arrays = tuple[Array, Array, Array | None]  # x, y, sample_weight
    Weigh = Callable[[Array, Array | None], Array]
    Part = tuple[int, Array, Array, Array | None]  # of a batch: its first row, and these


class SharedRows:
    """Rows that every rank can read. It reads those that it sums over, when it needs them.

    Parameters
    ----------
    ranks : Ranks
    arrays : tuple
        x, y, sample_weight: all rows.
    targets : callable
        Turns rows of y into what the core gets.
    chosen : numpy.ndarray, optional
        Numbers of the rows that count; by default all of them.
    """

    def __init__(
        self,
        ranks: Ranks,
        arrays: Arrays,
        targets: Callable[[Array], Array],
        chosen: Array | None = None,
    ) -> None:
        self._ranks, self._arrays, self._targets, self._chosen = ranks, arrays, targets, chosen
        self.count = len(arrays[0]) if chosen is None else len(chosen)
        self._weigh: Weigh | None = None
        self._last: tuple[tuple[int, int], Part] | None = None

    def weigh_by(self, weigh: Weigh) -> None:
        """Have weights that also depend on the targets."""
        self._weigh = weigh

    def _own(self) -> slice:
        return slice(*share(self.count, self._ranks.size, self._ranks.rank))

    def _read(self, rows: slice | Array) -> Arrays:
        """These rows."""
        at = rows if self._chosen is None else self._chosen[rows]
        x, y, weight = self._arrays
        return x[at], self._targets(y[at]), None if weight is None else weight[at]

    def _weighted(self, rows: slice | Array) -> Arrays:
        """These rows, as the core gets them."""
        x, y, weight = self._read(rows)
        return x, y, weight if self._weigh is None else self._weigh(y, weight)

    def own_inputs(self, most: int) -> Iterator[Array]:
        """The inputs of this rank's share of all rows, so many rows at once."""
        own = self._own()
        for begin in range(own.start, own.stop, most):
            yield self._read(slice(begin, min(begin + most, own.stop)))[0]

    def own_targets(self) -> tuple[Array, Array | None]:
        """Their targets and weights, as they were given."""
        return self._read(self._own())[1:]

    def part(self, task: Task) -> Part | None:
        """Find this rank's share of a batch."""
        low, high = share(task.rows, self._ranks.size, self._ranks.rank)
        if low == high:
            return None
        if task.order is not None:
            return (low, *self._weighted(task.rows_of(low, high - low)))
        key = (task.first, task.rows)
        if self._last is None or self._last[0] != key:  # a full batch is read once
            self._last = key, (low, *self._weighted(task.rows_of(low, high - low)))
        return self._last[1]


class LocalRows:
    """Rows of which each rank has brought some. They move when a task first needs them elsewhere.

    Parameters
    ----------
    ranks : Ranks
    arrays : tuple
        This rank's x, y and sample_weight, as the core gets them; of the same dtypes and columns on all ranks.
    batch_rows : int, default 0
        Rows of a minibatch; 0: all.
    """

    def __init__(self, ranks: Ranks, arrays: Arrays, batch_rows: int = 0) -> None:
        self._ranks, self._brought = ranks, arrays
        self._given = arrays[1:]
        self._counts = ranks.listed(len(arrays[0]))
        self.count = sum(self._counts)
        self.batch_rows = batch_rows if 0 < batch_rows < self.count else None
        self._at: AtHome | Dealt | None = None
        self._held = arrays

    def own_inputs(self, most: int) -> Iterator[Array]:
        """The inputs of the rows that this rank has brought, so many rows at once."""
        x = self._brought[0]
        for begin in range(0, len(x), most):
            yield x[begin : begin + most]

    def own_targets(self) -> tuple[Array, Array | None]:
        """Their targets and weights, as they were given."""
        return self._given

    def weigh_by(self, weigh: Weigh) -> None:
        """Have weights that also depend on the targets."""
        x, y, weight = self._brought
        self._brought = self._held = x, y, weigh(y, weight) if len(y) else np.empty(0)

    def _hold(self, at: AtHome | Dealt) -> None:
        rank = self._ranks.rank
        sent, received = moves(self._counts, at, rank)
        own = list(range(self._ranks.size))
        if not self._ranks.any(any(sent[other] or received[other] for other in own if other != rank)):
            self._held = self._brought
        else:
            self._held = tuple(  # type: ignore[assignment]
                None if array is None else self._ranks.moved(array, sent, received) for array in self._brought
            )
        self._at = at

    def part(self, task: Task) -> Part | None:
        """Find this rank's share of a batch."""
        dealt = self.batch_rows is not None and task.kind == "gradient"
        if self._at is None or isinstance(self._at, Dealt) != dealt:
            size = self._ranks.size
            self._hold(Dealt(self.count, self.batch_rows or 1, size) if dealt else AtHome(self._counts))
        assert self._at is not None
        rank = self._ranks.rank
        low, high = self._at.share(rank, task.first, task.rows)
        if low == high:
            return None
        place = self._at.place(rank, task.first + low)
        x, y, weight = (None if array is None else array[place : place + high - low] for array in self._held)
        return low, x, y, weight  # type: ignore[return-value]


def alike(ranks: Ranks, arrays: Arrays, columns: int) -> Arrays:
    """Parts of the ranks as parts of one array: of one dtype, as `numpy.concatenate` would choose it; with columns."""
    dtypes = ranks.listed(
        [(array.dtype.str, array.shape[1:]) if array is not None and len(array) else None for array in arrays]
    )
    found: list[Any] = []
    for i, array in enumerate(arrays):
        given = [dtype[i] for dtype in dtypes if dtype[i] is not None]
        if array is None:
            found.append(None)
            continue
        dtype = np.result_type(*(each[0] for each in given)) if given else np.dtype(np.float64)
        shape = given[0][1] if given else ((columns,) if i == 0 else ())
        whole = array if len(array) else np.empty((0, *shape))
        found.append(np.ascontiguousarray(whole, dtype))
    return tuple(found)
