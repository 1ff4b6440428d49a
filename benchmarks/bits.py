# SPDX-License-Identifier: BSD-3-Clause
"""Whether a library's outputs have the same bits on other processors, in other batches and with other threads.

Each library computes the same rows of one network, in processes that may use only some of the instruction sets that
this processor has, and prints a hash of its outputs.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import subprocess
import sys
from dataclasses import replace

import driver
import numpy as np
import workloads
from peers import PEERS

WORKLOAD = workloads.rows((100, 100, 1), 64)
# what keeps a library from using newer instructions, the newest first
SETTINGS = {
    "netlet": ("NETLET_ISA", ("avx512", "avx2", "baseline")),
    "numpy": ("OPENBLAS_CORETYPE", ("SkylakeX", "Haswell", "Nehalem")),
    "pytorch": ("ONEDNN_MAX_CPU_ISA ATEN_CPU_CAPABILITY MKL_ENABLE_INSTRUCTIONS", ("AVX512", "AVX2", "SSE4_2")),
    "jax": ("XLA_FLAGS", ("--xla_cpu_max_isa=AVX512", "--xla_cpu_max_isa=AVX2", "--xla_cpu_max_isa=SSE4_2")),
}


def outputs(name: str, case: workloads.Case, threads: int) -> np.ndarray:
    peer = importlib.import_module(f"peers.{name}").Peer(case, threads, "")
    return np.array(peer.forward()())


def child(name: str, threads: int) -> None:
    """Print the hashes of the outputs of all rows together, and one by one."""
    case = workloads.case(WORKLOAD)
    alone = [
        outputs(name, replace(case, workload=replace(WORKLOAD, rows=1), x=case.x[i : i + 1]), threads)
        for i in range(WORKLOAD.rows)
    ]
    hashes = [
        hashlib.sha256(values.tobytes()).hexdigest() for values in (outputs(name, case, threads), np.concatenate(alone))
    ]
    print(json.dumps(hashes))


def hashes(name: str, threads: int, environment: dict[str, str]) -> list[str]:
    variables = {**os.environ, **dict.fromkeys(driver.THREAD_VARIABLES, str(threads)), **environment}
    command = [sys.executable, __file__, name, str(threads)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"])[-1])
    return json.loads(done.stdout.splitlines()[-1])


def line(name: str) -> str:
    variables, values = SETTINGS[name]
    found = {}
    for value in values:
        environment = {}
        for variable in variables.split():
            lower = variable == "ATEN_CPU_CAPABILITY"
            environment[variable] = ("default" if value == "SSE4_2" else value.lower()) if lower else value
        try:
            found[value] = hashes(name, 1, environment)
        except RuntimeError as error:
            print(f"{name}, {value}: {error}", file=sys.stderr)
    together, alone = hashes(name, 1, {})
    kinds = len({both[0] for both in found.values()})
    cells = [
        PEERS[name][0],
        ", ".join(value.rpartition("=")[2] for value in found),
        "the same" if kinds == 1 else f"{kinds} different results",
        "the same" if together == alone else "different",
        "the same" if together == hashes(name, 2, {})[0] else "different",
    ]
    return f"| {' | '.join(cells)} |"


def main() -> None:
    if len(sys.argv) > 1:
        child(sys.argv[1], int(sys.argv[2]))
        return
    sizes = workloads.name_of(WORKLOAD.sizes)
    print(f"Outputs of {WORKLOAD.rows} rows of {sizes}, {WORKLOAD.dtype}:\n")
    print("| library | instruction sets | on each of them | a row alone and among others | one thread and two |")
    print("| --- | --- | --- | --- | --- |")
    for name in SETTINGS:
        if driver.installed(name):
            print(line(name), flush=True)


if __name__ == "__main__":
    main()
