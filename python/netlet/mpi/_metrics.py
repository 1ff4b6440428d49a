# SPDX-License-Identifier: BSD-3-Clause
"""Figures over the rows of all ranks: each predicts for its rows, rank 0 computes the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _metrics as metrics
from .._data import real_array
from ..reference.sums import chain, sum_rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..history import History
    from ._ranks import Ranks
    from ._rows import LocalRows, SharedRows

    Array = npt.NDArray[Any]

_PREDICTED = 1 << 16  # rows that are read together


class Metrics:
    """What `Network.fit` records of `metrics`, with the same bits.

    Parameters
    ----------
    ranks : Ranks
    network : Network
    given : sequence or dict or None
        The argument; that of rank 0 counts.
    rows : dict
        The rows for training, and for validation or None.
    missing : str
    """

    def __init__(
        self, ranks: Ranks, network: Any, given: Any, rows: dict[str, SharedRows | LocalRows | None], missing: str
    ) -> None:
        self._ranks, self._network, self._missing = ranks, network, missing
        named = {} if given is None or ranks.rank else metrics.named(network.loss_name, given)
        self._functions = metrics.to_record(named)
        self.wanted: list[str] = ranks.from_first(list(self._functions) if ranks.rank == 0 else None)
        prefixes = {"training": "", "validation": "validation_"}
        self._rows = {prefixes[name]: part for name, part in rows.items() if part is not None} if self.wanted else {}
        self._targets = {prefix: self._collected(part.own_targets()) for prefix, part in self._rows.items()}

    def _collected(self, parts: tuple[Array | None, ...]) -> list[Array | None] | None:
        """Arrays of all ranks, one after the other, on rank 0."""
        found: list[Array | None] | None = self._ranks.to_first(
            list(parts), lambda a, b: [_joined(*pair) for pair in zip(a, b)]
        )
        return found

    def record(self, history: History) -> None:
        """Record the figures of the last epoch; NaN, until all are there."""
        last, nothing = len(history) - 1, np.array([np.nan])
        history._record(last, {prefix + name: nothing.copy() for prefix in self._rows for name in self.wanted})
        for prefix, part in self._rows.items():
            found = self._collected((self._predicted(part),))
            figures = None if found is None else self._figures(found[0], *(self._targets[prefix] or ()))
            for name, value in self._ranks.from_first(figures).items():
                history._record(last, {prefix + name: np.array([value])})

    def _predicted(self, rows: SharedRows | LocalRows) -> Array:
        """For the rows of this rank."""
        predict = self._network.predict
        parts = [predict(x) for x in rows.own_inputs(_PREDICTED)]
        return np.concatenate(parts) if parts else predict(np.zeros((1, self._network.layer_sizes[0])))[:0]

    def _figures(self, prediction: Any, y: Any, weight: Any) -> dict[str, float]:
        own = None
        if {"rmse", "mae"} & {metric for metric in self._functions.values() if isinstance(metric, str)}:
            own = _errors(self._network.dtype, prediction, y, weight, self._missing == "ignore")
        predicted = metrics.Predicted(prediction)
        return metrics.figures(self._network, self._functions, predicted, y, weight, self._missing, own or {})


def _joined(a: Array | None, b: Array | None) -> Array | None:
    """Both arrays; an empty one has no say in the dtype."""
    if a is None or b is None or not len(b):
        return a
    return np.concatenate([a, b]) if len(a) else b


def _errors(dtype: Any, prediction: Any, y: Any, weight: Any, ignore: bool) -> dict[str, float]:
    """As `Network.evaluate` computes them, of rows that the core does not see."""
    targets, _ = metrics._like(prediction, real_array(y, "y"), ignore)
    t, p = (np.asarray(values, np.float64).reshape(len(targets), -1) for values in (targets, prediction))
    weights = np.ones(len(t)) if weight is None else np.asarray(weight).astype(dtype).astype(np.float64)
    there = ~np.isnan(t) if ignore else np.ones(t.shape, bool)
    e = np.where(there, p - t, 0)
    square, absolute, count = (
        sum_rows(chain(each.T) * weights) for each in (e * e, np.abs(e), there.astype(np.float64))
    )
    return {"rmse": float(np.sqrt(square / count)), "mae": float(absolute / count)}
