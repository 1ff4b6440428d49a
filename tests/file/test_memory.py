# SPDX-License-Identifier: BSD-3-Clause
"""Training needs little beside the data, which is read where it lies, even from a file."""

import subprocess
import sys

import numpy as np
import pytest
from netlet import Network

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")

ROWS, COLUMNS = 1_500_000, 100
ALLOWED = 48 << 20  # bytes; the data have 600 MB, an index for each row 12

PROGRAM = """
import resource, sys
import numpy as np
from netlet import Adam, Network

net = Network([{columns}, 8, 1], dtype="float32", reduction="mean", seed=0)
net.forward(np.zeros((512, {columns}), np.float32))  # starts the threads, which have stacks
x = {x}
y = np.zeros(len(x), np.float32)
used = next(int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith("VmData"))
resource.setrlimit(resource.RLIMIT_DATA, (used + {allowed}, used + {allowed}))
try:
    np.ones(2 * {allowed}, np.uint8)
except MemoryError:
    pass
else:
    sys.exit("there is no limit")
print(net.fit(x, y, epochs=1, optimizer=Adam(), {settings}).loss[0])
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("memory") / "x.npy"
    data = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(ROWS, COLUMNS))
    data[::1000] = 1  # the rest stays a hole in the file
    data.flush()
    return path


def train(x, settings):
    program = PROGRAM.format(x=x, settings=settings, columns=COLUMNS, allowed=ALLOWED)
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return float(result.stdout)


@pytest.mark.parametrize("settings", ["batch_size=256", "batch_size=256, shuffle=False", ""])
def test_fit_reads_a_file_that_memory_would_not_hold(file, settings):
    assert 0 < train(f"np.load({str(file)!r}, mmap_mode='r')", settings) < 1


def test_fit_makes_no_copy_of_an_array_in_memory():
    assert 0 < train(f"np.zeros(({ROWS}, {COLUMNS}), np.float32)", "batch_size=256") < 1


def test_fit_converts_other_arrays_a_batch_at_a_time():
    assert 0 < train(f"np.zeros(({COLUMNS}, {ROWS}), np.uint8).T", "batch_size=256") < 1


LOAD = """
import resource, sys
from netlet import Network

Network.from_bytes(Network([2, 3, 1], seed=0).to_bytes())
used = next(int(line.split()[1]) << 10 for line in open("/proc/self/status") if line.startswith("VmData"))
resource.setrlimit(resource.RLIMIT_DATA, (used + {allowed}, used + {allowed}))
print(Network.load({path!r}).fingerprint())
"""


SHAPES = {
    "wide": [3000, 4000, 1],
    "deep": [1] * 50_000,
    "inputs": [2_000_000, 1],
    "outputs": [1, 2_000_000],
    "hidden": [1, 2_000_000, 1],
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
    row = {"inputs": 4 * 2_000_000 * scaled, "hidden": 4 * 2_000_000}.get(name, 0)  # brought to scale, or activated
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
    assert "expected fewer layers" in result.stderr


def test_a_file_that_only_claims_to_be_large_takes_none(tmp_path):
    path = tmp_path / "claims.netlet"
    data = Network([2, 3, 1], seed=0).to_bytes()
    path.write_bytes(data.replace(b'"2 3 1"', b'"2 3000000000 1"'))
    program = LOAD.format(path=str(path), allowed=2 << 20)
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "the file is cut" in result.stderr or "damaged" in result.stderr
