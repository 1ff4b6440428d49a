# SPDX-License-Identifier: BSD-3-Clause
"""Small neural networks at full speed, with the same bits everywhere.

Examples
--------
>>> import numpy as np
>>> from netlet import Network
>>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
>>> y = np.array([0, 1, 1, 0])
>>> net = Network([2, 3, 1], seed=1)
>>> history = net.fit(X, y, epochs=10_000, learning_rate=0.5)
>>> net.forward(X).round().ravel()
array([0., 1., 1., 0.])
"""

from typing import TYPE_CHECKING

try:
    from ._core import DivergenceError, __version__, check_environment
except ImportError as error:
    from ._broken import explain

    raise ImportError(explain(error)) from error
from . import functional
from ._distributed import Task, combine
from ._library import available_isas, get_num_threads, isa, numerics_version, set_num_threads, thread_limit
from .history import History
from .network import Network
from .optimizers import SGD, Adam, AdamW, Optimizer, RMSprop, Rprop

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Batches",
    "DivergenceError",
    "History",
    "Network",
    "Optimizer",
    "RMSprop",
    "Rprop",
    "Task",
    "TrainingWarning",
    "__version__",
    "available_isas",
    "callbacks",
    "combine",
    "fingerprint",
    "functional",
    "get_num_threads",
    "isa",
    "numerics_version",
    "schedules",
    "set_num_threads",
    "thread_limit",
]

try:
    check_environment()
except (RuntimeError, ValueError) as error:
    raise ImportError(str(error)) from None
del check_environment

if TYPE_CHECKING:  # imported on first use
    from . import callbacks as callbacks
    from . import dask as dask
    from . import mpi as mpi
    from . import reference as reference
    from . import schedules as schedules
    from . import sklearn as sklearn
    from ._diagnosis import TrainingWarning as TrainingWarning
    from ._provenance import fingerprint as fingerprint
    from .batches import Batches as Batches


def __getattr__(name: str) -> object:
    """Import on first use what few programs need."""
    if name in ("callbacks", "dask", "mpi", "reference", "schedules", "sklearn"):
        import importlib

        return importlib.import_module(f".{name}", __name__)
    if name == "TrainingWarning":
        from ._diagnosis import TrainingWarning

        return TrainingWarning
    if name == "Batches":
        from .batches import Batches

        return Batches
    if name == "fingerprint":
        from ._provenance import fingerprint

        return fingerprint
    from ._hints import absent

    raise absent(__name__, name)


def __dir__() -> list[str]:
    """Name what is public, for tab completion; not `dask` and `sklearn`: `help` would import them where it cannot."""
    return sorted([*__all__, "reference", *(name for name in globals() if name.startswith("__"))])
