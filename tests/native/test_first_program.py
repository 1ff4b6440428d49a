# SPDX-License-Identifier: BSD-3-Clause
"""The first program of docs/native.md, built with the installed package as that says."""

import re
import sys

from helpers.tools import needed
from toolchains import ROOT, run


def test_it_prints_what_the_example_prints(cmakedir, tmp_path):
    text = (ROOT / "docs" / "native.md").read_text()
    program, *_ = re.findall(r"^```cpp\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    source = tmp_path / "program.cpp"
    source.write_text(program)
    include, lib = (run([sys.executable, "-m", "netlet", f"--{name}"]).strip() for name in ("includedir", "libdir"))
    strict = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wold-style-cast", "-Werror"]
    command = [needed("c++"), "-std=c++17", *strict, "-I", include, source, "-o", tmp_path / "program"]
    run([*command, "-L", lib, "-lnetlet", "-pthread", "-lm"])
    example = run([sys.executable, ROOT / "examples/xor.py"])
    assert f"fingerprint {run([tmp_path / 'program'], cwd=tmp_path)}" in example
