# SPDX-License-Identifier: BSD-3-Clause
"""An estimator's network on its own: in a file, made into an estimator again, read with its pipeline."""

import warnings

import netlet.sklearn as own
import numpy as np
import pandas as pd
import pytest
from netlet import Network
from sklearn.compose import TransformedTargetRegressor
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from helpers.estimators import IRIS_X, IRIS_Y, PROBLEMS, X, Y

COLUMNS = [f"column {i}" for i in range(10)]


def fitted(problem, **settings):
    name, x, y = PROBLEMS[problem]
    if problem == "poisson":
        settings["loss"] = "poisson"
    settings = {"hidden_layer_sizes": (6, 5), "max_iter": 5, "random_state": 0, **settings}
    return getattr(own, name)(**settings).fit(x, y), x, y


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("problem", PROBLEMS)
def test_files(problem, dtype, tmp_path):
    model, x, _ = fitted(problem, dtype=dtype, standardize="inputs")
    path = tmp_path / "model.netlet"
    model.network_.save(path)
    net = Network.load(path)
    predicted = net.predict(x)
    assert (np.asarray(predicted) == model.predict(x)).all()
    if problem in ("binary", "multiclass"):
        assert (net.predict_proba(x) == model.predict_proba(x)).all()
    again = type(model).from_network(net)
    assert (again.predict(x) == model.predict(x)).all()
    assert again.network_.fingerprint() == model.network_.fingerprint()


@pytest.mark.parametrize("labels", [["a", "b", "c"], [10, 20, 30], [False, True, True], [0.5, 0.25, 0.75]], ids=str)
def test_labels_and_names_are_in_the_file(labels, tmp_path):
    y = np.asarray(labels)[IRIS_Y]
    frame = pd.DataFrame(IRIS_X, columns=COLUMNS[:4])
    if y.dtype.kind == "f":
        y = np.round(y * 4)
    model = own.MLPClassifier((8,), max_iter=20, random_state=0).fit(frame, y)
    model.network_.save(tmp_path / "model.netlet")
    net = Network.load(tmp_path / "model.netlet")
    assert net.feature_names == COLUMNS[:4]
    assert list(net.classes) == model.classes_.tolist()
    assert list(net.predict(frame[COLUMNS[3::-1]])) == model.predict(frame).tolist()  # by the columns' names
    again = own.MLPClassifier.from_network(net)
    assert again.predict(frame).tolist() == model.predict(frame).tolist()
    assert again.feature_names_in_.tolist() == COLUMNS[:4]
    with pytest.raises(ValueError, match="feature names"):
        again.predict(frame[COLUMNS[3::-1]])


def test_a_network_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="network: expected one of a cross entropy, got one of the loss squared_error"):
        own.MLPClassifier.from_network(Network([2, 1]))
    with pytest.raises(ValueError, match="network: expected one of a loss for numbers, got one of cross_entropy"):
        own.MLPRegressor.from_network(Network([2, 2], loss="cross_entropy"))


KINDS = {
    "plain": {},
    "float32": {"dtype": "float32"},
    "activations": {"activation": ["gelu", "tanh"]},
    "dropout": {"dropout": [0.1, 0.0]},
    "standardize": {"standardize": True},
}


@pytest.mark.parametrize("settings", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_from_sklearn(problem, settings):
    model, x, _ = fitted(problem, **settings)
    net = Network.from_sklearn(model)
    assert net.fingerprint() == model.network_.fingerprint()
    assert net.loss_name == model.network_.loss_name
    assert net.dropout == model.network_.dropout
    assert (net.predict(x) == model.predict(x)).all()


@pytest.mark.parametrize(
    "settings", [{"loss": "huber", "huber_delta": 0.25}, {"loss": "quantile", "quantile": [0.1, 0.9]}], ids=str
)
def test_settings_of_a_loss_come_along(settings):
    model, _, _ = fitted("regression", standardize=True, **settings)
    net = Network.from_sklearn(model)
    for name in ("loss_name", "huber_delta", "quantiles"):
        assert getattr(net, name) == getattr(model.network_, name)
    assert net.fingerprint() == model.network_.fingerprint()


def test_deviations_come_along():
    model, x, _ = fitted("multi-output", standardize=True, loss="gaussian_nll")
    assert (Network.from_sklearn(model).forward(x) == model.network_.forward(x)).all()


PIPELINES = {
    "scaler": lambda model: make_pipeline(StandardScaler(), model),
    "PCA": lambda model: make_pipeline(StandardScaler(), PCA(4), model),
    "targets": lambda model: TransformedTargetRegressor(
        make_pipeline(MinMaxScaler(), model), transformer=StandardScaler()
    ),
    "search": lambda model: GridSearchCV(
        make_pipeline(StandardScaler(), model), {"mlpregressor__alpha": [0.1, 1.0]}, cv=2
    ),
}


@pytest.mark.parametrize("standardize", [False, True])
@pytest.mark.parametrize("kind", PIPELINES)
def test_from_pipelines(kind, standardize):
    model = own.MLPRegressor(
        hidden_layer_sizes=(6,), activation="tanh", max_iter=5, random_state=0, standardize=standardize
    )
    frame = pd.DataFrame(3 * X + 7, columns=COLUMNS)
    pipeline = PIPELINES[kind](model).fit(frame, 5 * Y + 3)
    net = Network.from_sklearn(pipeline)
    np.testing.assert_allclose(net.predict(frame), pipeline.predict(frame), rtol=1e-9)
    assert net.feature_names == COLUMNS


def test_what_is_not_read_is_refused_by_name():
    with pytest.raises(ValueError, match="expected a fitted MLPRegressor"):
        Network.from_sklearn(own.MLPRegressor())
    one = own.MLPClassifier((3,), max_iter=1).fit(IRIS_X, np.full(150, "dry"))
    with pytest.raises(ValueError, match=r"two classes; it was fitted on \['dry'\] and predicts that always"):
        Network.from_sklearn(one)
    rates = TransformedTargetRegressor(
        own.MLPRegressor("gaussian_nll", hidden_layer_sizes=(3,), max_iter=1), transformer=MinMaxScaler()
    )
    with pytest.raises(ValueError, match="no TransformedTargetRegressor around a network of the loss gaussian_nll"):
        Network.from_sklearn(rates.fit(X, Y))

    class Mine(own.MLPRegressor):
        """May compute something else."""

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = Mine(max_iter=1).fit(X, Y)
    with pytest.raises(TypeError, match="got Mine"):
        Network.from_sklearn(model)
