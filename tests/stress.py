# SPDX-License-Identifier: BSD-3-Clause
"""Repeats the tests, to see whether one fails by chance and to find what only chance can find.

``python tests/stress.py`` runs the default tests 10 times, every other time under a load that keeps all processors
busy, then the tests of concurrency and those with the marker ``stress`` 200 times each. It stops at the first failure.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
SYSTEM = ("forks", "lifetime", "number_of_threads", "reading_during_training", "shared_networks", "signals")
CONCURRENCY = [
    *(f"tests/system/test_{name}.py" for name in SYSTEM),
    "tests/file/test_saving.py::test_saving_is_refused_while_an_epoch_runs",
]


def busy() -> None:
    """Load for one processor."""
    while True:
        pass


def pytest(label: str, *arguments: object, load: bool = False) -> None:
    """One run, perhaps under load."""
    others = [multiprocessing.Process(target=busy, daemon=True) for _ in range(os.cpu_count() if load else 0)]
    for other in others:
        other.start()
    begin = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", *map(str, arguments)]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    for other in others:
        other.kill()
    last = result.stdout.strip().splitlines()[-1]
    print(f"{label}: {last} ({time.perf_counter() - begin:.0f} s)", flush=True)  # noqa: T201
    if result.returncode:
        sys.exit(result.stdout)


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", type=int, default=10, metavar="COUNT", help="runs of the default tests (10)")
    parser.add_argument("--repeat", type=int, default=200, metavar="COUNT", help="repetitions of the others (200)")
    arguments = parser.parse_args()
    for i in range(arguments.suite):
        pytest(f"default tests, {i + 1}" + (", under load" if i % 2 else ""), load=i % 2 == 1)
    if arguments.repeat:
        chosen = [*CONCURRENCY, "--repeat", arguments.repeat]
        pytest(f"concurrency, {arguments.repeat} times", *chosen)
        pytest(f"stress, {arguments.repeat} times", "-m", "stress", "--repeat", arguments.repeat)


if __name__ == "__main__":
    main()
