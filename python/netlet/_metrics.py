# SPDX-License-Identifier: BSD-3-Clause
"""Figures of how good predictions are, by name or by functions of the caller's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ._data import number, real_array, shown
from ._features import input_array
from ._labels import of_indices
from ._names import LOSSES

if TYPE_CHECKING:
    from .history import History

    Metric = str | Callable[[Any, Any], Any]
    Metrics = Iterable[Metric] | Mapping[str, Metric]

_OF_CLASSES, _OF_VALUES = ("accuracy",), ("rmse", "mae", "r2")
# what others call it, in lower case and without underscores
_HERE = {
    "accuracy": ("acc", "accuracyscore", "categoricalaccuracy", "sparsecategoricalaccuracy", "binaryaccuracy"),
    "rmse": ("rootmeansquarederror", "rms", "rmsd"),
    "mae": ("meanabsoluteerror", "absoluteerror", "l1"),
    "r2": ("r2score", "rsquared", "r^2"),
}
_SQUARES = ("mse", "meansquarederror", "squarederror", "l2")
_OF_PREDICTIONS = {"f1": "f1", "precision": "precision", "recall": "recall", "balancedaccuracy": "balanced_accuracy"}
_OF_PROBABILITIES = {"auc": "roc_auc_score", "logloss": "log_loss", "averageprecision": "average_precision_score"}
_TAKEN = ("loss", "time", "learning_rate")  # figures of a history


def named(loss: str, metrics: Metrics) -> dict[str, Metric]:
    """What is asked for, by the name that it gets."""
    if isinstance(metrics, str) or not isinstance(metrics, Iterable):
        raise TypeError(f"metrics: expected a list of names or functions, or a dict of them, got {shown(metrics)}")
    known = _OF_CLASSES if "classes" in LOSSES[loss] else _OF_VALUES
    found: dict[str, Metric] = {}
    pairs = metrics.items() if isinstance(metrics, Mapping) else [(None, metric) for metric in metrics]
    for given, metric in pairs:
        if isinstance(metric, str) and metric not in known:
            raise ValueError(
                f"metrics: unknown name {str(metric)!r} for {loss}; the known ones are {', '.join(known)}"
                f"{_hint(str(metric), known)}"
            )
        if not isinstance(metric, str) and not callable(metric):
            raise TypeError(f"metrics: expected names or functions, got {shown(metric)}")
        own = str(metric) if isinstance(metric, str) else getattr(metric, "__name__", type(metric).__name__)
        name = own if given is None else given
        if not isinstance(name, str) or name in _TAKEN or name.startswith("validation_"):
            raise ValueError(f"metrics: expected other names than those of a history, got {shown(name)}")
        if name in found or (name in known and metric != name):
            raise ValueError(f"metrics: expected each name once, got {name!r} again; a dict gives names")
        found[name] = metric
    return found


def _hint(unknown: str, known: tuple[str, ...]) -> str:
    """What follows a message about an unknown name."""
    name = unknown.lower().replace(" ", "").replace("-", "").replace("_", "")
    same = next((here for here, aliases in _HERE.items() if name == here or name in aliases), None)
    if same in known:
        return f"; here it is {same!r}"
    if name in _SQUARES and "rmse" in known:
        return "; 'rmse' is the root of that"
    if same or known != _OF_CLASSES:
        return ""
    name = name.removeprefix("roc").removesuffix("score")
    if name in _OF_PROBABILITIES:
        return f"; sklearn.metrics.{_OF_PROBABILITIES[name]} takes y and what net.predict_proba(x) gives"
    if name in _OF_PREDICTIONS:
        return f"; functions work, such as sklearn.metrics.{_OF_PREDICTIONS[name]}_score"
    return ""


def figures(
    network: Any, wanted: dict[str, Metric], x: Any, y: Any, weight: Any, missing: str, own: dict[str, float] | None
) -> dict[str, float]:
    """The figures that are wanted; `own`: those that the core has computed, if it has."""
    found: dict[str, float] = {}
    prediction = None
    for name, metric in wanted.items():
        if isinstance(metric, str) and metric != "r2":
            own = network._evaluate(x, y, weight, None, missing) if own is None else own
            found[name] = own[metric]
            continue
        if prediction is None:
            prediction = _predicted(network, x)
            targets, judged = _like(prediction, real_array(y, "y"), missing == "ignore")
        if isinstance(metric, str):
            value = _r2(targets, prediction, weight, missing == "ignore")
        else:
            value = metric(_labelled(network, targets[judged]), prediction[judged])
        try:
            found[name] = number(value, name)
        except (TypeError, ValueError):
            raise TypeError(f"metrics: expected a number from {name}, got {shown(value)}") from None
    return found


class Predicted:
    """In place of x, what the network predicts for it."""

    def __init__(self, values: Any) -> None:
        self.values = values


def _predicted(network: Any, x: Any) -> Any:
    if isinstance(x, Predicted):
        return x.values
    rows = input_array(x, network)
    return network.predict(rows[None] if rows.ndim == 1 else rows)


def need_predictions(wanted: dict[str, Metric]) -> bool:
    """Whether some of them are computed of what is predicted for all rows."""
    return any(not isinstance(metric, str) or metric == "r2" for metric in wanted.values())


def _like(prediction: Any, y: Any, ignore: bool) -> tuple[Any, Any]:
    """Targets in the shape of predictions, of probabilities the class; and which rows have a target."""
    matrix = y.reshape(len(prediction), -1)
    judged = np.full(len(prediction), True)
    if ignore and matrix.dtype.kind == "f":
        judged = ~np.isnan(matrix).all(axis=1)
    if prediction.ndim == 1 and matrix.shape[1] > 1:
        matrix = matrix.argmax(axis=1)
    if matrix.size == prediction.size:
        return matrix.reshape(prediction.shape), judged
    return np.broadcast_to(matrix, prediction.shape), judged  # one target for all quantiles


def _labelled(network: Any, targets: Any) -> Any:
    """Targets by label, if there are any; an array of objects, where some are missing and stay NaN."""
    if network._classes is None:
        return targets
    missing = np.isnan(targets)
    labels = of_indices(network, np.where(missing, 0, targets))
    if missing.any():
        labels = labels.astype(object)
        labels[missing] = np.nan
    return labels


def _sum(values: Any) -> Any:
    """Over the rows, in their order: numpy.sum's order depends on the processor."""
    return np.add.accumulate(values, axis=0)[-1]


