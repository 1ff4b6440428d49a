# SPDX-License-Identifier: BSD-3-Clause
"""``python -m netlet``: what is installed, and how it will run here."""

from __future__ import annotations

import argparse
import platform

import netlet
from netlet import _core


def main() -> None:
    """Print version, instruction set, threads and build."""
    parser = argparse.ArgumentParser(
        prog="python -m netlet",
        description="Prints netlet's version, the instruction set and the number of threads that it uses here.",
        epilog="NETLET_ISA (avx512, avx2, neon, baseline) and NETLET_NUM_THREADS change the last two; neither changes "
        "a result.",
    )
    parser.add_argument("--version", action="version", version=netlet.__version__)
    parser.parse_args()
    print(f"netlet           {netlet.__version__}")
    print(f"numerics         version {netlet.numerics_version()}")
    print(f"instruction set  {netlet.isa()} (of {', '.join(netlet.available_isas())})")
    print(f"threads          {netlet.get_num_threads()}")
    print(f"build            {_core.BUILD}")
    print(f"python           {platform.python_version()}, {platform.machine()}, {platform.system()}")


if __name__ == "__main__":
    main()
