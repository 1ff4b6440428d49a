# SPDX-License-Identifier: BSD-3-Clause
"""Faults that are put into the core are found."""

import shutil
import sys

import pytest

import toolchains
from matrix import FAULTS
from toolchains import ROOT, run

pytestmark = pytest.mark.builds


@pytest.mark.parametrize("fault", FAULTS)
def test_the_matrix_finds_a_fault(fault):
    command = [sys.executable, ROOT / "tests/matrix.py", "--fault", fault, "--compilers", "g++", "--levels", "1"]
    with pytest.raises(RuntimeError, match=r"[1-9]\d* cells DIFFER from golden.txt"):
        run(command)


def test_an_allocation_in_the_real_time_path_is_found(programs, tmp_path):
    assert "0 failed" in run([programs / "test_realtime"])
    shutil.copytree(ROOT / "cpp", tmp_path / "cpp")
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "CMakeLists.txt", tmp_path)
    source = tmp_path / "cpp/src/compute/forward.cpp"
    text = source.read_text()
    right = "    forward_alone(*network, *x, static_cast<T*>(out), layout, static_cast<T*>(workspace));\n"
    assert text.count(right) == 1
    source.write_text(text.replace(right, "    void* volatile p = malloc(1);\n    free(p);\n" + right))
    options = ["-DNETLET_OPTIMIZE=-O1"]
    build = toolchains.build(tmp_path / "wrong", *options, source=tmp_path, target="test_realtime")
    with pytest.raises(RuntimeError, match="failed: g_allocations == 0"):
        run([build / "cpp/tests/test_realtime"])
