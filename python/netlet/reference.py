# SPDX-License-Identifier: BSD-3-Clause
"""The specification of netlet's arithmetic, in NumPy alone.

Everything that the compiled core computes is defined here, with the same names and the same bits: each operation below
is an IEEE 754 ``+ - * /``, a square root, a comparison, a select, an exact bit operation or an `fma` with one rounding,
in a stated order. `numpy.exp`, `numpy.tanh` and ``@`` do not occur: their results differ between processors.

It is slow, and made to be read. Use it to check a port, or to learn what `netlet.Network` does.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = [
    "SGD",
    "Adam",
    "Network",
    "exp",
    "fma",
    "log",
    "random_bits",
    "sigmoid",
    "softplus",
    "tanh",
]

Array = npt.NDArray[Any]

BLOCK_ROWS = 256  # gradients and losses are summed in blocks of so many rows

# ---- fused multiply-add ----------------------------------------------------------------------------------------------


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """a + b = s + e exactly, s the rounded sum (Knuth)."""
    s = a + b
    z = s - a
    return s, (a - (s - z)) + (b - z)


def _odd(s: Array, e: Array) -> Array:
    """s + e rounded to odd: where e is not 0 and the last bit of s is even, the neighbour of s towards e."""
    bits = s.view(np.int64)
    step = np.where((e > 0) == (s > 0), 1, -1)
    return np.where((e != 0) & (bits & 1 == 0), bits + step, bits).view(np.float64)


def _two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """a * b = p + e exactly (Dekker), away from overflow and underflow."""
    p = a * b
    t = a * 134217729.0  # 2^27 + 1
    a_high = t - (t - a)
    t = b * 134217729.0
    b_high = t - (t - b)
    a_low, b_low = a - a_high, b - b_high
    return p, ((a_high * b_high - p) + a_high * b_low + a_low * b_high) + a_low * b_low


def _sum_of_three(a: Array, b: Array, c: Array) -> tuple[Array, Array]:
    """a * b + c as h + w, where h + w rounds as the exact value does: w holds the rest, rounded to odd.

    Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd", 2008.
    """
    p, e = _two_product(a, b)
    t, t_low = _two_sum(c, e)
    h, h_low = _two_sum(p, t)
    return h, _odd(*_two_sum(t_low, h_low))


def _fma32(a: Array, b: Array, c: Array) -> Array:
    """The product of two binary32 is exact in binary64; the sum is rounded to odd there, then once to binary32."""
    p = a.astype(np.float64) * b
    s, e = _two_sum(p, c.astype(np.float64))
    return np.where(np.isfinite(s), _odd(s, e), s).astype(np.float32)


def _ordinary(x: Array) -> Any:
    """0, or so far from overflow and underflow that products and their errors are exact."""
    size = np.abs(x)
    return ((size > 2.0**-480) & (size < 2.0**480)) | (x == 0)


def _fma64(a: Array, b: Array, c: Array) -> Array:
    product_is_zero = (a == 0) | (b == 0)
    ordinary = _ordinary(a) & _ordinary(b) & (np.abs(c) < 2.0**960) & ~product_is_zero
    h, w = _sum_of_three(a, b, c)
    # a product of 0, and what is not finite, are exact in plain arithmetic
    plain = product_is_zero | ~np.isfinite(a) | ~np.isfinite(b) | ~np.isfinite(c)
    finite_product = np.where(np.isfinite(a) & np.isfinite(b) & ~np.isfinite(c), 0.0, a * b)
    result = np.where(plain, finite_product + c, h + w)
    extreme = ~(ordinary | plain)
    if extreme.any():
        result[extreme] = _fma64_scaled(a[extreme], b[extreme], c[extreme])
    return result


def _fma64_scaled(a: Array, b: Array, c: Array) -> Array:
    """The same over all exponents, a and b not 0: scaled by exact powers of two, rounded once."""
    a, ea = np.frexp(a)
    b, eb = np.frexp(b)
    c, ec = np.frexp(c)
    ec = np.where(c == 0, -5000, ec)
    top = np.maximum(ea + eb, ec)
    # what lies 2^-120 below the other can only be seen in the rounding: there every size below is alike
    a = np.ldexp(a, np.maximum(ea + eb - top, -120))
    c = np.ldexp(c, np.maximum(ec - top, -120))
    h, w = _sum_of_three(a, b, c)
    # subnormal results have fewer digits: adding the smallest normal number first puts the last of them at the end of
    # a binary64
    unit = np.copysign(np.ldexp(1.0, np.clip(-1022 - top, -1000, 1000)), h)
    tiny = np.abs(h) < np.abs(unit)
    s, e = _two_sum(unit, h)
    rounded = (s + _odd(*_two_sum(e, w))) - unit
    result = np.ldexp(np.where(tiny, rounded, h + w), top)
    return np.where((result == 0) & (h != 0), np.copysign(0.0, h), result)


def fma(a: npt.ArrayLike, b: npt.ArrayLike, c: npt.ArrayLike) -> Array:
    """a * b + c with one rounding, elementwise.

    Parameters
    ----------
    a, b, c : array_like
        Of one dtype, float32 or float64, and shapes that broadcast.

    Returns
    -------
    numpy.ndarray
        The same bits as IEEE 754 fusedMultiplyAdd; the payload of a NaN is not promised.

    Examples
    --------
    >>> x = np.float64(1 + 2**-30)
    >>> fma(x, x, -1.0) - (x * x - 1.0)
    array(8.67361738e-19)
    """
    a, b, c = np.broadcast_arrays(a, b, c)
    with np.errstate(all="ignore"):
        if a.dtype == np.float32:
            return _fma32(a, b, c)
        shape = a.shape
        return _fma64(*(np.ascontiguousarray(v, dtype=np.float64).reshape(-1) for v in (a, b, c))).reshape(shape)


# ---- elementary functions --------------------------------------------------------------------------------------------

_F64 = {
    "shift": float.fromhex("0x1.8p52"),
    "log2e": float.fromhex("0x1.71547652b82fep0"),
    "ln2_hi": float.fromhex("0x1.62e42fefa4p-1"),
    "ln2_lo": float.fromhex("-0x1.8432a1b0e2634p-43"),
    "exp_min": -746.0,
    "exp_max": 710.0,
    "expm1": [
        float.fromhex(c)
        for c in (
            "0x1.0000000000005p-1 0x1.555555555553bp-3 0x1.5555555552101p-5 0x1.1111111118834p-7 0x1.6c16c17f336cp-10 "
            "0x1.a01a0177f3ca6p-13 0x1.a019a6914c09ap-16 0x1.71de80fa36f19p-19 0x1.28a2a1b3c047fp-22 "
            "0x1.ae77aa5a5b9e6p-26"
        ).split()
    ],
    "atanh": [
        float.fromhex(c)
        for c in (
            "0x1.5555555555555p-1 0x1.999999999ap-2 0x1.24924923cdbe1p-2 0x1.c71c72f00d12dp-3 0x1.745ca8007bb8ap-3 "
            "0x1.3b2a64927a51p-3 0x1.0e821e40299b3p-3 0x1.16e404cbe8fe2p-3"
        ).split()
    ],
}
_F32 = {
    "shift": float.fromhex("0x1.8p23"),
    "log2e": float.fromhex("0x1.715476p0"),
    "ln2_hi": float.fromhex("0x1.62e4p-1"),
    "ln2_lo": float.fromhex("0x1.7f7d1cp-20"),
    "exp_min": -105.0,
    "exp_max": 89.0,
    "expm1": [
        float.fromhex(c) for c in "0x1.fffffep-2 0x1.5554bp-3 0x1.555716p-5 0x1.12279ep-7 0x1.6b7376p-10".split()
    ],
    "atanh": [float.fromhex(c) for c in "0x1.555556p-1 0x1.99992cp-2 0x1.246adep-2 0x1.df7508p-3".split()],
}


def _constants(x: Array) -> dict[str, Any]:
    table = _F32 if x.dtype == np.float32 else _F64
    return {
        name: [x.dtype.type(c) for c in value] if isinstance(value, list) else x.dtype.type(value)
        for name, value in table.items()
    }


def _float_array(x: npt.ArrayLike) -> Array:
    array = np.asarray(x)
    return array if array.dtype == np.float32 else array.astype(np.float64)


def _reduce(x: Array) -> tuple[Array, Array]:
    """x = k ln 2 + r with k an integer and abs(r) <= 0.3467; returns k and expm1(r)."""
    c = _constants(x)
    k = fma(x, c["log2e"], c["shift"]) - c["shift"]
    high = fma(-k, c["ln2_hi"], x)  # exact
    low = -k * c["ln2_lo"]
    r = high + low
    r2 = r * r
    p = c["expm1"]
    pairs = [fma(p[i + 1], r, p[i]) for i in range(0, len(p) - 1, 2)]
    if x.dtype == np.float32:
        tail = fma(fma(p[4], r2, pairs[1]), r2, pairs[0])
    else:
        r4 = r2 * r2
        tail = fma(fma(pairs[4], r4, fma(pairs[3], r2, pairs[2])), r4, fma(pairs[1], r2, pairs[0]))
    return k, high + fma(r2, tail, low)


def _power_of_two(k: Array) -> Array:
    """2^k in the dtype of k."""
    return np.ldexp(k.dtype.type(1), np.where(np.isfinite(k), k, 0).astype(np.int32))


def exp(x: npt.ArrayLike) -> Array:
    """The exponential function, elementwise; at most 1 ulp off."""
    x = _float_array(x)
    c = _constants(x)
    with np.errstate(all="ignore"):
        x = np.where(x < c["exp_min"], c["exp_min"], x)
        x = np.where(x > c["exp_max"], c["exp_max"], x)
        k, p = _reduce(x)
        half = np.rint(k * x.dtype.type(0.5))  # two factors, so that a subnormal result is rounded once
        return ((1 + p) * _power_of_two(half)) * _power_of_two(k - half)


def _log_reduced(f: Array, k: Array) -> Array:
    """log(1 + f) + k ln 2 for -0.25 <= f < 0.5, by 1 + f = (1 + s) / (1 - s) and the series of atanh."""
    c = _constants(f)
    a = c["atanh"]
    s = f / (2 + f)
    z = s * s
    z2 = z * z
    pairs = [fma(a[i + 1], z, a[i]) for i in range(0, len(a), 2)]
    if f.dtype == np.float32:
        tail = fma(pairs[1], z2, pairs[0])
    else:
        tail = fma(fma(pairs[3], z2, pairs[2]), z2 * z2, fma(pairs[1], z2, pairs[0]))
    half = f.dtype.type(0.5) * (f * f)
    t = fma(s, half + z * tail, k * c["ln2_lo"])
    return fma(k, c["ln2_hi"], f - (half - t))


def log(x: npt.ArrayLike) -> Array:
    """The natural logarithm, elementwise; at most 1 ulp off. -inf at 0, NaN below."""
    x = _float_array(x)
    with np.errstate(all="ignore"):
        m, k = np.frexp(np.where((x > 0) & (x < np.inf), x, x.dtype.type(1)))  # 0.5 <= m < 1
        lower = m < 0.75
        m = np.where(lower, m + m, m)  # 0.75 <= m < 1.5
        k = np.where(lower, k - 1, k).astype(x.dtype)
        y = np.where(x < np.inf, _log_reduced(m - 1, k), x)
        y = np.where(x == 0, x.dtype.type(-np.inf), y)
        return np.where(x < 0, x.dtype.type(np.nan), y)


def sigmoid(x: npt.ArrayLike) -> Array:
    """1 / (1 + exp(-x)), elementwise, as e / (1 + e) with e = exp(-abs(x)) below 0; at most 3 ulp off."""
    x = _float_array(x)
    with np.errstate(all="ignore"):
        e = exp(-np.abs(x))
        return np.where(x < 0, e, x.dtype.type(1)) / (1 + e)


def tanh(x: npt.ArrayLike) -> Array:
    """The hyperbolic tangent, elementwise, as t / (2 + t) with t = expm1(-2 abs(x)); at most 3 ulp off."""
    x = _float_array(x)
    with np.errstate(all="ignore"):
        c = -2 * np.abs(x)
        k, p = _reduce(np.where(c < -64, x.dtype.type(-64), c))
        scale = _power_of_two(k)
        t = fma(scale, p, scale - 1)
        return np.copysign(t / (2 + t), x)


def _softplus_tail(x: Array) -> Array:
    """log(1 + exp(-abs(x)))."""
    e = exp(-np.abs(x))
    upper = e >= 0.5
    f = np.where(upper, (e - 1) * x.dtype.type(0.5), e)
    return _log_reduced(f, upper.astype(x.dtype))


def softplus(x: npt.ArrayLike) -> Array:
    """log(1 + exp(x)), elementwise, as max(x, 0) + log(1 + exp(-abs(x))); at most 3 ulp off."""
    x = _float_array(x)
    with np.errstate(all="ignore"):
        return np.where(x < 0, x.dtype.type(0), x) + _softplus_tail(x)


# ---- random numbers --------------------------------------------------------------------------------------------------

INITIAL_VALUES, SHUFFLE = 0, 1  # purposes


def random_bits(seed: int, purpose: int, stream: int, count: int) -> npt.NDArray[np.uint64]:
    """The first `count` numbers of 64 random bits for (seed, purpose, stream).

    Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011. Block n, with
    counter (low n, high n, stream, purpose) and the seed as key, holds the numbers 2n and 2n + 1, low words first.

    Examples
    --------
    >>> [hex(b) for b in random_bits(seed=0, purpose=0, stream=0, count=2)]
    ['0xe169c58d6627e8d5', '0x9b00dbd8bc57ac4c']
    """
    mask = np.uint64(0xFFFFFFFF)
    half = np.uint64(32)
    n = np.arange((count + 1) // 2, dtype=np.uint64)
    c = [n & mask, n >> half, np.full_like(n, stream & 0xFFFFFFFF), np.full_like(n, purpose)]
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(b >> half) ^ c[1] ^ np.uint64(k0), b & mask, (a >> half) ^ c[3] ^ np.uint64(k1), a & mask]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([c[0] | c[1] << half, c[2] | c[3] << half], axis=1).reshape(-1)[:count]


def shuffled_order(seed: int, epoch: int, n: int) -> list[int]:
    """The order of an epoch's rows: Fisher and Yates, from the last place down."""
    order = list(range(n))
    bits = random_bits(seed, SHUFFLE, epoch, n)
    for i in range(n - 1, 0, -1):
        j = int(bits[i]) * (i + 1) >> 64
        order[i], order[j] = order[j], order[i]
    return order


