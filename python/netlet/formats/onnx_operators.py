# SPDX-License-Identifier: BSD-3-Clause
"""ONNX's operators on values that depend on a model's input: affine maps, activations, and what only moves shapes.

Each such value remembers what was done last, and to which value; following that back from the output gives the steps in
their order. Values are row-major: reshaping moves nothing, so a step is one of rows if it does the same to each run of
values that is a row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._names import ACTIVATIONS
from .onnx_constants import UNKNOWN_SIZE, axes_of, flattened_at, proper_axes, squeezed, unsqueezed
from .parts import require

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Shape = tuple[int | None, ...]  # None: not known

# operator: what it is here, and the attributes that it must have
_ACTIVATIONS = {row["onnx"][0]: (name, row["onnx"][1]) for name, row in ACTIVATIONS.items() if "onnx" in row}
# activations that are the sums times another activation of the sums, by that other one
_PRODUCTS = {row["onnx_factor"]: name for name, row in ACTIVATIONS.items() if "onnx_factor" in row}
_RELU6 = ("clip", (0, 6))


@dataclass(frozen=True, eq=False)
class Value:
    """A value that depends on the input, and the last step to it."""

    shape: Shape
    before: Value | None = None
    step: Any = None  # a ufunc on columns, "matrix", "zero", "function" or None: only the shape is another
    operand: Any = None  # the constant, or the function's name, or the name and what belongs to it
    where: str = "model, input"


@dataclass(frozen=True)
class Node:
    """A node with its inputs, as values or constants."""

    kind: str
    inputs: list[Any]
    outputs: int
    attributes: dict[str, Any]
    opset: int
    where: str

    def error(self, text: str) -> ValueError:
        """A refusal that names the node."""
        return ValueError(f"{self.where}: {text}")

    def value(self) -> Value:
        """The first input, if it is the only one that depends on the model's."""
        if not isinstance(self.inputs[0], Value) or any(isinstance(value, Value) for value in self.inputs[1:]):
            raise self.error("expected its first input alone to depend on the model's input")
        return self.inputs[0]

    def constant(self, place: int) -> Any:
        """An input that is left out, None, or a constant."""
        return self.inputs[place] if place < len(self.inputs) else None

    def to(self, value: Value, shape: Shape, step: Any = None, operand: Any = None) -> Value:
        """The value after a step of this node."""
        return Value(tuple(shape), value, step, operand, self.where)


# ---- shapes


def _product(sizes: Iterable[int | None]) -> int | None:
    product = 1
    for size in sizes:
        if size is None:
            return None
        product *= size
    return product


def first_of_row(shape: Shape, count: int) -> int | None:
    """The axis from which on a row of so many values lies; None: rows are not that."""
    size, axis = 1, len(shape)
    while size != count:
        axis -= 1
        if axis < 0:
            return None
        known = shape[axis]
        if known is None and size > 1:
            return None
        size *= count if known is None else known
    return axis


def _reshape(node: Node) -> Value:
    value = node.value()
    wanted = node.constant(1)
    wanted = node.attributes["shape"] if wanted is None else np.where(wanted == UNKNOWN_SIZE, -1, wanted).tolist()
    copied = not node.attributes.get("allowzero", 0)
    sizes: list[int | None] = [value.shape[i] if size == 0 and copied else size for i, size in enumerate(wanted)]
    total, rest = _product(value.shape), _product(size for size in sizes if size != -1)
    left = total // rest if total is not None and rest and sizes.count(-1) == 1 else None
    return node.to(value, tuple(left if size == -1 else size for size in sizes))


def _sizes(node: Node) -> Any:
    """The shape as a constant."""
    shape = node.value().shape
    sizes = shape[node.attributes.get("start", 0) : node.attributes.get("end", len(shape))]
    return np.array([UNKNOWN_SIZE if size is None else size for size in sizes], np.int64)


def _flatten(node: Node) -> Value:
    value = node.value()
    axis = flattened_at(node.attributes["axis"], len(value.shape))
    return node.to(value, (_product(value.shape[:axis]), _product(value.shape[axis:])))


def _squeeze(node: Node) -> Value:
    value, axes = node.value(), axes_of(node.inputs, node.attributes)
    if axes is None and None in value.shape:
        raise node.error(f"expected axes, as the shape {value.shape} is not known")
    return node.to(value, squeezed(value.shape, axes))


