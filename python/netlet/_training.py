# SPDX-License-Identifier: BSD-3-Clause
"""What `Network.fit` and `Network.fit_batches` make of their arguments before the core trains."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _arguments as arguments
from . import _core
from ._constant import LEARNED, WINDOW, usual_constant_loss
from ._data import flag, number, real_array, shown
from ._names import ACTIVATIONS, LOSSES
from .history import History
from .optimizers import SGD, Optimizer

if TYPE_CHECKING:  # it takes longer to import than all of netlet
    from typing import Literal, TypedDict

    import numpy.typing as npt

    from ._names import MissingName, OptimizerName

    ClassWeight = dict[int, float] | Literal["balanced"]
    Standardize = bool | Literal["inputs", "outputs"]

    class Options(TypedDict):
        """The arguments that `fit` and `fit_batches` share."""

        epochs: int
        learning_rate: float | None
        optimizer: Optimizer | OptimizerName | None
        seed: int | None
        callback: Callable[[int, History], object] | None
        callbacks: Sequence[Any] | None
        recorder: Any  # of metrics, or None
        validation_data: Any
        patience: int | None
        min_delta: float
        schedule: Any
        resume: bool
        missing: MissingName
        progress: bool


_MOST_AHEAD = 1000  # epochs for which a schedule that begins with 0 is asked at once


def settings(options: Options, network: Any, history: History) -> tuple[Optimizer, list[Any], dict[str, Any]]:
    """The optimizer, all callbacks, and what the core's loop is told."""
    optimizer, learning_rate = options["optimizer"], options["learning_rate"]
    if optimizer is None:
        optimizer = SGD(0.1 if learning_rate is None else learning_rate)
    elif isinstance(optimizer, str):
        cls = arguments.optimizer_named(optimizer)
        optimizer = cls() if learning_rate is None else cls(learning_rate)
    elif learning_rate is not None:
        raise ValueError(
            f"learning_rate: give this or an optimizer, which has its own, not both; got {shown(learning_rate)}"
        )
    seed, patience = options["seed"], options["patience"]
    recorder = options["recorder"]
    callbacks = [*([] if recorder is None else [recorder]), *all_callbacks(options["callback"], options["callbacks"])]
    epochs = arguments.integer("epochs", options["epochs"], 1, 2**63, "a positive integer")
    if patience is not None:
        patience = arguments.integer("patience", patience, 1, 2**63, "a positive integer or None")
    return (
        arguments.optimizer(optimizer),
        callbacks,
        {
            "x": None,
            "y": None,
            "sample_weight": None,
            "weight_mean": None,
            "next_batch": None,
            "sums": None,
            "batch_size": 0,
            "shuffle": False,
            "standardize_inputs": False,
            "standardize_outputs": False,
            "epochs": epochs,
            "seed": network.seed if seed is None else arguments.seed(seed),
            "callback": together(callbacks, history, network),
            **steps(callbacks, history, network),
            **validation(options, epochs, network),
            "patience": patience or 0,
            "min_delta": number(options["min_delta"], "min_delta"),
            "schedule": None if options["schedule"] is None else schedule(options, epochs, network),
            "resume": resume(options),
            "missing": options["missing"],
            "progress": None,
        },
    )


def said_of_fit(
    batch: int,
    *,
    shuffle: Any,
    standardize: Any,
    sample_weight: Any,
    class_weight: Any,
    validation_data: Any,
    validation_split: Any,
) -> dict[str, Any]:
    """What `provenance` says of a `fit`, beside what fit_batches has, too."""
    return {
        "method": "fit",
        "batch_size": batch or None,
        "shuffle": shuffle,
        "standardize": standardize,
        "sample_weight": sample_weight is not None,
        "class_weight": dict(class_weight) if isinstance(class_weight, dict) else class_weight,
        "validation_data": validation_data is not None,
        "validation_split": validation_split,
    }


def weights_of_classes(
    loss: str, outputs: int, y: Any, class_weight: Any, sample_weight: Any, missing: MissingName
) -> npt.NDArray[Any]:
    """The weight of each row: that of its class, times its own; a row without a target has no class, and weight 1."""
    targets, there = classes_of_rows(loss, outputs, y, missing)
    classes, index, counts = np.unique(targets[there], return_inverse=True, return_counts=True)
    of_class = weights_by_class(loss, outputs, class_weight, classes, counts)
    weights = np.ones(len(targets))
    weights[there] = of_class[index.reshape(-1)]
    return times_own(weights, sample_weight)


