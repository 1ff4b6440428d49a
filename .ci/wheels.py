# SPDX-License-Identifier: BSD-3-Clause
"""Builds manylinux wheels without containers, audits them, and tries them as their users will.

    python -m pip install -r .ci/wheels.txt
    python .ci/wheels.py [--python PYTHON ...] [--aarch64] [--suite] [--output wheelhouse]

zig's compiler links against an old glibc, whatever this machine has. Each wheel comes from the source distribution, is
repaired and tagged by auditwheel, must hold exactly what it should and be smaller than 1.8 MB, and is installed into
an empty environment, where a C++ program is built on it alone. --suite runs all tests there. The wheel for aarch64 is
cross-compiled; its core passes the native tests under qemu.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import cmake
import ziglang

ROOT = Path(__file__).parents[1]
ZIG = Path(ziglang.__file__).with_name("zig")
GLIBC = "2.17"
MOST_BYTES = 1_800_000
NATIVE_TESTS = [
    *("compute/golden.cpp", "compute/test_realtime.cpp", "network/test_c.c", "network/test_network.cpp"),
    "system/test_floating_point.cpp",
]
LIBRARY = {
    *("include/netlet/netlet.h", "include/netlet/netlet.hpp", "include/netlet/exchange.hpp"),
    *(
        "include/netlet/netlet.f90",
        "include/netlet/version.h",
        "lib/libnetlet.a",
        "lib/cmake/netlet/netletFortran.cmake",
    ),
    *("lib/cmake/netlet/netletConfig.cmake", "lib/cmake/netlet/netletConfigVersion.cmake"),
    *("lib/cmake/netlet/netlet-static-targets.cmake", "lib/cmake/netlet/netlet-static-targets-release.cmake"),
    "lib/pkgconfig/netlet.pc",
}


def run(command: list[object], **options: object) -> str:
    """What it prints; the script ends with that if it fails."""
    print("+", *command, flush=True)
    result = subprocess.run(
        [*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    )
    if result.returncode:
        sys.exit(f"{result.stdout}\nfailed: {' '.join(map(str, command))}")
    return result.stdout


def zig(language: str, machine: str) -> list[str]:
    """zig's compiler for that machine: of C ("cc") or C++ ("c++")."""
    return [str(ZIG), language, "-target", f"{machine}-linux-gnu.{GLIBC}", "-mcpu=baseline", "-g0"]


def build(sdist: Path, python: Path, machine: str, folder: Path) -> Path:
    """A wheel of that Python for that machine, as it comes from the build."""
    environment = {**os.environ, "CC": shlex.join(zig("cc", machine)), "CXX": shlex.join(zig("c++", machine))}
    command = [python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder / "built", sdist]
    # One unwinder for the process: Python before 3.14 ends threads by unwinding them, which another one would not
    # survive. Every Linux with glibc has this library, and the tag allows it; GCC knows where a copy to link with is.
    compiler = "gcc" if machine == os.uname().machine else f"{machine}-linux-gnu-gcc"
    if not shutil.which(compiler):
        sys.exit(f"{compiler} is not installed; the wheel for {machine} is linked with its libgcc_s.so.1")
    unwinder = run([compiler, "-print-file-name=libgcc_s.so.1"]).strip()
    command.append(f"--config-settings=cmake.define.CMAKE_MODULE_LINKER_FLAGS={unwinder}")
    if machine == "aarch64":
        version = run([python, "-c", "import sys; print(*sys.version_info[:2], sep='')"]).strip()
        environment["_PYTHON_HOST_PLATFORM"] = "linux-aarch64"
        environment["SETUPTOOLS_EXT_SUFFIX"] = f".cpython-{version}-aarch64-linux-gnu.so"
        settings = {"CMAKE_SYSTEM_NAME": "Linux", "CMAKE_SYSTEM_PROCESSOR": "aarch64"}
        command += [f"--config-settings=cmake.define.{name}={value}" for name, value in settings.items()]
    before = set((folder / "built").glob("*.whl"))
    print("this takes some minutes, most of them where zig compiles its C++ library for the first time", flush=True)
    run(command, env=environment)
    (wheel,) = set((folder / "built").glob("*.whl")) - before
    return wheel


def repair(wheel: Path, machine: str, output: Path) -> Path:
    """The wheel with the tag that auditwheel grants, in `output`."""
    tool = [sys.executable, "-m", "auditwheel"]
    print(run([*tool, "show", wheel]))
    before = {path: path.stat().st_mtime_ns for path in output.glob("*.whl")}
    # nothing is to be grafted into it, so nothing has to be patched
    run([*tool, "repair", "--patcher", "none", "-z", "9", "-w", output, wheel])
    (repaired,) = (path for path in output.glob("*.whl") if before.get(path) != path.stat().st_mtime_ns)
    if f"manylinux_{GLIBC.replace('.', '_')}_{machine}" not in repaired.name:
        sys.exit(f"{repaired.name}: expected the tag of glibc {GLIBC}")
    return repaired


