# SPDX-License-Identifier: BSD-3-Clause
"""Copies and files of estimators: they predict and go on to the same bits, and share nothing."""

import copy
import io
import pickle

import joblib
import netlet.sklearn as own
import numpy as np
import pytest
from sklearn.base import clone

from helpers import processes
from helpers.estimators import PROBLEMS


def through_joblib(model, **options):
    file = io.BytesIO()
    joblib.dump(model, file, **options)
    file.seek(0)
    return joblib.load(file)


COPIES = {
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "pickle protocol 2": lambda model: pickle.loads(pickle.dumps(model, protocol=2)),
    "joblib": through_joblib,
    "joblib compressed": lambda model: through_joblib(model, compress=3),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}
every_copy = pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)


def fitted(problem, **settings):
    name, x, y = PROBLEMS[problem]
    settings = {"hidden_layer_sizes": (6,), "max_iter": 4, "random_state": 2, **settings}
    return getattr(own, name)(**settings).fit(x, y), x, y


@every_copy
@pytest.mark.parametrize("problem", ["binary", "multiclass", "multilabel", "regression"])
def test_copies_predict_and_go_on_to_the_same_bits(problem, duplicate):
    model, x, y = fitted(problem, standardize=True)
    other = duplicate(model)
    assert (other.predict(x) == model.predict(x)).all()
    assert other.get_params() == model.get_params()
    assert other.network_.fingerprint() == model.network_.fingerprint()
    assert other.loss_curve_ == model.loss_curve_
    if duplicate is copy.copy:
        return
    for each in model, other:
        each.partial_fit(x, y)
    assert other.network_.fingerprint() == model.network_.fingerprint()


@every_copy
def test_views_are_views_again(duplicate):
    model, x, _ = fitted("regression")
    other = duplicate(model)
    for view, weights in zip(other.coefs_ + other.intercepts_, other.network_.weights + other.network_.biases):
        assert np.shares_memory(view, weights)
    before = model.predict(x)
    if duplicate is not copy.copy:
        other.coefs_[0][:] = 0
        other.intercepts_[1][:] = 7
        np.testing.assert_allclose(other.predict(x), 7 + other.intercepts_[0].clip(0) @ other.coefs_[1][:, 0])
        assert (model.predict(x) == before).all()


@every_copy
def test_estimators_that_are_not_fitted(duplicate):
    model = own.MLPClassifier((3, 4), activation=["tanh", "gelu"], alpha=0.5, class_weight={0: 2.0}, dropout=[0.1, 0.2])
    other = duplicate(model)
    assert other.get_params() == model.get_params()
    assert not hasattr(other, "coefs_")
    assert not hasattr(other, "network_")


def test_values_put_in_before_a_copy_are_in_it():
    for duplicate in COPIES.values():
        model, x, _ = fitted("regression")
        model.coefs_[1] = np.full(model.coefs_[1].shape, 0.5)
        model.intercepts_ = [np.zeros(6), np.array([3.0])]
        expected = np.maximum(x @ model.coefs_[0], 0) @ np.full(6, 0.5) + 3
        np.testing.assert_allclose(duplicate(model).predict(x), expected)


def test_a_clone_has_the_parameters_alone():
    model, x, y = fitted("multiclass", activation=["tanh"], optimizer="adamw", standardize="inputs")
    other = clone(model)
    assert other.get_params() == model.get_params()
    assert not hasattr(other, "classes_")
    assert other.fit(x, y).network_.fingerprint() == model.network_.fingerprint()


def test_files_of_another_process(tmp_path):
    model, x, _ = fitted("multiclass")
    joblib.dump(model, tmp_path / "model.joblib")
    np.save(tmp_path / "x.npy", x)
    code = f"""
        import joblib
        model, x = joblib.load({str(tmp_path / "model.joblib")!r}), np.load({str(tmp_path / "x.npy")!r})
        print(model.network_.fingerprint(), model.predict_proba(x).sum(axis=0).tolist())
    """
    assert processes.output(code) == f"{model.network_.fingerprint()} {model.predict_proba(x).sum(axis=0).tolist()}"


def test_a_pickle_holds_the_parameters_once():
    model, _, _ = fitted("regression", hidden_layer_sizes=(500, 500))
    size = sum(each.nbytes for each in model.coefs_ + model.intercepts_)
    assert len(pickle.dumps(model)) < 3.1 * size  # and Adam's two moments
