# SPDX-License-Identifier: BSD-3-Clause
"""How many threads estimators use: as asked for, and no more than there are cores where joblib runs several."""

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import joblib
import netlet
import numpy as np
import pytest
from netlet import _core
from netlet.sklearn import MLPRegressor
from sklearn.exceptions import ConvergenceWarning

from helpers.processes import TIMEOUT, output

RNG = np.random.default_rng(5)
X = RNG.normal(size=(900, 30))
Y = (X[:, 0] * X[:, 1] > 0).astype(int)


def limit():
    """That of this thread; 0: none."""
    now = _core.limit_threads(0)
    _core.limit_threads(now)
    return now


class Noting(MLPRegressor):
    """Notes the limit that holds during training and predictions."""

    def _fit_stochastic(self, *arguments):
        self.in_fit_ = limit()
        super()._fit_stochastic(*arguments)

    def _current(self):
        self.__dict__.setdefault("in_predict", []).append(limit())
        return super()._current()


def fitted(**settings):
    return Noting(hidden_layer_sizes=8, max_iter=9, n_iter_no_change=1, tol=1e9, **settings).fit(X[:40], Y[:40])


def limits(**settings):
    """In fit and in predict, and what is left of them."""
    estimator = fitted(**settings)
    estimator.in_predict = []
    estimator.predict(X[:20])
    return estimator.in_fit_, *estimator.in_predict, limit()


def test_n_threads_holds_during_fit_and_predict_and_leaves_no_trace(set_num_threads):
    set_num_threads(4)
    assert limits() == (0, 0, 0)
    assert limits(n_threads=3) == (3, 3, 0)
    assert netlet.get_num_threads() == 4


def test_n_threads_does_not_raise_the_caller_s_limit():
    with netlet.thread_limit(2):
        assert limits(n_threads=3) == (2, 2, 2)
        assert limits(n_threads=1) == (1, 1, 2)
    assert limit() == 0


def test_a_failed_fit_leaves_no_limit():
    with pytest.raises(ValueError, match="Input y contains NaN"):
        MLPRegressor(n_threads=1).fit(X[:40], np.full(40, np.nan))

    def fail(_epoch, _history):
        raise KeyError("of the caller")

    with pytest.raises(KeyError, match="of the caller"):
        MLPRegressor(n_threads=1, callbacks=[fail]).fit(X[:40], Y[:40])
    assert limit() == 0


def test_estimators_of_two_threads_keep_their_own_numbers(set_num_threads):
    """The second one begins while the first is in its fit, and ends after it."""
    set_num_threads(4)
    first_is_in, second_is_in, first_is_out = (threading.Event() for _ in range(3))

    def seen():
        return limit(), netlet.get_num_threads()

    def first(epoch, _history):
        first_is_in.set()
        assert second_is_in.wait(TIMEOUT)
        assert seen() == (1, 4)

    def second(epoch, _history):
        second_is_in.set()
        assert first_is_out.wait(TIMEOUT)
        assert seen() == (2, 4)

    def train_first():
        MLPRegressor(max_iter=1, n_threads=1, callbacks=[first]).fit(X[:40], Y[:40])
        first_is_out.set()
        return seen()

    def train_second():
        assert first_is_in.wait(TIMEOUT)
        MLPRegressor(max_iter=1, n_threads=2, callbacks=[second]).fit(X[:40], Y[:40])
        return seen()

    with ThreadPoolExecutor(2) as pool, pytest.warns(ConvergenceWarning):
        assert [job.result(TIMEOUT) for job in (pool.submit(train_first), pool.submit(train_second))] == [(0, 4)] * 2
    assert seen() == (0, 4)


@pytest.mark.parametrize("backend", ["threading", "multiprocessing"])
def test_a_task_beside_others_has_one_thread(backend, set_num_threads):
    set_num_threads(4)
    with joblib.parallel_config(backend):
        assert joblib.Parallel(n_jobs=2)(joblib.delayed(limits)() for _ in range(2)) == [(1, 1, 0)] * 2
        assert joblib.Parallel(n_jobs=2)(joblib.delayed(limits)(n_threads=3) for _ in range(2)) == [(1, 1, 0)] * 2
        assert joblib.Parallel(n_jobs=1)([joblib.delayed(limits)(n_threads=3)]) == [(3, 3, 0)]


def test_a_task_of_dask_has_one_thread(monkeypatch):
    """In its workers `get_worker` gives one; elsewhere it raises."""
    worker = threading.local()

    def get_worker():
        if not hasattr(worker, "here"):
            raise ValueError("no worker found")

    monkeypatch.setitem(sys.modules, "distributed", SimpleNamespace(get_worker=get_worker))
    assert limits() == (0, 0, 0)
    worker.here = True
    assert limits(n_threads=3) == (1, 1, 0)


SEARCH = """
    from joblib import parallel_config
    from netlet.sklearn import MLPClassifier
    from sklearn.model_selection import GridSearchCV

    warnings.simplefilter("ignore")  # two epochs are not enough

    def tasks():
        return len(os.listdir("/proc/self/task"))

    class Counting(MLPClassifier):
        def fit(self, X, y):
            before = tasks()
            super().fit(X, y)
            self.started_ = tasks() - before
            return self

    def scores(estimator, X, y):
        return {"started": estimator.started_, "sum": estimator.predict_proba(X)[:, 0].sum()}

    def search(**settings):
        estimator = Counting((64, 64), max_iter=2, random_state=0, batch_size=700)
        found = GridSearchCV(estimator, {"alpha": [1e-4, 1e-2]}, cv=2, scoring=scores, refit=False, **settings)
        results = found.fit(x, y[:, 0] > 0.5).cv_results_
        print([int(results[f"split{i}_test_started"].sum()) for i in (0, 1)])
        return [results[f"split{i}_test_sum"].tolist() for i in (0, 1)]

    netlet.set_num_threads(2)
    with parallel_config("threading"):
        threading_ = search(n_jobs=2)
    loky = search(n_jobs=2)
    assert threading_ == loky == search(n_jobs=1)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads as Linux tells them")
def test_a_grid_search_starts_no_threads_beside_its_own_and_gives_the_same_bits():
    """Counted are the threads that fits start: none in threads and processes of joblib, one where there are none."""
    assert output(SEARCH, LOKY_MAX_CPU_COUNT="2").splitlines() == ["[0, 0]", "[0, 0]", "[1, 0]"]


def test_processes_of_loky_have_the_share_that_joblib_gives_them():
    code = """
        from joblib import Parallel, delayed, parallel_config
        with parallel_config("loky", inner_max_num_threads=1):
            print(Parallel(n_jobs=2)([delayed(netlet.get_num_threads)()]))
        with parallel_config("loky", inner_max_num_threads=1000):
            print(Parallel(n_jobs=2)([delayed(netlet.get_num_threads)()]) == [netlet.get_num_threads()])
    """
    assert output(code).splitlines() == ["[1]", "True"]
