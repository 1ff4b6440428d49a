# SPDX-License-Identifier: BSD-3-Clause
"""What `Network.fit` makes of its arguments before the core trains."""

from __future__ import annotations

import contextlib
import operator
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .history import History

if TYPE_CHECKING:
    import numpy.typing as npt

    from .network import Network


def weights_of_classes(network: Network, x: Any, y: Any, class_weight: Any, sample_weight: Any) -> npt.NDArray[Any]:
    """The weight of each row: that of its class, times its own."""
    if network.loss_name not in ("cross_entropy", "binary_cross_entropy"):
        raise ValueError(f"class_weight: expected None for {network.loss_name}, which has no classes")
    targets = np.atleast_1d(np.asarray(y))
    if targets.ndim == 2:
        if network.loss_name == "binary_cross_entropy" and targets.shape[1] != 1:
            raise ValueError("class_weight: expected one output with binary_cross_entropy, got several")
        targets = targets.argmax(axis=1) if network.loss_name == "cross_entropy" else targets[:, 0]
    classes, index, counts = np.unique(targets, return_inverse=True, return_counts=True)
    if isinstance(class_weight, str) and class_weight == "balanced":
        of_class = len(targets) / (len(classes) * counts)
    elif isinstance(class_weight, dict):
        unknown = set(class_weight) - set(classes.tolist())
        if unknown:
            raise ValueError(f"class_weight: expected classes that occur in y, got {sorted(unknown, key=str)}")
        of_class = np.array([class_weight.get(c, 1.0) for c in classes.tolist()], dtype=np.float64)
        if not (of_class >= 0).all():
            raise ValueError(f"class_weight: expected weights from 0 on, got {class_weight!r}")
    else:
        raise TypeError(f"class_weight: expected a dict, 'balanced' or None, got {class_weight!r}")
    weights = of_class[index.reshape(-1)]
    if sample_weight is None:
        return np.asarray(weights)
    own = np.asarray(sample_weight)
    if own.shape != weights.shape:
        raise ValueError(f"sample_weight: expected shape {weights.shape}, got {own.shape}")
    return np.asarray(weights * own)


def standardize(network: Network, value: bool | str) -> dict[str, bool]:
    """Which scalings are to be learned."""
    if not isinstance(value, (bool, np.bool_)) and value not in ("inputs", "outputs"):
        raise ValueError(f"standardize: expected True, False, 'inputs' or 'outputs', got {value!r}")
    scales_outputs = network.loss_name in ("squared_error", "absolute_error", "huber", "quantile")
    return {
        "standardize_inputs": value in (True, "inputs"),
        "standardize_outputs": value == "outputs" or (value is not False and value != "inputs" and scales_outputs),
    }


def validation_data(value: Any) -> tuple[Any, Any, Any] | None:
    """(x, y, sample_weight) or None."""
    if value is None:
        return None
    if not isinstance(value, (tuple, list)) or len(value) not in (2, 3):
        raise ValueError("validation_data: expected a tuple (x, y) or (x, y, sample_weight)")
    x, y, *weight = value
    return x, y, weight[0] if weight else None


def schedule(value: Any) -> Any:
    """As the core takes it: numbers, a function, or None."""
    if value is None:
        return None
    from .schedules import CosineDecay, ExponentialDecay, ReduceOnPlateau, StepDecay  # dataclasses take their time

    if isinstance(value, (StepDecay, ExponentialDecay, CosineDecay, ReduceOnPlateau)):
        parts = value._parts()
        try:
            kind, gamma, period, floor, min_delta = parts
            return kind, float(gamma), min(max(operator.index(period), 0), 2**63), float(floor), float(min_delta)
        except (TypeError, ValueError):
            raise TypeError(f"schedule: expected numbers, and whole ones of epochs, got {value!r}") from None
    if callable(value) and not isinstance(value, type):
        return lambda epoch: _factor(value, epoch)
    raise TypeError(f"schedule: expected one of netlet.schedules or a function of the epoch, got {value!r}")


