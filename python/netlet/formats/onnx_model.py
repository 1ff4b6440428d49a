# SPDX-License-Identifier: BSD-3-Clause
"""Networks in ONNX: written with the library onnx and checked by it, and read back where they are chains of layers."""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from .._names import ACTIVATIONS, LOSSES
from .parts import Layers, Parts, require

if TYPE_CHECKING:
    from .._names import Settings

OPSET = 20  # the first with Gelu

# operator: what it is here, and the attributes that it must have
_OPERATORS = {row["onnx"][0]: (name, row["onnx"][1]) for name, row in ACTIVATIONS.items() if "onnx" in row}
# activations that are the sums times another activation of the sums, by that other one
_PRODUCTS = {row["onnx_factor"]: name for name, row in ACTIVATIONS.items() if "onnx_factor" in row}


def _onnx() -> Any:
    try:
        import onnx
    except ImportError:
        raise ImportError("ONNX needs the package onnx: pip install onnx") from None
    return onnx


# ---- writing


class _Graph:
    def __init__(self, onnx: Any, dtype: Any) -> None:
        self.onnx, self.dtype = onnx, dtype
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.value = "x"

    def constant(self, name: str, values: Any) -> str:
        self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(values, self.dtype), name))
        return name

    def apply(self, operator: str, *others: str, name: str, **attributes: Any) -> None:
        self.nodes.append(self.onnx.helper.make_node(operator, [self.value, *others], [name], name=name, **attributes))
        self.value = name

    def apply_activation(self, name: str, layer: int) -> None:
        row = ACTIVATIONS.get(name, {})
        if "onnx_factor" in row:
            sums = self.value
            self.apply_activation(row["onnx_factor"], layer)
            self.apply("Mul", sums, name=f"{name}_{layer}")
        elif "onnx" in row:
            operator, wanted = row["onnx"]
            attributes = {key: value[0] if isinstance(value, tuple) else value for key, value in wanted.items()}
            self.apply(operator, name=f"{name}_{layer}", **attributes)
        elif name != "identity":
            raise ValueError(f"to_onnx: netlet cannot write the activation {name!r}")


def to_onnx(net: Parts, dtype: Any, fingerprint: str) -> Any:
    """Build the model; dtype None: the network's own."""
    onnx = _onnx()
    dtype = net.dtype if dtype is None else np.dtype(dtype)
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype: expected float32 or float64, got {dtype}")
    with np.errstate(over="ignore"):
        if not all(np.isfinite(values.astype(dtype)).all() for values in (*net.weights, *net.biases)):
            raise ValueError(f"parameters: expected finite numbers in {dtype}, got nan or inf")
    graph = _Graph(onnx, dtype)
    if net.input_scaling:
        shift, scale = net.input_scaling
        graph.apply("Sub", graph.constant("input_shift", shift), name="shifted")
        graph.apply("Div", graph.constant("input_scale", scale), name="scaled")
    for i, (weight, bias, activation) in enumerate(zip(net.weights, net.biases, net.activations)):
        parameters = graph.constant(f"layers.{i}.weight", weight), graph.constant(f"layers.{i}.bias", bias)
        graph.apply("Gemm", *parameters, name=f"sums_{i}")
        graph.apply_activation(activation, i)
    if net.output_scaling:
        shift, scale = net.output_scaling
        graph.apply("Mul", graph.constant("output_scale", scale), name="unscaled")
        graph.apply("Add", graph.constant("output_shift", shift), name="unshifted")
    graph.nodes[-1].output[0] = "y"
    helper = onnx.helper
    number = helper.np_dtype_to_tensor_dtype(dtype)
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "netlet",
            [helper.make_tensor_value_info("x", number, ["rows", net.layer_sizes[0]])],
            [helper.make_tensor_value_info("y", number, ["rows", net.layer_sizes[-1]])],
            graph.constants,
        ),
        producer_name="netlet",
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=9,
    )
    kept = {"loss": net.loss, "reduction": net.reduction, "fingerprint": fingerprint}
    for name, value in net.loss_settings.items():
        kept[name] = " ".join(map(repr, np.atleast_1d(value).tolist()))
    helper.set_model_props(model, kept)
    onnx.checker.check_model(model, full_check=True)
    return model


# ---- reading


