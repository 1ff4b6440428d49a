# SPDX-License-Identifier: BSD-3-Clause
"""Training needs little memory besides the data, which are read in place, even from a file."""

import subprocess
import sys

import numpy as np
import pytest

pytestmark = [
    pytest.mark.any_isa,
    pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's"),
]

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
