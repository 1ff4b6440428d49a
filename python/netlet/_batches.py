# SPDX-License-Identifier: BSD-3-Clause
"""Calls on data that comes in batches, one by one, because it does not fit in memory."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ._arguments import with_hints
from .inspection import Inspection

if TYPE_CHECKING:
    import numpy.typing as npt

    from ._metrics import Metrics
    from ._names import MissingName
    from ._training import Standardize

    Array = npt.NDArray[Any]
    Source = Callable[[], Iterable[Any]] | Iterable[Any]

__all__ = ["OverBatches", "alone"]


def alone(**arguments: Any) -> None:
    """Refuse what is given beside a `Batches`, which has it itself."""
    for name, value in arguments.items():
        if value is not None:
            raise TypeError(f"{name}: expected None, since the batches have their own, got {type(value).__name__}")


class OverBatches(Inspection):
    """The part of `Network` that reads data batch by batch; `fit_batches` trains on it."""

    @with_hints
    def evaluate_batches(
        self, batches: Source, *, missing: MissingName = "refuse", metrics: Metrics | None = None
    ) -> dict[str, float]:
        """Compute what `evaluate` computes, with the same bits, over batches that come one by one.

        Parameters
        ----------
        batches : callable or iterable
            As in `fit_batches`, of batches (x, y) or (x, y, sample_weight) of any number of rows; an iterator will do.
        missing : str, default "refuse"
            As in `evaluate`.
        metrics : sequence of str or callable, or dict, optional
            As in `evaluate`. For ``"r2"`` and functions, y and predictions of all rows are kept until the end.

        Returns
        -------
        dict of str to float
            As in `evaluate`, for all rows together.

        Raises
        ------
        ValueError, TypeError
            If an argument or a batch does not fit, or there is no batch.
        RuntimeError
            If another thread is training the network.
        Exception
            Whatever `batches` raises.

        Examples
        --------
        >>> from netlet import Network
        >>> net = Network([1, 1], activation="identity", init=[([[1.0]], [0.0])])
        >>> net.evaluate_batches([([[1.0], [2.0]], [1.0, 3.0]), ([[3.0]], [3.0])])["loss"]
        0.5
        """
        from ._labels import reading
        from ._sources import Reader

        with contextlib.closing(Reader(batches, network=self, read=reading(self, missing))) as reader:
            if metrics is None:
                return self._evaluate_batches(reader, missing)
            from . import _metrics

            wanted = _metrics.named(self.loss_name, metrics)
            kept = _Kept(self, reader) if _metrics.need_predictions(wanted) else None
            own = self._evaluate_batches(kept or reader, missing)
        x, y, weight = kept.together() if kept else (None, None, None)
        return {"loss": own["loss"], **_metrics.figures(self, wanted, x, y, weight, missing, own)}

    def predict_batches(self, batches: Source) -> Iterator[Array]:
        """Predict batch by batch, as `predict` does: what it gives for each, when it is asked for the next one.

        Parameters
        ----------
        batches : callable or iterable
            As in `fit_batches`, of batches x, or of tuples whose first item is x.

        Returns
        -------
        iterator of numpy.ndarray
            One array for each batch, so that predictions need not fit in memory either;
            ``numpy.concatenate(list(...))`` puts them together.

        Raises
        ------
        ValueError, TypeError
            If a batch does not fit.

        Examples
        --------
        >>> from netlet import Network
        >>> net = Network([1, 1], activation="identity", init=[([[2.0]], [0.0])])
        >>> for prediction in net.predict_batches([[[1.0], [2.0]], [[3.0]]]):
        ...     print(prediction)
        [2. 4.]
        [6.]
        """
        from ._sources import begun, of_network

        return _predictions(self, begun(of_network(batches, self)), batches)

    def _predict_all(self, batches: Any) -> Array:
        """Predictions of all rows of a `Batches`."""
        import numpy as np

        known: int | None = batches.rows
        together: Array | None = None
        found: list[Array] = []
        rows = 0
        for part in self.predict_batches(batches):
            if known is None:
                found.append(part)
                continue
            if together is None:
                together = np.empty((known, *part.shape[1:]), part.dtype)
            together[rows : rows + len(part)] = part
            rows += len(part)
        if together is None and not found:
            raise ValueError("x: expected at least one row, got none")
        return np.concatenate(found) if together is None else together

    @with_hints
    def learn_scaling_batches(
        self, batches: Source, *, standardize: Standardize = True, missing: MissingName = "refuse"
    ) -> None:
        """Set `input_scaling` and `output_scaling` as `learn_scaling` does, with the same bits, from batches.

        Parameters
        ----------
        batches : callable or iterable
            As in `fit_batches`; it is passed over twice.
        standardize : bool or str, default True
            What is learned, as in `fit`: inputs and, for losses that allow it, outputs; ``"inputs"`` or ``"outputs"``:
            only one of them. For ``"inputs"`` a batch may be x alone.
        missing : str, default "refuse"
            As in `learn_scaling`.

        Raises
        ------
        ValueError, TypeError
            If an argument or a batch does not fit, or the passes differ in their rows; nothing has changed then.
        RuntimeError
            If another call is using the network.
        Exception
            Whatever `batches` raises.

        Examples
        --------
        >>> from netlet import Network
        >>> net = Network([2, 1], seed=0)
        >>> net.learn_scaling_batches([[[1.0, 5.0]], [[3.0, 5.0]]], standardize="inputs")
        >>> net.input_scaling
        (array([2., 5.]), array([1., 1.]))
        """
        from . import _sources
        from ._data import shown
        from ._features import name_columns
        from ._training import standardize as kinds

        wanted = kinds(self.loss_name, standardize)
        inputs, outputs = wanted["standardize_inputs"], wanted["standardize_outputs"]
        if not inputs and not outputs:
            raise ValueError(f"standardize: expected True, 'inputs' or 'outputs', got {shown(standardize)}")
        _sources.require_repeatable(batches, "two passes are made over them")
        with contextlib.closing(_sources.Reader(batches, network=self, x_alone=not outputs)) as reader:
            given = reader.given = {}
            try:
                self._learn_scaling_batches(inputs, outputs, reader, missing)
            except ValueError as error:
                name_columns(error, self, **given)
                raise


def _predictions(network: Any, begun: Iterator[Any], batches: Source) -> Iterator[Array]:
    from ._sources import located, numbered

    try:
        for number, item in numbered(begun):
            try:
                prediction = network.predict(item[0] if isinstance(item, tuple) else item)
            except (TypeError, ValueError) as error:
                raise located(error, number) from None
            del item  # before the next one is made
            yield prediction
    finally:
        if begun is not batches and hasattr(begun, "close"):
            begun.close()


class _Kept:
    """Gives the batches of a reader, and keeps what metrics of all rows are computed of."""

    def __init__(self, network: Any, reader: Any) -> None:
        self._network, self._reader = network, reader
        self._last: tuple[Any, Any, Any] | None = None
        self._kept: list[tuple[Any, Any, Any]] = []

    @property
    def batch(self) -> int | None:
        return self._reader.batch  # type: ignore[no-any-return]

    def __call__(self) -> Any:
        self._keep_last()  # the core has checked it, and its source has not gone on
        self._last = self._reader()
        return self._last

    def _keep_last(self) -> None:
        import numpy as np

        from ._data import real_array
        from ._features import input_array

        if self._last is not None:
            x, y, weight = self._last
            self._last = None
            x = np.atleast_2d(input_array(x, self._network))
            y = np.array(real_array(y, "y")).reshape(len(x), -1)
            weight = np.ones(len(x)) if weight is None else np.array(real_array(weight, "sample_weight")).reshape(-1)
            self._kept.append((self._network.predict(x), y, weight))

    def together(self) -> Any:
        """Predictions, y and weights of all rows."""
        import numpy as np

        from ._metrics import Predicted

        prediction, y, weight = (list(part) for part in zip(*self._kept))
        if len({part.shape[1] for part in y}) > 1:
            y = [_classes(part) for part in y]
        return Predicted(np.concatenate(prediction)), np.concatenate(y), np.concatenate(weight)


def _classes(y: Array) -> Array:
    """The class of each row, also if it has probabilities; NaN if it has no target."""
    import numpy as np

    if y.shape[1] == 1:
        return y
    classes = y.argmax(axis=1)[:, None]
    missing = np.isnan(y).any(axis=1, keepdims=True)
    return np.where(missing, np.nan, classes) if missing.any() else classes
