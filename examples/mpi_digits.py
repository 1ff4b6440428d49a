# SPDX-License-Identifier: BSD-3-Clause
"""Two trainings on handwritten digits, which any number of MPI ranks share: ``mpiexec -n 4 python mpi_digits.py``.

The fingerprints are the same for any number of ranks, with ``--local`` (each rank holds only some of the rows), and
without MPI's launcher (one rank).
"""

import argparse
import sys

try:
    import netlet.mpi
    from mpi4py import MPI
    from sklearn.datasets import load_digits
except ImportError as error:
    sys.exit(f'This example needs {error.name}: {sys.executable} -m pip install ".[mpi]" mpich scikit-learn')
from netlet import Adam, Network


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--local", action="store_true", help="each rank holds only some of the rows")
    local = parser.parse_args().local
    ranks = MPI.COMM_WORLD

    x, y = load_digits(return_X_y=True)
    x = x / 16
    if local:  # as if each had read a file of its own
        first, end = (len(x) * rank // ranks.size for rank in (ranks.rank, ranks.rank + 1))
        x, y = x[first:end], y[first:end]
    if ranks.rank == 0:
        print(
            f"{ranks.size} rank{'s' if ranks.size > 1 else ''}, {'rows of their own' if local else 'all see all rows'}"
        )

    for name, epochs, batch_size in ("full batch", 60, None), ("minibatches", 30, 600):
        net = Network([64, 100, 10], activation="relu", loss="cross_entropy", reduction="mean", seed=0)
        history = netlet.mpi.fit(
            net,
            x,
            y,
            local=local,
            epochs=epochs,
            batch_size=batch_size,
            shuffle=False,
            optimizer=Adam(0.01),
            validation_split=0.25,
        )
        if ranks.rank == 0:
            print(f"{name:11}  {history.metrics['validation_accuracy'][-1]:.1%} read right  {net.fingerprint()}")


if __name__ == "__main__":
    main()
