# SPDX-License-Identifier: BSD-3-Clause
"""Networks of PyTorch: a Sequential of Linear layers and activations, or a state_dict; PyTorch is not imported."""

from __future__ import annotations

import math
import re
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


def _array(tensor: Any, where: str) -> Any:
    if not hasattr(tensor, "detach"):
        raise TypeError(f"{where}: expected a tensor of PyTorch, got {type(tensor).__name__}")
    if str(tensor.dtype) not in ("torch.float16", "torch.float32", "torch.float64"):
        raise ValueError(f"{where}: expected parameters in float32 or float64, got {tensor.dtype}")
    try:
        return tensor.detach().cpu().numpy()
    except (NotImplementedError, RuntimeError, TypeError) as error:
        raise ValueError(f"{where}: expected a tensor with values, but {error}") from None


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
    if kind == "Softplus":  # above its threshold PyTorch leaves out at most exp(-threshold)
        if module.threshold < 20:
            raise ValueError(f"{where}: expected the threshold 20 or more, got {module.threshold}")
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
    if not type(module).__module__.startswith("torch.nn.modules."):
        raise ValueError(
            f"{label}: expected modules of torch.nn itself; of a module of your own take model.state_dict()"
        )
    if module._forward_hooks or module._forward_pre_hooks:
        raise ValueError(f"{label}: its hooks change what it computes (weight_norm, pruning, ...); remove them first")
    if kind == "Sequential":
        for name, child in module._modules.items():  # a module may stand there twice
            _add(parts, child, f"{where}.{name}" if where else name)
    elif kind == "Linear":
        bias = None if module.bias is None else _array(module.bias, label)
        parts.add_layer(_array(module.weight, label).T, bias, label)
    elif kind == "Dropout":
        parts.add_dropout(module.p, label)
    elif kind == "Flatten":
        if module.start_dim != 1 or module.end_dim != -1:
            raise ValueError(f"{label}: expected rows to stay rows, got start_dim={module.start_dim}")
    else:
        parts.add_activation(_activation(module, kind, label), label)


def _in_order(keys: list[str]) -> None:
    """Refuse keys that were sorted as text: 10 before 2."""
    last: dict[str, tuple[int, str]] = {}
    for key in keys:
        for match in re.finditer(r"\d{1,18}", key):
            pattern = f"{key[: match.start()]}#{key[match.end() :]}"
            number = int(match[0])
            before, earlier = last.get(pattern, (-1, ""))
            if number < before:
                raise ValueError(f"model: expected its layers in their order, got {earlier!r} before {key!r}")
            last[pattern] = number, key


def _from_state(state: Mapping[str, Any]) -> Parts:
    keys: list[Any] = list(state)
    if not all(isinstance(key, str) for key in keys):
        raise ValueError("model: expected names of parameters as keys of a state_dict")
    _in_order(keys)
    parts = Parts()
    left = dict(state)
    for key in keys:
        if not key.endswith("weight"):
            continue
        name = key.removesuffix("weight") + "bias"
        bias = left.pop(name, None)
        weight = _array(left.pop(key), f"model, {key}")
        parts.add_layer(weight.T, None if bias is None else _array(bias, f"model, {name}"), f"model, {key}")
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
        try:
            _add(parts, model, "")
        except RecursionError:
            raise ValueError("model: expected less deeply nested modules") from None
    else:
        raise TypeError(f"model: expected a Sequential or a state_dict of PyTorch, got {type(model).__name__}")
    override(parts, activation, output_activation)
    return parts.network(cls, loss=loss, dtype=dtype)