def _uniform(inputs: int, outputs: int, init: str, layer: int, seed: int, dtype: Any) -> Array:
    fan = float(inputs) if init == "he_uniform" else float(inputs + outputs)
    limit = np.sqrt(6.0 / fan)
    u = (random_bits(seed, INITIAL_VALUES, layer, inputs * outputs) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return (limit * (2 * u - 1)).astype(dtype).reshape(inputs, outputs)


# ---- sums in a fixed order -------------------------------------------------------------------------------------------


def matmul(a: Array, b: Array, start: Array) -> Array:
    """start + a @ b: for each element a chain of fma in the order of the inner index.

    a: (rows, inner), b: (inner, columns), start: broadcasts to (rows, columns).
    """
    total = np.broadcast_to(start, (a.shape[0], b.shape[1]))
    for k in range(a.shape[1]):
        total = fma(a[:, k, None], b[None, k, :], total)
    return total


def _tree(terms: list[Any]) -> Any:
    """Neighbours (0, 1), (2, 3), ... are added at each level; an odd last one moves up as it is."""
    while len(terms) > 1:
        pairs = [a + b for a, b in zip(terms[0::2], terms[1::2])]
        terms = pairs + terms[len(terms) - len(terms) % 2 :]
    return terms[0]


def _blocks(rows: int) -> list[slice]:
    return [slice(first, min(first + BLOCK_ROWS, rows)) for first in range(0, rows, BLOCK_ROWS)]


def _chain(values: Array) -> Any:
    """The sum along the first axis, in its order."""
    total = values[0] * 0 if values.dtype == bool else np.zeros_like(values[0])
    for value in values:
        total = total + value
    return total


def _sum_rows(values: Array) -> Any:
    """The sum over rows: chains in blocks, blocks in the tree."""
    return _tree([_chain(values[block]) for block in _blocks(len(values))])


# ---- activations and losses ------------------------------------------------------------------------------------------


def softmax(z: Array) -> Array:
    """exp(z - max) of each row, divided by their sum in the order of the columns."""
    e = exp(z - np.max(z, axis=1, keepdims=True))
    return e / _chain(e.T)[:, None]


def _relu(z: Array) -> Array:
    return np.where(z < 0, z.dtype.type(0), z)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "identity": lambda z: z,
    "sigmoid": sigmoid,
    "tanh": tanh,
    "relu": _relu,
    "softmax": softmax,
}

