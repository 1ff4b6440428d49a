# SPDX-License-Identifier: BSD-3-Clause
"""Prints the matrix language x compiler x instruction set x threads; a cell is one fingerprint, and all are the same.

``python tests/matrix.py`` builds the core with every compiler that is installed (GCC, Clang, zig from the package
ziglang, and GCC for aarch64) at -O1, -O2 and -O3 and trains the networks of golden.txt with each build on each
instruction set of this machine, on an x86-64 without AVX and on aarch64 (both run by qemu); also with the installed
Python package and with its reference. ``--fault NAME`` first breaks a copy of the core: then it must fail.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from netlet import _golden as golden

import toolchains
from toolchains import ROOT

THREADS = ["1", "2", "3", "5", "8"]
EMULATED_THREADS = ["3"]  # a run takes a quarter of a minute
FAULTS = {  # what one wrong line of the core does: file, its text, what stands there instead
    "order": (
        "cpp/src/kernels/activations.hpp",
        "for (; j < end; ++j) sum = term(j, sum);",
        "for (; j < end; ++j) sum = term(end - 1 - (j - first), sum);",
    ),
    "contraction": (
        "cpp/src/kernels/activations.hpp",
        "return d * (y * (splat(T(1)) - y));",
        "return d * fma(-y, y, y);",
    ),
    "block": (
        "cpp/src/kernels/kernels.hpp",
        "constexpr size_t kBlockRows = 256;",
        "constexpr size_t kBlockRows = 128;",
    ),
}


def native(program: Path, processor: toolchains.Processor, threads: str) -> str:
    """The cell of a native run: golden prints what it got, the file has the rest."""
    command = [*processor.emulator, str(program), str(golden.PATH), threads]
    environment = {**os.environ, "NETLET_ISA": processor.isa}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if "passed" not in result.stdout:
        return "failed: " + (result.stderr or result.stdout).strip()[:60]
    got = dict(line.split(": got ") for line in result.stderr.splitlines() if ": got " in line)
    results = []
    for case in golden.read():
        text, loss = got[case.name].split() if case.name in got else (case.fingerprint, case.loss.hex())
        results.append((text, float.fromhex(loss)))
    return golden.together(results)


def python(isa: str, threads: int) -> str:
    """The cell of the installed package."""
    import netlet
    from netlet import _core

    before = netlet.isa(), netlet.get_num_threads()
    _core.set_isa(isa)
    netlet.set_num_threads(threads)
    results = [case.train(netlet) for case in golden.read()]
    _core.set_isa(before[0])
    netlet.set_num_threads(before[1])
    return golden.together(results)


def main() -> int:
    """Print the matrix; 1 if a cell differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fault", choices=FAULTS, help="break a copy of the core first")
    parser.add_argument("--levels", nargs="+", default=["1", "2", "3"], help="optimisation levels (1 2 3)")
    parser.add_argument("--compilers", nargs="+", default=toolchains.NAMES, choices=toolchains.NAMES, help="only these")
    arguments = parser.parse_args()

    import netlet
    from netlet import reference

    expected = golden.together([(case.fingerprint, case.loss) for case in golden.read()])
    different = []

    def report(language: str, compiler: str, isa: str, threads: str, result: str) -> None:
        print(f"{language:10} {compiler:24} {isa:11} {threads:>7}  {result}", flush=True)  # noqa: T201
        if result != expected:
            different.append(result)

    report("language", "compiler", "isa", "threads", "fingerprint")
    different.clear()
    report("golden.txt", "", "", "", expected)
    if not arguments.fault:
        report("reference", "NumPy", "", "", golden.together([case.train(reference) for case in golden.read()]))
        for isa in netlet.available_isas():
            for threads in THREADS:
                report("Python", netlet._core.BUILD, isa, threads, python(isa, int(threads)))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = ROOT
        if arguments.fault:
            source = folder / "source"
            shutil.copytree(ROOT / "cpp", source / "cpp")
            shutil.copy(ROOT / "CMakeLists.txt", source)
            name, right, wrong = FAULTS[arguments.fault]
            text = (source / name).read_text()
            assert right in text, f"{name} has changed: FAULTS needs another line"
            (source / name).write_text(text.replace(right, wrong))
        builds = []
        for name in arguments.compilers:
            toolchain = toolchains.find(name)
            if toolchain is None:
                print(f"C++        {name:24} skipped: not installed")  # noqa: T201
                continue
            builds += [(toolchain, level) for level in arguments.levels]

        def cells_of(build: tuple[toolchains.Toolchain, str]) -> list[tuple[str, str, str, str, str]]:
            toolchain, level = build
            label = f"{toolchain.name} -O{level}"
            options = [*toolchain.options, f"-DNETLET_OPTIMIZE=-O{level}"]
            try:
                built = toolchains.build(folder / label, *options, source=source, target="golden")
            except RuntimeError as error:
                print(error, file=sys.stderr)  # noqa: T201
                return [("C++", label, "", "", "failed: does not build")]
            return [
                ("C++", label, processor.name, threads, native(built / "cpp/tests/golden", processor, threads))
                for processor in toolchain.processors
                if not (processor.emulator and arguments.fault)  # a fault is seen without
                for threads in (EMULATED_THREADS if processor.emulator else THREADS)
            ]

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            for rows in pool.map(cells_of, builds):
                for row in rows:
                    report(*row)
    cells = "every cell the same" if not different else f"{len(different)} cells DIFFER from golden.txt"
    print(cells)  # noqa: T201
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
