# SPDX-License-Identifier: BSD-3-Clause
"""Networks of Keras: a model of Dense layers, or its weights. Keras itself is not imported."""

from __future__ import annotations

from typing import Any

from .._data import real_array
from .._names import ACTIVATIONS
from .parts import Layers, Parts, require

_FUNCTIONS = {function: name for name, row in ACTIVATIONS.items() for function in row.get("keras", ())}
# class: what it is here, and the configuration that it must have
_LAYERS = {
    row["keras_layer"][0]: (name, row["keras_layer"][1]) for name, row in ACTIVATIONS.items() if "keras_layer" in row
}


def _function(function: Any, where: str) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    own = str(getattr(function, "__module__", "")).startswith("keras.src.activations")
    if own and name in _FUNCTIONS:
        return _FUNCTIONS[name]
    known = ", ".join(_FUNCTIONS)
    raise ValueError(f"{where}: netlet has no activation {name!r} of that form; known are keras's {known}")


def _layer_activation(layer: Any, kind: str, where: str) -> str:
    if kind not in _LAYERS:
        known = ", ".join(["Dense", "Activation", *_LAYERS, "Dropout"])
        raise ValueError(f"{where}: netlet has no such layer; known are {known} and Flatten")
    name, wanted = _LAYERS[kind]
    require(name, wanted, layer.get_config(), where)
    return name


def _chain(model: Any) -> list[Any]:
    """The layers from the model's input to its output, each of which takes the output of the one before."""
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


def _dense(layers: Layers, layer: Any, where: str) -> None:
    if getattr(layer, "lora_enabled", False) or getattr(layer, "quantization_mode", None):
        raise ValueError(f"{where}: expected plain weights, without LoRA or quantization")
    if layer.compute_dtype != layer.variable_dtype:
        raise ValueError(f"{where}: expected one dtype, got {layer.variable_dtype} computed in {layer.compute_dtype}")
    weight, *bias = layer.get_weights()
    layers.add_layer(weight, bias[0] if bias else None, where)
    layers.add_activation(_function(layer.activation, where), where)


def _from_layers(model: Any) -> Layers:
    layers = Layers()
    for layer in _chain(model):
        kind = type(layer).__name__
        where = f"model, layer {layer.name!r} ({kind})"
        if not type(layer).__module__.startswith("keras.src."):
            raise ValueError(f"{where}: expected a layer of Keras itself, got one of another kind")
        if kind == "Dense":
            _dense(layers, layer, where)
        elif kind == "Activation":
            layers.add_activation(_function(layer.activation, where), where)
        elif kind == "Dropout":
            layers.add_dropout(layer.rate, where)
        elif kind != "Flatten":
            layers.add_activation(_layer_activation(layer, kind, where), where)
    return layers


def _from_weights(weights: Any) -> Layers:
    arrays = [real_array(array, f"model, array {i}", rows=False) for i, array in enumerate(weights)]
    layers = Layers()
    for i, array in enumerate(arrays):
        if array.ndim == 2:
            bias = arrays[i + 1] if i + 1 < len(arrays) and arrays[i + 1].ndim == 1 else None
            layers.add_layer(array, bias, f"model, array {i}")
        elif array.ndim != 1 or i == 0 or arrays[i - 1].ndim != 2:
            raise ValueError(f"model, array {i}: expected a weight (inputs, outputs) or its bias, got {array.shape}")
    return layers


def from_keras(model: Any, activation: Any, output_activation: str | None, loss: str | None, dtype: Any) -> Parts:
    """Read a model, or its get_weights() together with the activations."""
    if hasattr(model, "layers"):
        layers = _from_layers(model)
    elif isinstance(model, (list, tuple)):
        if activation is None:
            raise ValueError("activation: weights do not contain it; name it, and output_activation if it has one")
        layers = _from_weights(model)
    else:
        raise TypeError(f"model: expected a model of Keras or its weights, got {type(model).__name__}")
    layers.override(activation, output_activation)
    return layers.parts(loss=loss, dtype=dtype)
