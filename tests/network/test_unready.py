# SPDX-License-Identifier: BSD-3-Clause
"""Objects whose __init__ has not run say so, and those whose __init__ runs again."""

import pytest
from netlet import SGD, Adam, Network, Optimizer, _core

from helpers.bad_input import X, Y, refused, state

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


CORE = [_core.Network, _core.Optimizer, _core.Checkpoint]


@pytest.mark.parametrize(
    ("cls", "name"),
    [(cls, name) for cls in CORE for name in dir(cls) if name not in dir(object)],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_all_members_of_the_core_s_objects_say_so(cls, name):
    raw = cls.__new__(cls)
    for arguments in ((), *([None] * count for count in range(1, 9)), ([0] * 2,), ([0.0], [1.0], [1])):
        with pytest.raises(TypeError):
            getattr(raw, name)(*arguments)


def test_a_checkpoint_that_is_none_or_used_up_makes_nothing():
    net = Network([4, 3], seed=0)
    for cls in (_core.Network, _core.Optimizer):
        for value in (None, net, _core.Checkpoint.__new__(_core.Checkpoint)):
            with pytest.raises(TypeError, match="checkpoint: "):
                cls(value)
        checkpoint = _core.Checkpoint.from_bytes(net.to_bytes(optimizer=Adam()))
        cls(checkpoint)
        with pytest.raises(ValueError, match=r"^checkpoint: it is used up"):
            cls(checkpoint)
    for arguments in ((None, None), (b"net", b"net")):
        with pytest.raises(TypeError, match="either a path or data"):
            _core.Checkpoint(*arguments)


def test_a_second_init_is_refused(net):
    optimizer = Adam()
    before = state(net, optimizer)
    for again in (lambda: net.__init__([2, 1]), lambda: optimizer.__init__(0.5)):
        with pytest.raises(TypeError, match=r"^__init__ has already run"):
            again()
    assert state(net, optimizer) == before


@pytest.mark.parametrize("bases", [(Network, Adam), (Network, Optimizer), (_core.Checkpoint, Network)])
def test_an_object_is_of_one_kind(bases):
    mixed = type("Mixed", bases, {})
    with pytest.raises(TypeError, match="expected one class of netlet's among its bases"):
        mixed.__new__(mixed)
