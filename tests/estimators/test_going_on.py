# SPDX-License-Identifier: BSD-3-Clause
"""Training that goes on: partial_fit and warm_start; training that does not: fit begins anew."""

import netlet.sklearn as own
import numpy as np
import pytest
from sklearn.base import clone

from helpers.estimators import IRIS_X, IRIS_Y, PROBLEMS, X, Y

SOLVERS = {
    "adam": {},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.05},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling"},
    "dropout": {"dropout": 0.2},
    "optimizer": {"optimizer": "rmsprop"},
}
every_way = pytest.mark.parametrize("settings", SOLVERS.values(), ids=SOLVERS)


def model(name, **settings):
    return getattr(own, name)(**{"hidden_layer_sizes": (8,), "random_state": 4, "batch_size": 32, **settings})


@every_way
@pytest.mark.parametrize("problem", ["binary", "multiclass", "multilabel", "regression", "multi-output"])
def test_partial_fit_so_many_times_is_fit_of_so_many_epochs(problem, settings):
    name, x, y = PROBLEMS[problem]
    whole = model(name, max_iter=6, **settings).fit(x, y)
    by_epochs = model(name, **settings)
    classes = {"classes": np.arange(4) if problem == "multilabel" else np.unique(y)} if "Class" in name else {}
    for _ in range(6):
        assert by_epochs.partial_fit(x, y, **classes) is by_epochs
        assert by_epochs.n_iter_ == 1
        classes = {}
    assert by_epochs.network_.fingerprint() == whole.network_.fingerprint()
    assert by_epochs.loss_curve_ == whole.loss_curve_
    assert by_epochs.t_ == whole.t_ == 6 * len(x)
    assert by_epochs.best_loss_ == whole.best_loss_


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_fit_begins_anew(name):
    x, y = IRIS_X, IRIS_Y
    mine = model(name, max_iter=5)
    first = mine.fit(x, y).network_.fingerprint()
    assert mine.fit(x, y).network_.fingerprint() == first
    assert len(mine.loss_curve_) == 5
    mine.partial_fit(x, y)
    assert mine.network_.fingerprint() != first
    assert mine.fit(x, y).network_.fingerprint() == first
    assert clone(mine).fit(x, y).network_.fingerprint() == first
    other = mine.fit(X, Y > 0)  # other columns, other targets
    assert other.n_features_in_ == 10
    assert other.predict(X).shape == Y.shape
    assert mine.fit(x, y).network_.fingerprint() == first


def test_without_random_state_each_fit_draws():
    drawn = {model("MLPRegressor", random_state=None, max_iter=1).fit(X, Y).network_.fingerprint() for _ in range(3)}
    assert len(drawn) == 3
    mine = model("MLPRegressor", random_state=None, max_iter=1)
    assert mine.fit(X, Y).network_.fingerprint() != mine.fit(X, Y).network_.fingerprint()


def test_a_random_state_that_goes_on():
    state = np.random.RandomState(4)
    mine = model("MLPRegressor", random_state=state, max_iter=2)
    first, second = (mine.fit(X, Y).network_.fingerprint() for _ in range(2))
    assert first == model("MLPRegressor", max_iter=2).fit(X, Y).network_.fingerprint() != second
    np.random.seed(4)  # noqa: NPY002  # what scikit-learn's None stands for
    assert model("MLPRegressor", random_state=None, max_iter=2).fit(X, Y).network_.fingerprint() == first


def test_warm_start_goes_on_from_the_weights_with_a_new_optimizer():
    mine = model("MLPRegressor", max_iter=4, warm_start=True).fit(X, Y)
    before = [each.copy() for each in mine.coefs_]
    losses = list(mine.loss_curve_)
    mine.set_params(learning_rate_init=1e-300).fit(X, Y)
    for one, other in zip(mine.coefs_, before):
        np.testing.assert_array_equal(one, other)
    assert mine.loss_curve_[:4] == losses
    assert len(mine.loss_curve_) == 8
    assert mine.n_iter_ == 4


