# SPDX-License-Identifier: BSD-3-Clause
"""Trains the networks of golden.txt, the same way in every language, on data that any language can write down.

A line is a name, settings as key=value, a colon, the fingerprint after training, and the last epoch's loss in
hexadecimal. ``python -m netlet._golden`` prints golden.txt anew, computed by `netlet.reference` (write it to another
file: the script reads golden.txt as it goes); only a new numerics version may change a line.

Settings that are not those of `Network` and `fit`: weights=1 gives row n the weight (n mod 4) / 2, standardize=1 scales
inputs and outputs, validation=1 takes the first 50 rows for validation, targets=probabilities gives cross_entropy
probabilities, missing=1 leaves out target n, counted through all rows, if n mod 7 is 3, and a schedule is one of
`SCHEDULES`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import schedules

PATH = Path(__file__).with_name("golden.txt")
SCHEDULES = {
    "none": None,
    "step": schedules.StepDecay(0.5, period=2),
    "exponential": schedules.ExponentialDecay(0.9),
    "cosine": schedules.CosineDecay(4, floor=0.1),
    "plateau": schedules.ReduceOnPlateau(0.5, patience=1, min_delta=0.01),
}
OPTIMIZERS = {"sgd": "SGD", "adam": "Adam", "rmsprop": "RMSprop", "rprop": "Rprop"}
RATES = ("learning_rate", "momentum", "nesterov", "rho", "weight_decay", "l2", "l1", "clip_value", "clip_norm")


@dataclass
class Golden:
    """One line of golden.txt."""

    name: str
    settings: dict[str, str]
    fingerprint: str
    loss: float

    @classmethod
    def parse(cls, line: str) -> Golden:
        """Read a line."""
        (name, *settings), (fingerprint, loss) = (part.split() for part in line.split(" : "))
        return cls(name, dict(setting.split("=") for setting in settings), fingerprint, float.fromhex(loss))

    def numbers(self, key: str) -> list[float]:
        """The numbers of a setting, divided by commas; none if it is not there."""
        return [float(number) for number in self.settings.get(key, "").split(",") if number]

    def data(self) -> tuple[Any, Any]:
        """x[n] = (37 n mod 101) / 50 - 1 over all values in order; y in the same spirit for each loss."""
        sizes = [int(n) for n in self.numbers("sizes")]
        loss = self.settings["loss"]
        rows, inputs, outputs = int(self.settings["rows"]), sizes[0], sizes[-1] // (1 + (loss == "gaussian_nll"))
        x = (np.arange(rows * inputs) * 37 % 101 / 50 - 1).reshape(rows, inputs)
        n = np.arange(rows * outputs).reshape(rows, outputs)
        if "targets" in self.settings:  # 3/4 for one class, 1/4 for the next one
            first = np.arange(rows) ** 2 % outputs
            y = np.zeros((rows, outputs))
            y[np.arange(rows), first], y[np.arange(rows), (first + 1) % outputs] = 0.75, 0.25
            return x, y
        if loss == "cross_entropy":
            return x, np.arange(rows) ** 2 % outputs
        if loss == "poisson":
            return x, n * 53 % 7
        y = (n % 3 == 0).astype(float) if loss == "binary_cross_entropy" else n * 53 % 97 / 48 - 1
        return x, np.where(n % 7 == 3, np.nan, y) if "missing" in self.settings else y

    def train(self, library: Any) -> tuple[str, float]:
        """Fingerprint and last loss; `library` is netlet or netlet.reference."""
        s = self.settings
        rates = {key: float(s[key]) for key in RATES if key in s}
        name = "AdamW" if "weight_decay" in s else OPTIMIZERS[s["optimizer"]]
        optimizer = getattr(library, name)(**{k: bool(v) if k == "nesterov" else v for k, v in rates.items()})
        net = library.Network(
            [int(n) for n in self.numbers("sizes")],
            activation=s["activations"].split(","),
            loss=s["loss"],
            reduction=s["reduction"],
            dtype=s["dtype"],
            init=s["init"],
            seed=int(s["seed"]),
            dropout=float(s.get("dropout", 0)),
            huber_delta=float(s.get("huber_delta", 1)),
            quantile=self.numbers("quantile") or 0.5,
        )
        x, y = self.data()
        history = net.fit(
            x,
            y,
            epochs=int(s["epochs"]),
            batch_size=int(s["batch"]),
            optimizer=optimizer,
            sample_weight=np.arange(len(x)) % 4 / 2 if "weights" in s else None,
            validation_data=(x[:50], y[:50]) if "validation" in s else None,
            standardize="standardize" in s,
            schedule=SCHEDULES[s.get("schedule", "none")],
            missing="ignore" if "missing" in s else "refuse",
        )
        losses = history["loss"] if isinstance(history, dict) else history.loss
        return net.fingerprint(), float(losses[-1])


def read() -> list[Golden]:
    """All lines of golden.txt but comments."""
    return [Golden.parse(line) for line in PATH.read_text(encoding="ascii").splitlines() if not line.startswith("#")]


def together(results: list[tuple[str, float]]) -> str:
    """One short fingerprint for all networks, their losses included."""
    return hashlib.sha256("".join(f"{text}{loss.hex()}" for text, loss in results).encode()).hexdigest()[:12]


if __name__ == "__main__":
    from . import reference

    for line in PATH.read_text(encoding="ascii").splitlines():
        if line.startswith("#"):
            print(line)  # noqa: T201
        else:
            fingerprint, loss = Golden.parse(line).train(reference)
            print(line.split(" : ")[0], ":", fingerprint, loss.hex())  # noqa: T201
