# SPDX-License-Identifier: BSD-3-Clause
"""Says in the head of each run what it tests (NETLET_ISA and NETLET_NUM_THREADS choose), and has
the common fixtures."""

import fcntl
import os
import signal
import zlib

import netlet
import numpy as np
import pytest
from netlet import Network, _core

pytest.register_assert_rewrite("helpers")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a shell's background jobs ignore it
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header():
    return f"netlet {netlet.__version__}: instruction set {netlet.isa()}, {netlet.get_num_threads()} threads"


def pytest_addoption(parser):
    parser.addoption("--repeat", type=int, default=1, metavar="COUNT", help="run each test COUNT times")


def pytest_generate_tests(metafunc):
    count = metafunc.config.getoption("repeat")
    if count > 1:
        metafunc.fixturenames.append("repetition")
        metafunc.parametrize("repetition", range(count))


def pytest_collection_modifyitems(items):
    """Tests that try every instruction set themselves do not depend on NETLET_ISA."""
    for item in items:
        if {"isa", "every_isa"} & set(item.fixturenames):
            item.add_marker("any_isa")


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """once(name, make) is a folder that make(folder) has filled, once for all processes of a run."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder_of(name, make):
        folder = base / name
        with (base / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "made").exists():
                make(folder)
                (folder / "made").touch()
        return folder

    return folder_of


@pytest.fixture
def rng(request):
    """Random numbers of a test's own, whatever ran before it."""
    return np.random.default_rng(zlib.crc32(request.node.name.encode()))


@pytest.fixture
def every_isa():
    """Run a function on each instruction set, and prove that it is in use."""
    before = netlet.isa()

    def run(check):
        for name in netlet.available_isas():
            _core.set_isa(name)
            assert netlet.isa() == name
            check()

    yield run
    _core.set_isa(before)


@pytest.fixture
def set_num_threads():
    """`netlet.set_num_threads`, for one test."""
    before = netlet.get_num_threads()
    yield netlet.set_num_threads
    netlet.set_num_threads(before)


@pytest.fixture
def net():
    return Network([4, 5, 3], seed=2)


@pytest.fixture
def classifier():
    return Network([4, 5, 3], loss="cross_entropy", seed=2)


@pytest.fixture
def binary():
    return Network([4, 5, 3], loss="binary_cross_entropy", seed=2)
