# SPDX-License-Identifier: BSD-3-Clause
"""Weights of rows and of classes.

A row of weight 0 is as if it were not there, to the bit. A row of weight 2 is as if it were there twice where each step
sees all rows (n <= batch_size, which is 200 by default, and lbfgs), to rounding. What remains: with several batches in
an epoch, which rows meet in a batch is drawn for rows, not for their repetitions, and rows that are repeated make more
steps of an epoch. `test_what_remains_with_several_batches` has the measured difference.
"""

import netlet.sklearn as own
import numpy as np
import pytest
import sklearn.neural_network as theirs
from sklearn.datasets import make_classification

from helpers.estimators import IRIS_X, IRIS_Y, PROBLEMS, SEVERAL_X, SEVERAL_Y, X, Y

COUNTS = np.random.default_rng(5).integers(0, 4, 1000)
SOLVERS = {"sgd": {"solver": "sgd"}, "adam": {"solver": "adam"}, "lbfgs": {"solver": "lbfgs", "tol": 1e-9}}
every_solver = pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
FITS = {
    "adam": {},
    "batches": {"batch_size": 32},
    "early stopping": {"early_stopping": True},
    "standardize": {"standardize": True},
}


def model(name, library=own, **settings):
    return getattr(library, name)(**{"hidden_layer_sizes": (8,), "max_iter": 15, "random_state": 0, **settings})


@pytest.mark.parametrize("settings", FITS.values(), ids=FITS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_rows_of_weight_0_are_as_if_they_were_not_there(problem, settings):
    name, x, y = PROBLEMS[problem]
    if problem == "poisson":
        settings = {**settings, "loss": "poisson"}
    weights = np.minimum(COUNTS[: len(x)], 1.0) * np.linspace(0.5, 2, len(x))
    some = weights > 0
    zero, without = model(name, **settings), model(name, **settings)
    zero.fit(x, y, sample_weight=weights)
    without.fit(x[some], y[some], sample_weight=weights[some])
    assert np.count_nonzero(~some) > 0
    assert zero.network_.fingerprint() == without.network_.fingerprint()
    assert zero.loss_curve_ == without.loss_curve_
    assert zero.t_ == without.t_


def test_a_class_without_weight_is_still_one():
    mine = model("MLPClassifier").fit(IRIS_X, IRIS_Y, sample_weight=IRIS_Y != 1)
    assert mine.classes_.tolist() == [0, 1, 2]
    assert mine.predict_proba(IRIS_X).shape == (150, 3)


@every_solver
@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.filterwarnings("ignore:lbfgs failed")
def test_integer_weights_are_repetitions_where_a_step_sees_all_rows(problem, solver):
    name, x, y = PROBLEMS[problem]
    counts = COUNTS[: len(x)]
    settings = {**solver, "alpha": 1.0, **({"loss": "poisson"} if problem == "poisson" else {})}
    weighted = model(name, batch_size=np.count_nonzero(counts), **settings).fit(x, y, sample_weight=counts)
    x_repeated, y_repeated = np.repeat(x, counts, axis=0), np.repeat(y, counts, axis=0)
    repeated = model(name, batch_size=len(x_repeated), **settings).fit(x_repeated, y_repeated)
    for one, other in zip(weighted.coefs_, repeated.coefs_):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)
    assert weighted.loss_ == pytest.approx(repeated.loss_, rel=1e-9)


@pytest.mark.parametrize("problem", PROBLEMS)
def test_float32_is_as_near_as_its_rounding(problem):
    """Within 4 roundings (5e-7 of a rate, 6e-8 of a probability); check_estimator asks for 1e-7, less than one."""
    name, x, y = PROBLEMS[problem]
    counts = COUNTS[: len(x)]
    settings = {"dtype": "float32", **({"loss": "poisson"} if problem == "poisson" else {})}
    weighted = model(name, batch_size=np.count_nonzero(counts), **settings).fit(x, y, sample_weight=counts)
    x_repeated, y_repeated = np.repeat(x, counts, axis=0), np.repeat(y, counts, axis=0)
    repeated = model(name, batch_size=len(x_repeated), **settings).fit(x_repeated, y_repeated)
    method = "predict" if name == "MLPRegressor" else "predict_proba"
    one, other = (getattr(each, method)(x) for each in (weighted, repeated))
    assert 0 < np.abs(one - other).max() <= 4 * np.finfo(np.float32).eps * max(1, np.abs(other).max())


