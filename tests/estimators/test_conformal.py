# SPDX-License-Identifier: BSD-3-Clause
"""Conformal intervals are MAPIE's: it takes the estimators as they are."""

import joblib
import netlet.sklearn as own
import numpy as np
import pytest
from sklearn.model_selection import train_test_split

regression = pytest.importorskip("mapie.regression")
classification = pytest.importorskip("mapie.classification")

RNG = np.random.default_rng(3)
X = RNG.uniform(-2, 2, (1500, 1))
Y = np.sin(2 * X[:, 0]) + (0.1 + 0.2 * np.abs(X[:, 0])) * RNG.normal(size=1500)
TRAIN_X, REST_X, TRAIN_Y, REST_Y = train_test_split(X, Y, test_size=0.6, random_state=0)
CALIBRATION, TEST = slice(0, 450), slice(450, None)


def regressor(**settings):
    settings = {"hidden_layer_sizes": (20,), "learning_rate_init": 0.01, "max_iter": 150, "random_state": 0, **settings}
    return own.MLPRegressor(activation="tanh", **settings)


def coverage(intervals):
    return np.mean((intervals[:, 0, 0] <= REST_Y[TEST]) & (REST_Y[TEST] <= intervals[:, 1, 0]))


def test_split_conformal_intervals():
    model = regressor().fit(TRAIN_X, TRAIN_Y)
    conformal = regression.SplitConformalRegressor(model, confidence_level=0.9, prefit=True)
    conformal.conformalize(REST_X[CALIBRATION], REST_Y[CALIBRATION])
    predicted, intervals = conformal.predict_interval(REST_X[TEST])
    assert (predicted == model.predict(REST_X[TEST])).all()
    assert coverage(intervals) == pytest.approx(0.9, abs=0.05)
    errors = np.abs(REST_Y[CALIBRATION] - model.predict(REST_X[CALIBRATION]))
    width = np.sort(errors)[int(np.ceil(0.9 * 451)) - 1]
    np.testing.assert_allclose(intervals[:, 1, 0] - predicted, width, rtol=1e-6)


def test_conformalized_quantiles():
    models = [regressor(loss="quantile", quantile=share).fit(TRAIN_X, TRAIN_Y) for share in (0.05, 0.95, 0.5)]
    conformal = regression.ConformalizedQuantileRegressor(models, confidence_level=0.9, prefit=True)
    conformal.conformalize(REST_X[CALIBRATION], REST_Y[CALIBRATION])
    _, intervals = conformal.predict_interval(REST_X[TEST])
    assert coverage(intervals) == pytest.approx(0.9, abs=0.05)
    width = intervals[:, 1, 0] - intervals[:, 0, 0]
    far = np.abs(REST_X[TEST][:, 0])
    assert width[far > 1.5].mean() > 1.5 * width[far < 0.5].mean()  # wider where there is more noise


def test_intervals_by_cross_validation():
    conformal = regression.CrossConformalRegressor(regressor(), confidence_level=0.9, cv=4, random_state=0, n_jobs=2)
    with joblib.parallel_config("threading"):
        conformal.fit_conformalize(REST_X[CALIBRATION], REST_Y[CALIBRATION])
    _, intervals = conformal.predict_interval(REST_X[TEST])
    assert coverage(intervals) == pytest.approx(0.9, abs=0.06)


def test_sets_of_labels():
    labels = np.array(["low", "middle", "high"])[np.digitize(Y, [-0.5, 0.5])]
    train_y, rest_y = labels[:600], labels[600:]
    model = own.MLPClassifier((20,), max_iter=100, learning_rate_init=0.01, random_state=0).fit(X[:600], train_y)
    conformal = classification.SplitConformalClassifier(model, confidence_level=0.9, prefit=True)
    conformal.conformalize(X[600:1050], rest_y[:450])
    _, sets = conformal.predict_set(X[1050:])
    column = np.searchsorted(model.classes_, rest_y[450:])
    assert np.mean(sets[np.arange(450), column, 0]) == pytest.approx(0.9, abs=0.05)
