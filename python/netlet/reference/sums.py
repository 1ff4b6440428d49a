# SPDX-License-Identifier: BSD-3-Clause
"""Sums in a fixed order: chains, blocks of rows, and the tree over blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .fused import Array, fma

BLOCK_ROWS = 256  # gradients and losses are summed in blocks of this many rows
BLOCK_TERMS = 4096  # sums over inputs or outputs in blocks of this many terms


def matmul(a: Array, b: Array, start: Array) -> Array:
    """start + a @ b: for each element a chain of fma in the order of the inner index; wide ones in blocks.

    a: (rows, inner), b: (inner, columns), start: broadcasts to (rows, columns).
    """

    def over(terms: range) -> Array:
        total = np.broadcast_to(np.zeros_like(start) if terms.start else start, (a.shape[0], b.shape[1]))
        for k in terms:
            total = fma(a[:, k, None], b[None, k, :], total)
        return total

    return in_blocks(a.shape[1], over)


def in_blocks(count: int, over: Callable[[range], Any]) -> Any:
    """The sum of `count` terms: `over` gives that of a block of them, and these are added in their order."""
    total = over(range(min(count, BLOCK_TERMS)))
    for first in range(BLOCK_TERMS, count, BLOCK_TERMS):
        total = total + over(range(first, min(first + BLOCK_TERMS, count)))
    return total


def tree(terms: list[Any]) -> Any:
    """At each level neighbours (0, 1), (2, 3), ... are added; an odd last one moves up unchanged."""
    while len(terms) > 1:
        pairs = [a + b for a, b in zip(terms[0::2], terms[1::2])]
        terms = pairs + terms[len(terms) - len(terms) % 2 :]
    return terms[0]


def blocks(rows: int) -> list[slice]:
    """The rows in blocks of `BLOCK_ROWS`, of which the last may be shorter."""
    return [slice(first, min(first + BLOCK_ROWS, rows)) for first in range(0, rows, BLOCK_ROWS)]


def chain(values: Array) -> Any:
    """The sum along the first axis, in its order."""
    total = np.zeros_like(values[0])
    for value in values:
        total = total + value
    return total


def sum_rows(values: Array) -> Any:
    """The sum over rows: chains in blocks, blocks in the tree."""
    return tree([chain(values[block]) for block in blocks(len(values))])


NORM_BLOCK, NORM_SUMS = 4096, 16


def norm(g: Array) -> float:
    """The Euclidean norm, in binary64: in blocks of 4096 values, value i goes to chain i mod 16; then trees."""
    g = g.astype(np.float64)
    totals = []
    for first in range(0, len(g), NORM_BLOCK):
        block = g[first : first + NORM_BLOCK]
        rows = np.concatenate([block, np.zeros(-len(block) % NORM_SUMS)]).reshape(-1, NORM_SUMS)
        total = np.zeros(NORM_SUMS)
        for row in rows:
            total = fma(row, row, total)
        totals.append(tree(list(total)))
    return float(np.sqrt(tree(totals)))
