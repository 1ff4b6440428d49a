# SPDX-License-Identifier: BSD-3-Clause
"""What is built for native tests."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from netlet import Adam, Network

import toolchains
from helpers.native import install
from helpers.tools import installed
from toolchains import ROOT


@pytest.fixture(scope="session")
def cmakedir():
    """Where the installed package has what CMake needs."""
    result = subprocess.run([sys.executable, "-m", "netlet", "--cmakedir"], capture_output=True, text=True, check=False)
    if result.returncode:
        pytest.skip(result.stderr.strip())
    return Path(result.stdout.strip())


@pytest.fixture(scope="session")
def programs(once, cmakedir):
    """The native tests, linked with the installed package's library."""
    if not toolchains.tool("cmake") or not toolchains.tool("ninja"):
        pytest.skip("CMake or Ninja is not installed")
    return once("programs", lambda f: toolchains.build(f, f"-Dnetlet_DIR={cmakedir}", source=ROOT / "cpp/tests"))


@pytest.fixture(scope="session")
def build(once):
    """A build of the whole: static and shared library, native tests."""
    return once("build", lambda folder: toolchains.build(folder, "-DNETLET_BUILD_SHARED=ON"))


@pytest.fixture(scope="session")
def aarch64(once):
    """A build for 64-bit ARM."""
    needs = "aarch64-linux-gnu-g++ or qemu-aarch64 (Debian: g++-aarch64-linux-gnu, qemu-user)"
    toolchain = installed(toolchains.aarch64(), needs)
    return once("aarch64", lambda folder: toolchains.build(folder, *toolchain.options))


@pytest.fixture(scope="session")
def prefix(build, tmp_path_factory):
    """An installation that was moved after it was made."""
    made = install(build, tmp_path_factory.mktemp("install") / "made")
    return Path(shutil.move(made, made.with_name("moved to a folder with blanks")))


@pytest.fixture(scope="session")
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