# s times the derivative, written in the output y
TIMES_DERIVATIVE: dict[str, Callable[[Array, Array], Array]] = {
    "identity": lambda s, y: s,
    "sigmoid": lambda s, y: s * (y * (1 - y)),
    "tanh": lambda s, y: s * fma(-y, y, y.dtype.type(1)),
    "relu": lambda s, y: s * np.where(y <= 0, y.dtype.type(0), y.dtype.type(1)),
}


def _softmax_delta(g: Array, y: Array) -> Array:
    """y_j (g_j - sum_k g_k y_k): a softmax output under a loss with derivative g."""
    dot = np.zeros(len(g), dtype=g.dtype)
    for k in range(g.shape[1]):
        dot = fma(g[:, k], y[:, k], dot)
    return y * (g - dot[:, None])


def squared_error(z: Array, y: Array, t: Array) -> Array:
    """1/2 sum_j (y_j - t_j)^2 of each row, in binary64."""
    e = y.astype(np.float64) - t.astype(np.float64)
    total = np.zeros(len(y))
    for j in range(y.shape[1]):
        total = fma(e[:, j], e[:, j], total)
    return 0.5 * total


def binary_cross_entropy(z: Array, y: Array, t: Array) -> Array:
    """sum_j max(z_j, 0) - t_j z_j + log(1 + exp(-abs(z_j))) of each row: from z, so never infinite for finite z."""
    tail = _softplus_tail(z).astype(np.float64)
    z, t = z.astype(np.float64), t.astype(np.float64)
    terms = np.where(z > 0, 1 - t, -t) * z + tail
    return np.asarray(_chain(terms.T))


