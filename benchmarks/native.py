# SPDX-License-Identifier: BSD-3-Clause
"""Build the native programs of the comparison: the processor's peak rate, and hand-written code for fixed sizes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "benchmarks"
PROGRAMS = {"peak": "peak", "floor": "xor", "rows": "rows"}  # the program of each peer


def build(names: set[str]) -> tuple[dict[str, Path], str]:
    """Build these programs; returns them, and why some are missing."""
    if not names:
        return {}, ""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")])
    cmake, ninja = shutil.which("cmake", path=path), shutil.which("ninja", path=path)
    if not cmake:
        return {}, "no C++ figures: CMake is missing"
    print("building the native programs", file=sys.stderr)
    configure = [cmake, "-S", ROOT, "-B", FOLDER, "-DNETLET_BUILD_TESTS=OFF", "-DNETLET_BUILD_BENCHMARKS=ON"]
    configure += [f"-DNETLET_ROW_SOURCES={write_sources()}"] if "rows" in names else []
    if ninja and not (FOLDER / "CMakeCache.txt").exists():
        configure += ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={ninja}"]
    trouble = run(configure)
    built = {}
    for name in (name for name in PROGRAMS if name in names):  # one by one: only rows needs netlet's core
        target = PROGRAMS[name]
        problem = trouble or run([cmake, "--build", FOLDER, "--target", target])
        if problem:
            trouble = problem
        else:
            built[name] = FOLDER / target
    return built, f"some or all C++ figures are missing: {trouble}" if trouble else ""


def write_sources() -> Path:
    """Have netlet write the networks of rows.cpp as C."""
    from netlet import Network

    folder = FOLDER / "sources"
    folder.mkdir(parents=True, exist_ok=True)
    for sizes, output in (((8, 8), "relu"), ((40, 100, 100, 10), "identity")):
        settings = {"activation": "relu", "output_activation": output, "init": "he_uniform"}
        net = Network(sizes, dtype="float32", seed=1, **settings)
        net.to_c(folder / f"row_{'_'.join(map(str, sizes))}.c")
    return folder


def run(command: list) -> str:
    """Run a step of the build; returns an error message, or nothing."""
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode == 0:
        return ""
    lines = [line for line in (result.stderr + result.stdout).splitlines() if "error" in line.lower()]
    return lines[0].strip().replace(f"{ROOT}{os.sep}", "") if lines else "the build failed"
