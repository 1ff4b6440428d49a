# SPDX-License-Identifier: BSD-3-Clause
"""Elementary functions on arrays, with the same bits everywhere.

They use the same kernels as the networks. float32 stays float32; everything else is computed in float64.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._data import converted, real_array

if TYPE_CHECKING:  # it takes longer to import than all of netlet
    import numpy.typing as npt


__all__ = list(_core.FUNCTIONS)  # each of them is a function below


def _apply(name: str, x: npt.ArrayLike, out: npt.NDArray[Any] | None) -> Any:
    array = real_array(x, "x", rows=False)
    dtype = np.float32 if array.dtype.char == "f" else np.float64
    array = converted(array, dtype, order="C")
    shared = isinstance(out, np.ndarray) and np.may_share_memory(array, out)
    if shared and array.__array_interface__["data"] != out.__array_interface__["data"]:  # type: ignore[union-attr]
        array = array.copy()
    result = _core.apply(_core.FUNCTIONS[name], array, out)
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
        At most 1 ulp from the exact value; 0 or infinity where that is out of range; NaN for NaN.

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


def relu(x: npt.ArrayLike, out: npt.NDArray[Any] | None = None) -> Any:
    """Compute ``max(x, 0)``, elementwise.

    Parameters
    ----------
    x : array_like
        Real numbers of any shape and layout.
    out : numpy.ndarray, optional
        As in `exp`.

    Returns
    -------
    numpy.ndarray or scalar
        Exact.

    Examples
    --------
    >>> relu([-1.0, 2.0])
    array([0., 2.])
    """
    return _apply("relu", x, out)


def leaky_relu(x: npt.ArrayLike, out: npt.NDArray[Any] | None = None) -> Any:
    """Compute ``x`` where ``x >= 0``, else ``0.01 * x``, elementwise.

    Parameters
    ----------
    x : array_like
        Real numbers of any shape and layout.
    out : numpy.ndarray, optional
        As in `exp`.

    Returns
    -------
    numpy.ndarray or scalar
        At most 1 ulp from the exact value.

    Examples
    --------
    >>> leaky_relu([-1.0, 2.0])
    array([-0.01,  2.  ])
    """
    return _apply("leaky_relu", x, out)


def elu(x: npt.ArrayLike, out: npt.NDArray[Any] | None = None) -> Any:
    """Compute ``x`` where ``x > 0``, else ``exp(x) - 1``, elementwise.

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
    >>> elu([-1.0, 2.0])
    array([-0.63212056,  2.        ])
    """
    return _apply("elu", x, out)


def silu(x: npt.ArrayLike, out: npt.NDArray[Any] | None = None) -> Any:
    """Compute ``x / (1 + exp(-x))``, elementwise.

    Parameters
    ----------
    x : array_like
        Real numbers of any shape and layout.
    out : numpy.ndarray, optional
        As in `exp`.

    Returns
    -------
    numpy.ndarray or scalar
        At most 4 ulp from the exact value, above -708 (float32: -87).

    Examples
    --------
    >>> silu([-1.0, 2.0])
    array([-0.26894142,  1.76159416])
    """
    return _apply("silu", x, out)


def gelu(x: npt.ArrayLike, out: npt.NDArray[Any] | None = None) -> Any:
    """Compute ``x`` times the normal distribution function of ``x``, elementwise: the exact form, not that with tanh.

    Parameters
    ----------
    x : array_like
        Real numbers of any shape and layout.
    out : numpy.ndarray, optional
        As in `exp`.

    Returns
    -------
    numpy.ndarray or scalar
        At most 8 ulp from the exact value, above -37.4 (float32: -13).

    Examples
    --------
    >>> gelu([-1.0, 2.0])
    array([-0.15865525,  1.95449974])
    """
    return _apply("gelu", x, out)


def hard_sigmoid(x: npt.ArrayLike, out: npt.NDArray[Any] | None = None) -> Any:
    """Compute ``x / 6 + 1/2``, limited to values from 0 to 1, elementwise.

    Parameters
    ----------
    x : array_like
        Real numbers of any shape and layout.
    out : numpy.ndarray, optional
        As in `exp`.

    Returns
    -------
    numpy.ndarray or scalar
        At most 1 unit in the last place of 1 from the exact value.

    Examples
    --------
    >>> hard_sigmoid([-1.0, 2.0, 4.0])
    array([0.33333333, 0.83333333, 1.        ])
    """
    return _apply("hard_sigmoid", x, out)


def mish(x: npt.ArrayLike, out: npt.NDArray[Any] | None = None) -> Any:
    """Compute ``x * tanh(log(1 + exp(x)))``, elementwise (Misra 2019).

    Parameters
    ----------
    x : array_like
        Real numbers of any shape and layout.
    out : numpy.ndarray, optional
        As in `exp`.

    Returns
    -------
    numpy.ndarray or scalar
        At most 5 ulp from the exact value, above -708 (float32: -87).

    Examples
    --------
    >>> mish([-1.0, 2.0])
    array([-0.30340146,  1.94395896])
    """
    return _apply("mish", x, out)
