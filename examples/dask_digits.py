# SPDX-License-Identifier: BSD-3-Clause
"""Two trainings on handwritten digits, which any number of Dask workers share: ``python dask_digits.py --workers 3``.

They are those of mpi_digits.py, and have the same fingerprints.
"""

import argparse
import sys

try:
    import dask.array as da
    import netlet.dask
    from distributed import Client, LocalCluster
    from sklearn.datasets import load_digits
except ImportError as error:
    sys.exit(f'This example needs {error.name}: {sys.executable} -m pip install ".[dask]" scikit-learn')
from netlet import Adam, Network


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=3, metavar="COUNT", help="processes on this machine")
    count = parser.parse_args().workers

    images, digits = load_digits(return_X_y=True)
    x, y = da.from_array(images, chunks=(500, 64)) / 16, da.from_array(digits, chunks=500)  # yours are in files
    with (
        LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        print(f"{count} worker{'s' if count > 1 else ''}")
        for name, epochs, batch_size in ("full batch", 60, None), ("minibatches", 30, 600):
            net = Network([64, 100, 10], activation="relu", loss="cross_entropy", reduction="mean", seed=0)
            history = netlet.dask.fit(
                net,
                x,
                y,
                client=client,
                epochs=epochs,
                batch_size=batch_size,
                shuffle=False,
                optimizer=Adam(0.01),
                validation_split=0.25,
            )
            print(f"{name:11}  {history.metrics['validation_accuracy'][-1]:.1%} read right  {net.fingerprint()}")


if __name__ == "__main__":  # the workers import this file, too
    main()
