# SPDX-License-Identifier: BSD-3-Clause
"""Predictions for Dask collections: lazy ones, of which nothing is computed before you ask for it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import dask
import dask.array
import numpy as np
from dask.delayed import Delayed

from .._library import thread_limit
from ._rows import are_blocks, is_frame, rechunked

if TYPE_CHECKING:
    from ..network import Network


def predict(net: Network, x: Any) -> Any:
    """Predict classes or values lazily, as `Network.predict` does.

    Parameters
    ----------
    net : Network
        As it is now: later training does not change these predictions.
    x : Dask array or data frame, or list of Delayed

    Returns
    -------
    Dask array, series or data frame, or list of Delayed
        For an array an array; for a data frame a series with its index or, for several targets, a data frame.

    Raises
    ------
    TypeError
        If `x` is none of these.

    Examples
    --------
    >>> import dask.array as da, netlet.dask
    >>> from netlet import Network
    >>> net = Network([1, 1], activation="identity", init=[([[2.0]], [0.0])])
    >>> y = netlet.dask.predict(net, da.arange(4, chunks=2)[:, None])
    >>> y
    dask.array<predicted, shape=(4,), dtype=float64, chunksize=(2,), chunktype=numpy.ndarray>
    >>> y.compute()
    array([0., 2., 4., 6.])
    """
    return mapped(net, "predict", x, np.zeros((1, net.layer_sizes[0])))


def predict_proba(net: Network, x: Any) -> Any:
    """Compute the probability of each class lazily, as `Network.predict_proba` does.

    Parameters
    ----------
    net : Network
        As it is now: later training does not change these predictions.
    x : Dask array or data frame, or list of Delayed

    Returns
    -------
    Dask array or data frame, or list of Delayed
        The columns of a data frame are the labels of the classes.

    Raises
    ------
    ValueError, TypeError
        If `x` is none of these, or the network's loss has no classes.

    Examples
    --------
    >>> import dask.array as da, netlet.dask
    >>> from netlet import Network
    >>> net = Network([1, 1], loss="binary_cross_entropy", init=[([[0.0]], [0.0])])
    >>> netlet.dask.predict_proba(net, da.zeros((2, 1))).compute()
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """
    return mapped(net, "predict_proba", x, np.zeros((1, net.layer_sizes[0])), net.classes)


def mapped(model: Any, method: str, x: Any, row: Any, columns: Any = None) -> Any:
    """What a method of a network or an estimator gives for each part of `x`; `row`: some inputs."""
    sample = getattr(model, method)(row)
    once: Any = dask.delayed(copy.deepcopy(model), traverse=False)
    if isinstance(x, dask.array.Array):
        if x.ndim != 2:
            raise ValueError(f"x: expected two dimensions, got {x.ndim}")
        x = rechunked(x)
        shape: dict[str, Any] = {"drop_axis": 1} if sample.ndim == 1 else {"chunks": (x.chunks[0], sample.shape[1:])}
        meta = np.empty((0,) * sample.ndim, sample.dtype)
        return x.map_blocks(predicted, once, method, dtype=sample.dtype, meta=meta, **shape)
    if is_frame(x):
        meta = _like(sample[:0], x._meta, columns)
        return x.map_partitions(_of_part, once, method, columns, meta=meta)
    if are_blocks(x):
        return [dask.delayed(predicted)(block, once, method) for block in x]
    if isinstance(x, Delayed):
        return dask.delayed(predicted)(x, once, method)
    raise TypeError(
        f"x: expected a Dask array or data frame, or a list of Delayed, got {type(x).__name__}; data that is in this "
        f"process is for {method} of the network itself"
    )


def predicted(block: Any, model: Any, method: str) -> Any:
    with thread_limit(1):  # beside others
        return getattr(model, method)(block)


def _of_part(part: Any, model: Any, method: str, columns: Any) -> Any:
    return _like(predicted(part, model, method), part, columns)


def _like(values: Any, part: Any, columns: Any) -> Any:
    """Predictions as a table with the index of a part."""
    import pandas as pd  # it is there, as dask.dataframe needs it

    if values.ndim == 1:
        return pd.Series(values, index=part.index)
    return pd.DataFrame(values, index=part.index, columns=None if columns is None else list(columns))
