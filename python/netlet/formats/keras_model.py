# SPDX-License-Identifier: BSD-3-Clause
"""Networks of Keras: a model of Dense layers, or its weights. Keras itself is not imported."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .parts import N, Parts, override

# functions of Keras that netlet's are; its leaky_relu has another slope
_SAME = ("sigmoid", "tanh", "relu", "elu", "softplus", "silu", "gelu", "hard_sigmoid", "softmax")
_NAMES = {"linear": "identity", "swish": "silu", **{name: name for name in _SAME}}


def _function(name: str, where: str) -> str:
    if name in _NAMES:
        return _NAMES[name]
    raise ValueError(f"{where}: netlet has no activation {name!r} of that form; known are {', '.join(_NAMES)}")


def _layer_activation(layer: Any, kind: str, where: str) -> str:
    settings = layer.get_config()
    if kind == "LeakyReLU":
        slope = settings.get("negative_slope", settings.get("alpha"))
        if not math.isclose(float(slope), 0.01):
            raise ValueError(f"{where}: netlet's leaky_relu has the slope 0.01, this one {slope}")
        return "leaky_relu"
    if kind == "ReLU":
        if settings.get("max_value") is not None or settings.get("negative_slope") or settings.get("threshold"):
            raise ValueError(f"{where}: expected a plain relu, got {settings}")
        return "relu"
    if kind == "ELU":
        if float(settings.get("alpha", 1.0)) != 1:
            raise ValueError(f"{where}: netlet's elu has alpha 1, this one {settings['alpha']}")
        return "elu"
    if kind == "Softmax":
        return "softmax"
    raise ValueError(
        f"{where}: netlet has no such layer; known are Dense, Activation, ReLU, LeakyReLU, ELU, Softmax, Dropout "
        "and Flatten"
    )


def _from_layers(model: Any) -> Parts:
    parts = Parts()
    for layer in model.layers:
        kind = type(layer).__name__
        where = f"model, layer {layer.name!r} ({kind})"
        if kind == "Dense":
            weight, *bias = layer.get_weights()
            parts.add_layer(weight, bias[0] if bias else None, where)
            parts.add_activation(_function(layer.activation.__name__, where), where)
        elif kind == "Activation":
            parts.add_activation(_function(layer.activation.__name__, where), where)
        elif kind == "Dropout":
            parts.add_dropout(layer.rate, where)
        elif kind not in ("InputLayer", "Flatten"):
            parts.add_activation(_layer_activation(layer, kind, where), where)
    return parts


def _from_weights(weights: Any) -> Parts:
    arrays = [np.asarray(array) for array in weights]
    parts = Parts()
    for i, array in enumerate(arrays):
        if array.ndim == 2:
            bias = arrays[i + 1] if i + 1 < len(arrays) and arrays[i + 1].ndim == 1 else None
            parts.add_layer(array, bias, f"model, array {i}")
        elif array.ndim != 1 or i == 0 or arrays[i - 1].ndim != 2:
            raise ValueError(f"model, array {i}: expected a weight (inputs, outputs) or its bias, got {array.shape}")
    return parts


def from_keras(
    cls: type[N], model: Any, activation: Any, output_activation: str | None, loss: str | None, dtype: Any
) -> N:
    """Make a network of a model, or of its get_weights() and the activations."""
    if hasattr(model, "layers"):
        parts = _from_layers(model)
    elif isinstance(model, (list, tuple)):
        if activation is None:
            raise ValueError("activation: weights do not say it; name it, and output_activation if it has one")
        parts = _from_weights(model)
    else:
        raise TypeError(f"model: expected a model of Keras or its weights, got {type(model).__name__}")
    override(parts, activation, output_activation)
    return parts.network(cls, loss=loss, dtype=dtype)