def _factor(function: Callable[[int], Any], epoch: int) -> float:
    factor = function(epoch)
    try:
        return float(factor)
    except (TypeError, ValueError):
        raise TypeError(f"schedule: expected a number from the function for epoch {epoch}, got {factor!r}") from None


# what an output activation can reach
_RANGES = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, np.inf),
    "softplus": (0.0, np.inf),
    "elu": (-1.0, np.inf),
}


def warn_of_unreachable_targets(network: Network, y: Any, standardized: bool) -> None:
    """A regression whose outputs cannot come near its targets trains without a complaint, and in vain."""
    name = network.activations[-1]
    if name not in _RANGES or network.loss_name in ("cross_entropy", "binary_cross_entropy", "poisson"):
        return
    try:
        values = np.asarray(y)
    except ValueError:
        return  # the core says what is wrong with it
    if values.dtype.kind not in "fiub" or not values.size:
        return
    low, high = float(values.min()), float(values.max())
    if not np.isfinite(low + high):
        return
    if network.output_scaling is not None:
        values = (values - network.output_scaling[0]) / network.output_scaling[1]
        low, high = float(values.min()), float(values.max())
    elif standardized:
        low, high = -np.inf, np.inf  # on both sides of 0, beyond 1
    least, most = _RANGES[name]
    if low >= least and high <= most:
        return
    scale = "on the network's scale, y has" if standardized or network.output_scaling is not None else "y has values"
    span = "both signs and values beyond 1" if low == -np.inf else f"from {low:.6g} to {high:.6g}"
    warnings.warn(
        f"output_activation: {name} gives outputs from {least:g} to {most:g}, but {scale} {span}; for regression take "
        "output_activation='identity'",
        stacklevel=3,
    )


def warn_of_growth(history: History) -> None:
    """A loss that grew a hundredfold is no success, though it stayed finite."""
    loss = history.loss
    if len(loss) > 1 and loss[-1] > 100 * abs(loss[0]) > 0:
        warnings.warn(
            f"the loss grew from {loss[0]:.3g} to {loss[-1]:.3g}: a smaller learning rate, or reduction='mean', may "
            "help",
            stacklevel=4,
        )


def next_batch(batches: Callable[[], Iterable[Any]] | Iterable[Any]) -> Callable[[], tuple[Any, Any, Any] | None]:
    """A function that gives batch after batch, and None at the end of each epoch."""
    iterator: Iterator[Any] | None = None

    def batch() -> tuple[Any, Any, Any] | None:
        nonlocal iterator
        if iterator is None:
            iterator = iter(batches() if callable(batches) else batches)
        try:
            item = next(iterator)
        except StopIteration:
            iterator = None
            return None
        if not isinstance(item, (tuple, list)) or len(item) not in (2, 3):
            raise ValueError("batches: expected each to be a tuple (x, y) or (x, y, sample_weight)")
        x, y, *weight = item
        return x, y, weight[0] if weight else None

    return batch


@contextlib.contextmanager
def progress_bar(wanted: bool, epochs: int, history: History) -> Iterator[Callable[[int, dict[str, Any]], None]]:
    """A function that records columns of figures and moves a bar, if one is wanted and tqdm is installed."""
    if wanted:
        try:
            from tqdm.auto import tqdm
        except ImportError:
            warnings.warn("progress: the bar needs tqdm: pip install tqdm", stacklevel=4)
            wanted = False
    if not wanted:
        yield history._record
        return
    with tqdm(total=epochs, unit="epoch") as bar:

        def record(first: int, columns: dict[str, Any]) -> None:
            history._record(first, columns)
            shown = {name: values[-1] for name, values in columns.items() if name not in ("time", "learning_rate")}
            bar.set_postfix({name: f"{value:.4g}" for name, value in shown.items()}, refresh=False)
            bar.update(len(history) - bar.n)

        yield record
