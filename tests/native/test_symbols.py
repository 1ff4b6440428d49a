# SPDX-License-Identifier: BSD-3-Clause
"""What the libraries need from outside, and what leaves them."""

import re
import sys
from pathlib import Path

import netlet
import pytest

from helpers.tools import needed
from toolchains import ROOT, run

LIBC_AND_THREADS = {
    *(
        "clock_gettime",
        "free",
        "frexp",
        "getenv",
        "ldexp",
        "malloc",
        "memcmp",
        "memcpy",
        "memmove",
        "memset",
        "posix_memalign",
    ),
    *("sched_getaffinity", "sched_yield", "sigfillset", "snprintf", "sqrt", "strcat", "strcmp", "strcpy", "strlen"),
    *("close", "fchmod", "fchown", "fstat", "fsync", "getpid", "lstat", "open", "read", "realpath", "rename", "stat"),
    *("fallocate", "ftruncate", "madvise"),
    *("strrchr", "unlink", "write", "__errno_location"),
    *("strtol", "strtoull", "sysconf", "vsnprintf", "__sched_cpucount", "stpcpy"),
    *("__isoc23_strtol", "__isoc23_strtoull"),  # the same in newer C libraries
    *("pthread_atfork", "pthread_cond_broadcast", "pthread_cond_wait", "pthread_create", "pthread_detach"),
    *("pthread_mutex_lock", "pthread_mutex_unlock", "pthread_sigmask"),
    *("_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail", "__tls_get_addr"),
}
LIBC_AND_THREADS |= {f"__{name}_chk" for name in LIBC_AND_THREADS}  # fortified builds


def symbols(file, *options):
    return run([needed("nm"), *options, file]).splitlines()


@pytest.fixture
def library(cmakedir):
    """The installed package's static library."""
    return Path(run([sys.executable, "-m", "netlet", "--libdir"]).strip()) / "libnetlet.a"


def test_the_core_needs_nothing_but_libc_libm_and_threads(library):
    lines = symbols(library, "--extern-only")
    defined = {line.split()[-1] for line in lines if re.search(r" [A-TV-Z] ", line)}
    missing = {line.split()[-1] for line in lines if re.search(r" [UwW] ", line)} - defined
    assert {"malloc", "pthread_create"} <= missing
    assert missing <= LIBC_AND_THREADS


def test_only_its_table_leaves_an_instruction_set_s_kernels(library):
    """A shared inline function compiled with extended instructions could otherwise end up in every caller."""
    members = run([needed("nm"), "-C", "--extern-only", library]).split("\nkernels.cpp.o:\n")[1:]
    members = [member.split("\n\n")[0].splitlines() for member in members]
    tables = [[line.split(" ", 2)[2] for line in lines if not re.match(r" +[Uw] ", line)] for lines in members]
    assert all(len(names) == 1 for names in tables)
    known = {names[0] for names in tables}
    assert known >= {f"netlet::{isa}::table" for isa in netlet.available_isas()}
    for lines in members:
        missing = {line.split()[-1] for line in lines if re.match(r" +[Uw] ", line)}
        assert missing <= {"memcpy", "memset", "memmove", "frexp", "ldexp", "_GLOBAL_OFFSET_TABLE_", *known}


def test_only_the_module_s_entry_and_its_mark_leave_the_extension():
    defined = symbols(netlet._core.__file__, "--dynamic", "--defined-only", "--extern-only")
    names = [line.split()[-1] for line in defined]
    ours = [name for name in names if re.match(r"netlet|_Z(N|NK|TI|TS|TV)N?6netlet|PyInit", name)]
    assert ours == ["PyInit__core", "netlet_python_module"]


@pytest.mark.skipif(sys.platform != "linux", reason="the sections are ELF's")
def test_nothing_in_the_extension_that_is_called_through_can_be_overwritten():
    readelf = needed("readelf")
    assert "GNU_RELRO" in run([readelf, "--program-headers", "--wide", netlet._core.__file__])
    assert "NOW" in run([readelf, "--dynamic", netlet._core.__file__])


@pytest.mark.builds
def test_the_shared_library_is_never_unloaded(build):
    """Its threads would go on in what is not there any more."""
    if sys.platform != "linux":
        pytest.skip("the flag is Linux's")
    assert "NODELETE" in run([needed("readelf"), "--dynamic", build / "libnetlet.so"])


@pytest.mark.builds
def test_only_the_interface_leaves_the_shared_library(build):
    defined = {line.split()[-1] for line in symbols(build / "libnetlet.so", "--dynamic", "--defined-only")}
    header = (ROOT / "cpp/include/netlet/netlet.h").read_text()
    declared = set(re.findall(r"^NETLET_API [^;]*?(netlet_\w+)\(", header, flags=re.MULTILINE))
    assert len(declared) > 50
    assert defined == declared
