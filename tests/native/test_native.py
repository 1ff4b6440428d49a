# SPDX-License-Identifier: BSD-3-Clause
"""Builds the core and its native tests with CMake, runs them, and looks at what was built."""

import os
import re
import sys

import netlet
import pytest

import golden
import toolchains
from toolchains import ROOT, run


def tool(name):
    found = toolchains.tool(name)
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def ctest(folder):
    output = run([tool("ctest"), "--test-dir", folder, "--output-on-failure"])
    assert re.search(r"100% tests passed.* out of [1-9]", output), output


def test_the_native_tests_pass(build):
    ctest(build)


@pytest.mark.parametrize("sanitizers", ["address,undefined", "thread"])
def test_the_native_tests_pass_under_sanitizers(tmp_path, sanitizers):
    options = [f"-DNETLET_SANITIZE={sanitizers}", "-DNETLET_OPTIMIZE=-O1"]  # -O3 takes minutes here
    ctest(toolchains.build(tmp_path, *options))


def test_the_program_of_the_readme_prints_what_the_example_prints(build, tmp_path):
    (program,) = re.findall(r"^```cpp\n(.*?)^```$", (ROOT / "README.md").read_text(), flags=re.MULTILINE | re.DOTALL)
    source = tmp_path / "program.cpp"
    source.write_text(program)
    libraries = [build / "libnetlet.a", "-pthread", "-lm"]
    strict = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Wold-style-cast", "-Werror"]
    options = ["-std=c++17", *strict, "-I", ROOT / "cpp/include"]
    run([tool("c++"), *options, source, "-o", tmp_path / "program", *libraries])
    example = run([sys.executable, ROOT / "examples/xor.py"])
    assert f"fingerprint {run([tmp_path / 'program'], cwd=tmp_path)}" in example


def symbols(nm, file, *options):
    return run([nm, *options, file]).splitlines()


LIBC_AND_THREADS = {
    *("clock_gettime", "free", "getenv", "malloc", "memcmp", "memcpy", "memmove", "memset", "posix_memalign"),
    *("sched_getaffinity", "sched_yield", "sigfillset", "snprintf", "sqrt", "strcat", "strcmp", "strcpy", "strlen"),
    *("close", "fchmod", "fchown", "fstat", "fsync", "getpid", "lstat", "open", "read", "realpath", "rename", "stat"),
    *("strrchr", "unlink", "write", "__errno_location"),
    *("strtol", "sysconf", "vsnprintf", "__sched_cpucount", "__isoc23_strtol", "stpcpy"),
    *("pthread_atfork", "pthread_cond_broadcast", "pthread_cond_wait", "pthread_create", "pthread_detach"),
    *("pthread_mutex_lock", "pthread_mutex_unlock", "pthread_sigmask"),
    *("_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail"),
    *("__memcpy_chk", "__memset_chk", "__snprintf_chk", "__strcat_chk", "__vsnprintf_chk"),  # fortified builds
}


def test_the_core_needs_nothing_but_libc_libm_and_threads(build):
    lines = symbols(tool("nm"), build / "libnetlet.a", "--extern-only")
    defined = {line.split()[-1] for line in lines if re.search(r" [A-TV-Z] ", line)}
    needed = {line.split()[-1] for line in lines if re.search(r" [UwW] ", line)} - defined
    assert {"malloc", "pthread_create"} <= needed
    assert needed <= LIBC_AND_THREADS


def test_the_shared_library_is_never_unloaded(build):
    """Its threads would go on in what is not there any more."""
    if sys.platform != "linux":
        pytest.skip("the flag is Linux's")
    assert "NODELETE" in run([tool("readelf"), "--dynamic", build / "libnetlet.so"])


def test_only_the_interface_leaves_the_shared_library(build):
    nm = tool("nm")
    defined = {line.split()[-1] for line in symbols(nm, build / "libnetlet.so", "--dynamic", "--defined-only")}
    header = (ROOT / "cpp/include/netlet/netlet.h").read_text()
    declared = set(re.findall(r"^NETLET_API [^;]*?(netlet_\w+)\(", header, flags=re.MULTILINE))
    assert len(declared) > 50
    assert defined == declared


def test_only_its_table_leaves_an_instruction_set_s_kernels(build):
    """A shared inline function compiled with extended instructions could otherwise end up in every caller."""
    nm = tool("nm")
    objects = list(build.glob("cpp/CMakeFiles/netlet_*.dir/src/kernels/kernels.cpp.o"))
    assert {path.parts[-3] for path in objects} >= {f"netlet_{isa}.dir" for isa in netlet.available_isas()}
    for path in objects:
        isa = path.parts[-3].removeprefix("netlet_").removesuffix(".dir")
        leaving = [line for line in symbols(nm, path, "-C", "--defined-only", "--extern-only") if line]
        assert [line.split(" ", 2)[2] for line in leaving] == [f"netlet::{isa}::table"]
        needed = {line.split()[-1] for line in symbols(nm, path, "--undefined-only")}
        assert needed <= {"memcpy", "memset", "memmove", "_GLOBAL_OFFSET_TABLE_"}


@pytest.mark.parametrize("isa", [isa for isa in netlet.available_isas() if isa != "baseline"])
def test_the_compiler_fuses_no_multiplication_and_addition_by_itself(build, isa):
    assert toolchains.fused_instructions(build, isa, tool("objdump")) == 0


def test_a_compiler_that_may_fuse_them_is_found_out(build):
    isa = netlet.available_isas()[0]
    if isa == "baseline":
        pytest.skip("this processor has no fma")
    assert toolchains.fused_instructions(build, isa, tool("objdump"), "-ffp-contract=fast") > 0


def test_only_the_module_s_entry_leaves_the_extension():
    nm = tool("nm")
    defined = symbols(nm, netlet._core.__file__, "--dynamic", "--defined-only", "--extern-only")
    names = [line.split()[-1] for line in defined]
    ours = [name for name in names if re.match(r"netlet|_Z(N|NK|TI|TS|TV)N?6netlet|PyInit", name)]
    assert ours == ["PyInit__core"]


@pytest.mark.parametrize("threads", ["1", "5"])
@pytest.mark.parametrize("isa", netlet.available_isas())
def test_networks_trained_from_cpp_have_the_golden_fingerprints(build, isa, threads):
    command = [build / "cpp/tests/golden", golden.PATH, threads]
    passed = f"{2 * len(golden.read())} passed, 0 failed\n"
    assert run(command, env={**os.environ, "NETLET_ISA": isa}) == passed
