# SPDX-License-Identifier: BSD-3-Clause
"""Core and native tests under sanitizers."""

import pytest

import toolchains

pytestmark = pytest.mark.builds


def native_tests(folder, sanitizers, *compiler):
    options = [f"-DNETLET_SANITIZE={sanitizers}", "-DNETLET_OPTIMIZE=-O1", "-DCMAKE_CXX_FLAGS_RELEASE=-O1"]
    toolchains.ctest(toolchains.build(folder, *options, *compiler))


@pytest.mark.parametrize("sanitizers", ["address,undefined", "thread"])
def test_the_native_tests_pass(tmp_path, sanitizers):
    native_tests(tmp_path, sanitizers)


def test_the_native_tests_pass_with_clang(tmp_path):
    """Its sanitizer of undefined behaviour sees more than GCC's, such as arithmetic on null pointers."""
    if not toolchains.tool("clang++"):
        pytest.skip("there is no Clang")
    compiler = ["-DCMAKE_C_COMPILER=clang", "-DCMAKE_CXX_COMPILER=clang++"]
    native_tests(tmp_path, "address,undefined", *compiler)
