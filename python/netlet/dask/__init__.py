# SPDX-License-Identifier: BSD-3-Clause
"""Training on a Dask cluster, on data that is there, with the bits of one machine.

Needs Dask: ``pip install netlet[dask]``; the estimators also need ``netlet[sklearn]``.
"""

from typing import TYPE_CHECKING

try:
    from ._fit import fit
    from ._predict import predict, predict_proba
except ImportError as error:
    if (error.name or "").split(".")[0] not in ("dask", "distributed"):
        raise
    raise ImportError(
        f"netlet.dask: expected Dask with arrays, frames and distributed ({error}); pip install 'netlet[dask]'"
    ) from error

__all__ = ["MLPClassifier", "MLPRegressor", "fit", "predict", "predict_proba"]

if TYPE_CHECKING:  # they need scikit-learn
    from ._estimators import MLPClassifier as MLPClassifier
    from ._estimators import MLPRegressor as MLPRegressor


def __getattr__(name: str) -> object:
    """Import the estimators on first use."""
    if name in ("MLPClassifier", "MLPRegressor"):
        from . import _estimators

        return getattr(_estimators, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
