# SPDX-License-Identifier: BSD-3-Clause
"""The ways in which a user's build finds netlet: CMake, pkg-config, its sources, another Python package."""

import os
import sys
import zipfile
from pathlib import Path

import netlet
import pytest
from netlet import Network

import toolchains
from helpers.native import EXAMPLES, fingerprint, install
from helpers.tools import needed
from toolchains import ROOT, run

pytestmark = pytest.mark.builds


@pytest.mark.parametrize("kind", ["static", "shared", "wheel"])
def test_pkg_config_says_how_to_link(kind, request, tmp_path):
    needed("pkg-config")
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
    run([needed("cc", "gcc"), EXAMPLES / "predict.c", "-o", tmp_path / "predict", *flags])
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
    toolchains.configure(tmp_path, tmp_path / "build", "-DNETLET_OPTIMIZE=-O0")  # only its bits matter here
    run([needed("cmake"), "--build", tmp_path / "build"])
    assert fingerprint(run([tmp_path / "build" / "xor"])) == trained["xor"]
    run([needed("cmake"), "--install", tmp_path / "build", "--prefix", tmp_path / "prefix"])
    files = [path.name for path in (tmp_path / "prefix").rglob("*") if path.is_file()]
    assert files == ["xor"]  # nothing of netlet's tests, libraries or headers


def test_fortran_is_a_part_of_a_larger_build(tmp_path):
    compiler = needed("gfortran")
    text = PROJECT.format(find=f'add_subdirectory("{ROOT.as_posix()}" netlet)', languages="C CXX Fortran", examples="")
    for old, new in (("/xor.cpp", f"{EXAMPLES}/predict.f90"), ("PRIVATE netlet::netlet", "PRIVATE netlet::fortran")):
        text = text.replace(old, new)
    (tmp_path / "CMakeLists.txt").write_text(text)
    options = ["-DNETLET_OPTIMIZE=-O0", f"-DCMAKE_Fortran_COMPILER={compiler}"]
    toolchains.configure(tmp_path, tmp_path / "build", *options)
    run([needed("cmake"), "--build", tmp_path / "build"])
    net = Network([2, 1], seed=0)
    net.save(tmp_path / "net")
    assert fingerprint(run([tmp_path / "build" / "xor", tmp_path / "net"], input="")) == net.fingerprint()


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
    compiler = needed("gfortran")
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
    run([needed("cmake"), "--build", tmp_path / "build"])
    dynamic = run([needed("readelf"), "--dynamic", tmp_path / "build" / "xor"])
    version = ".".join(netlet.__version__.split(".")[:2])
    assert (f"libnetlet.so.{version}]" in dynamic) == (component == "shared")


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
