# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's `check_estimator`: what is skipped or fails is what is with scikit-learn's own class."""

from collections import Counter

import netlet.sklearn as own
import numpy as np
import pytest
import sklearn
import sklearn.neural_network as theirs
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

pytestmark = pytest.mark.filterwarnings("ignore")

VERSION = ".".join(sklearn.__version__.split(".")[:2])
COUNTS = {"1.7": (66, 59), "1.8": (66, 59), "1.9": (67, 60)}  # checks of scikit-learn's own two classes
NAMES = ["MLPClassifier", "MLPRegressor"]
SETTINGS = [{}, {"solver": "sgd"}, {"solver": "lbfgs"}, {"dtype": "float32"}]

# of scikit-learn's own classes; test_what_scikit_learn_s_own_classes_do asserts them
SKIPPED = {
    "check_array_api_input",  # unless SCIPY_ARRAY_API is set
    "check_classifiers_multilabel_output_format_decision_function",  # there is no decision_function
}
FAILED = {
    # asks for probabilities strictly between 0 and 1, and training to the end rounds some to 1
    ("MLPClassifier", "lbfgs"): {"check_classifiers_multilabel_output_format_predict_proba"},
}
# asks for predictions equal to 1e-7, which is a rounding of float32: test_sample_weight.py measures the difference
FLOAT32 = {"check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data"}


def names(estimator):
    return Counter(check.func.__name__ for _, check in estimator_checks_generator(estimator))


def results(estimator):
    checks = check_estimator(estimator, on_skip=None, on_fail=None)
    names = {status: {check["check_name"] for check in checks if check["status"] == status} for status in STATUSES}
    return len(checks), names["skipped"], names["failed"]


STATUSES = ("passed", "skipped", "failed")


@pytest.mark.parametrize("name", NAMES)
def test_the_same_checks_run_as_for_scikit_learn_s_own_class(name):
    mine, original = names(getattr(own, name)()), names(getattr(theirs, name)())
    assert original - mine == Counter()
    assert set(mine - original) == ({"check_class_weight_classifiers"} if name == "MLPClassifier" else set())
    if VERSION in COUNTS:
        assert original.total() == COUNTS[VERSION][NAMES.index(name)]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda each: "".join(each.values()) or "defaults")
@pytest.mark.parametrize("name", NAMES)
def test_checks(name, settings):
    estimator = getattr(own, name)(**settings)
    count, skipped, failed = results(estimator)
    assert count == names(estimator).total()
    assert skipped <= SKIPPED
    if "dtype" in settings:
        assert failed == FLOAT32
    else:
        assert failed <= FAILED.get((name, settings.get("solver")), set())


@pytest.mark.scikit_learn
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("name", NAMES)
def test_what_scikit_learn_s_own_classes_do(name, solver):
    count, skipped, failed = results(getattr(theirs, name)(solver=solver))
    assert count == COUNTS.get(VERSION, {name: count, "MLPRegressor": count})[NAMES.index(name)]
    assert skipped == SKIPPED & set(names(getattr(theirs, name)()))
    assert failed == FAILED.get((name, solver), set())


@pytest.mark.scikit_learn
@pytest.mark.parametrize("name", NAMES)
def test_scikit_learn_s_own_class_fails_the_same_with_rows_of_float32(name):
    base = getattr(theirs, name)

    class Single(base):
        """Computes in float32, as its dtype is that of X."""

        def _fit(self, X, y, *rest, **options):
            X = X.astype(np.float32) if sklearn.utils.validation.sp.issparse(X) else np.asarray(X, np.float32)
            return super()._fit(X, y, *rest, **options)

    estimator = Single()
    for each in FLOAT32:
        check = next(check for _, check in estimator_checks_generator(estimator) if check.func.__name__ == each)
        with pytest.raises(AssertionError, match="Not equal to tolerance"):
            check(estimator)
