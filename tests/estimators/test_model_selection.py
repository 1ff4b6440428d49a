# SPDX-License-Identifier: BSD-3-Clause
"""Pipelines, searches, calibration, inspection: an estimator is one of scikit-learn's."""

import joblib
import netlet
import netlet.sklearn as own
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import BaggingRegressor, StackingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  # makes the next import work
from sklearn.impute import SimpleImputer
from sklearn.inspection import (
    DecisionBoundaryDisplay,
    PartialDependenceDisplay,
    partial_dependence,
    permutation_importance,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    LearningCurveDisplay,
    RandomizedSearchCV,
    ValidationCurveDisplay,
    cross_val_predict,
    cross_val_score,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from helpers.estimators import IRIS_X, IRIS_Y, X, Y

FOLDS = KFold(3, shuffle=True, random_state=0)


SETTINGS = {"hidden_layer_sizes": (8,), "max_iter": 20, "learning_rate_init": 0.02, "random_state": 0}


def classifier(**settings):
    return own.MLPClassifier(**{**SETTINGS, **settings})


def regressor(**settings):
    return own.MLPRegressor(**{**SETTINGS, **settings})


@pytest.fixture
def pyplot(monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


def test_kinds():
    assert is_classifier(classifier())
    assert not is_regressor(classifier())
    assert is_regressor(regressor())
    tags = classifier().__sklearn_tags__()
    assert tags.input_tags.sparse
    assert tags.classifier_tags.multi_label
    assert tags.target_tags.required


def test_a_pipeline_of_columns():
    frame = pd.DataFrame(IRIS_X, columns=list("abcd")).assign(kind=np.where(IRIS_X[:, 0] > 0, "long", "short"))
    frame.loc[::7, "b"] = np.nan
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), list("abcd")), (OneHotEncoder(), ["kind"])
    )
    pipeline = make_pipeline(columns, classifier()).fit(frame, np.array(["x", "y", "z"])[IRIS_Y])
    by_hand = columns.fit_transform(frame)
    assert pipeline[-1].n_features_in_ == by_hand.shape[1] == 6
    assert (
        pipeline.predict(frame) == classifier().fit(by_hand, np.array(["x", "y", "z"])[IRIS_Y]).predict(by_hand)
    ).all()
    assert pipeline.score(frame, np.array(["x", "y", "z"])[IRIS_Y]) > 0.85


def test_sparse_columns():
    frame = pd.DataFrame({"word": [f"word {i % 40}" for i in range(150)]})
    pipeline = make_pipeline(
        ColumnTransformer([("words", OneHotEncoder(), ["word"])], sparse_threshold=1.0), classifier()
    )
    pipeline.fit(frame, np.arange(150) % 40 < 20)
    assert pipeline.score(frame, np.arange(150) % 40 < 20) > 0.95


def test_cross_validation_does_not_leak():
    """Each fold's score is that of an estimator that was never fitted, whatever was fitted before."""
    for model, x, y in (classifier(), IRIS_X, IRIS_Y), (regressor(), X, Y):
        expected = [clone(model).fit(x[train], y[train]).score(x[test], y[test]) for train, test in FOLDS.split(x)]
        seen = clone(model).fit(x, y)  # has seen all rows
        assert cross_val_score(seen, x, y, cv=FOLDS).tolist() == expected
        again = [seen.fit(x[train], y[train]).score(x[test], y[test]) for train, test in FOLDS.split(x)]
        assert again == expected
    noise = np.random.default_rng(0).integers(0, 2, 150)
    scores = cross_val_score(classifier(max_iter=200, hidden_layer_sizes=(50,)), IRIS_X, noise, cv=FOLDS)
    assert scores.mean() < 0.65  # labels that nothing can be learned of


def test_predictions_of_cross_validation():
    expected = np.empty((150, 3))
    for train, test in FOLDS.split(IRIS_X):
        expected[test] = classifier().fit(IRIS_X[train], IRIS_Y[train]).predict_proba(IRIS_X[test])
    assert (cross_val_predict(classifier(), IRIS_X, IRIS_Y, cv=FOLDS, method="predict_proba") == expected).all()


@pytest.mark.parametrize("backend", ["sequential", "threading"])  # loky: test_threads.py
def test_grid_search(backend):
    grid = {"mlpclassifier__alpha": [1e-4, 100.0], "mlpclassifier__hidden_layer_sizes": [(4,), (8, 4)]}
    pipeline = make_pipeline(StandardScaler(), classifier())
    with joblib.parallel_config(backend, n_jobs=2):
        search = GridSearchCV(pipeline, grid, cv=FOLDS).fit(IRIS_X, IRIS_Y)
    for settings, score in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"]):
        expected = cross_val_score(clone(pipeline).set_params(**settings), IRIS_X, IRIS_Y, cv=FOLDS)
        assert score == pytest.approx(expected.mean(), rel=1e-12)
    assert search.best_params_["mlpclassifier__alpha"] == 1e-4
    best = clone(pipeline).set_params(**search.best_params_).fit(IRIS_X, IRIS_Y)
    assert search.best_estimator_[-1].network_.fingerprint() == best[-1].network_.fingerprint()


