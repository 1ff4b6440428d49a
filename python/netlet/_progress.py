# SPDX-License-Identifier: BSD-3-Clause
"""How far a training is, shown while it runs: a bar of tqdm's, a line that overwrites itself, or a line a second."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

from . import _core

if TYPE_CHECKING:
    from collections.abc import Callable

    from .history import History

_DOING = ("checking the data", "standardizing", "", "validating")  # the core's stages; the third is an epoch
_SCALING, _TRAINING, _VALIDATING = 1, 2, 3


class Display:
    """What `fit` and `fit_batches` show with ``progress=True``, in a with statement: `look` is to be called often.

    Parameters
    ----------
    epochs : int
    history : History
    reduction : str
    rows : dict, optional
        How many rows the batches for ``"training"`` and ``"validation"`` have, as far as that is known beforehand.
    """

    def __init__(self, epochs: int, history: History, reduction: str, rows: dict[str, int] | None = None) -> None:
        self._epochs, self._history = epochs, history
        known = rows or {}
        training = known.get("training", 0)
        self._rows = {_SCALING: 2 * training, _TRAINING: training, _VALIDATING: known.get("validation", 0)}
        self._so_far = "" if reduction == "mean" else " a row"
        self._began = time.monotonic()
        self._writer = _writer()
        self._due = self._began + self._writer.seconds

    def look(self, doing: str = "", rows: int = 0) -> None:
        """Show where training is, if it is time; `doing`: what is done before it begins, and on how many rows."""
        now = time.monotonic()
        if now >= self._due:
            self._due = now + self._writer.seconds
            text, fraction = (self._before(doing, rows), 0.0) if doing else self._text(now)
            self._writer.write(text, fraction)

    def _before(self, doing: str, rows: int) -> str:
        """What is done before training begins."""
        total = self._rows[_TRAINING]
        return f"{doing}: {100 * rows / total:.0f} %" if total else f"{doing}: {rows:,} rows"

    def _text(self, now: float) -> tuple[str, float]:
        """Where training is, and the share of it that is done."""
        stage, _, rows, total, loss = _core.fit_progress() or (_TRAINING, 0, 0, 0, float("nan"))
        total = total or self._rows.get(stage, 0)
        share = min(rows / total, 1.0) if total else 0.0
        where = f"{100 * share:.0f} %" if total else f"{rows:,} rows"
        done = len(self._history)
        if stage < _TRAINING:
            return f"{_DOING[stage]}: {where}", 0.0
        fraction = (done + (share if stage == _TRAINING else 1.0 if stage > _TRAINING else 0.0)) / self._epochs
        part = f" ({' '.join(filter(None, [_DOING[stage], where]))})" if rows else ""
        parts = [f"epoch {min(done + 1, self._epochs)}/{self._epochs}{part}"]
        passed = now - self._began
        parts.append(f"{_clock(passed / fraction - passed)} left" if fraction > 0 else _clock(passed))
        if done:
            parts.append(_figures(self._history))
        if loss == loss:  # last: what a narrow window cuts off
            parts.append(f"now {loss:.4g}{self._so_far}")
        return ", ".join(parts), min(fraction, 1.0)

    def __enter__(self) -> Callable[..., None]:
        return self.look

    def __exit__(self, *_: object) -> None:
        """Show what came out of it, however it ended."""
        done = len(self._history)
        figures = f", {_figures(self._history)}" if done else ""
        took = _clock(time.monotonic() - self._began)
        self._writer.end(f"epoch {done}/{self._epochs}, {took}{figures}", done / self._epochs)


def _figures(history: History) -> str:
    """Those of the last epoch."""
    names = [name for name in history if name not in ("time", "learning_rate")]
    return ", ".join(f"{name.replace('_', ' ')} {history[name][-1]:.4g}" for name in names)


def _clock(seconds: float) -> str:
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


# what a stream raises that is gone, closed or not all of a stream: training does not end because nobody reads any more
_GONE = (OSError, ValueError, AttributeError)


def _put(text: str) -> None:
    """Write to standard error, if there is one."""
    with contextlib.suppress(*_GONE):
        sys.stderr.write(text)
        sys.stderr.flush()


class _Lines:
    """One line after the other, for files and pipes."""

    seconds = 1.0

    def write(self, text: str, fraction: float) -> None:
        _put(f"{text}\n")

    end = write


class _Terminal:
    """A line that overwrites itself."""

    seconds = 0.1

    def __init__(self) -> None:
        self._length = 0

    def write(self, text: str, fraction: float, end: str = "") -> None:
        text = text[: shutil.get_terminal_size().columns - 1]
        _put(f"\r{text.ljust(self._length)}{end}")
        self._length = len(text)

    def end(self, text: str, fraction: float) -> None:
        self.write(text, fraction, "\n")


class _Notebook:
    """A text that IPython shows anew, without further packages."""

    seconds = 0.2

    def __init__(self) -> None:
        self._handle: Any = None

    def write(self, text: str, fraction: float) -> None:
        if self._handle is None:
            from IPython import display

            show: Any = display.display  # it may have no types
            self._handle = show({"text/plain": text}, raw=True, display_id=True)
        else:
            self._handle.update({"text/plain": text}, raw=True)

    end = write


class _Bar:
    """tqdm's bar, in a terminal."""

    seconds = 0.1

    def __init__(self, tqdm: Any) -> None:
        self._bar = tqdm(total=1.0, bar_format="{percentage:3.0f}%|{bar:10}| {desc}", file=sys.stderr)

    def write(self, text: str, fraction: float) -> None:
        with contextlib.suppress(*_GONE):
            self._bar.n = fraction
            self._bar.set_description_str(text)

    def end(self, text: str, fraction: float) -> None:
        self.write(text, fraction)
        with contextlib.suppress(*_GONE):
            self._bar.close()


class _Nowhere:
    """There is no standard error, as in programs without a console."""

    seconds = 3600.0

    def write(self, text: str, fraction: float) -> None:
        pass

    end = write


def _has_no_size() -> bool:
    with contextlib.suppress(*_GONE):
        return 0 in os.get_terminal_size(sys.stderr.fileno())
    return False


def _writer() -> Any:
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if getattr(shell, "kernel", None) is not None:
        return _Notebook()
    if sys.stderr is None:
        return _Nowhere()
    try:
        if not sys.stderr.isatty():
            return _Lines()
        if _has_no_size():  # tqdm would show nothing
            return _Terminal()
        from tqdm import tqdm

        return _Bar(tqdm)
    except _GONE:
        return _Lines()
    except ImportError:
        return _Terminal()
