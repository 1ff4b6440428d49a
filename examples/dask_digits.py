# SPDX-License-Identifier: BSD-3-Clause
"""Learn to read handwritten digits on workers of Dask: however many there are, the network has the same bits."""

import argparse

import dask.array as da
import netlet.dask
from distributed import Client, LocalCluster
from netlet import Adam, Network
from sklearn.datasets import load_digits

JOBS = {"all rows a step": {"epochs": 60}, "512 rows a step": {"epochs": 15, "batch_size": 512, "shuffle": False}}


def network() -> Network:
    return Network([64, 50, 10], activation="relu", loss="cross_entropy", reduction="mean", seed=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=3, metavar="COUNT", help="processes (default: 3)")
    count = parser.parse_args().workers
    images, digits = load_digits(return_X_y=True)
    images = images / 16
    x, y = da.from_array(images, chunks=(300, 64)), da.from_array(digits, chunks=300)  # yours would be files
    with (
        LocalCluster(n_workers=count, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        for name, job in JOBS.items():
            net, alone = network(), network()
            history = netlet.dask.fit(net, x, y, client=client, optimizer=Adam(0.01), **job)
            alone.fit(images, digits, optimizer=Adam(0.01), **job)
            print(f"{name}, {count} workers: {100 * history['accuracy'][-1]:.1f} % read right")
            print(f"fingerprint  {net.fingerprint()}")
            print(f"one process  {alone.fingerprint()}")


if __name__ == "__main__":  # the workers import this file
    main()
