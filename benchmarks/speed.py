# SPDX-License-Identifier: BSD-3-Clause
"""netlet's speed compared with that of the other libraries installed here: training, inference, gradients, import.

Each library runs each workload in processes of its own, which take turns: while one is timed, the others are stopped.
README.md describes the method.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import driver
import imports
import native
import table
from peers import PEERS
from workloads import WORKLOADS, Workload

# what makes a library use other kernels than it would choose for this processor
KERNEL_VARIABLES = (
    *("OPENBLAS_CORETYPE", "MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE", "MKL_CBWR", "BLIS_ARCH_TYPE"),
    *("ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY", "XLA_FLAGS", "NETLET_ISA"),
    *("NPY_DISABLE_CPU_FEATURES", "NPY_ENABLE_CPU_FEATURES"),
)
PACKAGES = ("scikit-learn", "torch", "jax", "onnx", "onnxruntime", "mlpfile", "matplotlib", "cmake", "ninja")


def cpu_model() -> str:
    """Name the processor; its family and model, as names may be those of many; and the width of its vectors."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    facts = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "model name" not in facts:
        return platform.processor() or platform.machine()
    flags = facts.get("flags", "").split()
    bits = 512 if "avx512f" in flags else 256 if "avx" in flags else 128
    return f"{facts['model name']} (family {facts['cpu family']}, model {facts['model']}; vectors of {bits} bits)"


def free_kernels(keep: bool) -> list[str]:
    """Unset what chooses kernels for the libraries, or keep it; either way say so."""
    found = {name: os.environ[name] for name in KERNEL_VARIABLES if name in os.environ}
    for name in found if not keep else ():
        del os.environ[name]
    values = ", ".join(f"{name}={value}" for name, value in found.items())
    return [f"{'kept' if keep else 'unset'} for all libraries: {values}"] if found else []


def machine() -> dict:
    return {
        "processor": cpu_model(),
        "cpus": len(driver.cpus()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d"),
    }


def install() -> None:
    """Install what the comparison needs, one package at a time; a package that cannot be installed is skipped."""
    for package in PACKAGES:
        command = [sys.executable, "-m", "pip", "install", "--quiet", package]
        if subprocess.run(command, check=False).returncode:
            print(f"{package} could not be installed and is skipped", file=sys.stderr)


def choose(names: list[str] | None, known: list[str], what: str, parser: argparse.ArgumentParser) -> list[str]:
    """Find the known names that are given, or that begin with a given name and a hyphen."""
    if not names:
        return known
    for name in names:
        if not any(word == name or word.startswith(f"{name}-") for word in known):
            parser.error(f"unknown {what} {name!r}; --list shows all")
    return [word for word in known if any(word == name or word.startswith(f"{name}-") for name in names)]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workload", nargs="+", metavar="NAME", help="run only these; mnist means all mnist-...")
    parser.add_argument("--peer", nargs="+", metavar="NAME", help="compare netlet only with these")
    parser.add_argument("--threads", nargs="+", type=int, metavar="N", help="use only these numbers of threads")
    parser.add_argument("--rounds", type=int, help="turns per process (7), three times as many of short calls")
    parser.add_argument("--processes", type=int, help="fresh processes per library (3)")
    parser.add_argument("--quick", action="store_true", help="one process, three rounds, no slow libraries")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to this file")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw the results to this file (.svg or .png)")
    parser.add_argument("--install", action="store_true", help="first install the other libraries with pip")
    parser.add_argument("--keep-environment", action="store_true", help="keep OPENBLAS_CORETYPE and the like")
    parser.add_argument("--list", action="store_true", help="list workloads and libraries")
    chosen = parser.parse_args()
    if chosen.rounds is None:
        chosen.rounds = 3 if chosen.quick else 7
    if chosen.processes is None:
        chosen.processes = 1 if chosen.quick else 3
    for name, path in (("--json", chosen.json), ("--chart", chosen.chart)):
        if path and not path.parent.is_dir():
            parser.error(f"{name}: there is no folder {path.parent}")
    if chosen.chart and not importlib.util.find_spec("matplotlib") and not chosen.install:
        parser.error("--chart needs Matplotlib: pip install matplotlib")
    if min(chosen.rounds, chosen.processes, *(chosen.threads or [1])) < 1:
        parser.error("--rounds, --processes and --threads must be positive")
    known = [workload.name for workload in WORKLOADS] + ["import"]
    chosen.workload = choose(chosen.workload, known, "workload", parser)
    chosen.peer = [*choose(chosen.peer, [*PEERS, "floor"], "peer", parser), "netlet"]
    if not chosen.list and "import" not in chosen.workload and not any(cells(chosen)):
        parser.error(f"--threads: none of these workloads runs with these threads ({len(driver.cpus())} CPUs here)")
    return chosen


