# SPDX-License-Identifier: BSD-3-Clause
"""One update of the parameters along their gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from .fused import Array, fma


class SGD:
    """v = momentum v + g, w = w - learning_rate v; with nesterov w - learning_rate (momentum v + g)."""

    def __init__(self, learning_rate: float = 0.1, momentum: float = 0.0, nesterov: bool = False) -> None:
        self.learning_rate, self.momentum, self.nesterov = learning_rate, momentum, nesterov
        self.velocity: Any = None

    def update(self, w: Array, g: Array) -> Array:
        """W after a step along the gradient g."""
        rate, momentum = w.dtype.type(self.learning_rate), w.dtype.type(self.momentum)
        if self.momentum == 0:
            return fma(-rate, g, w)
        self.velocity = fma(momentum, np.zeros_like(w) if self.velocity is None else self.velocity, g)
        return fma(-rate, fma(momentum, self.velocity, g) if self.nesterov else self.velocity, w)


class Adam:
    """Kingma and Ba, "Adam: a method for stochastic optimization", 2015."""

    def __init__(
        self, learning_rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8
    ) -> None:
        self.learning_rate, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.beta_1_power = self.beta_2_power = 1.0
        self.m: Any = None
        self.v: Any = None

    def update(self, w: Array, g: Array) -> Array:
        """W after a step along the gradient g; what does not depend on the element is computed in binary64."""
        number = w.dtype.type
        if self.m is None:
            self.m, self.v = np.zeros_like(w), np.zeros_like(w)
        self.beta_1_power = self.beta_1_power * self.beta_1
        self.beta_2_power = self.beta_2_power * self.beta_2
        rate = number(self.learning_rate / (1 - self.beta_1_power))
        root = number(1 / float(np.sqrt(1 - self.beta_2_power)))
        self.m = fma(number(self.beta_1), self.m, number(1 - self.beta_1) * g)
        self.v = fma(number(self.beta_2), self.v, (number(1 - self.beta_2) * g) * g)
        return np.asarray(w - (rate * self.m) / fma(np.sqrt(self.v), root, number(self.epsilon)))
