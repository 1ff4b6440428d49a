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

try:
    from ._classifier import MLPClassifier
    from ._regressor import MLPRegressor
    from ._threads import register
except ImportError as error:
    if (error.name or "").split(".")[0] not in ("sklearn", "scipy", "joblib", "threadpoolctl"):
        raise
    from importlib import metadata

    try:
        found = metadata.version("scikit-learn")
    except metadata.PackageNotFoundError:
        found = "none"
    raise ImportError(
        f"netlet.sklearn: expected scikit-learn 1.7 or newer, got {found} ({error}); pip install 'netlet[sklearn]'"
    ) from error

register()
del register

__all__ = ["MLPClassifier", "MLPRegressor"]
