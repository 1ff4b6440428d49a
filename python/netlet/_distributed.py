# SPDX-License-Identifier: BSD-3-Clause
"""Batches in parts: any number of workers sum over some of the rows, with the bits that one would give."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._arguments import integer, with_hints
from ._arguments import optimizer as checked_optimizer
from ._batches import OverBatches
from ._data import flag, number, shown
from .optimizers import Optimizer, remember_network, warn_of_another_network

if TYPE_CHECKING:
    import numpy.typing as npt

    from . import _training as training
    from ._names import MissingName, OptimizerName
    from .history import History

    Partial = npt.NDArray[np.uint8]

__all__ = ["Distributed", "Task", "combine"]

_BLOCK = 256  # rows
_KINDS = ("gradient", "loss", "weights", "means", "deviations")
_COLUMNS = {1: "x", 2: "y"}  # by netlet_scaling_kind


class Task:
    """What is to be summed over the rows of a batch, of which each worker has some.

    `Network.fit_sums` makes them; by hand it is the task of one step. It does not change, can be pickled, and is small
    but for an order.

    Parameters
    ----------
    network : Network
    rows : int
        Of the whole batch.
    step : int, default 0
        The number of the optimizer's step, `Optimizer.steps`: dropout depends on it, and only sums of one step can be
        combined.

    Examples
    --------
    >>> from netlet import Network, Task
    >>> Task(Network([2, 1], seed=0), 1000).rows_of(256, 512)
    slice(256, 768, None)
    """

    __slots__ = ("_parts",)

    def __init__(self, network: Any, rows: int, *, step: int = 0) -> None:
        if not isinstance(network, _core.Network):
            raise TypeError(f"network: expected a Network, got {shown(network)}")
        rows = integer("rows", rows, 1, 2**62, "a positive integer")
        step = integer("step", step, 0, 2**63, "an integer")
        drops = any(network.dropout)
        self._parts = (0, 0, 0, int(drops), rows, 0, None, network.seed if drops else 0, step, None)

    @classmethod
    def _of(cls, parts: tuple[Any, ...]) -> Task:
        task = cls.__new__(cls)
        task._parts = parts
        return task

    def __reduce__(self) -> Any:
        return Task._of, (self._parts,)

    @property
    def kind(self) -> str:
        """What is summed.

        ``"gradient"`` (with the loss) of a training step; ``"loss"``, as `Network.evaluate` computes it;
        ``"weights"`` alone; ``"means"`` or ``"deviations"``, the two passes of `Network.learn_scaling`.
        """
        return _KINDS[self._parts[0]]

    @property
    def columns(self) -> str:
        """With means and deviations, whose they are: ``"x"`` or ``"y"``."""
        return _COLUMNS.get(self._parts[1], "")

    @property
    def data(self) -> str:
        """Over whose rows: ``"training"`` or ``"validation"``."""
        return "validation" if self._parts[2] else "training"

    @property
    def rows(self) -> int:
        """The number of rows of the whole batch."""
        return int(self._parts[4])

    @property
    def first(self) -> int:
        """How many rows of the data, or of the epoch's shuffled order, come before the batch."""
        return int(self._parts[5])

    @property
    def order(self) -> npt.NDArray[np.int64] | None:
        """The numbers, in the data, of all of the batch's rows if they are shuffled; int64."""
        return self._parts[6]

    def rows_of(self, first_row: int, count: int) -> slice | npt.NDArray[np.int64]:
        """Find which rows of the data the batch's rows `first_row` to ``first_row + count`` are.

        Returns
        -------
        slice or numpy.ndarray
            To index arrays with.
        """
        if not 0 <= first_row <= first_row + count <= self.rows:
            raise IndexError(f"rows {first_row} to {first_row + count} are not within the batch of {self.rows} rows")
        if self.order is not None:
            return self.order[first_row : first_row + count]
        return slice(self.first + first_row, self.first + first_row + count)

    def __repr__(self) -> str:
        columns = f", columns={self.columns!r}" if self.columns else ""
        order = f"first={self.first}" if self.order is None else "shuffled"
        return f"Task(kind={self.kind!r}{columns}, data={self.data!r}, rows={self.rows}, {order})"


