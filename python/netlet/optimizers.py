# SPDX-License-Identifier: BSD-3-Clause
"""Optimizers: settings, and the state that they carry from step to step."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from . import _core

__all__ = ["SGD", "Adam"]


class _Optimizer(_core.Optimizer):
    """What the optimizers share: readable state, pickling, copying."""

    _settings: tuple[str, ...] = ()
    _slot_names: tuple[str, ...] = ()

    @property
    def state(self) -> dict[str, npt.NDArray[Any]]:
        """The state for each parameter, by name: writable views; empty before the first step."""
        return dict(zip(self._slot_names, self._slots))

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._settings)
        return f"{type(self).__name__}({settings})"

    def __reduce__(self) -> Any:
        settings = {name: getattr(self, name) for name in self._settings}
        slots = [slot.copy() for slot in self._slots]
        return _restore, (type(self), settings, self._progress, slots)


def _restore(
    cls: type[_Optimizer], settings: dict[str, Any], progress: tuple[int, float, float], slots: list[npt.NDArray[Any]]
) -> _Optimizer:
    optimizer = cls(**settings)
    if slots:
        optimizer._bind(slots[0].size, slots[0].dtype)
        for slot, saved in zip(optimizer._slots, slots):
            np.copyto(slot, saved)
    optimizer._progress = progress
    return optimizer


class SGD(_Optimizer):
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
        super().__init__(adam=False, learning_rate=learning_rate, momentum=momentum, nesterov=nesterov)


class Adam(_Optimizer):
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
        super().__init__(adam=True, learning_rate=learning_rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
