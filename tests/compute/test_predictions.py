# SPDX-License-Identifier: BSD-3-Clause
"""predict and evaluate."""

import netlet
import numpy as np
import pytest
from netlet import Network

from helpers.training import CLASSES, X, Y, classifier, regression


def test_predict_gives_classes_or_outputs():
    assert (classifier().predict(X) == classifier().forward(X).argmax(axis=1)).all()
    assert classifier().predict(X[0]) == classifier().forward(X[0]).argmax()
    assert regression().predict(X).tobytes() == regression().forward(X).tobytes()
    one = Network([5, 1], loss="binary_cross_entropy", seed=0)
    assert one.predict(X).tolist() == (one.forward(X)[:, 0] > 0.5).astype(int).tolist()
    two = Network([5, 2], loss="binary_cross_entropy", seed=0)
    assert two.predict(X).shape == (300, 2)


@pytest.mark.parametrize("kind", [Network, netlet.reference.Network])
def test_a_probability_of_one_half_is_no_yes(kind):
    net = kind([2, 3], loss="binary_cross_entropy", init=np.zeros(9))
    zeros = np.zeros((2, 3), int)
    assert (np.asarray(net.forward(X[:2, :2])) == 0.5).all()
    assert net.evaluate(X[:2, :2], zeros)["accuracy"] == 1
    assert net.evaluate(X[:2, :2], 1 - zeros)["accuracy"] == 0
    if kind is Network:
        assert (net.predict(X[:2, :2]) == zeros).all()


def test_evaluate_gives_loss_and_accuracy():
    net = classifier()
    figures = net.evaluate(X, CLASSES)
    assert figures == {"loss": net.loss(X, CLASSES), "accuracy": (net.predict(X) == CLASSES).mean()}
    assert regression().evaluate(X, Y) == {"loss": regression().loss(X, Y)}


def test_poisson_predicts_rates_and_a_class_is_never_made_of_nan():
    net = Network([5, 2], loss="poisson", seed=0)
    assert net.predict(X).tobytes() == netlet.functional.exp(net.forward(X)).tobytes()
    with pytest.raises(ValueError, match=r"^x: the outputs of row 1 are NaN"):
        classifier().predict([[1, 2, 3, 4, 5], [1, 2, np.nan, 4, 5]])
