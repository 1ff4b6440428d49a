# SPDX-License-Identifier: BSD-3-Clause
"""The programs of docs/fann.md do what the page says: netlet's, and FANN's where it is installed."""

import re
import subprocess
import sys

import numpy as np
import pytest
from netlet import Network

from helpers.tools import needed
from toolchains import ROOT, run

TEXT = (ROOT / "docs" / "fann.md").read_text(encoding="utf-8")
X = [[0, 0], [0, 1], [1, 0], [1, 1]]


def block(language):
    (code,) = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
    return code


def test_netlet_s_program(cmakedir, tmp_path):
    (tmp_path / "xor.cpp").write_text(block("cpp"))
    include, lib = (run([sys.executable, "-m", "netlet", f"--{name}"]).strip() for name in ("includedir", "libdir"))
    command = [needed("c++"), "-std=c++17", "-Wall", "-Wextra", "-Werror", "-I", include, "xor.cpp", "-o", "program"]
    run([*command, "-L", lib, "-lnetlet", "-pthread", "-lm"], cwd=tmp_path)
    printed = [float(line) for line in run([tmp_path / "program"], cwd=tmp_path).splitlines()]
    net = Network.load(tmp_path / "xor.netlet")
    assert printed == net.forward(X).round(2).ravel().tolist()
    assert np.round(printed).tolist() == [0, 1, 1, 0]


def test_fann_s_program_and_its_file(tmp_path, monkeypatch):
    compiler = needed("cc")
    probe = subprocess.run([compiler, "-E", "-include", "fann.h", "-"], input="", capture_output=True, text=True)
    if probe.returncode:
        pytest.skip("no FANN: Debian's package libfann-dev")
    (tmp_path / "xor.c").write_text(block("c"))
    run([compiler, "-Wall", "xor.c", "-o", "program", "-lfann", "-lm"], cwd=tmp_path)
    printed = [float(line) for line in run([tmp_path / "program"], cwd=tmp_path).split()]
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(block("py"), "fann.md", "exec"), names)
    np.testing.assert_allclose(Network.load("xor.netlet").forward(X).ravel(), printed, atol=0.006)
