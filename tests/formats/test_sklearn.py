# SPDX-License-Identifier: BSD-3-Clause
"""Import from scikit-learn."""

import warnings

import numpy as np
import pytest
from netlet import Network
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler


def fitted(model, x, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(x, y)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_sklearn_models_predict_the_same(activation):
    digits, diabetes = load_digits(), load_diabetes()
    settings = {"activation": activation, "hidden_layer_sizes": (20, 10), "max_iter": 10, "random_state": 0}
    x, y = digits.data / 16, digits.target
    for targets in (y, y % 2):
        model = fitted(MLPClassifier(**settings), x, targets)
        net = Network.from_sklearn(model)
        np.testing.assert_allclose(net.forward(x)[:, -1], model.predict_proba(x)[:, -1], rtol=1e-9, atol=1e-12)
        assert (model.classes_[net.predict(x)] == model.predict(x)).all()
    several = np.stack([y % 2, y > 4], axis=1).astype(int)
    model = fitted(MLPClassifier(**settings), x, several)
    net = Network.from_sklearn(model)
    assert net.loss_name == "binary_cross_entropy"
    assert (net.predict(x) == model.predict(x)).all()
    model = fitted(MLPRegressor(**settings), diabetes.data, diabetes.target)
    np.testing.assert_allclose(Network.from_sklearn(model).predict(diabetes.data), model.predict(diabetes.data))


def test_sklearn_pipelines_bring_their_scaling():
    x, y = load_diabetes(return_X_y=True, scaled=False)
    for scaler in (StandardScaler(), StandardScaler(with_mean=False), StandardScaler(with_std=False)):
        model = fitted(make_pipeline(scaler, MLPRegressor(max_iter=5, random_state=0)), x, y)
        np.testing.assert_allclose(Network.from_sklearn(model).predict(x), model.predict(x))
    assert Network.from_sklearn(model, dtype="float32").dtype == np.float32


def test_sklearn_models_that_are_no_networks_are_refused():
    with pytest.raises(TypeError, match="MLPClassifier or MLPRegressor, got LogisticRegression"):
        Network.from_sklearn(LogisticRegression())
    with pytest.raises(ValueError, match="expected a fitted MLPRegressor"):
        Network.from_sklearn(MLPRegressor())
    x, y = load_diabetes(return_X_y=True)
    model = fitted(make_pipeline(MinMaxScaler(), MLPRegressor(max_iter=2)), x, y)
    with pytest.raises(ValueError, match="StandardScaler before the network, got MinMaxScaler"):
        Network.from_sklearn(model)
    model = fitted(make_pipeline(StandardScaler(), StandardScaler(), MLPRegressor(max_iter=2)), x, y)
    with pytest.raises(ValueError, match="at most a StandardScaler before the network, got 2"):
        Network.from_sklearn(model)
