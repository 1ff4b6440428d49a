# SPDX-License-Identifier: BSD-3-Clause
"""The library as a whole: instruction set, threads, versions."""

from __future__ import annotations

from . import _core
from ._arguments import index
from ._data import shown


def isa() -> str:
    """Name the instruction set in use.

    Returns
    -------
    str
        ``"avx512"``, ``"avx2"``, ``"neon"`` or ``"baseline"``: the best one that the machine has, or the one that the
        environment variable ``NETLET_ISA`` names. It changes the speed, never a result.
    """
    return _core.isa()


def available_isas() -> list[str]:
    """List the instruction sets that this machine can run, best first.

    Returns
    -------
    list of str
    """
    return _core.available_isas()


def get_num_threads() -> int:
    """Return the number of threads that share the work of one call, including the calling thread.

    Returns
    -------
    int
        Initially the value of the environment variable ``NETLET_NUM_THREADS`` or, without it, the number of CPUs that
        the process may use.
    """
    return _core.get_num_threads()


def set_num_threads(count: int) -> None:
    """Set the number of threads that share the work of one call.

    It changes the speed, never a result; small amounts of work stay on the calling thread.

    Parameters
    ----------
    count : int
        1 to 1024.

    Raises
    ------
    ValueError
        If `count` is out of range.
    """
    try:
        number = index(count)
    except TypeError:
        raise TypeError(f"count: expected an integer, got {shown(count)}") from None
    _core.set_num_threads(min(max(number, 0), 2**31))


def numerics_version() -> int:
    """Return the version of the arithmetic, which increases whenever bits change.

    Returns
    -------
    int
    """
    return _core.NUMERICS_VERSION
