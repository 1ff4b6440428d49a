# SPDX-License-Identifier: BSD-3-Clause
"""The estimators on Dask data are those of netlet.sklearn on one machine, to the bit, and predict lazily."""

import pickle
import warnings

import dask
import dask.array as da
import dask.dataframe as dd
import netlet.sklearn
import numpy as np
import pandas as pd
import pytest
from netlet.dask import MLPClassifier, MLPRegressor
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score

pytestmark = [pytest.mark.dask, pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]

SETTINGS = {"max_iter": 3, "random_state": 0, "shuffle": False}


def on_dask(*arrays):
    return [da.from_array(each, (500, 100)[: each.ndim]) for each in arrays]


def assert_same(one, other):
    assert one.network_.fingerprint() == other.network_.fingerprint()
    assert (one.n_iter_, one.t_, one.n_outputs_, one.n_layers_) == (
        other.n_iter_,
        other.t_,
        other.n_outputs_,
        other.n_layers_,
    )
    assert one.out_activation_ == other.out_activation_
    np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=1e-13)


@pytest.mark.parametrize(
    "labels",
    [
        lambda y: y,
        lambda y: np.array([f"digit {i}" for i in range(10)])[y],
        lambda y: y.astype(float) * 2,
        lambda y: y % 2 == 0,
        lambda y: np.where(y > 4, "more", "less"),
        lambda y: np.zeros(len(y), int),
        lambda y: np.stack([y % 2, y // 5, y == 3], axis=1).astype(int),
    ],
)
@pytest.mark.parametrize("batch_size", [2000, 600])
def test_classifier(client, digits, labels, batch_size):
    X, y = digits[0], labels(digits[1])
    settings = {**SETTINGS, "batch_size": min(batch_size, len(X))}
    expected = netlet.sklearn.MLPClassifier((16,), **settings).fit(X, y)
    model = MLPClassifier((16,), client=client, **settings).fit(*on_dask(X, y))
    assert_same(model, expected)
    assert (model.classes_ == expected.classes_).all()
    assert model.classes_.dtype == expected.classes_.dtype
    X_given = on_dask(X)[0]
    for method in ("predict", "predict_proba"):
        predicted = getattr(model, method)(X_given)
        assert isinstance(predicted, da.Array)
        outcome = predicted.compute(scheduler="sync")
        assert (outcome == getattr(expected, method)(X)).all()
        assert (outcome.dtype, outcome.shape) == (predicted.dtype, predicted.shape)
        assert (getattr(model, method)(X) == outcome).all()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"solver": "sgd", "learning_rate": "invscaling"},
        {"class_weight": "balanced", "batch_size": 600},
        {"class_weight": {3: 0.0, 4: 2.5}},
        {"dtype": "float32", "standardize": True},
        {"optimizer": "rmsprop", "dropout": 0.2, "batch_size": 700},
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_settings_and_weights(client, digits, settings, weighted):
    X, y = digits
    weight = np.arange(len(y)) % 3 / 2 if weighted else None
    settings = {**SETTINGS, "batch_size": len(y) if weight is None else 1000, **settings}
    if settings.get("class_weight") and settings["batch_size"] == len(y):
        settings["batch_size"] = 1000
    expected = netlet.sklearn.MLPClassifier((8, 8), **settings).fit(X, y, weight)
    given = on_dask(X, y) + ([] if weight is None else on_dask(weight))
    assert_same(MLPClassifier((8, 8), client=client, **settings).fit(*given), expected)


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "gaussian_nll", "huber"])
@pytest.mark.parametrize("weighted", [False, True])
def test_regressor(client, curve, loss, weighted):
    X, y, weight = curve
    y = np.abs(y[:, 0]) if loss in ("poisson", "gaussian_nll") else y
    weight = weight if weighted else None
    settings = {**SETTINGS, "batch_size": 1000, "standardize": "inputs"}
    expected = netlet.sklearn.MLPRegressor(loss, (8,), **settings).fit(X, y, weight)
    given = on_dask(X, y) + ([] if weight is None else on_dask(weight))
    model = MLPRegressor(loss, (8,), client=client, **settings).fit(*given)
    assert_same(model, expected)
    assert (model.predict(given[0]).compute() == expected.predict(X)).all()