def classes_of_rows(
    loss: str, outputs: int, y: Any, missing: MissingName
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """The class of each row, and whether it has one."""
    of = LOSSES[loss].get("classes")
    if not of:
        raise ValueError(f"class_weight: expected None for {loss}, which has no classes")
    targets = np.atleast_1d(real_array(y, "y"))
    there = np.full(len(targets), True)
    if missing == "ignore" and targets.dtype.kind == "f":
        there = ~np.isnan(targets.reshape(len(targets), -1)).any(axis=1)
    if targets.ndim == 2:
        if of == "output" and targets.shape[1] != 1:
            raise ValueError(f"class_weight: expected one output with {loss}, got {targets.shape[1]}")
        if targets.shape[1] == 0:
            raise ValueError(f"y: expected class indices, or {outputs} probabilities per row, got none")
        targets = targets.argmax(axis=1) if of == "row" else targets[:, 0]
    return targets, there


def class_count(loss: str, outputs: int) -> int:
    """How many classes there are."""
    return outputs if LOSSES[loss].get("classes") == "row" else 2


def weights_by_class(loss: str, outputs: int, class_weight: Any, classes: Any, counts: Any) -> npt.NDArray[np.float64]:
    """The weight of each of the classes, which have so many rows."""
    count = class_count(loss, outputs)
    if isinstance(class_weight, str) and class_weight == "balanced":
        return np.asarray(counts.sum() / (len(classes) * counts))
    if isinstance(class_weight, dict):
        unknown = [key for key in class_weight if key not in range(count)]
        if unknown:
            raise ValueError(f"class_weight: expected classes from 0 to {count - 1}, got {shown(unknown[0])}")
        given = arguments.numbers("class_weight", list(class_weight.values()), len(class_weight), "class")
        if not all(weight >= 0 for weight in given):
            raise ValueError(f"class_weight: expected weights >= 0, got {min(given):g}")
        by_class = dict(zip(class_weight, given))
        of_class = np.array([by_class.get(c, 1.0) for c in classes.tolist()])
        if counts.any() and not of_class[counts > 0].any():
            raise ValueError("class_weight: expected a weight above 0 for a class of y, got 0 for all of them")
        return of_class
    raise TypeError(f"class_weight: expected a dict, 'balanced' or None, got {shown(class_weight)}")


def times_own(weights: npt.NDArray[np.float64], sample_weight: Any) -> npt.NDArray[np.float64]:
    """The weights of rows, multiplied by their own."""
    if sample_weight is None:
        return weights
    own = real_array(sample_weight, "sample_weight")
    if own.shape != weights.shape:
        raise ValueError(f"sample_weight: expected shape {weights.shape}, got {own.shape}")
    with np.errstate(all="ignore"):
        return np.asarray(weights * own)


def split(
    loss: str, share: Any, seed: int, x: Any, y: Any, sample_weight: Any, missing: MissingName
) -> tuple[Any, Any, Any, tuple[Any, Any, Any]]:
    """Rows for training, and rows for validation: of each class those with the smallest random numbers."""
    share = split_share(share)
    x, y = real_array(x, "x"), real_array(y, "y")
    if x.ndim != 2 or len(x) < 2:
        raise ValueError(f"x: expected at least 2 rows for validation_split, got shape {x.shape}")
    if y.ndim < 1 or len(y) != len(x):
        raise ValueError(f"y: expected {len(x)} rows, as many as x has, got shape {y.shape}")
    weight = None if sample_weight is None else real_array(sample_weight, "sample_weight")
    if weight is not None and weight.shape != (len(x),):
        raise ValueError(f"sample_weight: expected shape ({len(x)},), got {weight.shape}")
    for name, values in (("x", x), ("y", y), ("sample_weight", weight)):  # while rows have their numbers
        _check_finite(name, values, name == "y" and missing == "ignore")
    chosen = _chosen(_classes(loss, y), share, seed)
    parts = [x, y] if weight is None else [x, y, weight]
    own, held = ([part[rows] for part in parts] + [None] * (3 - len(parts)) for rows in (~chosen, chosen))
    return own[0], own[1], own[2], (held[0], held[1], held[2])


def split_share(share: Any) -> float:
    """The share of rows for validation."""
    fraction = number(share, "validation_split")
    if not 0 < fraction < 1:
        raise ValueError(f"validation_split: expected a number between 0 and 1, got {fraction:g}")
    return fraction


def _check_finite(name: str, values: Any, nan_is_missing: bool) -> None:
    if values is None or values.dtype.kind != "f":
        return
    bad = np.isinf(values) if nan_is_missing else ~np.isfinite(values)
    if bad.any():
        row, *column = (int(i) for i in np.unravel_index(bad.argmax(), bad.shape))
        where = f"row {row}" + (f", column {column[0]}" if column else "")
        raise ValueError(f"{name}: expected finite numbers, got {values.ravel()[bad.argmax()]} in {where}")


def _classes(loss: str, y: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A number for each row that stands for its class; the same for all rows if there are no classes."""
    of = LOSSES[loss].get("classes")
    matrix = y.reshape(len(y), -1)
    if of == "row" and matrix.shape[1] > 1:
        return np.where(np.isnan(matrix).any(axis=1), -1, matrix.argmax(axis=1))
    if of == "row" or (of and matrix.shape[1] == 1 and np.isin(matrix[~np.isnan(matrix)], (0, 1)).all()):
        return np.where(np.isnan(matrix[:, 0]), -1, matrix[:, 0])
    return np.zeros(len(y))


def _chosen(classes: npt.NDArray[Any], share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Which rows are taken: in all as near to the share as can be, at least one; likewise of each class, never all."""
    from .reference.generator import SPLIT, random_bits

    order = np.argsort(random_bits(seed, SPLIT, 0, len(classes)), kind="stable")
    _, group, sizes = np.unique(classes[order], return_inverse=True, return_counts=True)
    ideal = share * sizes
    quota = np.minimum(np.floor(ideal).astype(int), sizes - 1)
    left = max(1, int(share * len(classes) + 0.5)) - int(quota.sum())
    most_wanted = np.argsort(quota - ideal, kind="stable")
    most_wanted = most_wanted[quota[most_wanted] < sizes[most_wanted] - 1]
    quota[most_wanted[: max(left, 0)]] += 1
    rows = np.argsort(group.reshape(-1), kind="stable")  # class after class, each in its random order
    place = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    chosen = np.zeros(len(rows), bool)
    chosen[order[rows[place < np.repeat(quota, sizes)]]] = True
    if not chosen.any():
        raise ValueError("validation_split: expected a class of more than one row, to take one of")
    return chosen


def standardize(loss: str, value: Standardize) -> dict[str, bool]:
    """Which scalings are to be learned."""
    if not isinstance(value, (bool, np.bool_)) and value not in ("inputs", "outputs"):
        raise ValueError(f"standardize: expected True, False, 'inputs' or 'outputs', got {shown(value)}")
    return {
        "standardize_inputs": value in (True, "inputs"),
        "standardize_outputs": value == "outputs"
        or (value is not False and value != "inputs" and LOSSES[loss].get("scales_outputs", False)),
    }


def validation(options: Options, epochs: int, network: Any) -> dict[str, Any]:
    """Where the core gets validation data from: all rows, or batches."""
    data = validation_data(options["validation_data"])
    if data is None or isinstance(data, tuple):
        return {"validation_data": data, "next_validation_batch": None}
    from ._labels import reading
    from ._sources import Reader, require_repeatable

    if epochs > 1 or options["recorder"] is not None:
        require_repeatable(data, "each epoch passes over them, and so do metrics", "validation_data")
    read = reading(network, options["missing"])
    reader = Reader(data, "validation_data", network=network, read=read, keep_first=True)
    return {"validation_data": None, "next_validation_batch": reader}


def validation_data(value: Any) -> Any:
    """(x, y, sample_weight), a source of batches, or None."""
    if value is None:
        return None
    from ._sources import gives_batches

    if gives_batches(value):
        return list(value) if isinstance(value, tuple) else value
    if not isinstance(value, (tuple, list)) or len(value) not in (2, 3):
        raise ValueError(
            "validation_data: expected a tuple (x, y) or (x, y, sample_weight), or batches of them as in fit_batches"
        )
    x, y, *weight = value
    return x, y, weight[0] if weight else None


def schedule(options: Options, epochs: int, network: Any) -> Any:
    """In the form that the core takes: numbers or a function."""
    from .schedules import CosineDecay, ExponentialDecay, ReduceOnPlateau, StepDecay  # dataclasses are slow to import

    value = options["schedule"]
    if isinstance(value, (StepDecay, ExponentialDecay, CosineDecay, ReduceOnPlateau)):
        kind, gamma, period, floor, min_delta = value._parts()
        try:
            least = min(max(arguments.index(period), 0), 2**63)
            return kind, number(gamma, "gamma"), least, number(floor, "floor"), number(min_delta, "min_delta")
        except TypeError:
            raise TypeError(f"schedule: expected numbers, whole numbers for epochs, got {shown(value)}") from None
    if callable(value) and not isinstance(value, type):
        return _Factors(value, epochs, network, bool(options["resume"]))
    raise TypeError(f"schedule: expected one of netlet.schedules or a function of the epoch, got {shown(value)}")


class _Factors:
    """A function of the epoch as a schedule; if its first factor is 0, it is asked ahead, as they may all be 0."""

    def __init__(self, function: Callable[[int], Any], epochs: int, network: Any, resumed: bool) -> None:
        self._function, self._epochs, self._resumed = function, epochs, resumed
        self._may_warn = network._warns
        self._ahead: dict[int, float] = {}

    def __call__(self, epoch: int) -> float:
        if self._ahead and epoch in self._ahead:
            return self._ahead.pop(epoch)
        factor = _factor(self._function, epoch)
        if self._may_warn:
            self._may_warn = False
            if factor == 0 and self._are_0(epoch + 1):
                _warn_of_rate_0(min(self._epochs, _MOST_AHEAD), self._epochs, self._resumed, 6)
        return factor

    def _are_0(self, first: int) -> bool:
        """Whether all factors that follow are 0, as far as one looks."""
        for epoch in range(first, first + min(self._epochs, _MOST_AHEAD) - 1):
            try:
                self._ahead[epoch] = factor = _factor(self._function, epoch)
            except Exception:
                return False  # it is asked again when it is that epoch's turn
            if factor != 0:
                return False
        return True


def warn_of_finished_schedule(network: Any, settings: dict[str, Any], optimizer: Optimizer) -> None:
    """Warn if a schedule goes on where it has come down to 0: one of netlet's never rises again."""
    if not (settings["resume"] and isinstance(settings["schedule"], tuple) and network._warns):
        return
    kind, gamma, period, floor, _ = settings["schedule"]
    epoch = network.epochs_trained
    if kind == _core.SCHEDULES["cosine"]:
        over = floor == 0 and epoch >= period
    elif kind == _core.SCHEDULES["plateau"]:
        over = optimizer._get_state()[0][3] == 0
    else:
        over = 0 < gamma <= 1 and period > 0 and gamma ** (epoch // period) == 0
    if over:
        _warn_of_rate_0(settings["epochs"], settings["epochs"], True, 6)


def _warn_of_rate_0(count: int, epochs: int, resumed: bool, stacklevel: int) -> None:
    from ._diagnosis import TrainingWarning

    where = "every epoch" if count == epochs else f"the first {count:,} epochs"
    said = f"nothing will be learned: the schedule makes the learning rate 0 in {where}"
    if resumed:
        said += ": with resume=True it counts the epochs of the network's life, and is over; else it begins anew"
    warnings.warn(said, TrainingWarning, stacklevel)


def resume(options: Options) -> bool:
    """Whether a schedule goes on; refused where what it or the optimizer knew so far is not there."""
    if not flag("resume", options["resume"]):
        return False
    optimizer, plan = options["optimizer"], type(options["schedule"]).__name__
    if optimizer is None and plan == "ReduceOnPlateau":
        raise ValueError(
            "optimizer: expected the one that was used so far, which keeps what ReduceOnPlateau saw, got None"
        )
    if isinstance(optimizer, str):
        raise ValueError(
            "optimizer: expected the one that was used so far beside resume=True, since a new one lacks its state, got "
            f"{optimizer!r}"
        )
    return True


def _factor(function: Callable[[int], Any], epoch: int) -> float:
    factor = function(epoch)
    try:
        return number(factor, "schedule")
    except (TypeError, ValueError):
        raise TypeError(
            f"schedule: expected a number from the function for epoch {epoch}, got {shown(factor)}"
        ) from None


def warn_of_unreachable_targets(activation: str, loss: str, scaling: Any, standardized: bool, y: Any) -> None:
    """Warn if the output activation cannot reach the targets: such a network trains without an error, and in vain."""
    row = ACTIVATIONS.get(activation, {})
    least, most = row.get("least", -np.inf), row.get("most", np.inf)
    if (least, most) == (-np.inf, np.inf) or not LOSSES[loss].get("scales_outputs"):
        return
    try:
        values = real_array(y, "y")
    except (TypeError, ValueError):
        return  # the core says what is wrong with it
    if not values.size:
        return
    low, high = _range(values)
    if not math.isfinite(low + high):
        return
    if scaling is not None:
        with np.errstate(all="ignore"):
            values = (values - scaling[0]) / scaling[1]
        low, high = _range(values)
    elif standardized:
        low, high = -np.inf, np.inf  # on both sides of 0, beyond 1
    if low >= least and high <= most:
        return
    scale = "on the network's scale, y has" if standardized or scaling is not None else "y has values"
    span = "both signs and values beyond 1" if low == -np.inf else f"from {low:.6g} to {high:.6g}"
    warnings.warn(
        f"output_activation: {activation} gives outputs from {least:g} to {most:g}, but {scale} {span}; for regression "
        "use output_activation='identity'",
        stacklevel=4,
    )


def _range(values: npt.NDArray[Any]) -> tuple[float, float]:
    """Smallest and largest value, NaN left out."""
    return float(np.fmin.reduce(values, axis=None)), float(np.fmax.reduce(values, axis=None))


def warn_of_failure(network: Any, history: History, settings: dict[str, Any]) -> None:
    """Warn if training was in vain."""
    losses = history.loss
    if not (len(losses) and network._warns):
        return
    first, last = losses.item(0), losses.item(-1)
    if settings["x"] is None or len(losses) < 20:
        suspect = last > 100 * abs(first) > 0
    else:
        suspect = not (
            _surely_learns(network, losses, first, last, len(settings["x"]))
            or _explains(network, losses, first, last, settings)
        )
    if suspect:
        from ._diagnosis import warn  # seldom wanted

        warn(network, history, settings, 6)


def _surely_learns(network: Any, losses: Any, first: float, last: float, rows: int) -> bool:
    """Whether the losses alone are enough to say so: where looking at the data would take as long as training."""
    if not (0 <= last < 0.5 * first and last < 0.9 * losses.item(len(losses) // 2)):
        return False
    work: int = len(losses) * rows * network.parameters.size
    if not 1_000_000 <= work < 2_500_000:
        return work < 1_000_000
    usual = network.layer_sizes[-1] * (rows if network.reduction == "sum" else 1)  # of the first loss, if by classes
    return bool(LOSSES[network.loss_name].get("classes")) and first < usual


def _explains(network: Any, losses: Any, first: float, last: float, settings: dict[str, Any]) -> bool:
    """Whether the last losses are far below the best constant prediction's; no wherever that takes long to say.

    This is for the many fits that learn, so that it is quick: `_diagnosis` comes to the same, and says more.
    """
    y = settings["y"]
    if not 0 <= last <= first or type(y) is not np.ndarray or not y.ndim or settings["sample_weight"] is not None:
        return False
    constant = usual_constant_loss(network, y)
    if network.reduction == "sum":
        constant *= len(y)
    limit = LEARNED * constant
    return last < limit < math.inf and math.fsum(losses[-WINDOW:].tolist()) < WINDOW * limit


def all_callbacks(callback: Any, callbacks: Any) -> list[Any]:
    """All of them, `callback` first; each is a function or an object with on_epoch or on_step."""
    if callback is not None and (isinstance(callback, type) or not callable(callback)):
        hint = "; callbacks=[...] takes objects" if hasattr(callback, "on_epoch") else ""
        raise TypeError(f"callback: expected a function, got {_said(callback)}{hint}")
    if callbacks is not None and not isinstance(callbacks, (list, tuple)):
        raise TypeError(f"callbacks: expected a list, got {_said(callbacks)}")
    for each in callbacks or ():
        if isinstance(each, type) or not (callable(each) or hasattr(each, "on_epoch") or hasattr(each, "on_step")):
            raise TypeError(
                "callbacks: expected functions, or objects with on_epoch or on_step, as in netlet.callbacks, got "
                f"{_said(each)}{_hint_of_method(each)}"
            )
        if hint := _hint_of_method(each):
            raise TypeError(f"callbacks: expected {_said(each)} to have methods that are called{hint}")
    return [*([callback] if callback is not None else []), *(callbacks or ())]


# what others call the methods of a callback
_METHODS = {
    **dict.fromkeys(("on_epoch_end", "on_validation_end"), "on_epoch(epoch, history, network)"),
    **dict.fromkeys(("on_batch_end", "on_train_batch_end"), "on_step(step, history, network)"),
    **dict.fromkeys(("on_train_begin", "on_train_start"), "on_begin(network, optimizer)"),
    "on_train_end": "on_end(history, network)",
}


def _hint_of_method(each: Any) -> str:
    """For a callback made for another library, unless it also has the method that is called here."""
    for name, here in _METHODS.items():
        own = getattr(type(each), here.partition("(")[0], None)
        if callable(getattr(each, name, None)) and getattr(own, "__module__", "netlet.callbacks") == "netlet.callbacks":
            return f"; {name} is never called: here it is {here}"
    return ""


def _said(value: Any) -> str:
    return f"the class {value.__name__}" if isinstance(value, type) else type(value).__name__


def together(all_of_them: list[Any], history: History, network: Any) -> Any:
    """One function of the epoch that calls all of them; None if there is none."""
    all_of_them = [each for each in all_of_them if callable(each) or hasattr(each, "on_epoch")]
    if not all_of_them:
        return None
    if len(all_of_them) == 1 and not hasattr(all_of_them[0], "on_epoch"):
        function = all_of_them[0]
        if isinstance(function, _core.Plateau):  # the core calls it itself
            return function
        return lambda epoch: _stops(function, function(epoch, history))

    def call(epoch: int) -> bool:
        stop = False
        for each in all_of_them:
            answer = each.on_epoch(epoch, history, network) if hasattr(each, "on_epoch") else each(epoch, history)
            stop |= _stops(each, answer)
        return stop

    return call


def _stops(callback: Any, answer: Any, method: str = "on_epoch") -> bool:
    """Whether a callback's answer is true."""
    try:
        return bool(answer)
    except (TypeError, ValueError):  # an array
        name = f"{type(callback).__name__}.{method}"
        if not hasattr(callback, method):
            name = getattr(callback, "__name__", type(callback).__name__)
        raise TypeError(f"callbacks: expected True, False or None from {name}, got {shown(answer)}") from None


def steps(all_of_them: list[Any], history: History, network: Any) -> dict[str, Any]:
    """One function of the step that calls those with on_step, each after its every_steps, and how often."""
    heard = []
    for each in all_of_them:
        if not hasattr(each, "on_step"):
            continue
        from .callbacks import Callback  # it is imported already, unless the object is another's

        every = getattr(each, "every_steps", 1)
        if every is not None and getattr(type(each), "on_step", None) is not Callback.on_step:
            every = arguments.integer("every_steps", every, 1, 2**63, "a positive integer or None")
            heard.append((each, every))
    if not heard:
        return {"on_step": None, "step_interval": 1}

    def call(step: int) -> bool:
        stop = False
        for each, every in heard:
            if step % every == 0:
                stop |= _stops(each, each.on_step(step, history, network), "on_step")
        return stop

    return {"on_step": call, "step_interval": math.gcd(*(every for _, every in heard))}


def running(
    all_of_them: list[Any], history: History, network: Any, optimizer: Optimizer
) -> contextlib.AbstractContextManager[None]:
    """Tell them of begin and end."""
    return _running(all_of_them, history, network, optimizer) if all_of_them else _NOTHING


@contextlib.contextmanager
def _running(all_of_them: list[Any], history: History, network: Any, optimizer: Optimizer) -> Iterator[None]:
    """Each that heard of the begin hears of the end, whatever the others do."""
    begun = []
    try:
        for each in all_of_them:
            if hasattr(each, "on_begin"):
                each.on_begin(network, optimizer)
            begun.append(each)
        yield
    except BaseException:  # what ended the training matters more than what happens at its end
        for error in _ended(begun, history, network):
            warnings.warn(f"callbacks: at the end of the training, {type(error).__name__}: {error}", stacklevel=6)
        raise
    for error in _ended(begun, history, network):
        raise error


def _ended(begun: list[Any], history: History, network: Any) -> list[Exception]:
    """Tell them of the end; what they raised."""
    errors = []
    for each in begun:
        if hasattr(each, "on_end"):
            try:
                each.on_end(history, network)
            except Exception as error:
                errors.append(error)
    return errors


_NOTHING = contextlib.nullcontext()


def display(
    wanted: Any, epochs: int, history: History, reduction: str, rows: dict[str, int]
) -> contextlib.AbstractContextManager[Callable[..., None] | None]:
    """A function that shows how far training is, if that is wanted; rows: see `Display`."""
    if not flag("progress", wanted):
        return _NOTHING
    from ._progress import Display

    return Display(epochs, history, reduction, rows)
