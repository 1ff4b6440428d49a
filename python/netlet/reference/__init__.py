# SPDX-License-Identifier: BSD-3-Clause
"""The specification of netlet's arithmetic, in NumPy alone.

Everything that the compiled core computes is defined here, with the same names and the same bits: each operation is an
IEEE 754 ``+ - * /``, a square root, a comparison, a select, an exact bit operation or an `fma` with one rounding, in a
stated order. `numpy.exp`, `numpy.tanh` and ``@`` are not used: their results differ between processors.

It is slow and made to be read, in this order: `fused`, `elementary`, `generator`, `sums`, `activations`, `losses`,
`optimizers`, `schedules`, `network`. Use it to check a port, or to learn what `netlet.Network` does.
"""

from . import activations, optimizers
from .activations import *  # noqa: F403
from .elementary import exp, log, sigmoid, softplus, tanh
from .fused import fma
from .generator import random_bits, shuffled_order
from .network import Network
from .optimizers import *  # noqa: F403
from .sums import matmul

__all__ = [
    "Network",
    "exp",
    "fma",
    "log",
    "matmul",
    "random_bits",
    "shuffled_order",
    "sigmoid",
    "softplus",
    "tanh",
]
__all__ += activations.__all__
__all__ += optimizers.__all__
