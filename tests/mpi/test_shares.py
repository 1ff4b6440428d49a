# SPDX-License-Identifier: BSD-3-Clause
"""Which rank sums which rows, and which rows move: for every number of ranks and rows. Needs no MPI."""

from itertools import pairwise

import numpy as np
import pytest
from netlet.mpi._shares import AtHome, Dealt, moves, share, shares

BLOCKS = [*range(1, 70), 100, 127, 128, 129, 1000, 4097]
RANKS = [*range(1, 18), 64, 100]


def pieces(begin, end):
    """How many complete subtrees a range of blocks is, in a tree that goes on behind it."""
    count = 0
    while begin < end:
        size = begin & -begin if begin else 1 << end.bit_length()
        while size > end - begin:
            size //= 2
        begin += size
        count += 1
    return count


@pytest.mark.parametrize("ranks", RANKS)
def test_shares_are_balanced_and_cover_all_blocks(ranks):
    for blocks in BLOCKS:
        bounds = shares(blocks, ranks)
        sizes = np.diff(bounds)
        assert (bounds[0], bounds[-1], len(sizes)) == (0, blocks, ranks)
        assert (sizes >= 0).all()
        assert sizes.max() <= max(-(-blocks // ranks), 1.1 * blocks / ranks)


def test_shares_are_few_subtrees():
    def mean(bounds):
        return np.mean([pieces(*pair) for pair in pairwise(bounds)])

    assert shares(64, 4) == (0, 16, 32, 48, 64)
    assert shares(1000, 3) == (0, 320, 672, 1000)  # multiples of 32 and more, near 333 and 667
    cases = [(blocks, ranks) for blocks in (100, 500, 1000, 4097) for ranks in (2, 3, 4, 7, 16)]
    found = np.array([mean(shares(*case)) for case in cases])
    even = np.array([mean([rank * blocks // ranks for rank in range(ranks + 1)]) for blocks, ranks in cases])
    assert found.mean() < 0.7 * even.mean()


@pytest.mark.parametrize("rows", [1, 255, 256, 257, 1797, 100_000])
def test_shares_of_rows_are_whole_blocks(rows):
    for ranks in (1, 2, 3, 7, 50):
        parts = [share(rows, ranks, rank) for rank in range(ranks)]
        assert [parts[0][0], parts[-1][1]] == [0, rows]
        assert all(a[1] == b[0] for a, b in pairwise(parts))
        assert all(begin % 256 == 0 or begin == rows for begin, _ in parts)


COUNTS = [
    [1797],
    [900, 897],
    [256, 512, 1024],
    [0, 1000, 3, 0, 700],
    [10, 10, 10, 10],
    [127, 128, 129, 130, 255, 256, 257],
    [0, 0, 5],
    [10_000, 0, 1, 9_999],
]


def layouts(counts):
    rows = sum(counts)
    return [AtHome(counts), *(Dealt(rows, batch, len(counts)) for batch in (100, 256, 300, 1000) if batch < rows)]


def numbers(ranges):
    return np.concatenate([np.arange(0), *(np.arange(*each) for each in ranges)])


@pytest.mark.parametrize("counts", COUNTS, ids=str)
def test_rows_move_to_those_who_hold_them(counts):
    """Played through with row numbers in place of messages."""
    begins = np.cumsum([0, *counts])
    brought = [np.arange(begin, begin + count) for begin, count in zip(begins, counts)]
    for layout in layouts(counts):
        plans = [moves(counts, layout, rank) for rank in range(len(counts))]
        for rank in range(len(counts)):
            expected = numbers(layout.held(rank))
            held = np.full(len(expected), -1)
            for source in range(len(counts)):
                sent, received = plans[source][0][rank], plans[rank][1][source]
                assert [b - a for a, b in sent] == [b - a for a, b in received]
                for (a, b), (c, d) in zip(sent, received):
                    held[c:d] = brought[source][a:b]
            assert (held == expected).all()
        everywhere = [begin for rank in range(len(counts)) for begin in layout.held(rank)]
        assert sum(end - begin for begin, end in everywhere) == sum(counts)


@pytest.mark.parametrize("counts", COUNTS, ids=str)
def test_every_row_of_a_batch_is_held_by_the_rank_whose_share_it_is_in(counts):
    rows = sum(counts)
    for layout in layouts(counts):
        batch = rows if isinstance(layout, AtHome) else layout._batch_rows
        held = [
            np.concatenate([np.arange(0), *(np.arange(*each) for each in layout.held(r))]) for r in range(len(counts))
        ]
        for first in range(0, rows, batch):
            in_batch, next_row = min(batch, rows - first), 0
            parts = sorted((*layout.share(rank, first, in_batch), rank) for rank in range(len(counts)))
            for low, high, rank in parts:
                if low == high:
                    continue
                assert low == next_row
                assert low % 256 == 0
                next_row = high
                place = layout.place(rank, first + low)
                assert (held[rank][place : place + high - low] == np.arange(first + low, first + high)).all()
            assert next_row == in_batch


def test_at_most_255_rows_move_to_a_neighbour():
    counts = [3000, 1234, 777, 4096, 513]
    for rank in range(len(counts)):
        sent, _ = moves(counts, AtHome(counts), rank)
        for other, ranges in enumerate(sent):
            if other != rank:
                assert sum(end - begin for begin, end in ranges) <= (255 if abs(other - rank) == 1 else 0)


def test_small_batches_do_not_all_go_to_the_same_ranks():
    layout = Dealt(25_600, 256, 5)
    held = [sum(end - begin for begin, end in layout.held(rank)) for rank in range(5)]
    assert held == [5120] * 5
