# SPDX-License-Identifier: BSD-3-Clause
"""Labels and weights of classes, where no rank has read all targets."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _labels as labels
from .. import _passes as passes
from .. import _training as training
from .._data import real_array, texts
from .._names import LOSSES

if TYPE_CHECKING:
    import numpy.typing as npt

    from ._ranks import Ranks

    Array = npt.NDArray[Any]
    Read = Callable[[Array], Array]


def as_array(loss: str, y: Any, name: str = "y") -> Array:
    """Targets as an array: numbers or, where there are classes, text."""
    if "classes" not in LOSSES[loss]:
        return real_array(y, name)
    text = texts(y, name)
    return labels._numbers(y, name) if text is None else text


def reading(ranks: Ranks, network: Any, y: Array, missing: str) -> tuple[Read | None, Array | None]:
    """What turns targets into what the core gets, and the labels of the classes, if they are new.

    `y`: those of this rank. What has to be known of all targets, ranks tell each other.
    """
    of, outputs = LOSSES[network.loss_name].get("classes"), network.layer_sizes[-1]
    if of is None:
        return None, None
    if len(y):
        labels._check_columns(of, outputs, y)
    classes, learned = network._classes, None
    if classes is None:
        classes = learned = _learned(ranks, network, y)
    if classes is None:
        return None, None
    # numbers that some rank can only read as probabilities are probabilities on all
    if ranks.any(bool(len(y)) and y.dtype.kind != "U" and labels._are_probabilities(of, outputs, classes, y)):
        return None, learned
    return lambda rows: labels.indices(network, rows, missing, classes), learned


def _learned(ranks: Ranks, network: Any, y: Array) -> Array | None:
    """The labels that `fit` would learn of the targets of all ranks."""
    kind, values = ("", None) if not len(y) else (y.dtype.kind, None if y.dtype.kind == "f" else np.unique(y))
    found = [each for each in ranks.listed((kind, y.ndim, y.shape[1:], values)) if each[0]]
    kinds = {each[0] for each in found}
    if not found or "f" in kinds:
        return None  # as if they stood in one array
    if "U" in kinds and len(kinds) > 1:
        raise ValueError("y: expected labels of one kind on all ranks, got text on some and numbers on others")
    _, ndim, shape, _ = found[0]
    values = np.unique(np.concatenate([each[3] for each in found]))
    if ndim > 1:  # one value of each row, in each of its columns
        values = np.broadcast_to(values.reshape(-1, *(1 for _ in shape)), (len(values), *shape))
    trained = network.epochs_trained > 0
    return labels._learned(network.loss_name, network.layer_sizes[-1], trained, values)[1]


def weighing(
    ranks: Ranks, network: Any, y: Array, classes: Array | None, class_weight: Any, missing: Any
) -> Callable[[Array, Array | None], Array]:
    """The weights of rows, of their targets (as the core gets them) and their own weights.

    `y`: the targets of this rank, each of which is counted on one rank.
    """
    if classes is not None:
        class_weight = labels.weights_by_index(class_weight, classes)
    counts = passes.count_classes(network, y, missing) if len(y) else {}
    return passes.weighing(network, class_weight, ranks.gathered(counts, _added), missing)


def _added(a: dict[Any, int], b: dict[Any, int]) -> dict[Any, int]:
    for cls, count in b.items():
        a[cls] = a.get(cls, 0) + count
    return a


def chosen(ranks: Ranks, network: Any, y: Array, local: bool, share: Any, seed: int) -> Array:
    """Whether each of the rows is taken for validation by `validation_split`; with `local` each of this rank's rows."""
    classes = training._classes(network.loss_name, y) if len(y) else np.zeros(0)
    if not local:
        return training._chosen(classes, share, seed)
    parts = ranks.listed(classes)
    first = sum(map(len, parts[: ranks.rank]))
    return training._chosen(np.concatenate(parts), share, seed)[first : first + len(y)]
