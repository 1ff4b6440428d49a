# SPDX-License-Identifier: BSD-3-Clause
"""Faults that were found by attacking the estimators; each of these was one."""

import copy

import numpy as np
import pytest
import scipy.sparse
from netlet import Network, callbacks, schedules
from netlet.sklearn import MLPClassifier, MLPRegressor
from sklearn.exceptions import NotFittedError

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4))
TWO, THREE, NUMBERS = (X[:, 0] > 0).astype(int), np.digitize(X[:, 0], [-0.5, 0.5]), X @ [1.0, 2.0, 3.0, 4.0]
LABELS = np.array(["bad", "good"])[TWO]


def classifier(**settings):
    return MLPClassifier(**{"hidden_layer_sizes": (5,), "max_iter": 5, "tol": 0, "random_state": 0} | settings)


def regressor(**settings):
    return MLPRegressor(**{"hidden_layer_sizes": (5,), "max_iter": 5, "tol": 0, "random_state": 0} | settings)


pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def test_weights_that_were_kept_can_be_put_back():
    model = classifier().fit(X, TWO)
    before, kept = model.predict_proba(X), model.coefs_
    model.coefs_ = [0 * weight for weight in kept]
    assert np.ptp(model.predict_proba(X)[:, 0]) == 0
    model.coefs_ = kept
    assert np.array_equal(model.predict_proba(X), before)


def test_a_shallow_copy_does_not_reach_the_original():
    model = regressor().fit(X, NUMBERS)
    before, other = model.predict(X), copy.copy(model)
    other.coefs_ = [0 * weight for weight in other.coefs_]
    assert np.ptp(other.predict(X)) == 0
    assert np.array_equal(model.predict(X), before)


def test_a_list_that_the_caller_has_set_stays_his():
    model = regressor().fit(X, NUMBERS)
    weights = [weight.copy() for weight in model.coefs_]
    model.coefs_ = weights
    model.predict(X)
    weights[1][:] = 0
    assert model.coefs_ is weights
    assert np.ptp(model.predict(X)) == 0


def test_other_shapes_keep_the_scaling():
    far = 100 * X + 300
    model = classifier(standardize=True).fit(far, TWO)
    before, (first, last), (inner, outer) = model.predict_proba(far), model.coefs_, model.intercepts_
    model.coefs_ = [np.c_[first, np.zeros((4, 1))], np.r_[last, np.zeros((1, 1))]]  # a unit more, without effect
    model.intercepts_ = [np.r_[inner, 0], outer]
    assert np.allclose(model.predict_proba(far), before, rtol=1e-12, atol=0)


def raising(epoch, _history):
    if epoch % 5 == 2:
        raise KeyError("of the caller")


@pytest.mark.parametrize("settings", [{}, {"early_stopping": True}, {"solver": "lbfgs", "learning_rate_init": 1.0}])
def test_after_an_error_it_is_as_before(settings, monkeypatch):
    model = classifier(warm_start=True, **settings).fit(X, TWO)
    before, state = model.network_.to_bytes(), {name: copy.copy(value) for name, value in vars(model).items()}
    bad = {"callbacks": [raising]} if model.solver == "adam" else {"max_iter": 1}
    model.set_params(**bad)
    if model.solver == "lbfgs":  # its warning is an error to the caller
        monkeypatch.setattr("netlet.sklearn._lbfgs._check_optimize_result", raise_warning)
    with pytest.raises((KeyError, UserWarning)):
        model.fit(X, TWO)
    assert model.network_.to_bytes() == before
    for name in ("loss_curve_", "validation_scores_", "n_iter_", "t_"):
        assert getattr(model, name, None) == state.get(name)


def test_after_an_error_it_scales_as_before():
    model = classifier(warm_start=True).fit(X, TWO)
    before = model.network_.to_bytes()
    model.set_params(standardize=True, callbacks=[raising], max_iter=9)
    with pytest.raises(KeyError):
        model.fit(X, TWO)
    assert model.network_.input_scaling is None
    assert model.network_.to_bytes() == before


def raise_warning(*_):
    raise UserWarning("not converged")


def test_a_failed_first_partial_fit_leaves_nothing():
    model = classifier()
    with pytest.raises(ValueError, match="NaN"):
        model.partial_fit(np.nan * X, TWO, classes=[0, 1])
    with pytest.raises(NotFittedError):
        model.predict(X)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("values", [(0, 2), (1, 0)])
def test_several_labels_are_what_is_not_zero(solver, values):
    several = np.where(np.c_[TWO, X[:, 1] > 0], *values)
    model, plain = (
        classifier(solver=solver).fit(X, several),
        classifier(solver=solver).fit(X, (several != 0).astype(int)),
    )
    assert model.network_ == plain.network_
    assert np.isfinite(model.loss_)


def test_other_kinds_of_labels_are_refused():
    model = classifier(solver="lbfgs", warm_start=True).fit(X, THREE)
    with pytest.raises(ValueError, match="was not fitted with this kind of labels"):
        model.fit(X, np.c_[TWO, 1 - TWO, X[:, 1] > 0].astype(int))