def _unsqueeze(node: Node) -> Value:
    value = node.value()
    return node.to(value, unsqueezed(value.shape, axes_of(node.inputs, node.attributes) or []))


def _transpose(node: Node) -> Value:
    value = node.value()
    return _transposed(node, value, node.attributes.get("perm", range(len(value.shape))[::-1]))


def _transposed(node: Node, value: Value, order: Iterable[int]) -> Value:
    order = list(order)
    if sorted(order) != list(range(len(value.shape))):
        raise node.error(f"expected an order of the axes of shape {value.shape}, got {order}")
    moved = [axis for axis in order if value.shape[axis] != 1]
    if moved != sorted(moved):
        raise node.error(f"expected each row to stay a row in its order, got the axes {order} of shape {value.shape}")
    return node.to(value, tuple(value.shape[axis] for axis in order))


def _concat(node: Node) -> Value:
    """The probabilities 1 - p and p of a classifier with one output p, a sigmoid: the softmax of 0 and its sums."""
    values = node.inputs
    if len(values) == 1:
        return node.value()
    second = values[-1]
    if len(values) == 2 and isinstance(second, Value) and _is(second, "sigmoid") and second.shape[-1:] == (1,):
        base, scale, shift = _unscaled(values[0]) if isinstance(values[0], Value) else (None, 0, 0)
        if base is second and scale == -1 and shift == 1 and node.attributes["axis"] in (-1, len(second.shape) - 1):
            shape = (*second.shape[:-1], 2)
            sums = node.to(before_of(second), shape, "zero")
            return node.to(sums, shape, "function", ("softmax", 2))
    raise node.error("expected one value, or 1 - p and p of a sigmoid p")


# ---- affine maps


def _columns(node: Node, value: Value, step: Any, constant: Any) -> Value:
    """Do something to each value by itself, by a constant that is broadcast to it."""
    rank = max(len(value.shape), constant.ndim)
    shape = (1,) * (rank - len(value.shape)) + value.shape
    sizes = (1,) * (rank - constant.ndim) + constant.shape
    if any(size not in (1, known) and known is not None for size, known in zip(sizes, shape)):
        raise node.error(f"expected a constant of the shape {shape}, or broadcast to it, got {constant.shape}")
    sixth = (
        step in (np.multiply, np.divide)
        and constant.size == 1
        and math.isclose(step(6.0, constant.item()), 1, rel_tol=1e-6)
    )
    if sixth and _is(value, _RELU6):
        return _hard_sigmoid(node, value, shape)
    if step is np.multiply and constant.size == 1:
        before, factor = _undone(value)
        if before is not value and factor * constant.item() == 1:  # half of a GELU that was written as twice its value
            return node.to(before, shape)
    return node.to(value, shape, step, constant)


def _hard_sigmoid(node: Node, value: Value, shape: Shape) -> Value:
    """A sixth of relu6 of sums and 3, as TensorFlow writes it; the 3 may be part of the biases."""
    sums = before_of(value)
    if sums.step is np.add and sums.operand.size == 1 and sums.operand.item() == 3:
        sums = before_of(sums)
    else:
        sums = node.to(sums, sums.shape, np.add, np.float32(-3))
    return node.to(sums, shape, "function", "hard_sigmoid")


def _arithmetic(node: Node) -> Value:
    first, second = node.inputs
    if isinstance(first, Value) and isinstance(second, Value):
        if node.kind == "Mul":
            return _product_of(node, first, second)
        raise node.error("expected a constant, got two values that depend on the model's input")
    value, constant = (first, second) if isinstance(first, Value) else (second, first)
    if constant.dtype.kind != "f":
        raise node.error(f"expected floating-point numbers, got {constant.dtype}")
    if "axis" in node.attributes:  # before opset 7
        raise node.error("expected no axis of its own, as since opset 7")
    if value is second and node.kind == "Sub":
        return _columns(node, _columns(node, value, np.multiply, np.float32(-1)), np.add, constant)
    if value is second and node.kind == "Div":
        raise node.error("expected a constant as its second input")
    step = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide}[node.kind]
    return _columns(node, value, step, constant)


def _negative(node: Node) -> Value:
    return _columns(node, node.value(), np.multiply, np.array(-1, np.float32))


def _matmul(node: Node) -> Value:
    return _times(node, *node.inputs)


