# SPDX-License-Identifier: BSD-3-Clause
"""Networks of Keras: a model of Dense layers, or its weights. Keras itself is not imported."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from .._data import real_array
from .._names import ACTIVATIONS
from .parts import Allowance, Layers, Parts, require

_FUNCTIONS = {function: name for name, row in ACTIVATIONS.items() for function in row.get("keras", ())}
# class: what it is here, and the configuration that it must have
_LAYERS = {
    row["keras_layer"][0]: (name, row["keras_layer"][1]) for name, row in ACTIVATIONS.items() if "keras_layer" in row
}
_LOGARITHMS = "log_softmax"
_LEAKY = "leaky_relu"  # whose slope is 0.2, unless it is a layer
_CLIPS = {"relu6": (0.0, 6.0), "hard_tanh": (-1.0, 1.0)}
# what does nothing in prediction, or nothing but change the shape
_NOTHING = ("Flatten", "Identity", "GaussianNoise", "GaussianDropout", "AlphaDropout", "ActivityRegularization")


def _function(function: Any, where: str) -> str:
    name = getattr(function, "__name__", type(function).__name__)
    own = str(getattr(function, "__module__", "")).startswith("keras.src.activations")
    if own and name in (*_FUNCTIONS, *_CLIPS, _LEAKY, _LOGARITHMS):
        return _FUNCTIONS.get(name, name)
    known = ", ".join([*_FUNCTIONS, *_CLIPS, _LEAKY, _LOGARITHMS])
    raise ValueError(f"{where}: netlet has no activation {name!r} of that form; known are keras's {known}")


def _layer_activation(layer: Any, kind: str, where: str) -> str:
    if kind not in _LAYERS:
        known = ", ".join(["Dense", "Activation", *_LAYERS, "PReLU", *_COLUMNS, *_NOTHING, "Dropout"])
        raise ValueError(f"{where}: netlet has no such layer; known are {known} and Reshape")
    name, wanted = _LAYERS[kind]
    require(name, wanted, layer.get_config(), where)
    return name


def _chain(model: Any) -> Iterator[tuple[Any, tuple[int, ...]]]:
    """The layers from the model's input to its output, each of which takes the output of the one before, and its shape.

    Those of models in the model, too.
    """
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
        if len(before) != 1 or any(layer is other for other, _ in layers):
            raise ValueError(f"model, layer {layer.name!r}: expected a chain, in which each layer stands once")
        tensor = before[0]
        layers.append((layer, tuple(tensor.shape)[1:]))
    for layer, shape in reversed(layers):
        if type(layer).__name__ in ("Sequential", "Functional"):
            yield from _chain(layer)
        else:
            yield layer, shape


def _dense(layers: Layers, layer: Any, where: str) -> None:
    if getattr(layer, "lora_enabled", False) or getattr(layer, "quantization_mode", None):
        raise ValueError(f"{where}: expected plain weights, without LoRA or quantization")
    weight, *bias = layer.get_weights()
    layers.add_layer(weight, bias[0] if bias else None, where)
    _activate(layers, _function(layer.activation, where), where)


def _activate(layers: Layers, name: str, where: str) -> None:
    if name == _LOGARITHMS:
        layers.add_log_softmax(where)
    elif name == _LEAKY:
        layers.add_leaky_relu(0.2, where)
    elif name in _CLIPS:
        layers.add_clip(*_CLIPS[name], where)
    else:
        layers.add_activation(name, where)


# ---- what is done to each column by itself; inputs may have any shape, whose values are the columns


def _array(tensor: Any) -> Any:
    return np.asarray(sys.modules["keras"].ops.convert_to_numpy(tensor))


def _normalization(layers: Layers, layer: Any, shape: tuple[int, ...], where: str) -> None:
    mean, variance = (np.broadcast_to(_array(moment)[0], shape).ravel() for moment in (layer.mean, layer.variance))
    with np.errstate(all="ignore"):  # what is not finite is refused where it is used
        deviation = np.maximum(np.sqrt(variance.astype(np.float64)), sys.modules["keras"].config.epsilon())
    steps = (
        [(np.multiply, deviation), (np.add, mean)] if layer.invert else [(np.subtract, mean), (np.divide, deviation)]
    )
    for step, values in steps:
        layers.add_columns(step, values, where)


def _rescaling(layers: Layers, layer: Any, shape: tuple[int, ...], where: str) -> None:
    for step, values in (np.multiply, layer.scale), (np.add, layer.offset):
        if np.ndim(values) and len(shape) != 1:
            raise ValueError(f"{where}: expected one number for inputs of shape {shape}, got {values!r}")
        layers.add_columns(step, values, where)


def _batch_normalization(layers: Layers, layer: Any, shape: tuple[int, ...], where: str) -> None:
    along = [1] * len(shape)
    along[layer.axis if layer.axis < 0 else layer.axis - 1] = -1

    def columns(tensor: Any) -> Any:
        return None if tensor is None else np.broadcast_to(_array(tensor).reshape(along), shape).ravel()

    moments = columns(layer.moving_mean), columns(layer.moving_variance)
    layers.add_normalization(*moments, layer.epsilon, columns(layer.gamma), columns(layer.beta), where)


_COLUMNS = {
    "Normalization": _normalization,
    "Rescaling": _rescaling,
    "BatchNormalization": _batch_normalization,
}


def _keeps_columns(layer: Any, kind: str, shape: tuple[int, ...]) -> bool:
    """Whether it gives the same values in the same order."""
    return kind in ("Reshape", *_NOTHING) and (len(shape) == 1 or getattr(layer, "data_format", "") != "channels_first")


def _add(layers: Layers, layer: Any, shape: tuple[int, ...], where: str) -> None:
    kind = type(layer).__name__
    if layer.compute_dtype != layer.variable_dtype:
        raise ValueError(f"{where}: expected one dtype, got {layer.variable_dtype} computed in {layer.compute_dtype}")
    if kind in _COLUMNS:
        _COLUMNS[kind](layers, layer, shape, where)
    elif kind == "Dropout":
        layers.add_dropout(layer.rate)
    elif _keeps_columns(layer, kind, shape):
        return
    elif len(shape) != 1:
        raise ValueError(f"{where}: expected rows of inputs, flattened before it, got inputs of shape {shape}")
    elif kind == "Dense":
        _dense(layers, layer, where)
    elif kind == "Activation":
        _activate(layers, _function(layer.activation, where), where)
    elif kind == "LeakyReLU":
        layers.add_leaky_relu(float(layer.negative_slope), where)
    elif kind == "PReLU":
        layers.add_leaky_relu(np.broadcast_to(_array(layer.alpha), shape), where)
    elif kind == "ReLU" and layer.max_value is not None and layer.negative_slope == layer.threshold == 0:
        layers.add_clip(0.0, float(layer.max_value), where)
    else:
        layers.add_activation(_layer_activation(layer, kind, where), where)


def _from_layers(model: Any) -> Layers:
    chain = list(_chain(model))
    shape = chain[0][1] if chain else ()
    layers = Layers(None if None in shape else math.prod(shape), Allowance(model.count_params()))
    for layer, shape in chain:
        where = f"model, layer {layer.name!r} ({type(layer).__name__})"
        if not type(layer).__module__.startswith("keras.src.layers."):
            raise ValueError(f"{where}: expected a layer of Keras itself, got one of another kind")
        _add(layers, layer, shape, where)
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
        layers = _from_weights(model)
        if activation is None and len(layers.weights) > 1:
            raise ValueError("activation: weights do not contain it; name it, and output_activation if it has one")
    else:
        raise TypeError(f"model: expected a model of Keras or its weights, got {type(model).__name__}")
    layers.override(activation, output_activation)
    return layers.parts(loss=loss, dtype=dtype)
