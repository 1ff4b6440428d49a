# SPDX-License-Identifier: BSD-3-Clause
"""Metadata routing: weights of rows go where they are asked for, and set_output works before the network."""

import netlet.sklearn as own
import numpy as np
import pandas as pd
import pytest
import sklearn
import sklearn.neural_network as theirs
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.estimators import IRIS_X, IRIS_Y, POLARS

WEIGHTS = np.linspace(0.1, 2, 150)


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def model(**settings):
    return own.MLPClassifier((6,), max_iter=5, random_state=0, **settings)


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_requests_are_those_of_scikit_learn(name):
    mine, original = (getattr(library, name)() for library in (own, theirs))
    for method in ("fit", "score", "partial_fit"):
        expected = getattr(original._get_metadata_request(), method).requests
        found = dict(getattr(mine._get_metadata_request(), method).requests)
        assert {key: found[key] for key in expected} == expected
    for request in ("set_fit_request", "set_score_request", "set_partial_fit_request"):
        assert callable(getattr(mine, request))


@pytest.mark.usefixtures("routing")
def test_weights_through_a_pipeline():
    x = StandardScaler().fit_transform(IRIS_X)
    expected = model().fit(x, IRIS_Y, sample_weight=WEIGHTS).network_.fingerprint()
    asks = model().set_fit_request(sample_weight=True)
    pipeline = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), asks)
    assert pipeline.fit(IRIS_X, IRIS_Y, sample_weight=WEIGHTS)[-1].network_.fingerprint() == expected
    refuses = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), model())
    with pytest.raises(UnsetMetadataPassedError, match=r"sample_weight.* are passed but are not explicitly set"):
        refuses.fit(IRIS_X, IRIS_Y, sample_weight=WEIGHTS)
    without = make_pipeline(
        StandardScaler().set_fit_request(sample_weight=True), model().set_fit_request(sample_weight=False)
    ).fit(IRIS_X, IRIS_Y, sample_weight=WEIGHTS)
    scaler = StandardScaler().fit(IRIS_X, sample_weight=WEIGHTS)
    assert without[-1].network_.fingerprint() == model().fit(scaler.transform(IRIS_X), IRIS_Y).network_.fingerprint()


@pytest.mark.usefixtures("routing")
def test_weights_in_cross_validation():
    asks = model().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    folds = [(np.arange(75), np.arange(75, 150)), (np.arange(75, 150), np.arange(75))]
    scores = cross_validate(asks, IRIS_X, IRIS_Y, cv=folds, params={"sample_weight": WEIGHTS})["test_score"]
    expected = []
    for train, test in folds:
        fitted = model().fit(IRIS_X[train], IRIS_Y[train], sample_weight=WEIGHTS[train])
        expected.append(fitted.score(IRIS_X[test], IRIS_Y[test], sample_weight=WEIGHTS[test]))
    assert scores.tolist() == expected
    search = GridSearchCV(asks, {"alpha": [1e-4, 1.0]}, cv=folds).fit(IRIS_X, IRIS_Y, sample_weight=WEIGHTS)
    assert search.cv_results_["mean_test_score"][0] == pytest.approx(np.mean(expected))


@pytest.mark.usefixtures("routing")
def test_validation_data_can_be_routed():
    asks = model(early_stopping=True).set_fit_request(validation_data=True)
    pipeline = make_pipeline(asks).fit(IRIS_X[:100], IRIS_Y[:100], validation_data=(IRIS_X[100:], IRIS_Y[100:]))
    alone = model(early_stopping=True).fit(IRIS_X[:100], IRIS_Y[:100], validation_data=(IRIS_X[100:], IRIS_Y[100:]))
    assert pipeline[-1].network_.fingerprint() == alone.network_.fingerprint()


def test_weights_by_the_name_of_the_step():
    pipeline = make_pipeline(StandardScaler(), model())
    pipeline.fit(IRIS_X, IRIS_Y, mlpclassifier__sample_weight=WEIGHTS)
    alone = model().fit(StandardScaler().fit_transform(IRIS_X), IRIS_Y, sample_weight=WEIGHTS)
    assert pipeline[-1].network_.fingerprint() == alone.network_.fingerprint()


@pytest.mark.parametrize("container", ["pandas", *(["polars"] if POLARS else [])])
def test_set_output_before_the_network(container):
    frame = pd.DataFrame(IRIS_X, columns=["a", "b", "c", "d"])
    scale = ColumnTransformer([("scaled", StandardScaler(), ["c", "a", "d"])], verbose_feature_names_out=False)
    pipeline = make_pipeline(scale, SelectKBest(f_classif, k=2), model()).set_output(transform=container)
    pipeline.fit(frame, IRIS_Y)
    assert pipeline[-1].feature_names_in_.tolist() == ["c", "d"]
    assert pipeline[-1].network_.feature_names == ["c", "d"]
    plain = clone(pipeline).set_output(transform="default").fit(frame, IRIS_Y)
    assert (pipeline.predict(frame) == plain.predict(frame)).all()
    assert pipeline[-1].network_.fingerprint() == plain[-1].network_.fingerprint()
