# SPDX-License-Identifier: BSD-3-Clause
"""How much faster a step is on all ranks than on one: ``mpiexec -n 2 python benchmarks/mpi.py``.

One thread a rank. Rank 0 trains alone, then with the others; then each rank trains a network of its own on its share of
the rows, all at once: what the machine allows, without messages. The figures are medians of such turns.
"""

import argparse
import statistics
import time

import netlet.mpi
import numpy as np
from mpi4py import MPI
from netlet import Adam, Network

WORLD = MPI.COMM_WORLD
# layers, rows in a batch
WORKLOADS = {
    "small": ([20, 64, 1], 16384),
    "digits": ([64, 100, 10], 8192),
    "mnist": ([784, 128, 10], 4096),
    "large": ([784, 512, 512, 10], 2048),
}


def network(layers):
    return Network(
        layers,
        activation="tanh",
        output_activation="identity",
        reduction="mean",
        dtype="float32",
        seed=0,
    )


def data(layers, rows):
    rng = np.random.default_rng(0)
    return [rng.normal(size=(rows, columns)).astype(np.float32) for columns in (layers[0], layers[-1])]


def quietly(request):
    """Wait without taking a core from the rank that is being timed."""
    while not request.Test():
        time.sleep(0.001)


def seconds_per_step(net, x, y, comm, steps):
    """Of the epochs after the first, which are one step each."""
    history = netlet.mpi.fit(net, x, y, comm=comm, epochs=steps + 1, optimizer=Adam(1e-4))
    return statistics.median(history.time[1:].tolist())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workload", choices=WORKLOADS, action="append", help="default: all")
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--steps", type=int, default=15, help="in each half of a pair")
    arguments = parser.parse_args()
    for name in arguments.workload or WORKLOADS:
        layers, rows = WORKLOADS[name]
        x, y = data(layers, rows)
        alone, together, apart = [], [], []
        share = -(-rows // WORLD.size)
        for _ in range(arguments.pairs):
            net = network(layers)
            if WORLD.rank == 0:
                with netlet.thread_limit(1):
                    alone.append(seconds_per_step(net, x, y, MPI.COMM_SELF, arguments.steps))
            quietly(WORLD.Ibarrier())
            net = network(layers)
            with netlet.thread_limit(1):
                together.append(seconds_per_step(net, x, y, WORLD, arguments.steps))
                net = network(layers)
                own = seconds_per_step(net, x[:share], y[:share], MPI.COMM_SELF, arguments.steps)
            apart.append(max(WORLD.allgather(own)))
        if WORLD.rank == 0:
            ratio, bound = (statistics.median(a / b for a, b in zip(alone, times)) for times in (together, apart))
            one, several = (1000 * statistics.median(times) for times in (alone, together))
            print(
                f"{name}: {one:.2f} ms a step on 1 rank, {several:.2f} ms on {WORLD.size}: {ratio:.2f} times as fast"
                f" ({bound:.2f} without messages)"
            )


if __name__ == "__main__":
    main()