def test_equal_weights_are_none():
    for name, x, y in (PROBLEMS["multiclass"], PROBLEMS["regression"]):
        plain = model(name, batch_size=32).fit(x, y)
        for weights in np.ones(len(x)), [1] * len(x):
            assert model(name, batch_size=32).fit(x, y, weights).network_.fingerprint() == plain.network_.fingerprint()
        twice = model(name, batch_size=32, alpha=2e-4).fit(x, y, np.full(len(x), 2.0))
        assert twice.network_.fingerprint() == plain.network_.fingerprint()


def difference(library):
    """Of probabilities on new rows: weights and repetitions; two seeds."""
    x, y = make_classification(1200, 10, n_informative=6, random_state=0)
    counts, train, test = COUNTS[:600], slice(0, 600), slice(600, None)
    settings = {"max_iter": 60, "learning_rate_init": 0.005}
    repeated = np.repeat(np.arange(600), counts)

    def probabilities(seed, *data, **weights):
        return (
            model("MLPClassifier", library, random_state=seed, **settings).fit(*data, **weights).predict_proba(x[test])
        )

    weighted = [probabilities(seed, x[train], y[train], sample_weight=counts) for seed in (0, 1)]
    twice = probabilities(0, x[repeated], y[repeated])
    return np.abs(weighted[0] - twice).mean(), np.abs(weighted[0] - weighted[1]).mean()


def test_what_remains_with_several_batches():
    """Three batches of weighted rows, five of repeated ones: probabilities differ.

    By 0.062 on average, where those of two values of `random_state` differ by 0.083. Those of scikit-learn's own class
    differ by 0.051 and 0.084.
    """
    assert difference(own) == pytest.approx((0.062, 0.083), abs=0.001)


@pytest.mark.scikit_learn
def test_what_remains_with_scikit_learn_s_own_class():
    assert difference(theirs) == pytest.approx((0.051, 0.084), abs=0.003)


def test_weights_of_classes():
    plain = model("MLPClassifier")
    chosen = {0: 1.0, 1: 0.25, 2: 3.0}
    by_hand = np.array([chosen[label] for label in IRIS_Y])
    x, y, by_hand = IRIS_X[:120], IRIS_Y[:120], by_hand[:120]
    balanced = 120 / (3 * np.bincount(y))[y]
    rows = np.linspace(0.5, 1.5, 120)
    for setting, weights in (chosen, by_hand), ("balanced", balanced):
        for given, together in (None, weights), (rows, weights * rows):
            mine = model("MLPClassifier", class_weight=setting).fit(x, y, sample_weight=given)
            expected = plain.fit(x, y, sample_weight=together)
            assert mine.network_.fingerprint() == expected.network_.fingerprint()
    assert model("MLPClassifier", class_weight={"a": 2}).fit(x, np.where(y == 0, "a", "b")).loss_ > 0


def test_balanced_weights_of_several_labels_are_products():
    shares = SEVERAL_Y.mean(axis=0)
    weights = np.where(SEVERAL_Y == 1, 0.5 / shares, 0.5 / (1 - shares)).prod(axis=1)
    mine = model("MLPClassifier", class_weight="balanced").fit(SEVERAL_X, SEVERAL_Y)
    expected = model("MLPClassifier").fit(SEVERAL_X, SEVERAL_Y, sample_weight=weights)
    np.testing.assert_allclose(mine.coefs_[0], expected.coefs_[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_bad_weights(name):
    y = IRIS_Y if name == "MLPClassifier" else IRIS_X[:, 0]
    for weights, match in [
        (np.zeros(150), "zero"),
        (-np.ones(150), "negative|>= 0"),
        (np.ones(149), r"sample_weight.shape == \(149,\), expected \(150,\)"),
        (np.ones((150, 2)), "Sample weights must be 1D"),
        (np.full(150, np.nan), "contains NaN"),
    ]:
        mine = model(name)
        with pytest.raises(ValueError, match=match):
            mine.fit(IRIS_X, y, sample_weight=weights)
        assert not hasattr(mine, "coefs_")


def test_scores_are_weighted():
    weights = COUNTS[: len(Y)] + 0.5
    mine = model("MLPRegressor").fit(X, Y)
    mean = np.average(Y, weights=weights)
    r2 = 1 - np.average((Y - mine.predict(X)) ** 2, weights=weights) / np.average((Y - mean) ** 2, weights=weights)
    assert mine.score(X, Y, sample_weight=weights) == pytest.approx(r2)
    stopped = model("MLPRegressor", early_stopping=True).fit(
        X, Y, validation_data=(X, Y, weights), sample_weight=weights
    )
    best = np.max(stopped.validation_scores_)
    assert stopped.score(X, Y, sample_weight=weights) == pytest.approx(best, rel=1e-12)
