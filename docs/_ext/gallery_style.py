# SPDX-License-Identifier: BSD-3-Clause
"""The style of the gallery's figures, which sphinx-gallery would reset to matplotlib's own before each example."""

from pathlib import Path

import matplotlib as mpl

STYLE = Path(__file__).resolve().parents[2] / "examples" / "gallery" / "matplotlibrc"


def reset(gallery_conf: object, name: str) -> None:
    """Use the file that matplotlib reads where the examples are run by hand."""
    mpl.rc_file(STYLE)
