# SPDX-License-Identifier: BSD-3-Clause
"""What `Network.fit` and `fit_batches` may do between epochs, besides functions of your own: ``callbacks=[...]``.

A callback is a function ``f(epoch, history)``, or an object with a method ``on_epoch(epoch, history, network)``, such
as those of this module and of subclasses of `Callback`. A true result ends training; all callbacks of the epoch are
still called. Epochs are counted from 0 over the network's life, and callbacks take no part in an epoch's time.

Examples
--------
>>> from netlet import Network
>>> from netlet.callbacks import StopAt
>>> net = Network([2, 3, 1], seed=0)
>>> history = net.fit([[0, 1], [1, 1]], [1, 0], epochs=10_000, learning_rate=1, callbacks=[StopAt(loss=0.01)])
>>> bool(history.loss[-1] < 0.01), len(history) < 10_000
(True, True)
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from . import _core
from ._arguments import integer
from ._data import flag, number, shown

if TYPE_CHECKING:
    import threading

    from .history import History
    from .optimizers import Optimizer

    Function = Callable[[int, History], object]
    Path = str | os.PathLike[str]

__all__ = ["CSVLog", "Callback", "Checkpoint", "LivePlot", "StopAt"]


class Callback:
    """What may be called in the course of a training; override what is needed."""

    def on_begin(self, network: Any, optimizer: Optimizer) -> None:
        """Called before the first epoch."""

    def on_epoch(self, epoch: int, history: History, network: Any) -> object:
        """Called after each epoch; a true result ends training.

        Parameters
        ----------
        epoch : int
            Counted from 0 over the network's life.
        history : History
            Of this call of `fit` so far.
        network : Network
            May be evaluated, and its parameters written to.
        """

    def on_end(self, history: History, network: Any) -> None:
        """Called at the end, however training ends."""


class StopAt(Callback):
    """Ends training once a figure is good enough, or after a time.

    Parameters
    ----------
    seconds : float, optional
        Since the training began; looked at after each epoch.
    **figures : float
        Names of the history's figures, such as ``loss``, ``validation_loss`` or ``validation_accuracy``: training ends
        when one has reached its value. Losses, and other figures whose names end in ``loss``, ``rmse`` or ``mae``, fall
        to it; all others rise to it.

    Raises
    ------
    ValueError, TypeError
        If nothing is given, or what is given is not a number; in training, if there is no such figure.
    """

    def __init__(self, *, seconds: float | None = None, **figures: float) -> None:
        if seconds is None and not figures:
            raise ValueError("StopAt: expected seconds, or the value of a figure such as loss, got nothing")
        self._seconds = None if seconds is None else number(seconds, "seconds")
        self._figures = {name: number(value, name) for name, value in figures.items()}
        self._begin = time.monotonic()

    def on_begin(self, network: Any, optimizer: Optimizer) -> None:
        """Start the clock."""
        self._begin = time.monotonic()

    def on_epoch(self, epoch: int, history: History, network: Any) -> bool:
        """Compare the figures with their values."""
        for name, value in self._figures.items():
            falls = name.endswith(("loss", "rmse", "mae"))
            last = history[name][-1]
            if last <= value if falls else last >= value:
                return True
        return self._seconds is not None and time.monotonic() - self._begin >= self._seconds


class CSVLog(Callback):
    """Writes a line for each epoch to a CSV file, as it ends.

    Parameters
    ----------
    path : str or path-like
    append : bool, default False
        Add to a file that is already there, in place of replacing it.
    """

    def __init__(self, path: Path, *, append: bool = False) -> None:
        self._path, self._append = os.fspath(path), flag("append", append)
        self._file: Any = None

    def on_begin(self, network: Any, optimizer: Optimizer) -> None:
        """Open the file."""
        self._file = open(self._path, "a" if self._append else "w", encoding="ascii", newline="\n")  # noqa: SIM115, PTH123

    def on_epoch(self, epoch: int, history: History, network: Any) -> None:
        """Write a line; before the first one, the names."""
        if self._file.tell() == 0:
            self._file.write(",".join(["epoch", *history]) + "\n")
        self._file.write(",".join([str(epoch), *(repr(float(history[name][-1])) for name in history)]) + "\n")
        self._file.flush()

    def on_end(self, history: History, network: Any) -> None:
        """Close the file."""
        if self._file:
            self._file.close()


class Checkpoint(Callback):
    """Saves the network and its optimizer in the course of the training, for `Network.load_checkpoint`.

    Files are written by another thread, each as a whole; the training waits only if the one before is not done yet.

    Parameters
    ----------
    path : str or path-like
        Where to save; ``{epoch}`` in it becomes the number of the epoch.
    every : int, default 1
        Save after so many epochs,
    seconds : float, optional
        or, in place of `every`, when so many seconds have passed since the last time.
    best : bool, default False
        Save only if the loss (that of the validation data, if any) is the smallest so far in this training.
    keep : int, optional
        With ``{epoch}`` in `path`: keep so many of the files that this training wrote, the latest.

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit.
    OSError
        In training, if a file cannot be written.

    Examples
    --------
    >>> import os, tempfile
    >>> from netlet import Adam, Network
    >>> folder = tempfile.mkdtemp()
    >>> net = Network([2, 3, 1], seed=0)
    >>> saved = Checkpoint(os.path.join(folder, "xor-{epoch}.netlet"), every=2, keep=2)
    >>> history = net.fit([[0, 1], [1, 1]], [1, 0], epochs=9, optimizer=Adam(), callbacks=[saved])
    >>> sorted(os.listdir(folder))
    ['xor-5.netlet', 'xor-7.netlet']
    >>> resumed, adam = Network.load_checkpoint(os.path.join(folder, "xor-7.netlet"))
    >>> resumed.epochs_trained, adam.steps
    (8, 8)
    """

    def __init__(
        self, path: Path, *, every: int = 1, seconds: float | None = None, best: bool = False, keep: int | None = None
    ) -> None:
        self._path = os.fspath(path)
        self._every = integer("every", every, 1, 2**63, "a positive integer")
        self._seconds = None if seconds is None else number(seconds, "seconds")
        self._best = flag("best", best)
        self._keep = None if keep is None else integer("keep", keep, 1, 2**63, "a positive integer or None")
        if keep is not None and "{epoch}" not in self._path:
            raise ValueError(
                f"keep: expected {{epoch}} in path, so that there are several files, got {shown(self._path)}"
            )
        self._optimizer: Optimizer | None = None
        self._writer: threading.Thread | None = None
        self._error: OSError | None = None
        self._written: list[str] = []

    def on_begin(self, network: Any, optimizer: Optimizer) -> None:
        """Begin to count."""
        self._optimizer, self._written = optimizer, []
        self._last = time.monotonic()

    def on_epoch(self, epoch: int, history: History, network: Any) -> None:
        """Save, if it is time."""
        if self._seconds is None:
            if len(history) % self._every:
                return
        elif time.monotonic() - self._last < self._seconds:
            return
        if self._best and history.best_epoch != len(history) - 1:
            return
        import threading  # it takes long to import

        self._last = time.monotonic()
        data = network.to_bytes(optimizer=self._optimizer)
        self._wait()
        path = self._path.replace("{epoch}", str(epoch))
        self._writer = threading.Thread(target=self._write, args=(path, data))
        self._writer.start()

    def on_end(self, history: History, network: Any) -> None:
        """Wait until the last file is written."""
        self._wait()

    def _wait(self) -> None:
        if self._writer is not None:
            self._writer.join()
            self._writer = None
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _write(self, path: str, data: bytes) -> None:
        try:
            _core.replace_file(os.fsencode(path), data)
            if path not in self._written:
                self._written.append(path)
            while self._keep is not None and len(self._written) > self._keep:
                os.unlink(self._written.pop(0))  # noqa: PTH108
        except OSError as error:
            self._error = error


class LivePlot(Callback):
    """Draws `History.plot` anew about once a second; needs ``pip install matplotlib``.

    In a notebook, use a backend that can draw again, such as ``%matplotlib widget``.

    Parameters
    ----------
    seconds : float, default 1.0
        Between two drawings.
    """

    def __init__(self, *, seconds: float = 1.0) -> None:
        self._seconds = number(seconds, "seconds")
        self._ax: Any = None
        self._last = 0.0

    def on_epoch(self, epoch: int, history: History, network: Any) -> None:
        """Draw, if it is time."""
        if self._ax is None or time.monotonic() - self._last >= self._seconds:
            self._draw(history)

    def on_end(self, history: History, network: Any) -> None:
        """Draw all of it."""
        if len(history):
            self._draw(history)

    def _draw(self, history: History) -> None:
        if self._ax is None:
            from ._drawing import new_figure

            self._ax = new_figure("LivePlot").add_subplot()
        self._ax.clear()
        history.plot(self._ax)
        self._ax.figure.canvas.draw_idle()
        self._ax.figure.canvas.flush_events()
        self._last = time.monotonic()


# ---- what fit makes of them


def checked(callback: Any, callbacks: Any) -> list[Any]:
    """All of them, `callback` first; each is a function or an object with on_epoch."""
    if callback is not None and not callable(callback):
        hint = "; callbacks=[...] takes objects" if hasattr(callback, "on_epoch") else ""
        raise TypeError(f"callback: expected a function, got {type(callback).__name__}{hint}")
    if callbacks is not None and (isinstance(callbacks, Callback) or not isinstance(callbacks, Sequence)):
        raise TypeError(f"callbacks: expected a list, got {type(callbacks).__name__}")
    for each in callbacks or ():
        if isinstance(each, type) or not (callable(each) or hasattr(each, "on_epoch")):
            raise TypeError(f"callbacks: expected functions, or objects with on_epoch, got {shown(each)}")
    return [*([callback] if callback is not None else []), *(callbacks or ())]


def together(all_of_them: list[Any], history: History, network: Any) -> Callable[[int], object] | None:
    """One function of the epoch that calls all of them; None if there is none."""
    if not all_of_them:
        return None
    if len(all_of_them) == 1 and not hasattr(all_of_them[0], "on_epoch"):
        return lambda epoch: all_of_them[0](epoch, history)

    def call(epoch: int) -> bool:
        stop = False
        for each in all_of_them:
            answer = each.on_epoch(epoch, history, network) if hasattr(each, "on_epoch") else each(epoch, history)
            stop |= bool(answer)
        return stop

    return call


@contextlib.contextmanager
def running(all_of_them: list[Any], history: History, network: Any, optimizer: Optimizer) -> Iterator[None]:
    """Tell them of begin and end; each hears of the end, whatever the others do."""
    with contextlib.ExitStack() as stack:
        for each in all_of_them:
            if hasattr(each, "on_end"):
                stack.callback(each.on_end, history, network)
            if hasattr(each, "on_begin"):
                each.on_begin(network, optimizer)
        yield
