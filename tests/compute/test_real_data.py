# SPDX-License-Identifier: BSD-3-Clause
"""On data sets that scikit-learn ships: no warning if a fit is well set up, one if its inputs, rate or layers are bad.

benchmarks/training_warnings.py has more of them.
"""

import numpy as np
import pytest
from netlet import SGD, Adam, Network, TrainingWarning

datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn has no wheels for this Python yet")

DATA = {
    "iris": datasets.load_iris,
    "wine": datasets.load_wine,
    "breast cancer": datasets.load_breast_cancer,
    "diabetes": lambda **options: datasets.load_diabetes(scaled=False, **options),
    "friedman1": lambda **_: datasets.make_friedman1(300, noise=1.0, random_state=0),
}
KINDS = {"iris": "cross_entropy", "wine": "cross_entropy", "breast cancer": "binary_cross_entropy"}
every_data_set = pytest.mark.parametrize("name", DATA)


def train(name, activation, hidden, change=lambda net: None, factor=1.0, **options):
    x, y = DATA[name](return_X_y=True)
    loss = KINDS.get(name, "squared_error")
    outputs = int(y.max()) + 1 if loss == "cross_entropy" else 1
    output = {"output_activation": "identity"} if loss == "squared_error" else {}
    net = Network([x.shape[1], *hidden, outputs], activation=activation, loss=loss, reduction="mean", seed=0, **output)
    change(net)
    return net.fit(factor * x, y, **{"batch_size": 32, "standardize": True, **options})


WELL = {
    "tanh": lambda name: train(name, "tanh", [16], epochs=60, optimizer=Adam(0.01)),
    "relu": lambda name: train(name, "relu", [32, 32], epochs=40, optimizer=Adam(0.003)),
    "sigmoid": lambda name: train(name, "sigmoid", [8], epochs=150, optimizer=SGD(0.02, momentum=0.9)),
}


@pytest.mark.parametrize("fit", WELL.values(), ids=WELL)
@every_data_set
def test_none_for_a_fit_that_is_well_set_up(name, fit):
    fit(name)


def saturate(net):
    net.parameters[:] *= 1000


def kill(net):
    net.biases[0][:] = -1000


BADLY = {
    "inputs": (
        lambda name: train(name, "tanh", [16], factor=1e4, epochs=100, learning_rate=0.001, standardize=False),
        r"the inputs have sizes from .* to [\d.]+e\+\d\d \(column",
    ),
    "rate": (lambda name: train(name, "tanh", [16], epochs=100, optimizer=Adam(30.0)), "a smaller learning rate"),
    "weights": (
        lambda name: train(name, "sigmoid", [16], saturate, epochs=100, optimizer=Adam(0.01)),
        r"\d+ % of the units of hidden layer 1 are saturated",
    ),
    "dead": (lambda name: train(name, "relu", [16], kill, epochs=60, optimizer=Adam(0.01)), "100 % of .* are dead"),
}


@pytest.mark.parametrize(("fit", "says"), BADLY.values(), ids=BADLY)
@every_data_set
def test_one_for_a_fit_that_is_not(name, fit, says):
    with pytest.warns(TrainingWarning, match=says) as caught:
        fit(name)
    assert len(caught) == 1


@pytest.mark.parametrize("name", ["wine", "breast cancer", "diabetes"])
def test_raw_inputs_with_the_defaults(name):
    with pytest.warns(TrainingWarning, match=r"no better than .*; the inputs have sizes from"):
        train(name, "sigmoid", [16], standardize=False, epochs=100, learning_rate=0.1)
    assert np.abs(DATA[name](return_X_y=True)[0]).max() > 100
