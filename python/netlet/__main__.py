# SPDX-License-Identifier: BSD-3-Clause
"""``python -m netlet``: what is installed, how it runs here, and what is in a file."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import netlet
from netlet import Network, _core, _golden
from netlet.exchange import _optimizer_of

HERE = Path(_core.__file__).parent  # this is where an editable install keeps its files, too
FOLDERS = {
    "cmakedir": (HERE / "lib" / "cmake" / "netlet", "the folder of the CMake package, for -Dnetlet_DIR="),
    "includedir": (HERE / "include", "the folder of the headers and of the Fortran module, netlet/netlet.f90, for -I"),
    "libdir": (HERE / "lib", "the folder of the static library, for -L"),
    "pkgconfigdir": (HERE / "lib" / "pkgconfig", "the folder of netlet.pc, for PKG_CONFIG_PATH"),
}
COMMANDS = ("show", "verify", "selftest")


def main() -> int:
    """Do what the command line says; give its exit code."""
    parser = _parser()
    given = sys.argv[1:]
    folder = next((argument for argument in given if argument.removeprefix("--") in FOLDERS), None)
    command = next((argument for argument in given if argument in COMMANDS), None)
    if folder and command:  # before a command misses its file
        parser.error(f"{folder}: expected no command beside it, got {command}")
    options = parser.parse_args(given)
    try:
        code = int(options.run(options))
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python still flushes at its end
        return 141  # what a shell calls a program that a closed pipe ends
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m netlet",
        allow_abbrev=False,
        description="Prints netlet's version, and the instruction set and number of threads that it uses here.",
        epilog="NETLET_ISA (avx512, avx2, neon, baseline) and NETLET_NUM_THREADS choose the last two; neither changes "
        "a result. Exit codes: 0 if all is well; 1 if a file is refused, selftest finds other bits, or a folder is "
        "missing; 2 for a command line that is not understood; 141 if nobody reads the output to its end.",
    )
    parser.add_argument("--version", action="version", version=netlet.__version__)
    group = parser.add_mutually_exclusive_group()
    for name, (_, meaning) in FOLDERS.items():
        group.add_argument(f"--{name}", action="store_const", dest="folder", const=name, help=f"print {meaning}")
    parser.set_defaults(run=_installed)
    commands = parser.add_subparsers(metavar="command", title="commands")
    show = commands.add_parser("show", help="describe the network in a file")
    show.add_argument("file")
    show.add_argument("--json", action="store_true", help="print JSON, for programs")
    show.set_defaults(run=_show)
    verify = commands.add_parser("verify", help="check files: checksum, values, fingerprint, and the self-test's bits")
    verify.add_argument("files", nargs="+", metavar="file")
    verify.add_argument("--json", action="store_true", help="print JSON, a line for each file")
    verify.set_defaults(run=_verify)
    selftest = commands.add_parser("selftest", help="train the golden networks: whether this machine has netlet's bits")
    selftest.add_argument("--fingerprints", action="store_true", help="print the fingerprint of each network, too")
    selftest.set_defaults(run=_selftest)
    return parser


def _installed(options: argparse.Namespace) -> int:
    if options.folder:
        path = FOLDERS[options.folder][0]
        if not path.is_dir():
            print(f"{path} is missing: this netlet was installed without its native library", file=sys.stderr)
            return 1
        print(path)
        return 0
    print(f"netlet           {netlet.__version__}")
    print(f"numerics         version {netlet.numerics_version()}")
    print(f"instruction set  {netlet.isa()} (of {', '.join(netlet.available_isas())})")
    print(f"threads          {netlet.get_num_threads()}")
    print(f"build            {_core.BUILD}")
    print(f"python           {platform.python_version()}, {platform.machine()}, {platform.system()}")
    return 0


def _loaded(file: str) -> tuple[Network | None, dict[str, Any]]:
    """The network in a file, and what is to be said of it; None if it is refused, for the reason there."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of another numerics version, which is said
            checkpoint = _core.Checkpoint.load(os.fsencode(file))
            numerics, size = checkpoint.numerics_version, Path(file).stat().st_size
            optimizer = repr(_optimizer_of(checkpoint)) if checkpoint.optimizer else None
            network = Network._made_of(checkpoint)  # the last, as it takes what the checkpoint holds
            notes = {"metadata": _metadata(network), "provenance": network.provenance}
    except (OSError, ValueError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        return None, {"file": file, "ok": False, "error": reason.removeprefix(f"{file}: ")}
    return network, {
        "file": file,
        "ok": True,
        "bytes": size,
        "numerics_version": numerics,
        "self_test": numerics == netlet.numerics_version(),
        "fingerprint": network.fingerprint(),
        "layer_sizes": network.layer_sizes,
        "activations": network.activations,
        "loss": network.loss_name,
        "reduction": network.reduction,
        "dtype": network.dtype.name,
        "parameters": network.parameters.size,
        "dropout": network.dropout,
        "scaled": {"inputs": network.input_scaling is not None, "outputs": network.output_scaling is not None},
        "seed": network.seed,
        "epochs_trained": network.epochs_trained,
        "optimizer": optimizer,
        "classes": None if network.classes is None else network.classes.tolist(),
        "feature_names": network.feature_names,
        **notes,
    }


def _metadata(network: Network) -> dict[str, Any] | None:
    """None if another program's note is no JSON object: the numbers may be right nevertheless."""
    try:
        return dict(network.metadata)
    except ValueError:
        return None


def _show(options: argparse.Namespace) -> int:
    network, facts = _loaded(options.file)
    if options.json:
        print(json.dumps(facts, indent=2))
    elif network is None:
        print(f"{options.file}: {facts['error']}", file=sys.stderr)
    else:
        print(network.summary())
        print(f"fingerprint: {facts['fingerprint']}")
        print(f"file: {facts['bytes']:,} bytes, numerics version {facts['numerics_version']}; {_tested(facts)}")
        if facts["optimizer"]:
            print(f"optimizer: {facts['optimizer']}")
        if facts["metadata"] is None:
            print("metadata: no JSON object")
        for name in ("metadata", "provenance"):
            if facts[name]:
                print(f"{name}: {json.dumps(facts[name])}")
    return int(network is None)


def _tested(facts: dict[str, Any]) -> str:
    if facts["self_test"]:
        return "self-test passed"
    return f"self-test skipped, as numerics version {netlet.numerics_version()} gives other bits"


def _verify(options: argparse.Namespace) -> int:
    failed = 0
    for file in options.files:
        network, facts = _loaded(file)
        failed += network is None
        if options.json:
            print(json.dumps(facts))
        elif network is None:
            print(f"{file}: FAILED: {facts['error']}")
        else:
            print(f"{file}: ok, {_tested(facts)}, fingerprint {facts['fingerprint']}")
    return int(failed > 0)


def _selftest(options: argparse.Namespace) -> int:
    """Train each golden network on each instruction set of this machine, on one thread and on all."""
    begin, failed, cases = time.perf_counter(), 0, _golden.read()
    expected = [(case.fingerprint, case.loss) for case in cases]
    if options.fingerprints:
        for case in cases:
            print(f"{case.fingerprint}  {case.name}")
    before = netlet.isa(), netlet.get_num_threads()
    warnings.simplefilter("ignore")  # the networks need not be good ones
    try:
        for isa in netlet.available_isas():
            _core.set_isa(isa)
            for threads in sorted({1, before[1], os.cpu_count() or 1}):
                netlet.set_num_threads(threads)
                results = [case.train(netlet) for case in cases]
                wrong = [case.name for case, got, right in zip(cases, results, expected) if got != right]
                failed += len(wrong)
                result = f"other bits: {', '.join(wrong)}" if wrong else f"{len(cases)} networks, all bits the same"
                print(f"{isa:9} {threads:3} thread{'s' if threads > 1 else ' '}  {_golden.together(results)}  {result}")
    finally:
        _core.set_isa(before[0])
        netlet.set_num_threads(before[1])
    print(f"numerics version {netlet.numerics_version()}, {_core.BUILD}, {platform.machine()}, {platform.system()}")
    print(f"all networks together: {_golden.together(expected)}, as docs/systems.md says")
    print(f"{'FAILED' if failed else 'passed'} in {time.perf_counter() - begin:.1f} s")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
