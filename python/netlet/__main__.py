# SPDX-License-Identifier: BSD-3-Clause
"""``python -m netlet``: what is installed, and how it runs here."""

from __future__ import annotations

import argparse
import platform
from pathlib import Path

import netlet
from netlet import _core

HERE = Path(_core.__file__).parent  # this is where an editable install keeps its files, too
FOLDERS = {
    "cmakedir": (HERE / "lib" / "cmake" / "netlet", "the folder of the CMake package, for -Dnetlet_DIR="),
    "includedir": (HERE / "include", "the folder of the headers, for -I"),
    "libdir": (HERE / "lib", "the folder of the static library, for -L"),
    "pkgconfigdir": (HERE / "lib" / "pkgconfig", "the folder of netlet.pc, for PKG_CONFIG_PATH"),
}


def main() -> None:
    """Print version, instruction set, threads and build; or where native programs find the library."""
    parser = argparse.ArgumentParser(
        prog="python -m netlet",
        description="Prints netlet's version, and the instruction set and number of threads that it uses here.",
        epilog="NETLET_ISA (avx512, avx2, neon, baseline) and NETLET_NUM_THREADS change the last two; neither changes "
        "a result.",
    )
    parser.add_argument("--version", action="version", version=netlet.__version__)
    group = parser.add_mutually_exclusive_group()
    for name, (_, meaning) in FOLDERS.items():
        group.add_argument(f"--{name}", action="store_const", dest="folder", const=name, help=f"print {meaning}")
    folder = parser.parse_args().folder
    if folder:
        path = FOLDERS[folder][0]
        if not path.is_dir():
            parser.exit(1, f"{path} is missing: this netlet was installed without its native library\n")
        print(path)
        return
    print(f"netlet           {netlet.__version__}")
    print(f"numerics         version {netlet.numerics_version()}")
    print(f"instruction set  {netlet.isa()} (of {', '.join(netlet.available_isas())})")
    print(f"threads          {netlet.get_num_threads()}")
    print(f"build            {_core.BUILD}")
    print(f"python           {platform.python_version()}, {platform.machine()}, {platform.system()}")


if __name__ == "__main__":
    main()
