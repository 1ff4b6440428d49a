# SPDX-License-Identifier: BSD-3-Clause
"""Networks of genann, as genann_write writes them: four sizes, and each unit's weights after that of its bias.

A bias is the weight of a constant input of -1.
"""

from __future__ import annotations

import itertools
from typing import Any

from .parts import Layers, Parts
from .reading import integers, numbers


def from_genann(text: str, activation: Any, output_activation: str | None, loss: str | None, dtype: Any) -> Parts:
    """Read a file's text."""
    words = text.split()
    inputs, depth, hidden, outputs = integers(
        words[:4] if len(words) >= 4 else [""], "inputs, hidden_layers, hidden and outputs", least=0
    )
    if depth > len(words):
        raise ValueError(f"path: expected {depth} hidden layers, the file is too short")
    sizes = [inputs, *[hidden] * depth, outputs]
    if min(sizes) < 1:
        raise ValueError(f"path: expected layers of at least one unit, got sizes {sizes[:20]}")
    total = sum((before + 1) * size for before, size in itertools.pairwise(sizes))
    values = numbers(words[4:], total, "weights")
    layers, used = Layers(), 0
    for i, (before, size) in enumerate(itertools.pairwise(sizes)):
        unit = values[used : used + (before + 1) * size].reshape(size, before + 1)
        used += unit.size
        layers.add_layer(unit[:, 1:].T, -unit[:, 0], f"path, layer {i + 1}")
    if output_activation is None and (isinstance(activation, str) or len(activation) < len(sizes) - 1):
        output_activation = "sigmoid"
    layers.override(activation, output_activation)
    return layers.parts(loss=loss or "squared_error", dtype=dtype)
