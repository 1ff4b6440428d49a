# SPDX-License-Identifier: BSD-3-Clause
"""The steps of `netlet.mpi.fit`: what ranks tell each other before they train, and between epochs."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _training as training
from .._data import RowSource, flag, shown
from .._distributed import Task
from .._shares import blocks_of
from ..network import Network
from . import _agreement as agreement
from . import _batches as batches
from ._data import Data
from ._metrics import Metrics

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..history import History
    from ..optimizers import Optimizer
    from ._ranks import Ranks

    Array = npt.NDArray[Any]

_NOTHING = np.empty(0, np.uint8)


def fit(ranks: Ranks, net: Any, x: Any, y: Any, *, local: bool, broadcast: bool, options: dict[str, Any]) -> History:
    """Train; `options` are the other arguments of `Network.fit`."""
    if not isinstance(net, Network):  # not before ranks can tell each other
        raise TypeError(f"net: expected a Network, got {shown(net)}")
    local, broadcast = flag("local", local), flag("broadcast", broadcast)
    agreement.require_same(
        ranks, {**agreement.of_library(), **agreement.of_kind(net), **_settings(x, local, broadcast, options)}
    )
    if broadcast:
        _take_over(ranks, net, options["optimizer"])
    agreement.require_same(
        ranks,
        {**agreement.of_network(net), **agreement.of_optimizer(options["optimizer"])},
        "; give all networks the same seed, load them from the same file, or set broadcast=True",
    )
    data = _data(ranks, net, x, y, local, options)
    with contextlib.nullcontext() if ranks.rank == 0 else _silent(net):
        return _train(ranks, net, data, options)


def _data(ranks: Ranks, net: Any, x: Any, y: Any, local: bool, options: dict[str, Any]) -> Data:
    """The data as arrays; of a `Batches`, each rank has its part."""
    names, first, seen_by_all = net._feature_names, (0, 0), False
    if isinstance(x, RowSource):
        batches.require_alone(y, options["sample_weight"])
        if options["batch_size"] is None:
            options |= {"batch_size": batches.size_of(x), "shuffle": False}  # they come in their order
        own = batches.part_of(ranks, x, names, local)
        x, y, options["sample_weight"], first, names = own.x, own.y, own.weight, (own.first, 0), own.columns
        local, seen_by_all = True, not local
    elif y is None:
        raise TypeError("y: expected targets, got None")
    held = batches.validation_part(ranks, options["validation_data"], names, local, seen_by_all)
    if held is not None:
        options["validation_data"] = (held.x, held.y, *([] if held.weight is None else [held.weight]))
        first = (first[0], held.first)
    return Data(ranks, net, x, y, local, options, first, names if net._feature_names is None else None)


@contextlib.contextmanager
def _silent(net: Any) -> Iterator[None]:
    """Without TrainingWarning, which rank 0 gives."""
    own = net.__dict__.get("_warns")
    net._warns = False
    try:
        yield
    finally:
        del net._warns  # the class's again
        if own is not None:
            net._warns = own


def _settings(x: Any, local: bool, broadcast: bool, options: dict[str, Any]) -> agreement.Facts:
    """Arguments that have to be the same on all ranks."""
    names = [*("epochs", "learning_rate", "batch_size", "shuffle", "seed", "class_weight", "validation_split")]
    names += ["patience", "min_delta", "resume", "standardize", "missing", "fingerprint_data"]
    there = ("sample_weight", "validation_data")
    return {
        "x": f"a netlet.Batches, batch_size={batches.size_of(x)}" if isinstance(x, RowSource) else "arrays",
        "local": str(local),
        "broadcast": str(broadcast),
        **{name: repr(options[name]) for name in names},
        **{name: "none" if options[name] is None else "some" for name in there},
        "schedule": repr(options["schedule"]) if _is_plan(options["schedule"]) else None,
    }


def _is_plan(schedule: Any) -> bool:
    return type(schedule).__module__ == "netlet.schedules"


def _take_over(ranks: Ranks, net: Any, optimizer: Any) -> None:
    """What rank 0's network and optimizer have."""
    has_state = hasattr(optimizer, "_get_state")
    state = (optimizer._get_state(), optimizer.learning_rate) if has_state else None
    values = (net._snapshot(), net.seed, net.classes, net.feature_names, state)
    (parameters, epochs, *scaling), seed, classes, names, state = ranks.from_first(values if ranks.rank == 0 else None)
    if ranks.rank == 0:
        return
    net.parameters[...] = parameters
    net._set_epochs_trained(epochs)
    net._set_seed(seed)
    net.input_scaling, net.output_scaling = scaling
    net.classes, net.feature_names = classes, names
    if has_state and state is not None:
        optimizer._set_state(*state[0])
        optimizer.learning_rate = state[1]