def _times(node: Node, first: Any, second: Any) -> Value:
    """Rows times weights, or weights times one column."""
    left = isinstance(second, Value)
    value, weight = (second, first) if left else (first, second)
    if isinstance(weight, Value):
        raise node.error("expected weights that are constants")
    rank = max(len(value.shape), weight.ndim)
    while weight.ndim > 2 and len(weight) == 1:
        weight = weight[0]
    if weight.ndim not in (1, 2):
        raise node.error(f"expected a matrix of weights, got shape {weight.shape}")
    matrix = weight.reshape(len(weight), -1) if not left or weight.ndim == 2 else weight[None]
    matrix = matrix.T if left else matrix
    column = left and len(value.shape) > 1
    if column and value.shape[-1] != 1:
        raise node.error(f"expected one column, as the weights stand on the left, got shape {value.shape}")
    rows, own = (value.shape[:-2], value.shape[-2:-1]) if column else (value.shape[:-1], value.shape[-1:])
    if own not in ((None,), matrix.shape[:1]):
        raise node.error(f"expected {matrix.shape[0]} inputs, got {own[0] if own else 1}")
    outputs = matrix.shape[1:] if weight.ndim == 2 else ()
    shape = (*rows, *outputs, *((1,) if column else ()))
    if rank > 2:
        shape = (1,) * (rank - len(shape) - (weight.ndim == 1 or len(value.shape) == 1)) + shape
    return node.to(value, shape, "matrix", matrix)


def _gemm(node: Node) -> Value:
    first, second = node.inputs[:2]
    for operand in (first, second):
        if not isinstance(operand, Value) and operand.ndim != 2:
            raise node.error(f"expected a matrix of weights, got shape {operand.shape}")
    for place, name in enumerate(("transA", "transB")):
        if node.attributes[name]:
            operand = node.inputs[place]
            turned = _transposed(node, operand, (1, 0)) if isinstance(operand, Value) else operand.T
            first, second = (turned, second) if place == 0 else (first, turned)
    alpha, beta = node.attributes["alpha"], node.attributes["beta"]
    if alpha != 1:
        first, second = (
            operand if isinstance(operand, Value) else operand * operand.dtype.type(alpha)
            for operand in (first, second)
        )
    value = _times(node, first, second)
    bias = node.constant(2)
    if bias is None or beta == 0:
        return value
    if isinstance(bias, Value):
        raise node.error("expected biases that are constants")
    if bias.dtype.kind != "f":
        raise node.error(f"expected floating-point numbers, got {bias.dtype}")
    return _columns(node, value, np.add, bias if beta == 1 else bias * bias.dtype.type(beta))


def _batch_normalization(node: Node) -> Value:
    value = node.value()
    training = node.attributes.get("training_mode", 0) or not node.attributes.get("is_test", 1)
    if training or (node.opset < 14 and node.outputs > 1):
        raise node.error("expected the mode of inference, got the mode of training")
    if len(value.shape) < 2:
        raise node.error(f"expected rows of columns, got shape {value.shape}")
    ones = (1,) * (len(value.shape) - 2)  # the second axis is that of its constants
    scale, shift, mean, variance = (
        constant.astype(np.float64).reshape(-1, *ones) for constant in map(node.constant, range(1, 5))
    )
    width = np.sqrt(variance + node.attributes["epsilon"])
    for step, constant in ((np.subtract, mean), (np.multiply, scale / width), (np.add, shift)):
        value = _columns(node, value, step, constant)
    return value


def _scaler(node: Node) -> Value:
    """The scaler of ONNX's operators for classical machine learning."""
    value = node.value()
    for step, name in ((np.subtract, "offset"), (np.multiply, "scale")):
        if name in node.attributes:
            value = _columns(node, value, step, np.array(node.attributes[name], np.float32))
    return value


# ---- what is nothing in inference


def _cast(node: Node) -> Value:
    kind = node.attributes["to"]
    if kind not in (1, 11):  # FLOAT, DOUBLE
        raise node.error(f"expected a cast to float or double, got type {kind}")
    return node.value()


def _dropout(node: Node) -> Value:
    training = node.constant(2)
    if not node.attributes.get("is_test", 1) or (training is not None and np.any(training)):
        raise node.error("expected the mode of inference, got the mode of training")
    return node.value()


def _same(node: Node) -> Value:
    return node.value()


# ---- activations


def before_of(value: Value) -> Value:
    """The value before the last step."""
    assert value.before is not None
    return value.before


def _is(value: Value, function: Any) -> bool:
    return bool(value.step == "function" and value.operand == function)


