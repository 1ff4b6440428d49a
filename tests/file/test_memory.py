# SPDX-License-Identifier: BSD-3-Clause
"""Loading needs no memory beyond the file's size."""

import subprocess
import sys

import numpy as np
import pytest
from netlet import Network

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")

LOAD = """
import resource, sys
from netlet import Network

Network.from_bytes(Network([2, 3, 1], seed=0).to_bytes())
used = next(int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith("VmData"))
resource.setrlimit(resource.RLIMIT_DATA, (used + {allowed}, used + {allowed}))
print(Network.load({path!r}).fingerprint())
"""
SHAPES = {
    "wide": [1500, 2000, 1],
    "deep": [1] * 30_000,
    "inputs": [1_000_000, 1],
    "outputs": [1, 1_000_000],
    "hidden": [1, 1_000_000, 1],
}


@pytest.mark.parametrize("scaled", [False, True])
@pytest.mark.parametrize("name", SHAPES)
def test_loading_needs_no_memory_beyond_the_file_s_size_and_a_row_s_activations(tmp_path, name, scaled):
    path = tmp_path / "large.netlet"
    net = Network(SHAPES[name], activation="identity", dtype="float32", seed=0)
    if scaled:
        net.input_scaling = (np.zeros(net.layer_sizes[0]), np.ones(net.layer_sizes[0]))
        net.output_scaling = (np.zeros(net.layer_sizes[-1]), np.ones(net.layer_sizes[-1]))
    net.save(path)
    row = {"inputs": 4 * 1_000_000, "hidden": 4 * 1_000_000}.get(name, 0)  # converted, or activated
    program = LOAD.format(path=str(path), allowed=path.stat().st_size + row + (2 << 20))
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.stdout.strip() == net.fingerprint(), result.stderr


@pytest.mark.parametrize("name", ["inputs", "outputs", "hidden"])
def test_refusing_a_changed_value_needs_no_memory_beyond_the_file_s_size(tmp_path, name):
    path = tmp_path / "changed.netlet"
    net = Network(SHAPES[name], activation="identity", dtype="float32", seed=0)
    net.input_scaling = (np.zeros(net.layer_sizes[0]), np.ones(net.layer_sizes[0]))
    data = bytearray(net.to_bytes())
    data[-4 * net.layer_sizes[-1] - 1] ^= 1
    path.write_bytes(data)
    program = LOAD.format(path=str(path), allowed=len(data) + (2 << 20))
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "the file is damaged" in result.stderr


def test_refusing_needs_no_memory_beyond_the_file_s_size(tmp_path):
    path = tmp_path / "many.netlet"
    data = Network([2, 3, 1], seed=0).to_bytes()
    header = data[8:].replace(b'"2 3 1"', b'"' + b" ".join([b"1"] * 5_000_000) + b'"')
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    program = LOAD.format(path=str(path), allowed=path.stat().st_size + (2 << 20))
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "the header is damaged: expected fewer layers" in result.stderr


def test_a_file_that_only_claims_to_be_large_takes_none(tmp_path):
    path = tmp_path / "claims.netlet"
    data = Network([2, 3, 1], seed=0).to_bytes()
    path.write_bytes(data.replace(b'"2 3 1"', b'"2 3000000000 1"'))
    program = LOAD.format(path=str(path), allowed=2 << 20)
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "the file is truncated" in result.stderr or "damaged" in result.stderr
