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


def _function(function: Any, where: str) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    own = str(getattr(function, "__module__", "")).startswith("keras.src.activations")
    if own and name in _NAMES:
        return _NAMES[name]
    raise ValueError(f"{where}: netlet has no activation {name!r} of that form; known are keras's {', '.join(_NAMES)}")


def _layer_activation(layer: Any, kind: str, where: str) -> str:
    settings = layer.get_config() if hasattr(layer, "get_config") else {}
    if kind == "LeakyReLU":
        slope = settings["negative_slope"]
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
        if settings.get("axis") not in (-1, 1):
            raise ValueError(f"{where}: expected a softmax over the outputs, got axis={settings.get('axis')}")
        return "softmax"
    raise ValueError(
        f"{where}: netlet has no such layer; known are Dense, Activation, ReLU, LeakyReLU, ELU, Softmax, Dropout "
        "and Flatten"
    )


def _chain(model: Any) -> list[Any]:
    """The layers from the model's input to its output, each of which takes what the one before gives."""
    if type(model).__name__ not in ("Sequential", "Functional") or not type(model).__module__.startswith("keras.src."):
        raise ValueError(f"model: expected a Sequential or functional model of Keras 3, got {type(model).__name__}")
    if not model.built:
        raise ValueError("model: expected a model that is built; give it an Input")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(f"model: expected one input and one output, got {len(model.inputs)} and {len(model.outputs)}")
    layers: list[Any] = []
    tensor = model.outputs[0]
    while tensor is not model.inputs[0]:
        history = tensor._keras_history
        layer = history.operation
        before = layer._inbound_nodes[history.node_index].input_tensors
        if len(before) != 1 or any(layer is other for other in layers):
            raise ValueError(f"model, layer {layer.name!r}: expected a chain, in which each layer stands once")
        layers.append(layer)
        tensor = before[0]
    return layers[::-1]


def _dense(parts: Parts, layer: Any, where: str) -> None:
    if getattr(layer, "lora_enabled", False) or getattr(layer, "quantization_mode", None):
        raise ValueError(f"{where}: expected plain weights, without LoRA or quantization")
    if layer.compute_dtype != layer.variable_dtype:
        raise ValueError(f"{where}: expected one dtype, got {layer.variable_dtype} computed in {layer.compute_dtype}")
    weight, *bias = layer.get_weights()
    parts.add_layer(weight, bias[0] if bias else None, where)
    parts.add_activation(_function(layer.activation, where), where)


def _from_layers(model: Any) -> Parts:
    parts = Parts()
    for layer in _chain(model):
        kind = type(layer).__name__
        where = f"model, layer {layer.name!r} ({kind})"
        if not type(layer).__module__.startswith("keras.src."):
            raise ValueError(f"{where}: expected a layer of Keras itself, got one of another kind")
        if kind == "Dense":
            _dense(parts, layer, where)
        elif kind == "Activation":
            parts.add_activation(_function(layer.activation, where), where)
        elif kind == "Dropout":
            parts.add_dropout(layer.rate, where)
        elif kind != "Flatten":
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
