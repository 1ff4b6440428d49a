# SPDX-License-Identifier: BSD-3-Clause
"""Fused multiply-add on x86-64 without the instruction: netlet's emulation and the C library's.

Needs CMake and a compiler; glibc is told not to use the processor's own fma.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    if platform.machine() not in ("x86_64", "AMD64"):
        sys.exit("netlet emulates fma only on x86-64")
    root = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        for command in (
            ["cmake", "-S", root, "-B", folder, "-DNETLET_BUILD_TESTS=OFF", "-DNETLET_BUILD_BENCHMARKS=ON"],
            ["cmake", "--build", folder, "--target", "fma"],
        ):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        environment = {**os.environ, "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2"}
        lines = subprocess.check_output([Path(folder) / "fma"], env=environment, text=True).splitlines()
    print(f"{'':8}  {'netlet':>9}  {'C library':>9}  times as fast")
    for name, ours, theirs in map(str.split, lines):
        print(f"{name:8}  {ours:>6} ns  {theirs:>6} ns  {float(theirs) / float(ours):.1f}")


if __name__ == "__main__":
    main()