def combine(*partials: Partial) -> Partial:
    """Add the sums over parts of a batch, in the tree in which one worker would add its blocks.

    Parameters
    ----------
    *partials : numpy.ndarray, or bytes
        What `Network.partial` and `combine` return, in any order, for one task and for rows of which none is in two of
        them.

    Returns
    -------
    numpy.ndarray of uint8
        The sums of all of them. Where all of the batch's rows are in it, it is as large as the gradient.

    Raises
    ------
    ValueError, TypeError
        If these are not the sums of different parts of one batch.

    Examples
    --------
    >>> import numpy as np, netlet
    >>> net = netlet.Network([1, 1], seed=0)
    >>> x = np.linspace(0, 1, 512)[:, None]
    >>> task = netlet.Task(net, rows=512)
    >>> halves = [net.partial(x[a : a + 256], x[a : a + 256], task, first_row=a) for a in (0, 256)]
    >>> loss, gradient = net.finish(netlet.combine(*halves))
    >>> loss == net.loss(x, x)
    True
    """
    if not partials:
        raise TypeError("partials: expected one or more, got none")
    waiting: list[Any] = list(partials)
    while len(waiting) > 1:
        pairs = [_core.combine(*waiting[i : i + 2]) for i in range(0, len(waiting) - 1, 2)]
        waiting = pairs + waiting[2 * len(pairs) :]
    sums: Partial = np.frombuffer(waiting[0], np.uint8)
    return sums if len(partials) > 1 else sums.copy()


