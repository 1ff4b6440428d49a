# SPDX-License-Identifier: BSD-3-Clause
"""Checks of arguments, whose messages say what was expected and what was given."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._data import MissingValueError, converted, is_boolean, real_array, shown
from ._names import LOSSES, known_as
from .optimizers import OPTIMIZERS, Optimizer

if TYPE_CHECKING:
    from typing import ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")
    C = TypeVar("C")


def index(value: Any) -> int:
    """The integer that it is; a boolean is none."""
    if isinstance(value, bool):
        raise TypeError("a boolean is no integer")
    return operator.index(value)


def integer(name: str, value: Any, low: int, high: int, expected: str) -> int:
    """An integer of low <= value < high."""
    try:
        number = index(value)
    except TypeError:
        raise TypeError(f"{name}: expected {expected}, got {shown(value)}") from None
    if not low <= number < high:
        raise ValueError(f"{name}: expected {expected}, got {number}")
    return number


def seed(value: int | None) -> int:
    """A seed; if None, one from the operating system."""
    if value is None:
        return int.from_bytes(os.urandom(8), "little")
    return integer("seed", value, 0, 2**64, "an integer from 0 to 2**64 - 1, or None")


def layer_sizes(value: Sequence[int]) -> list[int]:
    """Inputs, hidden layers, outputs."""
    try:
        sizes = list(value)
    except TypeError:
        raise TypeError(f"layer_sizes: expected a sequence of integers, got {shown(value)}") from None
    if len(sizes) < 2:
        raise ValueError(f"layer_sizes: expected at least 2 sizes (inputs and outputs), got {shown(sizes)}")
    return [integer("layer_sizes", size, 1, 2**63, "positive integers") for size in sizes]


def numbers(name: str, value: Any, count: int, each: str) -> list[float]:
    """One number for all `count`, or a sequence with one for each; `each` is the word for one of them."""
    try:
        given = real_array(value, name, rows=False)
        if is_boolean(given) or (isinstance(value, (list, tuple)) and any(map(is_boolean, value))):
            raise TypeError
        array = converted(given, np.float64)
    except MissingValueError:
        raise
    except (TypeError, ValueError):
        raise TypeError(
            f"{name}: expected a number, or {count} numbers, one for each {each}, got {shown(value)}"
        ) from None
    if array.ndim == 0 and (count or array == 0):
        return [float(array)] * count
    if array.shape != (count,):
        raise ValueError(f"{name}: expected a number, or {count} numbers, one for each {each}, got {shown(value)}")
    return [float(number) for number in array]


def name_number(argument: str, name: str, kind: str) -> int:
    """The core's number for a public name."""
    known = _core.NAMES[kind]
    if not isinstance(name, str):
        raise TypeError(f"{argument}: expected one of the names {', '.join(known)}, got {shown(name)}")
    if name not in known:
        same = known_as(name)
        hint = f" (here it is {same!r})" if same in known else ""
        raise ValueError(f"{argument}: unknown name {shown(name)}{hint}; the known ones are {', '.join(known)}")
    return known.index(name)


def activations(layers: int, activation: str | Sequence[str], output_activation: str | None, loss: str) -> list[int]:
    """One for each layer, output included."""
    if isinstance(activation, str):
        hidden = name_number("activation", activation, "activation")
        output = output_activation if output_activation is not None else LOSSES[loss].get("output", activation)
        return [hidden] * (layers - 1) + [name_number("output_activation", output, "activation")]
    try:
        names = list(activation)
    except TypeError:
        raise TypeError(f"activation: expected a name, or one for each layer, got {shown(activation)}") from None
    if output_activation is not None:
        raise ValueError(
            "output_activation: give this or a list of activations, the last of which is the output's, not both; got "
            f"{shown(output_activation)}"
        )
    if len(names) != layers:
        raise ValueError(f"activation: expected a name, or {layers} names, one for each layer, got {shown(names)}")
    return [name_number("activation", name, "activation") for name in names]


def optimizer_named(name: str) -> Callable[..., Optimizer]:
    """The class of an optimizer whose name is given in place of it."""
    if name in OPTIMIZERS:
        return OPTIMIZERS[name]
    same = name.lower().replace("_", "")
    hint = f" (here it is {same!r})" if same in OPTIMIZERS else ""
    raise ValueError(f"optimizer: unknown name {shown(name)}{hint}; the known ones are {', '.join(OPTIMIZERS)}")


def optimizer(value: Any) -> Optimizer:
    """An optimizer, rather than its class or name."""
    if isinstance(value, Optimizer):
        return value
    if isinstance(value, str):
        raise TypeError(
            f"optimizer: expected one of netlet's, such as netlet.Adam(), which keeps its state from step to step, got "
            f"{shown(value)}"
        )
    came = f"the class {value.__name__}; write {value.__name__}()" if isinstance(value, type) else type(value).__name__
    raise TypeError(f"optimizer: expected one of netlet's, such as netlet.Adam(), got {came}")


def with_hints(function: Callable[P, R]) -> Callable[P, R]:
    """Say more than Python does of an argument that a function does not have."""
    code: Any = function.__code__
    positional = code.co_argcount
    known = frozenset(code.co_varnames[: positional + code.co_kwonlyargcount])

    @wraps(function)
    def checked(*args: P.args, **keywords: P.kwargs) -> R:
        if len(args) > positional:
            from ._hints import hint_of_many

            raise TypeError(f"{function.__qualname__}() {hint_of_many(code, args)}")
        if not keywords.keys() <= known:
            from ._hints import hint  # it is seldom wanted

            unknown = next(name for name in keywords if name not in known)
            raise TypeError(
                f"{function.__qualname__}() got an unexpected keyword argument {unknown!r}{hint(unknown, known)}"
            )
        return function(*args, **keywords)

    return checked


class Elsewhere:
    """A name that others give to an attribute: it is none, and the error says what it is here."""

    def __init__(self, here: str) -> None:
        self.__doc__ = f"Not here: {here}."
        self._here, self._name = here, ""

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    def __get__(self, instance: object, owner: type[Any]) -> Any:
        if instance is None:
            return self
        raise AttributeError(f"{owner.__name__!r} object has no attribute {self._name!r}; {self._here}")


def own_names(instance: object) -> list[str]:
    """For ``__dir__``: names that are attributes, for tab completion."""
    cls = type(instance)
    return [name for name in object.__dir__(instance) if not isinstance(getattr(cls, name, None), Elsewhere)]


def hinted(cls: type[C]) -> type[C]:
    """The same for the arguments that a class is made with."""
    cls.__init__ = with_hints(cls.__init__)  # type: ignore[method-assign]
    return cls
