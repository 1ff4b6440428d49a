# SPDX-License-Identifier: BSD-3-Clause
"""The gallery: its order, and its style, which sphinx-gallery would reset to matplotlib's own before each example."""

from pathlib import Path

import matplotlib as mpl

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "gallery"
FIRST = [  # the others follow by name
    *("xor", "digits", "decision_boundary", "schedules", "live", "sample_weights"),
    *("bands", "quantiles", "intervals", "calibration", "ensemble", "partial_dependence", "pixels"),
]


def reset(gallery_conf: object, name: str) -> None:
    """Use the file that matplotlib reads where the examples are run by hand."""
    mpl.rc_file(FOLDER / "matplotlibrc")


class Order:
    """A key to sort the examples by: the simple ones come first."""

    def __init__(self, folder: str) -> None:
        self.names = [f"plot_{name}.py" for name in FIRST]

    def __call__(self, name: str) -> tuple[int, str]:
        """Where it stands."""
        return (self.names.index(name) if name in self.names else len(self.names), name)

    def __repr__(self) -> str:
        return "gallery_style.Order"
