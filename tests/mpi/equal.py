# SPDX-License-Identifier: BSD-3-Clause
"""Started on 7 ranks: trains each case on some of them, and writes what came out. Arguments: data, result."""

import json
import sys
import time
import warnings
from pathlib import Path

import netlet.mpi
import numpy as np
from mpi4py import MPI
from netlet import Batches

from helpers.mpi_cases import CASES, outcome, read_data

SIZES = 1, 2, 3, 4, 7
PARTS = 0, 7, 0.03, 3, 0, 11, 1  # of the rows: none, or less than a block, on some ranks


def cut(rows, comm, even):
    parts = np.ones(comm.size) if even or comm.size == 1 else np.array(PARTS[: comm.size])
    ends = np.round(len(rows) * np.cumsum(parts) / parts.sum()).astype(int)
    return rows[0 if comm.rank == 0 else ends[comm.rank - 1] : ends[comm.rank]]


def never(*_):
    raise AssertionError("a callback of another rank than the first was called")


def in_batches(x, y, options):
    """The same rows as a source, of which each rank reads some; and how `provenance` differs."""
    size, weight = options.pop("batch_size", None), options.pop("sample_weight", None)
    said = {"batch_size": size, "shuffle": options.pop("shuffle", True)}
    return Batches.from_arrays(x, y, weight, batch_size=size or len(x)), None, said


def train(name, data, comm, local):
    net, x, y, options = CASES[name](data)
    if comm.rank:
        for function in {"callback", "schedule"} & {key for key, value in options.items() if callable(value)}:
            options[function] = never
        options |= {"callbacks": [never], "metrics": None} if "callbacks" in options else {}
    said = {}
    if local == "batches":
        x, y, said = in_batches(x, y, options)
    elif local:
        even = local == "even"
        x, y = cut(x, comm, even), cut(y, comm, even)
        if "sample_weight" in options:
            options["sample_weight"] = cut(options["sample_weight"], comm, even)
        if "validation_data" in options:
            options["validation_data"] = tuple(cut(part, comm, even) for part in options["validation_data"])
    history = netlet.mpi.fit(net, x, y, comm=comm, local=local in ("even", "uneven"), **options)
    found = outcome(net, history)
    schedule = found["provenance"].pop("schedule")  # a function is known by its name, and each rank has its own
    assert len(set(comm.allgather(json.dumps(found)))) == 1, f"{name}: ranks differ"
    found["provenance"] |= {"schedule": schedule, **said}
    return found


def shuffles(name, data):
    _, x, _, options = CASES[name](data)
    return options.get("shuffle", True) and options.get("batch_size", len(x)) < len(x)


def main():
    data, results, world = read_data(sys.argv[1]), {}, MPI.COMM_WORLD
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", "batch_size: a batch of|output_activation:")
    for size in SIZES:
        comm = world.Split(world.rank < size)
        if world.rank < size:
            for name in CASES:
                for local in ("", "even", "uneven", "batches")[: 1 if shuffles(name, data) else 4]:
                    results[f"{name} {local or 'shared'} {size}"] = train(name, data, comm, local)
        comm.Free()
        done = world.Ibarrier()
        while not done.Test():  # ranks that have nothing to do leave the cores to others
            time.sleep(0.005)
    if world.rank == 0:
        Path(sys.argv[2]).write_text(json.dumps(results))


main()
