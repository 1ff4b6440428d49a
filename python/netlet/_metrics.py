# SPDX-License-Identifier: BSD-3-Clause
"""Figures of how good predictions are, by name or by functions of the caller's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ._data import number, real_array, shown
from ._names import LOSSES

if TYPE_CHECKING:
    Metric = str | Callable[[Any, Any], Any]

_OF_CLASSES, _OF_VALUES = ("accuracy",), ("rmse", "mae", "r2")


def named(loss: str, metrics: Iterable[Metric] | None) -> dict[str, Metric]:
    """What is asked for, by the name that it gets."""
    if metrics is None:
        return {}
    if isinstance(metrics, str) or not isinstance(metrics, Iterable):
        raise TypeError(f"metrics: expected a list of names or functions, got {shown(metrics)}")
    known = _OF_CLASSES if "classes" in LOSSES[loss] else _OF_VALUES
    found: dict[str, Metric] = {}
    for metric in metrics:
        if isinstance(metric, str) and metric not in known:
            raise ValueError(f"metrics: unknown name {metric!r} for {loss}; the known ones are {', '.join(known)}")
        if not isinstance(metric, str) and not callable(metric):
            raise TypeError(f"metrics: expected names or functions, got {shown(metric)}")
        name = metric if isinstance(metric, str) else getattr(metric, "__name__", type(metric).__name__)
        if name in found or name == "loss":
            raise ValueError(f"metrics: expected each name once, got {name!r} again")
        found[name] = metric
    return found


def figures(
    predict: Callable[[Any], Any], own: dict[str, float], wanted: dict[str, Metric], x: Any, y: Any, weight: Any
) -> dict[str, float]:
    """The figures that are wanted; `own`: those that the core has computed."""
    found: dict[str, float] = {}
    prediction = None
    for name, metric in wanted.items():
        if isinstance(metric, str) and metric in own:
            found[name] = own[metric]
            continue
        if prediction is None:
            rows = real_array(x, "x")
            prediction = predict(rows[None] if rows.ndim == 1 else rows)
            targets = _like(prediction, real_array(y, "y"))
        value = _r2(targets, prediction, weight) if isinstance(metric, str) else metric(targets, prediction)
        try:
            found[name] = number(value, name)
        except (TypeError, ValueError):
            raise TypeError(f"metrics: expected a number from {name}, got {shown(value)}") from None
    return found


def _like(prediction: Any, y: Any) -> Any:
    """Targets in the shape of predictions: of probabilities the class, and one target for all quantiles for each."""
    if y.size == prediction.size:
        return y.reshape(prediction.shape)
    if prediction.ndim == 1 and y.ndim == 2:
        return y.argmax(axis=1)
    return np.broadcast_to(y.reshape(len(prediction), -1), prediction.shape)


def _sum(values: Any) -> Any:
    """Over the rows, in their order: numpy.sum's order depends on the processor."""
    return np.add.accumulate(values, axis=0)[-1]


@np.errstate(all="ignore")
def _r2(targets: Any, prediction: Any, weight: Any) -> float:
    """1 - (squared errors) / (squared distances from the mean), the mean over the targets, as in scikit-learn."""
    t, p = (np.asarray(values, np.float64).reshape(len(targets), -1) for values in (targets, prediction))
    w = np.ones(len(t)) if weight is None else np.asarray(real_array(weight, "sample_weight"), np.float64)
    there = ~np.isnan(t)
    w, t, p = np.where(there, w[:, None], 0.0), np.where(there, t, 0.0), np.where(there, p, 0.0)
    mean = _sum(w * t) / _sum(w)
    errors, distances = _sum(w * (t - p) ** 2), _sum(w * (t - mean) ** 2)
    scores = np.where(distances > 0, 1 - errors / distances, np.where(errors > 0, 0.0, 1.0))
    return float(_sum(scores[there.any(axis=0)]) / there.any(axis=0).sum())
