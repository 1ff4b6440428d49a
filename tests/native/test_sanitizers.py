# SPDX-License-Identifier: BSD-3-Clause
"""Core and native tests under sanitizers."""

import pytest

import toolchains

pytestmark = pytest.mark.builds


@pytest.mark.parametrize("sanitizers", ["address,undefined", "thread"])
def test_the_native_tests_pass(tmp_path, sanitizers):
    options = [f"-DNETLET_SANITIZE={sanitizers}", "-DNETLET_OPTIMIZE=-O1", "-DCMAKE_CXX_FLAGS_RELEASE=-O1"]
    toolchains.ctest(toolchains.build(tmp_path, *options))
