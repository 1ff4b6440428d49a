# SPDX-License-Identifier: BSD-3-Clause
"""The number of threads changes no bit."""

import netlet
import numpy as np
import pytest
from netlet import Adam

from helpers.sharing import CLASSES, X, wide_network


def everything(rows, batch_size):
    net, x, y = wide_network(), X[:rows], CLASSES[:rows]
    loss, gradient = net.backward(x, y)
    outputs = net.forward(x)
    history = net.fit(x, y, epochs=2, batch_size=batch_size, optimizer=Adam())
    return [np.asarray(a).tobytes() for a in (loss, gradient, outputs, history.loss, net.parameters)]


@pytest.mark.parametrize("rows", [256, 1000, 1024, 1025, 1500])  # 1, 4, 4, 5, 6 blocks of 256
@pytest.mark.parametrize("batch_size", [None, 300])
def test_the_number_of_threads_changes_no_bit(rows, batch_size, set_num_threads):
    set_num_threads(1)
    expected = everything(rows, batch_size)
    for count in (2, 3, 5, 8):
        set_num_threads(count)
        assert everything(rows, batch_size) == expected, f"{count} threads"


def test_the_number_of_threads_may_change_during_training(set_num_threads):
    nets = wide_network(), wide_network()
    nets[0].fit(X, CLASSES, epochs=4, learning_rate=1e-3)
    nets[1].fit(X, CLASSES, epochs=4, learning_rate=1e-3, callback=lambda epoch, _: set_num_threads(3 - epoch % 3))
    assert nets[0] == nets[1]


@pytest.mark.parametrize("count", [1, 7, 1024])
def test_the_number_of_threads_is_what_was_set(count, set_num_threads):
    set_num_threads(count)
    assert netlet.get_num_threads() == count


@pytest.mark.parametrize(
    ("count", "error"),
    [(0, ValueError), (-1, ValueError), (1025, ValueError), (2.5, TypeError), ("2", TypeError), (None, TypeError)],
)
def test_a_bad_number_of_threads_is_refused(count, error, set_num_threads):
    set_num_threads(3)
    with pytest.raises(error, match="count"):
        set_num_threads(count)
    assert netlet.get_num_threads() == 3
