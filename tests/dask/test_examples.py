# SPDX-License-Identifier: BSD-3-Clause
"""The examples run, and give the fingerprints that README tells."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.dask

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def output(name, *arguments):
    command = [sys.executable, str(ROOT / "examples" / name), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_readme():
    """The same fingerprints as those of MPI ranks."""
    (count,) = re.findall(r"^python examples/dask_digits.py --workers (\d)$", README, re.MULTILINE)
    text = output("dask_digits.py", "--workers", count)
    found = re.findall(r"^(full batch|minibatches) .* ([0-9a-f]{64})$", text, re.MULTILINE)
    assert len(found) == 2
    assert all(f"`{fingerprint}`" in README for _, fingerprint in found)


def test_a_search_by_halving():
    text = output("dask_search.py")
    assert "candidates       [12, 4, 2], on [149, 447, 1341] rows\n" in text
    assert float(re.search(r"held-out digits  (\S+) % read right", text)[1]) > 96
    assert re.search(r"^fingerprint +[0-9a-f]{64}$", text, re.MULTILINE)
