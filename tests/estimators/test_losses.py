# SPDX-License-Identifier: BSD-3-Clause
"""Losses of the regressor beside squared error: what their predictions are."""

import netlet.schedules
import netlet.sklearn as own
import numpy as np
import pytest
import sklearn.neural_network as theirs
from sklearn.linear_model import PoissonRegressor, QuantileRegressor

from helpers.estimators import X, Y

RNG = np.random.default_rng(21)
SPREAD_X = RNG.uniform(-1, 1, (2000, 1))
DEVIATION = 0.3 + 0.2 * SPREAD_X[:, 0]
SPREAD_Y = 2 * SPREAD_X[:, 0] + DEVIATION * RNG.normal(size=2000)


def fitted(x, y, **settings):
    settings = {
        "hidden_layer_sizes": (16,),
        "max_iter": 150,
        "random_state": 0,
        "learning_rate_init": 0.01,
        "n_iter_no_change": 500,
        **settings,
    }
    return own.MLPRegressor(**settings).fit(x, y)


def test_a_quantile():
    for share in 0.1, 0.5, 0.9:
        mine = fitted(
            SPREAD_X, SPREAD_Y, loss="quantile", quantile=share, max_iter=60, schedule=netlet.schedules.CosineDecay(60)
        )
        assert mine.predict(SPREAD_X).shape == (2000,)
        assert np.mean(mine.predict(SPREAD_X) >= SPREAD_Y) == pytest.approx(share, abs=0.02)


def test_several_quantiles_at_once():
    shares = [0.05, 0.5, 0.95]
    mine = fitted(SPREAD_X, SPREAD_Y, loss="quantile", quantile=shares, schedule=netlet.schedules.CosineDecay(150))
    predicted = mine.predict(SPREAD_X)
    assert predicted.shape == (2000, 3)
    assert mine.n_outputs_ == 3
    np.testing.assert_allclose((predicted >= SPREAD_Y[:, None]).mean(axis=0), shares, atol=0.02)
    for side in SPREAD_X[:, 0] < -0.2, SPREAD_X[:, 0] > 0.2:  # 1.645 deviations up and down
        width = np.median((predicted[side, 2] - predicted[side, 0]) / DEVIATION[side])
        assert width == pytest.approx(2 * 1.645, rel=0.15)


def test_a_linear_quantile_is_scikit_learn_s():
    settings = {"hidden_layer_sizes": (), "loss": "quantile", "quantile": 0.8, "solver": "adam", "alpha": 0}
    ends = {"learning_rate_init": 0.003, "max_iter": 3000, "tol": 0}
    mine = fitted(X, Y, batch_size=len(Y), **settings, **ends)
    linear = QuantileRegressor(quantile=0.8, alpha=0).fit(X, Y)

    def pinball(predicted):
        return np.maximum(0.8 * (Y - predicted), -0.2 * (Y - predicted)).mean()

    assert pinball(mine.predict(X)) == pytest.approx(pinball(linear.predict(X)), rel=2e-3)
    assert mine.loss_ == pytest.approx(pinball(mine.predict(X)), rel=1e-3)


def test_means_and_deviations():
    mine = fitted(SPREAD_X, SPREAD_Y, loss="gaussian_nll")
    predicted, deviation = mine.predict(SPREAD_X, return_std=True)
    assert predicted.shape == deviation.shape == (2000,)
    assert (mine.predict(SPREAD_X) == predicted).all()
    assert np.abs(predicted - 2 * SPREAD_X[:, 0]).mean() < 0.05
    assert np.abs(deviation / DEVIATION - 1).mean() < 0.15
    for side in SPREAD_X[:, 0] < -0.2, SPREAD_X[:, 0] > 0.2:
        assert np.median(deviation[side]) == pytest.approx(np.median(DEVIATION[side]), rel=0.15)
    outputs = mine.network_.forward(SPREAD_X)
    np.testing.assert_allclose(deviation, np.exp(outputs[:, 1] / 2), rtol=1e-12)
    nll = 0.5 * (((SPREAD_Y - predicted) / deviation) ** 2 + 2 * np.log(deviation))
    assert mine.network_.loss(SPREAD_X, SPREAD_Y) == pytest.approx(nll.mean(), rel=1e-9)


