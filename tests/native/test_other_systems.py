# SPDX-License-Identifier: BSD-3-Clause
"""Other operating systems, as far as zig and Wine can stand in for them, and WebAssembly, which Node runs."""

import re
import shutil

import pytest
from netlet import Network

import toolchains
from helpers.native import EXAMPLES, fingerprint, install
from helpers.tools import installed, needed
from toolchains import ROOT, run

pytestmark = pytest.mark.builds


@pytest.fixture
def windows_options(monkeypatch):
    monkeypatch.setenv("WINEDEBUG", "-all")  # no word on the windows that cannot be opened
    return installed(toolchains.other_system("Windows"), "wine (Debian: wine, wine64) or ziglang")


@pytest.fixture
def windows(windows_options, once):
    """A build of the whole for Windows: static library, DLL, native tests."""
    options = [*windows_options, "-DNETLET_OPTIMIZE=-O1", "-DNETLET_BUILD_SHARED=ON"]
    return once("windows", lambda folder: toolchains.build(folder, *options))


# Without test_emulated_fma: the fma of neither C library rounds as it should.


def test_the_native_tests_pass_on_windows(windows):
    """As far as Wine is Windows; the golden networks are among them."""
    toolchains.ctest(windows, "-E", "test_emulated_fma")


def test_the_native_tests_pass_with_musl(tmp_path):
    options = installed(toolchains.other_system("musl"), "ziglang")
    toolchains.ctest(toolchains.build(tmp_path / "build", *options, "-DNETLET_OPTIMIZE=-O1"), "-E", "test_emulated_fma")


def test_the_native_tests_pass_on_webassembly(tmp_path):
    """Those that need no threads; the golden networks are among them."""
    options = installed(toolchains.other_system("WebAssembly"), "node or ziglang")
    toolchains.ctest(toolchains.build(tmp_path / "build", *options))


def test_only_the_interface_leaves_the_dll(windows):
    table = run([needed("objdump"), "--private-headers", windows / "libnetlet.dll"])
    names = table.split("[Ordinal/Name Pointer] Table")[1].split("\n\n")[0]
    exported = re.findall(r"^\t\[ *\d+\].* (\w+)$", names, flags=re.MULTILINE)
    header = (ROOT / "cpp/include/netlet/netlet.h").read_text()
    declared = re.findall(r"^NETLET_API [^;]*?(netlet_\w+)\(", header, flags=re.MULTILINE)
    assert sorted(exported) == sorted(declared)


@pytest.mark.parametrize("kind", ["static", "shared"])
def test_programs_on_an_installed_windows_library_give_the_same_bits(kind, windows, windows_options, tmp_path, trained):
    prefix, folder = install(windows, tmp_path / "prefix"), tmp_path / "build"
    found = [f"-Dnetlet_ROOT={prefix}", f"-DBUILD_SHARED_LIBS={kind == 'shared'}"]
    toolchains.configure(EXAMPLES, folder, *windows_options, *found)
    run([needed("cmake"), "--build", folder, "--target", "xor", "train", "predict"])
    if kind == "shared":
        with pytest.raises(RuntimeError):
            run([needed("wine"), folder / "xor.exe"], cwd=folder)  # it is not there yet
        shutil.copy(prefix / "bin" / "libnetlet.dll", folder)
    wine = needed("wine")
    assert fingerprint(run([wine, folder / "xor.exe"], cwd=folder)) == trained["xor"]
    assert fingerprint(run([wine, folder / "train.exe", "net.netlet"], cwd=folder)) == trained["xor"]
    assert Network.load(folder / "net.netlet").fingerprint() == trained["xor"]
    net = Network([3, 4, 2], loss="cross_entropy", seed=1)
    net.save(folder / "classes.netlet")
    output = run([wine, folder / "predict.exe", "classes.netlet"], cwd=folder, input="0.1 0.2 0.3\n-1 0 1\n")
    assert fingerprint(output) == net.fingerprint()
    assert [*map(int, output.split()[2:])] == net.predict([[0.1, 0.2, 0.3], [-1, 0, 1]]).tolist()


def test_the_library_builds_for_macos(tmp_path):
    """Nothing here can run it."""
    options = installed(toolchains.other_system("macOS"), "ziglang")
    build = toolchains.build(
        tmp_path / "build", *options, "-DNETLET_BUILD_SHARED=ON", "-DNETLET_OPTIMIZE=-O1", target="netlet_shared"
    )
    assert (build / "libnetlet.dylib").read_bytes()[:4] == b"\xcf\xfa\xed\xfe"  # a Mach-O file
