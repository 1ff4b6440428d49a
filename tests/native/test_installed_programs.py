# SPDX-License-Identifier: BSD-3-Clause
"""The native examples on an installed netlet: by ``cmake --install``, and this Python's own, as users do."""

import re

import numpy as np
import pytest
from netlet import SGD, Network

import toolchains
from helpers.native import EXAMPLES, fingerprint
from helpers.tools import needed
from toolchains import run

pytestmark = pytest.mark.builds
WARNINGS = "-Wall -Wextra -Werror"


PLACES = ["static", "shared", "wheel"]


@pytest.fixture
def found(request):
    """CMake's options for one of PLACES."""
    if request.param == "wheel":
        return [f"-Dnetlet_DIR={request.getfixturevalue('cmakedir')}"]
    return [f"-Dnetlet_ROOT={request.getfixturevalue('prefix')}", f"-DBUILD_SHARED_LIBS={request.param == 'shared'}"]


everywhere = pytest.mark.parametrize("found", PLACES, indirect=True)


def examples(folder, *options):
    toolchains.configure(EXAMPLES, folder, f"-DCMAKE_C_FLAGS={WARNINGS}", f"-DCMAKE_CXX_FLAGS={WARNINGS}", *options)
    run([needed("cmake"), "--build", folder])
    return folder


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    datasets = pytest.importorskip("sklearn.datasets")
    path = tmp_path_factory.mktemp("digits") / "digits.csv"
    data = datasets.load_digits()
    np.savetxt(path, np.column_stack([data.data, data.target]), "%d", ",")
    return path


@everywhere
@pytest.mark.parametrize("compilers", [("gcc", "g++"), ("clang", "clang++")])
def test_programs_print_what_python_prints(found, compilers, tmp_path, digits, trained):
    c, cxx = map(needed, compilers)
    folder = examples(tmp_path / "build", f"-DCMAKE_C_COMPILER={c}", f"-DCMAKE_CXX_COMPILER={cxx}", *found)
    assert fingerprint(run([folder / "xor"])) == trained["xor"]
    assert fingerprint(run([folder / "digits", digits, tmp_path / "digits.netlet"])) == trained["digits"]
    assert Network.load(tmp_path / "digits.netlet").fingerprint() == trained["digits"]
    power = float(run([folder / "realtime"]).split()[-1])
    assert abs(power - (1 / 3 - np.sqrt(3) / (4 * np.pi))) < 0.02  # that of a clipped sine


@everywhere
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_c_project_predicts_the_same_bits(found, dtype, tmp_path):
    net = Network([3, 20, 2], activation="tanh", dtype=dtype, seed=5)
    net.save(tmp_path / "net")
    rows = np.random.default_rng(0).normal(size=(7, 3))
    folder = examples(tmp_path / "build", "-DWITH_CXX=OFF", *found)
    numbers = "\n".join(" ".join(map(repr, row)) for row in rows.tolist())
    output = run([folder / "predict", tmp_path / "net"], input=numbers)
    assert fingerprint(output) == net.fingerprint()
    predicted = np.array([line.split() for line in output.splitlines()[1:]], dtype=float)
    np.testing.assert_array_equal(predicted, net.predict(rows).astype(float))
    classes = Network([3, 2], loss="cross_entropy", dtype=dtype, seed=6)
    classes.save(tmp_path / "classes")
    output = run([folder / "predict", tmp_path / "classes"], input=numbers)
    assert list(map(int, output.split()[2:])) == classes.predict(rows).tolist()
    for rows in ("1 2", "1 2 3\n4 5\n6", "1 2 3 4"):
        with pytest.raises(RuntimeError, match=r"line \d: expected 3 numbers, got [24]"):
            run([folder / "predict", tmp_path / "net"], input=rows)
    with pytest.raises(RuntimeError, match="got 1 and something else"):
        run([folder / "predict", tmp_path / "net"], input="1 two 3")
    with pytest.raises(RuntimeError, match="nothing: cannot read: no such file"):
        run([folder / "predict", tmp_path / "nothing"], input="")


@everywhere
def test_a_c_project_trains_to_the_same_bits(found, tmp_path):
    folder = examples(tmp_path / "build", "-DWITH_CXX=OFF", *found)
    net, optimizer = Network([2, 3, 1], seed=0), SGD(0.1)
    history = net.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], epochs=10_000, optimizer=optimizer)
    output = run([folder / "train", tmp_path / "net"])
    assert fingerprint(output) == net.fingerprint()
    assert f"loss {history.loss[-1]:.6f}, first {history.loss[0]:.6f}" in output
    assert (tmp_path / "net").read_bytes() == net.to_bytes(optimizer=optimizer)
    with pytest.raises(RuntimeError, match="train: cannot write: no such file"):
        run([folder / "train", tmp_path / "no" / "folder"])


@everywhere
def test_fortran_programs_give_the_same_bits(found, tmp_path):
    compiler = needed("gfortran")
    options = ["-DWITH_CXX=OFF", "-DWITH_FORTRAN=ON", f"-DCMAKE_Fortran_COMPILER={compiler}"]
    folder = examples(tmp_path / "build", *options, f"-DCMAKE_Fortran_FLAGS=-std=f2018 {WARNINGS}", *found)
    for net in (Network([3, 20, 2], dtype="float32", seed=5), Network([3, 20, 2], loss="cross_entropy", seed=6)):
        net.save(tmp_path / "net")
        output = run([folder / "predict_fortran", tmp_path / "net"], input="0.1 0.2 0.3\n-1 0 1\n")
        assert fingerprint(output) == net.fingerprint()
        predicted = np.array([line.split() for line in output.splitlines()[1:]], dtype=float)
        np.testing.assert_array_equal(predicted.squeeze(), net.predict([[0.1, 0.2, 0.3], [-1, 0, 1]]).astype(float))
    for rows in ("1 2", "1 2 3\n4 5\n6", "1 2 3 4", "1 two 3", "1 2 /", "3*1"):
        with pytest.raises(RuntimeError, match=r"line \d: expected 3 numbers, got '"):
            run([folder / "predict_fortran", tmp_path / "net"], input=rows)
    output = run([folder / "column"], cwd=tmp_path)
    error, size = map(float, re.findall(r"(\d+\.\d+) K per day", output))
    assert error < size / 10
    assert Network.load(tmp_path / "column.netlet").fingerprint() == fingerprint(output)
