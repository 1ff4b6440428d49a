# SPDX-License-Identifier: BSD-3-Clause
"""Objects whose __init__ has not run say so."""

import pytest
from netlet import SGD, Adam, Network

from helpers.bad_input import X, Y, refused

NETWORK_MEMBERS = [
    [
        "layer_sizes",
        "activations",
        "loss_name",
        "reduction",
        "dtype",
        "epochs_trained",
        "parameters",
        "weights",
        "biases",
    ],
    {"forward": [X], "loss": [X, Y], "backward": [X, Y], "step": [X, Y, SGD()], "fingerprint": [], "__reduce__": []},
]


@pytest.mark.parametrize("name", NETWORK_MEMBERS[0])
def test_a_network_whose_init_has_not_run_has_no_properties(name):
    with pytest.raises(TypeError, match="__init__"):
        getattr(Network.__new__(Network), name)


@pytest.mark.parametrize("name", NETWORK_MEMBERS[1])
def test_a_network_whose_init_has_not_run_computes_nothing(name):
    with pytest.raises(TypeError, match="__init__"):
        getattr(Network.__new__(Network), name)(*NETWORK_MEMBERS[1][name])


def test_a_subclass_that_looks_too_early_is_told_so():
    class Early(Network):
        def __init__(self):
            self.first = self.weights
            super().__init__([2, 1])

    with pytest.raises(TypeError, match="__init__"):
        Early()


@pytest.mark.parametrize("cls", [SGD, Adam])
def test_an_optimizer_whose_init_has_not_run_is_refused(cls, net):
    raw = cls.__new__(cls)
    for use in (lambda: raw.state, lambda: raw.steps, lambda: repr(raw), lambda: raw.__reduce__()):
        with pytest.raises(TypeError, match="__init__"):
            use()
    with refused(TypeError, "^optimizer: .*__init__", net):
        net.step(X, Y, raw)
