# SPDX-License-Identifier: BSD-3-Clause
"""The core on processors that this machine is not, under emulators, and with faults: ``pytest -m builds``."""

import os
import re
import shutil
import sys
from pathlib import Path

import netlet
import numpy as np
import pytest

import toolchains
from matrix import FAULTS
from toolchains import ROOT, run

pytestmark = pytest.mark.builds


def installed(found, name):
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.fixture(scope="module")
def old_x86():
    return installed(toolchains.old_x86(), "qemu-x86_64 (Debian: qemu-user)")


@pytest.fixture(scope="module")
def aarch64(tmp_path_factory):
    toolchain = installed(
        toolchains.aarch64(), "aarch64-linux-gnu-g++ or qemu-aarch64 (Debian: g++-aarch64-linux-gnu, qemu-user)"
    )
    return toolchains.build(tmp_path_factory.mktemp("aarch64"), *toolchain.options)


NATIVE = [
    "test_c",
    "test_emulated_fma",
    "test_files",
    "test_floating_point",
    "fuzz_files",
    "test_kernels",
    "test_network",
    "test_random",
    "test_realtime",
]
REALTIME_FAULTS = 3


def test_the_native_tests_pass_on_aarch64(aarch64):
    """All but those of threads that share a network, which emulated threads take minutes for."""
    output = run([toolchains.tool("ctest"), "--test-dir", aarch64, "--output-on-failure", "-E", "test_sharing"])
    assert re.search(rf"100% tests passed.* out of {len(NATIVE) + REALTIME_FAULTS + 2}\n", output)


@pytest.mark.parametrize(
    ("system", "needed", "faults"), [("Windows", "wine or ziglang", 0), ("musl", "ziglang", REALTIME_FAULTS)]
)
def test_the_native_tests_pass_on_other_systems(system, needed, faults, tmp_path):
    """As far as Wine is Windows; without test_emulated_fma, as the fma of neither C library rounds as it should."""
    options = installed(toolchains.other_system(system), needed)
    build = toolchains.build(tmp_path / "build", *options)
    output = run([toolchains.tool("ctest"), "--test-dir", build, "--output-on-failure", "-E", "test_emulated_fma"])
    assert re.search(rf"100% tests passed.* out of {len(NATIVE) + faults + 2}\n", output)


def test_the_library_builds_for_macos(tmp_path):
    """Nothing here can run it."""
    options = installed(toolchains.other_system("macOS"), "ziglang")
    build = toolchains.build(tmp_path / "build", *options, "-DNETLET_BUILD_SHARED=ON", target="netlet_shared")
    assert (build / "libnetlet.dylib").read_bytes()[:4] == b"\xcf\xfa\xed\xfe"  # a Mach-O file


@pytest.mark.parametrize("program", ["exactness", "fma", "peak", "xor"])
def test_the_programs_of_the_benchmarks_build(program, tmp_path):
    options = ["-DNETLET_BUILD_TESTS=OFF", "-DNETLET_BUILD_BENCHMARKS=ON", f"-DNETLET_FREED_ISA={netlet.isa()}"]
    assert (toolchains.build(tmp_path, *options, target=program) / program).exists()


def test_an_allocation_in_the_core_s_real_time_path_is_found(tmp_path):
    shutil.copytree(ROOT / "cpp", tmp_path / "cpp")
    shutil.copytree(ROOT / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "CMakeLists.txt", tmp_path)
    source = tmp_path / "cpp/src/compute/forward.cpp"
    text = source.read_text()
    right = "  forward_alone(net, x, out, layout, static_cast<T*>(workspace));\n"
    assert text.count(right) == 1
    build = toolchains.build(tmp_path / "right", source=tmp_path, target="test_realtime")
    assert "0 failed" in run([build / "cpp/tests/test_realtime"])
    source.write_text(text.replace(right, "  void* volatile p = malloc(1);\n  free(p);\n" + right))
    build = toolchains.build(tmp_path / "wrong", source=tmp_path, target="test_realtime")
    with pytest.raises(RuntimeError, match="failed: g_allocations == 0"):
        run([build / "cpp/tests/test_realtime"])


def test_the_aarch64_compiler_fuses_no_multiplication_and_addition_by_itself(aarch64):
    objdump = installed(toolchains.tool("aarch64-linux-gnu-objdump"), "aarch64-linux-gnu-objdump")
    assert toolchains.fused_instructions(aarch64, "neon", objdump) == 0
    assert toolchains.fused_instructions(aarch64, "neon", objdump, "-ffp-contract=fast") > 0


def test_the_native_tests_pass_on_an_x86_64_without_avx(old_x86, tmp_path):
    build = toolchains.build(tmp_path)
    for name in NATIVE:
        output = run([*old_x86.emulator, build / "cpp/tests" / name])
        assert re.search(r"^[1-9]\d* passed, 0 failed\n\Z", output, flags=re.MULTILINE), name


def test_python_gives_the_golden_fingerprints_on_an_x86_64_without_avx(old_x86):
    code = """if True:
        import sys
        import netlet
        from netlet import reference
        sys.path.insert(0, sys.argv[1])
        import golden
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
    folders = {str(Path(module.__file__).parents[1]) for module in (np, sys.modules["netlet"])}
    environment["PYTHONPATH"] = os.pathsep.join(folders)
    output = run([*old_x86.emulator, sys.executable, "-c", code, ROOT / "tests"], env=environment)
    assert output == "all the same\n"


@pytest.mark.parametrize("fault", FAULTS)
def test_the_matrix_finds_a_fault(fault):
    command = [sys.executable, ROOT / "tests/matrix.py", "--fault", fault, "--compilers", "g++", "--levels", "1"]
    with pytest.raises(RuntimeError, match=r"[1-9]\d* cells DIFFER from golden.txt"):
        run(command)
