# SPDX-License-Identifier: BSD-3-Clause
"""With whom ranks exchange sums. Needs no MPI."""

import pytest
from netlet.mpi._ranks import _doubling


@pytest.mark.parametrize("size", [*range(1, 35), 64, 100])
def test_every_rank_gets_the_sum_of_all(size):
    """Played through: a sum is the set of those whose part it has, and each part comes once."""
    plans = [_doubling(rank, size) for rank in range(size)]
    has = [{rank} for rank in range(size)]

    def add(rank, other):
        assert not has[rank] & other
        has[rank] = has[rank] | other

    first = [rank for rank, (pair, partners) in enumerate(plans) if pair is not None and rank < pair]
    for rank in first:
        assert plans[rank] == (rank + 1, [])
        assert plans[rank + 1][0] == rank
        add(rank + 1, has[rank])
    others = [rank for rank in range(size) if rank not in first]
    for step in range(len(plans[others[-1]][1])):
        before = [set(each) for each in has]
        for rank in others:
            partner = plans[rank][1][step]
            assert plans[partner][1][step] == rank
            add(rank, before[partner])
            assert max(has[rank]) - min(has[rank]) == len(has[rank]) - 1  # consecutive, so that sums are few subtrees
    for rank in first:
        has[rank] = has[rank + 1]
    assert has == [set(range(size))] * size
