# SPDX-License-Identifier: BSD-3-Clause
"""The compiler does not fuse multiplications and additions by itself; one that may is found out."""

import netlet
import pytest

import toolchains
from helpers.tools import needed

pytestmark = pytest.mark.builds


@pytest.mark.parametrize("isa", [isa for isa in netlet.available_isas() if isa != "baseline"])
def test_no_instruction_is_fused(build, isa):
    assert toolchains.fused_instructions(build, isa, needed("objdump")) == 0


def test_a_compiler_that_may_fuse_them_is_found_out(build):
    isa = netlet.available_isas()[0]
    if isa == "baseline":
        pytest.skip("this processor has no fma")
    assert toolchains.fused_instructions(build, isa, needed("objdump"), "-ffp-contract=fast") > 0


def test_the_aarch64_compiler_fuses_none_either(aarch64):
    objdump = needed("aarch64-linux-gnu-objdump")
    assert toolchains.fused_instructions(aarch64, "neon", objdump) == 0
    assert toolchains.fused_instructions(aarch64, "neon", objdump, "-ffp-contract=fast") > 0
