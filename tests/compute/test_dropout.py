# SPDX-License-Identifier: BSD-3-Clause
"""Dropout: which units are left out, and when."""

import numpy as np
from netlet import SGD, Network, reference

from helpers.training import X, Y, regression


def test_dropout_leaves_out_its_share_of_the_units_and_keeps_the_expected_value():
    factors = reference.network.dropout_factors(np.arange(2000, dtype=np.uint64), 50, 0.3, 0, 5, 2, 0, "float64")
    assert set(np.unique(factors)) == {0.0, 1 / 0.7}
    assert abs((factors == 0).mean() - 0.3) < 0.005
    assert abs((factors == 0).mean(axis=0) - 0.3).max() < 0.05  # of each unit
    assert abs((factors == 0).mean(axis=1) - 0.3).mean() < 0.08  # of each row


def test_only_training_drops_units():
    plain, dropping = regression(), regression(dropout=0.5)
    assert plain.forward(X).tobytes() == dropping.forward(X).tobytes()
    assert plain.backward(X, Y)[1].tobytes() == dropping.backward(X, Y)[1].tobytes()
    plain.fit(X, Y, epochs=1)
    dropping.fit(X, Y, epochs=1)
    assert plain.parameters.tobytes() != dropping.parameters.tobytes()
    assert repr(dropping).endswith("dropout=[0.5])")


def test_what_is_dropped_follows_seed_epoch_and_step():
    def trained(seed=1, epochs=1):
        net = Network([5, 8, 2], init=np.full(66, 0.1), dropout=0.5, seed=seed)
        net._set_epochs_trained(epochs)
        net.fit(X, Y, epochs=1, learning_rate=1e-4)
        return net.parameters.tobytes()

    assert trained() == trained()
    assert len({trained(), trained(seed=2), trained(epochs=2)}) == 3
    net, optimizer = regression(dropout=0.5), SGD(1e-300)
    assert len({net.step(X, Y, optimizer) for _ in range(5)}) == 5


def test_dropout_is_the_same_for_any_batch_that_a_row_is_in():
    """At a rate too small to change anything, the loss of an epoch depends on the dropped units alone."""
    net = regression(dropout=[0.4])
    losses = set()
    for batch_size in (1, 7, 300):
        net._set_epochs_trained(0)
        losses.add(round(net.fit(X, Y, epochs=1, learning_rate=1e-300, batch_size=batch_size).loss[0], 12))
    assert len(losses) == 1
