# SPDX-License-Identifier: BSD-3-Clause
"""Training on a cluster of Dask, on data that is there, with the bits of one machine.

Needs Dask: ``pip install netlet[dask]``; the estimators also need ``netlet[sklearn]``.
"""

try:
    from ._fit import fit
    from ._predict import predict, predict_proba
except ImportError as error:
    if (error.name or "").split(".")[0] not in ("dask", "distributed"):
        raise
    raise ImportError(
        f"netlet.dask: expected Dask with arrays, frames and distributed ({error}); pip install 'netlet[dask]'"
    ) from error

__all__ = ["fit", "predict", "predict_proba"]
