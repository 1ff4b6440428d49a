# SPDX-License-Identifier: BSD-3-Clause
"""coefs_ and intercepts_ may be written to, in part or as a whole, as those of scikit-learn's own estimators."""

from itertools import pairwise

import netlet.sklearn as own
import numpy as np
import pytest
import sklearn.neural_network as theirs

from helpers.estimators import IRIS_X, IRIS_Y, X, Y

RNG = np.random.default_rng(8)


def write_in(model, weights, biases):
    for view, values in zip([*model.coefs_, *model.intercepts_], [*weights, *biases]):
        view[:] = values


def replace_items(model, weights, biases):
    for i, (one, other) in enumerate(zip(weights, biases)):
        model.coefs_[i], model.intercepts_[i] = one, other


def replace_lists(model, weights, biases):
    model.coefs_, model.intercepts_ = weights, biases


def set_lists(model, weights, biases):
    for name, values in ("coefs_", weights), ("intercepts_", biases):
        setattr(model, name, [each.tolist() for each in values])


WAYS = {each.__name__: each for each in (write_in, replace_items, replace_lists, set_lists)}


def values(sizes):
    return [RNG.normal(size=shape) for shape in pairwise(sizes)], [RNG.normal(size=size) for size in sizes[1:]]


def by_hand(x, weights, biases):
    for weight, bias in zip(weights[:-1], biases[:-1]):
        x = np.maximum(x @ weight + bias, 0)
    return x @ weights[-1] + biases[-1]


@pytest.mark.parametrize("change", WAYS.values(), ids=WAYS)
def test_what_is_written_counts(change):
    model = own.MLPRegressor(hidden_layer_sizes=(5, 4), max_iter=2, random_state=0).fit(X, Y)
    model.predict(X)
    for _ in range(2):
        weights, biases = values([10, 5, 4, 1])
        change(model, weights, biases)
        np.testing.assert_allclose(model.predict(X), by_hand(X, weights, biases)[:, 0], rtol=1e-12)
        np.testing.assert_allclose(model.network_.forward(X)[:, 0], by_hand(X, weights, biases)[:, 0], rtol=1e-12)
        np.testing.assert_array_equal(model.network_.weights[1], weights[1])


def test_training_goes_on_from_what_is_written():
    pair = []
    for library in own, theirs:
        settings = {"solver": "sgd", "shuffle": False, "batch_size": len(Y), "max_iter": 3, "warm_start": True}
        model = library.MLPRegressor(hidden_layer_sizes=(5,), random_state=0, **settings).fit(X, Y)
        model.coefs_[0] = np.full((10, 5), 0.1)
        model.intercepts_[1][:] = -0.5
        pair.append(model.fit(X, Y))
    for one, other in zip(*(model.coefs_ + model.intercepts_ for model in pair)):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_what_is_written_through_an_item_put_in_later():
    """An array that was put in is not that of the network until the estimator is used."""
    model = own.MLPRegressor(hidden_layer_sizes=(5,), max_iter=2, random_state=0).fit(X, Y)
    mine = np.zeros((10, 5))
    model.coefs_[0] = mine
    model.intercepts_[0][:] = 1.0
    expected = model.coefs_[1].sum() + model.intercepts_[1][0]
    np.testing.assert_allclose(model.predict(X), expected)
    model.coefs_[0][:] = 3.0  # that of the network
    np.testing.assert_allclose(model.predict(X), by_hand(X, model.coefs_, model.intercepts_)[:, 0])
    assert model.coefs_[0][0, 0] == 3.0


def test_weights_that_change_places():
    model = own.MLPRegressor(hidden_layer_sizes=(10, 10), max_iter=2, random_state=0).fit(X, Y)
    weights = [each.copy() for each in model.coefs_]
    model.coefs_[0], model.coefs_[1] = model.coefs_[1], model.coefs_[0][::-1]
    weights[0], weights[1] = weights[1], weights[0][::-1]
    np.testing.assert_allclose(model.predict(X), by_hand(X, weights, model.intercepts_)[:, 0], rtol=1e-12)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_stays(dtype):
    model = own.MLPRegressor(hidden_layer_sizes=(5,), dtype=dtype, max_iter=2).fit(X, Y)
    model.coefs_[0] = np.ones((10, 5))
    assert model.predict(X).dtype == model.coefs_[0].dtype == dtype
    other = own.MLPRegressor(hidden_layer_sizes=(5,))
    other.coefs_, other.intercepts_ = (
        [each.copy() for each in model.coefs_],
        [each.copy() for each in model.intercepts_],
    )
    other.n_features_in_, other.n_layers_, other.n_outputs_, other.out_activation_ = 10, 3, 1, "identity"
    assert other.predict(X).dtype == dtype
    assert (other.predict(X) == model.predict(X)).all()


@pytest.mark.parametrize("problem", ["softmax", "binary", "multilabel", "identity"])
def test_an_estimator_made_of_attributes(problem):
    name = "MLPRegressor" if problem == "identity" else "MLPClassifier"
    y = {
        "softmax": IRIS_Y,
        "binary": np.where(IRIS_Y == 1, "b", "a"),
        "multilabel": np.stack([IRIS_Y == 0, IRIS_Y == 2], axis=1).astype(int),
        "identity": IRIS_X[:, :2] ** 2,
    }[problem]
    original = getattr(theirs, name)(hidden_layer_sizes=(5,), activation="tanh", max_iter=20, random_state=0).fit(
        IRIS_X, y
    )
    mine = getattr(own, name)(hidden_layer_sizes=(5,), activation="tanh")
    for attribute in ("n_layers_", "n_outputs_", "out_activation_", "n_features_in_", "n_iter_", "classes_"):
        if hasattr(original, attribute):
            setattr(mine, attribute, getattr(original, attribute))
    mine.coefs_ = [each.copy() for each in original.coefs_]
    mine.intercepts_ = [each.copy() for each in original.intercepts_]
    if name == "MLPRegressor":
        np.testing.assert_allclose(mine.predict(IRIS_X), original.predict(IRIS_X), rtol=1e-9)
        return
    np.testing.assert_allclose(mine.predict_proba(IRIS_X), original.predict_proba(IRIS_X), rtol=1e-9)
    assert (mine.predict(IRIS_X) == original.predict(IRIS_X)).all()


@pytest.mark.parametrize(
    "change",
    [
        lambda model: model.coefs_.__setitem__(0, np.zeros((10, 6))),
        lambda model: model.intercepts_.__setitem__(1, np.zeros(2)),
        lambda model: setattr(model, "intercepts_", model.intercepts_[:1]),
        lambda model: setattr(model, "coefs_", [*model.coefs_, np.zeros((1, 1))]),
        lambda model: model.coefs_.__setitem__(1, "text"),
    ],
    ids=["weights", "biases", "fewer", "more", "text"],
)
def test_what_does_not_fit_is_refused(change):
    model = own.MLPRegressor(hidden_layer_sizes=(5,), max_iter=2, random_state=0).fit(X, Y)
    change(model)
    with pytest.raises((TypeError, ValueError), match=r"coefs_|intercepts_"):
        model.predict(X)
