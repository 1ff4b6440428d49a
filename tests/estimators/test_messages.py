# SPDX-License-Identifier: BSD-3-Clause
"""Errors and warnings on which people match: those of scikit-learn's own classes, word for word."""

import re
import warnings
from functools import partial

import netlet.sklearn as own
import numpy as np
import pytest
import sklearn.neural_network as theirs
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.utils._param_validation import InvalidParameterError

from helpers.estimators import IRIS_X, IRIS_Y, X, Y

NAMES = ["MLPClassifier", "MLPRegressor"]
every_class = pytest.mark.parametrize("name", NAMES)
BAD = {
    "hidden_layer_sizes": [-1, "ten", (5, -2), (3, 0)],
    "solver": ["hadoken", None],
    "alpha": [-1, "much"],
    "batch_size": [0, -3, "some", 2.5],
    "learning_rate": ["converging"],
    "learning_rate_init": [-1, 0, None],
    "power_t": [-1],
    "max_iter": [0, -1, 2.5, "many"],
    "shuffle": ["true", 3],
    "random_state": ["seed", -1],
    "tol": [-1e-3],
    "verbose": ["loud"],
    "warm_start": ["yes"],
    "momentum": [2, -0.5],
    "nesterovs_momentum": ["yes"],
    "early_stopping": ["yes"],
    "validation_fraction": [1, -0.1],
    "beta_1": [1, -0.5],
    "beta_2": [1, -0.5],
    "epsilon": [0, -0.5],
    "n_iter_no_change": [0, -1],
    "max_fun": [0, -1],
}


def message(call, error):
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def of_both(name, error, call):
    mine, original = (message(partial(call, getattr(library, name)), error) for library in (own, theirs))
    assert sorted(re.split(r"[{}, ]+", mine)) == sorted(re.split(r"[{}, ]+", original))  # sets have no order
    return mine


@every_class
@pytest.mark.parametrize("parameter", BAD)
def test_parameters(name, parameter):
    for value in BAD[parameter]:
        of_both(name, ValueError, lambda cls, value=value: cls(**{parameter: value}).fit(IRIS_X, IRIS_Y))


@every_class
def test_parameters_of_netlet_s_own(name):
    for parameter, value in [
        ("dropout", 2.0),
        ("standardize", 3),
        ("callbacks", 3),
        ("progress", "yes"),
        ("n_threads", 0),
    ]:
        with pytest.raises(InvalidParameterError, match=f"The '{parameter}' parameter of {name} must be"):
            getattr(own, name)(**{parameter: value}).fit(IRIS_X, IRIS_Y)
    with pytest.raises(TypeError, match="unexpected keyword argument 'hidden'"):
        getattr(own, name)(hidden=3)
    with pytest.raises(ValueError, match="Invalid parameter 'hidden' for estimator"):
        getattr(own, name)().set_params(hidden=3)


@every_class
def test_not_fitted(name):
    calls = ["predict", "predict_proba", "predict_log_proba"] if name == "MLPClassifier" else ["predict"]
    for method in calls:
        words = of_both(name, NotFittedError, lambda cls, method=method: getattr(cls(), method)(X))
        assert f"This {name} instance is not fitted yet" in words
    of_both(name, NotFittedError, lambda cls: cls().score(IRIS_X, IRIS_Y))
    assert not hasattr(getattr(own, name)(), "network_")


@every_class
def test_data_that_does_not_fit(name):
    for x, y in [
        (IRIS_X[:, 0], IRIS_Y),
        (IRIS_X[:0], IRIS_Y[:0]),
        (IRIS_X[:, :0], IRIS_Y),
        (IRIS_X, IRIS_Y[:9]),
        (IRIS_X, None),
        (IRIS_X[None], IRIS_Y),
        (IRIS_X * 1j, IRIS_Y),
        (IRIS_X, np.where(IRIS_Y == 1, np.nan, 1.0)),
    ]:
        of_both(name, ValueError, lambda cls, x=x, y=y: cls().fit(x, y))
    of_both(name, ValueError, lambda cls: cls(max_iter=1).fit(IRIS_X, IRIS_Y).predict(IRIS_X[:, 1:]))


