# SPDX-License-Identifier: BSD-3-Clause
"""What `Network.fit` looks at after training that may have been in vain: the losses, and a sample of the rows.

A fit has learned little if its loss is near that of the best constant prediction. The excess says how near: 0 is the
best conceivable loss, 1 the best constant's. What makes training fail (inputs on bad scales, hidden units without a
slope, a loss that grew) is reported only where the excess shows that it did.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from ._constant import LEARNED, WINDOW, constant_loss, log, usual_constant_loss
from ._data import real_array
from ._names import LOSSES

if TYPE_CHECKING:
    import numpy.typing as npt

    from .history import History

    Array = npt.NDArray[Any]

__all__ = ["TrainingWarning"]

LEAST_EPOCHS = 20  # fewer are not judged
_ROWS = 500  # of a sample
_ROWS_OF_LAYERS = 64  # of a sample that passes through the hidden layers
_CONSTANT = 0.995  # an excess above which it is no better than a constant


class TrainingWarning(UserWarning):
    """Training has probably been in vain; `Network.fit` says when. As an error it has the ``history``."""

    __module__ = "netlet"  # where it is public


def warn(network: Any, history: History, settings: dict[str, Any], stacklevel: int) -> None:
    """Warn if something is wrong. Whatever is raised here, training is over, and the exception has the history."""
    try:
        found = findings(network, history, settings)
        if found:
            warnings.warn("; ".join(found), TrainingWarning, stacklevel)
    except BaseException as error:
        error.history = history  # type: ignore[attr-defined]
        raise


def findings(network: Any, history: History, settings: dict[str, Any]) -> list[str]:
    """What is wrong, each with its figure and what to do; nothing if the fit has learned or still learns."""
    losses = history.loss
    if settings["x"] is None:
        return [grew("", float(losses[0]), float(losses[-1]), network.reduction)]
    with np.errstate(all="ignore"), contextlib.suppress(RuntimeError):  # another thread may already use the network
        sample = _Sample(settings)
        if len(losses) < LEAST_EPOCHS:
            causes = _causes(network, sample) if sample.is_judged else []
            return [grew("", float(losses[0]), float(losses[-1]), network.reduction), *causes]
        if sample.is_judged:
            return _findings(network, history, sample, bool(settings["patience"]))
    return []


def _findings(network: Any, history: History, sample: _Sample, restored: bool) -> list[str]:
    constant, best = sample.constant_loss(network)
    spread = constant - best
    if not 1e-12 * abs(constant) < spread < math.inf:
        return []  # nothing is to be learned from targets that are all the same
    rows = sample.per_epoch(network)
    tail = [loss / rows for loss in history.loss[-2 * WINDOW :].tolist()]
    last, before = math.fsum(tail[WINDOW:]) / WINDOW, math.fsum(tail[:WINDOW]) / WINDOW
    jump = math.fsum(abs(b - a) for a, b in itertools.pairwise(tail)) / (len(tail) - 1)
    if before - last >= max((1 - 0.99**WINDOW) * (before - best), 2 * jump):
        return []  # it still falls by 1 % an epoch, and not by chance
    growth = [] if restored else _growth(history.loss, rows, last, spread, network.reduction)
    excess = (max(last, tail[-1]) - best) / spread
    if excess < LEARNED and not growth:
        return []
    if restored or any(network.dropout) or (excess > 0.8 and sample.is_part):
        excess = (sample.loss(network) - best) / spread  # of these parameters and rows, nothing dropped
    causes = []
    if excess >= LEARNED:
        causes = ([] if growth or any(network.dropout) else _jumps(jump, max(spread, last - best))) + _causes(
            network, sample
        )
    if excess >= _CONSTANT:
        loss = best + excess * spread
        of_row = " per row" if network.reduction == "sum" else ""
        title = (
            f"the network has learned nothing: its loss{of_row}, {loss:.4g}, is no better than that of the best "
            f"constant prediction, {constant:.4g}"
        )
        return [title, *growth, *causes] if growth or causes else [title, _OTHERS]
    if causes and not growth:
        return [f"the loss is still {100 * excess:.0f} % of that of the best constant prediction", *causes]
    return growth + causes


_OTHERS = "more epochs, another learning rate, initial values, activation or number of units may help"


def _growth(losses: Array, rows: float, last: float, spread: float, reduction: str) -> list[str]:
    """Whether the loss of a row ended above where it began, or far above its best."""
    of, value = "", losses.item(0) / rows
    if not last - value > 0.1 * spread:
        if not last - float(np.minimum.reduce(losses)) / rows > 0.25 * spread:
            return []  # nor is it far above a mean
        windows = losses[len(losses) % WINDOW :].reshape(-1, WINDOW).mean(axis=1)
        of, value = "its best, ", float(windows.min()) / rows
        if not last - value > 0.25 * spread:
            return []
    return [grew(of, value, last, reduction, " per row" if reduction == "sum" else "")]


def _jumps(jump: float, size: float) -> list[str]:
    """Whether the loss goes up and down from epoch to epoch, in place of settling."""
    if jump > 0.05 * size:
        return [f"the loss jumps by {jump:.3g} from epoch to epoch: a smaller learning rate may help"]
    return []


def grew(of: str, value: float, last: float, reduction: str, unit: str = "") -> str:
    """What is said of a loss that grew."""
    less = "a smaller learning rate" + (", or reduction='mean'," if reduction == "sum" else "")
    return f"the loss{unit} grew from {of}{value:.4g} to {last:.4g}: {less} may help"


def _causes(network: Any, sample: _Sample) -> list[str]:
    found = []
    if network.input_scaling is None:
        sizes = np.maximum.reduce(np.abs(sample.x), 0).astype(np.float64)
        most = float(np.maximum.reduce(sizes))
        if most > 100 or np.count_nonzero((1000 * sizes < most) & (sizes > 0)):
            largest, smallest = int(sizes.argmax()), int(np.where(sizes > 0, sizes, np.inf).argmin())
            names = network.feature_names or range(len(sizes))
            low, high = (f"{sizes[i]:.3g} (column {names[i]!r})" for i in (smallest, largest))
            found.append(f"the inputs have sizes from {low} to {high}: use standardize=True")
    else:
        shift, scale = network.input_scaling
        counted = sample.x if sample.weight is None else sample.x[sample.weight > 0]
        size = float(np.abs((counted - shift) / scale).max(initial=0))
        if size > 100:
            found.append(
                f"the inputs have sizes up to {size:.3g} after the network's input_scaling, which comes from other "
                "data: use learn_scaling on these"
            )
    if network.output_scaling is None and LOSSES[network.loss_name].get("scales_outputs"):
        size = float(np.fmax.reduce(np.abs(sample.y), None))
        if size > 100:
            found.append(f"the targets have sizes up to {size:.3g}: use standardize=True")
    share, layer, name = stuck(network, sample.x[:: max(1, len(sample.x) // _ROWS_OF_LAYERS)])
    if share > 0.5:
        dead = _FLAT[name][1] == math.inf
        are = "dead" if dead else "saturated"
        found.append(
            f"{100 * share:.0f} % of the units of hidden layer {layer} are {are} ({name} has no slope where they are): "
            "smaller inputs, initial weights or learning rate"
            + (", or an activation such as leaky_relu, may help" if dead else " may help")
        )
    return found


class _Sample:
    """Some of the rows; all of them if they are few."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self.rows = len(settings["x"])
        self.is_part = self.rows > _ROWS
        index = None
        if self.is_part:  # spread evenly, whatever the order of the rows
            index = (np.arange(_ROWS) * 0.6180339887498949 % 1 * self.rows).astype(np.intp)
        self.x, self.y, self.weight = (_rows(settings[name], name, index) for name in ("x", "y", "sample_weight"))
        self.is_judged = self.x.ndim == 2 and len(self.x) > 1

    def constant_loss(self, network: Any) -> tuple[float, float]:
        y, weight, loss = self.y.reshape(len(self.y), -1), self.weight, network.loss_name
        outputs = network.layer_sizes[-1]
        are_classes = loss == "cross_entropy" and y.shape[1] == 1
        if weight is None and (are_classes or loss == "squared_error"):  # by far the most usual cases
            value = usual_constant_loss(network, self.y)
            if not math.isnan(value):
                return value, 0.0
        if are_classes:
            shares = np.bincount(y[:, 0].astype(np.intp), weight, outputs)
            shares = shares / shares.sum()
            return float(-(shares * log(shares)).sum()), 0.0
        if loss == "quantile":
            y = np.broadcast_to(y, (len(y), outputs))
        scaling = network.output_scaling
        if scaling is not None:
            each = outputs // network._targets
            y = (y - scaling[0][::each]) / scaling[1][::each]
        else:
            y = y.astype(np.float64, copy=False)
        return constant_loss(loss, y, weight, network.quantiles, network.huber_delta)

    def per_epoch(self, network: Any) -> float:
        """What a loss of the history is divided by for the mean of the rows."""
        if network.reduction == "mean":
            return 1.0
        weight = self._settings["sample_weight"]
        return self.rows if weight is None else float(real_array(weight, "sample_weight").sum())

    def loss(self, network: Any) -> float:
        """The mean loss of the rows."""
        value = float(network._loss(self.x, self.y, self.weight, None, self._settings["missing"]))
        if network.reduction == "mean":
            return value
        return value / (len(self.x) if self.weight is None else float(self.weight.sum()))