def _unscaled(value: Value) -> tuple[Value, float, float]:
    """The value before it was scaled and shifted by single numbers, and these numbers."""
    scale, shift = 1.0, 0.0
    steps = []
    while isinstance(value.step, np.ufunc) and value.operand.size == 1:
        steps.append(value)
        value = before_of(value)
    for step in reversed(steps):
        number = float(step.operand.item())
        shift = float(step.step(shift, number))
        scale = float(step.step(scale, number)) if step.step in (np.multiply, np.divide) else scale
    return value, scale, shift


def _undone(value: Value) -> tuple[Value, float]:
    """The value before its last step, if that was a factor, and the factor."""
    if value.step in (np.multiply, np.divide) and value.operand.size == 1:
        return before_of(value), float(value.step(1.0, value.operand.item()))
    return value, 1.0


def _activation(node: Node) -> Value:
    name, wanted = _ACTIVATIONS[node.kind]
    if name != "softmax":  # its axis is held against the shape, later
        require(name, wanted, node.attributes, node.where, tolerance=1e-6)  # attributes are float32
    value = node.value()
    return node.to(value, value.shape, "function", name)


def _leaky_relu(node: Node) -> Value:
    """LeakyRelu and PRelu: a slope, or one for each column."""
    value = node.value()
    slope = np.float32(node.attributes["alpha"]) if node.kind == "LeakyRelu" else node.inputs[1]
    return node.to(value, value.shape, "leaky_relu", np.asarray(slope))


def _softmax(node: Node) -> Value:
    """Softmax, or its logarithm: of the axis that is a row."""
    value, axis = node.value(), node.attributes["axis"]
    (axis,) = proper_axes([axis], len(value.shape))
    if node.opset < 13:  # of all axes from there on
        row = _product(value.shape[axis:])
    else:
        row = value.shape[axis] if _product(value.shape[axis + 1 :]) == 1 else None
    name = "softmax" if node.kind == "Softmax" else "log_softmax"
    return node.to(value, value.shape, "function", (name, row))


def _clipped(node: Node, value: Value, least: float, most: float) -> Value:
    """A value between limits, which may have others already."""
    highest = float(np.finfo(np.float32).max)  # written for no limit
    least, most = (math.copysign(math.inf, limit) if abs(limit) >= highest else limit for limit in (least, most))
    if not least < most:
        raise node.error(f"expected a lower limit below the upper, got {least:g} and {most:g}")
    if (least, most) == (-math.inf, math.inf):
        return value
    if value.step == "function" and value.operand[0] == "clip":
        lower, upper = value.operand[1]
        if max(least, lower) < min(most, upper):
            return node.to(before_of(value), value.shape, "function", ("clip", (max(least, lower), min(most, upper))))
    return node.to(value, value.shape, "function", ("clip", (least, most)))


def _relu(node: Node) -> Value:
    return _clipped(node, node.value(), 0, math.inf)


def _clip(node: Node) -> Value:
    value, limits = node.value(), []
    for place, (name, none) in enumerate((("min", -math.inf), ("max", math.inf)), start=1):
        limit = node.constant(place)
        limits.append(float(node.attributes.get(name, none) if limit is None else limit.item()))
    return _clipped(node, value, *limits)


def _extreme(node: Node) -> Value:
    """The greater, or the smaller, of a value and numbers."""
    values = [value for value in node.inputs if isinstance(value, Value)]
    constants = [limit for limit in node.inputs if not isinstance(limit, Value)]
    if len(values) != 1 or any(limit.ndim > 1 or limit.size != 1 for limit in constants):
        raise node.error("expected one value that depends on the model's input, and limits of one number each")
    limits = [float(limit.item()) for limit in constants]
    if node.kind == "Max":
        return _clipped(node, values[0], max(limits, default=-math.inf), math.inf)
    return _clipped(node, values[0], -math.inf, min(limits, default=math.inf))


def _line(node: Node) -> Value:
    """HardSigmoid with netlet's slope, or with another: a straight line from 0 to 1."""
    name, wanted = _ACTIVATIONS[node.kind]
    value, given = node.value(), node.attributes
    if all(math.isclose(given[setting], number, rel_tol=1e-6) for setting, number in wanted.items()):
        return node.to(value, value.shape, "function", name)
    value = _columns(node, value, np.multiply, np.array(given["alpha"]))
    return _clipped(node, _columns(node, value, np.add, np.array(given["beta"])), 0, 1)


