# SPDX-License-Identifier: BSD-3-Clause
"""The native programs of the benchmarks build."""

import netlet
import pytest

import toolchains

pytestmark = pytest.mark.builds
PROGRAMS = ["exactness", "fma", "peak", "xor"]


def test_they_build(tmp_path):
    options = ["-DNETLET_BUILD_TESTS=OFF", "-DNETLET_BUILD_BENCHMARKS=ON", "-DNETLET_OPTIMIZE=-O1"]
    build = toolchains.build(tmp_path, *options, f"-DNETLET_FREED_ISA={netlet.isa()}", target=" ".join(PROGRAMS))
    assert all((build / program).exists() for program in PROGRAMS)
