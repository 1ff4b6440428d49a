# SPDX-License-Identifier: BSD-3-Clause
"""Networks of PyTorch: a Sequential of Linear layers and activations, or a state_dict; PyTorch is not imported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from .parts import N, Parts, override

_PLAIN = {
    "Identity": "identity",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "ReLU": "relu",
    "SiLU": "silu",
    "Hardsigmoid": "hard_sigmoid",
}


def _array(tensor: Any) -> Any:
    return tensor.detach().cpu().numpy()


def _activation(module: Any, kind: str, where: str) -> str:
    def require(setting: str, value: Any, name: str) -> str:
        found = getattr(module, setting)
        same = math.isclose(found, value) if isinstance(value, float) else found == value
        if not same:
            raise ValueError(f"{where}: netlet's {name} has {setting} {value!r}, this one {found!r}")
        return name

    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind == "LeakyReLU":
        return require("negative_slope", 0.01, "leaky_relu")
    if kind == "ELU":
        return require("alpha", 1.0, "elu")
    if kind == "GELU":
        return require("approximate", "none", "gelu")
    if kind == "Softplus":  # above its threshold PyTorch leaves out what is less than its rounding
        return require("beta", 1.0, "softplus")
    if kind == "Softmax":
        if module.dim not in (-1, 1):
            raise ValueError(f"{where}: expected a softmax over the last dimension, got dim={module.dim}")
        return "softmax"
    known = ", ".join(["Linear", *_PLAIN, "LeakyReLU", "ELU", "GELU", "Softplus", "Softmax", "Dropout", "Flatten"])
    raise ValueError(f"{where}: netlet has no such layer; known are {known}")


def _add(parts: Parts, module: Any, where: str) -> None:
    kind = type(module).__name__
    label = f"model, layer {where} ({kind})" if where else f"model ({kind})"
    if kind == "Sequential":
        for name, child in module.named_children():
            _add(parts, child, f"{where}.{name}" if where else name)
    elif kind == "Linear":
        bias = None if module.bias is None else _array(module.bias)
        parts.add_layer(_array(module.weight).T, bias, label)
    elif kind == "Dropout":
        parts.add_dropout(module.p, label)
    elif kind != "Flatten":  # rows are flat here
        parts.add_activation(_activation(module, kind, label), label)


def _from_state(state: Mapping[str, Any]) -> Parts:
    parts = Parts()
    left = dict(state)
    for key in state:
        if not key.endswith("weight"):
            continue
        bias = left.pop(key.removesuffix("weight") + "bias", None)
        parts.add_layer(_array(left.pop(key)).T, None if bias is None else _array(bias), f"model, {key}")
    if left:
        raise ValueError(f"model: expected weights and biases of Linear layers, got {', '.join(map(repr, left))} too")
    return parts


def from_torch(
    cls: type[N], model: Any, activation: Any, output_activation: str | None, loss: str | None, dtype: Any
) -> N:
    """Make a network of a Sequential, or of a state_dict and the activations."""
    if isinstance(model, Mapping):
        if activation is None:
            raise ValueError("activation: a state_dict does not say it; name it, and output_activation if it has one")
        parts = _from_state(model)
    elif hasattr(model, "named_children"):
        parts = Parts()
        _add(parts, model, "")
    else:
        raise TypeError(f"model: expected a Sequential or a state_dict of PyTorch, got {type(model).__name__}")
    override(parts, activation, output_activation)
    return parts.network(cls, loss=loss, dtype=dtype)
