# SPDX-License-Identifier: BSD-3-Clause
"""What training recorded, epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._arguments import Elsewhere, own_names

if TYPE_CHECKING:  # it takes longer to import than all of netlet
    from collections.abc import Iterator

    import numpy.typing as npt

    Vector = npt.NDArray[np.float64]

__all__ = ["History"]

_TITLES = {"time": "time (s)"}
_NO_METRICS = ("loss", "time", "learning_rate", "validation_loss")
_EMPTY = np.empty(0)
_EMPTY.flags.writeable = False


class _Column:
    """A growing array; `values` is a read-only view of the values so far."""

    def __init__(self) -> None:
        self._buffer = _EMPTY
        self._count = 0

    def put(self, first: int, values: Vector) -> None:
        """Store values from position `first`, replacing any that are already there."""
        end = first + len(values)
        if first == 0:  # no copy is needed
            self._buffer, self._count = values, end
            return
        if end > len(self._buffer):
            buffer = np.empty(max(end, 2 * len(self._buffer)))
            buffer[:first] = self._buffer[:first]
            self._buffer = buffer
        self._buffer[first:end] = values
        self._count = end

    @property
    def values(self) -> Vector:
        view = self._buffer[: self._count]
        view.flags.writeable = False
        return view


def _epochs(count: int) -> str:
    return f"{count:,} epoch{'' if count == 1 else 's'}"


def _duration(seconds: float) -> str:
    """A time, to be read."""
    if seconds < 0.9995:
        return f"{1000 * seconds:.3g} ms"
    return f"{seconds:.3g} s" if seconds < 600 else f"{seconds / 60:,.1f} min"


class History:
    """What the epochs of one `Network.fit` gave; printing it shows a table.

    By name it is like a dict, ``history["loss"]``, ``dict(history)``; but its length is the number of epochs.

    Attributes
    ----------
    loss : numpy.ndarray, shape (epochs,)
        Loss of each epoch: that of its batches before their updates, summed over the rows (reduction ``"sum"``) or
        divided by their number or weight (``"mean"``). On the network's scale, as in `Network.loss`.
    time : numpy.ndarray, shape (epochs,)
        Wall time of each epoch in seconds.
    learning_rate : numpy.ndarray, shape (epochs,)
    validation_loss : numpy.ndarray, shape (epochs,)
        After each epoch, on the network's scale; empty without validation data.
    metrics : dict of str to numpy.ndarray
        ``"accuracy"``, the share of rows (of those that have a target) whose class is predicted correctly before their
        batch's update, and ``"validation_accuracy"``, for losses with classes; and what `fit` was asked for by
        ``metrics``, after the epoch.

    Examples
    --------
    >>> from netlet import Network
    >>> history = Network([2, 3, 1], seed=0).fit([[0, 1], [1, 1]], [1, 0], epochs=3)
    >>> len(history), history.loss.shape
    (3, (3,))
    >>> list(history), bool((history["loss"] == history.loss).all())
    (['loss', 'time', 'learning_rate'], True)
    """

    def __init__(self) -> None:
        self._columns: dict[str, _Column] = {}
        self._weights: list[tuple[int, tuple[float, float]]] = []  # from an epoch on, what sums are over

    def _record(self, first: int, columns: dict[str, Vector], weights: tuple[float, float] | None = None) -> None:
        """Store the figures of the epochs from `first`; if Ctrl-C stops that halfway, they are given again."""
        if weights is not None and not (self._weights and self._weights[-1][1] == weights):
            self._weights.append((first, weights))
        for name, values in columns.items():
            column = self._columns.get(name)
            if column is None:
                column = self._columns[name] = _Column()
            column.put(first, values)

    def _last(self) -> dict[str, float]:
        """Figures of the last epoch."""
        return {name: column._buffer[column._count - 1] for name, column in self._columns.items()}

    def _values(self, name: str) -> Vector:
        column = self._columns.get(name)
        return _EMPTY if column is None else column.values

    @property
    def loss(self) -> Vector:
        """Loss of each epoch."""
        return self._values("loss")

    @property
    def time(self) -> Vector:
        """Wall time of each epoch in seconds."""
        return self._values("time")

    @property
    def learning_rate(self) -> Vector:
        """Learning rate of each epoch."""
        return self._values("learning_rate")

    @property
    def validation_loss(self) -> Vector:
        """Loss of the validation data after each epoch."""
        return self._values("validation_loss")

    @property
    def metrics(self) -> dict[str, Vector]:
        """Other figures of each epoch, by name."""
        return {name: self._values(name) for name in self._columns if name not in _NO_METRICS}

    @property
    def best_epoch(self) -> int:
        """The epoch, counted from 0 in this history, with the smallest loss: that of the validation data, if any."""
        losses = self.validation_loss if len(self.validation_loss) else self.loss
        if not len(losses):
            raise ValueError("a history of 0 epochs has no best epoch")
        return int(np.argmin(np.where(np.isnan(losses), np.inf, losses)))

    def plot(self, ax: Any = None) -> Any:
        """Draw the losses over the epochs and, below, the metrics; needs ``pip install matplotlib``.

        With validation data, losses under reduction ``"sum"`` are drawn per row (divided by the number of rows or the
        sum of their weights), so that the curves can be compared.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw the losses alone; by default on a new figure.

        Returns
        -------
        matplotlib.axes.Axes
            Those of the losses; ``ax.figure.axes[1]`` are those of the metrics, if there are any.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from ._drawing import draw_curves, new_figure

        if ax is None:
            metrics = {name.replace("validation_", "validation "): values for name, values in self.metrics.items()}
            figure = new_figure("History.plot", figsize=(6.4, 6.4 if metrics else 4.8))
            ax = figure.add_subplot(2 if metrics else 1, 1, 1)
            if metrics:
                kinds = {name.removeprefix("validation ") for name in metrics}
                label = kinds.pop() if len(kinds) == 1 else "metrics"
                draw_curves(figure.add_subplot(2, 1, 2, sharex=ax), metrics, None, label)
        losses, label = {"training": self.loss}, "loss"
        if len(self.validation_loss):
            losses["validation"] = self.validation_loss
        if len(losses) == 2 and self._weights:
            losses, label = self._per_row(losses), "loss per row"
        finite = np.concatenate(list(losses.values()))
        wide = len(finite) > 0 and bool(np.all(finite > 0)) and float(np.max(finite)) > 10 * float(np.min(finite))
        draw_curves(ax, losses, self.best_epoch if len(losses) == 2 else None, label, log=wide)
        ax.set_title(f"{_epochs(len(self))} in {_duration(self.time.sum())}")
        return ax

    def _per_row(self, sums: dict[str, Vector]) -> dict[str, Vector]:
        """Sums over the rows, divided by the weights of the rows."""
        weights = np.empty((2, len(self)))
        for first, both in self._weights:
            weights[:, first:] = np.array(both)[:, None]
        with np.errstate(all="ignore"):
            return {name: values / weight for (name, values), weight in zip(sums.items(), weights)}

    def keys(self) -> list[str]:
        """Names of the figures that each epoch has: ``dict(history)`` is a dict of arrays, for pandas and others."""
        return list(self._columns)

    def values(self) -> list[Vector]:
        """The figures of `keys`."""
        return [self[name] for name in self]

    def items(self) -> list[tuple[str, Vector]]:
        """Names and figures."""
        return [(name, self[name]) for name in self]

    def get(self, name: str, default: Any = None) -> Any:
        """The figures of that name, or `default`."""
        return self[name] if name in self._columns else default

    def __getitem__(self, name: str) -> Vector:
        if name not in self._columns:
            known = ", ".join(self._columns) or "no names yet"
            raise KeyError(f"expected one of {known}, got {name!r}{self._hint(name)}")
        return self._values(name)

    def _hint(self, unknown: object) -> str:
        """What a figure is called here that has another name elsewhere."""
        name = str(unknown)
        here = {"acc": "accuracy", "lr": "learning_rate"}.get(name, name.replace("val_", "validation_"))
        here = here.replace("validation_acc", "validation_accuracy") if here.endswith("_acc") else here
        if here == name:
            return ""
        if here in self._columns:
            return f" (here it is {here!r})"
        return f" (here it is {here!r}, with validation data)" if here.startswith("validation_") else ""

    if not TYPE_CHECKING:  # what others call it; no attributes to type checkers either
        history = Elsewhere("it is like a dict itself: history['loss'], dict(history)")
        epoch = Elsewhere("epochs are counted from 0 to len(history) - 1")
        params = Elsewhere("the network's provenance has the settings of its last fit")
        val_loss = Elsewhere("here it is validation_loss")
        accuracy = Elsewhere("here it is history['accuracy']")
        val_accuracy = Elsewhere("here it is history['validation_accuracy']")
        lr = Elsewhere("here it is learning_rate")

    __dir__ = own_names

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return self._columns["loss"]._count if self._columns else 0

    def __repr__(self) -> str:
        if not len(self):
            return "<History of 0 epochs>"
        figures = {name: column.values[-1] for name, column in self._columns.items() if name != "time"}
        last = ", ".join(f"{name} {value:.6g}" for name, value in figures.items() if name != "learning_rate")
        return f"<History of {_epochs(len(self))} in {_duration(self.time.sum())}; last: {last}>"

    def __str__(self) -> str:
        """A table of at most 20 epochs, evenly spaced from the first to the last, counted from 0."""
        if not len(self):
            return repr(self)
        shown = np.unique(np.linspace(0, len(self) - 1, min(len(self), 20)).round().astype(int))
        names = ["epoch", *(_TITLES.get(name, name.replace("_", " ")) for name in self._columns)]
        rows = [[str(i), *(f"{column.values[i]:.6g}" for column in self._columns.values())] for i in shown]
        widths = [max(len(row[c]) for row in [names, *rows]) for c in range(len(names))]
        return "\n".join("  ".join(cell.rjust(w) for cell, w in zip(row, widths)) for row in [names, *rows])