class Distributed(OverBatches):
    """The part of `Network` that trains on rows that other workers, processes or machines have."""

    @with_hints
    def partial(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        task: Task,
        *,
        first_row: int = 0,
        sample_weight: npt.ArrayLike | None = None,
        missing: MissingName = "refuse",
    ) -> Partial:
        """Sum over a part of a batch: the gradient, or what else the task asks for.

        Parameters
        ----------
        x : array_like, shape (rows, inputs)
            The batch's rows from `first_row` on: a multiple of 256 of them, unless they are its last ones.
        y : array_like
            As in `step`.
        task : Task
        first_row : int, default 0
            Where these rows begin in the batch: a multiple of 256.
        sample_weight : array_like, shape (rows,), optional
            As in `step`, but all of them may be 0.
        missing : str, default "refuse"
            As in `step`.

        Returns
        -------
        numpy.ndarray of uint8
            For `combine`, on any machine of the same byte order: undivided sums over complete subtrees of the tree in
            which blocks of 256 rows are added, each about as large as the gradient. A part that begins at a large power
            of two of blocks, and has as many, has few of them.

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit.
        RuntimeError
            If another thread is training the network.

        Examples
        --------
        See `netlet.combine`.
        """
        targets = y
        if self._classes is not None:
            from . import _labels as labels

            targets = labels.indices(self, y, missing)
        start = integer("first_row", first_row, 0, 2**62, "a multiple of 256")
        return self._partial(x, targets, sample_weight, missing, _parts(task), start)

    def finish(self, total: Partial, optimizer: Optimizer | None = None, *, weight_mean: float | None = None) -> Any:
        """Use the sums over a whole batch: for a step, or as loss and gradient.

        Parameters
        ----------
        total : numpy.ndarray, or bytes
            What `combine` returned, for all rows of a batch.
        optimizer : Optimizer, optional
            Takes the step that `step` would have taken on all rows.
        weight_mean : float, optional
            As in `step`.

        Returns
        -------
        float, or tuple of float and numpy.ndarray
            The loss before the step; without an optimizer the loss and the gradient, as `backward` gives them.

        Raises
        ------
        ValueError, TypeError
            If `total` has not the sums over all rows for a network like this; nothing has changed then.
        DivergenceError
            If the loss is not finite; nothing has changed then.
        RuntimeError
            If another call is using the network or the optimizer.

        Examples
        --------
        See `netlet.combine`.
        """
        mean = 0.0 if weight_mean is None else number(weight_mean, "weight_mean")
        if weight_mean is not None and not mean > 0:
            raise ValueError(f"weight_mean: expected a positive finite number, got {mean:g}")
        if optimizer is not None:
            warn_of_another_network(checked_optimizer(optimizer), self, 3)
        result = self._finish(total, mean, optimizer)
        if optimizer is not None:
            remember_network(optimizer, self)
        return result

    @with_hints
    def fit_sums(
        self,
        sums: Callable[[Task], Partial],
        *,
        rows: int,
        epochs: int,
        learning_rate: float | None = None,
        batch_size: int | None = None,
        optimizer: Optimizer | OptimizerName | None = None,
        shuffle: bool = True,
        seed: int | None = None,
        callback: Callable[[int, History], object] | None = None,
        callbacks: Sequence[Any] | None = None,
        weighted: bool = False,
        validation_rows: int = 0,
        validation_data: Any = None,
        patience: int | None = None,
        min_delta: float = 0.0,
        schedule: Any = None,
        resume: bool = False,
        standardize: training.Standardize = False,
        missing: MissingName = "refuse",
        metrics: Any = None,
        progress: bool = False,
    ) -> History:
        """Train on rows that are elsewhere: a function gives the sums over each batch.

        The loop is that of `fit`, and so are its bits. Workers that all call it with the same arguments, and get the
        same sums, keep the same network.

        Parameters
        ----------
        sums : callable
            ``sums(task)`` returns the sums over all rows of the task: what `combine` makes of the parts that `partial`
            gives, wherever that happens. It may read this network, whose parameters are those of the step. It is called
            for each step, after each epoch for the validation data, and before the first for `standardize` and for the
            mean weight.
        rows : int
            How many there are.
        weighted : bool, default False
            Whether they have weights: reduction ``"mean"`` then divides as `fit` does with `sample_weight`.
        validation_rows : int, default 0
            How many rows of validation data there are, if they are elsewhere, too; tasks have ``data="validation"``.
        validation_data, missing
            As in `fit`, for validation data that is here.
        metrics
            As in `fit`, for that validation data alone.
        epochs, learning_rate, batch_size, optimizer, shuffle, seed, callback, callbacks, patience, min_delta
            As in `fit`.
        schedule, resume, standardize, progress
            As in `fit`.

        Returns
        -------
        History

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit, or `sums` returns something else than the task's sums.
        Exception
            Whatever `sums` raises; the steps taken so far are kept.
        DivergenceError, RuntimeError, KeyboardInterrupt
            As in `fit`.

        Examples
        --------
        >>> import numpy as np, netlet
        >>> x = np.linspace(0, 1, 1000)[:, None]
        >>> def sums(task):  # two workers, one after the other
        ...     parts = []
        ...     for first, count in (0, 512), (512, 488):
        ...         at = task.rows_of(first, count)
        ...         parts.append(net.partial(x[at], x[at], task, first_row=first))
        ...     return netlet.combine(*parts)
        >>> net, alone = netlet.Network([1, 4, 1], seed=0), netlet.Network([1, 4, 1], seed=0)
        >>> history = net.fit_sums(sums, rows=1000, epochs=10, learning_rate=0.001)
        >>> history = alone.fit(x, x, epochs=10, learning_rate=0.001)
        >>> net.fingerprint() == alone.fingerprint()
        True
        """
        from . import _training as training

        if not callable(sums):
            raise TypeError(f"sums: expected a function of a task, got {shown(sums)}")
        batch = 0 if batch_size is None else integer("batch_size", batch_size, 1, 2**63, "a positive integer or None")
        count = integer("rows", rows, 1, 2**62, "a positive integer")
        held = integer("validation_rows", validation_rows, 0, 2**62, "an integer")
        recorder = None
        if metrics is not None:
            from . import _metrics

            data = training.validation_data(validation_data)
            if data is None:
                raise ValueError(
                    "metrics: expected validation_data in this process; there are none for rows that are elsewhere"
                )
            recorder = _metrics.Recorder(_metrics.named(self.loss_name, metrics), {"validation_": data}, missing)
        elsewhere = {
            "sums": lambda parts: sums(Task._of(parts)),
            "rows": count,
            "weighted": flag("weighted", weighted),
            "validation_rows": held,
            "batch_size": batch,
            "shuffle": flag("shuffle", shuffle),
            **training.standardize(self.loss_name, standardize),
        }
        said = {
            "method": "fit_sums",
            "batch_size": batch or None,
            "shuffle": shuffle,
            "standardize": standardize,
            "sample_weight": weighted,
            "validation_data": held > 0 or validation_data is not None,
        }
        network: Any = self
        history: History = network._train(
            lambda _: elsewhere,
            {
                "epochs": epochs,
                "learning_rate": learning_rate,
                "optimizer": optimizer,
                "seed": seed,
                "callback": callback,
                "callbacks": callbacks,
                "recorder": recorder,
                "validation_data": validation_data,
                "patience": patience,
                "min_delta": min_delta,
                "schedule": schedule,
                "resume": resume,
                "missing": missing,
                "progress": progress,
            },
            {"said": said, "known": network._known(), "given": {"validation_data": validation_data}},
        )
        return history


def _parts(task: Any) -> tuple[Any, ...]:
    if isinstance(task, Task):
        return task._parts
    raise TypeError(f"task: expected a netlet.Task, got {shown(task)}")