def _train(ranks: Ranks, net: Any, data: Data, options: dict[str, Any]) -> History:
    """The core's loop, which asks for sums, and for what rank 0 alone knows."""
    rows = {"training": data.training, "validation": data.validation}

    def sums(parts: tuple[Any, ...]) -> Array:
        task = Task._of(parts)
        of = rows[task.data]
        part = None if of is None else of.part(task)
        own = _NOTHING
        if part is not None:
            first, x, y, weight = part
            own = net._partial(x, y, weight, data.missing, parts, first)
        return ranks.total(own)

    first = ranks.rank == 0
    metrics = Metrics(ranks, net, options["metrics"], rows, data.missing)
    described = ("shuffle", "standardize", "sample_weight", "class_weight", "validation_data", "validation_split")
    said = training.said_of_fit(data.batch, **{name: options[name] for name in described})
    scalings = training.standardize(net.loss_name, options["standardize"])
    elsewhere = {
        "sums": sums,
        "rows": data.training.count,
        "weighted": data.weighted,
        "validation_rows": 0 if data.validation is None else data.validation.count,
        "batch_size": data.batch,
        "shuffle": bool(options["shuffle"]),
        **scalings,
    }
    data.warn_of_unreachable_targets(scalings["standardize_outputs"])
    if first:
        _warn_of_idle_ranks(ranks, data.training.count, data.batch)
    if flag("fingerprint_data", options["fingerprint_data"]):
        said["data"] = data.fingerprints(options["sample_weight"])
    called = training.all_callbacks(options["callback"], options["callbacks"]) if first else []
    hear = ranks.any(any(hasattr(each, name) for each in called for name in ("on_begin", "on_end")))
    optimizers: list[Optimizer] = []  # that of this training

    def led(settings: dict[str, Any], optimizer: Optimizer, history: History) -> dict[str, Any]:
        optimizers.append(optimizer)
        return _led(ranks, net, settings, optimizer, history, metrics)

    def begun(_: Any) -> dict[str, Any]:
        if hear:  # callbacks of rank 0 may have changed what all begin with
            _take_over(ranks, net, *optimizers)
        return elsewhere

    names = ("epochs", "learning_rate", "optimizer", "seed", "patience", "min_delta", "schedule", "resume", "missing")
    alone = ("callback", "callbacks", "progress")
    history: History = net._train(
        begun,
        {
            **{name: options[name] for name in names},
            **{name: options[name] if first else None for name in alone},
            "progress": options["progress"] if first else False,
            "recorder": None,
            "validation_data": None,
        },
        {
            "said": said,
            "known": data.known,
            "classes": data.classes,
            "feature_names": data.feature_names,
            "given": data.given,
        },
        led,
    )
    if hear:  # or what training ended with
        _take_over(ranks, net, *optimizers)
    return history


def _warn_of_idle_ranks(ranks: Ranks, rows: int, batch: int) -> None:
    """Rows are summed in blocks of 256, so that a small batch is work for few."""
    batch = min(batch or rows, rows)
    blocks = blocks_of(batch)
    if blocks < ranks.size:
        warnings.warn(
            f"batch_size: a batch of {batch} rows is {blocks} block{'s' if blocks > 1 else ''} of 256: "
            f"work for only {blocks} of {ranks.size} ranks at each step",
            stacklevel=6,
        )


def _led(
    ranks: Ranks, net: Any, settings: dict[str, Any], optimizer: Optimizer, history: History, metrics: Metrics
) -> dict[str, Any]:
    """Settings in which callbacks and schedules are those of rank 0, which tells the others what came of them."""
    schedule, callback, on_step = settings["schedule"], settings["callback"], settings["on_step"]
    plan = (
        schedule if not callable(schedule) else True,
        callback is not None,
        on_step is not None,
        settings["step_interval"],
    )
    schedule_there, calls_epochs, calls_steps, interval = ranks.from_first(plan)

    def asked(epoch: int) -> float:
        return float(ranks.from_first(schedule(epoch) if ranks.rank == 0 else None))

    def after(call: Callable[[int], Any] | None) -> Callable[[int], bool]:
        def told(number: int) -> bool:
            if ranks.rank == 0:
                before = net.parameters.tobytes(), optimizer.learning_rate
                stop = bool(call and call(number))
                now = net.parameters.tobytes(), optimizer.learning_rate
                ranks.from_first((stop, None if now == before else now))
                return stop
            stop, changed = ranks.from_first()
            if changed is not None:
                net.parameters[...] = np.frombuffer(changed[0], net.dtype)
                optimizer.learning_rate = changed[1]
            return bool(stop)

        return told

    def epoch_ends(epoch: int) -> bool:
        metrics.record(history)
        return tell(epoch) if calls_epochs else False

    tell = after(callback)
    return {
        "schedule": asked if schedule_there is True else schedule_there,
        "callback": epoch_ends if calls_epochs or metrics.wanted else None,
        "on_step": after(on_step) if calls_steps else None,
        "step_interval": interval,
    }
