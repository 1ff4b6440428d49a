# SPDX-License-Identifier: BSD-3-Clause
"""Learning-rate schedules, in binary64."""

from __future__ import annotations

from typing import Any

from ..schedules import CosineDecay, ExponentialDecay, ReduceOnPlateau, StepDecay
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


def factor(schedule: Any, epoch: int, optimizer: Optimizer) -> float:
    """What the learning rate is multiplied with in an epoch."""
    if schedule is None:
        return 1.0
    if isinstance(schedule, StepDecay):
        return _power(schedule.gamma, epoch // schedule.period)
    if isinstance(schedule, ExponentialDecay):
        return _power(schedule.gamma, epoch)
    if isinstance(schedule, CosineDecay):
        if epoch >= schedule.period:
            return schedule.floor
        s = _sin_pi(0.5 * (epoch / schedule.period))
        return schedule.floor + (1 - schedule.floor) * (1 - s * s)
    if isinstance(schedule, ReduceOnPlateau):
        return optimizer.plateau_factor
    return float(schedule(epoch))


def add_loss(schedule: Any, loss: float, optimizer: Optimizer) -> None:
    """An epoch's loss: the schedule that waits for a plateau keeps what it has seen in the optimizer."""
    if not isinstance(schedule, ReduceOnPlateau):
        return
    if loss < optimizer.plateau_best - schedule.min_delta:
        optimizer.plateau_best, optimizer.plateau_epochs = loss, 0
        return
    optimizer.plateau_epochs += 1
    if optimizer.plateau_epochs >= schedule.patience:
        optimizer.plateau_factor = max(optimizer.plateau_factor * schedule.gamma, schedule.floor)
        optimizer.plateau_epochs = 0
