# SPDX-License-Identifier: BSD-3-Clause
"""Elementary functions on arrays, with the same bits everywhere.

The same kernels as in the networks. float32 stays float32; everything else is computed in float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from . import _core

__all__ = ["exp", "log", "sigmoid", "softplus", "tanh"]


def _apply(name: str, x: npt.ArrayLike, out: npt.NDArray[Any] | None) -> Any:
    try:
        array = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"x: expected an array of real numbers, but {error}") from None
    if array.dtype.kind not in "fiub":
        raise TypeError(f"x: expected real numbers, got an array of dtype {array.dtype}")
    dtype = np.float32 if array.dtype.newbyteorder("=") == np.float32 else np.float64
    array = np.asarray(array, dtype=dtype, order="C")
    if out is None:
        result = np.empty_like(array)
    elif not isinstance(out, np.ndarray):
        raise TypeError(f"out: expected a numpy.ndarray, got {type(out).__name__}")
    elif out.shape != array.shape or out.dtype != dtype or not (out.flags.carray and out.flags.aligned):
        raise ValueError(
            f"out: expected a writable, aligned, C-contiguous {np.dtype(dtype)} array of shape {array.shape}, "
            f"got a {'' if out.flags.writeable else 'read-only '}{out.dtype} array of shape {out.shape} and strides "
            f"{out.strides}"
        )
    else:
        result = out
        if np.may_share_memory(array, out) and array.__array_interface__["data"] != out.__array_interface__["data"]:
            array = array.copy()
    if not array.flags.aligned:
        array = array.copy()
    _core.apply(_core.FUNCTIONS[name], array, result)
    return result if result.ndim or out is not None else result[()]


def exp(x: npt.ArrayLike, out: npt.NDArray[Any] | None = None) -> Any:
    """Compute the exponential function, elementwise.

    Parameters
    ----------
    x : array_like
        Real numbers of any shape and layout.
    out : numpy.ndarray, optional
        Where to write the result: C-contiguous, of the shape of `x`, float32 for float32 input and float64 otherwise.
        It may be `x` itself.

    Returns
    -------
    numpy.ndarray or scalar
        At most 1 ulp from the exact value; 0 and infinity where that is out of range; NaN for NaN.

    Raises
    ------
    TypeError
        If `x` does not hold real numbers.
    ValueError
        If `out` does not fit.

    Examples
    --------
    >>> exp([0.0, 1.0])
    array([1.        , 2.71828183])
    """
    return _apply("exp", x, out)


def log(x: npt.ArrayLike, out: npt.NDArray[Any] | None = None) -> Any:
    """Compute the natural logarithm, elementwise.

    Parameters
    ----------
    x : array_like
        Real numbers of any shape and layout.
    out : numpy.ndarray, optional
        As in `exp`.

    Returns
    -------
    numpy.ndarray or scalar
        At most 1 ulp from the exact value; ``-inf`` at 0, NaN below.

    Examples
    --------
    >>> log([1.0, 2.0])
    array([0.        , 0.69314718])
    """
    return _apply("log", x, out)


def sigmoid(x: npt.ArrayLike, out: npt.NDArray[Any] | None = None) -> Any:
    """Compute the logistic function ``1 / (1 + exp(-x))``, elementwise.

    Parameters
    ----------
    x : array_like
        Real numbers of any shape and layout.
    out : numpy.ndarray, optional
        As in `exp`.

    Returns
    -------
    numpy.ndarray or scalar
        At most 3 ulp from the exact value, tiny results included.

    Examples
    --------
    >>> sigmoid([-1000.0, 0.0, 1.0])
    array([0.        , 0.5       , 0.73105858])
    """
    return _apply("sigmoid", x, out)


def tanh(x: npt.ArrayLike, out: npt.NDArray[Any] | None = None) -> Any:
    """Compute the hyperbolic tangent, elementwise.

    Parameters
    ----------
    x : array_like
        Real numbers of any shape and layout.
    out : numpy.ndarray, optional
        As in `exp`.

    Returns
    -------
    numpy.ndarray or scalar
        At most 3 ulp from the exact value.

    Examples
    --------
    >>> tanh([-1.0, 0.0, 1.0])
    array([-0.76159416,  0.        ,  0.76159416])
    """
    return _apply("tanh", x, out)


def softplus(x: npt.ArrayLike, out: npt.NDArray[Any] | None = None) -> Any:
    """Compute ``log(1 + exp(x))``, elementwise, without overflow.

    Parameters
    ----------
    x : array_like
        Real numbers of any shape and layout.
    out : numpy.ndarray, optional
        As in `exp`.

    Returns
    -------
    numpy.ndarray or scalar
        At most 3 ulp from the exact value.

    Examples
    --------
    >>> softplus([-1.0, 0.0, 1000.0])
    array([3.13261688e-01, 6.93147181e-01, 1.00000000e+03])
    """
    return _apply("softplus", x, out)