def cross_entropy(z: Array, y: Array, t: Array) -> Array:
    """sum_j t_j (log(sum_k exp(z_k - m)) - (z_j - m)) of each row, m the largest z; terms with t_j = 0 are left out."""
    m = np.max(z, axis=1)
    log_sum = log(_chain(exp(z - m[:, None]).T)).astype(np.float64)
    total = np.zeros(len(z))
    for j in range(z.shape[1]):
        nats = log_sum - (z[:, j].astype(np.float64) - m.astype(np.float64))
        total = np.where(t[:, j] == 0, total, fma(t[:, j].astype(np.float64), nats, total))
    return total


LOSSES: dict[str, Callable[[Array, Array, Array], Array]] = {
    "squared_error": squared_error,
    "binary_cross_entropy": binary_cross_entropy,
    "cross_entropy": cross_entropy,
}

# ---- optimizers ------------------------------------------------------------------------------------------------------


class SGD:
    """v = momentum v + g, w = w - learning_rate v; with nesterov w - learning_rate (momentum v + g)."""

    def __init__(self, learning_rate: float = 0.1, momentum: float = 0.0, nesterov: bool = False) -> None:
        self.learning_rate, self.momentum, self.nesterov = learning_rate, momentum, nesterov
        self.velocity: Any = None

    def update(self, w: Array, g: Array) -> Array:
        """w after a step along the gradient g."""
        rate, momentum = w.dtype.type(self.learning_rate), w.dtype.type(self.momentum)
        if self.momentum == 0:
            return fma(-rate, g, w)
        self.velocity = fma(momentum, np.zeros_like(w) if self.velocity is None else self.velocity, g)
        return fma(-rate, fma(momentum, self.velocity, g) if self.nesterov else self.velocity, w)


