# SPDX-License-Identifier: BSD-3-Clause
"""Networks of PyTorch: a Sequential of Linear layers and activations, or a state_dict; PyTorch is not imported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .._names import ACTIVATIONS
from .parts import Layers, Parts, require

# class: what it is here, and the attributes that it must have
_CLASSES = {row["torch"][0]: (name, row["torch"][1]) for name, row in ACTIVATIONS.items() if "torch" in row}


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
    if kind not in _CLASSES:
        known = ", ".join(["Linear", *_CLASSES, "Dropout", "Flatten"])
        raise ValueError(f"{where}: netlet has no such layer; known are {known}")
    name, wanted = _CLASSES[kind]
    require(name, wanted, {setting: getattr(module, setting) for setting in wanted}, where)
    return name


def _add(layers: Layers, module: Any, where: str) -> None:
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
            _add(layers, child, f"{where}.{name}" if where else name)
    elif kind == "Linear":
        bias = None if module.bias is None else _array(module.bias, label)
        layers.add_layer(_array(module.weight, label).T, bias, label)
    elif kind == "Dropout":
        layers.add_dropout(module.p, label)
    elif kind == "Flatten":
        if module.start_dim != 1 or module.end_dim != -1:
            raise ValueError(f"{label}: expected rows to stay rows, got start_dim={module.start_dim}")
    else:
        layers.add_activation(_activation(module, kind, label), label)


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


def _from_state(state: Mapping[str, Any]) -> Layers:
    keys: list[Any] = list(state)
    if not all(isinstance(key, str) for key in keys):
        raise ValueError("model: expected names of parameters as keys of a state_dict")
    _in_order(keys)
    layers = Layers()
    left = dict(state)
    for key in keys:
        if not key.endswith("weight"):
            continue
        name = key.removesuffix("weight") + "bias"
        bias = left.pop(name, None)
        weight = _array(left.pop(key), f"model, {key}")
        layers.add_layer(weight.T, None if bias is None else _array(bias, f"model, {name}"), f"model, {key}")
    if left:
        raise ValueError(f"model: expected weights and biases of Linear layers, got {', '.join(map(repr, left))} too")
    return layers


def from_torch(model: Any, activation: Any, output_activation: str | None, loss: str | None, dtype: Any) -> Parts:
    """Read a Sequential, or a state_dict together with the activations."""
    if isinstance(model, Mapping):
        if activation is None:
            raise ValueError(
                "activation: a state_dict does not contain it; name it, and output_activation if it has one"
            )
        layers = _from_state(model)
    elif hasattr(model, "named_children"):
        layers = Layers()
        try:
            _add(layers, model, "")
        except RecursionError:
            raise ValueError("model: expected less deeply nested modules") from None
    else:
        raise TypeError(f"model: expected a Sequential or a state_dict of PyTorch, got {type(model).__name__}")
    layers.override(activation, output_activation)
    return layers.parts(loss=loss, dtype=dtype)
