# SPDX-License-Identifier: BSD-3-Clause
"""Networks of FANN: its text files (.net) whose layers are fully connected to the next.

A shortcut network, in which each layer is connected to all before it, is such a network if the weights that skip a
layer are 0. FANN multiplies sums by a steepness s before it applies a function: its sigmoid is 1 / (1 + exp(-2 s z)),
its sigmoid symmetric tanh(s z). The steepness goes into the weights, by a multiplication in binary64.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np

from .._names import ACTIVATIONS
from .parts import Layers, Parts
from .reading import integers, numbers

# fann_activationfunc_enum
_NAMES = [
    *("linear", "threshold", "threshold symmetric", "sigmoid", "sigmoid stepwise", "sigmoid symmetric"),
    *("sigmoid symmetric stepwise", "gaussian", "gaussian symmetric", "gaussian stepwise", "elliot"),
    *("elliot symmetric", "linear piece", "linear piece symmetric", "sin symmetric", "cos symmetric", "sin", "cos"),
    *("linear piece rect", "linear piece rect leaky"),
]
_ACTIVATIONS = {row["fann"][0]: (name, row["fann"][1]) for name, row in ACTIVATIONS.items() if "fann" in row}
_CLIPS = {"linear piece": (0.0, 1.0), "linear piece symmetric": (-1.0, 1.0)}
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


def _activation(kinds: set[tuple[str, str]], layer: int, stepwise: bool) -> tuple[str, float]:
    where = f"path, layer {layer + 1}"
    if len(kinds) != 1:
        raise ValueError(f"{where}: expected one activation and steepness for all its neurons, got {len(kinds)}")
    ((number, steepness),) = kinds
    name = _NAMES[int(number)] if int(number) < len(_NAMES) else f"number {number}"
    if name in _STEPWISE and stepwise:
        name = _STEPWISE[name]
    if name in _STEPWISE:
        raise ValueError(
            f"{where}: {name} is an approximation of its own; stepwise=True uses the exact function instead"
        )
    if name not in _ACTIVATIONS and name not in _CLIPS:
        known = ", ".join([*_ACTIVATIONS, *_CLIPS])
        raise ValueError(f"{where}: netlet has no activation {name!r}; known are {known}")
    activation, factor = _ACTIVATIONS.get(name, (name, 1.0))
    if not 0 < float(steepness) <= 10:  # FANN cuts sums at 150 / steepness
        raise ValueError(f"{where}: expected a steepness above 0, at most 10, got {steepness}")
    return activation, factor * float(steepness)


def _scale(layers: Layers, text: str, end: str, count: int) -> None:
    """Scale inputs (end "in") as fann_scale_input does, or outputs ("out") as fann_descale_output."""
    if _entry(text, "scale_included", "0") == "0":
        return
    names = [f"{name}_{end}" for name in ("scale_mean", "scale_deviation", "scale_new_min", "scale_factor")]
    values = np.array([numbers(_entry(text, name).split(), count, name) for name in names])
    with np.errstate(all="ignore"):  # what is not finite is refused where it is used
        values = values.astype(np.float32).astype(np.float64)  # FANN has no others, even for double
        scaled = values[1] != 0  # FANN leaves the other columns as they are
        mean, deviation, least, factor = np.where(scaled, values, ((0.0,), (1.0,), (-1.0,), (1.0,)))
        offset = least + factor
    steps = [(np.subtract, mean), (np.divide, deviation), (np.multiply, factor), (np.add, offset)]
    if end == "out":
        steps = [(np.subtract, offset), (np.divide, factor), (np.multiply, deviation), (np.add, mean)]
    for step, values in steps:
        layers.add_columns(step, values, f"path, scaling ({end})")


def _check(text: str) -> bool:
    """Whether it is a network with shortcut connections, after what is no network of floating-point numbers."""
    if text.startswith("FANN_FIX"):
        raise ValueError("path: expected FANN's floating-point numbers, got a fixed-point file (FANN_FIX)")
    if not text.startswith("FANN_FLO"):
        start = text[:12].splitlines()[0] if text.strip() else "nothing"
        raise ValueError(f"path: expected a FANN file that begins with FANN_FLO, got {start!r}")
    kind = _entry(text, "network_type", "0")
    if kind not in ("0", "1"):
        raise ValueError(f"path: expected network_type 0 (layered) or 1 (shortcut), got {kind[:20]!r}")
    return kind == "1"


def from_fann(text: str, stepwise: bool, loss: str | None, dtype: Any) -> Parts:
    """Read a file's text."""
    shortcut = _check(text)
    sizes = integers(_entry(text, "layer_sizes").split(), "layer_sizes")
    bias_neurons = [1] + [0 if shortcut else 1] * (len(sizes) - 1)  # the last of a layer's neurons
    if len(sizes) < 2 or any(size <= bias for size, bias in zip(sizes, bias_neurons)):
        raise ValueError(f"path: expected at least two layers of a neuron and a bias each, got sizes {sizes[:20]}")
    neurons = _tuples(
        text, "neurons (num_inputs, activation_function, activation_steepness)", sum(sizes),
        rf"\((\d{{1,9}}),\s*(\d{{1,9}}),\s*({_NUMBER})\)",
    )  # fmt: skip
    total = sum(int(count) for count, _, _ in neurons)
    if total > len(text):
        raise ValueError(f"path: expected as many connections as the neurons say, {total}; the file is too short")
    connections = _tuples(text, "connections (connected_to_neuron, weight)", total, rf"\((\d{{1,9}}),\s*({_NUMBER})\)")
    sources = np.array([int(source) for source, _ in connections], np.int64)
    weights = numbers([weight for _, weight in connections], total, "connections")
    layers = Layers()
    _scale(layers, text, "in", sizes[0] - 1)
    used = 0
    for i, start in enumerate(itertools.accumulate(sizes[:-1])):
        where = f"path, layer {i + 1}"
        first = start - sizes[i]  # of the layer before
        bias = sizes[0] - 1 if shortcut else start - 1
        wanted = np.arange(0 if shortcut else first, start)
        own = neurons[start : start + sizes[i + 1] - bias_neurons[i + 1]]
        rows = []
        for count, _, _ in own:
            if int(count) != len(wanted) or (sources[used : used + len(wanted)] != wanted).any():
                raise ValueError(f"{where}: expected each neuron connected to the whole layer before it")
            rows.append(weights[used : used + len(wanted)])
            used += len(wanted)
        name, factor = _activation({(number, steepness) for _, number, steepness in own}, i, stepwise)
        with np.errstate(all="ignore"):
            matrix = np.array(rows).T * factor
        if not np.isfinite(matrix).all():
            raise ValueError(f"{where}: expected weights that are finite after they are multiplied by the steepness")
        before = (wanted >= first) & (wanted != bias)
        if matrix[~before & (wanted != bias)].any():
            raise ValueError(f"{where}: expected a layered network; its shortcut connections skip a layer")
        layers.add_layer(matrix[before], matrix[bias - wanted[0]], where)
        if name in _CLIPS:
            layers.add_clip(*_CLIPS[name], where)
        else:
            layers.add_activation(name, where)
    if used != total:
        raise ValueError(f"path: expected {used} connections between the layers, got {total}")
    _scale(layers, text, "out", layers.weights[-1].shape[1])
    return layers.parts(loss=loss or "squared_error", dtype=dtype)
