# SPDX-License-Identifier: BSD-3-Clause
"""What `Network.fit` and `fit_batches` may do between epochs, besides functions of your own: ``callbacks=[...]``.

A callback is a function ``f(epoch, history)``, or an object with a method ``on_epoch(epoch, history, network)``, such
as those of this module and of subclasses of `Callback`. A true result ends training; all callbacks of the epoch are
still called. Epochs are counted from 0 over the network's life, and callbacks take no part in an epoch's time.

Within epochs, an object's ``on_step(step, history, network)`` is called after every `every_steps` steps.

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
import errno
import os
import time
from typing import TYPE_CHECKING, Any

from . import _core
from ._arguments import hinted, integer
from ._data import flag, number, shown

if TYPE_CHECKING:
    import threading

    from .history import History
    from .optimizers import Optimizer

    Path = str | os.PathLike[str]

__all__ = ["CSVLog", "Callback", "Checkpoint", "LivePlot", "StopAt"]


def __getattr__(name: str) -> object:
    """Say what others' callbacks are here."""
    from ._hints import absent

    raise absent(__name__, name)


class Callback:
    """Called during training; override what you need.

    Attributes
    ----------
    every_steps : int or None
        How often `on_step` is called: whenever the optimizer has taken a multiple of so many steps. None: never.

    Examples
    --------
    >>> import numpy as np
    >>> from netlet import Network
    >>> class Watch(Callback):
    ...     every_steps = 2
    ...     def on_step(self, step, history, network):
    ...         print(step, len(history))
    >>> x = np.arange(30.0).reshape(-1, 2)
    >>> history = Network([2, 1], seed=0).fit(x, x[:, 0] / 30, epochs=2, batch_size=5, callbacks=[Watch()])
    2 0
    4 1
    6 1
    """

    every_steps: int | None = 1

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

    def on_step(self, step: int, history: History, network: Any) -> object:
        """Called within epochs, too, after steps; a true result ends training.

        An epoch that it ends before its last step does not count, as when it is interrupted: its steps are kept, and
        it begins again when training is resumed. After the last step of an epoch it is called before `on_epoch`.

        Parameters
        ----------
        step : int
            How many steps the optimizer has taken in its life.
        history : History
            Of the complete epochs of this call.
        network : Network
            May be evaluated, and its parameters written to.
        """

    def on_end(self, history: History, network: Any) -> None:
        """Called at the end, however training ends."""


_FALLS = ("loss", "rmse", "mae", "mse", "error", "deviance", "rate")  # ends of names of figures that get smaller


class StopAt(Callback):
    """Ends training once a figure is good enough, or after a time.

    Parameters
    ----------
    seconds : float, optional
        Since the training began; looked at after each epoch.
    every_steps : int, optional
        Look at the time within epochs, too: after every so many steps. An epoch that ends so does not count, as in
        `Callback.on_step`.
    **figures : float
        Names of the history's figures, such as ``loss``, ``validation_loss`` or ``validation_accuracy``: training ends
        when one has reached its value. Names that end in ``loss``, ``rmse``, ``mae``, ``mse``, ``error``, ``deviance``
        or ``rate`` fall to it; all others rise to it.

    Raises
    ------
    ValueError, TypeError
        If nothing is given, or what is given is not a number; after the first epoch, if there is no such figure.

    Notes
    -----
    Training that was ended goes on with ``resume=True``, the optimizer and the remaining epochs, to the same bits:
    ``net.fit(x, y, epochs=60 - net.epochs_trained, optimizer=adam, schedule=CosineDecay(60), resume=True)``.
    """

    def __init__(self, *, seconds: float | None = None, every_steps: int | None = None, **figures: float) -> None:
        if seconds is None and not figures:
            raise ValueError("StopAt: expected seconds, or the value of a figure such as loss, got nothing")
        self.every_steps = _steps_of(every_steps)
        if every_steps is not None and seconds is None:
            raise ValueError("every_steps: give this beside seconds alone, as figures are those of epochs")
        self._seconds = None if seconds is None else _seconds_of(seconds)
        self._figures = {name: number(value, name) for name, value in figures.items()}
        for name, value in self._figures.items():
            if value != value:
                raise ValueError(f"{name}: expected a number, got nan")
        self._begin = time.monotonic()

    def on_begin(self, network: Any, optimizer: Optimizer) -> None:
        """Start the clock."""
        self._begin = time.monotonic()

    def on_epoch(self, epoch: int, history: History, network: Any) -> bool:
        """Compare the figures with their values."""
        for name, value in self._figures.items():
            if name not in history:
                raise ValueError(
                    f"StopAt: expected one of the figures {', '.join(history)}, got {name!r}{history._hint(name)}"
                )
            last = history[name][-1]
            if last <= value if name.endswith(_FALLS) else last >= value:
                return True
        return self._is_over()

    def on_step(self, step: int, history: History, network: Any) -> bool:
        """Look at the time."""
        return self._is_over()

    def _is_over(self) -> bool:
        return self._seconds is not None and time.monotonic() - self._begin >= self._seconds