class _Chain:
    """The nodes of a graph in the order of its one value, which passes from the input to the output."""

    def __init__(self, onnx: Any, model: Any) -> None:
        self.onnx = onnx
        graph = model.graph
        self.constants = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
        inputs = [value.name for value in graph.input if value.name not in self.constants]
        if len(inputs) != 1 or len(graph.output) != 1:
            raise ValueError(f"model: expected one input and one output, got {len(inputs)} and {len(graph.output)}")
        self.input, self.output = inputs[0], graph.output[0].name
        (shape,) = (value.type.tensor_type.shape for value in graph.input if value.name == self.input)
        if len(shape.dim) not in (0, 2):  # 0: not said
            raise ValueError(f"model: expected rows of inputs, of two dimensions, got {len(shape.dim)}")
        self.nodes = []
        for node in graph.node:
            if node.op_type == "Constant":
                self.constants[node.output[0]] = self._value(node)
            else:
                self.nodes.append(node)

    def _value(self, node: Any) -> Any:
        values = {attribute.name: attribute for attribute in node.attribute}
        if "value" not in values:
            raise ValueError(f"model, node {node.name!r} (Constant): expected its value as a tensor")
        return self.onnx.numpy_helper.to_array(values["value"].t)

    def attributes(self, node: Any) -> dict[str, Any]:
        given = [*self._defaults(node.op_type), *node.attribute]
        values = {attribute.name: self.onnx.helper.get_attribute_value(attribute) for attribute in given}
        return {name: value.decode() if isinstance(value, bytes) else value for name, value in values.items()}

    def _defaults(self, operator: str) -> list[Any]:
        """The attributes that ONNX gives an operator where a node does not."""
        if not self.onnx.defs.has(operator):
            return []
        attributes = self.onnx.defs.get_schema(operator).attributes.values()
        return [attribute.default_value for attribute in attributes if attribute.default_value.name]


def _label(node: Any) -> str:
    return f"model, node {node.name or node.output[0]!r} ({node.op_type})"


def _broadcast(values: Any, count: int, where: str) -> Any:
    """One value for each column, from one, (count,) or (1, count)."""
    if values.size not in (1, count) or values.size != max(values.shape, default=1):
        raise ValueError(f"{where}: expected 1 or {count} values, got shape {values.shape}")
    return np.broadcast_to(values.ravel(), (count,))


def _gemm(layers: Layers, node: Any, chain: _Chain, where: str) -> None:
    attributes = chain.attributes(node)
    if attributes.get("transA", 0):
        raise ValueError(f"{where}: expected rows as they are, got transA=1")
    weight = chain.constants.get(node.input[1])
    bias = chain.constants.get(node.input[2]) if len(node.input) > 2 and node.input[2] else None
    if weight is None or (bias is None and len(node.input) > 2 and node.input[2]):
        raise ValueError(f"{where}: expected weights and biases that are constants")
    if weight.ndim != 2 or (bias is not None and bias.ndim > 1 and bias.shape[0] != 1):
        raise ValueError(f"{where}: expected a matrix of weights and a bias for each output")
    weight = weight.T if attributes.get("transB", 0) else weight
    alpha, beta = attributes.get("alpha", 1.0), attributes.get("beta", 1.0)
    if bias is not None:
        bias = _broadcast(bias, weight.shape[1], where)
        bias = bias if beta == 1 else bias * weight.dtype.type(beta)
    layers.add_layer(weight if alpha == 1 else weight * weight.dtype.type(alpha), bias, where)


def _activation(node: Any, chain: _Chain, where: str) -> str:
    if node.op_type not in _OPERATORS:
        known = ", ".join(["Gemm", "MatMul", "Add", *_OPERATORS, *(f"Mul by {factor}" for factor in _PRODUCTS)])
        raise ValueError(f"{where}: netlet has no such layer; known are {known}")
    name, wanted = _OPERATORS[node.op_type]
    require(name, wanted, chain.attributes(node), where, tolerance=1e-6)  # attributes are float32
    return name


