# SPDX-License-Identifier: BSD-3-Clause
"""Copies, equality, fingerprint and repr."""

import netlet
import numpy as np
import pytest
from netlet import Network, reference

from helpers import xor
from helpers.every import COPIES, every_copy, every_dtype


class Tagged(Network):
    """A user's subclass."""

    def double(self, x):
        return 2 * self.forward(x)


def classifier(**settings):
    return Network([2, 5, 3], loss="cross_entropy", seed=3, **settings)


@every_copy
@every_dtype
def test_a_copy_is_equal_and_has_memory_of_its_own(duplicate, dtype):
    net = classifier(activation="relu", reduction="mean", dtype=dtype)
    net.fit(xor.X, [0, 1, 2, 0], epochs=4)
    other = duplicate(net)
    assert other == net
    assert (other.seed, other.epochs_trained, repr(other)) == (net.seed, 4, repr(net))
    other.parameters[0] += 1
    assert other != net
    assert net == duplicate(net)


@every_copy
def test_a_copy_of_a_subclass_keeps_class_and_attributes(duplicate):
    net = Tagged([2, 3, 1], seed=0)
    net.tags = ["mine"]
    other = duplicate(net)
    assert type(other) is Tagged
    assert other.tags == ["mine"]
    assert other.double(xor.X).tobytes() == net.double(xor.X).tobytes()


@pytest.mark.parametrize("duplicate", [COPIES["pickle"], COPIES["deepcopy"]], ids=["pickle", "deepcopy"])
def test_an_attribute_may_refer_back_to_the_network(duplicate):
    net = Tagged([2, 3, 1], seed=0)
    net.predict = net.double
    other = duplicate(net)
    assert other.predict.__self__ is other


def test_a_pickle_of_another_numerics_version_says_that_the_bits_will_differ():
    net = Network([2, 3, 1], seed=0)
    restore, (cls, state), _ = net.__reduce__()
    assert state["numerics"] == netlet.numerics_version()
    with pytest.warns(UserWarning, match="pickled under numerics version 999"):
        assert restore(cls, {**state, "numerics": 999}) == net


def test_a_network_has_no_hash_because_it_changes():
    with pytest.raises(TypeError, match="unhashable"):
        hash(Network([2, 3, 1]))


def test_networks_are_equal_by_bits():
    net, other = Network([2, 3, 1], seed=0), Network([2, 3, 1], seed=0)
    assert net == other
    other.parameters[3] = np.nextafter(other.parameters[3], 1)
    assert net != other
    net.parameters[3] = other.parameters[3] = np.nan
    assert net == other
    net.parameters[3], other.parameters[3] = 0.0, -0.0
    assert net != other
    assert net != "a network"
    assert net.__eq__(3) is NotImplemented


ARCHITECTURES = [
    {},
    {"activation": "tanh"},
    {"output_activation": "identity"},
    {"loss": "binary_cross_entropy"},
    {"reduction": "mean"},
    {"dtype": "float32"},
]


def test_networks_of_different_architecture_differ_even_with_the_same_parameters():
    nets = [Network([2, 3, 1], init=np.zeros(13), **settings) for settings in ARCHITECTURES]
    nets += [Network(sizes, init=np.zeros(13)) for sizes in ([4, 2, 1], [12, 1])]
    for i, net in enumerate(nets):
        assert [net == other for other in nets] == [i == j for j in range(len(nets))]
    assert len({net.fingerprint() for net in nets}) == len(nets)


@pytest.mark.parametrize("settings", ARCHITECTURES, ids=repr)
def test_the_fingerprint_is_that_of_the_reference(settings):
    net = Network([2, 3, 1], seed=4, **settings)
    same = reference.Network([2, 3, 1], seed=4, **settings)
    net.parameters[2] = same.parameters[2] = -np.nan
    assert net.fingerprint() == same.fingerprint()


def test_the_fingerprint_follows_the_parameters_and_not_seed_or_epochs():
    net, other = (Network([2, 3, 1], init=np.linspace(0.5, 1, 13), seed=seed) for seed in (0, 1))
    other.fit([[0, 1]], [0], epochs=1, learning_rate=1e-300)  # an epoch that changes nothing
    assert net.fingerprint() == other.fingerprint()
    assert net == other
    other.parameters[0] = -other.parameters[0]
    assert net.fingerprint() != other.fingerprint()


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, "activation='sigmoid', loss='squared_error', reduction='sum', dtype='float64', seed=5"),
        (
            {"activation": "relu", "loss": "cross_entropy", "dtype": "float32"},
            "activation='relu', output_activation='softmax', loss='cross_entropy', reduction='sum', dtype='float32', "
            "seed=5",
        ),
        (
            {"activation": ["relu", "tanh", "identity"], "reduction": "mean"},
            "activation=['relu', 'tanh', 'identity'], loss='squared_error', reduction='mean', dtype='float64', seed=5",
        ),
    ],
)
def test_the_repr_builds_the_network_again(settings, text):
    net = Network([2, 4, 3, 2], seed=5, **settings)
    assert repr(net) == f"Network([2, 4, 3, 2], {text})"
    assert eval(repr(net)) == net