@hinted
class CSVLog(Callback):
    """Writes a line for each epoch to a CSV file, as it ends.

    Parameters
    ----------
    path : str or path-like
        Opened after the first epoch.
    append : bool, default False
        Add to a file that is already there, in place of replacing it; it must have the same columns.

    Raises
    ------
    OSError
        In training, if the file cannot be written.
    ValueError
        In training, if the file that is added to has other columns.
    """

    def __init__(self, path: Path, *, append: bool = False) -> None:
        self._path, self._append = _path_of(path), flag("append", append)
        self._file: Any = None

    def on_epoch(self, epoch: int, history: History, network: Any) -> None:
        """Write a line; before the first one, the names."""
        import csv  # it takes long to import

        names = ["epoch", *history]
        if self._file is None:
            there = self._columns() if self._append else []
            if there and there != names:
                raise ValueError(f"path: expected a file with the columns {', '.join(names)}, got {', '.join(there)}")
            mode = "a" if self._append else "w"
            self._file = open(self._path, mode, encoding="utf-8", newline="")  # noqa: SIM115, PTH123
            if not there:
                csv.writer(self._file, lineterminator="\n").writerow(names)
        csv.writer(self._file, lineterminator="\n").writerow([epoch, *(float(history[name][-1]) for name in history)])
        self._file.flush()

    def _columns(self) -> list[str]:
        """Of the file that is there; none if there is no such file, or nothing in it."""
        import csv

        try:
            with open(self._path, encoding="utf-8", newline="") as file:  # noqa: PTH123
                return next(csv.reader(file), [])
        except FileNotFoundError:
            return []

    def on_end(self, history: History, network: Any) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


@hinted
class Checkpoint(Callback):
    """Saves the network and its optimizer in the course of the training, for `Network.load_checkpoint`.

    Files are written by another thread, each as a whole; the training waits only if the one before is not done yet.
    It serves one training at a time.

    Parameters
    ----------
    path : str or path-like
        Where to save. What stands in braces is filled in as by `str.format`: ``{epoch}``, or ``{epoch:03d}``, is the
        number of the epoch, ``{step}`` that of the optimizer's step, ``{validation_loss:.3f}`` a figure of the history.
    every : int, default 1
        Save every so many epochs,
    seconds : float, optional
        or, in place of `every`, when so many seconds have passed since the last time.
    every_steps : int, optional
        Save within epochs, too: whenever the optimizer has taken a multiple of so many steps or, with `seconds`, if it
        is time by then. Such a file has the parameters and the optimizer of that moment, but as many `epochs_trained`
        as are complete: an epoch that was begun starts again when training is resumed, so the bits are not those of a
        training without a break. Files saved after an epoch have no such gap.
    best : bool, default False
        Of the epochs that are looked at, save only one whose loss is the smallest so far in this training: that of the
        validation data or, without, that of the epoch, which is computed before its steps.
    keep : int, optional
        With ``{epoch}`` or ``{step}`` in `path`: keep so many of the files that this training wrote, the latest.

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
    >>> from netlet.schedules import CosineDecay
    >>> folder = tempfile.mkdtemp()
    >>> net = Network([2, 3, 1], seed=0)
    >>> saved = Checkpoint(os.path.join(folder, "xor-{epoch:02d}.netlet"), every=2, keep=2)
    >>> plan = {"optimizer": Adam(), "schedule": CosineDecay(9)}
    >>> history = net.fit([[0, 1], [1, 1]], [1, 0], epochs=9, callbacks=[saved], **plan)
    >>> sorted(os.listdir(folder))
    ['xor-05.netlet', 'xor-07.netlet']

    Had that training been interrupted, it would go on from the last file, to the same bits:

    >>> resumed, plan["optimizer"] = Network.load_checkpoint(os.path.join(folder, "xor-05.netlet"))
    >>> rest = 9 - resumed.epochs_trained
    >>> history = resumed.fit([[0, 1], [1, 1]], [1, 0], epochs=rest, resume=True, **plan)
    >>> rest, resumed == net
    (3, True)
    """

    def __init__(
        self,
        path: Path,
        *,
        every: int | None = None,
        seconds: float | None = None,
        every_steps: int | None = None,
        best: bool = False,
        keep: int | None = None,
    ) -> None:
        self._path = _path_of(path)
        if every is not None and (seconds is not None or every_steps is not None):
            other = "seconds" if seconds is not None else "every_steps"
            raise ValueError(f"every: give this or {other}, not both")
        if every_steps is not None and best:
            raise ValueError("best: expected False with every_steps, since an epoch has a loss at its end")
        self.every_steps = _steps_of(every_steps)
        self._every = 1 if every is None else integer("every", every, 1, 2**63, "a positive integer")
        self._seconds = None if seconds is None else _seconds_of(seconds)
        self._best = flag("best", best)
        self._keep = None if keep is None else integer("keep", keep, 1, 2**63, "a positive integer or None")
        if keep is not None and "{epoch" not in self._path and "{step" not in self._path:
            raise ValueError(
                f"keep: expected {{epoch}} or {{step}} in path, to have several files, got {shown(self._path)}"
            )
        self._optimizer: Optimizer | None = None
        self._writer: threading.Thread | None = None
        self._error: BaseException | None = None
        self._written: list[str] = []

    def on_begin(self, network: Any, optimizer: Optimizer) -> None:
        """Begin to count."""
        if self._optimizer is not None:
            raise RuntimeError("Checkpoint: expected one training at a time, another one is using it")
        folder = os.path.dirname(self._path)  # noqa: PTH120
        if folder and "{" not in folder and not os.path.isdir(folder):  # noqa: PTH112
            raise FileNotFoundError(errno.ENOENT, "path: no such folder", folder)
        self._optimizer, self._written, self._smallest = optimizer, [], float("inf")
        self._last = time.monotonic()

    def on_epoch(self, epoch: int, history: History, network: Any) -> None:
        """Save, if it is time."""
        if self._seconds is None:
            if self.every_steps is not None or len(history) % self._every:
                return
        elif not self._is_time():
            return
        if self._best:
            loss = float((history.validation_loss if len(history.validation_loss) else history.loss)[-1])
            if not loss < self._smallest:
                return
            self._smallest = loss
        self._save(epoch, history, network)

    def on_step(self, step: int, history: History, network: Any) -> None:
        """Save, if it is time."""
        if self._seconds is None or self._is_time():
            self._save(network.epochs_trained, history, network)

    def _is_time(self) -> bool:
        now = time.monotonic()
        if self._seconds is not None and now - self._last < self._seconds:
            return False
        self._last = now
        return True

    def _save(self, epoch: int, history: History, network: Any) -> None:
        self._wait()
        self._start(self._filled(epoch, history), network.to_bytes(optimizer=self._optimizer))

    def _filled(self, epoch: int, history: History) -> str:
        """The path for an epoch."""
        step = 0 if self._optimizer is None else self._optimizer.steps
        try:
            return self._path.format(epoch=epoch, step=step, **{name: float(history[name][-1]) for name in history})
        except (LookupError, ValueError, AttributeError) as error:
            names = ", ".join(["epoch", "step", *history])
            hint = history._hint(error.args[0]) if isinstance(error, KeyError) else ""
            raise ValueError(
                f"path: expected only {names} in braces, got {shown(self._path)} ({error}){hint}"
            ) from None

    def on_end(self, history: History, network: Any) -> None:
        """Wait until the last file is written."""
        self._optimizer = None
        self._wait()

    def _start(self, path: str, data: bytes) -> None:
        import threading  # it takes long to import

        writer = threading.Thread(target=self._write, args=(path, data))
        writer.start()
        self._writer = writer

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
        except BaseException as error:  # it is raised by the thread that trains
            self._error = error
            return
        if path not in self._written:
            self._written.append(path)
        while self._keep is not None and len(self._written) > self._keep:
            with contextlib.suppress(OSError):  # somebody else has taken it away, perhaps
                os.unlink(self._written.pop(0))  # noqa: PTH108


