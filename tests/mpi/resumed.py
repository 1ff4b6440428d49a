# SPDX-License-Identifier: BSD-3-Clause
"""Started on 5 ranks: goes on from a checkpoint, which one of them reads. Arguments: data, checkpoint, result."""

import sys
from pathlib import Path

import netlet.mpi
from mpi4py import MPI
from netlet import Network

from helpers.mpi_cases import read_data, to_resume

net, x, y, options = to_resume(read_data(sys.argv[1]))
if MPI.COMM_WORLD.rank == 0:
    net, options["optimizer"] = Network.load_checkpoint(sys.argv[2])
left = MPI.COMM_WORLD.bcast(10 - net.epochs_trained)
netlet.mpi.fit(net, x, y, epochs=left, resume=True, broadcast=True, **options)
if MPI.COMM_WORLD.rank == 0:
    Path(sys.argv[3]).write_text(f"{left} {net.fingerprint()}")