class _Reader:
    """Takes the nodes one after the other."""

    def __init__(self, chain: _Chain) -> None:
        self.chain, self.layers = chain, Layers()
        self.value = chain.input
        self.sums = ""  # the value that the last node, if an activation, was applied to
        self.shift: Any = None
        self.scale: Any = None
        self.output_scale: Any = None
        self.output_shift: Any = None

    def read(self) -> None:
        for node in self.chain.nodes:
            where = _label(node)
            if node.domain not in ("", "ai.onnx"):
                raise ValueError(f"{where}: expected an operator of ONNX itself, got one of {node.domain!r}")
            if self.value not in node.input:
                raise ValueError(f"{where}: expected a chain, in which each node takes the value of the one before")
            self._take(node, where)
            self.value = node.output[0]
        if self.value != self.chain.output:
            raise ValueError(
                f"model: expected the output {self.chain.output!r} at the end of the chain, got {self.value!r}"
            )

    def _take(self, node: Any, where: str) -> None:
        kind = node.op_type
        if self.output_scale is not None and kind != "Add":
            raise ValueError(f"{where}: expected nothing after the outputs are scaled")
        if kind == "Flatten" and self.chain.attributes(node).get("axis", 1) != 1:
            raise ValueError(f"{where}: expected rows to stay rows, got another axis")
        if kind in ("Identity", "Dropout", "Flatten"):
            return
        others = [name for name in node.input if name and name != self.value]
        constant = self.chain.constants.get(others[0]) if len(others) == 1 else None
        if kind == "Gemm" and node.input[0] == self.value:
            _gemm(self.layers, node, self.chain, where)
        elif kind == "MatMul" and constant is not None and node.input[0] == self.value:
            self.layers.add_layer(constant, None, where)
        elif kind in ("Add", "Sub", "Mul", "Div"):
            self._arithmetic(node, others, constant, where)
            self.sums = ""
        else:
            self.sums = self.value
            self.layers.add_activation(_activation(node, self.chain, where), where)

    def _without_bias(self) -> bool:
        return bool(self.layers.weights) and not self.layers.activated and self.layers.biases[-1] is None

    def _arithmetic(self, node: Any, others: list[str], constant: Any, where: str) -> None:
        kind, layers = node.op_type, self.layers
        last = layers.activations[-1] if layers.activated else ""
        if kind == "Mul" and self.sums and others == [self.sums] and last in _PRODUCTS:
            layers.activations[-1] = _PRODUCTS[last]
        elif constant is None or (kind in ("Sub", "Div") and node.input[0] != self.value):
            raise ValueError(f"{where}: expected a constant as its second input")
        elif not layers.weights and kind == "Sub" and self.shift is None and self.scale is None:
            self.shift = constant
        elif not layers.weights and kind == "Div" and self.scale is None:
            self.scale = constant
        elif kind == "Add" and self.output_scale is None and self._without_bias():
            layers.biases[-1] = _broadcast(constant, layers.weights[-1].shape[1], where).astype(
                layers.weights[-1].dtype
            )
        elif kind == "Mul" and layers.weights:
            self.output_scale = constant
        elif kind == "Add" and self.output_scale is not None and self.output_shift is None:
            self.output_shift = constant
        else:
            raise ValueError(
                f"{where}: expected scaling before the first layer (Sub, Div) or after the last (Mul, Add)"
            )


def _pair(shift: Any, scale: Any, count: int, name: str) -> tuple[Any, Any] | None:
    if shift is None and scale is None:
        return None
    where = f"model, scaling of the {name}"
    shift = np.zeros(count) if shift is None else _broadcast(shift, count, where)
    return shift, np.ones(count) if scale is None else _broadcast(scale, count, where)


def _model(onnx: Any, source: Any) -> Any:
    if not isinstance(source, (str, bytes, os.PathLike, onnx.ModelProto)):
        raise TypeError(f"model: expected a path or an onnx.ModelProto, got {type(source).__name__}")
    try:
        model = source if isinstance(source, onnx.ModelProto) else onnx.load(os.fsdecode(source))
        onnx.checker.check_model(model)
    except (OSError, TypeError):
        raise
    except Exception as error:  # protobuf and the checker have exceptions of their own
        raise ValueError(f"model: expected a valid ONNX model, but {error}") from None
    return model


def _kept(model: Any) -> Settings:
    """The arguments that to_onnx wrote beside the graph."""
    if model.producer_name != "netlet":
        return {}
    entries = {entry.key: entry.value for entry in model.metadata_props}
    kept: Settings = {name: entries[name] for name in ("loss", "reduction") if name in entries}
    settings = {row["parameter"] for row in LOSSES.values() if "parameter" in row} & set(entries)
    return {**kept, "loss_settings": {name: [float(value) for value in entries[name].split()] for name in settings}}


def from_onnx(source: Any, loss: str | None, dtype: Any) -> Parts:
    """Read a path or a model."""
    onnx = _onnx()
    model = _model(onnx, source)
    try:
        reader = _Reader(_Chain(onnx, model))
        reader.read()
    except (AttributeError, IndexError, KeyError, UnicodeError) as error:  # a graph that the checker let through
        raise ValueError(f"model: expected a valid ONNX model, but found {error!r}") from None
    kept = _kept(model) if loss is None else {"loss": loss}
    parts = reader.layers.parts(loss=kept.pop("loss", None), dtype=dtype, **kept)
    sizes = parts.layer_sizes
    return dataclasses.replace(
        parts,
        input_scaling=_pair(reader.shift, reader.scale, sizes[0], "inputs"),
        output_scaling=_pair(reader.output_shift, reader.output_scale, sizes[-1], "outputs"),
    )
