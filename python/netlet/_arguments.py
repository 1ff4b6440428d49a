# SPDX-License-Identifier: BSD-3-Clause
"""Checks of arguments: what is expected and what came."""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from . import _core
from .optimizers import Optimizer


def integer(name: str, value: Any, low: int, high: int, expected: str) -> int:
    """An integer of low <= value < high."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: expected {expected}, got {value!r}") from None
    if not low <= number < high:
        raise ValueError(f"{name}: expected {expected}, got {number}")
    return number


def seed(value: int | None) -> int:
    """A seed; drawn from the operating system if None."""
    if value is None:
        return int.from_bytes(os.urandom(8), "little")
    return integer("seed", value, 0, 2**64, "an integer from 0 to 2**64 - 1, or None")


def layer_sizes(value: Sequence[int]) -> list[int]:
    """Inputs, hidden layers, outputs."""
    try:
        sizes = list(value)
    except TypeError:
        raise TypeError(f"layer_sizes: expected a sequence of integers, got {value!r}") from None
    if len(sizes) < 2:
        raise ValueError(f"layer_sizes: expected at least 2 sizes (inputs and outputs), got {sizes!r}")
    return [integer("layer_sizes", size, 1, 2**63, "positive integers") for size in sizes]


def numbers(name: str, value: Any, count: int, each: str) -> list[float]:
    """One number for all `count`, or a sequence with one for each; `each` says of what."""
    try:
        array = np.asarray(value)
        array = array.astype(np.float64, casting="safe" if array.dtype.kind in "US" else "unsafe")
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected a number, or {count} numbers, one for each {each}, got {value!r}") from None
    if array.ndim == 0 and (count or array == 0):
        return [float(array)] * count
    if array.shape != (count,):
        raise ValueError(f"{name}: expected a number, or {count} numbers, one for each {each}, got {value!r}")
    return [float(number) for number in array]


_ELSEWHERE = {  # names of the same thing in other libraries
    "linear": "identity",
    "logistic": "sigmoid",
    "swish": "silu",
    "leakyrelu": "leaky_relu",
    "hardsigmoid": "hard_sigmoid",
    "mse": "squared_error",
    "mean_squared_error": "squared_error",
    "mae": "absolute_error",
    "mean_absolute_error": "absolute_error",
    "pinball": "quantile",
    "bce": "binary_cross_entropy",
    "binary_crossentropy": "binary_cross_entropy",
    "log_loss": "cross_entropy",
    "categorical_crossentropy": "cross_entropy",
    "sparse_categorical_crossentropy": "cross_entropy",
    "crossentropy": "cross_entropy",
    "xavier": "glorot_uniform",
    "xavier_uniform": "glorot_uniform",
    "kaiming": "he_uniform",
    "kaiming_uniform": "he_uniform",
}


def name_number(argument: str, name: str, kind: str) -> int:
    """Number of a public name in the core."""
    known = _core.NAMES[kind]
    if not isinstance(name, str):
        raise TypeError(f"{argument}: expected one of the names {', '.join(known)}, got {name!r}")
    if name not in known:
        same = _ELSEWHERE.get(name.lower(), name.lower())
        hint = f" (here it is {same!r})" if same in known else ""
        raise ValueError(f"{argument}: unknown name {name!r}{hint}; the known ones are {', '.join(known)}")
    return known.index(name)


_OUTPUTS = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid", "poisson": "identity"}


def activations(layers: int, activation: str | Sequence[str], output_activation: str | None, loss: str) -> list[int]:
    """One for each layer, output included."""
    if isinstance(activation, str):
        hidden = name_number("activation", activation, "activation")
        output = _OUTPUTS.get(loss, activation) if output_activation is None else output_activation
        return [hidden] * (layers - 1) + [name_number("output_activation", output, "activation")]
    try:
        names = list(activation)
    except TypeError:
        raise TypeError(f"activation: expected a name, or one for each layer, got {activation!r}") from None
    if output_activation is not None:
        raise ValueError(
            "output_activation: expected None beside a list of activations, which has the output's as its last one, "
            f"got {output_activation!r}"
        )
    if len(names) != layers:
        raise ValueError(f"activation: expected a name, or {layers} names, one for each layer, got {names!r}")
    return [name_number("activation", name, "activation") for name in names]


def optimizer(value: Any) -> Optimizer:
    """An optimizer, and not its class or name."""
    if isinstance(value, Optimizer):
        return value
    came = f"the class {value.__name__}; write {value.__name__}()" if isinstance(value, type) else type(value).__name__
    raise TypeError(f"optimizer: expected one of netlet's, such as netlet.Adam(), got {came}")
