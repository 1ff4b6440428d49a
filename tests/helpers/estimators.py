# SPDX-License-Identifier: BSD-3-Clause
"""Data that tests of the estimators share, and both libraries' estimators on it."""

import netlet.sklearn as own
import numpy as np
import sklearn.neural_network as theirs
from sklearn.datasets import load_diabetes, load_iris, make_multilabel_classification
from sklearn.preprocessing import StandardScaler

from helpers.missing import polars

IRIS_X, IRIS_Y = load_iris(return_X_y=True)
IRIS_X = (IRIS_X - IRIS_X.mean(axis=0)) / IRIS_X.std(axis=0)
ORDER = np.random.default_rng(0).permutation(len(IRIS_Y))
IRIS_X, IRIS_Y = IRIS_X[ORDER], IRIS_Y[ORDER]
X, Y = load_diabetes(return_X_y=True)
X, Y = X / X.std(axis=0), (Y - Y.mean()) / Y.std()
SEVERAL_X, SEVERAL_Y = make_multilabel_classification(120, 6, n_classes=4, random_state=0)
SEVERAL_X = SEVERAL_X / 10

# scikit-learn 1.7.0 does not see the names of its columns
POLARS = polars is not None and hasattr(StandardScaler().fit(polars.DataFrame({"a": [0.0, 1.0]})), "feature_names_in_")
PROBLEMS = {
    "binary": ("MLPClassifier", IRIS_X, IRIS_Y == 1),
    "multiclass": ("MLPClassifier", IRIS_X, IRIS_Y),
    "multilabel": ("MLPClassifier", SEVERAL_X, SEVERAL_Y),
    "regression": ("MLPRegressor", X, Y),
    "multi-output": ("MLPRegressor", X, np.stack([Y, Y**2, 1 - Y], axis=1)),
    "poisson": ("MLPRegressor", X, np.floor(np.exp(Y))),
}


def both(problem, method="fit", sample_weight=None, **settings):
    """netlet's estimator and scikit-learn's, fitted to one of `PROBLEMS`."""
    name, x, y = PROBLEMS[problem]
    if problem == "poisson":
        settings["loss"] = "poisson"
    settings = {"hidden_layer_sizes": (8, 5), "random_state": 3, "batch_size": len(x), **settings}
    pair = [getattr(library, name)(**settings) for library in (own, theirs)]
    for each in pair:
        getattr(each, method)(x, y, sample_weight=sample_weight)
    return pair