def _rows(value: Any, name: str, index: Array | None) -> Any:
    if value is None:
        return None
    if index is not None and isinstance(value, (list, tuple)):
        return real_array([value[i] for i in index], name)
    if index is not None and hasattr(value, "iloc"):
        return real_array(value.iloc[index], name)
    array = real_array(value, name)
    return array if index is None else array[index]


# sums beyond which the activation's slope is below 1/1000
_FLAT = {
    "sigmoid": (-6.9, 6.9),
    "tanh": (-4.15, 4.15),
    "hard_sigmoid": (-3.0, 3.0),
    "relu": (0.0, math.inf),
    "softplus": (-6.9, math.inf),
    "elu": (-6.9, math.inf),
    "silu": (-9.1, math.inf),
    "gelu": (-3.9, math.inf),
    "mish": (-9.1, math.inf),
}


def stuck(network: Any, x: Any) -> tuple[float, int, str]:
    """The largest share of a hidden layer's units without a slope on nearly all rows, the layer, its activation."""
    worst = (0.0, 0, "")
    parameters, _, scaling, _ = network._snapshot()
    layers = list(zip(network.views(parameters)[:-1], network.activations))
    for layer, ((weight, bias), name) in enumerate(layers):
        before = None if layer else scaling
        sums = network._layer(x, weight, bias, "identity", before, None)
        if name in _FLAT:
            low, high = _FLAT[name]
            if high == math.inf:
                flat = np.maximum.reduce(sums, 0) <= low
            else:
                flat = np.add.reduce(np.abs(sums) >= high, 0) >= 0.9 * len(sums)
            worst = max(worst, (np.count_nonzero(flat) / flat.size, layer + 1, name))
        if layer + 1 < len(layers):
            x = network._layer(x, weight, bias, name, before, None)
    return worst
