# SPDX-License-Identifier: BSD-3-Clause
"""The native tests pass on the library that the installed package brings."""

import os

import netlet
import pytest
from netlet import _golden as golden

import toolchains


def test_the_native_tests_pass(programs):
    toolchains.ctest(programs)


@pytest.mark.parametrize("threads", ["1", "5"])
@pytest.mark.parametrize("isa", netlet.available_isas())
def test_networks_trained_from_cpp_have_the_golden_fingerprints(programs, isa, threads):
    command = [programs / "golden", golden.PATH, threads]
    passed = f"{2 * len(golden.read())} passed, 0 failed\n"
    assert toolchains.run(command, env={**os.environ, "NETLET_ISA": isa}) == passed
