# SPDX-License-Identifier: BSD-3-Clause
"""Batches of rows from files, arrays or a function, for data larger than memory."""

from __future__ import annotations

import contextlib
import copy
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from . import _arguments as arguments
from . import _blocks as blocks
from . import _rows as rows_of
from ._arguments import hinted, with_hints
from ._data import RowSource, flag
from ._sources import require_repeatable

if TYPE_CHECKING:
    from typing import Literal

    import numpy.typing as npt
    from typing_extensions import Self

    Array = npt.NDArray[Any]
    Path = str | os.PathLike[str]
    Paths = Path | Sequence[Path]

__all__ = ["Batches"]


@hinted
class Batches(RowSource):
    """Rows in batches of equally many, read from files, arrays or a function, while the network computes.

    It can be passed over repeatedly, and is taken by `Network.fit_batches`, `evaluate`, `predict`, `learn_scaling` and
    as `validation_data`. The rows are regrouped across files, so that bits do not depend on how the data is cut. A
    thread reads the next rows meanwhile; what it raises comes out of the call, and it ends with the pass. Iterating
    over a `Batches` gives tuples (x, y) or (x, y, sample_weight) of arrays, or x alone if there is no y.

    Parameters
    ----------
    batches : callable or iterable
        A function that returns an iterator over (x, y), (x, y, sample_weight) or x, such as a generator function, or an
        iterable that can be iterated over repeatedly; of any numbers of rows. Other sources: `from_parquet`,
        `from_csv`, `from_arrays`.
    batch_size : int
        Rows in a batch; the last one of a pass may have fewer.
    shuffle_window : int, optional
        Shuffle the rows of each epoch of training within windows of so many rows, one window after the other; three of
        them are in memory. The order depends only on the seed, the epoch and this number. A window of all rows gives
        the order of `Network.fit`.
    rows : int, optional
        How many there are in all, if that is known: for the display of progress, and for `netlet.mpi` and
        `netlet.dask`, which need it.
    read_ahead : bool, default True
        Whether a thread reads; if not, the thread that trains does.

    Examples
    --------
    >>> import numpy as np
    >>> from netlet import Batches, Network
    >>> def months():
    ...     for days in (31, 28, 31):
    ...         yield np.full((days, 2), 0.5), np.ones(days)
    >>> batches = Batches(months, batch_size=40)
    >>> [len(x) for x, y in batches]
    [40, 40, 10]
    >>> net = Network([2, 1], loss="binary_cross_entropy", seed=0)
    >>> history = net.fit_batches(batches, epochs=2)
    >>> net.predict(batches).shape
    (90,)
    """

    _source: Any

    def __init__(
        self,
        batches: Callable[[], Iterable[Any]] | Iterable[Any],
        *,
        batch_size: int,
        shuffle_window: int | None = None,
        rows: int | None = None,
        read_ahead: bool = True,
    ) -> None:
        require_repeatable(batches, "a Batches can be passed over repeatedly")
        if rows is not None:
            rows = arguments.integer("rows", rows, 0, 2**63, "a number of rows or None")
        self._begin(rows_of.Function(batches, rows), batch_size, shuffle_window, read_ahead)

    def _begin(self, source: Any, batch_size: Any, shuffle_window: Any, read_ahead: Any) -> None:
        self._source = source
        self._batch_size = arguments.integer("batch_size", batch_size, 1, 2**63, "a positive integer")
        if shuffle_window is not None:
            shuffle_window = arguments.integer("shuffle_window", shuffle_window, 1, 2**63, "a positive integer or None")
        self._window: int | None = shuffle_window
        self._read_ahead = flag("read_ahead", read_ahead)
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._next = (0, 0)  # the row with which `_pieces` goes on, in the process that began to read them
        self._pieces: Iterator[Any] | None = None
        self._rest: Any = None

    @classmethod
    def _made(cls, source: Any, *options: Any) -> Self:
        self = cls.__new__(cls)
        self._begin(source, *options)
        return self

    @classmethod
    @with_hints
    def from_parquet(
        cls,
        paths: Paths,
        *,
        y: str | Sequence[str] | None = None,
        x: Sequence[str] | None = None,
        sample_weight: str | None = None,
        nulls: Literal["refuse", "nan"] = "refuse",
        batch_size: int,
        shuffle_window: int | None = None,
        read_ahead: bool = True,
    ) -> Self:
        """Read columns of Parquet files, one record batch after the other; needs PyArrow.

        Parameters
        ----------
        paths : path, or sequence of paths
            Files, folders of files ``*.parquet``, and patterns such as ``"data/*.parquet"``; they are read in the order
            given, those of a folder or a pattern by name. All have the same columns, in any order.
        y : str or sequence of str, optional
            The targets: the name of a column gives y of shape (rows,), of numbers or labels; a list gives (rows,
            outputs). None: batches are x alone, to predict.
        x : sequence of str, optional
            The inputs; by default all other columns, in the order of the first file, or by the `feature_names` of the
            network.
        sample_weight : str, optional
            The column of weights.
        nulls : {"refuse", "nan"}
            ``"nan"``: null becomes NaN, for targets that may be missing. ``"refuse"``: it is an error.
        batch_size, shuffle_window, read_ahead
            As in `Batches`.

        Raises
        ------
        ValueError, TypeError, OSError
            If a file cannot be read, lacks a column, has others, or has columns that are not numbers.

        Examples
        --------
        >>> import pyarrow as pa, pyarrow.parquet as pq
        >>> from netlet import Batches
        >>> pq.write_table(pa.table({"mass": [1.0, 2.0, 3.0], "speed": [3, 1, 2], "price": [5, 6, 7]}), "cars.parquet")
        >>> batches = Batches.from_parquet("cars.parquet", y="price", batch_size=2)
        >>> batches.rows, batches.columns
        (3, ['mass', 'speed'])
        >>> next(iter(batches))
        (array([[1., 3.],
               [2., 1.]]), array([5, 6]))
        """
        files = rows_of.in_folders(rows_of.paths_of(paths), ".parquet")
        source = rows_of.Parquet(files, x, y, sample_weight, nulls)
        return cls._made(source, batch_size, shuffle_window, read_ahead)

    @classmethod
    @with_hints
    def from_csv(
        cls,
        paths: Paths,
        *,
        y: str | Sequence[str] | None = None,
        x: Sequence[str] | None = None,
        sample_weight: str | None = None,
        nulls: Literal["refuse", "nan"] = "refuse",
        batch_size: int,
        shuffle_window: int | None = None,
        read_ahead: bool = True,
        read_options: Any = None,
        parse_options: Any = None,
        convert_options: Any = None,
    ) -> Self:
        r"""Read columns of CSV files, also compressed ones, one block of lines after the other; needs PyArrow.

        Numbers are read as float64.

        Parameters
        ----------
        paths, y, x, sample_weight, nulls
            As in `from_parquet`; folders have files ``*.csv``. An empty field is null, and so
            is one such as ``NA``, also of text: see `convert_options`.
        batch_size, shuffle_window, read_ahead
            As in `Batches`.
        read_options, parse_options, convert_options : optional
            Those of ``pyarrow.csv.open_csv``: names of columns, the delimiter, what counts as null, ...

        Raises
        ------
        ValueError, TypeError, OSError
            As in `from_parquet`.

        Examples
        --------
        >>> from pathlib import Path
        >>> from netlet import Batches
        >>> _ = Path("cars.csv").write_text("mass,speed,price\n1,3,5\n2,1,6\n3,2,7\n")
        >>> for x, y in Batches.from_csv("cars.csv", y="price", batch_size=2):
        ...     print(x.shape, y)
        (2, 2) [5. 6.]
        (1, 2) [7.]
        """
        options = {"read_options": read_options, "parse_options": parse_options, "convert_options": convert_options}
        files = rows_of.in_folders(rows_of.paths_of(paths), ".csv")
        source = rows_of.CSV(files, x, y, sample_weight, nulls, **options)
        return cls._made(source, batch_size, shuffle_window, read_ahead)

    @classmethod
    @with_hints
    def from_arrays(
        cls,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        batch_size: int,
        shuffle_window: int | None = None,
        read_ahead: bool = True,
    ) -> Self:
        """Read arrays, memory maps, or NumPy files.

        Parameters
        ----------
        x, y, sample_weight : array_like, path, or sequence of paths
            As in `Network.fit`. Paths and patterns of ``.npy`` files, or folders of them, are opened as memory maps,
            one after the other. Other objects that have a shape and give rows to slices, such as data sets of h5py, are
            read a few rows at a time, too.
        batch_size, shuffle_window, read_ahead
            As in `Batches`.

        Raises
        ------
        ValueError, TypeError, OSError
            If the arrays do not fit together, or a file cannot be read.

        Examples
        --------
        >>> import numpy as np
        >>> from netlet import Batches
        >>> np.save("x.npy", np.arange(10.0).reshape(5, 2))
        >>> batches = Batches.from_arrays("x.npy", np.ones(5), batch_size=3)
        >>> len(batches), batches.rows
        (2, 5)
        """
        return cls._made(rows_of.Arrays(x, y, sample_weight), batch_size, shuffle_window, read_ahead)

    @property
    def batch_size(self) -> int:
        """Rows in a batch."""
        return self._batch_size

    @property
    def shuffle_window(self) -> int | None:
        """Rows that are shuffled together in training, or None."""
        return self._window

    @property
    def rows(self) -> int | None:
        """Rows in all; None if that is not known, as of CSV files before the first pass."""
        return self._source.rows  # type: ignore[no-any-return]

    @property
    def columns(self) -> list[str] | None:
        """The names of the inputs, if they have any."""
        return None if self._source.columns is None else list(self._source.columns)

    def __len__(self) -> int:
        """The number of batches."""
        if self.rows is None:
            raise TypeError("the number of batches is not known before the first pass")
        return -(-self.rows // self._batch_size)

    def __repr__(self) -> str:
        known = "" if self.rows is None else f"{self.rows:,} rows, "
        window = "" if self._window is None else f", shuffle_window={self._window}"
        return f"<Batches of {type(self._source).__name__}: {known}batch_size={self._batch_size}{window}>"

    def __iter__(self) -> Iterator[Any]:
        """Pass over all rows in their order."""
        return self._pass(None)

    def shuffled(self, seed: int, epoch: int) -> Iterator[Any]:
        """Pass over all rows as training does in an epoch: shuffled within `shuffle_window`, if there is one.

        Parameters
        ----------
        seed : int
        epoch : int
            Counted from 0 over the network's life.

        Examples
        --------
        >>> import numpy as np
        >>> from netlet import Batches
        >>> batches = Batches.from_arrays(np.arange(7)[:, None], batch_size=4, shuffle_window=4)
        >>> [x.ravel().tolist() for x in batches.shuffled(seed=0, epoch=0)]
        [[3, 1, 0, 2], [6, 4, 5]]
        """
        seed = arguments.seed(seed)
        epoch = arguments.integer("epoch", epoch, 0, 2**63, "0 or more")
        return self._pass(None if self._window is None else (seed, epoch))

    def _pass(self, key: tuple[int, int] | None) -> Iterator[Any]:
        stopped = threading.Event()
        pieces = blocks.unless(stopped, self._source.pieces())
        found = blocks.blocks(pieces, self._batch_size, self.rows, self._window, key)
        if self._read_ahead:
            found = blocks.read_ahead(found, 2 if key is None else 1, stopped)
        with contextlib.closing(found):
            for x, y, weight in blocks.cut(found, self._batch_size):
                item: Any = x if y is None and weight is None else (x, y) if weight is None else (x, y, weight)
                del x, y, weight
                yield item
                del item

    def read(self, start: int, stop: int) -> tuple[Array, Array | None, Array | None]:
        """Read the rows from `start` up to, but not including, `stop`: x, y and sample_weight, None if there is none.

        Arrays and memory maps are read there alone, Parquet files from the beginning of a row group on, CSV files and
        functions from their beginning on, except where the last call ended.

        Parameters
        ----------
        start, stop : int

        Raises
        ------
        IndexError
            If there are not so many rows.

        Examples
        --------
        >>> import numpy as np
        >>> from netlet import Batches
        >>> Batches.from_arrays(np.eye(3), [1, 2, 3], batch_size=1).read(1, 3)[1]
        array([2, 3])
        """
        start = arguments.integer("start", start, 0, 2**63, "0 or more")
        stop = arguments.integer("stop", stop, start, 2**63, f"{start} or more")
        if self.rows is not None and stop > self.rows:
            raise IndexError(f"stop: expected at most {self.rows}, the number of rows, got {stop}")
        with self._lock:
            if start == stop:  # what empty arrays look like
                if self.rows == 0:
                    raise IndexError("start: expected rows, of which there are none")
                first = min(start, (self.rows or 1) - 1)
                x, y, weight = self._read(first, first + 1)
                return x[:0], y if y is None else y[:0], weight if weight is None else weight[:0]
            return self._read(start, stop)

    def _read(self, start: int, stop: int) -> tuple[Array, Array | None, Array | None]:
        if self._pieces is None or self._next != (start, os.getpid()):
            self._pieces, self._rest = self._source.pieces(start), None
        pieces, rest = self._pieces, self._rest
        self._pieces = None  # if it fails
        collected = blocks.Collected(stop - start)
        while left := stop - start - collected.rows:
            piece = rest if rest is not None else next(pieces, None)
            if piece is None:
                raise IndexError(f"stop: expected at most {stop - left}, the number of rows, got {stop}")
            collected.add(piece, 0, min(left, len(piece[0])))
            over = len(piece[0]) > left
            rest = tuple(part if part is None else part[left:] for part in piece) if over else None
        self._pieces, self._rest, self._next = pieces, rest, (stop, os.getpid())
        return collected.block(None)

    def _of(self, columns: Sequence[str] | None, name: str) -> Batches:
        """The same rows with these inputs; `name`: the argument, for messages."""
        if columns is None:
            return self
        result = copy.copy(self)
        result._source = rows_of.select(self._source, list(columns), name)
        return result

    def __getstate__(self) -> dict[str, Any]:
        """Without what is being read."""
        return {key: value for key, value in vars(self).items() if key not in ("_lock", "_pieces", "_rest", "_next")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._reset()