def test_predictions_are_those_of_the_loss_that_was_trained():
    model = regressor(loss="poisson").fit(X, np.abs(NUMBERS))
    before = model.predict(X)
    assert np.array_equal(model.set_params(loss="squared_error").predict(X), before)


def test_integers_beside_float32_keep_their_digits():
    model = regressor(standardize=True).fit(X.astype(np.float32), 10**9 + np.arange(60))
    assert model.network_.output_scaling[1] == pytest.approx(np.arange(60).std(), rel=1e-6)


def test_what_is_beyond_float32_is_refused():
    model = classifier().fit(X.astype(np.float32), THREE)
    with pytest.raises(ValueError, match="range of float32"):
        model.predict(1e39 * X)


def test_the_network_keeps_its_labels_while_training_goes_on():
    model = classifier().fit(X, LABELS)
    network = model.network_
    model.partial_fit(X, LABELS)
    assert network.classes.tolist() == ["bad", "good"]


@pytest.mark.parametrize("sparse", [False, True])
def test_callbacks_see_validation_data_and_save_labels(sparse, tmp_path):
    data = scipy.sparse.csr_matrix(X) if sparse else X
    seen = []
    saved = callbacks.Checkpoint(tmp_path / "best.netlet", best=True)
    model = classifier(callbacks=[saved, lambda _, history: seen.append(history.validation_loss[-1])])
    model.fit(data[:40], LABELS[:40], validation_data=(data[40:], LABELS[40:]))
    best = Network.load(tmp_path / "best.netlet")
    assert best.epochs_trained == 1 + int(np.argmin(seen))
    assert best.classes.tolist() == ["bad", "good"]


def test_partial_fit_goes_on_with_a_schedule():
    plan = schedules.CosineDecay(5)
    whole, parts = regressor(schedule=plan).fit(X, NUMBERS), regressor(schedule=plan)
    for _ in range(5):
        parts.partial_fit(X, NUMBERS)
    assert parts.network_ == whole.network_


@pytest.mark.parametrize("power", [np.float32(0.5), np.int64(1)])
def test_powers_may_be_numbers_of_numpy(power):
    settings = {"solver": "sgd", "learning_rate": "invscaling"}
    assert classifier(power_t=power, **settings).fit(X, TWO).n_iter_ == 5


def test_a_network_by_its_weights_alone_predicts():
    model, other = regressor().fit(X, NUMBERS), regressor()
    for name in ("coefs_", "intercepts_", "n_layers_", "out_activation_", "n_outputs_"):
        setattr(other, name, getattr(model, name))
    assert np.array_equal(other.predict(X), model.predict(X))


@pytest.mark.parametrize("weights", [{0: 0, 1: 0}, {0: -1.0}, {1: np.nan}, {2: 1.0}])
def test_bad_weights_of_classes_are_refused_by_name(weights):
    with pytest.raises(ValueError, match="class_weight"):
        classifier(class_weight=weights).fit(X, TWO)


def test_a_class_that_is_missing_has_a_weight_all_the_same():
    model = classifier(class_weight={2: 5.0}).partial_fit(X, THREE, classes=[0, 1, 2])
    some = THREE < 2
    model.partial_fit(X[some], THREE[some])
    classifier(class_weight={2: 5.0}).fit(X, THREE, validation_data=(X[some], THREE[some]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_too_small_to_divide_by(dtype):
    with pytest.raises(ValueError, match="sample_weight"):
        classifier().fit(X.astype(dtype), TWO, np.full(60, 1e-320))


@pytest.mark.parametrize("targets", [np.zeros((20, 6), int), np.zeros((19, 3), int), np.ones((20, 3)) / 2])
def test_targets_of_validation_are_checked(targets):
    several = np.c_[TWO, 1 - TWO, X[:, 1] > 0].astype(int)
    with pytest.raises(ValueError, match=r"validation_data|inconsistent numbers of samples"):
        classifier().fit(X, several, validation_data=(X[:20], targets))


def test_a_diverged_epoch_is_in_all_lists():
    settings = {"solver": "sgd", "learning_rate_init": 1e200, "early_stopping": True}
    model = classifier(**settings).fit(X, TWO)
    assert len(model.validation_scores_) == len(model.loss_curve_) == model.n_iter_
    assert np.isnan(model.loss_curve_[-1])


def test_quantiles_of_several_targets_are_refused():
    with pytest.raises(ValueError, match="quantile: expected a number for 2 targets"):
        regressor(loss="quantile", quantile=[0.1, 0.9]).fit(X, X[:, :2])


def test_an_estimator_of_a_network_scales_as_it_does():
    model = regressor(standardize=True).fit(X, NUMBERS)
    assert MLPRegressor.from_network(model.network_).standardize is True
    assert classifier(standardize=True).fit(X, TWO).from_network(classifier().fit(X, TWO).network_).standardize is False
    with pytest.raises(TypeError, match=r"Network\.load"):
        MLPRegressor.from_network("model.netlet")
