# SPDX-License-Identifier: BSD-3-Clause
"""Clusters for the tests of netlet.dask, which need Dask, and data that is large enough to be divided."""

import contextlib
from importlib import metadata

import numpy as np
import pytest

collect_ignore_glob = ["test_*.py"]
with contextlib.suppress(metadata.PackageNotFoundError):
    metadata.version("distributed")
    collect_ignore_glob.clear()


@contextlib.contextmanager
def cluster(workers, *, threads=1, processes=False):
    """A client of a cluster of this machine; its workers are threads of this process, or processes."""
    from distributed import Client, LocalCluster

    settings = {"n_workers": workers, "threads_per_worker": threads, "processes": processes, "dashboard_address": ":0"}
    with LocalCluster(**settings) as local, Client(local, set_as_default=False) as client:
        yield client


@pytest.fixture(scope="session")
def client():
    """Two workers in this process."""
    with cluster(2) as client:
        yield client


@pytest.fixture(scope="session")
def workers():
    """workers(count, threads=1, processes=False) is a cluster for a with statement."""
    return cluster


@pytest.fixture(scope="session")
def digits():
    """Real data: 1,797 rows, 8 blocks of 256 of them."""
    load_digits = pytest.importorskip("sklearn.datasets").load_digits
    x, y = load_digits(return_X_y=True)
    return x / 16, y


@pytest.fixture(scope="session")
def curve():
    """Made: 3,000 rows of two inputs, two targets and a weight."""
    rng = np.random.default_rng(0)
    x = rng.normal(3, [1, 20], (3000, 2))
    y = np.stack([np.sin(x[:, 0]) + x[:, 1], 100 * x[:, 0]], axis=1)
    return x, y, rng.uniform(0.5, 2, 3000)
