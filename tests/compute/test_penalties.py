# SPDX-License-Identifier: BSD-3-Clause
"""Penalties, weight decay and clipping."""

import numpy as np
import pytest
from netlet import SGD, AdamW, Network, reference


def test_penalties_pull_weights_and_leave_biases():
    net = Network([3, 4, 2], init=np.linspace(-1, 1, 26), seed=0)
    before = net.parameters.copy()
    net.apply_gradient(np.zeros(26), SGD(1.0, l2=0.1, l1=0.01))
    is_bias = np.isin(before, np.concatenate(Network([3, 4, 2], init=before).biases))
    np.testing.assert_array_equal(net.parameters[is_bias], before[is_bias])
    expected = before - (0.1 * before + 0.01 * np.sign(before))
    np.testing.assert_allclose(net.parameters[~is_bias], expected[~is_bias], rtol=1e-14)


def test_weight_decay_shrinks_weights_apart_from_the_gradient():
    net = Network([3, 2], init=np.ones(8), seed=0)
    net.apply_gradient(np.zeros(8), AdamW(0.1, weight_decay=0.5))
    np.testing.assert_allclose(net.weights[0], 0.95)
    np.testing.assert_array_equal(net.biases[0], 1)


@pytest.mark.parametrize(("size", "shrunk"), [(1e-3, False), (3.0, True), (1e100, True)])
def test_clipping_by_norm_keeps_the_direction(size, shrunk):
    gradient = np.random.default_rng(0).normal(size=10100)
    gradient *= size / np.linalg.norm(gradient)
    net = Network([100, 100], init=np.zeros(10100), seed=0)
    net.apply_gradient(gradient, SGD(1.0, clip_norm=2.0))
    np.testing.assert_allclose(-net.parameters, gradient * (2 / size if shrunk else 1), rtol=1e-12)


def test_clipping_by_value():
    net = Network([2, 1], init=np.zeros(3), seed=0)
    net.apply_gradient([-5.0, 0.1, 0.7], SGD(1.0, clip_value=0.5))
    assert net.parameters.tolist() == [0.5, -0.1, -0.5]


def test_large_networks_are_clipped_as_in_the_reference(set_num_threads):
    """Several tiles and blocks, in three phases on several threads."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(600, 90)), rng.normal(size=(600, 300))
    arguments = {"activation": ["relu", "identity"], "dtype": "float32", "seed": 1}
    net, expected = Network([90, 100, 300], **arguments), reference.Network([90, 100, 300], **arguments)
    set_num_threads(3)
    net.step(x, y, AdamW(clip_norm=0.1, l1=0.001, l2=0.01))
    expected.step(x, y, reference.AdamW(clip_norm=0.1, l1=0.001, l2=0.01))
    assert net.parameters.tobytes() == expected.parameters.tobytes()
