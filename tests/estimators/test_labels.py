# SPDX-License-Identifier: BSD-3-Clause
"""Labels of every kind: what is learned from them and what predict gives back."""

import warnings

import netlet.sklearn as own
import numpy as np
import pytest
import sklearn.neural_network as theirs
from scipy.sparse import csr_matrix
from sklearn.exceptions import DataConversionWarning

from helpers.estimators import IRIS_X, IRIS_Y, SEVERAL_X, SEVERAL_Y

LABELS = {
    "text": ["setosa", "versicolor", "virginica"],
    "objects": np.array(["setosa", "versicolor", "virginica"], object),
    "integers": [-5, 7, 300],
    "unsigned bytes": np.array([3, 0, 255], np.uint8),
    "whole floats": [2.0, -1.0, 0.0],
    "bools": [False, True, True],
    "two texts": ["no", "yes", "no"],
    "two integers": [1, -1, 1],
}


def model(library=own, **settings):
    return library.MLPClassifier((8,), **{"max_iter": 100, "learning_rate_init": 0.02, "random_state": 0, **settings})


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_labels(labels):
    labels = np.asarray(labels)
    y = labels[IRIS_Y]
    mine = model().fit(IRIS_X, y)
    classes = np.array(sorted(set(labels.tolist())))
    dtype = np.dtype("U10") if labels.dtype == object else labels.dtype  # as in scikit-learn
    assert mine.classes_.dtype == dtype
    assert mine.classes_.tolist() == classes.tolist()
    predicted = mine.predict(IRIS_X)
    assert predicted.dtype == dtype
    assert mine.score(IRIS_X, y) == np.mean(predicted == y) > 0.9
    probabilities = mine.predict_proba(IRIS_X)
    assert probabilities.shape == (150, len(classes))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-12)
    assert (classes[probabilities.argmax(axis=1)] == predicted).all()
    np.testing.assert_allclose(mine.predict_log_proba(IRIS_X), np.log(probabilities), rtol=1e-12, atol=1e-15)
    assert mine.n_outputs_ == (1 if len(classes) == 2 else 3)
    assert mine.out_activation_ == ("logistic" if len(classes) == 2 else "softmax")


def test_the_order_of_labels_does_not_matter_to_the_network():
    text, number = (model().fit(IRIS_X, np.asarray(LABELS[name])[IRIS_Y]) for name in ("text", "integers"))
    assert text.network_.fingerprint() == model().fit(IRIS_X, IRIS_Y).network_.fingerprint()
    assert (text.predict_proba(IRIS_X) == number.predict_proba(IRIS_X)).all()


@pytest.mark.parametrize("label", [3, "only", True])
def test_a_single_class(label):
    y = np.full(30, label)
    for epochs in 1, 20:  # after one, some outputs are above 1/2
        mine, original = (model(library, max_iter=epochs).fit(IRIS_X[:30], y) for library in (own, theirs))
        for each in mine, original:
            assert each.predict(IRIS_X).tolist() == [label] * 150
            assert each.classes_.tolist() == [label]
        assert mine.predict_proba(IRIS_X).shape == original.predict_proba(IRIS_X).shape


def test_continuous_labels_are_refused():
    for y, words in (
        (IRIS_X[:, 0], "Unknown label type"),
        (np.stack([IRIS_Y, IRIS_Y + 1], axis=1), "Multioutput target"),
    ):
        for library in own, theirs:
            with pytest.raises(ValueError, match=words):
                model(library).fit(IRIS_X, y)


def test_text_mixed_with_numbers_is_refused():
    y = np.array(["a", 1, "b"] * 50, object)
    for library in own, theirs:
        with pytest.raises((TypeError, ValueError), match=r"'<' not supported|Mix of label|mix of|uniformly strings"):
            model(library).fit(IRIS_X, y)


