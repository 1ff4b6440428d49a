# SPDX-License-Identifier: BSD-3-Clause
"""Many threads, one network: each call is whole or refused."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from netlet import SGD, Adam

from helpers.processes import TIMEOUT
from helpers.sharing import (
    CLASSES,
    READS,
    SMALL_X,
    SMALL_Y,
    WRITES,
    X,
    held,
    not_held,
    small_network,
    training,
    wide_network,
)


@pytest.mark.parametrize("rows", [3, 1500])
def test_many_threads_may_read_one_network_at_once(rows, set_num_threads):
    set_num_threads(4)
    net, x, y = wide_network(), X[:rows], CLASSES[:rows]
    start = threading.Barrier(8)

    def read(_):
        start.wait(TIMEOUT)
        results = [(net.forward(x).tobytes(), net.loss(x, y), net.backward(x, y)[1].tobytes()) for _ in range(10)]
        return set(results)

    with ThreadPoolExecutor(8) as pool:
        results = set().union(*pool.map(read, range(8)))
    loss, gradient = net.backward(x, y)
    assert results == {(net.forward(x).tobytes(), loss, gradient.tobytes())}


def test_many_threads_may_train_networks_of_their_own(set_num_threads):
    set_num_threads(4)

    def train(_):
        net = wide_network()
        net.fit(X, CLASSES, epochs=2, batch_size=500, learning_rate=1e-3)
        return net.fingerprint()

    with ThreadPoolExecutor(8) as pool:
        fingerprints = set(pool.map(train, range(8)))
    assert fingerprints == {train(None)}


@pytest.mark.parametrize("call", READS.values(), ids=READS)
def test_while_a_callback_runs_other_threads_may_read(call):
    net, alone = small_network(), small_network()
    alone.fit(SMALL_X, SMALL_Y, epochs=1, optimizer=SGD(1e-4))
    with training(net, held):
        result = call(net, SMALL_X, SMALL_Y)
    np.testing.assert_equal(result, call(alone, SMALL_X, SMALL_Y))


@pytest.mark.parametrize("call", WRITES.values(), ids=WRITES)
def test_while_a_callback_runs_other_threads_may_not_train(call):
    net, alone = small_network(), small_network()
    with training(net, held):
        with pytest.raises(RuntimeError, match="another call is using this network"):
            call(net, SMALL_X, SMALL_Y)
        assert net.epochs_trained == 1
    alone.fit(SMALL_X, SMALL_Y, epochs=1, optimizer=SGD(1e-4))
    assert net == alone
    call(net, SMALL_X, SMALL_Y)


@pytest.mark.parametrize("call", {**READS, **WRITES}.values(), ids={**READS, **WRITES})
def test_while_an_epoch_runs_other_threads_get_an_error(call):
    net = wide_network()
    refused = pytest.raises(RuntimeError, match="another call is using this network")
    with training(net, not_held, x=X, y=CLASSES, batch_size=10), refused:
        while True:  # reading is allowed in the moments of the callbacks
            call(net, X[:2], CLASSES[:2])
    call(net, X[:2], CLASSES[:2])


@pytest.mark.parametrize("call", WRITES.values(), ids=WRITES)
def test_training_from_within_a_callback_is_refused_and_training_goes_on(call):
    net, alone, refusals = small_network(), small_network(), []

    def nested(epoch, _history):
        with pytest.raises(RuntimeError, match="another call is using this network") as caught:
            call(net, SMALL_X, SMALL_Y)
        refusals.append(caught.value)

    losses = net.fit(SMALL_X, SMALL_Y, epochs=4, batch_size=20, callback=nested).loss
    assert losses.tolist() == alone.fit(SMALL_X, SMALL_Y, epochs=4, batch_size=20).loss.tolist()
    assert net == alone
    assert len(refusals) == 4


def test_another_network_may_be_trained_from_within_a_callback():
    net, other, alone = small_network(), small_network(), small_network()
    net.fit(SMALL_X, SMALL_Y, epochs=4, callback=lambda *_: other.fit(SMALL_X, SMALL_Y, epochs=1) and None)
    alone.fit(SMALL_X, SMALL_Y, epochs=4)
    assert net == alone
    assert other == alone


@pytest.mark.filterwarnings("ignore:optimizer. its state comes from another network")
@pytest.mark.parametrize("new_optimizer", [SGD, Adam])
def test_one_optimizer_serves_one_call_at_a_time(new_optimizer):
    net, other, optimizer = small_network(), small_network(), new_optimizer()
    with training(net, held, optimizer=optimizer):
        with pytest.raises(RuntimeError, match="another call is using this optimizer"):
            other.fit(SMALL_X, SMALL_Y, epochs=1, optimizer=optimizer)
        with pytest.raises(RuntimeError, match="another call is using this optimizer"):
            other.step(SMALL_X, SMALL_Y, optimizer)
        assert optimizer.steps == 1
    assert other == small_network()
    assert other.epochs_trained == 0
    other.step(SMALL_X, SMALL_Y, optimizer)
    assert optimizer.steps == 2
