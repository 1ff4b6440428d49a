# SPDX-License-Identifier: BSD-3-Clause
"""A network may begin anew."""

import pickle

import numpy as np
import pytest
from netlet import Network

from helpers import xor


@pytest.mark.parametrize("init", ["glorot_uniform", "he_uniform"])
def test_a_reset_network_is_as_it_was_when_it_was_made(init):
    net, new = (Network([2, 3, 1], init=init, seed=5) for _ in range(2))
    net.fit(xor.X, xor.Y, epochs=4)
    net = pickle.loads(pickle.dumps(net))
    net.reset()
    assert net == new
    assert (net.epochs_trained, net.seed) == (0, 5)
    assert net.fit(xor.X, xor.Y, epochs=3).loss.tobytes() == new.fit(xor.X, xor.Y, epochs=3).loss.tobytes()


def test_another_seed_or_other_initial_values_are_kept():
    net = Network([2, 3, 1], seed=5)
    parameters = net.parameters
    net.reset(6, init="he_uniform")
    assert net == Network([2, 3, 1], init="he_uniform", seed=6)
    net.parameters[:] = 0
    net.reset()
    assert net == Network([2, 3, 1], init="he_uniform", seed=6)
    assert np.shares_memory(net.parameters, parameters)


def test_scalings_stay():
    net = Network([2, 3, 1], seed=0)
    net.input_scaling = [1, 2], [3, 4]
    net.reset()
    np.testing.assert_array_equal(net.input_scaling, [[1, 2], [3, 4]])


def test_a_network_of_given_values_needs_a_name():
    net = Network([2, 3, 1], seed=0)
    for given in (Network([2, 3, 1], init=net.parameters), Network.from_bytes(net.to_bytes())):
        before = given.parameters.copy()
        with pytest.raises(ValueError, match=r"^init: expected one of the names glorot_uniform, he_uniform, since"):
            given.reset()
        np.testing.assert_array_equal(given.parameters, before)
        given.reset(0, init="glorot_uniform")
        assert given == net
    for arguments, error in (((-1,), ValueError), (("0",), TypeError)):
        with pytest.raises(error, match=r"^seed: "):
            net.reset(*arguments)
    with pytest.raises(ValueError, match=r"^init: unknown name 'zeros'"):
        net.reset(init="zeros")
