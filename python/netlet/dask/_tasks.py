# SPDX-License-Identifier: BSD-3-Clause
"""What runs on the workers: parts of the data become arrays, arrays become whole blocks, blocks become partial sums."""

from __future__ import annotations

import itertools
import pickle
import re
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from distributed import get_worker

from .. import _labels as labels
from .. import _training as training
from .._data import converted, real_array, texts
from .._distributed import combine as combined
from .._features import input_array, names_of
from .._library import numerics_version, thread_limit
from .._names import LOSSES
from .._shares import blocks_of, shares
from ..reference import sums

if TYPE_CHECKING:
    import numpy.typing as npt

    from .._names import MissingName

    Array = npt.NDArray[Any]
    Shell = tuple[str, int, bytes]  # whose it is, numerics version, pickled


class Reading(NamedTuple):
    """How parts are read: what `_labels` and `_features` look at in a network, without its parameters."""

    loss_name: str
    layer_sizes: tuple[int, ...]
    missing: MissingName
    classes: Array | None
    feature_names: list[str] | None
    floats: bool = False  # whether floating-point numbers may be labels, too

    @property
    def _classes(self) -> Array | None:
        return self.classes

    @property
    def _feature_names(self) -> list[str] | None:
        return self.feature_names

    @property
    def has_classes(self) -> bool:
        """Whether targets may be labels."""
        return bool(LOSSES[self.loss_name].get("classes"))


class Found(NamedTuple):
    """What a part holds."""

    rows: int
    shape: tuple[int, ...]  # of a row
    dtype: Any
    bad: tuple[str, int, int, float] | None  # what was expected in place of a value, its row and column, the value
    names: list[str] | None = None
    values: Array | None = None  # the different ones, if they may be labels; otherwise least and largest


class Share(NamedTuple):
    """Rows that one worker has, as arrays."""

    x: Array
    y: Array
    weight: Array | None
    places: dict[int, tuple[int, int, int]]  # of each batch: the rows' begin here and in the batch, and their number
    numbers: Array | None  # of the rows in the data, unless these are all of it

    def of(self, batch: int) -> tuple[Array, Array, Array | None, int]:
        """The rows of a batch, and which of its rows is the first."""
        at, first, count = self.places[batch]
        rows = slice(at, at + count)
        return self.x[rows], self.y[rows], None if self.weight is None else self.weight[rows], first

    def located(self, error: Exception, batch: int, first_of_batch: int, begin: int = 0) -> Exception:
        """What is wrong with rows of a batch, those from `begin` on, with the number that a row has in the data."""
        at, first, _ = self.places[batch]
        if self.numbers is None:
            return _renumbered(error, lambda row: first_of_batch + first + begin + row)
        numbers = self.numbers[at + begin :]
        return _renumbered(error, lambda row: int(numbers[row]))


def _renumbered(error: Exception, number: Callable[[int], int]) -> Exception:
    """The same message with another number of the row."""
    return type(error)(re.sub(r"(?<=in row )\d+", lambda found: str(number(int(found[0]))), str(error)))


def same(value: Any) -> Any:
    """Give what it gets: a small value that all workers need, as a task that can be run again."""
    return value


def read(source: Any, start: int, stop: int) -> Any:
    """x, y and weights of some rows of a `netlet.Batches`."""
    return source.read(start, stop)


def has_weights(part: Any) -> bool:
    """Whether that part of a `netlet.Batches` has weights."""
    return part[2] is not None


def with_weights(part: Any) -> Any:
    """The part with the weights that rows have which are given none, beside others that have some."""
    x, y, weight = part
    return x, y, np.ones(len(x)) if weight is None else weight


def _taken(part: Any, columns: Any) -> Any:
    return part if columns is None else part[columns]


