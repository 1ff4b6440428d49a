# SPDX-License-Identifier: BSD-3-Clause
"""Where a network's parameters come from: what is said of a training, and of the data that it used."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._data import converted, real_array, texts
from ._library import numerics_version
from .optimizers import GRADIENT

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["fingerprint", "of_data", "of_fit"]

_PIECE = 1 << 16  # values that are converted at once


def fingerprint(data: npt.ArrayLike) -> str:
    """Compute the SHA-256 of data, to say later whether a network was trained on them.

    It depends on the shape and on the values alone: not on whether it is an array, a list or a table, on its dtype, its
    layout or the names of its columns. Numbers count as float64, in which every NaN is the same; text as it is.

    Parameters
    ----------
    data : array_like
        What `Network.fit` takes as ``x``, ``y`` or ``sample_weight``.

    Returns
    -------
    str
        64 hexadecimal digits: SHA-256 of the ASCII line "netlet data 1", the line "numbers" or "text", and the sizes of
        the shape, separated by spaces, each line ended by a newline; then, in row-major order, the numbers as
        little-endian binary64 (every NaN as the positive quiet NaN), or of each text its length in bytes as a
        little-endian 64-bit integer and its UTF-8.

    Raises
    ------
    ValueError, TypeError
        If it is neither numbers nor text, or a value is missing.

    Examples
    --------
    >>> import numpy as np, netlet
    >>> x = np.arange(6).reshape(2, 3)
    >>> netlet.fingerprint(x) == netlet.fingerprint(np.asfortranarray(x, dtype="float32"))
    True
    >>> netlet.fingerprint(x) == netlet.fingerprint(x.T)
    False
    """
    text = texts(data, "data")
    array = real_array(data, "data") if text is None else text
    sha = Hash(array.shape, text is not None)
    rows = array.reshape(1) if array.ndim == 0 else array
    for row in range(0, len(rows), sha.step):
        sha.add(rows[row : row + sha.step])
    return sha.digest()


class Hash:
    """The SHA-256 of data of that shape, of which the rows come in pieces of `step`."""

    def __init__(self, shape: tuple[int, ...], text: bool) -> None:
        self._text = text
        self._sha = hashlib.sha256(b"netlet data 1\n" + (b"text\n" if text else b"numbers\n"))
        self._sha.update(" ".join(map(str, shape)).encode() + b"\n")
        self.step = max(1, _PIECE // max(1, math.prod(shape[1:])))

    def add(self, rows: npt.NDArray[Any]) -> None:
        """Add the next rows."""
        if not self._text:
            values = np.array(converted(rows, np.float64), dtype="<f8", order="C")
            values[np.isnan(values)] = np.nan
            self._sha.update(values.tobytes())
            return
        for item in rows.ravel().tolist():
            encoded = item.encode("utf-8", "surrogatepass")
            self._sha.update(len(encoded).to_bytes(8, "little") + encoded)

    def digest(self) -> str:
        """64 hexadecimal digits, when all rows are there."""
        return self._sha.hexdigest()


def of_data(**arguments: Any) -> dict[str, str]:
    """The fingerprint of each argument that is given."""
    return {name: fingerprint(value) for name, value in arguments.items() if value is not None}


def of_fit(loss: str, reduction: str, training: dict[str, Any]) -> dict[str, Any]:
    """What is said of a training: nothing but what JSON can say, and nothing that differs from run to run."""
    name, own, settings = training["optimizer"]
    used = {setting: value for setting, value in settings.items() if setting in own or (setting in GRADIENT and value)}
    last = {figure: value for figure, value in training["last_epoch"].items() if figure != "time"}
    said = {**training, "optimizer": {"name": name, **used}, "last_epoch": last}
    return {
        "netlet_version": _core.__version__,
        "numerics_version": numerics_version(),
        "loss": loss,
        "reduction": reduction,
        **{name: _said(value) for name, value in said.items()},
    }


def _said(value: Any) -> Any:
    """A setting as JSON gives it back."""
    if isinstance(value, dict):
        return {str(name): _said(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_said(entry) for entry in value]
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    number = float(value)  # also of Decimal and Fraction
    return number if np.isfinite(number) else str(number)  # JSON has no others
