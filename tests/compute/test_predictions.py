# SPDX-License-Identifier: BSD-3-Clause
"""predict and evaluate."""

import netlet
import numpy as np
import pytest
from netlet import Network
from netlet._names import LOSSES
from sklearn.metrics import mean_absolute_error, mean_squared_error

from helpers.every import every_dtype
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


@pytest.mark.parametrize("rows", [1, 300, 3000])  # within a block, and more than are kept at once
@pytest.mark.parametrize("loss", [name for name, row in LOSSES.items() if "classes" not in row])
@every_dtype
def test_evaluate_gives_errors_of_predictions_in_the_targets_own_units(dtype, loss, rows, rng):
    net = Network([5, 8, 2], activation=["tanh", "identity"], loss=loss, dtype=dtype, seed=1)
    x, weights = rng.normal(size=(rows, 5)), rng.random(rows)
    y = rng.integers(0, 9, (rows, 2)) if loss == "poisson" else 2e6 + 50 * rng.normal(size=(rows, net._targets))
    if loss != "poisson":
        net.output_scaling = np.full(net._targets, 2e6), np.full(net._targets, 50.0)
    error = net.predict(x).astype(np.float64).reshape(y.shape) - y
    for weight in (None, weights):
        figures = net.evaluate(x, y, sample_weight=weight)
        assert list(figures) == ["loss", "rmse", "mae"]
        assert figures["loss"] == net.loss(x, y, sample_weight=weight)
        np.testing.assert_allclose(figures["rmse"], np.sqrt(np.average(error**2, axis=0, weights=weight).mean()), 1e-6)
        np.testing.assert_allclose(figures["mae"], np.average(abs(error), axis=0, weights=weight).mean(), 1e-6)


def test_scikit_learn_finds_the_same_errors(rng):
    net, weights = regression(), {"sample_weight": rng.random(300)}
    net.fit(X, 1000 * Y, epochs=5, standardize=True)
    figures, predicted = net.evaluate(X, 1000 * Y, **weights), net.predict(X)
    assert figures["rmse"] == pytest.approx(mean_squared_error(1000 * Y, predicted, **weights) ** 0.5, 1e-12)
    assert figures["mae"] == pytest.approx(mean_absolute_error(1000 * Y, predicted, **weights), 1e-12)


def test_poisson_predicts_rates_and_a_class_is_never_made_of_nan():
    net = Network([5, 2], loss="poisson", seed=0)
    assert net.predict(X).tobytes() == netlet.functional.exp(net.forward(X)).tobytes()
    with pytest.raises(ValueError, match=r"^x: the outputs of row 1 are NaN"):
        classifier().predict([[1, 2, 3, 4, 5], [1, 2, np.nan, 4, 5]])