def test_warm_start_of_another_shape_is_refused_and_changes_nothing():
    mine = model("MLPRegressor", max_iter=2, warm_start=True).fit(X, Y)
    before = mine.network_.fingerprint()
    with pytest.raises(ValueError, match=r"10 features|9 features|layers"):
        mine.fit(X[:, 1:], Y)
    with pytest.raises(ValueError, match=r"\[10, 8, 1\], got \[10, 8, 2\]"):
        mine.fit(X, np.stack([Y, Y], axis=1))
    with pytest.raises(ValueError, match=r"\[10, 8, 1\], got \[10, 9, 1\]"):
        mine.set_params(hidden_layer_sizes=(9,)).fit(X, Y)
    assert mine.set_params(hidden_layer_sizes=(8,)).network_.fingerprint() == before
    assert mine.predict(X).shape == Y.shape


CHANGES = {
    "lbfgs, adam": ({"solver": "lbfgs"}, {"solver": "adam"}),
    "adam, lbfgs": ({}, {"solver": "lbfgs"}),
    "adam, sgd": ({}, {"solver": "sgd"}),
    "early stopping later": ({}, {"early_stopping": True}),
    "early stopping first": ({"early_stopping": True}, {"early_stopping": False}),
    "optimizer": ({}, {"optimizer": "rmsprop"}),
}


@pytest.mark.parametrize(("first", "then"), CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_warm_start_with_another_solver_goes_on_from_the_weights(name, first, then):
    y = Y > 0 if name == "MLPClassifier" else Y
    mine = model(name, warm_start=True, max_iter=30, **first).fit(X, y)
    before = mine.loss_
    mine.set_params(max_iter=5, **then).fit(X, y)
    assert mine.loss_ < 1.05 * before
    assert mine.n_iter_ <= 5
    if mine.solver != "lbfgs":
        assert len(mine.loss_curve_) == 5 + 30 * (first.get("solver") != "lbfgs")
        mine.set_params(early_stopping=False).partial_fit(X, y)


OTHER = {"activation": "tanh", "dropout": 0.5, "loss": "huber", "huber_delta": 0.5}


@pytest.mark.parametrize("parameter", OTHER)
def test_what_the_network_is_made_of_cannot_change(parameter):
    loss = "huber" if parameter == "huber_delta" else "squared_error"
    mine = model("MLPRegressor", max_iter=2, warm_start=True, loss=loss, dtype="float32").fit(X, Y)
    for call in mine.fit, mine.partial_fit:
        call(X, Y)
        before = mine.network_.fingerprint()
        mine.set_params(**{parameter: OTHER[parameter]})
        with pytest.raises(ValueError, match=f"{parameter}: expected that of the first fit, "):
            call(X, Y)
        assert mine.network_.fingerprint() == before
        mine.set_params(**{parameter: model("MLPRegressor", loss=loss).get_params()[parameter]})


def test_the_same_settings_in_other_words_are_the_same():
    mine = model(
        "MLPRegressor", activation="tanh", dropout=0.25, loss="quantile", quantile=0.1, hidden_layer_sizes=(4, 4)
    )
    mine.partial_fit(X, Y).set_params(activation=["tanh"] * 2, dropout=[0.25, 0.25], quantile=[0.1]).partial_fit(X, Y)
    assert mine.n_iter_ == 1


def test_partial_fit_is_not_there_for_lbfgs():
    mine = model("MLPClassifier", solver="lbfgs")
    assert not hasattr(mine, "partial_fit")
    assert hasattr(mine.set_params(solver="sgd"), "partial_fit")
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        mine.set_params(early_stopping=True).partial_fit(IRIS_X, IRIS_Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="class_weight: expected a dict or None for partial_fit"):
        model("MLPClassifier", class_weight="balanced").partial_fit(IRIS_X, IRIS_Y, classes=[0, 1, 2])


def test_parameters_changed_between_calls_of_partial_fit_take_effect():
    one, other = (model("MLPRegressor", solver="sgd", momentum=0).partial_fit(X, Y) for _ in range(2))
    for each in one, other:
        each.set_params(learning_rate_init=0.5 if each is one else 1e-3).partial_fit(X, Y)
    assert one.network_.fingerprint() == other.network_.fingerprint()  # as in scikit-learn, the first call's rate stays
    one.set_params(alpha=50.0).partial_fit(X, Y)
    other.partial_fit(X, Y)
    assert one.network_.fingerprint() != other.network_.fingerprint()
