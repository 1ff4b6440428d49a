# SPDX-License-Identifier: BSD-3-Clause
"""Other processors, under emulators."""

import os
import re
import sys
from pathlib import Path

import netlet
import numpy as np
import pytest

import toolchains
from helpers.tools import installed
from toolchains import NATIVE_TESTS, run

pytestmark = pytest.mark.builds


@pytest.fixture(scope="module")
def old_x86():
    return installed(toolchains.old_x86(), "qemu-x86_64 (Debian: qemu-user)")


def test_the_native_tests_pass_on_aarch64(aarch64):
    """All but those of threads that share a network, which emulated threads take minutes for."""
    toolchains.ctest(aarch64, "-E", "test_sharing")


def test_the_native_tests_pass_on_an_x86_64_without_avx(old_x86, programs):
    for name in NATIVE_TESTS:
        output = run([*old_x86.emulator, programs / name])
        assert re.search(r"^[1-9]\d* passed, 0 failed\n\Z", output, flags=re.MULTILINE), name


def test_python_gives_the_golden_fingerprints_on_an_x86_64_without_avx(old_x86):
    code = """if True:
        import netlet
        from netlet import reference
        from netlet import _golden as golden
        assert [netlet.isa()] == list(netlet.available_isas()) == ["baseline"]
        for case in golden.read():
            for threads in (1, 2):
                netlet.set_num_threads(threads)
                assert case.train(netlet) == (case.fingerprint, case.loss), case.name
        case = golden.read()[0]
        assert case.train(reference) == (case.fingerprint, case.loss), case.name
        print("all the same")
    """
    # the folders, as an emulated interpreter does not find its virtual environment
    environment = {k: v for k, v in os.environ.items() if not k.startswith("NETLET_")}
    folders = {str(Path(module.__file__).parents[1]) for module in (np, netlet)}
    environment["PYTHONPATH"] = os.pathsep.join(folders)
    output = run([*old_x86.emulator, sys.executable, "-c", code], env=environment)
    assert output == "all the same\n"
