# SPDX-License-Identifier: BSD-3-Clause
"""Networks of RTNeural: the JSON files of its models, as its Python scripts write them from Keras."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from .parts import Allowance, Layers, Parts

_ACTIVATIONS = ("tanh", "relu", "sigmoid", "softmax", "elu")  # all that it has
_DENSE = ("dense", "time-distributed-dense")


def _entry(values: Any, name: str, kind: type, where: str) -> Any:
    entry = values.get(name) if isinstance(values, Mapping) else None
    if not isinstance(entry, kind):
        raise ValueError(f"{where}: expected {name!r} as a {kind.__name__}, got {type(entry).__name__}")
    return entry


def _array(values: Any, dimensions: int, where: str) -> Any:
    try:
        array = np.asarray(values)
    except ValueError:  # lists of different lengths
        array = np.empty(0, object)
    if array.dtype.kind not in "fi" or array.ndim != dimensions or not np.isfinite(array).all():
        what = ("a finite number", "a list of finite numbers", "a matrix of finite numbers")[dimensions]
        raise ValueError(f"{where}: expected {what}, got {array.dtype} of shape {array.shape}")
    return array.astype(np.float64)


def _width(shape: list[Any], where: str) -> int:
    size = shape[-1] if shape and len(shape) < 4 else None
    if not isinstance(size, int) or isinstance(size, bool) or size < 1:
        raise ValueError(f"{where}: expected a shape that ends in a number of values, got {str(shape)[:40]}")
    return size


def _add(layers: Layers, layer: Any, where: str) -> None:
    kind = _entry(layer, "type", str, where)
    where = f"{where} ({kind})"
    weights = _entry(layer, "weights", list, where)
    if kind in _DENSE:
        if not 1 <= len(weights) <= 2:
            raise ValueError(f"{where}: expected weights and biases, got {len(weights)} arrays")
        bias = _array(weights[1], 1, where) if len(weights) == 2 else None
        layers.add_layer(_array(weights[0], 2, where), bias, where)
        if layers.weights[-1].shape[1] != _width(_entry(layer, "shape", list, where), where):
            raise ValueError(f"{where}: expected weights for the outputs of its shape, {layer['shape']}")
    elif kind == "batchnorm":
        if len(weights) not in (2, 4):
            raise ValueError(f"{where}: expected 2 or 4 arrays, got {len(weights)}")
        scale, shift, mean, variance = [None] * (4 - len(weights)) + [_array(values, 1, where) for values in weights]
        epsilon = float(_array(layer.get("epsilon"), 0, f"{where}, epsilon"))
        layers.add_normalization(mean, variance, epsilon, scale, shift, where)
    elif kind != "activation":
        known = ", ".join([*_DENSE, "activation", "batchnorm"])
        raise ValueError(f"{where}: netlet has no such layer; known are {known}")
    name = layer.get("activation", "")
    if kind == "batchnorm" or name == "":
        return
    if name not in _ACTIVATIONS:
        raise ValueError(f"{where}: expected an activation of RTNeural ({', '.join(_ACTIVATIONS)}), got {name!r}")
    layers.add_activation(name, where)


def _no_number(name: str) -> Any:
    raise ValueError(f"it has {name}, which is no number of JSON")


def from_rtneural(text: bytes, loss: str | None, dtype: Any) -> Parts:
    """Read a file's bytes."""
    try:
        model = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"path: expected JSON, but {error}") from None
    inputs = _width(_entry(model, "in_shape", list, "path"), "path, in_shape")
    layers = Layers(inputs, Allowance(len(text) // 2))  # a number has a digit and a comma
    for i, layer in enumerate(_entry(model, "layers", list, "path")):
        _add(layers, layer, f"path, layer {i + 1}")
    parts = layers.parts(loss=loss, dtype=dtype)
    if parts.layer_sizes[0] != inputs:
        raise ValueError(f"path: expected {parts.layer_sizes[0]} inputs, as its first layer, got in_shape {inputs}")
    return parts