def test_frames(client, curve):
    X, y, _ = curve
    table = pd.DataFrame(X, columns=["a", "b"], index=np.arange(3000) * 2).assign(
        kind=np.where(y[:, 0] > 3, "up", "down")
    )
    frame = dd.from_pandas(table, npartitions=5)
    expected = netlet.sklearn.MLPClassifier((8,), batch_size=1000, **SETTINGS).fit(table[["a", "b"]], table["kind"])
    for given in ((frame[["a", "b"]], frame["kind"]), (frame, "kind")):
        model = MLPClassifier((8,), batch_size=1000, client=client, **SETTINGS).fit(*given)
        assert_same(model, expected)
        assert list(model.feature_names_in_) == ["a", "b"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        predicted = model.predict(frame[["a", "b"]])
        assert isinstance(predicted, dd.Series)
        outcome = predicted.compute()
    assert outcome.index.equals(table.index)
    assert (outcome == expected.predict(table[["a", "b"]])).all()
    chances = model.predict_proba(frame[["a", "b"]]).compute()
    assert list(chances.columns) == ["down", "up"]
    assert (chances.to_numpy() == expected.predict_proba(table[["a", "b"]])).all()


def test_validation_data_and_early_stopping(client, digits):
    X, y = digits
    held = X[1500:], y[1500:]
    settings = {
        "max_iter": 8,
        "random_state": 0,
        "early_stopping": True,
        "n_iter_no_change": 2,
        "batch_size": 600,
        "shuffle": False,
    }
    expected = netlet.sklearn.MLPClassifier((8,), **settings).fit(X[:1500], y[:1500], validation_data=held)
    for validation_data in (held, tuple(on_dask(*held))):
        model = MLPClassifier((8,), client=client, **settings)
        model.fit(*on_dask(X[:1500], y[:1500]), validation_data=validation_data)
        assert_same(model, expected)
        assert model.validation_scores_ == expected.validation_scores_


def test_going_on(client, digits):
    X, y = digits
    settings = {**SETTINGS, "batch_size": 600, "warm_start": True}
    expected, model = netlet.sklearn.MLPClassifier((8,), **settings), MLPClassifier((8,), client=client, **settings)
    for _ in range(2):
        expected.fit(X, y)
        model.fit(*on_dask(X, y))
        assert_same(model, expected)
    model.partial_fit(*on_dask(X, y))
    expected.partial_fit(X, y)
    assert model.network_.fingerprint() == expected.network_.fingerprint()
    with pytest.raises(ValueError, match="classes"):
        model.fit(*on_dask(X, y + 1))


def test_parameters_clones_and_pickles(client, digits):
    model = MLPClassifier((4,), alpha=0.5, client=client, max_iter=2, random_state=0)
    plain = netlet.sklearn.MLPClassifier()
    assert set(model.get_params()) == {*plain.get_params(), "client"}
    assert (model.shuffle, model.batch_size, model.alpha, model.hidden_layer_sizes) == (False, "auto", 0.5, (4,))
    copied = clone(model)
    assert copied.client is client is model.client
    assert copied.get_params() == model.get_params()
    model.fit(*on_dask(*digits))
    loaded = pickle.loads(pickle.dumps(model))
    assert loaded.client is None
    assert (loaded.predict(digits[0]) == model.predict(digits[0])).all()
    with pytest.raises(TypeError, match="got an unexpected keyword argument 'nothing'"):
        MLPClassifier(nothing=1)
    with pytest.raises(ValueError, match="'client' parameter"):
        MLPClassifier(client=3).fit(*digits)


def test_data_of_this_process_works_with_scikit_learn(client, digits):
    X, y = digits
    model = MLPClassifier((16,), client=client, learning_rate_init=0.01, max_iter=30, random_state=0)
    expected = netlet.sklearn.MLPClassifier(**{k: v for k, v in model.get_params().items() if k != "client"})
    expected.batch_size = 8192
    with pytest.warns(UserWarning, match="clipped"):
        scores = cross_val_score(expected, X, y, cv=3)
    assert (cross_val_score(model, X, y, cv=3) == scores).all()
    assert scores.min() > 0.7


def test_what_is_refused(client, digits):
    X, y = on_dask(*digits)
    for settings, message in [
        ({"solver": "lbfgs"}, "solver: expected 'adam' or 'sgd' for Dask data"),
        ({"early_stopping": True}, "early_stopping: expected False, or validation_data"),
        ({"shuffle": True, "batch_size": 100}, "shuffle: expected False for Dask data in batches"),
        ({"class_weight": {11: 1.0}}, "class_weight: expected the classes"),
    ]:
        model = MLPClassifier(client=client, **settings)
        with pytest.raises(ValueError, match=message):
            model.fit(X, y)
        assert not hasattr(model, "coefs_")
    with pytest.raises(ValueError, match="expected counts >= 0 for the loss 'poisson', got -1"):
        MLPRegressor("poisson", client=client).fit(X, y - 1)
    model = MLPClassifier(client=client, max_iter=1, random_state=0).fit(X, y)
    with pytest.raises(ValueError, match="X has 3 features"):
        model.predict(X[:, :3]).compute(scheduler="sync")


def test_delayed_blocks(client, digits):
    X, y = digits
    model = MLPClassifier((8,), batch_size=600, client=client, **SETTINGS)
    pieces = [dask.delayed(X[:900]), dask.delayed(X[900:])]
    expected = netlet.sklearn.MLPClassifier((8,), batch_size=600, **SETTINGS).fit(X, y)
    assert_same(model.fit(pieces, y), expected)
    assert (np.concatenate(dask.compute(*model.predict(pieces))) == expected.predict(X)).all()


def test_a_warning_if_it_has_not_converged(client, digits):
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached"):
        MLPClassifier(client=client, max_iter=2).fit(*on_dask(*digits))
