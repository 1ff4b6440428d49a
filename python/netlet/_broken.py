# SPDX-License-Identifier: BSD-3-Clause
"""What to do if the compiled core cannot be imported."""

from __future__ import annotations

import platform
from pathlib import Path


def explain(error: ImportError) -> str:
    """Say why, as far as the files beside this one show, and what helps.

    Parameters
    ----------
    error : ImportError
        What importing ``netlet._core`` raised.

    Returns
    -------
    str
    """
    text = str(error)
    if error.name not in (None, "netlet", "netlet._core", "_core"):
        return text  # NumPy is missing, perhaps
    if "interpreter" in text:  # what the core says before Python 3.12, and Python since
        return "netlet works in the main interpreter only, not in a sub-interpreter"
    here = f"Python {platform.python_version()} on {platform.machine()}"
    reinstall = "install netlet's wheel for this Python again (pip install --force-reinstall --no-deps ...)"
    if error.path:  # it was found, but cannot be loaded into this process
        return f"netlet's compiled core, {error.path}, cannot be loaded: {text}. This is {here}: {reinstall}."
    folder = Path(__file__).parent
    present = sorted(path.name for path in folder.glob("_core.*") if path.suffix in (".so", ".pyd", ".dylib"))
    if present:
        return (
            f"netlet's compiled core in {folder} is {', '.join(present)}, for another Python or another processor: "
            f"this is {here}. To repair that, {reinstall}."
        )
    return (
        f"netlet's compiled core is missing beside {folder}: {text}. If that is a clone of the sources, install it "
        f"(python -m pip install .) and do not start Python in its folder python/; otherwise {reinstall}."
    )
