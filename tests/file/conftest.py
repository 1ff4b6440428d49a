# SPDX-License-Identifier: BSD-3-Clause
"""What tests of files share."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest


@pytest.fixture
def path(tmp_path):
    return tmp_path / "network.netlet"


@pytest.fixture
def safetensors():
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.importorskip("safetensors", reason="safetensors has no wheels for free-threaded Python yet")
    import safetensors.numpy

    return safetensors


@pytest.fixture(scope="session")
def failing_disk(tmp_path_factory):
    """A library to preload, see failing_disk.c."""
    if sys.platform != "linux" or not shutil.which("cc"):
        pytest.skip("needs Linux and a C compiler")
    library = tmp_path_factory.mktemp("failing_disk") / "failing_disk.so"
    source = Path(__file__).with_name("failing_disk.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
    return library