def test_parameters_of_netlet_s_own_can_be_searched():
    grid = {
        "optimizer": [None, "rmsprop", netlet.AdamW(0.01)],
        "activation": ["gelu", ["tanh"]],
        "schedule": [netlet.schedules.ExponentialDecay(0.99)],
        "dropout": [0.1],
        "standardize": [True],
    }
    search = RandomizedSearchCV(regressor(), grid, n_iter=4, cv=2, random_state=0).fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_halving_search():
    search = HalvingGridSearchCV(
        classifier(), {"alpha": [1e-4, 1e-2, 1.0, 300.0]}, cv=2, random_state=0, min_resources=40
    )
    search.fit(IRIS_X, IRIS_Y)
    assert search.best_score_ > 0.8
    assert search.n_iterations_ == 2
    epochs = HalvingGridSearchCV(classifier(), {"alpha": [1e-4, 300.0]}, cv=2, resource="max_iter", max_resources=20)
    assert epochs.fit(IRIS_X, IRIS_Y).best_estimator_.n_iter_ == 20


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibration(method):
    model = CalibratedClassifierCV(classifier(), method=method, cv=3).fit(IRIS_X, IRIS_Y)
    probabilities = model.predict_proba(IRIS_X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert model.score(IRIS_X, IRIS_Y) > 0.9


def test_meta_estimators():
    assert OneVsRestClassifier(classifier()).fit(IRIS_X, IRIS_Y).score(IRIS_X, IRIS_Y) > 0.85
    voting = VotingClassifier([("one", classifier()), ("two", LogisticRegression())], voting="soft")
    assert voting.fit(IRIS_X, IRIS_Y).score(IRIS_X, IRIS_Y) > 0.85
    stacking = StackingClassifier([("one", classifier())], LogisticRegression(), cv=3)
    assert stacking.fit(IRIS_X, IRIS_Y).score(IRIS_X, IRIS_Y) > 0.85
    two = np.stack([Y, -Y], axis=1)
    several = MultiOutputRegressor(regressor(max_iter=100)).fit(X, two)
    np.testing.assert_allclose(several.predict(X)[:, 0], regressor(max_iter=100).fit(X, Y).predict(X))
    assert BaggingRegressor(regressor(), n_estimators=3, random_state=0).fit(X, Y).score(X, Y) > 0
    scaled = TransformedTargetRegressor(regressor(max_iter=100), transformer=StandardScaler()).fit(X, 100 * Y + 5)
    assert scaled.score(X, 100 * Y + 5) > 0.4


def test_permutation_importance():
    x = np.concatenate([IRIS_X, np.random.default_rng(0).normal(size=(150, 1))], axis=1)
    model = classifier(max_iter=60).fit(x, IRIS_Y)
    importance = permutation_importance(model, x, IRIS_Y, n_repeats=5, random_state=0).importances_mean
    assert importance[2:4].min() > 0.1 > importance[4]


def test_partial_dependence():
    x = np.random.default_rng(0).uniform(-1, 1, (300, 2))
    model = regressor(activation="identity", max_iter=300).fit(x, 3 * x[:, 0] - x[:, 1])
    result = partial_dependence(model, x, [0], grid_resolution=5)
    slope = np.diff(result["average"][0]) / np.diff(result["grid_values"][0])
    np.testing.assert_allclose(slope, 3, rtol=0.02)


def test_displays(pyplot):
    model = classifier().fit(IRIS_X[:, :2], IRIS_Y)
    boundary = DecisionBoundaryDisplay.from_estimator(
        model, IRIS_X[:, :2], response_method="predict", grid_resolution=15
    )
    assert boundary.response.shape == (15, 15)
    points = np.stack([boundary.xx0.ravel(), boundary.xx1.ravel()], axis=1)
    assert (np.asarray(boundary.response).ravel() == model.predict(points)).all()
    curve = LearningCurveDisplay.from_estimator(classifier(), IRIS_X, IRIS_Y, train_sizes=[50, 100], cv=FOLDS)
    assert curve.test_scores.shape == (2, 3)
    ValidationCurveDisplay.from_estimator(
        classifier(), IRIS_X, IRIS_Y, param_name="alpha", param_range=[0.1, 1], cv=FOLDS
    )
    PartialDependenceDisplay.from_estimator(regressor().fit(X, Y), X, [0, (1, 2)], grid_resolution=4)
    pyplot.gcf().canvas.draw()


def test_html():
    pipeline = make_pipeline(StandardScaler(), classifier(alpha=0.125))
    for each in classifier(alpha=0.125), classifier(alpha=0.125).fit(IRIS_X, IRIS_Y), pipeline:
        html = each._repr_html_()
        assert "MLPClassifier" in html
        assert "0.125" in html
        assert "sk-estimator" in html or "sk-toggleable" in html
    assert repr(own.MLPRegressor(alpha=0.5, dropout=0.1)) == "MLPRegressor(alpha=0.5, dropout=0.1)"
    with sklearn.config_context(print_changed_only=False):
        assert "n_threads=None" in repr(regressor())
