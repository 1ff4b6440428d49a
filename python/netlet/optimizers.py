# SPDX-License-Identifier: BSD-3-Clause
"""Optimizers: settings, and the state that they carry from step to step."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from . import _core

__all__ = ["SGD", "Adam"]


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected a number, got {value!r}") from None


class Optimizer(_core.Optimizer):
    """What `SGD` and `Adam` share: settings, readable state, pickling, copying."""

    _settings: tuple[str, ...] = ()
    _slot_names: tuple[str, ...] = ()

    @property
    def learning_rate(self) -> float:
        """The step size; may be set, also in a callback of `fit`: it holds from the next step on."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._learning_rate = _number("learning_rate", value)

    @property
    def state(self) -> dict[str, npt.NDArray[Any]]:
        """The state for each parameter, by name: writable views; empty before the first step."""
        return dict(zip(self._slot_names, self._slots))

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._settings)
        return f"{type(self).__name__}({settings})"

    def __reduce__(self) -> Any:
        settings = {name: getattr(self, name) for name in self._settings}
        return _restore, (type(self), settings, self._get_state()), self.__dict__ or None


def _restore(cls: type[Optimizer], settings: dict[str, Any], state: tuple[Any, ...]) -> Optimizer:
    optimizer = cls(**settings)
    optimizer._set_state(*state)
    return optimizer


class SGD(Optimizer):
    """Gradient descent, with momentum if wanted.

    ``v = momentum * v + g`` and ``w = w - learning_rate * v``; with `nesterov`
    ``w = w - learning_rate * (momentum * v + g)``. Without momentum ``w = w - learning_rate * g``.

    Parameters
    ----------
    learning_rate : float, default 0.1
        Positive. May be changed between steps.
    momentum : float, default 0.0
        From 0 to below 1.
    nesterov : bool, default False
        Nesterov's momentum, in the form of Sutskever et al. (2013); needs a momentum above 0.

    Attributes
    ----------
    state : dict
        ``"velocity"`` with momentum: v, in the layout of `Network.parameters`.
    steps : int
        Steps taken so far.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Examples
    --------
    >>> SGD(0.05, momentum=0.9)
    SGD(learning_rate=0.05, momentum=0.9, nesterov=False)
    """

    _settings = ("learning_rate", "momentum", "nesterov")
    _slot_names = ("velocity",)

    def __init__(self, learning_rate: float = 0.1, momentum: float = 0.0, nesterov: bool = False) -> None:
        super().__init__(
            adam=False,
            learning_rate=_number("learning_rate", learning_rate),
            momentum=_number("momentum", momentum),
            nesterov=bool(nesterov),
        )

    @property
    def momentum(self) -> float:
        """How much of the velocity stays from step to step."""
        return self._momentum

    @property
    def nesterov(self) -> bool:
        """Whether the momentum is Nesterov's."""
        return self._nesterov


class Adam(Optimizer):
    """Adam of Kingma and Ba, "Adam: a method for stochastic optimization" (2015).

    ``m = beta_1 m + (1 - beta_1) g``, ``v = beta_2 v + (1 - beta_2) g^2``,
    ``w = w - learning_rate / (1 - beta_1^t) * m / (sqrt(v / (1 - beta_2^t)) + epsilon)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
        Positive. May be changed between steps.
    beta_1, beta_2 : float, default 0.9 and 0.999
        From 0 to below 1.
    epsilon : float, default 1e-8
        Positive.

    Attributes
    ----------
    state : dict
        ``"m"`` and ``"v"`` after the first step, in the layout of `Network.parameters`.
    steps : int
        Steps taken so far.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Examples
    --------
    >>> Adam(0.01).beta_2
    0.999
    """

    _settings = ("learning_rate", "beta_1", "beta_2", "epsilon")
    _slot_names = ("m", "v")

    def __init__(
        self, learning_rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8
    ) -> None:
        super().__init__(
            adam=True,
            learning_rate=_number("learning_rate", learning_rate),
            beta_1=_number("beta_1", beta_1),
            beta_2=_number("beta_2", beta_2),
            epsilon=_number("epsilon", epsilon),
        )

    @property
    def beta_1(self) -> float:
        """How much of the mean of the gradients stays from step to step."""
        return self._beta_1

    @property
    def beta_2(self) -> float:
        """How much of the mean of their squares stays from step to step."""
        return self._beta_2

    @property
    def epsilon(self) -> float:
        """Added to the divisor."""
        return self._epsilon
