# SPDX-License-Identifier: BSD-3-Clause
"""The library as a whole: instruction set, threads, versions."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from . import _core
from ._arguments import index, integer
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
        the process may use, but no more than ``OMP_NUM_THREADS``: joblib, Dask and others give each of their processes
        its share of the CPUs by that variable. It is a number of the process: `thread_limit` does not change it.
    """
    return _core.get_num_threads()


def set_num_threads(count: int) -> None:
    """Set the number of threads that share the work of one call.

    It changes the speed, never a result; small amounts of work stay on the calling thread. It is a number of the
    process; `thread_limit` is for the calling thread alone.

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


@contextlib.contextmanager
def thread_limit(count: int) -> Iterator[None]:
    """Let calls of this thread use at most so many threads, within a ``with`` statement or a decorated function.

    Other threads are not affected, so that several may train or predict side by side with one thread each. A limit
    within another does not raise that one, nor the number of `set_num_threads`. Results are the same. As it belongs to
    the thread, a coroutine must not wait within it.

    Parameters
    ----------
    count : int
        1 or more.

    Raises
    ------
    ValueError
        If `count` is less than 1.

    Examples
    --------
    >>> import numpy as np
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import netlet
    >>> net = netlet.Network([4, 8, 1], seed=0)
    >>> @netlet.thread_limit(1)
    ... def predict(x):
    ...     return net.predict(x)
    >>> with ThreadPoolExecutor(2) as pool:
    ...     outputs = list(pool.map(predict, [np.ones((1000, 4)), np.zeros((1000, 4))]))
    """
    number = integer("count", count, 1, 2**31, "1 or more threads")
    before = _core.limit_threads(number)
    if 0 < before < number:
        _core.limit_threads(before)
    try:
        yield
    finally:
        _core.limit_threads(before)


def numerics_version() -> int:
    """Return the version of the arithmetic, which increases whenever bits change.

    Returns
    -------
    int
    """
    return _core.NUMERICS_VERSION
