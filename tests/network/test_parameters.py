# SPDX-License-Identifier: BSD-3-Clause
"""Parameters, weights and biases share one memory."""

import gc

import numpy as np
import pytest
from netlet import Network

from helpers.every import every_dtype


@every_dtype
def test_weights_and_biases_are_writable_views_of_the_parameters_in_order(dtype):
    net = Network([2, 3, 1], dtype=dtype, seed=0)
    pieces = [net.weights[0], net.biases[0], net.weights[1], net.biases[1]]
    assert [piece.shape for piece in pieces] == [(2, 3), (3,), (3, 1), (1,)]
    for i, piece in enumerate(pieces):
        piece[...] = np.arange(piece.size).reshape(piece.shape) + 10 * i
    np.testing.assert_array_equal(net.parameters, [0, 1, 2, 3, 4, 5, 10, 11, 12, 20, 21, 22, 30])
    net.parameters[:] = 7
    assert all((piece == 7).all() for piece in pieces)
    assert net.parameters.flags.c_contiguous


def test_writing_to_a_view_changes_what_forward_computes():
    net = Network([2, 1], activation="identity", init=[1.0, 10.0, 0.5])
    np.testing.assert_array_equal(net.forward([1.0, 1.0]), [11.5])
    net.weights[0][1] = 20
    net.biases[0][:] += 1
    np.testing.assert_array_equal(net.forward([1.0, 1.0]), [22.5])


def test_views_keep_the_memory_of_a_network_that_is_gone():
    net = Network([2, 300, 1], seed=0)
    views = [net.parameters, *net.weights, *net.biases]
    expected = [view.copy() for view in views]
    del net
    gc.collect()
    Network([2, 300, 1], seed=1)  # would take the memory over if it were free
    for view, values in zip(views, expected):
        np.testing.assert_array_equal(view, values)


@pytest.mark.parametrize("name", ["parameters", "weights", "biases", "layer_sizes", "activations", "dtype"])
def test_what_the_architecture_fixes_cannot_be_rebound(name):
    net = Network([2, 3, 1], seed=0)
    with pytest.raises(AttributeError):
        setattr(net, name, getattr(net, name))
