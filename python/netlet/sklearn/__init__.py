# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's `MLPClassifier` and `MLPRegressor` on netlet's core: change the import, keep the code.

Needs scikit-learn 1.7 or newer: ``pip install netlet[sklearn]``.

Examples
--------
>>> from sklearn.datasets import load_iris
>>> from netlet.sklearn import MLPClassifier
>>> X, y = load_iris(return_X_y=True)
>>> MLPClassifier(max_iter=500, random_state=0).fit(X, y).score(X, y) > 0.95
True
"""

from ._classifier import MLPClassifier
from ._regressor import MLPRegressor
from ._threads import register

register()
del register

__all__ = ["MLPClassifier", "MLPRegressor"]
