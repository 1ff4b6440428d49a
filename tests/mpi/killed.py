# SPDX-License-Identifier: BSD-3-Clause
"""Started on 3 ranks: one of them is killed in the fifth epoch. Arguments: data, checkpoint."""

import os
import signal
import sys
from pathlib import Path

import netlet.mpi
from mpi4py import MPI
from netlet.callbacks import Checkpoint

from helpers.mpi_cases import read_data, to_resume

data, path = read_data(sys.argv[1]), sys.argv[2]
net, x, y, options = to_resume(data)


class WrittenCheckpoint(Checkpoint):
    """The file is there when the epoch ends."""

    def on_epoch(self, epoch, history, network):
        super().on_epoch(epoch, history, network)
        self._wait()


class Killed(type(net)):
    sums = 0

    def _partial(self, *arguments):
        self.sums += 1
        if self.sums == 16 and MPI.COMM_WORLD.rank == 2:  # two for standardize, then three in each epoch
            Path(path).with_suffix(".killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super()._partial(*arguments)


net.__class__ = Killed
netlet.mpi.fit(net, x, y, epochs=10, callbacks=[WrittenCheckpoint(path)], **options)
