# SPDX-License-Identifier: BSD-3-Clause
"""The examples run, and give the fingerprints that README tells."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.dask

ROOT = Path(__file__).parents[2]


def output(name, *arguments):
    command = [sys.executable, str(ROOT / "examples" / name), *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_one_fingerprint_of_any_number_of_workers():
    found = re.findall(r"^(fingerprint|one process) +([0-9a-f]{64})$", output("dask_digits.py", "--workers", "2"), re.M)
    assert [name for name, _ in found] == ["fingerprint", "one process"] * 2
    whole, alone, batches, batches_alone = (each for _, each in found)
    assert whole == alone != batches == batches_alone
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"`{whole}`" in text
    assert f"`{batches}`" in text


def test_a_search_by_halving():
    text = output("dask_search.py")
    assert "candidates       [12, 4, 2], on [149, 447, 1341] rows\n" in text
    assert float(re.search(r"held-out digits  (\S+) % read right", text)[1]) > 96
    assert re.search(r"^fingerprint +[0-9a-f]{64}$", text, re.MULTILINE)
