# SPDX-License-Identifier: BSD-3-Clause
"""Trains the networks of golden.txt, the same way in every language, on data that any language can write down.

``python tests/golden.py`` prints golden.txt anew, computed by `netlet.reference`; only a new numerics version may
change it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

PATH = Path(__file__).with_name("golden.txt")


@dataclass
class Golden:
    """One line of golden.txt."""

    name: str
    dtype: str
    layer_sizes: list[int]
    activation: list[str]
    loss: str
    reduction: str
    init: str
    seed: int
    rows: int
    optimizer: list[str]  # name, learning rate, for sgd and nesterov the momentum
    epochs: int
    batch_size: int
    fingerprint: str

    @classmethod
    def parse(cls, line: str) -> Golden:
        """Read the fields, which are divided by blanks, and within them by commas."""
        name, dtype, sizes, activation, loss, reduction, init, seed, rows, optimizer, epochs, batch, fingerprint = (
            line.split()
        )
        return cls(
            name,
            dtype,
            [int(n) for n in sizes.split(",")],
            activation.split(","),
            loss,
            reduction,
            init,
            int(seed),
            int(rows),
            optimizer.split(","),
            int(epochs),
            int(batch),
            fingerprint,
        )

    def data(self) -> tuple[Any, Any]:
        """x[n] = (37 n mod 101) / 50 - 1 over all values in order; y in the same spirit for each loss."""
        inputs, outputs = self.layer_sizes[0], self.layer_sizes[-1]
        x = (np.arange(self.rows * inputs) * 37 % 101 / 50 - 1).reshape(self.rows, inputs)
        if self.loss == "cross_entropy":
            return x, np.arange(self.rows) ** 2 % outputs
        n = np.arange(self.rows * outputs).reshape(self.rows, outputs)
        return x, (n % 3 == 0).astype(float) if self.loss == "binary_cross_entropy" else n * 53 % 97 / 48 - 1

    def train(self, library: Any) -> Any:
        """The trained network; `library` is netlet or netlet.reference."""
        name, *numbers = self.optimizer
        rate, *momentum = map(float, numbers)
        optimizer = library.Adam(rate) if name == "adam" else library.SGD(rate, *momentum, nesterov=name == "nesterov")
        net = library.Network(
            self.layer_sizes,
            activation=self.activation,
            loss=self.loss,
            reduction=self.reduction,
            dtype=self.dtype,
            init=self.init,
            seed=self.seed,
        )
        x, y = self.data()
        net.fit(x, y, epochs=self.epochs, batch_size=self.batch_size, optimizer=optimizer)
        return net


def read() -> list[Golden]:
    """All lines of golden.txt but comments."""
    return [Golden.parse(line) for line in PATH.read_text(encoding="ascii").splitlines() if not line.startswith("#")]


if __name__ == "__main__":
    from netlet import reference

    for line in PATH.read_text(encoding="ascii").splitlines():
        if line.startswith("#"):
            print(line)  # noqa: T201
        else:
            *fields, _ = line.split()
            print(*fields, Golden.parse(line).train(reference).fingerprint())  # noqa: T201