class Adam:
    """Kingma and Ba, "Adam: a method for stochastic optimization", 2015."""

    def __init__(
        self, learning_rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8
    ) -> None:
        self.learning_rate, self.beta_1, self.beta_2, self.epsilon = learning_rate, beta_1, beta_2, epsilon
        self.beta_1_power = self.beta_2_power = 1.0
        self.m: Any = None
        self.v: Any = None

    def update(self, w: Array, g: Array) -> Array:
        """w after a step along the gradient g; what does not depend on the element is computed in binary64."""
        number = w.dtype.type
        if self.m is None:
            self.m, self.v = np.zeros_like(w), np.zeros_like(w)
        self.beta_1_power = self.beta_1_power * self.beta_1
        self.beta_2_power = self.beta_2_power * self.beta_2
        rate = number(self.learning_rate / (1 - self.beta_1_power))
        root = number(1 / float(np.sqrt(1 - self.beta_2_power)))
        self.m = fma(number(self.beta_1), self.m, number(1 - self.beta_1) * g)
        self.v = fma(number(self.beta_2), self.v, (number(1 - self.beta_2) * g) * g)
        return np.asarray(w - (rate * self.m) / fma(np.sqrt(self.v), root, number(self.epsilon)))


# ---- the network -----------------------------------------------------------------------------------------------------


