# SPDX-License-Identifier: BSD-3-Clause
"""Passes over batches before the first epoch, and what the core is told of the batches."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _arguments as arguments
from . import _labels as labels
from . import _training as training
from ._data import RowSource
from ._features import listed
from ._sources import Reader, of_network, require_repeatable, shuffled

if TYPE_CHECKING:
    import numpy.typing as npt

    from ._names import MissingName
    from ._sources import Source

    Look = Callable[[str, int], None]  # what is done, on how many rows


class Sum:
    """A sum of numbers that come in parts, in the core's order: within blocks of rows, the blocks in the tree."""

    def __init__(self) -> None:
        self.count = 0
        self._rest = np.empty(0)
        self._subtrees: list[float | None] = []  # of 1, 2, 4, ... blocks

    def add(self, values: npt.NDArray[np.float64]) -> None:
        """Add numbers, one after the other."""
        self.count += len(values)
        values = np.concatenate([self._rest, values])
        whole = len(values) // 256 * 256
        self._rest = values[whole:]
        for block in np.add.accumulate(values[:whole].reshape(-1, 256), axis=1)[:, -1].tolist():
            self._push(block)

    def _push(self, total: float) -> None:
        for level, before in enumerate(self._subtrees):
            if before is None:
                self._subtrees[level] = total
                return
            self._subtrees[level] = None
            total = before + total
        self._subtrees.append(total)

    def total(self) -> float:
        """All of them; none may follow."""
        if len(self._rest):
            self._push(float(np.add.accumulate(self._rest)[-1]))
            self._rest = np.empty(0)
        total: float | None = None
        for subtree in self._subtrees:
            if subtree is not None:
                total = subtree if total is None else subtree + total
        return 0.0 if total is None else total


def class_weights(
    network: Any, class_weight: Any, batches: Source, missing: MissingName, look: Look | None
) -> Callable[[Any, Any], Any]:
    """The weights of a batch's rows, of y and its own weights; classes are counted in a pass over the batches."""
    if network._classes is not None:
        class_weight = labels.weights_by_index(class_weight, network._classes)
    counts: dict[Any, int] = {}
    reader = Reader(batches, network=network, read=labels.reading(network, missing))
    for _, y, _ in reader.all():
        try:
            found = count_classes(network, y, missing)
        except (TypeError, ValueError) as error:
            raise reader.located(error) from None
        for cls, count in found.items():
            counts[cls] = counts.get(cls, 0) + count
        if look:
            look("counting classes", sum(counts.values()))
    return weighing(network, class_weight, counts, missing)


def count_classes(network: Any, y: Any, missing: MissingName) -> dict[Any, int]:
    """How many rows there are of each class."""
    classes, there = training.classes_of_rows(network.loss_name, network.layer_sizes[-1], y, missing)
    there &= np.isfinite(classes)
    return dict(zip(*(part.tolist() for part in np.unique(classes[there], return_counts=True))))


def weighing(
    network: Any, class_weight: Any, counts: dict[Any, int], missing: MissingName
) -> Callable[[Any, Any], Any]:
    """The weights of rows, of y and their own weights; `counts`: how many rows there are of each class, in all."""
    loss, outputs = network.loss_name, network.layer_sizes[-1]
    given = isinstance(class_weight, dict)  # and not made of the counts
    known = np.array(sorted({*counts, *(range(training.class_count(loss, outputs)) if given else ())}))
    weights = training.weights_by_class(
        loss, outputs, class_weight, known, np.array([counts.get(cls, 0) for cls in known.tolist()], int)
    )

    def weigh(y: Any, sample_weight: Any) -> Any:
        classes, there = training.classes_of_rows(loss, outputs, y, missing)
        sought = classes[there]
        place = np.searchsorted(known, sought)
        found = np.append(known, np.nan)[place] == sought
        new = sought[~found & np.isfinite(sought)]  # the core says what is wrong with others
        if not given and len(new):
            raise ValueError(f"y: expected the classes that were counted ({said(known)}), got {said(new[:1])}")
        own = np.ones(len(classes))
        own[there] = np.where(found, np.append(weights, 1.0)[place], 1.0)
        return training.times_own(own, sample_weight)

    def said(classes: Any) -> str:
        named = network._classes is not None and not np.any(classes % 1)
        return listed((network._classes[classes.astype(np.intp)] if named else classes).tolist()) or "none"

    return weigh


