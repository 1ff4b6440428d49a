# SPDX-License-Identifier: BSD-3-Clause
"""A network and an optimizer of every kind that a file can hold, and copies."""

import copy
import pickle

import numpy as np
import pytest
from netlet import SGD, Adam, AdamW, Network, RMSprop, Rprop

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(40, 3)), RNG.random((40, 2))
NETWORKS = {
    "xor": lambda: Network([2, 3, 1], seed=0),
    "float32": lambda: Network([3, 5, 2], activation="relu", dtype="float32", seed=2**64 - 1),
    "one layer": lambda: Network([3, 2], activation="identity", seed=1),
    "deep": lambda: Network([3, 4, 5, 6, 7, 2], activation=["elu", "silu", "gelu", "softplus", "leaky_relu"], seed=3),
    "classes": lambda: Network([3, 4, 2], loss="cross_entropy", reduction="mean", seed=4),
    "huber": lambda: Network([3, 4, 2], loss="huber", huber_delta=0.1, activation="hard_sigmoid", seed=5),
    "quantile": lambda: Network([3, 4, 2], loss="quantile", quantile=[0.1, 0.9], dtype="float32", seed=6),
    "dropout": lambda: Network([3, 4, 4, 2], dropout=[0.0, 0.3], seed=7),
}
OPTIMIZERS = {
    "sgd": SGD,
    "momentum": lambda: SGD(0.01, momentum=0.9, nesterov=True),
    "adam": lambda: Adam(clip_norm=1.0),
    "adamw": lambda: AdamW(l1=0.01),
    "rmsprop": RMSprop,
    "rmsprop with momentum": lambda: RMSprop(momentum=0.5),
    "rprop": Rprop,
}


def every(makers):
    return pytest.mark.parametrize("make", makers.values(), ids=makers)


def scaled():
    net = Network([3, 4, 2], seed=8)
    net.learn_scaling(X, Y)
    return net


def copies(net, folder):
    """What becomes of a network in a file, in bytes, in a pickle and as a copy."""
    net.save(folder / "net")
    return (
        Network.load(folder / "net"),
        Network.from_bytes(net.to_bytes()),
        pickle.loads(pickle.dumps(net)),
        copy.deepcopy(net),
    )


def names(folder):
    return sorted(path.name for path in folder.iterdir())
