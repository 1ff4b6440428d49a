# SPDX-License-Identifier: BSD-3-Clause
"""Labels of classes: text, booleans or numbers in place of the core's indices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._data import real_array, shown, texts
from ._features import listed
from ._names import LOSSES
from ._sources import gives_batches

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Array = npt.NDArray[Any]

_INT64 = np.iinfo(np.int64)

__all__ = ["checked", "for_training", "indices", "of_indices", "of_validation", "probabilities"]


def count_of(loss: str, outputs: int) -> int:
    """How many classes there are labels for; of several outputs that each say yes or no, two for all of them."""
    return outputs if LOSSES[loss].get("classes") == "row" else 2


def checked(value: Any, loss: str, outputs: int) -> Array:
    """Labels given by the caller, one for each class."""
    if "classes" not in LOSSES[loss]:
        raise ValueError(f"classes: expected None for {loss}, which has no classes")
    labels = texts(value, "classes")
    if labels is None:
        labels = _numbers(value, "classes", rows=False)
    count = count_of(loss, outputs)
    if labels.shape != (count,):
        each = f"of 0 and 1 under {loss}" if LOSSES[loss]["classes"] == "output" else "one for each output"
        got = len(labels) if labels.ndim == 1 else f"shape {labels.shape}"
        raise ValueError(f"classes: expected {count} labels, {each}, got {got}")
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise ValueError(f"classes: expected text, booleans or finite numbers, got {shown(labels.tolist())}")
    labels = _frozen(labels)
    items = labels.tolist()
    if len(set(items)) < count:
        twice = next(item for item in items if items.count(item) > 1)
        raise ValueError(f"classes: expected each label once, got {shown(twice)} again")
    return labels


def _frozen(labels: Array) -> Array:
    """As they are after a file: text of its length, float64, booleans or int64; uint64 where that is too small."""
    if labels.dtype.kind == "f":
        labels = labels.astype(np.float64)
    items = labels.tolist()
    large = labels.dtype.kind == "u" and max(items, default=0) > _INT64.max
    array = np.array(items, np.uint64) if large else np.array(items)
    array.flags.writeable = False
    return array


def _numbers(value: Any, name: str, *, rows: bool = True) -> Array:
    """The same as `real_array`, but integers of which NumPy makes floats, as some are beyond int64, stay integers."""
    array = real_array(value, name, rows=rows)
    if array.dtype != np.float64 or (isinstance(value, np.ndarray) and value.dtype.kind == "f"):
        return array
    if not (np.abs(array) >= 2.0**63).any():
        return array
    exact = np.array(value, dtype=object)
    items = exact.ravel().tolist()
    if not all(isinstance(item, (int, np.integer)) for item in items):
        return array
    least, most = min(items), max(items)
    if least >= _INT64.min and most <= _INT64.max:
        return exact.astype(np.int64)
    if least < 0 or most > np.iinfo(np.uint64).max:
        raise ValueError(f"{name}: expected integers of 64 bits, got values from {least} to {most}")
    return exact.astype(np.uint64)


def for_training(
    network: Any, y: Any, validation_data: Any, class_weight: Any, missing: str
) -> tuple[Any, Any, Any, Array | None]:
    """What `fit` gets, by index; and the labels of the classes, if they are new."""
    classes = network._classes
    if classes is not None:
        y, learned = indices(network, y, missing), None
    else:
        y, learned = _learned(network.loss_name, network.layer_sizes[-1], network.epochs_trained > 0, y)
        classes = learned
    if classes is not None:
        validation_data = of_validation(network, validation_data, missing, classes)
        class_weight = weights_by_index(class_weight, classes)
    return y, validation_data, class_weight, learned


def _learned(loss: str, outputs: int, trained: bool, y: Any) -> tuple[Any, Array | None]:
    """What is to be read in place of `y`, and the labels of the classes that it has, sorted.

    None: it has numbers that the core reads by themselves, and says what is wrong with them.
    """
    of = LOSSES[loss]["classes"]
    if type(y) is np.ndarray and y.dtype.kind == "f":
        _check_columns(of, outputs, y)
        return y, None
    values = texts(y, "y")
    if values is None:
        try:
            values = _numbers(y, "y")
        except (TypeError, ValueError):
            return y, None
        if trained or values.size == 0 or not _has_labels(of, outputs, values):
            _check_columns(of, outputs, values)
            return values, None
    elif trained:
        raise ValueError(
            "y: expected what the network was trained on before, got text; net.classes gives classes names"
        )
    shaped = _shaped(of, outputs, values)
    classes = np.array([False, True]) if shaped.dtype.kind == "b" else np.unique(shaped)
    count = count_of(loss, outputs)
    if len(classes) != count:
        if values.dtype.kind != "U":
            return values, None
        raise ValueError(
            f"y: expected {count} classes, one for each output, got {len(classes)} ({listed(classes.tolist())})"
            + ("; classes=[...] names those that y lacks" if len(classes) < count else "")
            if of == "row"
            else f"y: expected 2 classes under {loss}, got {len(classes)} ({listed(classes.tolist())})"
        )
    classes = _frozen(classes)
    return _found(classes, shaped), classes


def _has_labels(of: str, outputs: int, values: Array) -> bool:
    """Whether numbers are something else than what the core reads: indices, probabilities, 0 and 1."""
    if of == "row" and values.ndim != 1:
        return False
    if values.dtype.kind == "b":
        return of == "output" or outputs == 2
    return values.dtype.kind in "iu" and not (values.min() >= 0 and values.max() < (outputs if of == "row" else 2))


def _shaped(of: str, outputs: int, values: Array) -> Array:
    """Labels in the shape of the core's indices: a vector, where each row has one class."""
    _check_columns(of, outputs, values)
    if of == "row" and values.ndim == 2 and values.shape[1] == 1 and outputs > 1:
        values = values[:, 0]
    if of == "row" and values.ndim > 1:
        raise ValueError(
            f"y: expected labels of shape (rows,), or probabilities of shape ({len(values)}, {outputs}), got shape "
            f"{values.shape}"
        )
    return values