@np.errstate(all="ignore")
def _r2(targets: Any, prediction: Any, weight: Any, ignore: bool) -> float:
    """1 - (squared errors) / (squared distances from the mean), the mean over the targets, as in scikit-learn."""
    t, p = (np.asarray(values, np.float64).reshape(len(targets), -1) for values in (targets, prediction))
    w = np.ones(len(t)) if weight is None else np.asarray(real_array(weight, "sample_weight"), np.float64)
    there = ~np.isnan(t) if ignore else np.full(t.shape, True)
    w, t, p = np.where(there, w[:, None], 0.0), np.where(there, t, 0.0), np.where(there, p, 0.0)
    total = _sum(w)
    mean = _sum(w * t) / total
    errors, distances = _sum(w * (t - p) ** 2), _sum(w * (t - mean) ** 2)
    exact = np.where(errors == 0, 1.0, np.where(errors > 0, 0.0, np.nan))  # where the targets are all the same
    scores = np.where(distances > 0, 1 - errors / distances, np.where(distances == 0, exact, np.nan))
    return float(_sum(scores[total > 0]) / (total > 0).sum())


def to_record(wanted: dict[str, Metric]) -> dict[str, Metric]:
    """Without what `fit` records anyway."""
    return {
        name: metric
        for name, metric in wanted.items()
        if not (isinstance(metric, str) and name == metric == "accuracy")
    }


class Recorder:
    """A callback that records figures after each epoch, before other callbacks are called."""

    def __init__(self, wanted: dict[str, Metric], parts: dict[str, Any], missing: str) -> None:
        self._wanted = to_record(wanted)
        self._parts = {prefix: part for prefix, part in parts.items() if part is not None}
        self._missing = missing

    def on_epoch(self, epoch: int, history: History, network: Any) -> None:
        """Record the figures of the epoch; NaN, until all are there."""
        last, nothing = len(history) - 1, np.array([np.nan])
        history._record(last, {prefix + name: nothing.copy() for prefix in self._parts for name in self._wanted})
        for prefix, part in self._parts.items():
            if isinstance(part, tuple):
                x, y, weight = part
                found = figures(network, self._wanted, x, y, weight, self._missing, None)
            else:
                found = network.evaluate_batches(part, missing=self._missing, metrics=self._wanted)
                del found["loss"]
            history._record(last, {prefix + name: np.array([value]) for name, value in found.items()})