def look(name: str, part: Any, columns: Any, reading: Reading) -> Found:
    """Look through a part of `x`, `y` or `sample_weight`."""
    part = _taken(part, columns)
    if name == "x":
        array, values = input_array(part, reading), None
    elif name == "y":
        array, values = _targets(part, reading)
    else:
        array = real_array(part, name)
        values = _extremes(array)
    if not array.ndim:
        raise ValueError(f"{name}: expected blocks of rows, got a block without a dimension")
    names = names_of(part) if name == "x" else None
    return Found(len(array), array.shape[1:], array.dtype, _first_bad(name, array, reading.missing), names, values)


def _targets(part: Any, reading: Reading) -> tuple[Array, Array | None]:
    """Targets, and what is to be known of their values."""
    array = texts(part, "y") if reading.has_classes else None
    if array is None:
        array = labels._numbers(part, "y")
    if reading.has_classes:
        return array, None if array.dtype.kind == "f" and not reading.floats else np.unique(array)
    return array, _extremes(array)


def _extremes(array: Array) -> Array | None:
    return np.stack([np.fmin.reduce(array), np.fmax.reduce(array)]) if len(array) else None


def _first_bad(name: str, array: Array, missing: MissingName) -> tuple[str, int, int, float] | None:
    if array.dtype.kind not in "fi":
        return None
    nan_is_missing = name == "y" and missing == "ignore"
    infinite = np.isinf(array) if nan_is_missing else ~np.isfinite(array)
    negative = array < 0 if name == "sample_weight" else np.zeros(0, bool)
    for expected, bad in (("finite numbers", infinite), ("weights >= 0", negative)):
        if bad.any():
            row, *column = (int(i) for i in np.unravel_index(bad.argmax(), bad.shape))
            return expected, row, column[0] if column else 0, float(array.ravel()[bad.argmax()])
    return None


def cut(name: str, part: Any, columns: Any, first: int, rows: list[Any], reading: Reading, dtype: Any) -> Array:
    """Some rows of a part, as an array; `first`: the number of the part's first row."""
    part = _taken(part, columns)
    if name == "y" and reading.classes is not None:
        try:
            array = np.asarray(labels.indices(reading, part, reading.missing))
        except (TypeError, ValueError) as error:
            raise _renumbered(error, lambda row: first + row) from None
    else:
        array = converted(input_array(part, reading) if name == "x" else real_array(part, name), dtype)
    pieces = [array[which] for which in rows]
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def stack(
    parts: tuple[Sequence[Array], Sequence[Array], Sequence[Array] | None],
    places: dict[int, tuple[int, int, int]],
    numbers: Array | None,
    weigh: tuple[Reading, Array, Array] | None,
) -> Share:
    """A worker's rows of parts of x, y and weights; `weigh`: classes and their weights, which multiply those."""
    x, y, weight = (None if arrays is None else _joined(arrays) for arrays in parts)
    assert x is not None and y is not None  # noqa: PT018
    if weigh is not None:
        reading, classes, of_class = weigh
        weight = training.times_own(weights_of_rows(reading, y, classes, of_class), weight)
    return Share(x, y, weight, places, numbers)


def _joined(arrays: Sequence[Array]) -> Array:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def weights_of_rows(reading: Reading, y: Array, classes: Array, of_class: Array) -> Array:
    """The weight of each row's class; 1 for a row without a target."""
    targets, there = training.classes_of_rows(reading.loss_name, reading.layer_sizes[-1], y, reading.missing)
    weights = np.ones(len(targets))
    weights[there] = of_class[np.searchsorted(classes, targets[there])]
    return weights


def count_classes(share: Share, reading: Reading) -> tuple[Array, Array]:
    """The classes of a share, and how many rows each has."""
    targets, there = training.classes_of_rows(reading.loss_name, reading.layer_sizes[-1], share.y, reading.missing)
    classes, counts = np.unique(targets[there], return_counts=True)
    return classes, counts


def classes_to_split(share: Share, reading: Reading) -> Array:
    """The number of each row by which `validation_split` takes as many of each class."""
    return training._classes(reading.loss_name, share.y)


