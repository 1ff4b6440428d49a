# SPDX-License-Identifier: BSD-3-Clause
"""Small batches on several threads, whose first layer is shared by columns: same bits as on one thread."""

import numpy as np
import pytest
from netlet import SGD, Adam, AdamW, DivergenceError, Network, RMSprop

from helpers.bits import assert_same_bits

ROWS, INPUTS = 700, 1000  # large enough for steps of 32 rows to be shared
X = np.random.default_rng(0).normal(size=(ROWS, INPUTS)).astype(np.float32)
Y = np.random.default_rng(1).integers(0, 5, ROWS)


def train(
    sizes=(100,), dtype="float32", activation="tanh", dropout=0.0, optimizer=Adam, learning_rate=0.002, **options
):
    """The network, its history, and its optimizer."""
    options = {"batch_size": 32, "epochs": 2, "optimizer": optimizer(learning_rate), **options}
    activation = [activation] * len(sizes) + ["softmax"]
    net = Network(
        [INPUTS, *sizes, 5], activation=activation, loss="cross_entropy", dtype=dtype, seed=3, dropout=dropout
    )
    return net, net.fit(X.astype(dtype), Y, **options), options["optimizer"]


def check(set_num_threads, threads, **settings):
    set_num_threads(1)
    net, history, optimizer = train(**settings)
    set_num_threads(threads)
    shared, shared_history, shared_optimizer = train(**settings)
    assert_same_bits(shared.parameters, net.parameters)
    assert_same_bits(shared_history.loss, history.loss)
    assert_same_bits(shared_history.validation_loss, history.validation_loss)
    for name, values in optimizer.state.items():
        assert_same_bits(shared_optimizer.state[name], values)


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"sizes": (128, 9), "optimizer": lambda rate: SGD(rate, momentum=0.9), "batch_size": 33},
        {"activation": "gelu", "optimizer": lambda rate: RMSprop(rate, momentum=0.5), "shuffle": False},
        {"activation": "relu", "dropout": 0.3, "optimizer": SGD},
        {"activation": "gelu", "dropout": 0.2, "standardize": "inputs"},
        {"optimizer": lambda rate: AdamW(rate, weight_decay=0.1, l2=1e-3, l1=1e-4), "batch_size": 120},
        {"optimizer": lambda rate: SGD(rate, clip_value=0.02), "sample_weight": np.arange(1.0, ROWS + 1)},
        {"optimizer": lambda rate: SGD(rate, clip_norm=0.02)},
        {"dtype": "float64", "validation_data": (X[:50].astype(float), Y[:50])},
    ],
)
def test_the_number_of_threads_does_not_change_it(settings, threads, set_num_threads):
    check(set_num_threads, threads, **settings)


class Growing:
    """Writes to the parameters between two steps of an epoch."""

    def __init__(self, interval):
        self.every_steps = interval

    def on_step(self, step, history, network):
        network.parameters[...] *= 1.01


@pytest.mark.parametrize("interval", [1, 10])  # the first is not worth a copy
def test_callbacks_may_change_the_parameters_between_steps(interval, set_num_threads):
    check(set_num_threads, 2, callbacks=[Growing(interval)])


def test_callbacks_may_change_the_parameters_between_epochs(set_num_threads):
    def callback(epoch, history):
        networks[-1].parameters[...] *= 1.01

    results = []
    networks = []
    for threads in (1, 2):
        set_num_threads(threads)
        networks.append(
            Network([INPUTS, 100, 5], activation=["tanh", "softmax"], loss="cross_entropy", dtype="float32", seed=3)
        )
        networks[-1].fit(X, Y, epochs=2, batch_size=32, callback=callback)
        results.append(networks[-1].parameters)
    assert_same_bits(*results)


def test_an_interrupted_epoch_leaves_the_steps_taken(set_num_threads):
    class Stop:
        def on_step(self, step, history, network):
            return step == 17

    check(set_num_threads, 2, callbacks=[Stop()])


def test_a_diverged_epoch_is_undone(set_num_threads):
    results = []
    for threads in (1, 2):
        set_num_threads(threads)
        net = Network([INPUTS, 100, 5], activation=["relu", "softmax"], loss="cross_entropy", dtype="float32", seed=3)
        net.fit(X, Y, epochs=1, batch_size=32)
        with pytest.raises(DivergenceError):
            net.fit(X, Y, epochs=3, batch_size=32, learning_rate=1e35)
        results.append(net.parameters)
    assert_same_bits(*results)
