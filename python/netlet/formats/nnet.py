# SPDX-License-Identifier: BSD-3-Clause
"""Networks in the format .nnet of aircraft collision avoidance (ACAS Xu): relu layers, then a linear one.

Comments, sizes, and a row for each of: an unused flag, the inputs' minima, maxima, means and ranges, the last two with
one more for all outputs; then each layer's rows of weights and of biases.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from .parts import Layers, Parts
from .reading import integers, numbers


def _rows(text: str) -> list[list[str]]:
    """The words of each line that is no comment and not empty."""
    if not text.rstrip(" \t").endswith((",", "\n")):
        raise ValueError("path: expected a file in the format .nnet, whose rows end in a comma; it ends in a number")
    lines = (line.strip() for line in text.splitlines())
    return [[word for word in map(str.strip, line.split(",")) if word] for line in lines if line and line[:2] != "//"]


def _sizes(rows: list[list[str]]) -> list[int]:
    if len(rows) < 7:
        raise ValueError(f"path: expected a file in the format .nnet, got {len(rows)} lines before its weights")
    stated, sizes = integers(rows[0], "sizes"), integers(rows[1], "layer sizes")
    if len(stated) < 3 or stated[:3] != [len(sizes) - 1, sizes[0], sizes[-1]]:
        raise ValueError(
            f"path: expected the layer sizes of {stated[0]} layers, as the line before them says, got {sizes[:20]}"
        )
    return sizes


def from_nnet(text: str, loss: str | None, dtype: Any) -> Parts:
    """Read a file's text."""
    rows = _rows(text)
    sizes = _sizes(rows)
    inputs = sizes[0]
    for row, name in zip(rows[3:5], ("minima", "maxima")):  # to which others clip inputs, and netlet does not
        if len(row) != inputs:
            raise ValueError(f"path, {name}: expected {inputs} numbers, got {len(row)}")
    means, ranges = (numbers(row, inputs + 1, name) for row, name in zip(rows[5:7], ("means", "ranges")))
    left = iter(rows[7:])
    layers = Layers()
    layers.add_columns(np.subtract, means[:-1], "path, means")
    layers.add_columns(np.divide, ranges[:-1], "path, ranges")
    for i, (before, size) in enumerate(itertools.pairwise(sizes)):
        where = f"layer {i + 1}"
        weight = [numbers(row, before, f"{where}, weights") for row in itertools.islice(left, size)]
        bias = [numbers(row, 1, f"{where}, biases") for row in itertools.islice(left, size)]
        if len(bias) < size:
            raise ValueError(f"path, {where}: expected {size} rows of weights and of biases; the file ends before")
        layers.add_layer(np.array(weight).T, np.concatenate(bias), f"path, {where}")
        if i + 2 < len(sizes):
            layers.add_activation("relu", f"path, {where}")
    if next(left, None) is not None:
        raise ValueError("path: expected no more rows than those of its layers")
    layers.add_columns(np.multiply, ranges[-1], "path, ranges")
    layers.add_columns(np.add, means[-1], "path, means")
    return layers.parts(loss=loss or "squared_error", dtype=dtype)
