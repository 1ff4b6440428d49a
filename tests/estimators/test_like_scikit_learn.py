# SPDX-License-Identifier: BSD-3-Clause
"""Where nothing but the initial weights is drawn, training gives scikit-learn's numbers: losses, rates, ends.

What is not the same to rounding: the penalty of a batch that is smaller than the others, which scikit-learn divides by
its own rows and netlet by those of the others; the penalty in the loss curve of several batches, which netlet computes
once an epoch; and Adam's epsilon, which is added before scikit-learn corrects the bias and after netlet does.
"""

import netlet.sklearn as own
import numpy as np
import pytest
import sklearn.neural_network as theirs
from sklearn.exceptions import ConvergenceWarning

from helpers.estimators import PROBLEMS, X, Y, both

every_problem = pytest.mark.parametrize("problem", PROBLEMS)
RULES = [
    {"learning_rate": "constant"},
    {"learning_rate": "invscaling", "power_t": 0.3},
    {"learning_rate": "adaptive", "tol": 0.02, "n_iter_no_change": 2},
]
TINY = 1e-15  # epsilon, see above
CLOSE = {"rtol": 1e-9, "atol": 1e-12}


def assert_same(mine, original, weights=1e-9, **tolerance):
    tolerance = {**CLOSE, **tolerance}
    np.testing.assert_allclose(mine.loss_curve_, original.loss_curve_, **tolerance)
    for one, other in zip([*mine.coefs_, *mine.intercepts_], [*original.coefs_, *original.intercepts_]):
        np.testing.assert_allclose(one, other, **{**tolerance, "atol": weights})
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(mine, name) == getattr(original, name), name
    for name in ("loss_", "best_loss_", "best_validation_score_", "validation_scores_"):
        value = getattr(original, name)
        if value is None:
            assert getattr(mine, name) is None
        else:
            np.testing.assert_allclose(getattr(mine, name), value, **tolerance)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["learning_rate"])
@every_problem
def test_sgd(problem, rule):
    mine, original = both(problem, solver="sgd", max_iter=40, learning_rate_init=0.02, **rule)
    assert_same(mine, original)
    if rule["learning_rate"] == "adaptive" and problem != "multilabel":
        assert original._optimizer.learning_rate < 0.02


@pytest.mark.parametrize("rule", RULES[:2], ids=lambda rule: rule["learning_rate"])
@every_problem
def test_sgd_in_batches(problem, rule):
    settings = {"solver": "sgd", "shuffle": False, "max_iter": 40, "learning_rate_init": 0.02}
    assert_same(*both(problem, batch_size=32, alpha=0.0, **settings, **rule))


@pytest.mark.parametrize("momentum", [{"momentum": 0.0}, {"momentum": 0.8, "nesterovs_momentum": False}], ids=str)
def test_momentum(momentum):
    assert_same(*both("regression", solver="sgd", max_iter=30, learning_rate_init=0.05, **momentum))


@every_problem
def test_adam(problem):
    settings = {"beta_1": 0.8, "beta_2": 0.99, "epsilon": TINY, "learning_rate_init": 0.01}
    assert_same(*both(problem, max_iter=25, **settings), rtol=1e-7, weights=1e-6)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_activations(activation):
    assert_same(*both("multiclass", activation=activation, max_iter=10, solver="sgd"))


@pytest.mark.parametrize("alpha", [1.0, 30.0])
def test_alpha(alpha):
    settings = {"solver": "sgd", "max_iter": 20, "learning_rate_init": 0.02, "alpha": alpha}
    assert_same(*both("multiclass", **settings))
    mine, original = both("multiclass", batch_size=50, shuffle=False, **settings)  # three batches
    np.testing.assert_allclose(mine.loss_curve_, original.loss_curve_, rtol=0.02)
    mine.loss_curve_, mine.loss_, mine.best_loss_ = original.loss_curve_, original.loss_, original.best_loss_
    assert_same(mine, original)


@every_problem
def test_weights_of_rows(problem):
    weights = 3 * np.random.default_rng(1).random(len(PROBLEMS[problem][1]))
    settings = {"solver": "sgd", "max_iter": 20, "learning_rate_init": 0.02, "alpha": 1.0}
    assert_same(*both(problem, sample_weight=weights, **settings))