@hinted
class LivePlot(Callback):
    """Draws the losses anew about once a second, as `History.plot` does; needs ``pip install matplotlib``.

    In a notebook, use a backend that can draw again, such as ``%matplotlib widget``.

    Parameters
    ----------
    seconds : float, default 1.0
        Between two drawings.

    Raises
    ------
    ImportError
        Before training, if matplotlib is not installed.
    """

    def __init__(self, *, seconds: float = 1.0) -> None:
        self._seconds = _seconds_of(seconds)
        self._ax: Any = None
        self._last = 0.0

    def on_begin(self, network: Any, optimizer: Optimizer) -> None:
        """Open a figure."""
        from ._drawing import new_figure

        self._ax = new_figure("LivePlot").add_subplot()

    def on_epoch(self, epoch: int, history: History, network: Any) -> None:
        """Draw, if it is time."""
        if time.monotonic() - self._last >= self._seconds:
            self._draw(history)

    def on_end(self, history: History, network: Any) -> None:
        """Draw all of it."""
        if len(history):
            self._draw(history)

    def _draw(self, history: History) -> None:
        self._ax.clear()
        history.plot(self._ax)
        self._ax.figure.canvas.draw_idle()
        self._ax.figure.canvas.flush_events()
        self._last = time.monotonic()


def _path_of(path: Any) -> str:
    """A path that a file can have."""
    try:
        text: str = os.fsdecode(path)
    except TypeError:
        raise TypeError(f"path: expected a str or path object, got {type(path).__name__}") from None
    if "\0" in text:
        raise ValueError("path: expected no null byte")
    return text


def _seconds_of(value: Any) -> float:
    seconds = number(value, "seconds")
    if seconds >= 0:
        return seconds
    raise ValueError(f"seconds: expected a number >= 0, got {seconds:g}")


def _steps_of(value: Any) -> int | None:
    return None if value is None else integer("every_steps", value, 1, 2**63, "a positive integer or None")
