# SPDX-License-Identifier: BSD-3-Clause
"""Files of other programs, and the numbers in them."""

from __future__ import annotations

import math
import os
import re
import stat
from collections.abc import Sequence
from typing import Any

import numpy as np


def _open(path: Any, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # a pipe is not waited for


def read_file(path: Any, name: str = "path") -> bytes:
    """All bytes of a regular file: pipes and devices may have no end."""
    try:
        path = os.fspath(path)  # of the caller's type, which messages show
    except TypeError:
        raise TypeError(f"{name}: expected a str, bytes or path object, got {type(path).__name__}") from None
    if b"\0" in os.fsencode(path):
        raise ValueError(f"{name}: expected no zero byte in it")
    with open(path, "rb", opener=_open) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError(f"{name}: expected a regular file, got a device or pipe")
        return file.read()


def read_text(path: Any) -> str:
    """A regular file as text, whose bytes beyond ASCII no format here has in what it means."""
    return read_file(path).decode("ascii", errors="replace")


def integers(words: Sequence[str], what: str, least: int = 1) -> list[int]:
    """Sizes that a file states; whoever allocates memory for them first checks that the file is as long."""
    values = [int(word) if re.fullmatch(r"\d{1,9}", word) else -1 for word in words]
    if not values or min(values) < least:
        raise ValueError(f"path: expected {what} as integers from {least} on, got {' '.join(words)[:40]!r}")
    return values


def numbers(words: Sequence[str], count: int, what: str) -> Any:
    """So many finite numbers in binary64, each the nearest to what is written."""
    if len(words) != count:
        raise ValueError(f"path, {what}: expected {count} numbers, got {len(words)}")
    try:
        values = np.array([float(word) for word in words])
    except ValueError as error:
        raise ValueError(f"path, {what}: expected numbers, but {error}") from None
    for word, value in zip(words, values):
        if "_" in word or not math.isfinite(value):  # float() takes 1_0 for 10
            raise ValueError(f"path, {what}: expected finite numbers, got {word[:40]!r}")
    return values