@pytest.mark.parametrize("standardize", [False, True])
def test_deviations_of_several_targets(standardize):
    y = np.stack([SPREAD_Y, 100 * SPREAD_Y + 7], axis=1)
    settings = {"loss": "gaussian_nll", "max_iter": 60, "standardize": standardize}
    mine = fitted(SPREAD_X, y if standardize else y / [1, 100], **settings)
    predicted, deviation = mine.predict(SPREAD_X, return_std=True)
    assert predicted.shape == deviation.shape == (2000, 2)
    assert mine.n_outputs_ == 2
    ratio = deviation[:, 1] / deviation[:, 0]
    assert np.median(ratio) == pytest.approx(100 if standardize else 1, rel=0.2)
    assert np.median(deviation[:, 0] / DEVIATION) == pytest.approx(1, rel=0.25)


def test_deviations_of_another_loss_are_refused():
    with pytest.raises(ValueError, match="return_std: expected False for the loss 'squared_error'"):
        fitted(X, Y, max_iter=1).predict(X, return_std=True)


def test_poisson_is_scikit_learn_s():
    rates = np.exp(0.3 * X[:, 2] + 0.5)
    y = RNG.poisson(rates)
    settings = {
        "hidden_layer_sizes": (),
        "loss": "poisson",
        "solver": "lbfgs",
        "alpha": 0,
        "tol": 1e-8,
        "max_iter": 1000,
    }
    mine, original = (library.MLPRegressor(**settings, random_state=0).fit(X, y) for library in (own, theirs))
    linear = PoissonRegressor(alpha=0, tol=1e-8, max_iter=1000).fit(X, y)
    for other in original, linear:
        np.testing.assert_allclose(mine.predict(X), other.predict(X), rtol=1e-3)
    assert mine.loss_ == pytest.approx(original.loss_, rel=1e-6)
    assert mine.out_activation_ == original.out_activation_ == "exp"


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_counts_are_not_negative(solver):
    mine = own.MLPRegressor(loss="poisson", solver=solver)
    with pytest.raises(ValueError, match="y: expected counts >= 0 for the loss 'poisson', got -"):
        mine.fit(X, Y)
    assert not hasattr(mine, "coefs_")


def test_absolute_errors_and_huber_s_mind_outliers_less():
    y = SPREAD_Y.copy()
    y[::10] += 50
    truth = 2 * SPREAD_X[:, 0]
    errors = {}
    for loss in "squared_error", "absolute_error", "huber", "log_cosh":
        mine = fitted(SPREAD_X, y, loss=loss, huber_delta=0.3, max_iter=60)
        errors[loss] = np.abs(mine.predict(SPREAD_X) - truth).mean()
    assert errors.pop("squared_error") > 3
    assert max(errors.values()) < 0.5, errors


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "log_cosh", "squared_error"])
def test_the_loss_curve_is_the_mean_loss(loss):
    still = {"solver": "sgd", "learning_rate_init": 1e-300, "max_iter": 3}
    mine = fitted(X, Y, loss=loss, huber_delta=0.7, alpha=0, **still)
    error = np.abs(Y - mine.predict(X))
    expected = {
        "absolute_error": error,
        "huber": np.where(error < 0.7, error**2 / 2, 0.7 * (error - 0.35)),
        "log_cosh": np.log(np.cosh(error)),
        "squared_error": error**2 / 2,
    }[loss].mean()
    np.testing.assert_allclose(mine.loss_curve_, expected, rtol=1e-12)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "other"])
def test_losses_of_classes_are_refused(loss):
    with pytest.raises(ValueError, match="The 'loss' parameter of MLPRegressor must be a str among"):
        fitted(X, Y, loss=loss)


@pytest.mark.parametrize("quantile", [0.0, 1.5, [0.1, 2.0], [], "half"])
def test_bad_quantiles(quantile):
    with pytest.raises(ValueError, match="quantile"):
        fitted(X, Y, loss="quantile", quantile=quantile)