def test_unseen_classes():
    mine = model(max_iter=3, warm_start=True).fit(IRIS_X, IRIS_Y)
    original = model(theirs, max_iter=3, warm_start=True).fit(IRIS_X, IRIS_Y)
    for y in np.where(IRIS_Y == 2, 5, IRIS_Y), np.minimum(IRIS_Y, 1):
        messages = []
        for each in mine, original:
            with pytest.raises(
                ValueError, match="warm_start can only be used where `y` has the same classes"
            ) as caught:
                each.fit(IRIS_X, y)
            messages.append(str(caught.value))
        assert messages[0] == messages[1]
    messages = []
    for each in mine, original:
        each.set_params(warm_start=False)
        with pytest.raises(ValueError, match=r"`y` has classes not in `self\.classes_`") as caught:
            each.partial_fit(IRIS_X, np.where(IRIS_Y == 2, 5, IRIS_Y))
        messages.append(str(caught.value))
    assert messages[0] == messages[1]


def test_classes_of_partial_fit():
    mine = model().partial_fit(IRIS_X[:5], ["b"] * 5, classes=["c", "a", "b"])
    assert mine.classes_.tolist() == ["a", "b", "c"]
    assert mine.predict_proba(IRIS_X).shape == (150, 3)
    mine.partial_fit(IRIS_X[:5], ["a"] * 5)
    for library in own, theirs:
        with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
            model(library).partial_fit(IRIS_X, IRIS_Y)
        with pytest.raises(ValueError, match="is not the same as on last call to partial_fit"):
            model(library).partial_fit(IRIS_X, IRIS_Y, classes=[0, 1, 2]).partial_fit(IRIS_X, IRIS_Y, classes=[0, 1])


def test_several_labels_at_once():
    mine = model(max_iter=300).fit(SEVERAL_X, SEVERAL_Y)
    assert mine.classes_.tolist() == [0, 1, 2, 3]
    assert mine.n_outputs_ == 4
    predicted, probabilities = mine.predict(SEVERAL_X), mine.predict_proba(SEVERAL_X)
    assert predicted.dtype.kind == "i"
    assert (predicted == (probabilities > 0.5)).all()
    assert mine.score(SEVERAL_X, SEVERAL_Y) == (predicted == SEVERAL_Y).all(axis=1).mean()
    assert (predicted == SEVERAL_Y).mean() > 0.8
    hidden = np.maximum(SEVERAL_X @ mine.coefs_[0] + mine.intercepts_[0], 0)
    by_hand = 1 / (1 + np.exp(-(hidden @ mine.coefs_[1] + mine.intercepts_[1])))
    np.testing.assert_allclose(probabilities, by_hand, rtol=1e-12)
    as_sparse = model(max_iter=300).fit(SEVERAL_X, csr_matrix(SEVERAL_Y))
    assert as_sparse.network_.fingerprint() == mine.network_.fingerprint()
    assert type(as_sparse.predict(SEVERAL_X)) is type(
        theirs.MLPClassifier((2,), max_iter=1).fit(SEVERAL_X, csr_matrix(SEVERAL_Y)).predict(SEVERAL_X)
    )
    assert (as_sparse.predict(SEVERAL_X).toarray() == predicted).all()


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_a_column_is_warned_of_as_scikit_learn_does(name):
    messages = []
    for library in own, theirs:
        with pytest.warns(DataConversionWarning) as caught:
            each = getattr(library, name)(hidden_layer_sizes=(3,), max_iter=2, random_state=0).fit(
                IRIS_X, (IRIS_Y == 1).reshape(-1, 1)
            )
        messages.append([str(warned.message) for warned in caught if warned.category is DataConversionWarning])
        assert each.predict(IRIS_X).shape == (150,)
        with warnings.catch_warnings():
            warnings.simplefilter("error", DataConversionWarning)
            each.fit(IRIS_X, IRIS_Y == 1)
    assert messages[0]
    assert messages[0] == messages[1]