def check_contents(wheel: Path) -> None:
    """Exactly the package, the module, the native library and the metadata; small; only its entry and mark leave it."""
    with zipfile.ZipFile(wheel) as archive, tempfile.TemporaryDirectory() as temporary:
        files = [name for name in archive.namelist() if not name.endswith("/")]
        names = {name.removeprefix("netlet/") for name in files if name.startswith("netlet/")}
        others = [name for name in files if not name.startswith(("netlet/", "netlet-"))]
        (module,) = (name for name in names if re.fullmatch(r"_core\..*\.so", name))
        sources = subprocess.check_output(["git", "ls-files", "python/netlet"], cwd=ROOT, text=True).split()
        package = {name.removeprefix("python/netlet/") for name in sources}
        expected = package | LIBRARY | {module}
        if names != expected or others:
            sys.exit(f"{wheel.name}: missing {expected - names}, unexpected {names - expected} {others}")
        symbols = run(["nm", "--dynamic", "--defined-only", archive.extract(f"netlet/{module}", temporary)])
        if {line.split()[-1] for line in symbols.splitlines()} != {"PyInit__core", "netlet_python_module"}:
            sys.exit(f"{wheel.name}: expected that its entry and its mark leave the module, got:\n{symbols}")
    size = wheel.stat().st_size
    print(f"{wheel.name}: {size:,} bytes")
    if size >= MOST_BYTES:
        sys.exit(f"{wheel.name}: expected less than {MOST_BYTES:,} bytes")


def install(wheel: Path, python: Path, folder: Path, extra: str = "") -> Path:
    """The interpreter of a new environment with the wheel alone, and what it needs."""
    run([python, "-m", "venv", "--clear", folder])
    inside = folder / "bin" / "python"
    run([inside, "-m", "pip", "install", "--quiet", "--only-binary=netlet", f"{wheel}{extra}"])
    return inside


XOR = "import netlet; n = netlet.Network([2, 3, 1], seed=0); n.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], "
XOR += "epochs=10_000, learning_rate=0.1); print('fingerprint', n.fingerprint())"


def try_out(wheel: Path, python: Path, folder: Path) -> None:
    """A C++ program, built on the wheel alone by each compiler at hand, prints the fingerprint that Python prints."""
    inside = install(wheel, python, folder / "empty")
    shutil.copytree(ROOT / "examples" / "native", folder / "native", dirs_exist_ok=True)
    expected = run([inside, "-c", XOR], cwd=folder)
    print(run([inside, "-m", "netlet"], cwd=folder))
    cmakedir = run([inside, "-m", "netlet", "--cmakedir"], cwd=folder).strip()
    for c, cxx in (("gcc", "g++"), ("clang", "clang++")):
        if not shutil.which(cxx):
            print(f"{cxx} is not installed: not tried")
            continue
        built = folder / f"native-{c}"
        options = [f"-DCMAKE_C_COMPILER={c}", f"-DCMAKE_CXX_COMPILER={cxx}", f"-Dnetlet_DIR={cmakedir}"]
        run(["cmake", "-S", folder / "native", "-B", built, *options])
        run(["cmake", "--build", built])
        printed = run([built / "xor"])
        print(printed)
        if not printed.endswith(expected):
            sys.exit(f"{wheel.name}: the program built by {cxx} differs from Python's\n{expected}")
        shutil.rmtree(built)


def try_aarch64(wheel: Path, folder: Path) -> None:
    """The native tests, linked with the wheel's library, under an emulator."""
    emulator, root = shutil.which("qemu-aarch64"), Path("/usr/aarch64-linux-gnu")
    if not emulator or not root.exists():
        sys.exit("the aarch64 wheel is tested by qemu-aarch64 (Debian: qemu-user, libc6-arm64-cross)")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "aarch64")
    package = folder / "aarch64" / "netlet"
    for name in NATIVE_TESTS:
        program = folder / "aarch64" / Path(name).stem
        compiler = zig("cc", "aarch64") if name.endswith(".c") else [*zig("c++", "aarch64"), "-std=c++17"]
        options = [
            "-O2",
            "-ffp-contract=off",
            "-DNETLET_ARM",
            f"-I{package}/include",
            f"-I{ROOT}/cpp/tests",
            f"-L{package}/lib",
        ]
        run([*compiler, *options, ROOT / "cpp" / "tests" / name, "-o", program, "-lnetlet", "-lpthread", "-lm", "-ldl"])
        arguments = [ROOT / "python" / "netlet" / "golden.txt", "2"] if "golden" in name else []
        print(run([emulator, "-L", root, program, *arguments]))


def main() -> None:
    """Build, repair, check and try."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--python", nargs="+", type=Path, default=[Path(sys.executable)], help="interpreters (this one)"
    )
    parser.add_argument(
        "--aarch64", action="store_true", help="a wheel for aarch64 Linux, too, of the first interpreter"
    )
    parser.add_argument("--suite", action="store_true", help="run all tests on each wheel, in a new environment")
    parser.add_argument("--output", type=Path, default=ROOT / "wheelhouse", help="where the wheels go (wheelhouse)")
    arguments = parser.parse_args()
    # CMake and Ninja of this environment, activated or not: a build for another machine would fetch that machine's. The
    # program cmake itself: its script needs this environment's packages, which pip hides from a build.
    folders = [cmake.CMAKE_BIN_DIR, str(Path(sys.executable).parent), os.environ["PATH"]]
    os.environ["PATH"] = os.pathsep.join(folders)
    output = arguments.output.resolve()
    output.mkdir(parents=True, exist_ok=True)

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        run([sys.executable, "-m", "build", "--sdist", "--outdir", output, ROOT])
        sdist = max(output.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime_ns)
        for number, python in enumerate(arguments.python):
            wheel = repair(build(sdist, python, "x86_64", folder), "x86_64", output)
            check_contents(wheel)
            here = folder / f"python{number}"
            here.mkdir()
            try_out(wheel, python, here)
            if arguments.suite:
                inside = install(wheel, python, here / "suite", "[test]")
                print(run([inside, "-m", "pytest", "-q"], cwd=ROOT))
        if arguments.aarch64:
            wheel = repair(build(sdist, arguments.python[0], "aarch64", folder), "aarch64", output)
            check_contents(wheel)
            try_aarch64(wheel, folder)


if __name__ == "__main__":
    main()
