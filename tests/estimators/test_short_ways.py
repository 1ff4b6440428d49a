# SPDX-License-Identifier: BSD-3-Clause
"""What `fit` does faster than scikit-learn's helpers gives what those would give."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from netlet.sklearn import MLPClassifier, MLPRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils._param_validation import make_constraint

pytestmark = pytest.mark.filterwarnings("ignore", category=ConvergenceWarning)
RNG = np.random.default_rng(0)
X, LABELS = RNG.normal(size=(60, 4)), RNG.integers(0, 3, 60)


def fingerprint(estimator, x, y):
    return estimator.fit(x, y).network_.fingerprint()


def classifier(**settings):
    return MLPClassifier(5, max_iter=3, **{"random_state": 1, **settings})


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_the_defaults_that_are_not_validated_are_valid(kind):
    constraints = {name: [make_constraint(c) for c in each] for name, each in kind._parameter_constraints.items()}
    for name, default in kind().get_params().items():
        assert name not in constraints or any(each.is_satisfied_by(default) for each in constraints[name]), name


def test_what_is_not_a_default_is_validated():
    with pytest.raises(ValueError, match="The 'alpha' parameter of MLPClassifier must be a float in the range"):
        classifier(alpha=-1).fit(X, LABELS)


def test_a_subclass_with_other_defaults_is_validated():
    class Own(MLPRegressor):
        def __init__(self, alpha=-1):
            super().__init__(alpha=alpha)

    with pytest.raises(ValueError, match="The 'alpha' parameter of Own must be"):
        Own().fit(X, X[:, 0])


@pytest.mark.parametrize("layout", [np.asfortranarray, lambda x: np.repeat(x, 2, axis=1)[:, ::2], list])
def test_layouts_of_x(layout):
    assert fingerprint(classifier(), layout(X), LABELS) == fingerprint(classifier(), X, LABELS)


@pytest.mark.parametrize("dtype", [float, np.float32, np.uint8, str])
def test_dtypes_of_labels(dtype):
    own = classifier()
    own.fit(X, LABELS.astype(dtype))
    assert (own.classes_ == np.unique(LABELS.astype(dtype))).all()
    assert (own.predict(X) == np.unique(LABELS.astype(dtype))[classifier().fit(X, LABELS).predict(X)]).all()


def test_fractions_are_no_labels():
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        classifier().fit(X, LABELS + 0.5)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_labels_that_are_no_numbers(value):
    with pytest.raises(ValueError, match=r"Input (y )?contains"):
        classifier().fit(X, np.where(np.arange(60) == 7, value, LABELS))


def test_an_int_and_its_random_state_draw_the_same():
    expected = fingerprint(classifier(early_stopping=True), X, LABELS)
    for state in (1, np.random.RandomState(1), np.int64(1)):
        assert fingerprint(classifier(early_stopping=True, random_state=state), X, LABELS) == expected


def test_threads_draw_by_themselves():
    expected = [fingerprint(classifier(random_state=seed), X, LABELS) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda s: fingerprint(classifier(random_state=s), X, LABELS), range(8))) == expected
