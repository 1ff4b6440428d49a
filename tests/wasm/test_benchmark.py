# SPDX-License-Identifier: BSD-3-Clause
"""The benchmark of the JavaScript package runs, with whatever peers there are."""

import re
import subprocess

import pytest

from toolchains import ROOT

pytestmark = pytest.mark.wasm


def test_all_its_lines_have_figures(node, package):
    command = [node, ROOT / "benchmarks/javascript/speed.mjs", package / "netlet.wasm", "1"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert re.search(r"^netlet\.wasm: \d+ bytes, gzip \d+, brotli \d+$", output, re.MULTILINE)
    lines = re.findall(r"^(.+): netlet ([\d.]+) ms, plain loops ([\d.]+) ms", output, re.MULTILINE)
    assert [name.split(",")[0] for name, *_ in lines] == [
        *("XOR", "an epoch of the digits", "forward of 1", "forward of 1 row of 784-128-10"),
    ]
    assert all(float(own) > 0 and float(plain) > 0 for _, own, plain in lines)
