# SPDX-License-Identifier: BSD-3-Clause
"""The specification of netlet's arithmetic, in NumPy alone.

Everything that the compiled core computes is defined here, with the same names and the same bits: each operation is an
IEEE 754 ``+ - * /``, a square root, a comparison, a select, an exact bit operation or an `fma` with one rounding, in a
stated order. `numpy.exp`, `numpy.tanh` and ``@`` do not occur: their results differ between processors.

It is slow, and made to be read, in this order: `fused`, `elementary`, `generator`, `sums`, `layers`, `optimizers`,
`schedules`, `network`. Use it to check a port, or to learn what `netlet.Network` does.
"""

from .elementary import exp, log, sigmoid, softplus, tanh
from .fused import fma
from .generator import random_bits, shuffled_order
from .layers import elu, gelu, hard_sigmoid, leaky_relu, relu, silu
from .network import Network
from .optimizers import SGD, Adam, AdamW, RMSprop, Rprop
from .sums import matmul

__all__ = [
    "SGD",
    "Adam",
    "AdamW",
    "Network",
    "RMSprop",
    "Rprop",
    "elu",
    "exp",
    "fma",
    "gelu",
    "hard_sigmoid",
    "leaky_relu",
    "log",
    "matmul",
    "random_bits",
    "relu",
    "shuffled_order",
    "sigmoid",
    "silu",
    "softplus",
    "tanh",
]
