# SPDX-License-Identifier: BSD-3-Clause
"""The price of exactness: netlet's kernels compared with the same kernels without a fixed order of operations.

Both take turns in one process; the result is the median of 31 ratios. Needs CMake and a compiler.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from table import figures


def isa() -> str:
    """Name the instruction set that netlet uses here."""
    import netlet

    return netlet.isa()


def main():
    argparse.ArgumentParser(description=__doc__).parse_args()
    print("building the kernels takes about two minutes", file=sys.stderr)
    root = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        options = ["-DNETLET_BUILD_TESTS=OFF", "-DNETLET_BUILD_BENCHMARKS=ON", f"-DNETLET_FREED_ISA={isa()}"]
        for command in (
            ["cmake", "-S", root, "-B", folder, *options],
            ["cmake", "--build", folder, "--target", "exactness", "-j", str(os.cpu_count())],
        ):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        name, *lines = subprocess.check_output([Path(folder) / "exactness"], text=True).splitlines()
    print(f"{name}, one thread\n\n| kernels | dtype | exact | without a fixed order |\n| --- | --- | ---: | ---: |")
    for what, dtype, *found in (line.split("|") for line in lines):
        if len(found) == 1:
            sys.exit(f"{what}, {dtype}: without a fixed order: {found[0]}")
        print(f"| {what} | {dtype} | {figures(1e6 * float(found[0]))} µs | {float(found[1]):.2f} times as fast |")


if __name__ == "__main__":
    main()
