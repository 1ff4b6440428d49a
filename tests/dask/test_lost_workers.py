# SPDX-License-Identifier: BSD-3-Clause
"""A worker that is killed in the middle of a training takes nothing along: the bits are those of one machine."""

import os
import signal

import dask.array as da
import netlet.dask
import pytest
from netlet import Adam, Network

pytestmark = pytest.mark.dask


@pytest.mark.parametrize("job", [{}, {"batch_size": 600, "shuffle": False}], ids=["full batch", "minibatches"])
def test_a_killed_worker(workers, digits, job):
    net, alone = (Network([64, 20, 10], loss="cross_entropy", reduction="mean", seed=0) for _ in range(2))
    alone.fit(*digits, epochs=8, optimizer=Adam(0.01), **job)
    killed = []
    with workers(2, processes=True) as client:
        processes = client.run(os.getpid)

        def kill(epoch, history):
            if epoch == 3:
                killed.append(min(processes.values()))
                os.kill(killed[0], signal.SIGKILL)

        x, y = (da.from_array(each, (100, 64)[: each.ndim]) for each in digits)
        netlet.dask.fit(net, x, y, client=client, epochs=8, optimizer=Adam(0.01), callback=kill, **job)
    assert killed
    assert net.fingerprint() == alone.fingerprint()