def _check_columns(of: str, outputs: int, values: Array) -> None:
    """Refuse one column for several outputs of yes or no, which need one each: its classes exclude each other."""
    is_column = values.ndim == 1 or (values.ndim == 2 and values.shape[1] == 1)
    if of == "output" and outputs > 1 and is_column and len(values) != outputs:  # that may be one row
        raise ValueError(
            f"y: expected shape ({len(values)}, {outputs}), a yes or no for each output, got {values.shape}; for two "
            "classes binary_cross_entropy needs one output, for several that exclude each other use cross_entropy"
        )


def indices(network: Any, y: Any, missing: str, classes: Array | None = None) -> Any:
    """The core's numbers for the labels in `y`; probabilities as they are. `classes`: by default the network's."""
    classes = network._classes if classes is None else classes
    of, outputs = LOSSES[network.loss_name]["classes"], network.layer_sizes[-1]
    values = texts(y, "y")
    if values is None:
        values = _numbers(y, "y")
        if _are_probabilities(of, outputs, classes, values):
            return values
    values = _shaped(of, outputs, values)
    there = ~np.isnan(values) if values.dtype.kind == "f" else None
    if of == "row" and there is not None and not there.all():
        raise ValueError(
            f"y: expected one of the classes {listed(classes.tolist())}, got nan in row {int(there.argmin())}; labels "
            "cannot be missing here: leave out rows without a class, or give them the weight 0"
        )
    if of == "output" and missing == "ignore" and there is not None:
        result = np.full(values.shape, np.nan)
        result[there] = _found(classes, values[there])
        return result
    return _found(classes, values)


def reading(network: Any, missing: str) -> Callable[[Any], Any]:
    """A function for `y` of batches; the network may have no labels yet."""
    return lambda y: y if network._classes is None else indices(network, y, missing)


