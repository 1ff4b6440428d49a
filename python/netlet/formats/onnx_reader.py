# SPDX-License-Identifier: BSD-3-Clause
"""Networks read from ONNX: what one output depends on, as layers."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._names import LOSSES
from .onnx_constants import Constants
from .onnx_model import onnx_library
from .onnx_operators import KNOWN, TABLES, Node, Value, before_of, first_of_row
from .parts import Allowance, Layers, Parts
from .reading import read_file

if TYPE_CHECKING:
    from .._names import Settings
    from .onnx_operators import Shape


def _label(node: Any) -> str:
    return f"model, node {node.name or node.output[0]!r} ({node.op_type})"


def _shape(value: Any) -> Shape:
    kind = value.type.WhichOneof("value")
    if kind != "tensor_type":
        raise ValueError(f"model, input {value.name!r}: expected a tensor, got {kind}")
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return (None, None)
    return tuple(dim.dim_value if dim.dim_value > 0 else None for dim in tensor.shape.dim)


def _described(outputs: Any) -> str:
    """Names and shapes, for a message."""
    texts = []
    for output in outputs:
        sizes = [str(dim.dim_param or dim.dim_value or "?") for dim in output.type.tensor_type.shape.dim]
        texts.append(f"{output.name!r} ({', '.join(sizes)})")
    return ", ".join(texts)


def _chosen(outputs: Any, choice: Any) -> str:
    names: list[str] = [output.name for output in outputs]
    if choice is None and len(names) == 1:
        return names[0]
    if choice is None:
        raise ValueError(
            f"output: expected a name or number, as the model has {len(names)} outputs, {_described(outputs)}"
        )
    if isinstance(choice, bool) or not isinstance(choice, (str, int, np.integer)):
        raise TypeError(f"output: expected a name or number, got {type(choice).__name__}")
    if isinstance(choice, str) and choice in names:
        return choice
    if not isinstance(choice, str) and 0 <= choice < len(names):
        return names[int(choice)]
    raise ValueError(f"output: expected one of the model's outputs, {_described(outputs)}, got {choice!r}")


class _Graph:
    """The nodes that one of a model's outputs depends on, taken one after the other."""

    def __init__(self, onnx: Any, model: Any, folder: Path | None, output: str) -> None:
        self.onnx, self.graph, self.output = onnx, model.graph, output
        self.opsets = {entry.domain or "ai.onnx": entry.version for entry in model.opset_import}
        self.constants = Constants(onnx, model.graph, folder)
        self.values: dict[str, Value] = {}

    def read(self) -> Value:
        """The output, with all steps to it."""
        for node in self._nodes():
            where = _label(node)
            if all(name in self.constants for name in node.input if name):
                self.constants.evaluate(node, self._attributes(node, where), where)
                continue
            made = self._step(node, where)
            if isinstance(made, Value):
                self.values[node.output[0]] = made
            else:
                self.constants.add(node.output[0], made)
        if self.output not in self.values:
            raise ValueError(f"output: expected one that depends on the model's input; {self.output!r} does not")
        return self.values[self.output]

    def _nodes(self) -> list[Any]:
        """The nodes that the output needs, in the graph's order, in which each stands after those that it needs."""
        makers = {name: i for i, node in enumerate(self.graph.node) for name in node.output if name}
        needed: set[int] = set()
        names, asked = [self.output], {self.output}
        while names:
            name = names.pop()
            if name in makers and makers[name] not in needed:
                needed.add(makers[name])
                names.extend(self.graph.node[makers[name]].input)
                asked.update(self.graph.node[makers[name]].input)
        inputs = [value for value in self.graph.input if value.name in asked and value.name not in self.constants]
        if len(inputs) > 1:
            listed = ", ".join(repr(value.name) for value in inputs)
            raise ValueError(f"model: expected one input that {self.output!r} depends on, got {listed}")
        self.values.update((value.name, Value(_shape(value))) for value in inputs)
        return [node for i, node in enumerate(self.graph.node) if i in needed]

    def _step(self, node: Any, where: str) -> Any:
        operators = TABLES.get(node.domain, {})
        if node.op_type not in operators:
            raise ValueError(f"{where}: netlet has no such layer; known are {', '.join(KNOWN)}")
        inputs = [self._input(name, where) for name in node.input]
        self.constants.allowance.use(sum(value.size for value in inputs if isinstance(value, np.ndarray)), where)
        opset = self.opsets.get(node.domain or "ai.onnx", 1)
        try:
            return operators[node.op_type](
                Node(node.op_type, inputs, len(node.output), self._attributes(node, where), opset, where)
            )
        except ValueError as error:
            raise error if str(error).startswith("model") else ValueError(f"{where}: {error}") from None
        except (ArithmeticError, AttributeError, LookupError, TypeError) as error:  # that the checker let through
            raise ValueError(f"{where}: expected a valid node, but found {error!r}") from None

    def _input(self, name: str, where: str) -> Any:
        if not name:
            return None
        if name in self.values:
            return self.values[name]
        if name in self.constants:
            return self.constants[name]
        raise ValueError(f"{where}: expected the first output of a node as its input, got {name!r}")

    def _attributes(self, node: Any, where: str) -> dict[str, Any]:
        """A node's attributes, with those that ONNX gives it where the node does not."""
        domain = node.domain or "ai.onnx"
        try:
            schema = self.onnx.defs.get_schema(
                node.op_type, self.opsets.get(domain, 1), "" if domain == "ai.onnx" else domain
            )
        except self.onnx.defs.SchemaError:
            raise ValueError(f"{where}: expected an operator of ONNX, got one of {domain!r}") from None
        defaults = [attribute.default_value for attribute in schema.attributes.values()]
        given = [attribute for attribute in defaults if attribute.name] + list(node.attribute)
        values = {attribute.name: self.onnx.helper.get_attribute_value(attribute) for attribute in given}
        return {name: value.decode() if isinstance(value, bytes) else value for name, value in values.items()}


