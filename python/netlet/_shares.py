# SPDX-License-Identifier: BSD-3-Clause
"""Which worker sums which blocks of a batch: an MPI rank, a worker of Dask or one of its threads."""

from __future__ import annotations

from functools import lru_cache

from .reference.sums import BLOCK_ROWS


def blocks_of(rows: int) -> int:
    """How many blocks so many rows are."""
    return -(-rows // BLOCK_ROWS)


@lru_cache(maxsize=64)
def shares(blocks: int, workers: int) -> tuple[int, ...]:
    """Where each worker's blocks begin, and where the last one's end.

    The largest share is at most 10 % above the mean, or as small as can be. Within these limits, shares begin at
    multiples of powers of two that are as large as possible: the sums over such a range are few complete subtrees, so
    messages are short.
    """
    return (*(_begin(worker, blocks, workers) for worker in range(workers)), blocks)


def _begin(worker: int, blocks: int, workers: int) -> int:
    """Of what lies within 5 % of a share around the even place, the multiple of the largest power of two."""
    low = -((blocks - 20 * worker * blocks) // (20 * workers))
    high = (20 * worker * blocks + blocks) // (20 * workers)
    if low > high:
        return (2 * worker * blocks + workers) // (2 * workers)
    power = (high ^ (low - 1)).bit_length() if low > 0 else high.bit_length() + 1
    while (high >> power) << power < low:
        power -= 1
    return (high >> power) << power
