# SPDX-License-Identifier: BSD-3-Clause
"""The loss of the best constant prediction, with which that of a training is compared."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Array = npt.NDArray[Any]

LEARNED = 0.2  # its share below which a training has learned, whatever else there is
WINDOW = 10  # epochs whose losses are averaged for that


def usual_constant_loss(network: Any, y: Array) -> float:
    """The mean loss of the best constant prediction of rows that weigh the same; NaN for less usual losses and targets.

    Exact unless targets are probabilities other than 0 and 1: then more than by how much it exceeds the best loss.
    """
    loss, rows = network.loss_name, len(y)
    if loss == "squared_error":
        with np.errstate(all="ignore"):
            return _half_variance(y.astype(np.float64, copy=False), network._scaling(True))
    if loss == "cross_entropy" and y.size == rows:
        sums = np.bincount(y.reshape(-1).astype(np.intp)).tolist()
    elif loss == "cross_entropy":
        sums = np.add.reduce(y, 0, np.float64).tolist()
    elif loss == "binary_cross_entropy":
        ones = np.add.reduce(y.reshape(rows, -1), 0, np.float64).tolist()
        sums = [*ones, *(rows - one for one in ones)]
    else:
        return math.nan
    return -math.fsum(one / rows * math.log(one / rows) for one in sums if one > 0)


def _half_variance(y: Array, scaling: Any) -> float:
    """That of each column, summed, on the network's scale."""
    away = y - y[0]  # from a typical value, so that little cancels
    mean = np.add.reduce(away, 0) / len(y)
    variance = np.add.reduce(away * away, 0) / len(y) - mean * mean
    if scaling is not None:
        variance = variance / scaling[1] ** 2
    return 0.5 * float(np.add.reduce(variance, None) if variance.ndim else variance)


def constant_loss(loss: str, targets: Array, weight: Array | None, quantiles: Any, delta: float) -> tuple[float, float]:
    """The mean loss of the best constant prediction, and of the best conceivable one; targets NaN where missing.

    `targets`: (rows, outputs), probabilities for cross_entropy. For gaussian_nll, where nothing is best, the second is
    the loss of a standard deviation e**(1/2) times as small.
    """
    w = np.ones((len(targets), 1)) if weight is None else weight[:, None]
    total = w.sum()
    there = ~np.isnan(targets)
    if there.all():
        w = np.broadcast_to(w, targets.shape)
    else:
        w, targets = w * there, np.where(there, targets, 0.0)
    of_column = np.maximum(w.sum(0), 1e-300)
    mean = (w * targets).sum(0) / of_column
    best = 0.0
    if loss == "squared_error":
        losses = 0.5 * (targets - mean) ** 2
    elif loss == "gaussian_nll":
        variance = (w * (targets - mean) ** 2).sum(0) / of_column
        with np.errstate(divide="ignore"):
            losses = np.broadcast_to(0.5 * (np.log(variance) + 1), targets.shape)
        best = -0.5
    elif loss == "cross_entropy":
        losses = -targets * log(mean)
        best = -float((w * targets * log(targets)).sum() / total)
    elif loss == "binary_cross_entropy":
        losses = -targets * log(mean) - (1 - targets) * log(1 - mean)
        best = -float((w * (targets * log(targets) + (1 - targets) * log(1 - targets))).sum() / total)
    elif loss == "poisson":
        losses = mean - targets * log(mean)
        best = float((w * (targets - targets * log(targets))).sum() / total)
    else:
        losses = _of_distances(loss, targets, w, quantiles, delta)
    value = float((w * losses).sum() / total)
    return value, value - 0.5 * float(w.sum() / total) if loss == "gaussian_nll" else best


def log(x: Any) -> Any:
    """With log(0) = 0, for 0 * log(0) = 0; where a mean is 0, so are all values."""
    return np.log(np.where(x > 0, x, 1.0))


def _of_distances(loss: str, t: Array, w: Array, quantiles: Any, delta: float) -> Array:
    """Losses of the best constant of each column, where they are convex functions of the distance."""
    q = np.asarray(quantiles if loss == "quantile" else 0.5)
    if loss in ("absolute_error", "quantile"):
        order = np.argsort(t, axis=0)
        sums = np.cumsum(np.take_along_axis(w, order, 0), axis=0)
        place = np.argmax(sums >= q * sums[-1], axis=0)
        d = t - np.take_along_axis(t, np.take_along_axis(order, place[None], 0), 0)
        return np.asarray(np.abs(d) if loss == "absolute_error" else np.maximum(q * d, (q - 1) * d))
    low, high = t.min(0), t.max(0)
    for _ in range(30):  # the derivative rises with the constant
        middle = 0.5 * (low + high)
        d = middle - t
        slope = (w * (np.clip(d, -delta, delta) if loss == "huber" else np.tanh(d))).sum(0)
        low, high = np.where(slope < 0, middle, low), np.where(slope < 0, high, middle)
    d = np.abs(t - high)
    if loss == "huber":
        return np.asarray(np.where(d <= delta, 0.5 * d * d, delta * (d - 0.5 * delta)))
    return np.asarray(d + np.log1p(np.exp(-2 * d)) - math.log(2))
