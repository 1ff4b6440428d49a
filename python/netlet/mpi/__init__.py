# SPDX-License-Identifier: BSD-3-Clause
"""Training on any number of MPI ranks, with the bits of one process; needs ``pip install netlet[mpi]``.

Start the same program on all ranks, with MPI's own launcher: ``mpiexec -n 4 python train.py``. See the guide's page
"Several machines".
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .._arguments import with_hints
from .._library import get_num_threads, thread_limit
from ._fit import fit as _fit
from ._ranks import Interrupts, RankError, Ranks, _mpi

if TYPE_CHECKING:
    import numpy.typing as npt

    from .. import _training as training
    from .._metrics import Metrics
    from .._names import MissingName, OptimizerName
    from ..batches import Batches
    from ..history import History
    from ..network import Network
    from ..optimizers import Optimizer

__all__ = ["RankError", "fit"]


@with_hints
def fit(
    net: Network,
    x: npt.ArrayLike | Batches,
    y: npt.ArrayLike | None = None,
    *,
    comm: Any = None,
    local: bool = False,
    broadcast: bool = False,
    epochs: int,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    optimizer: Optimizer | OptimizerName | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    callback: Callable[[int, History], object] | None = None,
    callbacks: Sequence[Any] | None = None,
    sample_weight: npt.ArrayLike | None = None,
    class_weight: training.ClassWeight | None = None,
    validation_data: tuple[Any, ...] | Batches | None = None,
    validation_split: float | None = None,
    patience: int | None = None,
    min_delta: float = 0.0,
    schedule: Any = None,
    resume: bool = False,
    standardize: training.Standardize = False,
    missing: MissingName = "refuse",
    metrics: Metrics | None = None,
    progress: bool = False,
    fingerprint_data: bool = False,
) -> History:
    """Train a network on all ranks of a communicator, which all call this: the bits are those of `Network.fit`.

    Each rank sums over some blocks of 256 rows of each batch; the sums are added along a tree of ranks, in the order in
    which one process adds them, and every rank makes the same step. In the end all ranks have the same network,
    whatever their number.

    Parameters
    ----------
    net : Network
        The same on all ranks, which is checked: made with the same `seed`, or loaded from the same file; or see
        `broadcast`.
    x, y, sample_weight, validation_data
        As in `Network.fit`. By default all ranks see all rows, best as memory maps
        (``numpy.load(path, mmap_mode="r")``), and each reads those that it needs. See `local`. Or `x` alone, a
        `Batches` whose number of rows is known: each rank reads its share once, and keeps it in memory. Its
        `batch_size` is the default, and training follows its order. `validation_data` may be one, too.
    comm : mpi4py.MPI.Intracomm, optional
        By default ``MPI.COMM_WORLD``. Messages go through a duplicate of it.
    local : bool, default False
        Each rank has rows of its own, of any number, also 0; so in `validation_data`. They count as one array, in the
        order of the ranks. Once, before training, rows move so that each block is on one rank: for full batches at most
        255 of them to a neighbour, unless ranks have less than a block; for minibatches, which then need
        ``shuffle=False``, those of each batch are spread over all ranks.
    broadcast : bool, default False
        Begin with rank 0's parameters, scalings, classes, names, optimizer state and learning rate, such as those of a
        checkpoint that only rank 0 has loaded. Otherwise ranks that begin with different ones get an error.
    epochs, learning_rate, batch_size, optimizer, shuffle, seed, class_weight, validation_split, patience, min_delta
        As in `Network.fit`, and the same on all ranks. A batch is for all of them together: it should have at least
        256 rows for each rank, as smaller ones leave some without work, with a warning.
    callback, callbacks, metrics, progress
        As in `Network.fit`, but only those of rank 0 are used. What callbacks return, and change in the parameters or
        the learning rate, reaches all ranks.
    schedule
        As in `Network.fit`; if it is a function, only rank 0 asks its own.
    resume, standardize, missing
        As in `Network.fit`, and the same on all ranks.
    fingerprint_data : bool, default False
        As in `Network.fit`: of all rows.

    Returns
    -------
    History
        On each rank, the same but for the times.

    Raises
    ------
    RankError
        On all other ranks, if one fails: it raises what it would raise alone, such as an error in its data or in a
        callback, or KeyboardInterrupt. All ranks leave the call, and may go on. The steps taken so far are kept, as in
        `Network.fit`.
    ValueError
        On all ranks, if they differ in versions of netlet, networks, arguments or data; the message says how.
        Also as in `Network.fit`.
    DivergenceError
        On all ranks, as in `Network.fit`.

    Warns
    -----
    UserWarning
        On rank 0, if a batch has fewer blocks than there are ranks.

    Notes
    -----
    The ranks of a node share its cores: each uses one thread, or as many as there are cores for each rank, and no more
    than `get_num_threads`.

    Examples
    --------
    A program for ``mpiexec -n 4 python train.py``::

        import netlet.mpi
        import numpy as np

        x, y = (np.load(f"{name}.npy", mmap_mode="r") for name in "xy")
        net = netlet.Network([x.shape[1], 64, 1], output_activation="identity", reduction="mean", seed=0)
        netlet.mpi.fit(net, x, y, epochs=20, batch_size=4096, optimizer="adam", standardize=True)
    """
    MPI = _mpi()  # noqa: N806  # mpi4py's name
    if comm is None:
        comm = MPI.COMM_WORLD
    if not isinstance(comm, MPI.Intracomm):
        raise TypeError(f"comm: expected an mpi4py.MPI.Intracomm, got {type(comm).__name__}")
    options = {
        "epochs": epochs,
        "learning_rate": learning_rate,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "shuffle": shuffle,
        "seed": seed,
        "callback": callback,
        "callbacks": callbacks,
        "sample_weight": sample_weight,
        "class_weight": class_weight,
        "validation_data": validation_data,
        "validation_split": validation_split,
        "patience": patience,
        "min_delta": min_delta,
        "schedule": schedule,
        "resume": resume,
        "standardize": standardize,
        "missing": missing,
        "metrics": metrics,
        "progress": progress,
        "fingerprint_data": fingerprint_data,
    }
    with Interrupts() as interrupts:
        threads = _threads(comm)
        ranks = Ranks(comm, interrupts)
        try:
            interrupts.release()
            with thread_limit(threads):
                history = _fit(ranks, net, x, y, local=local, broadcast=broadcast, options=options)
            ranks.close()
        except BaseException as error:
            ranks.fail(error)
            raise
    return history


def _threads(comm: Any) -> int:
    """How many threads this rank may use: the cores that the ranks of its node may run on, divided among them."""
    node = comm.Split_type(_mpi().COMM_TYPE_SHARED)
    own = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    cores = set().union(*node.allgather(own))
    count = len(cores) // node.Get_size()
    node.Free()
    return int(max(1, min(count, get_num_threads())))
