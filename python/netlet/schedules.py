# SPDX-License-Identifier: BSD-3-Clause
"""Learning-rate schedules: the factor by which `Network.fit` multiplies an optimizer's learning rate in each epoch.

Epochs are counted from 0 over the network's life, so that training can be stopped and resumed. A function of the epoch
works too: ``fit(..., schedule=lambda epoch: 0.95**epoch)``.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import _core
from ._arguments import hinted

__all__ = ["CosineDecay", "ExponentialDecay", "ReduceOnPlateau", "StepDecay"]

_Parts = tuple[int, float, int, float, float]  # kind, gamma, period, floor, min_delta


@hinted
@dataclass(frozen=True)
class StepDecay:
    """``gamma ** (epoch // period)``.

    Parameters
    ----------
    gamma : float, default 0.1
        Above 0, at most 1.
    period : int, default 30
        Epochs between two steps down.

    Examples
    --------
    >>> from netlet import Network
    >>> net = Network([2, 1], seed=0)
    >>> net.fit([[0, 1]], [1], epochs=4, learning_rate=1, schedule=StepDecay(0.5, period=2)).learning_rate
    array([1. , 1. , 0.5, 0.5])
    """

    gamma: float = 0.1
    period: int = 30

    def _parts(self) -> _Parts:
        return _core.SCHEDULES["step_decay"], self.gamma, self.period, 0.0, 0.0


@hinted
@dataclass(frozen=True)
class ExponentialDecay:
    """``gamma ** epoch``.

    Parameters
    ----------
    gamma : float, default 0.99
        Above 0, at most 1.
    """

    gamma: float = 0.99

    def _parts(self) -> _Parts:
        return _core.SCHEDULES["exponential"], self.gamma, 1, 0.0, 0.0


@hinted
@dataclass(frozen=True)
class CosineDecay:
    """Half a period of the cosine: ``floor + (1 - floor) * (1 + cos(pi * epoch / period)) / 2``, then `floor`.

    Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017), without the restarts.

    Parameters
    ----------
    period : int
        Epochs until `floor` is reached.
    floor : float, default 0.0
        The last factor, from 0 to 1.
    """

    period: int
    floor: float = 0.0

    def _parts(self) -> _Parts:
        return _core.SCHEDULES["cosine"], 1.0, self.period, self.floor, 0.0


@hinted
@dataclass(frozen=True)
class ReduceOnPlateau:
    """Multiplied by `gamma` whenever `patience` epochs have passed without a loss smaller by `min_delta`.

    The loss is that of the validation data, if there is any. The optimizer keeps what has been seen so far.

    Parameters
    ----------
    gamma : float, default 0.1
        Above 0, at most 1.
    patience : int, default 10
        Epochs to wait.
    min_delta : float, default 0.0
        How much smaller than the best one a loss has to be.
    floor : float, default 0.0
        The smallest factor, from 0 to 1.
    """

    gamma: float = 0.1
    patience: int = 10
    min_delta: float = 0.0
    floor: float = 0.0

    def _parts(self) -> _Parts:
        return _core.SCHEDULES["plateau"], self.gamma, self.patience, self.floor, self.min_delta
