# SPDX-License-Identifier: BSD-3-Clause
"""What does not depend on an ONNX model's input: its tensors, and what its nodes make of them.

A file may name the same tensor in many nodes, or claim shapes that it has no values for. So nothing is allocated that
is not there, and what is made of the tensors is held against their size.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .parts import Allowance

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

UNKNOWN_SIZE = np.iinfo(np.int32).min  # in a constant that is the shape of a value


def axes_of(constants: list[Any], attributes: dict[str, Any]) -> list[int] | None:
    """The axes of Squeeze and Unsqueeze: an input, before opset 13 an attribute; None: not said."""
    axes = constants[1].tolist() if len(constants) > 1 and constants[1] is not None else attributes.get("axes")
    return None if axes is None else list(map(int, axes))


def proper_axes(axes: list[int], rank: int) -> set[int]:
    """Axes of a shape, of which negative ones are counted from its end."""
    found = {axis + rank if axis < 0 else axis for axis in axes}
    if len(found) < len(axes) or not all(0 <= axis < rank for axis in found):
        raise ValueError(f"expected different axes of a shape of {rank}, got {axes}")
    return found


def flattened_at(axis: int, rank: int) -> int:
    """Where Flatten divides a shape: before one of its axes, or behind the last."""
    return rank if axis == rank else proper_axes([axis], rank).pop()


def squeezed(shape: tuple[Any, ...], axes: list[int] | None) -> tuple[Any, ...]:
    """The shape without axes of one."""
    if axes is None:
        axes = [i for i, size in enumerate(shape) if size == 1]
    left = proper_axes(axes, len(shape))
    if any(shape[axis] not in (1, None) for axis in left):
        raise ValueError(f"expected axes of one value to leave out, got {axes} of shape {shape}")
    return tuple(size for axis, size in enumerate(shape) if axis not in left)


def unsqueezed(shape: tuple[Any, ...], axes: list[int]) -> tuple[Any, ...]:
    """The shape with axes of one added."""
    added = proper_axes(axes, len(shape) + len(axes))
    rest = iter(shape)
    return tuple(1 if axis in added else next(rest) for axis in range(len(shape) + len(axes)))


def _flattened(shape: tuple[int, ...], axis: int) -> tuple[int, int]:
    axis = flattened_at(axis, len(shape))
    return math.prod(shape[:axis]), math.prod(shape[axis:])


def _gathered(values: Any, places: Any, axis: int) -> Any:
    if values.ndim != 1:
        raise ValueError(f"expected one of several sizes, got a constant of shape {values.shape}")
    return np.take(values, places, axis)


def _reshape(values: Any, shape: Any) -> Any:
    return values.reshape([values.shape[i] if size == 0 else size for i, size in enumerate(map(int, shape))])


# operator: constants and attributes to a constant, that needs no more memory than its inputs
_SHAPES: dict[str, Callable[[list[Any], dict[str, Any]], Any]] = {
    "Identity": lambda x, _: x[0],
    "Transpose": lambda x, given: np.transpose(x[0], given.get("perm")),
    "Reshape": lambda x, given: _reshape(x[0], x[1] if len(x) > 1 else given["shape"]),
    "Flatten": lambda x, given: x[0].reshape(_flattened(x[0].shape, given["axis"])),
    "Squeeze": lambda x, given: x[0].reshape(squeezed(x[0].shape, axes_of(x, given))),
    "Unsqueeze": lambda x, given: x[0].reshape(unsqueezed(x[0].shape, axes_of(x, given) or [])),
    "Gather": lambda x, given: _gathered(x[0], x[1], given["axis"]),
    "Concat": lambda x, given: np.concatenate(x, given["axis"]),
}
_ARITHMETIC = {
    "Add": np.add,
    "Sub": np.subtract,
    "Mul": np.multiply,
    "Div": np.divide,
    "Pow": np.power,
    "Neg": np.negative,
    "Sqrt": np.sqrt,
    "Reciprocal": np.reciprocal,
    "Exp": np.exp,
}


class Constants:
    """A model's constants by name: tensors are read when they are asked for."""

    def __init__(self, onnx: Any, graph: Any, folder: Path | None) -> None:
        self._onnx, self._folder = onnx, folder
        self._tensors = {tensor.name: tensor for tensor in graph.initializer}
        self._values: dict[str, Any] = {}
        self.allowance = Allowance()

    def __contains__(self, name: str) -> bool:
        return name in self._values or name in self._tensors

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            self._values[name] = self._array(self._tensors[name], f"model, constant {name!r}")
        return self._values[name]

    def add(self, name: str, values: Any) -> None:
        """Add a constant that is known otherwise."""
        self._values[name] = values

    def evaluate(self, node: Any, attributes: dict[str, Any], where: str) -> None:
        """Compute a node that has constants as inputs."""
        inputs = [self[name] if name else None for name in node.input]
        self.allowance.use(sum(values.size for values in inputs if values is not None), where)
        try:
            self._values[node.output[0]] = self._evaluated(node.op_type, inputs, attributes, where)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            if str(error).startswith("model"):
                raise
            raise ValueError(f"{where}: {error}") from None

    def _evaluated(self, kind: str, inputs: list[Any], attributes: dict[str, Any], where: str) -> Any:
        if kind == "Constant":
            return self._constant(attributes, where)
        if kind == "Cast":
            dtype = np.dtype(self._onnx.helper.tensor_dtype_to_np_dtype(attributes["to"]))
            if inputs[0].dtype.kind not in "fiub" or dtype.kind not in "fiub":
                raise ValueError(f"expected numbers, got {inputs[0].dtype} to {dtype}")
            sizes = dtype.kind == "i" and dtype.itemsize >= 4
            if inputs[0].dtype.kind == "i" and not sizes and (inputs[0] == UNKNOWN_SIZE).any():
                raise ValueError("expected numbers, got the size of a shape that is not known")
            return inputs[0].astype(dtype)
        if kind in _ARITHMETIC:
            if any(values.dtype.kind != "f" for values in inputs):
                raise ValueError(f"expected floating-point numbers, got {', '.join(str(a.dtype) for a in inputs)}")
            self.allowance.use(math.prod(np.broadcast_shapes(*(values.shape for values in inputs))), where)
            return _ARITHMETIC[kind](*inputs)
        if kind not in _SHAPES:
            known = ", ".join(["Constant", "Cast", *_SHAPES, *_ARITHMETIC])
            raise ValueError(f"netlet computes with constants by {known} only")
        return _SHAPES[kind](inputs, attributes)

    def _constant(self, attributes: dict[str, Any], where: str) -> Any:
        """The value of a Constant node, in any of its forms."""
        ((kind, value),) = attributes.items()
        if kind == "value":
            return self._array(value, where)
        if kind in ("value_float", "value_floats", "value_int", "value_ints"):
            values = np.array(value, np.float32 if "float" in kind else np.int64)
            self.allowance.held += values.size
            return values
        raise ValueError(f"{where}: expected numbers as its value, got {kind}")

    def _array(self, tensor: Any, where: str) -> Any:
        external = tensor.data_location == self._onnx.TensorProto.EXTERNAL
        try:
            if any(size < 0 for size in tensor.dims):
                raise ValueError(f"expected a shape, got {list(tensor.dims)}")
            values = self._external(tensor) if external else self._onnx.numpy_helper.to_array(tensor)
        except (OSError, TypeError, ValueError) as error:
            raise ValueError(f"{where}: {error}") from None
        self.allowance.held += values.size
        return values

    def _external(self, tensor: Any) -> Any:
        """Values in a file of their own, which must lie inside the model's folder and be as long as the shape says."""
        entries = {entry.key: entry.value for entry in tensor.external_data}
        location = entries.get("location", "")
        if self._folder is None:
            raise ValueError(f"expected the model's path, as its values are in another file, {location!r}")
        folder = self._folder.resolve()
        path = (folder / location).resolve()  # links followed
        if not path.is_relative_to(folder) or not path.is_file():
            raise ValueError(f"expected its values in a file inside the model's folder, got {location!r}")
        dtype = np.dtype(self._onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
        if dtype.kind not in "fiub":
            raise ValueError(f"expected numbers, got {dtype}")
        offset, count = int(entries.get("offset", 0)), math.prod(tensor.dims)
        wanted, there = count * dtype.itemsize, path.stat().st_size - offset
        if offset < 0 or wanted > there or int(entries.get("length", wanted)) != wanted:
            raise ValueError(f"expected {wanted} bytes of values from byte {offset} of {location!r}, got {there}")
        return np.fromfile(path, dtype.newbyteorder("<"), count, offset=offset).reshape(tensor.dims)
