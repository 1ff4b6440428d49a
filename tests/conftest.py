# SPDX-License-Identifier: BSD-3-Clause
"""Says in the head of each run what it tests (NETLET_ISA and NETLET_NUM_THREADS choose), and builds the core once."""

import netlet
import pytest

import toolchains


def pytest_report_header():
    return f"netlet {netlet.__version__}: instruction set {netlet.isa()}, {netlet.get_num_threads()} threads"


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """A build folder with the libraries and the native tests."""
    return toolchains.build(tmp_path_factory.mktemp("native"), "-DNETLET_BUILD_SHARED=ON")