@pytest.mark.parametrize("problem", ["binary", "multiclass", "multilabel", "regression", "multi-output"])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.filterwarnings("ignore:Got `batch_size`")  # it is that of all rows, of which some are held back
def test_early_stopping(problem, solver):
    settings = {
        "learning_rate_init": 0.05,
        "n_iter_no_change": 4,
        "max_iter": 60,
        "validation_fraction": 0.3,
        "epsilon": TINY,
    }
    mine, original = both(problem, solver=solver, early_stopping=True, **settings)
    assert_same(mine, original, rtol=1e-6, weights=1e-6)
    assert mine.n_iter_ < 60 or problem == "multilabel"


@pytest.mark.parametrize("problem", ["binary", "multiclass", "regression"])
def test_warm_start(problem):
    settings = {"solver": "sgd", "max_iter": 7, "warm_start": True, "learning_rate_init": 0.02}
    pair = both(problem, **settings)
    _, x, y = PROBLEMS[problem]
    for each in pair:
        for _ in range(3):
            each.fit(x, y)
        assert len(each.loss_curve_) == 28
    assert_same(*pair)


@pytest.mark.parametrize("rule", RULES[:2], ids=lambda rule: rule["learning_rate"])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_partial_fit(solver, rule):
    settings = {"solver": solver, "learning_rate_init": 0.02, "alpha": 0.0, "epsilon": TINY, **rule}
    shape = {"hidden_layer_sizes": (8,), "batch_size": 30, "shuffle": False, "random_state": 0}
    pair = [library.MLPRegressor(**shape, **settings) for library in (own, theirs)]
    for each in pair:
        for i in range(20):
            each.partial_fit(X[i % 3 * 100 :][:100], Y[i % 3 * 100 :][:100])
    assert_same(*pair, rtol=1e-7, weights=1e-6)


@every_problem
def test_initial_weights(problem):
    mine, original = both(problem, solver="sgd", learning_rate_init=1e-300, max_iter=1)
    for one, other in zip([*mine.coefs_, *mine.intercepts_], [*original.coefs_, *original.intercepts_]):
        np.testing.assert_allclose(one, other, rtol=1e-15, atol=1e-16)


@pytest.mark.parametrize("problem", [name for name in PROBLEMS if name != "multi-output"])  # there, scikit-learn ends
# abnormally: the loss that it gives SciPy is the mean over the outputs, the gradient that of their sum
def test_the_minimum_that_lbfgs_finds(problem):
    mine, original = both(problem, solver="lbfgs", alpha=3.0, max_iter=2000, tol=1e-7, hidden_layer_sizes=())
    assert mine.loss_ == pytest.approx(original.loss_, rel=1e-9)
    _, x, _ = PROBLEMS[problem]
    np.testing.assert_allclose(mine.network_.forward(x), mine._outputs(x))
    np.testing.assert_allclose(mine.coefs_[0], original.coefs_[0], rtol=1e-4, atol=1e-5)


@every_problem
def test_three_iterations_of_lbfgs(problem):
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge"):
        mine, original = both(problem, solver="lbfgs", max_iter=3, alpha=1.0)
    assert mine.n_iter_ == original.n_iter_ == 3
    for each in zip(mine.coefs_, original.coefs_):
        np.testing.assert_allclose(*each, rtol=1e-6, atol=1e-8)
    for name in ("loss_", "t_", "n_layers_", "n_outputs_", "out_activation_"):
        assert getattr(mine, name) == pytest.approx(getattr(original, name)), name


@pytest.mark.parametrize("problem", ["binary", "multiclass", "multilabel"])
def test_probabilities(problem):
    mine, original = both(problem, solver="sgd", max_iter=10)
    _, x, y = PROBLEMS[problem]
    assert (mine.predict(x) == original.predict(x)).all()
    assert mine.predict(x).dtype == original.predict(x).dtype
    np.testing.assert_allclose(mine.predict_proba(x), original.predict_proba(x), **CLOSE)
    np.testing.assert_allclose(mine.predict_log_proba(x), original.predict_log_proba(x), **CLOSE)
    assert mine.score(x, y) == original.score(x, y)


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"solver": "sgd"}, {"solver": "lbfgs"}], ids=str)
@pytest.mark.parametrize("problem", ["binary", "multilabel", "regression"])
@pytest.mark.filterwarnings("ignore:lbfgs failed", "ignore:Got `batch_size`")
def test_attributes(problem, settings):
    pair = both(problem, max_iter=2, **settings)
    public = [{name for name in vars(model) if name.endswith("_") and name[0] != "_"} for model in pair]
    assert public[0] == public[1]
    for name in public[0]:
        one, other = (getattr(model, name) for model in pair)
        assert isinstance(one, type(other)) or np.isscalar(one) == np.isscalar(other), name
