# SPDX-License-Identifier: BSD-3-Clause
"""What tests of files share."""

import sysconfig

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
