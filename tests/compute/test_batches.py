# SPDX-License-Identifier: BSD-3-Clause
"""Training on batches that the caller provides one at a time."""

import numpy as np
import pytest
from netlet import SGD, Adam

from helpers.training import X, Y, regression


def pieces(step=70):
    for first in range(0, len(X), step):
        yield X[first : first + step], Y[first : first + step]


def test_batches_from_a_function_are_as_good_as_slices():
    """Without shuffling; also with dropout, whose rows are numbered through the epoch."""
    a, b = regression(dropout=0.3), regression(dropout=0.3)
    one = a.fit(X, Y, epochs=3, batch_size=70, shuffle=False, optimizer=Adam())
    other = b.fit_batches(pieces, epochs=3, optimizer=Adam())
    assert a == b
    assert one.loss.tolist() == other.loss.tolist()


def test_batches_may_be_a_list_and_differ_in_rows_layout_and_dtype():
    x32 = np.asfortranarray(X[100:150].astype("float32"))
    batches = [
        (X[:100], Y[:100]),
        (x32, Y[100:150]),
        (X[150:151].tolist(), Y[150:151]),
        (X[151:], Y[151:], np.ones(149)),
    ]
    a, b = regression(), regression()
    a.fit_batches(batches, epochs=2, optimizer=Adam(), validation_data=(X, Y))
    optimizer = Adam()
    for _ in range(2):
        for x, y, *weight in batches:
            b.step(x, y, optimizer, sample_weight=weight[0] if weight else None)
    assert a == b


def test_a_bad_batch_ends_training_and_the_steps_before_it_stay():
    def batches():
        yield X, Y
        yield X[:, :4], Y

    net, once = regression(), regression()
    with pytest.raises(ValueError, match=r"^batch 1: x: expected shape"):
        net.fit_batches(batches, epochs=1)
    once.step(X, Y, SGD(0.1))
    assert net == once
    assert net.epochs_trained == 0


@pytest.mark.parametrize("bad", [(X,), X, (X, Y, None, None), None])
def test_a_batch_is_a_tuple(bad):
    with pytest.raises(ValueError, match=r"^batches: expected each to be a tuple"):
        regression().fit_batches([bad], epochs=1)


def test_an_iterator_that_ends_is_refused_and_an_empty_epoch_too():
    with pytest.raises(ValueError, match=r"^batches: expected a function"):
        regression().fit_batches(pieces(), epochs=2)
    regression().fit_batches(pieces(), epochs=1)
    with pytest.raises(ValueError, match=r"^batches: expected at least one batch"):
        regression().fit_batches([], epochs=1)


def test_what_the_batches_raise_comes_out():
    def batches():
        yield X, Y
        raise KeyError("no more")

    with pytest.raises(KeyError, match="no more"):
        regression().fit_batches(batches, epochs=1)


def test_the_network_may_be_used_while_a_batch_is_made():
    net, seen = regression(), []

    def batches():
        seen.append(net.loss(X, Y))
        yield X, Y

    net.fit_batches(batches, epochs=3)
    assert seen[0] > seen[1] > seen[2]


def test_a_state_that_was_looked_at_stays_readable_when_its_epoch_fails():
    optimizer, views = Adam(), []

    def batches():
        yield X, Y
        views.append(optimizer.state)
        yield np.where(np.arange(5) == 0, np.inf, X), Y

    with pytest.raises(ValueError, match="finite"):
        regression().fit_batches(batches, epochs=1, optimizer=optimizer)
    others = [np.ones(66) for _ in range(100)]
    assert views[0]["m"].shape == (66,)
    assert len(others) == 100
    assert np.isfinite(views[0]["m"]).all()


def test_parameters_are_finite_after_a_batch_that_fails():
    def batches():
        yield X, Y
        raise KeyError("no more")

    net = regression()
    with pytest.raises(KeyError):
        net.fit_batches(batches, epochs=1, learning_rate=1e308)
    assert np.isfinite(net.parameters).all()
