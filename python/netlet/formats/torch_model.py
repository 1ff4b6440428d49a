# SPDX-License-Identifier: BSD-3-Clause
"""Networks of PyTorch: a Sequential of Linear layers and activations, or a state_dict; PyTorch is not imported."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .._names import ACTIVATIONS
from .parts import Allowance, Layers, Parts, require

# class: what it is here, and the attributes that it must have
_CLASSES = {row["torch"][0]: (name, row["torch"][1]) for name, row in ACTIVATIONS.items() if "torch" in row}
_CLIPS = ("Hardtanh", "ReLU6")
_FLOATS = ("float16", "float32", "float64")
_GROUPS = 6  # of layers whose order is tried: 720 orders


def _array(tensor: Any, where: str) -> Any:
    if isinstance(tensor, np.ndarray):
        kind = tensor.dtype.name
    elif hasattr(tensor, "detach"):
        kind = str(tensor.dtype).removeprefix("torch.")
    else:
        raise TypeError(f"{where}: expected a tensor of PyTorch or a NumPy array, got {type(tensor).__name__}")
    if kind not in _FLOATS:
        raise ValueError(f"{where}: expected parameters in float32 or float64, got {tensor.dtype}")
    try:
        return tensor if isinstance(tensor, np.ndarray) else tensor.detach().cpu().numpy()
    except (NotImplementedError, RuntimeError, TypeError) as error:
        raise ValueError(f"{where}: expected a tensor with values, but {error}") from None


def _activation(module: Any, kind: str, where: str) -> str:
    if kind not in _CLASSES:
        known = ", ".join(["Linear", "BatchNorm1d", *_CLASSES, "PReLU", *_CLIPS, "LogSoftmax", "Dropout", "Flatten"])
        raise ValueError(f"{where}: netlet has no such layer; known are {known}")
    name, wanted = _CLASSES[kind]
    require(name, wanted, {setting: getattr(module, setting) for setting in wanted}, where)
    return name


def _normalize(layers: Layers, module: Any, where: str) -> None:
    if module.running_mean is None or module.running_var is None:
        raise ValueError(f"{where}: expected moments that it has learned, without which it depends on the batch")
    mean, variance = _array(module.running_mean, where), _array(module.running_var, where)
    scale, shift = (None if values is None else _array(values, where) for values in (module.weight, module.bias))
    layers.add_normalization(mean, variance, module.eps, scale, shift, where)


def _modules(module: Any, where: str) -> Iterator[tuple[Any, str]]:
    """What a Sequential consists of, in its order, with what messages call it."""
    kind = type(module).__name__
    label = f"model, layer {where} ({kind})" if where else f"model ({kind})"
    if not type(module).__module__.startswith("torch.nn.modules."):
        raise ValueError(
            f"{label}: expected modules of torch.nn itself; for a module of your own, pass model.state_dict()"
        )
    if module._forward_hooks or module._forward_pre_hooks:
        raise ValueError(f"{label}: its hooks change what it computes (weight_norm, pruning, ...); remove them first")
    if kind == "Sequential":
        for name, child in module._modules.items():  # which may name a module twice
            yield from _modules(child, f"{where}.{name}" if where else name)
    else:
        yield module, label


def _add(layers: Layers, module: Any, label: str) -> None:
    kind = type(module).__name__
    if kind == "Linear":
        bias = None if module.bias is None else _array(module.bias, label)
        layers.add_layer(_array(module.weight, label).T, bias, label)
    elif kind == "BatchNorm1d":
        _normalize(layers, module, label)
    elif kind == "Dropout":
        layers.add_dropout(module.p)
    elif kind == "Flatten":
        if module.start_dim != 1 or module.end_dim != -1:
            raise ValueError(f"{label}: expected rows to stay rows, got start_dim={module.start_dim}")
    elif kind == "LogSoftmax":
        _activation(module, "Softmax", label)
        layers.add_log_softmax(label)
    elif kind in ("LeakyReLU", "PReLU"):
        layers.add_leaky_relu(_array(module.weight, label) if kind == "PReLU" else module.negative_slope, label)
    elif kind in _CLIPS:
        layers.add_clip(module.min_val, module.max_val, label)
    else:
        layers.add_activation(_activation(module, kind, label), label)


def _from_modules(model: Any) -> Layers:
    modules = list(_modules(model, ""))
    linear = [module for module, _ in modules if type(module).__name__ == "Linear"]
    held = sum(module.in_features * module.out_features for module in linear)
    layers = Layers(linear[0].in_features if linear else None, Allowance(held))
    for module, label in modules:
        _add(layers, module, label)
    return layers


# ---- state_dicts: a layer for each key of a weight


def _split(key: str) -> tuple[str, tuple[tuple[int, str], ...]]:
    """A key without its numbers, and these, to be compared with those of other such keys."""
    pattern, *numbers = re.sub(r"\d+", "#", key), *(number.lstrip("0") for number in re.findall(r"\d+", key))
    return pattern, tuple((len(number), number) for number in numbers)


def _check_order(keys: Sequence[str]) -> None:
    last: dict[str, tuple[Any, str]] = {}
    for key in keys:
        pattern, numbers = _split(key)
        before, earlier = last.get(pattern, ((), ""))
        if numbers < before:
            raise ValueError(f"model: expected its layers in their order, got {earlier!r} before {key!r}")
        last[pattern] = numbers, key


def _order(weights: Mapping[str, Any]) -> list[str]:
    """The order of the layers of a file that has sorted their names: by their numbers, and else the one that fits."""
    groups: dict[str, list[str]] = {}
    for key in sorted(weights, key=_split):
        groups.setdefault(_split(key)[0], []).append(key)
    shapes = {key: np.shape(weight) for key, weight in weights.items()}
    orders = [] if len(groups) > _GROUPS else itertools.permutations(groups.values())
    fitting = [
        order
        for order in orders
        if all(shapes[before[-1]][0] == shapes[after[0]][1] for before, after in itertools.pairwise(order))
    ]
    if len(fitting) != 1:
        raise ValueError(
            "model: expected its layers in their order; these are sorted by name, and the order cannot be told from "
            f"their shapes: {', '.join(f'{key} {shape}' for key, shape in list(shapes.items())[:10])}; give the "
            "layers in the order in which they are called, or numbers in their names, or pass a Sequential"
        )
    return list(itertools.chain(*fitting[0]))


def _from_state(state: Mapping[str, Any]) -> Layers:
    keys: list[Any] = list(state)
    if not all(isinstance(key, str) for key in keys):
        raise ValueError("model: expected names of parameters as keys of a state_dict")
    left = dict(state)
    weights = {key: _array(left.pop(key), f"model, {key}") for key in keys if key.endswith("weight")}
    for key, weight in weights.items():
        if weight.ndim != 2:
            raise ValueError(
                f"model, {key}: expected the matrix of a Linear layer, got shape {weight.shape}; a state_dict does not "
                "say what else a model does, pass a Sequential"
            )
    if keys == sorted(keys):  # as safetensors does; PyTorch has a layer's weight before its bias
        order = _order(weights)
    else:
        _check_order(keys)
        order = list(weights)
    layers = Layers()
    for key in order:
        name = key.removesuffix("weight") + "bias"
        bias = _array(left.pop(name), f"model, {name}") if name in left else None
        layers.add_layer(weights[key].T, bias, f"model, {key}")
    if left:
        names = ", ".join(map(repr, list(left)[:10]))
        raise ValueError(f"model: expected weights and biases of Linear layers, got {names} too")
    return layers


def from_torch(model: Any, activation: Any, output_activation: str | None, loss: str | None, dtype: Any) -> Parts:
    """Read a Sequential, or a state_dict together with the activations."""
    if isinstance(model, Mapping):
        layers = _from_state(model)
        if activation is None and len(layers.weights) > 1:
            raise ValueError(
                "activation: a state_dict does not contain it; name it, and output_activation if it has one"
            )
    elif hasattr(model, "named_children"):
        try:
            layers = _from_modules(model)
        except RecursionError:
            raise ValueError("model: expected less deeply nested modules") from None
    else:
        raise TypeError(f"model: expected a Sequential or a state_dict of PyTorch, got {type(model).__name__}")
    layers.override(activation, output_activation)
    return layers.parts(loss=loss, dtype=dtype)
