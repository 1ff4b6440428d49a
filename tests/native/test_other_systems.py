# SPDX-License-Identifier: BSD-3-Clause
"""Other operating systems, as far as zig's compiler and Wine can stand in for them."""

import pytest

import toolchains
from helpers.tools import installed

pytestmark = pytest.mark.builds


@pytest.mark.parametrize(("system", "needs"), [("Windows", "wine or ziglang"), ("musl", "ziglang")])
def test_the_native_tests_pass(system, needs, tmp_path):
    """As far as Wine is Windows; without test_emulated_fma, as the fma of neither C library rounds as it should."""
    options = installed(toolchains.other_system(system), needs)
    build = toolchains.build(tmp_path / "build", *options, "-DNETLET_OPTIMIZE=-O1")
    toolchains.ctest(build, "-E", "test_emulated_fma")


def test_the_library_builds_for_macos(tmp_path):
    """Nothing here can run it."""
    options = installed(toolchains.other_system("macOS"), "ziglang")
    build = toolchains.build(
        tmp_path / "build", *options, "-DNETLET_BUILD_SHARED=ON", "-DNETLET_OPTIMIZE=-O1", target="netlet_shared"
    )
    assert (build / "libnetlet.dylib").read_bytes()[:4] == b"\xcf\xfa\xed\xfe"  # a Mach-O file
