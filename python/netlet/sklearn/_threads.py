# SPDX-License-Identifier: BSD-3-Clause
"""How many threads an estimator uses, and what threadpoolctl knows of them."""

from __future__ import annotations

import contextlib
import multiprocessing
import sys
import threading

import threadpoolctl
from joblib.parallel import get_active_backend
from sklearn.utils.fixes import parse_version

from .. import _core
from .._library import get_num_threads, set_num_threads, thread_limit


def limited(count: int | None) -> contextlib.AbstractContextManager[None]:
    """Use at most so many threads within; None: as many as netlet uses anyway. One in a task beside others."""
    if _beside_others():
        return thread_limit(1)
    return contextlib.nullcontext() if count is None else thread_limit(count)


def _beside_others() -> bool:
    """Whether joblib or Dask runs this beside other tasks without having told how many threads each may use.

    joblib tells loky's processes by ``OMP_NUM_THREADS``, which netlet follows; it does not tell threads, nor the
    (daemonic) processes of its multiprocessing backend. Dask tells its processes, but not the threads in them.
    """
    if get_active_backend()[0].nesting_level:
        return threading.current_thread() is not threading.main_thread() or multiprocessing.current_process().daemon
    # where it runs tasks, it has been imported; a folder of that name on the path is none
    get_worker = getattr(sys.modules.get("distributed"), "get_worker", None)
    if get_worker is None:
        return False
    try:
        get_worker()
    except ValueError:
        return False
    return True


class NetletController(threadpoolctl.LibController):  # type: ignore[misc]  # threadpoolctl has no types
    """What threadpoolctl calls to read and to set the number of threads of the process."""

    user_api = "netlet"  # it is neither BLAS nor OpenMP: limits for these are not meant for it
    internal_api = "netlet"
    filename_prefixes = ("_core",)
    check_symbols = ("netlet_python_module",)

    def get_num_threads(self) -> int:
        """Return the number of threads of the process."""
        return get_num_threads()

    def set_num_threads(self, num_threads: int) -> None:
        """Set it, to the nearest one possible."""
        set_num_threads(min(max(num_threads, 1), 1024))

    def get_version(self) -> str:
        """Return netlet's version."""
        return _core.__version__


def register() -> None:
    """Make netlet known to threadpoolctl, unless that is too old to tell one ``_core`` from another."""
    if parse_version(threadpoolctl.__version__) >= parse_version("3.3"):
        threadpoolctl.register(NetletController)
