# SPDX-License-Identifier: BSD-3-Clause
"""Networks of FANN: its text files (.net) whose layers are fully connected to the next.

FANN multiplies sums by a steepness s before it applies a function: its sigmoid is 1 / (1 + exp(-2 s z)), its sigmoid
symmetric tanh(s z). The steepness goes into the weights, by a multiplication in binary64.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np

from .._names import ACTIVATIONS
from .parts import Layers, Parts

# fann_activationfunc_enum
_NAMES = [
    *("linear", "threshold", "threshold symmetric", "sigmoid", "sigmoid stepwise", "sigmoid symmetric"),
    *("sigmoid symmetric stepwise", "gaussian", "gaussian symmetric", "gaussian stepwise", "elliot"),
    *("elliot symmetric", "linear piece", "linear piece symmetric", "sin symmetric", "cos symmetric", "sin", "cos"),
    *("linear piece rect", "linear piece rect leaky"),
]
_ACTIVATIONS = {row["fann"][0]: (name, row["fann"][1]) for name, row in ACTIVATIONS.items() if "fann" in row}
_STEPWISE = {"sigmoid stepwise": "sigmoid", "sigmoid symmetric stepwise": "sigmoid symmetric"}
_NUMBER = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"


def _entry(text: str, name: str, default: str | None = None) -> str:
    found = re.search(rf"^{re.escape(name)}=(.*)$", text, re.MULTILINE)
    if found:
        return found[1].strip()
    if default is None:
        raise ValueError(f"path: expected a FANN file with {name!r}; it has none")
    return default


def _tuples(text: str, name: str, count: int, pattern: str) -> list[tuple[str, ...]]:
    found = re.findall(pattern, _entry(text, name))
    if len(found) != count:
        raise ValueError(f"path: expected {count} entries of {name!r}, got {len(found)}")
    return found


def _activation(numbers: set[tuple[str, str]], layer: int, stepwise: bool) -> tuple[str, float]:
    where = f"path, layer {layer + 1}"
    if len(numbers) != 1:
        raise ValueError(f"{where}: expected one activation and steepness for all its neurons, got {len(numbers)}")
    ((number, steepness),) = numbers
    name = _NAMES[int(number)] if int(number) < len(_NAMES) else f"number {number}"
    if name in _STEPWISE and stepwise:
        name = _STEPWISE[name]
    if name in _STEPWISE:
        raise ValueError(
            f"{where}: {name} is an approximation of its own; stepwise=True uses the exact function instead"
        )
    if name not in _ACTIVATIONS:
        raise ValueError(f"{where}: netlet has no activation {name!r}; known are {', '.join(_ACTIVATIONS)}")
    activation, factor = _ACTIVATIONS[name]
    if not 0 < float(steepness) <= 10:  # FANN cuts sums at 150 / steepness
        raise ValueError(f"{where}: expected a steepness above 0, at most 10, got {steepness}")
    return activation, factor * float(steepness)


def from_fann(text: str, stepwise: bool, loss: str | None, dtype: Any) -> Parts:
    """Read a file's text."""
    if not text.startswith("FANN_FLO"):
        start = text[:12].splitlines()[0] if text.strip() else "nothing"
        raise ValueError(f"path: expected a FANN file that begins with FANN_FLO, got {start!r}")
    if _entry(text, "network_type", "0") != "0":
        raise ValueError("path: expected a layered network; this one has shortcut connections")
    if _entry(text, "scale_included", "0") != "0":
        raise ValueError("path: expected a network without FANN's scaling; clear it and set input_scaling instead")
    written = _entry(text, "layer_sizes").split()
    if not all(re.fullmatch(r"\d{1,9}", size) for size in written):
        raise ValueError(f"path: expected numbers in layer_sizes, got {' '.join(written)[:40]!r}")
    sizes = [int(size) for size in written]
    if len(sizes) < 2 or min(sizes) < 2:  # each has a bias neuron
        raise ValueError(f"path: expected at least two layers of a neuron and a bias each, got sizes {sizes}")
    neurons = _tuples(
        text, "neurons (num_inputs, activation_function, activation_steepness)", sum(sizes),
        rf"\((\d{{1,9}}),\s*(\d{{1,9}}),\s*({_NUMBER})\)",
    )  # fmt: skip
    total = sum(int(count) for count, _, _ in neurons)
    if total > len(text):
        raise ValueError(f"path: expected as many connections as the neurons say, {total}; the file is too short")
    connections = _tuples(text, "connections (connected_to_neuron, weight)", total, rf"\((\d{{1,9}}),\s*({_NUMBER})\)")
    sources = np.array([int(source) for source, _ in connections], np.int64)
    weights = np.array([float(weight) for _, weight in connections])
    if not np.isfinite(weights).all():
        raise ValueError("path: expected finite weights")
    layers = Layers()
    first, used = 0, 0
    for i, (before, size) in enumerate(itertools.pairwise(sizes)):
        where = f"path, layer {i + 1}"
        own = neurons[first + before : first + before + size - 1]  # without its bias, which has no inputs
        wanted = np.arange(first, first + before)
        rows = []
        for count, _, _ in own:
            if int(count) != before or (sources[used : used + before] != wanted).any():
                raise ValueError(f"{where}: expected each neuron connected to the whole layer before it")
            rows.append(weights[used : used + before])
            used += before
        name, factor = _activation({(number, steepness) for _, number, steepness in own}, i, stepwise)
        matrix = np.array(rows).T * factor
        layers.add_layer(matrix[:-1], matrix[-1], where)
        layers.add_activation(name, where)
        first += before
    if used != total:
        raise ValueError(f"path: expected {used} connections between the layers, got {total}")
    return layers.parts(loss=loss or "squared_error", dtype=dtype)