def _vector(step: Value, count: int, allowance: Allowance) -> Any:
    """A step's constant, as one number for each of a row's values."""
    constant, shape = step.operand, before_of(step).shape
    if constant.size == 1:
        return constant.reshape(())
    rank = max(len(shape), constant.ndim)
    shape = (1,) * (rank - len(shape)) + shape
    constant = constant.reshape((1,) * (rank - constant.ndim) + constant.shape)
    first = first_of_row(shape, count) or 0
    row = tuple(count if size is None else size for size in shape[first:])  # the only one that is not 1
    if any(size not in (1, wanted) for size, wanted in zip(constant.shape, (1,) * first + row)):
        raise ValueError(f"{step.where}: expected constants for the {count} values of each row, got {constant.shape}")
    allowance.use(count, step.where)
    return np.broadcast_to(constant[(0,) * first], row).reshape(count)


def _add_function(layers: Layers, step: Value, count: int) -> None:
    name, row = step.operand if isinstance(step.operand, tuple) else (step.operand, count)
    if name in ("erf", "greater"):
        raise ValueError(f"{step.where}: netlet has it as part of gelu (Erf) or softplus (Greater) only")
    if name == "clip":
        least, most = step.operand[1]
        layers.add_clip(least, most, step.where)
        return
    if row != count:
        raise ValueError(f"{step.where}: expected the axis of the {count} outputs, got one of {row or 'other'} values")
    if name == "log_softmax":
        layers.add_log_softmax(step.where)
    else:
        layers.add_activation(name, step.where)


def _layers(output: Value, allowance: Allowance) -> Layers:
    """Layers of all steps to the output."""
    steps = [output]
    while steps[-1].before is not None:
        steps.append(steps[-1].before)
    steps.reverse()
    first = next((step.operand for step in steps if step.step == "matrix"), None)
    if first is None:
        raise ValueError("model: expected at least one layer of sums, got none")
    layers, count = Layers(len(first), allowance), len(first)
    for step in steps:
        if step.step == "matrix":
            layers.add_layer(step.operand, None, step.where)
            count = step.operand.shape[1]
        elif step.step == "zero":
            layers.add_zero(step.where)
            count += 1
        elif step.step == "function":
            _add_function(layers, step, count)
        elif step.step == "leaky_relu":
            layers.add_leaky_relu(_vector(step, count, allowance), step.where)
        elif step.step is not None:
            layers.add_columns(step.step, _vector(step, count, allowance), step.where)
        if first_of_row(step.shape, count) is None:
            raise ValueError(f"{step.where}: expected each row of {count} values to stay a row, got shape {step.shape}")
    return layers


# ---- the model


def _read(path: Any) -> bytes:
    """A file's bytes; the model's own bytes are no path."""
    try:
        if not isinstance(path, bytes) or b"\0" not in path:
            return read_file(path, "model")
    except OSError as error:
        if not isinstance(path, bytes) or error.errno not in (errno.ENAMETOOLONG, errno.EINVAL):
            raise
    raise ValueError(
        "model: expected a path or an onnx.ModelProto, got bytes that are no path; to read a model from bytes, pass "
        "onnx.load_model_from_string(data)"
    )


def _model(onnx: Any, source: Any) -> tuple[Any, Path | None]:
    """The model, and the folder that its tensors may lie in."""
    if not isinstance(source, (str, bytes, os.PathLike, onnx.ModelProto)):
        hint = "; for an open file, pass onnx.load(file)" if hasattr(source, "read") else ""
        raise TypeError(f"model: expected a path or an onnx.ModelProto, got {type(source).__name__}{hint}")
    path = None if isinstance(source, onnx.ModelProto) else Path(os.fsdecode(source))
    data = b"" if path is None else _read(source)
    try:
        if path is None:
            onnx.checker.check_model(source)
            return source, None
        model = onnx.load_model_from_string(data)
        external = any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in model.graph.initializer)
        onnx.checker.check_model(str(path) if external else model)
        return model, path.parent
    except (OSError, TypeError):
        raise
    except Exception as error:  # protobuf and the checker have exceptions of their own
        raise ValueError(f"model: expected a valid ONNX model, but {error}") from None


def _kept(model: Any) -> Settings:
    """The arguments that to_onnx wrote beside the graph."""
    if model.producer_name != "netlet":
        return {}
    entries = {entry.key: entry.value for entry in model.metadata_props}
    kept: Settings = {name: entries[name] for name in ("loss", "reduction") if name in entries}
    settings: dict[str, Any] = {}
    for name in {row["parameter"] for row in LOSSES.values() if "parameter" in row} & set(entries):
        values = [float(value) for value in entries[name].split()]
        settings[name] = values[0] if len(values) == 1 else values
    return {**kept, "loss_settings": settings}


def from_onnx(source: Any, output: Any, output_activation: str | None, loss: str | None, dtype: Any) -> Parts:
    """Read a path or a model."""
    onnx = onnx_library()
    model, folder = _model(onnx, source)
    try:
        graph = _Graph(onnx, model, folder, _chosen(model.graph.output, output))
        with np.errstate(all="ignore"):  # a caller who raises them; what is not finite is refused where it is used
            layers = _layers(graph.read(), graph.constants.allowance)
    except (AttributeError, LookupError, UnicodeError) as error:  # a graph that the checker let through
        raise ValueError(f"model: expected a valid ONNX model, but found {error!r}") from None
    layers.override(None, output_activation)
    kept = _kept(model) if loss is None else {"loss": loss}
    return layers.parts(loss=kept.pop("loss", None), dtype=dtype, **kept)
