# SPDX-License-Identifier: BSD-3-Clause
"""What a library adds to NumPy: import time and installed size."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from statistics import median

MODULES = {
    "netlet": "netlet",
    "scikit-learn": "sklearn.neural_network",
    "torch": "torch",
    "jax": "jax.numpy",
    "onnxruntime": "onnxruntime",
    "mlpfile": "mlpfile",
}


TIMED = """
import time, numpy
start = time.perf_counter()
import {module}
print(time.perf_counter() - start)
"""


def seconds(module: str) -> float:
    """Time an import in a fresh process that has imported NumPy."""
    command = [sys.executable, "-c", TIMED.format(module=module)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def distributions(name: str, found: dict) -> dict:
    """Collect a distribution and all its dependencies."""
    key = re.sub("[-_.]+", "-", name).lower()
    if key in found:
        return found
    try:
        found[key] = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return found  # only needed on other systems
    for requirement in found[key].requires or []:
        if "extra ==" not in requirement:
            distributions(re.match(r"[\w.-]+", requirement)[0], found)
    return found


def megabytes(found: dict) -> float:
    files = {path.locate() for distribution in found.values() for path in distribution.files or []}
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def measure(names: list[str], runs: int) -> dict[str, dict]:
    """Time each import after NumPy's, in turn, in fresh processes."""
    for name in names:
        seconds(MODULES[name])  # writes the bytecode files and fills the disk cache
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(runs):
        for name in names:
            times[name].append(seconds(MODULES[name]))
    numpy = distributions("numpy", {})
    result = {}
    for name in names:
        needed = {key: value for key, value in distributions(name, {}).items() if key not in numpy}
        result[name] = {"seconds": median(times[name]), "megabytes": megabytes(needed), "packages": sorted(needed)}
    return result
