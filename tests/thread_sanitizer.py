# SPDX-License-Identifier: BSD-3-Clause
"""Runs the tests of concurrency on a module that GCC has built with ThreadSanitizer.

``python tests/thread_sanitizer.py`` builds it in a folder of its own, beside the installed package, and runs those
tests on it. Any race between two accesses of the bindings or the core ends it with the reports. Python and NumPy are
not instrumented: of their own memory nothing is seen, of their locks everything, so that nothing has to be suppressed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from stress import CONCURRENCY

ROOT = Path(__file__).parents[1]


def build(folder: Path) -> None:
    """The package, for PYTHONPATH."""
    flags = "-fsanitize=thread -g"
    environment = {**os.environ, "CC": "gcc", "CXX": "g++", "CFLAGS": flags, "CXXFLAGS": flags, "LDFLAGS": flags}
    options = ["-Ccmake.build-type=RelWithDebInfo", "-Ccmake.define.NETLET_OPTIMIZE=-O1", f"-Cbuild-dir={folder}/build"]
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, *options, ROOT]
    subprocess.run(install, env=environment, check=True)


def main() -> None:
    """Build, run, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests", nargs="*", default=[*CONCURRENCY, "tests/system/test_interruption.py"])
    arguments = parser.parse_args()
    library = subprocess.run(["gcc", "-print-file-name=libtsan.so"], capture_output=True, text=True, check=True).stdout
    with tempfile.TemporaryDirectory() as temporary:
        folder, reports = Path(temporary) / "package", Path(temporary) / "reports"
        reports.mkdir()
        build(folder)
        environment = {
            **os.environ,
            "PYTHONPATH": str(folder),
            "LD_PRELOAD": library.strip(),
            # a process with threads may fork; what is found is read from the reports
            "TSAN_OPTIONS": f"die_after_fork=0 exitcode=0 history_size=7 log_path={reports}/of",
        }
        command = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", *arguments.tests]
        code = subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode
        found = [report.read_text() for report in reports.iterdir()]
    if code or found:
        sys.exit("\n".join(found) or code)
    print("ThreadSanitizer found nothing")  # noqa: T201


if __name__ == "__main__":
    main()