def cells(chosen: argparse.Namespace) -> Iterator[tuple[Workload, int]]:
    for workload in WORKLOADS:
        for threads in workload.threads:
            wanted = not chosen.threads or threads in chosen.threads
            if workload.name in chosen.workload and wanted and threads <= len(driver.cpus()):
                yield workload, threads


def programs_of(workload: Workload) -> set[str]:
    """Name the native programs that a workload is compared with."""
    return {name for name in native.PROGRAMS if name in workload.peers or (name == "peak" and workload.flops)}


def describe(workload: Workload, threads: int, peers: dict[str, dict]) -> dict:
    """Return a result in the form that table.py and chart.py read."""
    notes = [workload.note, *(peer.pop("note", "") for peer in peers.values())]
    return {
        "workload": workload.name,
        "title": workload.title,
        "chart": workload.chart,
        "threads": threads,
        "dtype": workload.dtype,
        "unit": workload.unit,
        "divisor": workload.divisor,
        "flops": workload.flops,
        "note": "; ".join(dict.fromkeys(note for note in notes if note)),
        "peers": peers,
    }


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))  # otherwise stopped workers would be left behind
    chosen = arguments()
    try:
        compare(chosen)
    except KeyboardInterrupt:
        written = f"; the results so far are in {chosen.json}" if chosen.json and chosen.json.exists() else ""
        sys.exit(f"interrupted{written}")


def compare(chosen: argparse.Namespace) -> None:
    if chosen.list:
        print(f"{'--workload':28} description; possible --peer\n")
        for workload in WORKLOADS:
            print(f"{workload.name:28} {workload.title}; {', '.join(workload.peers)}")
        print(f"{'import':28} import time and installed size")
        return
    if chosen.install:
        install()
    notes = free_kernels(chosen.keep_environment)
    found = {name for name in PEERS if name in chosen.peer and driver.installed(name)}
    if "netlet" not in found:
        sys.exit("netlet is not installed in this Python: pip install .")
    missing = sorted({PEERS[name][1] for name in PEERS if name in chosen.peer} - {PEERS[name][1] for name in found})
    if missing:
        notes.append(f"not installed: {', '.join(missing)}")
    used = {name for workload in WORKLOADS if workload.name in chosen.workload for name in programs_of(workload)}
    used -= set() if "floor" in chosen.peer else {"floor"}
    programs, trouble = native.build(used)
    notes += [trouble] if trouble else []

    report = {
        "machine": machine(),
        "rounds": chosen.rounds,
        "processes": chosen.processes,
        "versions": {},
        "notes": notes,
        "results": [],
    }

    def save() -> None:
        if chosen.json:
            chosen.json.write_text(json.dumps(report, indent=1))

    for workload, threads in cells(chosen):
        names = [name for name in workload.peers if name in found or name in programs]
        names = [name for name in names if not (chosen.quick and name in workload.slow)]
        if not names:
            continue
        print(f"{workload.name}, {threads} thread{'s' * (threads > 1)}", file=sys.stderr)
        others = driver.OtherPrograms()
        peers, trouble = driver.measure(workload, threads, names, programs, chosen.rounds, chosen.processes)
        notes += trouble
        report["results"].append({**describe(workload, threads, peers), "other_programs": others.share()})
        for name, peer in peers.items():
            if "version" in peer:
                report["versions"][PEERS[name][1]] = peer["version"]
        save()  # a long run may be stopped at any time
    if "import" in chosen.workload:
        print("import", file=sys.stderr)
        known = {PEERS[name][1] for name in found}
        report["imports"] = imports.measure(
            [name for name in imports.MODULES if name in known], 5 if chosen.quick else 15
        )
    save()
    print(table.text(report))
    if chosen.chart:
        import chart  # needs Matplotlib

        chart.draw(report, chosen.chart)


if __name__ == "__main__":
    main()
