# SPDX-License-Identifier: BSD-3-Clause
"""One fingerprint: of `Network.fit`, and of any number of workers, however the data is cut."""

import doctest

import dask.array as da
import netlet.dask
import numpy as np
import pytest
from netlet import Adam, Network
from netlet.dask._fit import Data
from netlet.dask._tasks import Reading

pytestmark = pytest.mark.dask

JOBS = {
    "full batch": {"standardize": True},
    "minibatches": {"batch_size": 600, "shuffle": False, "standardize": True},
    "small batches": {"batch_size": 200, "shuffle": False},
}


def digits_network():
    return Network([64, 20, 10], activation="relu", loss="cross_entropy", reduction="mean", seed=0)


def same_but_for_time(history, other):
    return list(history) == list(other) and all(
        np.array_equal(history[name], other[name]) for name in history if name != "time"
    )


@pytest.fixture(scope="module")
def expected(digits):
    """What one process gives."""
    found = {}
    for name, job in JOBS.items():
        net = digits_network()
        found[name] = net.fingerprint(), net.fit(*digits, epochs=3, optimizer=Adam(0.01), **job), net.fingerprint()
        assert found[name][0] != found[name][2]
    return found


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_any_number_of_workers(workers, digits, expected, count):
    x, y = (da.from_array(each, chunks=(500, -1)[: each.ndim]) for each in digits)
    with workers(count) as client:
        for name, job in JOBS.items():
            net = digits_network()
            history = netlet.dask.fit(net, x, y, client=client, epochs=3, optimizer=Adam(0.01), **job)
            assert net.fingerprint() == expected[name][2], name
            assert same_but_for_time(history, expected[name][1])


def test_workers_of_several_threads(workers, digits, expected):
    x, y = (da.from_array(each, chunks=(500, -1)[: each.ndim]) for each in digits)
    with workers(2, threads=3) as client:
        for name, job in JOBS.items():
            net = digits_network()
            netlet.dask.fit(net, x, y, client=client, epochs=3, optimizer=Adam(0.01), **job)
            assert net.fingerprint() == expected[name][2], name


@pytest.mark.parametrize("chunk", [1, 255, 256, 1000, 5000])
def test_any_chunks(client, digits, expected, chunk):
    rows = slice(None) if chunk > 1 else slice(50)  # a task for each row takes long
    x, y = (each[rows] for each in digits)
    net, other = digits_network(), digits_network()
    netlet.dask.fit(net, da.from_array(x, (chunk, 7)), da.from_array(y, chunk), client=client, epochs=2)
    other.fit(x, y, epochs=2)
    assert net.fingerprint() == other.fingerprint()


def test_more_workers_than_one_task_combines(workers, curve):
    x, y, weight = curve
    net, other = (Network([2, 3, 2], output_activation="identity", reduction="mean", seed=1) for _ in range(2))
    other.fit(x, y, sample_weight=weight, epochs=3)
    with workers(10) as client:
        given = [da.from_array(each, chunks=(256, 2)[: each.ndim]) for each in curve]
        netlet.dask.fit(net, *given[:2], sample_weight=given[2], client=client, epochs=3)
    assert net.fingerprint() == other.fingerprint()


def test_going_on(client, curve):
    """Two trainings after each other are one, and so are one here and one there."""
    x, y, _ = curve
    given = da.from_array(x, (700, 2)), da.from_array(y, (700, 2))
    nets = [Network([2, 5, 2], output_activation="identity", reduction="mean", dropout=0.3, seed=1) for _ in range(2)]
    optimizers = [Adam(0.01), Adam(0.01)]
    nets[0].fit(x, y, epochs=6, optimizer=optimizers[0])
    netlet.dask.fit(nets[1], *given, epochs=2, optimizer=optimizers[1], client=client)
    nets[1].fit(x, y, epochs=2, optimizer=optimizers[1])
    netlet.dask.fit(nets[1], *given, epochs=2, optimizer=optimizers[1], client=client)
    assert nets[0].fingerprint() == nets[1].fingerprint()
    assert nets[1].epochs_trained == 6


def test_a_cluster_of_its_own(digits, expected):
    from distributed import default_client

    with pytest.raises(ValueError, match="No clients"):
        default_client()
    x, y = digits
    net = digits_network()
    netlet.dask.fit(net, da.from_array(x, (500, 64)), y, epochs=3, optimizer=Adam(0.01), standardize=True)
    assert net.fingerprint() == expected["full batch"][2]
    with pytest.raises(ValueError, match="No clients"):
        default_client()


def test_rows_stay_on_the_workers_that_have_them(client, curve):
    x, y, _ = curve
    there = list(client.nthreads())[::-1]
    halves = [slice(0, 1536), slice(1536, 3000)]
    given = [
        [client.submit(np.array, values[rows], workers=[address], pure=False) for rows, address in zip(halves, there)]
        for values in (x, y)
    ]
    with client.as_current():
        data = Data(client, None, *given, None, Reading("squared_error", (2,), "refuse", None, None))
        shares = data.dealt().shares
    assert [address for _, address, _ in shares] == there
    assert [list(client.who_has(share)[share.key]) for share, _, _ in shares] == [[address] for address in there]


def test_parameters_that_are_too_large_to_go_with_tasks(client, curve, monkeypatch):
    from netlet.dask import _rows

    monkeypatch.setattr(_rows, "_MOST_BYTES", 1)
    monkeypatch.setattr(_rows, "_MOST_BYTES", 1)
    x, y, _ = curve
    net, other = (Network([2, 3, 2], output_activation="identity", reduction="mean", seed=1) for _ in range(2))
    other.fit(x, y, epochs=3)
    netlet.dask.fit(net, da.from_array(x, (700, 2)), da.from_array(y, (700, 2)), client=client, epochs=3)
    assert net.fingerprint() == other.fingerprint()


@pytest.mark.parametrize("name", netlet.dask.__all__)
def test_docstring_examples(name):
    tests = doctest.DocTestFinder().find(getattr(netlet.dask, name), name, module=False, globs={})
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    with np.printoptions(precision=8):
        results = [runner.run(test) for test in tests]
    assert sum(result.failed for result in results) == 0
    assert sum(result.attempted for result in results) > 3