def weighted_rows(share: Share) -> Array:
    """The numbers of the rows that have a weight, where all rows are one batch."""
    (_, first, _), *_ = share.places.values()
    assert share.weight is not None
    return first + np.flatnonzero(share.weight)


def block_sums(share: Share, what: str, dtype: Any) -> list[float]:
    """Sums over blocks of rows of the weights, as the network has them, or of what Poisson's deviance has besides."""
    weight = np.ones(len(share.x)) if share.weight is None else share.weight.astype(dtype).astype(np.float64)
    values = weight
    if what == "poisson":
        from scipy.special import xlogy

        targets = share.y.reshape(len(share.y), -1).astype(np.float64)
        values = weight * np.add.accumulate(xlogy(targets, targets) - targets, axis=1)[:, -1]
    return [float(values[block].cumsum()[-1]) for block in sums.blocks(len(values))]


class _Own(threading.local):
    """The network of the training that a thread computed for last."""

    name = ""
    network: Any = None


_OWN = _Own()


def _network(shell: Shell) -> Any:
    """The network, which a thread keeps until it computes for another training."""
    name, numerics, pickled = shell
    if _OWN.name != name:
        if numerics != numerics_version():
            raise RuntimeError(
                f"expected workers of numerics version {numerics}, as the client has, got one of {numerics_version()}; "
                "other versions of netlet give other bits"
            )
        _OWN.network, _OWN.name = pickle.loads(pickled), name
    return _OWN.network


def partial(share: Share, shell: Shell, parameters: Any, task: Any, batch: int, missing: Any) -> Any:
    """Sum what a share has of a batch, with these parameters, on all threads of this worker: it has one such task."""
    network = _network(shell)
    network.parameters[:] = parameters
    x, y, weight, first = share.of(batch)

    @thread_limit(1)
    def summed(begin: int, end: int) -> Any:
        rows = slice(begin, end)
        own = None if weight is None else weight[rows]
        try:
            return network.partial(x[rows], y[rows], task, first_row=first + begin, sample_weight=own, missing=missing)
        except (TypeError, ValueError) as error:
            raise share.located(error, batch, task.first, begin) from None

    # not netlet's own threads: Dask's nannies have told it to use one
    threads = get_worker().state.nthreads
    bounds = [min(bound * sums.BLOCK_ROWS, len(x)) for bound in shares(blocks_of(len(x)), threads)]
    ranges = [(begin, end) for begin, end in itertools.pairwise(bounds) if begin < end]
    if len(ranges) == 1:
        return summed(*ranges[0])
    with ThreadPoolExecutor(len(ranges)) as pool:
        return combined(*pool.map(summed, *zip(*ranges)))


def check(share: Share, shell: Shell, batch_size: int, missing: Any, scaled: dict[str, bool]) -> None:
    """Refuse what a step would refuse, before there is any; `scaled`: what is finite on the network's scale, anyway."""
    network = _network(shell)
    for batch in share.places:
        x, y, weight, _ = share.of(batch)
        try:
            for name, values in (("x", x), ("y", y), ("sample_weight", weight)):
                if values is not None and not scaled[name]:
                    _refuse_infinite(name, converted(values, network.dtype) if values.dtype.kind == "f" else values)
            with thread_limit(1):
                network.loss(x, y, missing=missing)
        except (TypeError, ValueError) as error:
            raise share.located(error, batch, batch * batch_size) from None


def _refuse_infinite(name: str, values: Array) -> None:
    """Refuse numbers that the network's dtype cannot hold."""
    bad = _first_bad(name, values, "ignore")
    if bad is not None:
        expected, row, column, value = bad
        raise ValueError(
            f"{name}: expected {expected}, got {value:g} in row {row}, column {column} (as {values.dtype}, the "
            "network's dtype)"
        )


def combine(partials: Sequence[Any]) -> Any:
    """One partial sum of several."""
    return combined(*partials)
