# SPDX-License-Identifier: BSD-3-Clause
"""Searches and ensembles of scikit-learn's on joblib's backends: the same results, one thread a task, small pickles."""

import pickle

import joblib
import netlet
import numpy as np
import pytest
from netlet import Network, _core
from netlet.sklearn import MLPClassifier
from netlet.sklearn._threads import limited
from sklearn.ensemble import BaggingClassifier
from sklearn.model_selection import GridSearchCV

pytestmark = [pytest.mark.dask, pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")]


@pytest.fixture(params=["loky", "dask"])
def backend(request, client):
    """joblib's settings for a with statement."""
    if request.param == "dask":
        return lambda: joblib.parallel_config("dask", client=client)
    return lambda: joblib.parallel_config("loky", n_jobs=2)


def test_a_search(backend, digits):
    x, y = (each[:600] for each in digits)
    grid = {"hidden_layer_sizes": [(8,), (16,)], "alpha": [1e-4, 1.0]}
    model = MLPClassifier(learning_rate_init=0.01, max_iter=10, random_state=0)
    alone = GridSearchCV(model, grid, cv=2).fit(x, y)
    with backend():
        search = GridSearchCV(model, grid, cv=2).fit(x, y)
    assert (search.cv_results_["mean_test_score"] == alone.cv_results_["mean_test_score"]).all()
    assert len(set(search.cv_results_["mean_test_score"])) > 1
    assert search.best_estimator_.network_.fingerprint() == alone.best_estimator_.network_.fingerprint()


def test_an_ensemble(backend, digits):
    x, y = (each[:600] for each in digits)
    model = MLPClassifier((8,), learning_rate_init=0.01, max_iter=10, random_state=0)
    alone = BaggingClassifier(model, 4, random_state=0).fit(x, y)
    with backend():
        ensemble = BaggingClassifier(model, 4, random_state=0, n_jobs=2).fit(x, y)
        predicted = ensemble.predict(x)
    assert (predicted == alone.predict(x)).all()
    own = [each.network_.fingerprint() for each in ensemble.estimators_]
    assert own == [each.network_.fingerprint() for each in alone.estimators_]
    assert len(set(own)) == 4


def threads():
    """How many an estimator uses here."""
    with limited(None):
        limit = _core.limit_threads(0)
        _core.limit_threads(limit)
        return min(netlet.get_num_threads(), limit or 1024)


def test_a_task_of_dask_has_one_thread(client, set_num_threads):
    set_num_threads(4)
    assert threads() == 4
    assert [future.result() for future in client.map(lambda _: threads(), range(3), pure=False)] == [1, 1, 1]
    with joblib.parallel_config("dask", client=client):
        assert joblib.Parallel()(joblib.delayed(threads)() for _ in range(3)) == [1, 1, 1]


def test_pickles_are_hardly_larger_than_the_parameters():
    net = Network([64, 100, 10], loss="cross_entropy", seed=0)
    assert len(pickle.dumps(net)) < net.parameters.nbytes + 2000
    assert len(pickle.dumps(MLPClassifier())) < 2000
    model = MLPClassifier(max_iter=1, random_state=0).fit(np.eye(64), np.arange(64) % 10)
    assert len(pickle.dumps(model)) < 3 * model.network_.parameters.nbytes + 6000  # Adam's two moments beside them