def mean_weight(reader: Reader, dtype: Any, look: Look | None) -> float | None:
    """The mean weight of all rows, as `fit` computes it; None without a row."""
    sums = Sum()
    for _, _, weight in reader.all():
        with np.errstate(all="ignore"):
            values = np.asarray(weight, dtype).astype(np.float64)
            try:
                _check_weights(values, f" (as {dtype}, the network's dtype)" if dtype == np.float32 else "")
            except ValueError as error:
                raise reader.located(error) from None
            sums.add(values)
        if look:
            look("adding up weights", sums.count)
    if not sums.count:
        return None
    total = sums.total()
    mean = total / sums.count
    with np.errstate(all="ignore"):
        if total and not (np.isfinite(dtype.type(total)) and dtype.type(mean) > 0):
            raise ValueError(
                f"sample_weight: expected a number that {dtype} can hold, also times the number of rows, got the mean "
                f"{mean:g}"
            )
    return mean


def _check_weights(values: npt.NDArray[np.float64], seen: str) -> None:
    """Refuse what the core refuses, in its words, before it is in a mean; `seen`: how it sees them."""
    for wrong, expected, end in ((~np.isfinite(values), "finite numbers", seen), (values < 0, "weights >= 0", "")):
        if wrong.any():
            row = int(wrong.argmax())
            raise ValueError(f"sample_weight: expected {expected}, got {values[row]:g} in row {row}, column 0{end}")


def _of_epoch(batches: RowSource, seed: int, network: Any) -> Any:
    return of_network(batches, network).shuffled(seed, network.epochs_trained)


def of_epochs(
    network: Any,
    batches: Any,
    *,
    epochs: Any,
    seed: int | None,
    standardize: training.Standardize,
    class_weight: Any,
    shuffle_buffer: int | None,
    weight_mean: Any,
    missing: MissingName,
    look: Look | None,
    given: dict[str, Any],
) -> dict[str, Any]:
    """What the core is told of the batches: where they come from, and what passes before the first epoch found."""
    scalings = training.standardize(network.loss_name, standardize)
    learned = (scalings["standardize_inputs"] and network.input_scaling is None) or (
        scalings["standardize_outputs"] and network.output_scaling is None
    )
    why = {
        "standardize passes over them twice before the first epoch": learned,
        "class_weight passes over them before the first epoch": class_weight is not None,
        "each epoch passes over them": epochs != 1,
    }
    for reason, wanted in why.items():
        if wanted:
            require_repeatable(batches, reason)
    own = network.seed if seed is None else arguments.seed(seed)
    order = shuffled(shuffle_buffer, own, network)
    of_epoch = None
    if isinstance(batches, RowSource):
        of_epoch = partial(_of_epoch, batches, own, network)
    weigh = None
    if class_weight is not None:
        weigh = class_weights(network, class_weight, batches, missing, look)
        if weight_mean is None and network.reduction == "mean":
            reader = Reader(batches, network=network, read=labels.reading(network, missing), weigh=weigh)
            weight_mean = mean_weight(reader, network.dtype, look) or None
    reader = Reader(
        batches,
        network=network,
        read=labels.reading(network, missing),
        weigh=weigh,
        order=order,
        shuffled=of_epoch,
        ordered_from=2 if learned else 0,
    )
    reader.given = given
    return {"next_batch": reader, "weight_mean": weight_mean, **scalings}
