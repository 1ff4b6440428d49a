# SPDX-License-Identifier: BSD-3-Clause
"""README's commands give the fingerprints that it tells; the benchmark runs."""

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.mpi
ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_readme(start):
    commands = re.findall(r"^mpiexec -n (\d) python (examples/\S+)(.*)$", README, flags=re.MULTILINE)
    assert len(commands) == 2
    for ranks, program, arguments in commands:
        done = start(ranks, ROOT / program, *arguments.split())
        assert done.returncode == 0, done.stderr
        found = re.findall(r"^(full batch|minibatches) .* ([0-9a-f]{64})$", done.stdout, flags=re.MULTILINE)
        assert len(found) == 2
        assert all(f"`{fingerprint}`" in README for _, fingerprint in found)


def test_benchmark(start):
    done = start(2, ROOT / "benchmarks" / "mpi.py", "--workload", "small", "--pairs", 1, "--steps", 2)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        r"small: \S+ ms a step on 1 rank, \S+ ms on 2: \S+ times as fast \(\S+ without messages\)\n", done.stdout
    )
