# SPDX-License-Identifier: BSD-3-Clause
"""Tests of the estimators need a scikit-learn that these support; without one they say so."""

from importlib import metadata
from pathlib import Path

import pytest

# of the package, not of the module: the folder is not called sklearn, as it would be found in its place
OLDEST = (1, 7)


def missing():
    """What is not as it must be."""
    try:
        found = metadata.version("scikit-learn")
    except metadata.PackageNotFoundError:
        found = "none"
    if found != "none" and tuple(map(int, found.split(".")[:2])) >= OLDEST:
        return None
    return f"the estimators need scikit-learn {'.'.join(map(str, OLDEST))} or newer, got {found}"


def pytest_report_header():
    return missing() or f"scikit-learn {metadata.version('scikit-learn')}"


class Skipped(pytest.Module):
    """A test file that is not imported."""

    def collect(self):
        pytest.skip(missing(), allow_module_level=True)


def pytest_pycollect_makemodule(module_path, parent):
    return Skipped.from_parent(parent, path=module_path) if missing() else None


IGNORED = [
    "ignore:Stochastic Optimizer. Maximum iterations:UserWarning",  # most tests need no end of training
    "ignore:scipy.optimize. The `disp` and `iprint` options:DeprecationWarning",  # scikit-learn's, up to 1.7.0
]


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings(*IGNORED))