class Network:
    """The same network as `netlet.Network`, with the same arguments, methods and bits."""

    def __init__(
        self,
        layer_sizes: Sequence[int],
        *,
        activation: str | Sequence[str] = "sigmoid",
        output_activation: str | None = None,
        loss: str = "squared_error",
        reduction: str = "sum",
        dtype: npt.DTypeLike = "float64",
        init: Any = "glorot_uniform",
        seed: int | None = None,
    ) -> None:
        self.layer_sizes = tuple(layer_sizes)
        layers = len(self.layer_sizes) - 1
        if isinstance(activation, str):
            default = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(loss, activation)
            self.activations = (activation,) * (layers - 1) + (output_activation or default,)
        else:
            self.activations = tuple(activation)
        self.loss_name, self.reduction = loss, reduction
        self.dtype = np.dtype(dtype)
        self.seed = secrets.randbits(64) if seed is None else seed
        self.epochs_trained = 0
        shapes = list(zip(self.layer_sizes, self.layer_sizes[1:]))
        self.parameters = np.zeros(sum(n * m + m for n, m in shapes), dtype=self.dtype)
        views = []
        at = 0
        for n, m in shapes:
            views.append((self.parameters[at : at + n * m].reshape(n, m), self.parameters[at + n * m : at + n * m + m]))
            at += n * m + m
        self.weights = tuple(w for w, _ in views)
        self.biases = tuple(b for _, b in views)
        if isinstance(init, str):
            for i, w in enumerate(self.weights):
                w[...] = _uniform(*w.shape, init, i, self.seed, self.dtype)
        elif isinstance(init, np.ndarray):
            self.parameters[...] = init
        else:
            for (w, b), (w0, b0) in zip(views, init):
                w[...] = w0
                b[...] = b0

    def _targets(self, y: npt.ArrayLike, rows: int) -> tuple[Array, Array]:
        """Targets as a matrix, and the right class of each row (None where there is none)."""
        t = np.asarray(y)
        if self.loss_name == "cross_entropy" and t.ndim < 2 and np.issubdtype(t.dtype, np.integer):
            classes = t.reshape(rows)
            one_hot = (classes[:, None] == np.arange(self.layer_sizes[-1])).astype(self.dtype)
            return one_hot, classes
        t = t.astype(self.dtype).reshape(rows, self.layer_sizes[-1])
        return t, np.argmax(t, axis=1)

    def _activate(self, x: Array) -> tuple[list[Array], Array]:
        """The input and each layer's output; z of the output layer."""
        outputs = [x]
        for w, b, name in zip(self.weights, self.biases, self.activations):
            z = matmul(outputs[-1], w, b)
            outputs.append(ACTIVATIONS[name](z))
        return outputs, z

    def forward(self, x: npt.ArrayLike) -> Array:
        """Outputs for each row of x; shape (rows, outputs), or (outputs,) for one row of shape (inputs,)."""
        x = np.asarray(x).astype(self.dtype)
        with np.errstate(all="ignore"):
            y = self._activate(np.atleast_2d(x))[0][-1]
        return y if x.ndim == 2 else y[0]

    def _reduce(self, total: Any, rows: int) -> Any:
        """The finished sum over the rows, or that divided once by their number."""
        return total / total.dtype.type(rows) if self.reduction == "mean" else total

    def _loss_sum(self, x: Array, y: npt.ArrayLike) -> tuple[list[Array], Array, Array, np.float64, int]:
        outputs, z = self._activate(x)
        t, classes = self._targets(y, len(x))
        total = _sum_rows(LOSSES[self.loss_name](z, outputs[-1], t))
        if self.loss_name == "binary_cross_entropy":
            right = np.all((outputs[-1] >= 0.5) == (t >= 0.5), axis=1)
        else:
            right = np.argmax(outputs[-1], axis=1) == classes
        return outputs, z, t, np.float64(total), int(np.count_nonzero(right))

    def loss(self, x: npt.ArrayLike, y: npt.ArrayLike) -> float:
        """The loss over all rows."""
        x = np.atleast_2d(np.asarray(x).astype(self.dtype))
        with np.errstate(all="ignore"):
            return float(self._reduce(self._loss_sum(x, y)[3], len(x)))

    def _backward(self, x: Array, y: npt.ArrayLike) -> tuple[np.float64, int, Array]:
        """Loss summed over the rows, rows that are right, reduced gradient."""
        outputs, _, t, total, right = self._loss_sum(x, y)
        delta = outputs[-1] - t
        if self.loss_name == "squared_error":
            if self.activations[-1] == "softmax":
                delta = _softmax_delta(delta, outputs[-1])
            else:
                delta = TIMES_DERIVATIVE[self.activations[-1]](delta, outputs[-1])
        gradients: list[Array] = []
        for i in reversed(range(len(self.weights))):
            layer_input = outputs[i]
            blocks = _blocks(len(x))
            zero = np.zeros((), dtype=self.dtype)
            w_gradient = _tree([matmul(layer_input[block].T, delta[block], zero) for block in blocks])
            gradients[:0] = [w_gradient.reshape(-1), _sum_rows(delta)]
            if i > 0:
                s = matmul(delta, self.weights[i].T, zero)
                delta = TIMES_DERIVATIVE[self.activations[i - 1]](s, layer_input)
        return total, right, self._reduce(np.concatenate(gradients), len(x))

    def backward(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[float, Array]:
        """The loss, and its flat gradient in the layout of `parameters`."""
        x = np.atleast_2d(np.asarray(x).astype(self.dtype))
        with np.errstate(all="ignore"):
            total, _, gradient = self._backward(x, y)
        return float(self._reduce(total, len(x))), gradient

    def step(self, x: npt.ArrayLike, y: npt.ArrayLike, optimizer: SGD | Adam) -> float:
        """One step on one batch; returns the loss before it."""
        loss, gradient = self.backward(x, y)
        with np.errstate(all="ignore"):
            self.parameters[...] = optimizer.update(self.parameters, gradient)
        return loss

    def fit(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        epochs: int,
        learning_rate: float | None = None,
        batch_size: int | None = None,
        optimizer: SGD | Adam | None = None,
        shuffle: bool = True,
        seed: int | None = None,
    ) -> dict[str, list[float]]:
        """Train; returns each epoch's loss and, for classes, accuracy, before the updates of its batches."""
        x, y = np.atleast_2d(np.asarray(x).astype(self.dtype)), np.asarray(y)
        rows = len(x)
        y = y.reshape(rows, *y.shape[1:]) if np.ndim(y) else y.reshape(1)
        optimizer = optimizer or SGD(0.1 if learning_rate is None else learning_rate)
        batch = min(batch_size or rows, rows)
        history: dict[str, list[float]] = {"loss": [], "accuracy": []}
        for _ in range(epochs):
            order: Iterable[int] = range(rows)
            if shuffle and batch < rows:
                order = shuffled_order(self.seed if seed is None else seed, self.epochs_trained, rows)
            index = np.fromiter(order, dtype=np.intp)
            total, right = np.float64(0), 0
            with np.errstate(all="ignore"):
                for first in range(0, rows, batch):
                    chosen = index[first : first + batch]
                    batch_loss, batch_right, gradient = self._backward(x[chosen], y[chosen])
                    self.parameters[...] = optimizer.update(self.parameters, gradient)
                    total, right = total + batch_loss, right + batch_right
            history["loss"].append(float(self._reduce(total, rows)))
            history["accuracy"].append(right / rows)
            self.epochs_trained += 1
        return history

    def fingerprint(self) -> str:
        """SHA-256 in hexadecimal over architecture and parameters; the bytes are described in netlet.h."""
        lines = [
            "netlet 1",
            self.dtype.name,
            " ".join(map(str, self.layer_sizes)),
            " ".join(self.activations),
            self.loss_name,
            self.reduction,
        ]
        little = self.dtype.newbyteorder("<")
        values = np.where(np.isnan(self.parameters), self.dtype.type(np.nan), self.parameters).astype(little)
        return hashlib.sha256("".join(line + "\n" for line in lines).encode() + values.tobytes()).hexdigest()
