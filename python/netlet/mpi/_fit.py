# SPDX-License-Identifier: BSD-3-Clause
"""The steps of `netlet.mpi.fit`: what ranks tell each other before they train, and between epochs."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import _arguments as arguments
from .. import _training as training
from .._data import flag, real_array
from .._distributed import Task
from .._features import input_array, name_columns, names_of
from ..network import Network
from . import _agreement as agreement
from . import _targets as targets
from ._metrics import Metrics
from ._rows import LocalRows, SharedRows, alike
from ._shares import blocks_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..history import History
    from ..optimizers import Optimizer
    from ._ranks import Ranks

    Array = npt.NDArray[Any]
    Rows = SharedRows | LocalRows

_CHECKED = 1 << 12  # rows that are looked at together
_NOTHING = np.empty(0, np.uint8)


class Given(NamedTuple):
    """Data as arrays: all rows, or those of this rank."""

    x: Array
    y: Array
    weight: Array | None


def fit(ranks: Ranks, net: Any, x: Any, y: Any, *, local: bool, broadcast: bool, options: dict[str, Any]) -> History:
    """Train; `options` are the other arguments of `Network.fit`."""
    local, broadcast = flag("local", local), flag("broadcast", broadcast)
    agreement.require_same(
        ranks, {**agreement.of_library(), **agreement.of_kind(net), **_settings(local, broadcast, options)}
    )
    if broadcast:
        _take_over(ranks, net, options["optimizer"])
    agreement.require_same(ranks, {**agreement.of_network(net), **agreement.of_optimizer(options["optimizer"])})
    data = _Data(ranks, net, x, y, local, options)
    before = net._warns
    net._warns = before and ranks.rank == 0
    try:
        return _train(ranks, net, data, options)
    finally:
        net._warns = before


def _settings(local: bool, broadcast: bool, options: dict[str, Any]) -> agreement.Facts:
    """Arguments that have to be the same on all ranks."""
    names = ("epochs", "learning_rate", "batch_size", "shuffle", "seed", "class_weight", "validation_split", "patience")
    names += ("min_delta", "resume", "standardize", "missing", "fingerprint_data")
    there = ("sample_weight", "validation_data")
    return {
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
    state = optimizer._get_state() if has_state else None
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
        optimizer._set_state(*state)


class _Data:
    """The rows for training and validation, and what the network learns of them besides."""

    def __init__(self, ranks: Ranks, net: Any, x: Any, y: Any, local: bool, options: dict[str, Any]) -> None:
        self._ranks, self._net, self._local, self.missing = ranks, net, local, options["missing"]
        self.known = net._known()
        self.given = {"x": x, "y": y, "validation_data": options["validation_data"]}
        self.feature_names = names_of(x) if net._feature_names is None else None
        main = self._arrays(x, y, options["sample_weight"], "")
        agreement.require_same(
            ranks, {"feature_names": str(self.feature_names) if len(main.x) else None, **self._facts(main, "")}
        )
        self.feature_names = next((names for names in ranks.listed(self.feature_names) if names is not None), None)
        self._read, self.classes = targets.reading(ranks, net, self._of_rank(main.y), self.missing)
        held = self._validation_data(options["validation_data"])
        self._check(main, "")
        if held is not None:
            self._check(held, "validation_data: ")
        batch = options["batch_size"]
        self.batch = 0 if batch is None else arguments.integer("batch_size", batch, 1, 2**63, "a positive integer or None")
        self.training, self.validation = self._rows(main, held, options)
        self.weighted = main.weight is not None or options["class_weight"] is not None
        if self.training.count == 0:
            raise ValueError("x: expected at least 1 row on some rank, got 0 on all")

    def _arrays(self, x: Any, y: Any, weight: Any, what: str) -> Given:
        """As arrays of the right shapes; of no rows, any shape will do."""
        net = self._net
        try:
            x = input_array(x, net)
            y = targets.as_array(net.loss_name, y)
            weight = None if weight is None else real_array(weight, "sample_weight")
            if self._local and len(np.atleast_1d(x)) == len(np.atleast_1d(y)) == 0:
                return Given(np.empty((0, net.layer_sizes[0])), y[:0], None if weight is None else weight[:0])
            if x.ndim != 2 or x.shape[1] != net.layer_sizes[0] or not len(x):
                rows = "rows, at least 1" if not self._local else "rows"
                raise ValueError(f"x: expected shape ({rows}, {net.layer_sizes[0]}), got {x.shape}")
            if y.ndim < 1 or len(y) != len(x):
                raise ValueError(f"y: expected {len(x)} rows, as many as x has, got shape {y.shape}")
            if weight is not None and weight.shape != (len(x),):
                raise ValueError(f"sample_weight: expected shape ({len(x)},), got {weight.shape}")
        except (TypeError, ValueError) as error:
            raise type(error)(f"{what}{error}") from None if what else error
        return Given(x, y, weight)

    def _facts(self, given: Given, what: str) -> agreement.Facts:
        """What has to be the same on all ranks."""
        if not len(given.x):
            return {}
        facts = {f"{what}y": f"shape (rows{''.join(f', {n}' for n in given.y.shape[1:])})"}
        if self._local:
            return facts
        seen = agreement.of_rows(*given)
        return {
            f"{what}rows of x": str(len(given.x)),
            **facts,
            f"{what}x, y, sample_weight (local=True if each rank has rows of its own)": seen,
        }

    def _of_rank(self, array: Array) -> Array:
        """This rank's part, where each row is one rank's."""
        if self._local:
            return array
        size, rank = self._ranks.size, self._ranks.rank
        return array[len(array) * rank // size : len(array) * (rank + 1) // size]

    def _validation_data(self, value: Any) -> Given | None:
        parts = training.validation_data(value)
        if parts is None:
            return None
        if not isinstance(parts, tuple):
            raise TypeError("validation_data: expected a tuple (x, y) or (x, y, sample_weight), got batches")
        held = self._arrays(*parts, "validation_data: ")
        agreement.require_same(self._ranks, self._facts(held, "validation_data, "))
        agreement.require_same(self._ranks, {"validation_data, sample_weight": "none" if held.weight is None else "some"})
        return held

    def _targets(self, y: Array) -> Array:
        return y if self._read is None else self._read(y)

    def _check(self, given: Given, what: str) -> None:
        """Let the core look at all values, each on one rank, before anything changes: as it does in `Network.fit`."""
        net = self._net
        looking = _first_and_last(net)
        x, y, weight = given.x, given.y, given.weight
        first, last = (0, len(x)) if self._local else (self._of_rank(np.arange(len(x)))[[0, -1]] + (0, 1))
        for begin in range(first, last, _CHECKED):
            at = slice(begin, min(begin + _CHECKED, last))
            try:
                task = Task._of((1, 0, 0, 0, at.stop - at.start, 0, None, 0, 0, None))
                own = None if weight is None else weight[at]
                looking._partial(x[at], self._targets(y[at]), own, self.missing, task._parts, 0)
            except (TypeError, ValueError) as error:
                text = re.sub(r"\bin row (\d+)", lambda found: f"in row {int(found[1]) + begin}", str(error), count=1)
                said = type(error)(f"{what}{text}")
                if isinstance(said, ValueError):
                    name_columns(said, net, **self.given)
                raise said from None

    def _rows(self, main: Given, held: Given | None, options: dict[str, Any]) -> tuple[Rows, Rows | None]:
        """The rows for training, and for validation."""
        share, seed = options["validation_split"], options["seed"]
        chosen = None
        if share is not None:
            if held is not None:
                raise ValueError("validation_split: give this or validation_data, not both")
            own = self._net.seed if seed is None else arguments.seed(seed)
            share = training.split_share(share)
            chosen = targets.chosen(self._ranks, self._net, self._targets(main.y), self._local, share, own)
        shuffles = flag("shuffle", options["shuffle"])
        return (self._local_rows if self._local else self._shared_rows)(main, held, chosen, options["class_weight"], shuffles)

    def _shared_rows(
        self, main: Given, held: Given | None, chosen: Array | None, class_weight: Any, shuffles: bool
    ) -> tuple[Rows, Rows | None]:
        net = self._net

        def unweighted(y: Array, weight: Array | None) -> tuple[Array, Array | None]:
            return self._targets(y), weight

        rows = SharedRows(self._ranks, main, unweighted, None if chosen is None else np.flatnonzero(~chosen))
        if class_weight is not None:
            _, y, _ = rows.read(rows.own())
            weigh = targets.weighing(self._ranks, net, y, self._labels(), class_weight, self.missing)

            def weighted(y: Array, weight: Array | None) -> tuple[Array, Array | None]:
                y = self._targets(y)
                return y, weigh(y, weight)

            rows = SharedRows(self._ranks, main, weighted, rows.chosen)
        if chosen is not None:
            return rows, SharedRows(self._ranks, main, unweighted, np.flatnonzero(chosen))
        return rows, None if held is None else SharedRows(self._ranks, held, unweighted)

    def _labels(self) -> Array | None:
        return self._net._classes if self.classes is None else self.classes

    def _local_rows(
        self, main: Given, held: Given | None, chosen: Array | None, class_weight: Any, shuffles: bool
    ) -> tuple[Rows, Rows | None]:
        main = main._replace(y=self._targets(main.y) if len(main.y) else main.y)
        if chosen is not None:
            held = Given(*(None if part is None else part[chosen] for part in main))  # type: ignore[arg-type]
            main = Given(*(None if part is None else part[~chosen] for part in main))  # type: ignore[arg-type]
        elif held is not None:
            held = held._replace(y=self._targets(held.y) if len(held.y) else held.y)
        if class_weight is not None:
            weigh = targets.weighing(self._ranks, self._net, main.y, self._labels(), class_weight, self.missing)
            main = main._replace(weight=weigh(main.y, main.weight) if len(main.y) else np.empty(0))
        columns = self._net.layer_sizes[0]
        rows = LocalRows(self._ranks, alike(self._ranks, main, columns), self.batch)
        if rows.batch_rows is not None and shuffles:
            raise ValueError(
                "shuffle: expected False with local=True and minibatches, since every rank would need rows of all others; "
                "shuffle the rows once before they are dealt out, or let all ranks see all rows"
            )
        return rows, None if held is None else LocalRows(self._ranks, alike(self._ranks, held, columns), None)


def _first_and_last(net: Any) -> Any:
    """A network that reads the same rows, and has nothing to compute: its checks are those of `net`."""
    inputs, outputs = net.layer_sizes[0], net.layer_sizes[-1]
    zeros = np.zeros((inputs, outputs)), np.zeros(outputs)
    settings = {"loss": net.loss_name, "dtype": net.dtype, **net._loss_settings()}
    small = Network([inputs, outputs], activation=[net.activations[-1]], init=[zeros], seed=0, **settings)
    small.input_scaling, small.output_scaling = net.input_scaling, net.output_scaling
    return small


def _train(ranks: Ranks, net: Any, data: _Data, options: dict[str, Any]) -> History:
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
    said = {
        "method": "fit",
        "batch_size": data.batch or None,
        "shuffle": options["shuffle"],
        "standardize": options["standardize"],
        "sample_weight": options["sample_weight"] is not None,
        "class_weight": dict(options["class_weight"]) if isinstance(options["class_weight"], dict) else options["class_weight"],
        "validation_data": options["validation_data"] is not None,
        "validation_split": options["validation_split"],
    }
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
    if first:
        _warn_of_idle_ranks(ranks, data.training.count, data.batch)
    names = ("epochs", "learning_rate", "optimizer", "seed", "patience", "min_delta", "schedule", "resume", "missing")
    alone = ("callback", "callbacks", "progress")
    return net._train(
        lambda _: elsewhere,
        {
            **{name: options[name] for name in names},
            **{name: options[name] if first else None for name in alone},
            "progress": options["progress"] if first else False,
            "recorder": None,
            "validation_data": None,
        },
        {"said": said, "known": data.known, "classes": data.classes, "feature_names": data.feature_names, "given": data.given},
        lambda settings, optimizer, history: _led(ranks, net, settings, optimizer, history, metrics),
    )


def _warn_of_idle_ranks(ranks: Ranks, rows: int, batch: int) -> None:
    """Rows are summed in blocks of 256, so that a small batch is work for few."""
    blocks = blocks_of(min(batch or rows, rows))
    if blocks < ranks.size:
        warnings.warn(
            f"batch_size: a batch of {min(batch or rows, rows)} rows is {blocks} block{'s' if blocks > 1 else ''} of 256, "
            f"so {ranks.size - blocks} of {ranks.size} ranks have nothing to do at each step",
            stacklevel=6,
        )


def _led(
    ranks: Ranks, net: Any, settings: dict[str, Any], optimizer: Optimizer, history: History, metrics: Metrics
) -> dict[str, Any]:
    """Settings in which callbacks and schedules are those of rank 0, which tells the others what came of them."""
    schedule, callback, on_step = settings["schedule"], settings["callback"], settings["on_step"]
    plan = (schedule if not callable(schedule) else True, callback is not None, on_step is not None, settings["step_interval"])
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
