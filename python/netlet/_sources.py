# SPDX-License-Identifier: BSD-3-Clause
"""Batches as they come: how they are read, weighted and put in another order."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _arguments as arguments
from ._data import RowSource, shown

if TYPE_CHECKING:
    Item = tuple[Any, Any, Any]
    Source = Callable[[], Iterable[Any]] | Iterable[Any]


def is_batch(item: Any) -> bool:
    """Whether it is (x, y) or (x, y, sample_weight) with a matrix x, so no row of numbers."""
    if not isinstance(item, (tuple, list)) or len(item) not in (2, 3):
        return False
    try:
        return np.ndim(item[0]) == 2
    except ValueError:  # rows of several lengths
        return False


def gives_batches(value: Any) -> bool:
    """Whether it is a source of batches rather than one (x, y)."""
    if isinstance(value, (tuple, list)):
        return len(value) > 0 and is_batch(value[0])
    array_like = hasattr(value, "__array__") or isinstance(value, (str, bytes, dict))
    return callable(value) or (isinstance(value, Iterable) and not array_like)


def require_source(batches: Any, name: str = "batches") -> None:
    """Refuse what gives no batches."""
    if not callable(batches) and not isinstance(batches, Iterable) and not hasattr(batches, "__getitem__"):
        raise TypeError(f"{name}: expected a function that returns an iterator, or an iterable, got {shown(batches)}")


def require_repeatable(batches: Any, passes: str, name: str = "batches") -> None:
    """Refuse an iterator that ends after one of several passes."""
    require_source(batches, name)
    if not callable(batches) and iter(batches) is batches:
        raise ValueError(
            f"{name}: expected a function that returns an iterator, or an iterable that can be repeated, since "
            f"{passes}, and an iterator ends after one; got {type(batches).__name__}"
        )


def begun(batches: Source, name: str = "batches") -> Iterator[Any]:
    """A new pass over the batches."""
    require_source(batches, name)
    if not callable(batches):
        return iter(batches)
    given: Any = batches()
    if not isinstance(given, Iterable) and not hasattr(given, "__getitem__"):
        raise TypeError(f"{name}: expected a function that returns an iterator, got one that returns {shown(given)}")
    return iter(given)


def of_network(batches: Any, network: Any, name: str = "batches") -> Any:
    """The batches of a `Batches` with its columns as the network knows them; others as they are."""
    if not isinstance(batches, RowSource) or network is None:
        return batches
    return batches._of(network._feature_names, name)


def rows_in(batches: Any) -> int:
    """How many rows they have in all; 0 if that is not known."""
    return int(batches.rows or 0) if isinstance(batches, RowSource) else 0


def numbered(batches: Iterator[Any]) -> Iterator[tuple[int, Any]]:
    """Each with its number; unlike `enumerate` it does not hold the last one while the next one is made."""
    return map(lambda number, item: (number, item), itertools.count(), batches)


def parts(item: Any, name: str, number: int, x_alone: bool) -> Item:
    """x, y and sample_weight, the last or the last two None if they are not given."""
    if x_alone and not isinstance(item, tuple):
        return item, None, None
    if not isinstance(item, (tuple, list)) or len(item) not in (2, 3):
        got = type(item).__name__
        if isinstance(item, (tuple, list)):
            got = f"a {got} of {len(item)}"
        raise ValueError(
            f"{name}: expected each to be a tuple (x, y) or (x, y, sample_weight), got {got} in batch {number}"
        )
    x, y, *weight = item
    return x, y, weight[0] if weight else None


def located(error: TypeError | ValueError, number: int | None, name: str = "batches") -> TypeError | ValueError:
    """What is wrong with the data of a batch, with its number; other errors as they are."""
    if not str(error).startswith(("x: ", "y: ", "sample_weight: ")):
        return error
    text = f"{'' if name == 'batches' else f'{name}: '}batch {number}: {error}"
    return TypeError(text) if isinstance(error, TypeError) else ValueError(text)


class Reader:
    """Called for one batch after another; None at the end of each pass.

    Parameters
    ----------
    batches : callable or iterable
    name : str
        The argument, for messages.
    network : Network, optional
        By whose names the columns of a `Batches` are read.
    x_alone : bool
        Whether a batch may be x without y.
    weigh : callable, optional
        The weights of a batch's rows, of y and its own weights.
    read : callable, optional
        What the core gets in place of y.
    order : callable, optional
        Puts the batches of a pass in another order, from pass number `ordered_from` on.
    shuffled : callable, optional
        Gives the batches of such a pass, in place of `batches`.
    keep_first : bool
        Whether the very first batch is to be copied, as it is used after others have been made.
    """

    batch: int | None = None  # the number of the last one, as its source counts; None at the end of a pass
    tick: Callable[[], None] | None = None  # called for each batch
    given: dict[str, Any] | None = None  # where the last batch is kept, for messages

    def __init__(
        self,
        batches: Source,
        name: str = "batches",
        *,
        network: Any = None,
        read: Callable[[Any], Any] | None = None,
        x_alone: bool = False,
        weigh: Callable[[Any, Any], Any] | None = None,
        order: Callable[[Iterator[Any]], Iterator[Any]] | None = None,
        shuffled: Callable[[], Iterator[Any]] | None = None,
        ordered_from: int = 0,
        keep_first: bool = False,
    ) -> None:
        require_source(batches, name)
        self._batches, self._name, self._x_alone = batches, name, x_alone
        self._read, self._keep_first, self._network = read, keep_first, network
        self._weigh, self._order, self._ordered_from = weigh, order, ordered_from
        self._shuffled = shuffled
        self._pass: Iterator[Any] | None = None  # as it was begun
        self._iterator: Iterator[Any] | None = None
        self._passes = 0

    def __call__(self) -> Item | None:
        """The next batch."""
        if self.tick is not None:
            self.tick()
        if self._iterator is None:
            self._begin()
            assert self._iterator is not None
        self._keep(None, None)  # before the next one is made
        self.batch = None
        try:
            self.batch, item = next(self._iterator)
        except StopIteration:
            self._iterator = self._pass = None
            return None
        x, y, weight = parts(item, self._name, self.batch, self._x_alone)
        self._keep(x, y)
        try:
            if y is not None and self._read is not None:
                y = self._read(y)
            if self._weigh is not None:
                weight = self._weigh(y, weight)
        except (TypeError, ValueError) as error:
            raise self.located(error) from None
        if self._keep_first:
            self._keep_first = False
            return _copy(x), _copy(y), _copy(weight)
        return x, y, weight

    def _begin(self) -> None:
        ordered = self._passes >= self._ordered_from
        if ordered and self._shuffled:
            self._pass = self._shuffled()
        else:
            self._pass = begun(of_network(self._batches, self._network, self._name), self._name)
        self._iterator = numbered(self._pass)
        if ordered and self._order:
            self._iterator = self._order(self._iterator)
        self._passes += 1

    def close(self) -> None:
        """End a pass that has not come to its end; an iterator that the caller made goes on."""
        begun: Any = self._pass
        self._pass = self._iterator = None
        if begun is not self._batches and hasattr(begun, "close"):
            begun.close()

    @property
    def rows(self) -> int:
        """How many there are in a pass; 0 if that is not known."""
        return rows_in(self._batches)

    def _keep(self, x: Any, y: Any) -> None:
        if self.given is not None:
            self.given.update({"x": x, "y": y} if self._name == "batches" else {self._name: (x, y)})

    def located(self, error: TypeError | ValueError) -> TypeError | ValueError:
        """What is wrong with the last batch, with its number."""
        return located(error, self.batch, self._name)

    def all(self) -> Iterator[Item]:
        """The batches of one pass."""
        with contextlib.closing(self):
            while (item := self()) is not None:
                yield item


def shuffled(size: Any, seed: int, network: Any) -> Callable[[Iterator[Any]], Iterator[Any]] | None:
    """The order that a shuffle buffer of that size gives to the batches of an epoch."""
    if size is None:
        return None
    size = arguments.integer("shuffle_buffer", size, 1, 2**63, "a positive integer or None")
    from .reference.generator import shuffled_batches

    def order(batches: Iterator[Any]) -> Iterator[Any]:
        kept = batches if size == 1 else map(_own, batches)
        return shuffled_batches(kept, size, seed, network.epochs_trained)

    return order


def _own(numbered_item: tuple[int, Any]) -> tuple[int, Any]:
    """A batch of copies, as its source may fill the same arrays again while the batch waits."""
    number, item = numbered_item
    return number, tuple(map(_copy, item)) if isinstance(item, (tuple, list)) else item


def _copy(part: Any) -> Any:
    """An array or a table that is its own; what cannot be filled again, such as Arrow's, stays as it is."""
    if isinstance(part, list):
        return [_copy(each) for each in part]
    for name in ("copy", "clone"):  # the latter is PyTorch's
        if hasattr(type(part), name):
            return getattr(part, name)()
    try:
        return part if isinstance(part, bytes) else np.array(memoryview(part))
    except (TypeError, ValueError, BufferError):  # it is no buffer
        return part
