# SPDX-License-Identifier: BSD-3-Clause
"""One update of the parameters along their gradient."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .fused import Array, fma
from .sums import norm

__all__ = ["SGD", "Adam", "AdamW", "RMSprop", "Rprop"]

Mask = npt.NDArray[np.bool_]


def without_subnormals(x: Array) -> Array:
    """x with 0 in place of subnormal values."""
    return np.where(np.abs(x) < np.finfo(x.dtype).tiny, x.dtype.type(0), x)


class Optimizer:
    """What all of them have: penalties, clipping, and the state of the schedule that waits for a plateau."""

    def __init__(
        self,
        learning_rate: float,
        *,
        l2: float = 0.0,
        l1: float = 0.0,
        clip_value: float = 0.0,
        clip_norm: float = 0.0,
        weight_decay: float = 0.0,
    ) -> None:
        self.learning_rate = learning_rate
        self.l2, self.l1, self.clip_value, self.clip_norm = l2, l1, clip_value, clip_norm
        self.weight_decay = weight_decay
        self.steps = 0
        self.plateau_factor, self.plateau_best, self.plateau_epochs = 1.0, float("inf"), 0

    def step(self, w: Array, g: Array, is_weight: Mask, factor: float = 1.0) -> Array:
        """w after a step along g; the learning rate is multiplied by `factor`. is_weight: which w are not biases."""
        number = w.dtype.type
        if self.l2:
            g = np.where(is_weight, fma(number(self.l2), w, g), g)
        if self.l1:
            size = number(self.l1)
            g = np.where(is_weight & (w > 0), g + size, np.where(is_weight & (w < 0), g - size, g))
        if self.weight_decay:
            keep = number(1 - self.learning_rate * factor * self.weight_decay)
            w = np.where(is_weight, w * keep, w)
        if self.clip_value:
            most = number(self.clip_value)
            g = np.where(g > most, most, np.where(g < -most, -most, g))
        if self.clip_norm:
            length = norm(g)
            if length > self.clip_norm:
                g = g * number(self.clip_norm / length)
        self.steps += 1
        return self.update(w, g, self.learning_rate * factor)

    def update(self, w: Array, g: Array, rate: float) -> Array:
        """The formula of the optimizer itself."""
        raise NotImplementedError


class SGD(Optimizer):
    """v = momentum v + g, w = w - learning_rate v; with nesterov w - learning_rate (momentum v + g)."""

    def __init__(
        self, learning_rate: float = 0.1, momentum: float = 0.0, nesterov: bool = False, **gradient: float
    ) -> None:
        super().__init__(learning_rate, **gradient)
        self.momentum, self.nesterov = momentum, nesterov
        self.velocity: Any = None

    def update(self, w: Array, g: Array, rate: float) -> Array:
        """w after a step along g."""
        step, momentum = w.dtype.type(rate), w.dtype.type(self.momentum)
        if self.momentum == 0:
            return fma(-step, g, w)
        before = np.zeros_like(w) if self.velocity is None else self.velocity
        self.velocity = without_subnormals(fma(momentum, before, g))
        return fma(-step, fma(momentum, self.velocity, g) if self.nesterov else self.velocity, w)


class Adam(Optimizer):
    """Kingma and Ba, "Adam: a method for stochastic optimization", 2015."""

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        **gradient: float,
    ) -> None:
        super().__init__(learning_rate, **gradient)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.beta_1_power = self.beta_2_power = 1.0
        self.m: Any = None
        self.v: Any = None

    def update(self, w: Array, g: Array, rate: float) -> Array:
        """w after a step along g; what does not depend on the element is computed in binary64."""
        number = w.dtype.type
        if self.m is None:
            self.m, self.v = np.zeros_like(w), np.zeros_like(w)
        self.beta_1_power = self.beta_1_power * self.beta_1
        self.beta_2_power = self.beta_2_power * self.beta_2
        step = number(rate / (1 - self.beta_1_power))
        root = number(1 / float(np.sqrt(1 - self.beta_2_power)))
        self.m = without_subnormals(fma(number(self.beta_1), self.m, number(1 - self.beta_1) * g))
        self.v = without_subnormals(fma(number(self.beta_2), self.v, (number(1 - self.beta_2) * g) * g))
        return np.asarray(w - (step * self.m) / fma(np.sqrt(self.v), root, number(self.epsilon)))


class AdamW(Adam):
    """Adam after w = w (1 - learning_rate weight_decay): Loshchilov and Hutter 2019."""

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        **gradient: float,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, weight_decay=weight_decay, **gradient)


class RMSprop(Optimizer):
    """Tieleman and Hinton 2012: g / (sqrt(v) + epsilon), v a running mean of g^2; with momentum a velocity of that."""

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-8,
        **gradient: float,
    ) -> None:
        super().__init__(learning_rate, **gradient)
        self.rho, self.momentum, self.epsilon = rho, momentum, epsilon
        self.v: Any = None
        self.velocity: Any = None

    def update(self, w: Array, g: Array, rate: float) -> Array:
        """w after a step along g."""
        number = w.dtype.type
        if self.v is None:
            self.v, self.velocity = np.zeros_like(w), np.zeros_like(w)
        self.v = without_subnormals(fma(number(self.rho), self.v, (number(1 - self.rho) * g) * g))
        direction = g / (np.sqrt(self.v) + number(self.epsilon))
        if self.momentum:
            direction = self.velocity = without_subnormals(fma(number(self.momentum), self.velocity, direction))
        return fma(-number(rate), direction, w)


class Rprop(Optimizer):
    """iRprop- of Igel and Huesken 2000."""

    def __init__(
        self,
        learning_rate: float = 0.01,
        eta_minus: float = 0.5,
        eta_plus: float = 1.2,
        step_min: float = 1e-6,
        step_max: float = 50.0,
        **gradient: float,
    ) -> None:
        super().__init__(learning_rate, **gradient)
        self.eta_minus, self.eta_plus = eta_minus, eta_plus
        self.step_min, self.step_max = step_min, step_max
        self.length: Any = None
        self.before: Any = None

    def update(self, w: Array, g: Array, rate: float) -> Array:
        """w after a step: only the signs of g count."""
        number = w.dtype.type
        if self.length is None:
            self.length, self.before = np.full_like(w, rate), np.zeros_like(w)
        same = ((g > 0) & (self.before > 0)) | ((g < 0) & (self.before < 0))
        turned = ((g > 0) & (self.before < 0)) | ((g < 0) & (self.before > 0))
        longer = np.minimum(self.length * number(self.eta_plus), number(self.step_max))
        shorter = np.maximum(self.length * number(self.eta_minus), number(self.step_min))
        self.length = np.where(same, longer, np.where(turned, shorter, self.length))
        self.before = np.where(turned, number(0), g)
        still = np.where(self.before == 0, w, self.before)  # NaN stays NaN
        return np.where(self.before > 0, w - self.length, np.where(self.before < 0, w + self.length, still))
