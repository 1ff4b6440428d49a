# SPDX-License-Identifier: BSD-3-Clause
"""Early stopping, and rows for it that the caller chooses."""

import netlet.sklearn as own
import numpy as np
import pytest
import sklearn.neural_network as theirs
from scipy.sparse import csr_matrix
from sklearn.metrics import accuracy_score, r2_score

from helpers.estimators import IRIS_X, IRIS_Y, PROBLEMS, SEVERAL_X, SEVERAL_Y, X, Y

TRAIN, REST = slice(0, 80), slice(80, None)


def model(name, library=own, **settings):
    settings = {"hidden_layer_sizes": (8,), "random_state": 0, "learning_rate_init": 0.02, **settings}
    return getattr(library, name)(**settings)


def with_scores(name, x, y, score, rest=None, **settings):
    """The model's scores of validation rows, and those of a model that was trained for as many epochs."""
    rest = (x[REST], y[REST]) if rest is None else rest
    mine = model(name, max_iter=8, **settings).fit(x[TRAIN], y[TRAIN], validation_data=rest)
    other = model(name, **settings)
    expected = []
    classes = {"classes": np.unique(y)} if name == "MLPClassifier" else {}
    for _ in range(8):
        other.partial_fit(x[TRAIN], y[TRAIN], **classes)
        classes = {}
        expected.append(score(y[REST], other.predict(x[REST])))
    return mine, other, expected


CASES = {
    "multiclass": ("MLPClassifier", IRIS_X, IRIS_Y, accuracy_score),
    "text": ("MLPClassifier", IRIS_X, np.where(IRIS_Y == 1, "yes", "no"), accuracy_score),
    "regression": ("MLPRegressor", X, Y, r2_score),
    "several": ("MLPRegressor", X, np.stack([Y, Y**2], axis=1), r2_score),
}


@pytest.mark.parametrize("case", CASES)
def test_scores_are_those_of_the_rows_given(case):
    mine, other, expected = with_scores(*CASES[case])
    np.testing.assert_allclose(mine.validation_scores_, expected, rtol=1e-10)
    assert mine.network_.fingerprint() == other.network_.fingerprint()  # they do not change training
    assert mine.best_validation_score_ is None


def test_losses_of_netlet_s_own_are_scored_by_their_negative():
    def negative_huber(y, predicted):
        error = np.abs(y - predicted)
        return -np.where(error < 0.5, 0.5 * error**2, 0.5 * (error - 0.25)).mean()

    mine, _, expected = with_scores("MLPRegressor", X, Y, negative_huber, loss="huber", huber_delta=0.5)
    np.testing.assert_allclose(mine.validation_scores_, expected, rtol=1e-10)


def test_sparse_validation_rows():
    dense, _, expected = with_scores(*CASES["multiclass"])
    sparse, _, _ = with_scores(*CASES["multiclass"], rest=(csr_matrix(IRIS_X[REST]), IRIS_Y[REST]))
    assert sparse.validation_scores_ == dense.validation_scores_ == expected


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_early_stopping_keeps_the_weights_of_the_best_score(name):
    x, y = (IRIS_X, IRIS_Y) if name == "MLPClassifier" else (X[:150], Y[:150])
    mine = model(name, early_stopping=True, n_iter_no_change=3, max_iter=300)
    mine.fit(x[TRAIN], y[TRAIN], validation_data=(x[REST], y[REST]))
    assert mine.n_iter_ < 300
    assert len(mine.validation_scores_) == len(mine.loss_curve_) == mine.n_iter_
    best = max(mine.validation_scores_)
    assert mine.best_validation_score_ == best
    assert mine.score(x[REST], y[REST]) == pytest.approx(best, rel=1e-12)
    assert mine.best_loss_ is None
    scores, waited, so_far = mine.validation_scores_, [], -np.inf
    for score in scores:  # scikit-learn's rule
        waited.append(waited[-1] + 1 if waited and score < so_far + mine.tol else 0)
        so_far = max(so_far, score)
    assert waited[-1] > 3
    assert max(waited[:-1]) == 3


def test_the_share_that_is_held_back():
    for share in 0.1, 0.5:
        mine = model("MLPRegressor", early_stopping=True, validation_fraction=share, max_iter=3).fit(X, Y)
        assert mine.t_ == 3 * (len(Y) - int(np.ceil(share * len(Y))))


@pytest.mark.parametrize("library", [own, theirs], ids=["own", "scikit-learn's"])
def test_too_few_rows(library):
    with pytest.raises(ValueError, match=r"The validation set is too small\. Increase 'validation_fraction'"):
        model("MLPRegressor", library, early_stopping=True).fit(X[:5], Y[:5])
    with pytest.raises(ValueError, match="The least populated class"):
        model("MLPClassifier", library, early_stopping=True).fit(IRIS_X[:50], np.arange(50) == 7)


def test_bad_validation_data():
    y = np.where(IRIS_Y == 1, "yes", "no")
    for data, match in [
        (IRIS_X, "validation_data: expected a tuple"),
        ((IRIS_X,), "validation_data: expected a tuple"),
        ((IRIS_X[:, 1:], y), "X has 3 features, but MLPClassifier is expecting 4 features"),
        (
            (IRIS_X, np.where(y == "no", "x", y)),
            r"validation_data: expected y of the classes \['no' 'yes'\], got \['x'\]",
        ),
        ((IRIS_X, y[1:]), "149"),
        ((IRIS_X, y, np.zeros(150)), "zero"),
        ((np.full((3, 4), np.nan), y[:3]), "NaN"),
    ]:
        mine = model("MLPClassifier")
        with pytest.raises(ValueError, match=match):
            mine.fit(IRIS_X, y, validation_data=data)
        assert not hasattr(mine, "coefs_")
    with pytest.raises(ValueError, match="validation_data: expected None for solver='lbfgs'"):
        model("MLPClassifier", solver="lbfgs").fit(IRIS_X, y, validation_data=(IRIS_X, y))


def test_several_labels():
    rest = SEVERAL_X[REST], SEVERAL_Y[REST]
    mine = model("MLPClassifier", max_iter=5).fit(SEVERAL_X[TRAIN], SEVERAL_Y[TRAIN], validation_data=rest)
    assert mine.validation_scores_[-1] == accuracy_score(SEVERAL_Y[REST], mine.predict(SEVERAL_X[REST]))


def test_every_problem_stops_early():
    for problem, (name, x, y) in PROBLEMS.items():
        loss = {"loss": "poisson"} if problem == "poisson" else {}
        mine = model(name, early_stopping=True, n_iter_no_change=2, tol=0.5, **loss).fit(x, y)
        assert mine.n_iter_ < 20, problem
