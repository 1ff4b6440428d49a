# SPDX-License-Identifier: BSD-3-Clause
"""Native programs on an installed netlet: from ``cmake --install`` and from this Python's own netlet, as users do."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import netlet
import numpy as np
import pytest
from netlet import SGD, Adam, Network

import toolchains
from toolchains import ROOT, run

EXAMPLES = ROOT / "examples" / "native"
WARNINGS = "-Wall -Wextra -Werror"


def tool(*names):
    for name in names:
        if found := toolchains.tool(name):
            return found
    pytest.skip(f"{names[0]} is not installed")


def install(build, prefix):
    for component in ("netlet_Development", "netlet_Runtime"):
        run([tool("cmake"), "--install", build, "--prefix", prefix, "--component", component])
    return prefix


@pytest.fixture(scope="module")
def prefix(build, tmp_path_factory):
    """An installation that was moved after it was made."""
    made = install(build, tmp_path_factory.mktemp("install") / "made")
    return Path(shutil.move(made, made.with_name("moved to a folder with blanks")))


@pytest.fixture(scope="module")
def cmakedir():
    result = subprocess.run([sys.executable, "-m", "netlet", "--cmakedir"], capture_output=True, text=True, check=False)
    if result.returncode:
        pytest.skip(result.stderr.strip())
    return Path(result.stdout.strip())


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
    run([tool("cmake"), "--build", folder])
    return folder


def fingerprint(output):
    return re.search(r"fingerprint +(\w{64})$", output, flags=re.MULTILINE)[1]


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    datasets = pytest.importorskip("sklearn.datasets")
    path = tmp_path_factory.mktemp("digits") / "digits.csv"
    data = datasets.load_digits()
    np.savetxt(path, np.column_stack([data.data, data.target]), "%d", ",")
    return path


@pytest.fixture(scope="module")
def trained():
    """What examples/native/xor.cpp and digits.cpp train, trained here."""
    xor = Network([2, 3, 1], seed=0)
    xor.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], epochs=10_000, learning_rate=0.1)
    images, labels = pytest.importorskip("sklearn.datasets").load_digits(return_X_y=True)
    training = np.arange(len(labels)) % 4 != 0
    settings = {"activation": "relu", "loss": "cross_entropy", "reduction": "mean", "init": "he_uniform"}
    digits = Network([64, 100, 10], seed=0, **settings)
    digits.fit(images[training] / 16, labels[training], epochs=50, batch_size=32, optimizer=Adam(0.003))
    return {"xor": xor.fingerprint(), "digits": digits.fingerprint()}


@everywhere
@pytest.mark.parametrize("compilers", [("gcc", "g++"), ("clang", "clang++")])
def test_programs_print_what_python_prints(found, compilers, tmp_path, digits, trained):
    c, cxx = map(tool, compilers)
    folder = examples(tmp_path / "build", f"-DCMAKE_C_COMPILER={c}", f"-DCMAKE_CXX_COMPILER={cxx}", *found)
    assert fingerprint(run([folder / "xor"])) == trained["xor"]
    assert fingerprint(run([folder / "digits", digits, tmp_path / "digits.netlet"])) == trained["digits"]
    assert Network.load(tmp_path / "digits.netlet").fingerprint() == trained["digits"]
    assert "mean power" in run([folder / "realtime"])


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
    np.testing.assert_array_equal(predicted, net.forward(rows).astype(float))
    for rows in ("1 2", "1 2 3\n4 5\n6", "1 2 3 4"):
        with pytest.raises(RuntimeError, match=r"line \d: expected 3 numbers, got [24]"):
            run([folder / "predict", tmp_path / "net"], input=rows)
    with pytest.raises(RuntimeError, match="got 1 and something else"):
        run([folder / "predict", tmp_path / "net"], input="1 two 3")
    with pytest.raises(RuntimeError, match="nothing: cannot read: there is no such file"):
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
    with pytest.raises(RuntimeError, match="train: cannot write: there is no such file"):
        run([folder / "train", tmp_path / "no" / "folder"])


@everywhere
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_fortran_program_predicts_the_same_bits(found, dtype, tmp_path):
    net = Network([3, 20, 2], dtype=dtype, seed=5)
    net.save(tmp_path / "net")
    compiler = tool("gfortran")
    options = ["-DWITH_CXX=OFF", "-DWITH_FORTRAN=ON", f"-DCMAKE_Fortran_COMPILER={compiler}"]
    folder = examples(tmp_path / "build", *options, *found)
    output = run([folder / "predict_fortran", tmp_path / "net"], input="0.1 0.2 0.3\n-1 0 1\n")
    assert fingerprint(output) == net.fingerprint()
    predicted = np.array([line.split() for line in output.splitlines()[1:]], dtype=float)
    np.testing.assert_array_equal(predicted, net.forward([[0.1, 0.2, 0.3], [-1, 0, 1]]).astype(float))
    for rows in ("1 2", "1 2 3\n4 5\n6", "1 2 3 4", "1 two 3", "1 2 /", "3*1"):
        with pytest.raises(RuntimeError, match=r"line \d: expected 3 numbers, got '"):
            run([folder / "predict_fortran", tmp_path / "net"], input=rows)


@pytest.mark.parametrize("kind", ["static", "shared", "wheel"])
def test_pkg_config_says_how_to_link(kind, request, tmp_path):
    tool("pkg-config")
    environment = dict(os.environ)
    if kind == "wheel":
        request.getfixturevalue("cmakedir")
        folder = Path(run([sys.executable, "-m", "netlet", "--pkgconfigdir"]).strip())
    else:
        prefix = install(request.getfixturevalue("build"), tmp_path / "prefix")
        (folder,) = prefix.glob("lib*/pkgconfig")
        environment["LD_LIBRARY_PATH"] = str(folder.parent)
        if kind == "static":
            for library in folder.parent.glob("libnetlet.so*"):
                library.unlink()
    environment["PKG_CONFIG_PATH"] = str(folder)
    options = ["--static"] if kind == "static" else []
    assert run(["pkg-config", "--modversion", "netlet"], env=environment).strip() == netlet.__version__
    flags = run(["pkg-config", "--cflags", "--libs", *options, "netlet"], env=environment).split()
    run([tool("cc", "gcc"), EXAMPLES / "predict.c", "-o", tmp_path / "predict", *flags])
    net = Network([2, 1], seed=0)
    net.save(tmp_path / "net")
    assert fingerprint(run([tmp_path / "predict", tmp_path / "net"], input="", env=environment)) == net.fingerprint()


PROJECT = """
cmake_minimum_required(VERSION 3.21)
project(user LANGUAGES {languages})
{find}
add_executable(xor "{examples}/xor.cpp")
target_link_libraries(xor PRIVATE netlet::netlet)
install(TARGETS xor)
"""


@pytest.mark.parametrize(
    "find",
    [
        f'add_subdirectory("{ROOT.as_posix()}" netlet)',
        f'include(FetchContent)\nFetchContent_Declare(netlet SOURCE_DIR "{ROOT.as_posix()}")\n'
        "FetchContent_MakeAvailable(netlet)",
    ],
    ids=["add_subdirectory", "FetchContent"],
)
def test_the_sources_are_a_part_of_a_larger_build(find, tmp_path, trained):
    (tmp_path / "CMakeLists.txt").write_text(PROJECT.format(find=find, languages="CXX", examples=EXAMPLES))
    toolchains.configure(tmp_path, tmp_path / "build")
    run([tool("cmake"), "--build", tmp_path / "build"])
    assert fingerprint(run([tmp_path / "build" / "xor"])) == trained["xor"]
    run([tool("cmake"), "--install", tmp_path / "build", "--prefix", tmp_path / "prefix"])
    installed = [path.name for path in (tmp_path / "prefix").rglob("*") if path.is_file()]
    assert installed == ["xor"]  # nothing of netlet's tests, libraries or headers


@pytest.mark.parametrize(
    ("find", "message"),
    [
        ("find_package(netlet 9 CONFIG REQUIRED)", "requested version"),
        ("find_package(netlet 0.0.1 CONFIG REQUIRED)", "requested version"),
        ("find_package(netlet CONFIG REQUIRED COMPONENTS gpu)", "gpu"),
    ],
)
def test_what_is_not_there_is_not_found(prefix, find, message, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text(PROJECT.format(find=find, languages="CXX", examples=EXAMPLES))
    with pytest.raises(RuntimeError, match=message):
        toolchains.configure(tmp_path, tmp_path / "build", f"-Dnetlet_ROOT={prefix}")


def test_a_project_without_c_is_told_to_add_it(prefix, tmp_path):
    compiler = tool("gfortran")
    (tmp_path / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.21)\nproject(user LANGUAGES Fortran)\nfind_package(netlet CONFIG REQUIRED)"
    )
    with pytest.raises(RuntimeError, match="C or CXX among the LANGUAGES"):
        toolchains.configure(
            tmp_path, tmp_path / "build", f"-Dnetlet_ROOT={prefix}", f"-DCMAKE_Fortran_COMPILER={compiler}"
        )


@pytest.mark.parametrize("component", ["static", "shared"])
def test_a_component_chooses_the_library(prefix, component, tmp_path):
    find = f"find_package(netlet {netlet.__version__} CONFIG REQUIRED COMPONENTS {component})"
    (tmp_path / "CMakeLists.txt").write_text(PROJECT.format(find=find, languages="CXX", examples=EXAMPLES))
    toolchains.configure(tmp_path, tmp_path / "build", f"-Dnetlet_ROOT={prefix}")
    run([tool("cmake"), "--build", tmp_path / "build"])
    needed = run([tool("readelf"), "--dynamic", tmp_path / "build" / "xor"])
    version = ".".join(netlet.__version__.split(".")[:2])
    assert (f"libnetlet.so.{version}]" in needed) == (component == "shared")


def test_another_package_builds_on_the_wheel(cmakedir, tmp_path, trained):
    """By scikit-build-core's entry point: the package names nothing but netlet."""
    pytest.importorskip("scikit_build_core")
    find = "find_package(netlet CONFIG REQUIRED)"
    text = PROJECT.format(find=find, languages="CXX", examples=EXAMPLES.as_posix())
    (tmp_path / "CMakeLists.txt").write_text(text.replace("(TARGETS xor)", "(TARGETS xor DESTINATION user)"))
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["scikit-build-core", "netlet"]\nbuild-backend = "scikit_build_core.build"\n'
        '[project]\nname = "user"\nversion = "1"\n'
    )
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-build-isolation", "--no-deps", "--no-index"]
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("SKBUILD", "CMAKE"))}
    run([*command, ".", "-w", "dist"], cwd=tmp_path, env=environment)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        program = Path(archive.extract("user/xor", tmp_path / "unpacked"))
    program.chmod(0o755)
    assert fingerprint(run([program])) == trained["xor"]


def test_the_folders_of_the_wheel_hold_what_they_say(cmakedir):
    folders = {
        name: Path(run([sys.executable, "-m", "netlet", f"--{name}"]).strip())
        for name in ("includedir", "libdir", "pkgconfigdir")
    }
    assert (cmakedir / "netletConfig.cmake").is_file()
    assert (folders["includedir"] / "netlet" / "netlet.hpp").is_file()
    assert list(folders["libdir"].glob("*netlet*"))
    assert (folders["pkgconfigdir"] / "netlet.pc").is_file()
