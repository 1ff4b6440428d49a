# SPDX-License-Identifier: BSD-3-Clause
"""The native tests pass on the library that the installed package brings."""

import os
import re

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


def test_every_call_that_can_fail_is_made_at_random_and_without_memory():
    header = (toolchains.ROOT / "cpp/include/netlet/netlet.h").read_text()
    calls = set(re.findall(r"^NETLET_API netlet_status (netlet_\w+)\(", header, flags=re.MULTILINE))
    assert len(calls) > 30
    for name in ("fuzz_calls", "test_out_of_memory"):
        source = (toolchains.ROOT / f"cpp/tests/network/{name}.cpp").read_text()
        assert calls <= set(re.findall(r"\b(netlet_\w+)\(", source)), name
