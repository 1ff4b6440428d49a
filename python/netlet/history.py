# SPDX-License-Identifier: BSD-3-Clause
"""What training recorded, epoch by epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["History"]

Vector = npt.NDArray[np.float64]


class _Column:
    """Numbers that are appended to; `values` is a read-only view of those so far."""

    def __init__(self) -> None:
        self._buffer = np.empty(0)
        self._count = 0

    def extend(self, values: Vector) -> None:
        end = self._count + len(values)
        if end > len(self._buffer):
            buffer = np.empty(max(end, 2 * len(self._buffer)))
            buffer[: self._count] = self._buffer[: self._count]
            self._buffer = buffer
        self._buffer[self._count : end] = values
        self._count = end

    @property
    def values(self) -> Vector:
        view = self._buffer[: self._count]
        view.flags.writeable = False
        return view


class History:
    """Losses, times and metrics of the epochs of one `Network.fit`.

    Attributes
    ----------
    loss : numpy.ndarray, shape (epochs,)
        Loss of each epoch: that of its batches before their updates, summed over the rows (reduction ``"sum"``) or
        divided by their number (``"mean"``).
    time : numpy.ndarray, shape (epochs,)
        Wall time of each epoch in seconds.
    metrics : dict of str to numpy.ndarray
        ``"accuracy"``, the share of rows whose class is right before their batch's update, for the cross entropies;
        empty for squared_error.

    Examples
    --------
    >>> from netlet import Network
    >>> history = Network([2, 3, 1], seed=0).fit([[0, 1], [1, 1]], [1, 0], epochs=3)
    >>> len(history), history.loss.shape
    (3, (3,))
    """

    def __init__(self) -> None:
        self._loss, self._time, self._accuracy = _Column(), _Column(), _Column()

    def _record(self, losses: Vector, seconds: Vector, accuracies: Vector) -> None:
        self._loss.extend(losses)
        self._time.extend(seconds)
        self._accuracy.extend(accuracies)

    @property
    def loss(self) -> Vector:
        """Loss of each epoch."""
        return self._loss.values

    @property
    def time(self) -> Vector:
        """Wall time of each epoch in seconds."""
        return self._time.values

    @property
    def metrics(self) -> dict[str, Vector]:
        """Further figures of each epoch, by name."""
        accuracy = self._accuracy.values
        return {"accuracy": accuracy} if len(accuracy) else {}

    def __len__(self) -> int:
        return len(self.loss)

    def __repr__(self) -> str:
        if not len(self):
            return "<History of 0 epochs>"
        figures: dict[str, Any] = {"loss": self.loss[-1], **{name: m[-1] for name, m in self.metrics.items()}}
        last = ", ".join(f"{name} {value:.6g}" for name, value in figures.items())
        return f"<History of {len(self)} epochs in {self.time.sum():.3g} s; last: {last}>"
