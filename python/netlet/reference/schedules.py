# SPDX-License-Identifier: BSD-3-Clause
"""Learning-rate schedules, in binary64."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .optimizers import Optimizer

_SIN_PI = [  # of x, x^3, ..., x^15
    float.fromhex("0x1.921fb54442d17p1"),
    float.fromhex("-0x1.4abbce625bd4bp2"),
    float.fromhex("0x1.466bc67750a3fp1"),
    float.fromhex("-0x1.32d2cce1612b5p-1"),
    float.fromhex("0x1.507832417bce6p-4"),
    float.fromhex("-0x1.e3062119b6071p-8"),
    float.fromhex("0x1.e89c7aa14122dp-12"),
    float.fromhex("-0x1.625b1709dece6p-16"),
]


def _sin_pi(x: float) -> float:
    """sin(pi x) for 0 <= x <= 1/2."""
    x2 = x * x
    total = _SIN_PI[-1]
    for c in _SIN_PI[-2::-1]:
        total = total * x2 + c
    return x * total


def _power(gamma: float, exponent: int) -> float:
    """A product, factor by factor."""
    power = 1.0
    for _ in range(exponent):
        power = power * gamma
    return power


@dataclass
class StepDecay:
    """gamma ^ floor(epoch / period)."""

    gamma: float = 0.1
    period: int = 30

    def __call__(self, epoch: int) -> float:
        """The factor in an epoch."""
        return _power(self.gamma, epoch // self.period)


@dataclass
class ExponentialDecay:
    """gamma ^ epoch."""

    gamma: float = 0.99

    def __call__(self, epoch: int) -> float:
        """The factor in an epoch."""
        return _power(self.gamma, epoch)


@dataclass
class CosineDecay:
    """Half a period of the cosine, as 1 - sin^2 of half the angle; then `floor`."""

    period: int
    floor: float = 0.0

    def __call__(self, epoch: int) -> float:
        """The factor in an epoch."""
        if epoch >= self.period:
            return self.floor
        s = _sin_pi(0.5 * (epoch / self.period))
        return self.floor + (1 - self.floor) * (1 - s * s)


@dataclass
class ReduceOnPlateau:
    """Multiplied by gamma after `patience` epochs without a smaller loss; the optimizer remembers them."""

    gamma: float = 0.1
    patience: int = 10
    min_delta: float = 0.0
    floor: float = 0.0

    def add_loss(self, loss: float, optimizer: Optimizer) -> None:
        """Take the loss of an epoch."""
        if loss < optimizer.plateau_best - self.min_delta:
            optimizer.plateau_best, optimizer.plateau_epochs = loss, 0
            return
        optimizer.plateau_epochs += 1
        if optimizer.plateau_epochs >= self.patience:
            optimizer.plateau_factor = max(optimizer.plateau_factor * self.gamma, self.floor)
            optimizer.plateau_epochs = 0


_BY_NAME: dict[str, Any] = {cls.__name__: cls for cls in (StepDecay, ExponentialDecay, CosineDecay, ReduceOnPlateau)}


def _own(schedule: Any) -> Any:
    """The schedule here for one that has the same name and settings elsewhere, such as those of `netlet.schedules`."""
    own = _BY_NAME.get(type(schedule).__name__)
    return own(**vars(schedule)) if own else schedule


def begin_schedule(schedule: Any, optimizer: Optimizer) -> None:
    """Forget what earlier epochs gave: only the schedule that waits for a plateau remembers it."""
    if isinstance(_own(schedule), ReduceOnPlateau):
        optimizer.plateau_factor, optimizer.plateau_best, optimizer.plateau_epochs = 1.0, float("inf"), 0


def factor(schedule: Any, epoch: int, optimizer: Optimizer) -> float:
    """What the learning rate is multiplied by in an epoch; a schedule may also be a function of the epoch."""
    schedule = _own(schedule)
    if isinstance(schedule, ReduceOnPlateau):
        return optimizer.plateau_factor
    return 1.0 if schedule is None else float(schedule(epoch))


def add_loss(schedule: Any, loss: float, optimizer: Optimizer) -> None:
    """An epoch's loss, for the schedule that waits for a plateau."""
    schedule = _own(schedule)
    if isinstance(schedule, ReduceOnPlateau):
        schedule.add_loss(loss, optimizer)
