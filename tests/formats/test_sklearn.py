# SPDX-License-Identifier: BSD-3-Clause
"""Import from scikit-learn."""

import warnings

import numpy as np
import pytest
from netlet import SGD, Network
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import BaggingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)


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


def regressor(**settings):
    return MLPRegressor(**{"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, **settings})


def scaled_targets(model, transformer):
    return TransformedTargetRegressor(model, transformer=transformer)


def search(model, name):
    return GridSearchCV(model, {f"{name}alpha": [0.1, 1.0]}, cv=2)


X, Y = load_diabetes(return_X_y=True, scaled=False)
CONSTANT = np.concatenate([X, np.full((len(X), 1), 3.0)], axis=1)
NOTHING = ["passthrough", None, FunctionTransformer()]
MODELS = {
    "standard": make_pipeline(StandardScaler(), regressor()),
    "standard, scale alone": make_pipeline(StandardScaler(with_mean=False), regressor()),
    "standard, mean alone": make_pipeline(StandardScaler(with_std=False), regressor()),
    "min and max": make_pipeline(MinMaxScaler((-1, 3)), regressor()),
    "maximum": make_pipeline(MaxAbsScaler(), regressor()),
    "robust": make_pipeline(RobustScaler(quantile_range=(10, 90), unit_variance=True), regressor()),
    "robust, center alone": make_pipeline(RobustScaler(with_scaling=False), regressor()),
    "robust, scale alone": make_pipeline(RobustScaler(with_centering=False), regressor()),
    "several": make_pipeline(MinMaxScaler(), *NOTHING, make_pipeline(RobustScaler(), StandardScaler()), regressor()),
    "PCA": make_pipeline(StandardScaler(), PCA(3), MaxAbsScaler(), regressor()),
    "whitening PCA": make_pipeline(PCA(3, whiten=True), regressor()),
    "targets": scaled_targets(make_pipeline(StandardScaler(), regressor()), StandardScaler()),
    "targets, several": scaled_targets(regressor(), make_pipeline(RobustScaler(), MinMaxScaler((2, 5)))),
    "targets, inside": make_pipeline(StandardScaler(), scaled_targets(regressor(), MaxAbsScaler())),
    "targets, nothing": scaled_targets(regressor(), None),
    "search": search(make_pipeline(StandardScaler(), regressor()), "mlpregressor__"),
    "search, targets": scaled_targets(search(regressor(), ""), MinMaxScaler()),
}


@pytest.mark.parametrize("name", MODELS)
def test_what_scales_linearly_comes_with_the_network(name):
    for x in (X, CONSTANT):
        for y in (Y, np.stack([Y, 3 - Y], axis=1)) if "targets" in name else (Y,):
            model = fitted(MODELS[name], x, y)
            np.testing.assert_allclose(Network.from_sklearn(model).predict(x), model.predict(x), rtol=1e-9)


def test_scalers_become_scalings():
    net = Network.from_sklearn(fitted(MODELS["targets"], X, Y))
    np.testing.assert_allclose(net.input_scaling, [X.mean(axis=0), X.std(axis=0)])
    np.testing.assert_allclose(net.output_scaling, [[Y.mean()], [Y.std()]])
    net = Network.from_sklearn(fitted(MODELS["PCA"], X, Y))
    assert net.layer_sizes == (10, 3, 8, 1)
    assert Network.from_sklearn(MODELS["PCA"], dtype="float32").dtype == np.float32


def test_ties_are_decided_as_scikit_learn_does():
    x, y = load_digits(return_X_y=True)
    for targets, probability in (y % 2, 1 / 2), (np.stack([y % 2, y > 4], axis=1).astype(int), 1 / 2), (y % 3, 1 / 3):
        model = fitted(MLPClassifier((4,), max_iter=2), x, targets)
        model.coefs_[-1][:] = model.intercepts_[-1][:] = 0
        net = Network.from_sklearn(model)
        assert (net.forward(x) == probability).all()
        assert (net.predict(x) == model.predict(x)).all()
        assert net.evaluate(x, model.predict(x))["accuracy"] == 1


class Mine(MLPRegressor):
    """May compute something else."""


def without_refit():
    return GridSearchCV(regressor(), {"alpha": [0.1]}, cv=2, refit=False)


@pytest.mark.parametrize(
    ("model", "match"),
    [
        (make_pipeline(MinMaxScaler(clip=True), regressor()), "no MinMaxScaler with clip=True"),
        (make_pipeline(PowerTransformer(), regressor()), "no PowerTransformer; linear scalers are StandardScaler, "),
        (make_pipeline(QuantileTransformer(n_quantiles=10), regressor()), "no QuantileTransformer"),
        (make_pipeline(FunctionTransformer(np.log1p), regressor()), "no FunctionTransformer with a function"),
        (make_pipeline(StandardScaler(), SplineTransformer(), regressor()), "no SplineTransformer"),
        (TransformedTargetRegressor(regressor(), func=np.log, inverse_func=np.exp), "Regressor with a function"),
        (scaled_targets(regressor(), PowerTransformer()), "no PowerTransformer"),
        (scaled_targets(regressor(), PCA(1)), "no PCA"),
        (without_refit(), "a fitted GridSearchCV with refit"),
        (Mine(max_iter=2), "got Mine"),
        (make_pipeline(StandardScaler(), Ridge()), "got Ridge"),
        (BaggingRegressor(regressor(), n_estimators=2), "got BaggingRegressor"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_linear_is_refused_by_name(model, match):
    fitted(model, np.abs(X) + 1, Y)
    with pytest.raises((TypeError, ValueError), match=match):
        Network.from_sklearn(model)


def test_sklearn_models_that_are_not_whole_are_refused():
    for model, match in [
        (LogisticRegression(), "MLPClassifier or MLPRegressor, .* got LogisticRegression"),
        (MLPRegressor(), "expected a fitted MLPRegressor"),
        (make_pipeline(StandardScaler(), MLPRegressor()), "expected a fitted StandardScaler"),
        (make_pipeline(PCA(), MLPRegressor()), "expected a fitted PCA"),
        (scaled_targets(MLPRegressor(), StandardScaler()), "expected a fitted TransformedTargetRegressor"),
        (GridSearchCV(MLPRegressor(), {}), "a fitted GridSearchCV"),
    ]:
        with pytest.raises((TypeError, ValueError), match=match):
            Network.from_sklearn(model)
    model = fitted(regressor(hidden_layer_sizes=(4, 3)), X, Y)
    model.coefs_[0] *= 1e60
    with pytest.raises(ValueError, match="within the range of float32"):
        Network.from_sklearn(model, dtype="float32")
    model.intercepts_ = model.intercepts_[:2]
    with pytest.raises(ValueError, match="weights and biases of 3 layers, got 3 and 2"):
        Network.from_sklearn(model)
    model.coefs_ = model.coefs_[:2]
    with pytest.raises(ValueError, match="weights and biases of 3 layers, got 2 and 2"):
        Network.from_sklearn(model)
    for attribute in ("n_features_in_", "n_outputs_"):
        model = fitted(regressor(), X, Y)
        setattr(model, attribute, 7)
        with pytest.raises(ValueError, match=r"expected weights from .*7.* outputs, got 10 and 1"):
            Network.from_sklearn(model)
    model = fitted(regressor(), X, Y)
    model.intercepts_[0] = model.intercepts_[0][:3]
    with pytest.raises(ValueError, match=r"layer 1: expected 8 biases, got shape \(3,\)"):
        Network.from_sklearn(model)


def test_rates_that_are_scaled_are_refused():
    model = fitted(scaled_targets(regressor(), MaxAbsScaler()), X, Y)
    model.regressor_.out_activation_ = "exp"
    with pytest.raises(ValueError, match="no TransformedTargetRegressor around a network of the loss poisson"):
        Network.from_sklearn(model)


def test_a_classifier_of_one_class_is_refused():
    model = fitted(MLPClassifier((4,), max_iter=2), X, np.full(len(X), "dry"))
    with pytest.raises(ValueError, match=r"two classes; it was fitted on \['dry'\] and predicts that always"):
        Network.from_sklearn(model)


def test_l2_is_alpha_over_the_rows_of_a_batch():
    def stepped(rate):
        settings = {"solver": "sgd", "momentum": 0, "batch_size": 50, "shuffle": False, "max_iter": 1, "alpha": 0.7}
        return fitted(regressor(learning_rate_init=rate, activation="tanh", **settings), x, y)

    x, y = X[:50] / 100, Y[:50] / 100
    net = Network.from_sklearn(stepped(1e-300))
    net.fit(x, y, epochs=1, optimizer=SGD(0.01, l2=0.7 / 50))
    np.testing.assert_allclose(net.weights[0], stepped(0.01).coefs_[0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "labels",
    [np.array(["no", "yes"]), np.array(["b", "a"], object), np.array([7, 3]), np.array([False, True]), [0.0, 1.0]],
    ids=str,
)
@pytest.mark.parametrize("several", [False, True])
def test_classes_and_names_of_inputs_come_with_the_network(labels, several):
    digits = load_digits(as_frame=True)
    y = np.asarray(labels)[digits.target.to_numpy() % 2]
    if several and y.dtype.kind in "UO":
        y = np.where(digits.target == 5, "five", y)
    model = make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=5, random_state=0))
    net = Network.from_sklearn(fitted(model, digits.data, y))
    assert net.classes.tolist() == model.classes_.tolist()
    assert net.feature_names == list(digits.data.columns)
    assert net.predict(digits.data).tolist() == model.predict(digits.data).tolist()
    np.testing.assert_allclose(net.predict_proba(digits.data), model.predict_proba(digits.data), rtol=1e-9, atol=1e-12)


def test_indices_stay_indices():
    digits = load_digits()
    for y in (digits.target, np.eye(10, dtype=int)[digits.target]):
        model = fitted(MLPClassifier((8,), max_iter=5, random_state=0), digits.data, y)
        net = Network.from_sklearn(model)
        assert net.classes is None
        assert net.feature_names is None
        assert (net.predict(digits.data) == model.predict(digits.data)).all()
