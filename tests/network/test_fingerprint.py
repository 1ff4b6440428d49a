# SPDX-License-Identifier: BSD-3-Clause
"""What a fingerprint covers, and what not: as `Network.fingerprint` and docs/numerics.md say."""

import itertools

import numpy as np
import pytest
from netlet import Adam, Network, reference

X, Y = np.array([[0.0, 1.0], [1.0, 1.0]]), np.array([[0.2], [0.7]])
SETTINGS = {"activation": "tanh", "seed": 3}


def made(sizes=(2, 3, 1), init=None, **settings):
    """Of the same parameters, whatever the settings."""
    count = sum((n + 1) * m for n, m in itertools.pairwise(sizes))
    return Network(sizes, init=np.arange(1.0, count + 1) / 8 if init is None else init, **{**SETTINGS, **settings})


def changed(net, change):
    change(net)
    return net


COVERED = {
    "dtype": lambda: made(dtype="float32"),
    "layer sizes": lambda: made((2, 1, 1)),
    "inputs and outputs changed": lambda: made((1, 3, 2)),
    "hidden activation": lambda: made(activation="relu", output_activation="tanh"),
    "output activation": lambda: made(output_activation="identity"),
    "loss": lambda: made(loss="absolute_error"),
    "reduction": lambda: made(reduction="mean"),
    "a weight": lambda: changed(
        made(), lambda net: net.weights[0].__setitem__((1, 2), np.nextafter(net.weights[0][1, 2], 9))
    ),
    "a bias": lambda: changed(made(), lambda net: net.biases[1].__setitem__(0, 0.5)),
    "the sign of 0": lambda: changed(made(), lambda net: net.biases[1].__setitem__(0, -0.0)),
    "scaling of inputs": lambda: changed(made(), lambda net: setattr(net, "input_scaling", ([0, 0], [1, 1]))),
    "scaling of outputs": lambda: changed(made(), lambda net: setattr(net, "output_scaling", ([0], [1]))),
}
NOT_COVERED = {
    "seed": lambda: made(seed=4),
    "dropout": lambda: made(dropout=0.5),
    "epochs trained": lambda: changed(made(), lambda net: net._set_epochs_trained(7)),
    "feature names": lambda: changed(made(), lambda net: setattr(net, "feature_names", ["a", "b"])),
    "metadata": lambda: changed(made(), lambda net: setattr(net, "metadata", {"a": 1})),
    "a file": lambda: Network.from_bytes(made().to_bytes(optimizer=Adam())),
}


def test_what_it_covers_changes_it():
    zero = changed(made(), lambda net: net.biases[1].__setitem__(0, 0.0))
    found = {name: make().fingerprint() for name, make in COVERED.items()}
    assert len({*found.values(), made().fingerprint(), zero.fingerprint()}) == len(COVERED) + 2


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "huber", "huber_delta": 2.0},
        {"loss": "quantile", "quantile": 0.9},
    ],
    ids=lambda settings: settings["loss"],
)
def test_the_setting_of_a_loss_changes_it(settings):
    assert made(**settings).fingerprint() != made(loss=settings["loss"]).fingerprint()
    assert made(huber_delta=2.0).fingerprint() == made().fingerprint()  # another loss has none


@pytest.mark.parametrize("make", NOT_COVERED.values(), ids=NOT_COVERED)
def test_what_it_does_not_cover_leaves_it(make):
    assert make().fingerprint() == made().fingerprint()


def test_labels_and_the_provenance_leave_it():
    settings = {"loss": "binary_cross_entropy", "activation": "sigmoid"}
    assert made(classes=["no", "yes"], **settings).fingerprint() == made(**settings).fingerprint()
    nets = [made(), made()]
    for net, y in zip(nets, (Y, Y.tolist())):
        net.fit(X, y, epochs=1, learning_rate=0.1)
    nets[0] = Network.from_bytes(nets[0].to_bytes(provenance=True))
    assert nets[0].provenance
    assert nets[0].fingerprint() == nets[1].fingerprint()


def test_all_nan_are_the_same():
    nets = [
        made(init=np.full(13, bits, np.uint64).view(np.float64)) for bits in (0x7FF8000000000000, 0xFFF800000000BEEF)
    ]
    assert nets[0].fingerprint() == nets[1].fingerprint() != made().fingerprint()


def test_the_optimizer_leaves_it_and_the_reference_has_the_same():
    net, plain = made(), reference.Network([2, 3, 1], init=np.arange(1.0, 14.0) / 8, **SETTINGS)
    assert net.fingerprint() == plain.fingerprint()
    before = net.fingerprint()
    optimizer = Adam()
    net.step(X, Y, optimizer)
    assert net.fingerprint() != before
    net.parameters[:] = np.arange(1.0, 14.0) / 8
    assert net.fingerprint() == before  # though the optimizer has state for it now