@pytest.mark.parametrize("y", [np.full(150, "text"), np.datetime64("2026-01-01") + IRIS_Y])
def test_targets_that_are_no_numbers(y):
    with pytest.raises(ValueError, match=r"y: expected numbers, got <U4|y: expected numbers, got datetime64"):
        own.MLPRegressor().fit(IRIS_X, y)


@every_class
def test_training_that_has_not_converged(name):
    words = []
    for library in own, theirs:
        with pytest.warns(ConvergenceWarning) as caught:
            getattr(library, name)(max_iter=2, random_state=0).fit(IRIS_X, IRIS_Y)
        words.append([str(each.message) for each in caught])
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            getattr(library, name)(max_iter=50, tol=10.0, n_iter_no_change=1).fit(IRIS_X, IRIS_Y)
            model = getattr(library, name)(max_iter=1)
            classes = {"classes": [0, 1, 2]} if name == "MLPClassifier" else {}
            model.partial_fit(IRIS_X, IRIS_Y, **classes)
    assert words[0] == words[1]
    assert len(words[0]) == 1


@every_class
def test_warnings_point_to_the_caller(name):
    with pytest.warns(UserWarning, match=r"Stochastic Optimizer|batch_size") as caught:
        getattr(own, name)(max_iter=1, batch_size=500).fit(IRIS_X, IRIS_Y)
    assert len(caught) == 2


@every_class
def test_a_batch_larger_than_the_data(name):
    words = []
    for library in own, theirs:
        with pytest.warns(UserWarning, match="batch_size") as caught:
            getattr(library, name)(max_iter=2, batch_size=500).fit(IRIS_X, IRIS_Y)
        words.append(sorted(str(each.message) for each in caught))
    assert words[0] == words[1]


def test_lbfgs_that_has_not_converged():
    words = []
    for library in own, theirs:
        with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge") as caught:
            library.MLPRegressor(solver="lbfgs", max_iter=3, random_state=0).fit(X, Y)
        words.append([str(each.message) for each in caught if each.category is ConvergenceWarning])
    assert words[0] == words[1]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # scikit-learn's own
def test_divergence():
    settings = {"solver": "sgd", "learning_rate_init": 100, "random_state": 0, "activation": "identity"}
    words = of_both("MLPRegressor", ValueError, lambda cls: cls(**settings).fit(X, Y))
    assert words.startswith("Solver produced non-finite parameter weights.")


def test_divergence_with_early_stopping_keeps_the_best_weights():
    mine = own.MLPRegressor(solver="sgd", learning_rate_init=2.0, random_state=0, early_stopping=True, momentum=0)
    with pytest.warns(ConvergenceWarning, match="Training diverged in iteration"):
        mine.fit(X, 100 * Y)
    assert np.isfinite(mine.predict(X)).all()


@every_class
def test_what_is_refused_changes_nothing(name):
    mine = getattr(own, name)(max_iter=3, random_state=0).fit(IRIS_X, IRIS_Y)
    before = mine.network_.fingerprint(), list(mine.loss_curve_), mine.predict(IRIS_X).tolist()
    refused = [
        lambda: mine.fit(IRIS_X, IRIS_Y[:9]),
        lambda: mine.fit(X, Y > 0, sample_weight=np.zeros(len(Y))),
        lambda: mine.set_params(hidden_layer_sizes=(5, -1)).fit(X, Y > 0),
        lambda: mine.set_params(hidden_layer_sizes=(100,), dropout=[0.1, 0.2, 0.3]).fit(X, Y > 0),
        lambda: mine.set_params(dropout=0.0, callbacks=[lambda epoch, history: 1 / 0]).fit(X, Y > 0),
        lambda: mine.fit(IRIS_X, IRIS_Y, sample_weight=np.zeros(150)),
        lambda: mine.fit(IRIS_X, IRIS_Y, validation_data=(IRIS_X[:, 1:], IRIS_Y)),
        lambda: mine.partial_fit(IRIS_X[:, 1:], IRIS_Y),
        lambda: mine.partial_fit(IRIS_X, IRIS_Y, sample_weight=-np.ones(150)),
    ]
    for call in refused:
        with pytest.raises((ValueError, ZeroDivisionError)):
            call()
        assert (mine.network_.fingerprint(), list(mine.loss_curve_), mine.predict(IRIS_X).tolist()) == before