def _are_probabilities(of: str, outputs: int, classes: Array, values: Array) -> bool:
    """Whether numbers are probabilities, as without labels; the core says what is wrong with them."""
    if of == "row" and values.ndim == 2 and values.shape[1] == outputs > 1:
        return True
    if values.dtype.kind != "f":
        return False
    if of == "output":
        return classes.dtype.kind == "U" or classes.tolist() == [0, 1]
    return classes.dtype.kind == "U" or not np.isin(values[~np.isnan(values)], classes).all()


def _found(classes: Array, values: Array) -> Array:
    """The position of each value among the classes."""
    sought = classes
    if (classes.dtype.kind == "U") == (values.dtype.kind == "U"):
        if classes.dtype.kind == "b":
            sought = classes.astype(np.int64)
        same, fits = values, np.full(values.shape, True)
        if sought.dtype.kind in "iu" and values.dtype.kind in "uif" and values.dtype != sought.dtype:
            same, fits = _as_integers(values, sought.dtype)
        order = np.argsort(sought)
        place = order[np.minimum(np.searchsorted(sought, same, sorter=order), len(classes) - 1)]
        wrong = (sought[place] != same) | ~fits
    else:
        place, wrong = np.zeros(values.shape, int), np.full(values.shape, True)
    if np.any(wrong):
        position = [int(i) for i in np.unravel_index(np.argmax(wrong), np.shape(wrong))]
        where = "".join(f"{text} {i}" for text, i in zip((" in row", ", column"), position))
        got = shown(values[tuple(position)].item())
        names = (
            classes.dtype.kind == "U" and values.dtype.kind in "iu" and 0 <= values.min() <= values.max() < len(classes)
        )
        hint = "; net.classes[y] are the labels of indices" if names else ""
        raise ValueError(f"y: expected one of the classes {listed(classes.tolist())}, got {got}{where}{hint}")
    return place


def _as_integers(values: Array, dtype: Any) -> tuple[Array, Array]:
    """Numbers in a dtype of integers, exactly; and which of them it has. NumPy compares int64 and uint64 as floats."""
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    if values.dtype.kind == "f":  # in which the largest is rounded up
        fits = (values >= float(least)) & (values < float(most)) & (values == np.floor(values))
    else:
        fits = (values >= least) & (values <= most)
    return np.where(fits, values, np.zeros((), values.dtype)).astype(dtype), fits


def of_validation(network: Any, validation_data: Any, missing: str, classes: Array | None = None) -> Any:
    """The same for validation data, if it is a tuple; batches are read later."""
    if (
        gives_batches(validation_data)
        or not isinstance(validation_data, (tuple, list))
        or len(validation_data) not in (2, 3)
    ):
        return validation_data
    x, y, *weight = validation_data
    try:
        return (x, indices(network, y, missing, classes), *weight)
    except (TypeError, ValueError) as error:
        raise type(error)(f"validation_data: {error}") from None


def of_indices(network: Any, values: Array) -> Array:
    """The labels of predicted indices, or of targets."""
    of = LOSSES[network.loss_name]["classes"]
    index = values.astype(np.intp) if of == "row" else (values > 0.5).astype(np.intp)
    return np.asarray(network._classes[index])


def weights_by_index(class_weight: Any, classes: Array) -> Any:
    """Weights by label as weights by index."""
    if not isinstance(class_weight, dict):
        return class_weight
    labels = classes.tolist()
    for key in class_weight:
        if key not in labels:
            raise ValueError(
                f"class_weight: expected the classes {listed(labels)} (the network's labels, not indices), got "
                f"{shown(key)}"
            )
    return {labels.index(key): weight for key, weight in class_weight.items()}


def probabilities(loss: str, outputs: Array) -> Array:
    """One for each class; under binary_cross_entropy with one output those of no and of yes."""
    of = LOSSES[loss].get("classes")
    if not of:
        raise ValueError(
            f"predict_proba: expected a network with classes, got one of the loss {loss}; forward gives outputs"
        )
    if of == "output" and outputs.shape[-1] == 1:
        return np.concatenate([1 - outputs, outputs], axis=-1)
    return outputs