def _product_of(node: Node, first: Value, second: Value) -> Value:
    """silu, mish and gelu: sums times a function of the sums."""
    shape = max(first.shape, second.shape, key=len)  # they differ in leading ones at most
    for sums, factor in ((first, second), (second, first)):
        if factor.step == "function" and factor.before is sums and factor.operand in _PRODUCTS:
            return node.to(sums, shape, "function", _PRODUCTS[factor.operand])
        if _is(factor, "tanh") and _is(before_of(factor), "softplus") and before_of(factor).before is sums:
            return node.to(sums, shape, "function", "mish")
        inner, scale, shift = _unscaled(factor)
        if _is(inner, "erf") and math.isclose(scale, shift, rel_tol=1e-6):
            base, width = _undone(before_of(inner))
            own, times = (sums, 1.0) if sums is base else _undone(sums)
            if base is own and math.isclose(width, math.sqrt(0.5), rel_tol=1e-6):
                gelu = node.to(base, shape, "function", "gelu")
                twice = 2 * times * shift
                return gelu if twice == 1 else _columns(node, gelu, np.multiply, np.array(twice))
    raise node.error("netlet has no such product of two values; known are silu, mish and gelu")


def _function(node: Node) -> Value:
    """A part of an activation that stands in several nodes."""
    value = node.value()
    return node.to(value, value.shape, "function", node.kind.lower())


def _greater(node: Node) -> Value:
    value, limit = node.value(), node.constant(1)
    one = limit.size == 1 and limit.ndim <= len(value.shape)
    return node.to(value, value.shape, "function", ("greater", limit.item() if one else None))


def _exceeds_20(condition: Value) -> bool:
    """Whether it is that a value is greater than 20 or more: beyond it at most exp(-20) is missing."""
    name, limit = condition.operand if isinstance(condition.operand, tuple) else ("", None)
    return bool(name == "greater" and limit is not None and limit >= 20)


def _where(node: Node) -> Value:
    """softplus as PyTorch's exporter writes it: the sums themselves where they are large."""
    condition, sums, other = node.inputs
    if isinstance(sums, Value) and isinstance(other, Value) and isinstance(condition, Value) and _exceeds_20(condition):
        softplus, back = _undone(other)
        scaled = before_of(condition)  # by beta, which other is divided by
        own, beta = (sums, 1.0) if sums is scaled else _undone(scaled)
        same = _is(softplus, "softplus") and softplus.before is scaled and own is sums
        if same and math.isclose(back * beta, 1, rel_tol=1e-6):
            return other
    raise node.error("netlet reads it as a part of softplus only: the sums themselves where they exceed 20 or more")


def _no_label(node: Node) -> Value:
    raise node.error("netlet's networks give no labels; choose another output, such as the probabilities")


OPERATORS: dict[str, Callable[[Node], Any]] = {
    "Gemm": _gemm,
    "MatMul": _matmul,
    **dict.fromkeys(("Add", "Sub", "Mul", "Div"), _arithmetic),
    "Neg": _negative,
    "BatchNormalization": _batch_normalization,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Shape": _sizes,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Transpose": _transpose,
    "Concat": _concat,
    "Identity": _same,
    "Cast": _cast,
    "Dropout": _dropout,
    **dict.fromkeys(_ACTIVATIONS, _activation),
    **dict.fromkeys(("LeakyRelu", "PRelu"), _leaky_relu),
    **dict.fromkeys(("Softmax", "LogSoftmax"), _softmax),
    "Relu": _relu,
    "HardSigmoid": _line,
    "Clip": _clip,
    **dict.fromkeys(("Max", "Min"), _extreme),
    "Erf": _function,
    "Greater": _greater,
    "Where": _where,
    "ArgMax": _no_label,
}
# ONNX's operators for classical machine learning, which scikit-learn's models are written with
OPERATORS_ML: dict[str, Callable[[Node], Any]] = {
    "Scaler": _scaler,
    "ZipMap": _same,  # it gives each column its class's name
    **dict.fromkeys(("ArrayFeatureExtractor", "Binarizer", "LabelEncoder"), _no_label),
}
KNOWN = [name for table in (OPERATORS, OPERATORS_ML) for name, operator in table.items() if operator is not _no_label]
TABLES = {"": OPERATORS, "ai.onnx": OPERATORS, "ai.onnx.ml": OPERATORS_ML}
