# SPDX-License-Identifier: BSD-3-Clause
"""What `netlet.mpi.fit` is given: as arrays, checked, the same on all ranks where it must be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .. import _arguments as arguments
from .. import _provenance as provenance
from .. import _training as training
from .._data import flag, real_array
from .._distributed import Task
from .._features import by_name, name_columns, names_of
from .._names import ACTIVATIONS, LOSSES
from ..network import Network
from . import _agreement as agreement
from . import _targets as targets
from ._rows import LocalRows, SharedRows, alike

if TYPE_CHECKING:
    import numpy.typing as npt

    from ._ranks import Ranks

    Array = npt.NDArray[Any]
    Rows = SharedRows | LocalRows

_CHECKED = 1 << 12  # rows that are looked at together
_SHARED = "; local=True if each rank has rows of its own"


class Given(NamedTuple):
    """Data as arrays: all rows, or those of this rank."""

    x: Array
    y: Array
    weight: Array | None

    def only(self, rows: Array) -> Given:
        """Some of the rows."""
        return Given(self.x[rows], self.y[rows], None if self.weight is None else self.weight[rows])


class Data:
    """The rows for training and validation, and what the network learns of them besides.

    `first`: how many rows stand before those of this rank, for messages: for training, for validation. `names`: of the
    columns, if `x` does not have them itself.
    """

    def __init__(
        self,
        ranks: Ranks,
        net: Any,
        x: Any,
        y: Any,
        local: bool,
        options: dict[str, Any],
        first: tuple[int, int],
        names: list[str] | None,
    ) -> None:
        self._ranks, self._net, self._local, self.missing = ranks, net, local, options["missing"]
        self.known = net._known()
        self.given = {"x": x, "y": y, "validation_data": options["validation_data"]}
        self.feature_names = (names or names_of(x)) if net._feature_names is None else None
        self._hint = "" if local else _SHARED
        self._main = main = self._arrays(x, y, options["sample_weight"], "")
        agreement.require_same(
            ranks,
            {"feature_names": str(self.feature_names) if len(main.x) else None, **self._facts(main, "")},
            self._hint,
        )
        self.feature_names = next((names for names in ranks.listed(self.feature_names) if names is not None), None)
        self._read, self.classes = targets.reading(ranks, net, main.y[self._own(len(main.y))], self.missing)
        held = self._validation_data(options["validation_data"])
        self._check(main, "", first[0])
        if held is not None:
            self._check(held, "validation_data: ", first[1])
        batch = options["batch_size"]
        self.batch = (
            0 if batch is None else arguments.integer("batch_size", batch, 1, 2**63, "a positive integer or None")
        )
        self.training, self.validation = self._rows(main, held, options)
        self.weighted = main.weight is not None or options["class_weight"] is not None
        if options["class_weight"] is not None:
            labels = net._classes if self.classes is None else self.classes
            y, _ = self.training.own_targets()
            self.training.weigh_by(targets.weighing(ranks, net, y, labels, options["class_weight"], self.missing))
        for what, rows in (("", self.training), ("validation_data: ", self.validation)):
            if rows is not None and rows.count == 0:
                raise ValueError(f"{what}x: expected at least 1 row on some rank, got 0 on all")

    def _arrays(self, x: Any, y: Any, weight: Any, what: str) -> Given:
        """As arrays of the right shapes; of no rows, any shape will do."""
        net = self._net
        try:
            x = by_name(x, self.feature_names if net._feature_names is None else net._feature_names)
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
        facts: agreement.Facts = {f"{what}y": f"shape (rows{''.join(f', {n}' for n in given.y.shape[1:])})"}
        if self._local:
            return facts
        seen = agreement.of_rows(*given)
        return {
            f"{what}rows of x": str(len(given.x)),
            **facts,
            f"{what}x, y and sample_weight": seen,
        }

    def _own(self, rows: int) -> slice:
        """The part of arrays with so many rows that is this rank's alone."""
        size, rank = self._ranks.size, self._ranks.rank
        return slice(0, rows) if self._local else slice(rows * rank // size, rows * (rank + 1) // size)

    def _validation_data(self, value: Any) -> Given | None:
        parts = training.validation_data(value)
        if parts is None:
            return None
        if not isinstance(parts, tuple):
            raise TypeError("validation_data: expected a tuple (x, y) or (x, y, sample_weight), got batches")
        x, y, weight = parts
        held = self._arrays(x, y, weight, "validation_data: ")
        weighted = {"validation_data, sample_weight": "none" if held.weight is None else "some"}
        agreement.require_same(self._ranks, {**weighted, **self._facts(held, "validation_data, ")}, self._hint)
        return held

    def _targets(self, y: Array) -> Array:
        return y if self._read is None or not len(y) else self._read(y)

    def _check(self, given: Given, what: str, first: int) -> None:
        """Let the core look at all values, each on one rank, before anything changes: as it does in `Network.fit`."""
        net = self._net
        looking = _first_and_last(net)
        x, y, weight = given.x, given.y, given.weight
        own = self._own(len(x))
        for begin in range(own.start, own.stop, _CHECKED):
            at = slice(begin, min(begin + _CHECKED, own.stop))
            try:
                task = Task._of((1, 0, 0, 0, at.stop - at.start, 0, None, 0, 0, None))
                weights = None if weight is None else weight[at]
                looking._partial(x[at], self._targets(y[at]), weights, self.missing, task._parts, 0)
            except (TypeError, ValueError) as error:
                said = type(error)(f"{what}{_further_down(str(error), first + begin)}")
                if isinstance(said, ValueError):
                    name_columns(said, net, **self.given)
                raise said from None

    def warn_of_unreachable_targets(self, standardized: bool) -> None:
        """As `Network.fit` does, on rank 0."""
        net = self._net
        bounded = {"least", "most"} & ACTIVATIONS.get(net.activations[-1], {}).keys()
        if not bounded or not LOSSES[net.loss_name].get("scales_outputs"):
            return
        y, _ = self.training.own_targets()
        own = [np.fmin.reduce(y, axis=0), np.fmax.reduce(y, axis=0)] if len(y) else []
        extremes = self._ranks.to_first(own, lambda a, b: a + b)
        if extremes is not None and net._warns:
            scaling, each = net.output_scaling, net.layer_sizes[-1] // net._targets
            scaling = scaling and (scaling[0][::each], scaling[1][::each])
            training.warn_of_unreachable_targets(
                net.activations[-1], net.loss_name, scaling, standardized, np.array(extremes)
            )

    def fingerprints(self, weight: Any) -> dict[str, str]:
        """What `netlet.fingerprint` would say of all rows."""
        given = {"x": self.given["x"], "y": self.given["y"], "sample_weight": weight}
        if not self._local:
            found = provenance.of_data(**given) if self._ranks.rank == 0 else None
        else:
            parts = {name: part for name, part in zip(given, self._main) if part is not None}
            found = {name: self._fingerprint(part) for name, part in parts.items()}
        return dict(self._ranks.from_first(found))

    def _fingerprint(self, part: Array) -> str:
        """Of the array that the parts of all ranks make; on rank 0."""
        counts = self._ranks.listed(len(part))
        text = self._ranks.any(part.dtype.kind == "U")
        columns = next(
            shape for shape in self._ranks.listed(part.shape[1:] if len(part) else None) if shape is not None
        )
        sha = provenance.Hash((sum(counts), *columns), text)
        for owner, count in enumerate(counts):
            for row in range(0, count, sha.step):
                own = part[row : row + sha.step] if self._ranks.rank == owner else None
                piece = self._ranks.to_first(own, lambda a, b: b if a is None else a)
                if piece is not None:
                    sha.add(piece)
        return sha.digest()

    def _rows(self, main: Given, held: Given | None, options: dict[str, Any]) -> tuple[Rows, Rows | None]:
        """The rows for training, and for validation."""
        chosen = None
        if options["validation_split"] is not None:
            if held is not None:
                raise ValueError("validation_split: give this or validation_data, not both")
            share = training.split_share(options["validation_split"])
            seed = self._net.seed if options["seed"] is None else arguments.seed(options["seed"])
            chosen = targets.chosen(self._ranks, self._net, self._targets(main.y), self._local, share, seed)
        shuffles = flag("shuffle", options["shuffle"])
        if not self._local:
            return self._shared_rows(main, held, chosen)
        rows = self._local_rows(main, held, chosen)
        if rows[0].batch_rows is not None and shuffles:
            raise ValueError(
                "shuffle: expected False with local=True and minibatches, since every rank would need rows of all "
                "others; shuffle the rows once before they are dealt out, or let all ranks see all rows"
            )
        return rows

    def _shared_rows(
        self, main: Given, held: Given | None, chosen: Array | None
    ) -> tuple[SharedRows, SharedRows | None]:
        if chosen is not None:
            own, others = (SharedRows(self._ranks, main, self._targets, np.flatnonzero(at)) for at in (~chosen, chosen))
            return own, others
        rows = SharedRows(self._ranks, main, self._targets)
        return rows, None if held is None else SharedRows(self._ranks, held, self._targets)

    def _local_rows(self, main: Given, held: Given | None, chosen: Array | None) -> tuple[LocalRows, LocalRows | None]:
        columns = self._net.layer_sizes[0]

        def rows(given: Given, batch_rows: int = 0) -> LocalRows:
            return LocalRows(self._ranks, alike(self._ranks, given, columns), batch_rows)

        main = main._replace(y=self._targets(main.y))
        if chosen is not None:
            main, held = main.only(~chosen), main.only(chosen)
        elif held is not None:
            held = held._replace(y=self._targets(held.y))
        return rows(main, self.batch), None if held is None else rows(held)


def _further_down(message: str, rows: int) -> str:
    """The message, which names a row, of an array that begins so many rows earlier."""
    return re.sub(r"\bin row (\d+)", lambda found: f"in row {int(found[1]) + rows}", message, count=1)


def _first_and_last(net: Any) -> Any:
    """A network that reads the same rows, and has nothing to compute: its checks are those of `net`."""
    inputs, outputs = net.layer_sizes[0], net.layer_sizes[-1]
    zeros = np.zeros((inputs, outputs)), np.zeros(outputs)
    settings = {"loss": net.loss_name, "dtype": net.dtype, **net._loss_settings()}
    small = Network([inputs, outputs], activation=[net.activations[-1]], init=[zeros], seed=0, **settings)
    small.input_scaling, small.output_scaling = net.input_scaling, net.output_scaling
    return small
