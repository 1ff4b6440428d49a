# SPDX-License-Identifier: BSD-3-Clause
"""What to do where the compiled core cannot be imported."""

from __future__ import annotations

import importlib.machinery
import platform
import sys
from pathlib import Path


def explain(error: ImportError) -> str:
    """Say why, as far as the files beside this one tell, and what helps.

    Parameters
    ----------
    error : ImportError
        What importing ``netlet._core`` raised.

    Returns
    -------
    str
    """
    text = str(error)
    if (
        error.name not in (None, "netlet", "netlet._core", "_core") or "sub-interpreter" in text
    ):  # NumPy is missing, say
        return text
    here = f"Python {platform.python_version()} on {platform.machine()}"
    reinstall = f"{sys.executable} -m pip install --force-reinstall netlet"
    folder = Path(__file__).parent
    present = sorted(path.name for path in folder.glob("_core.*") if path.suffix in (".so", ".pyd", ".dylib"))
    fitting = [f"_core{suffix}" for suffix in importlib.machinery.EXTENSION_SUFFIXES if f"_core{suffix}" in present]
    if fitting:
        return (
            f"netlet's compiled core, {folder / fitting[0]}, cannot be loaded: {text}. This is {here}. Try: {reinstall}"
        )
    if present:
        return (
            f"netlet's compiled core in {folder} is {', '.join(present)}, for another Python or another processor: "
            f"this is {here}. Try: {reinstall}"
        )
    return (
        f"netlet's compiled core is missing in {folder}. If that is a clone of the sources, install it first (python "
        f"-m pip install .) and do not start Python in its folder python/; otherwise the installation is broken. "
        f"Try: {reinstall}"
    )
