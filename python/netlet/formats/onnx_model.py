# SPDX-License-Identifier: BSD-3-Clause
"""Networks in ONNX: written with the library onnx and checked by it, and read back where they are chains of layers."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from .parts import N, Parts

if TYPE_CHECKING:
    from ..network import Network

OPSET = 20  # the first with Gelu

# netlet's activations as operators with their attributes
_OPERATORS: dict[str, tuple[str, dict[str, Any]]] = {
    "sigmoid": ("Sigmoid", {}),
    "tanh": ("Tanh", {}),
    "relu": ("Relu", {}),
    "leaky_relu": ("LeakyRelu", {"alpha": 0.01}),
    "elu": ("Elu", {"alpha": 1.0}),
    "softplus": ("Softplus", {}),
    "gelu": ("Gelu", {"approximate": "none"}),
    "hard_sigmoid": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
    "softmax": ("Softmax", {"axis": -1}),
}
_DEFAULTS: dict[str, dict[str, Any]] = {  # of ONNX
    "LeakyRelu": {"alpha": 0.01},
    "Elu": {"alpha": 1.0},
    "HardSigmoid": {"alpha": 0.2, "beta": 0.5},
    "Gelu": {"approximate": "none"},
    "Softmax": {"axis": -1},
}


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


def to_onnx(net: Network, dtype: Any) -> Any:
    """Build the model; dtype None: the network's own."""
    onnx = _onnx()
    dtype = net.dtype if dtype is None else np.dtype(dtype)
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype: expected float32 or float64, got {dtype}")
    with np.errstate(over="ignore"):
        if not np.isfinite(net.parameters.astype(dtype)).all():
            raise ValueError(f"parameters: expected finite numbers in {dtype}, got nan or inf")
    graph = _Graph(onnx, dtype)
    if net.input_scaling:
        shift, scale = net.input_scaling
        graph.apply("Sub", graph.constant("input_shift", shift), name="shifted")
        graph.apply("Div", graph.constant("input_scale", scale), name="scaled")
    for i, (weight, bias, activation) in enumerate(zip(net.weights, net.biases, net.activations)):
        parameters = graph.constant(f"layers.{i}.weight", weight), graph.constant(f"layers.{i}.bias", bias)
        graph.apply("Gemm", *parameters, name=f"sums_{i}")
        if activation == "silu":
            sums = graph.value
            graph.apply("Sigmoid", name=f"sigmoid_{i}")
            graph.apply("Mul", sums, name=f"silu_{i}")
        elif activation != "identity":
            operator, attributes = _OPERATORS[activation]
            graph.apply(operator, name=f"{activation}_{i}", **attributes)
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
    kept = {"loss": net.loss_name, "reduction": net.reduction, "fingerprint": net.fingerprint()}
    if net.loss_name == "huber":
        kept["huber_delta"] = repr(net.huber_delta)
    if net.loss_name == "quantile":
        kept["quantile"] = " ".join(map(repr, net.quantiles))
    helper.set_model_props(model, kept)
    onnx.checker.check_model(model, full_check=True)
    return model


# ---- reading


class _Chain:
    """The nodes of a graph in the order of its one value, which goes from the input to the output."""

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
        found = {a.name: self.onnx.helper.get_attribute_value(a) for a in node.attribute}
        found = {name: value.decode() if isinstance(value, bytes) else value for name, value in found.items()}
        return {**_DEFAULTS.get(node.op_type, {}), **found}


def _label(node: Any) -> str:
    return f"model, node {node.name or node.output[0]!r} ({node.op_type})"


def _broadcast(values: Any, count: int, where: str) -> Any:
    """One value for each column, from one, (count,) or (1, count)."""
    if values.size not in (1, count) or values.size != max(values.shape, default=1):
        raise ValueError(f"{where}: expected 1 or {count} values, got shape {values.shape}")
    return np.broadcast_to(values.ravel(), (count,))


def _gemm(parts: Parts, node: Any, chain: _Chain, where: str) -> None:
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
    parts.add_layer(weight if alpha == 1 else weight * weight.dtype.type(alpha), bias, where)


def _activation(node: Any, chain: _Chain, where: str) -> str:
    for name, (operator, wanted) in _OPERATORS.items():
        if node.op_type != operator:
            continue
        found = chain.attributes(node)
        for key, value in wanted.items():
            same = math.isclose(found[key], value, rel_tol=1e-6) if isinstance(value, float) else found[key] == value
            if not same and not (key == "axis" and found[key] == 1):
                raise ValueError(f"{where}: netlet's {name} has {key}={value}, this one {found[key]}")
        return name
    known = ", ".join(["Gemm", "MatMul", "Add", *(operator for operator, _ in _OPERATORS.values()), "Mul by Sigmoid"])
    raise ValueError(f"{where}: netlet has no such layer; known are {known}")


class _Reader:
    """Takes the nodes one after the other."""

    def __init__(self, chain: _Chain) -> None:
        self.chain, self.parts = chain, Parts()
        self.value = chain.input
        self.before_sigmoid = ""  # the value that a Mul by it would make a silu
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
            _gemm(self.parts, node, self.chain, where)
        elif kind == "MatMul" and constant is not None and node.input[0] == self.value:
            self.parts.add_layer(constant, None, where)
        elif kind in ("Add", "Sub", "Mul", "Div"):
            self._arithmetic(node, others, constant, where)
            self.before_sigmoid = ""
        else:
            self.before_sigmoid = self.value if kind == "Sigmoid" else ""
            self.parts.add_activation(_activation(node, self.chain, where), where)

    def _without_bias(self) -> bool:
        return bool(self.parts.weights) and not self.parts.activated and not self.parts.biases[-1].any()

    def _arithmetic(self, node: Any, others: list[str], constant: Any, where: str) -> None:
        kind, parts = node.op_type, self.parts
        if kind == "Mul" and self.before_sigmoid and others == [self.before_sigmoid] and parts.activated:
            parts.activations[-1] = "silu"
        elif constant is None or (kind in ("Sub", "Div") and node.input[0] != self.value):
            raise ValueError(f"{where}: expected a constant as its second input")
        elif not parts.weights and kind == "Sub" and self.shift is None and self.scale is None:
            self.shift = constant
        elif not parts.weights and kind == "Div" and self.scale is None:
            self.scale = constant
        elif kind == "Add" and self.output_scale is None and self._without_bias():
            parts.biases[-1] = _broadcast(constant, len(parts.biases[-1]), where).astype(parts.weights[-1].dtype)
        elif kind == "Mul" and parts.weights:
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


def _kept(model: Any) -> dict[str, Any]:
    """What to_onnx wrote beside the graph."""
    if model.producer_name != "netlet":
        return {}
    kept: dict[str, Any] = {entry.key: entry.value for entry in model.metadata_props}
    kept = {key: value for key, value in kept.items() if key in ("loss", "reduction", "huber_delta", "quantile")}
    if "huber_delta" in kept:
        kept["huber_delta"] = float(kept["huber_delta"])
    if "quantile" in kept:
        kept["quantile"] = [float(value) for value in kept["quantile"].split()]
    return kept


def from_onnx(cls: type[N], source: Any, loss: str | None, dtype: Any) -> N:
    """Make a network of a path or a model."""
    onnx = _onnx()
    model = _model(onnx, source)
    try:
        reader = _Reader(_Chain(onnx, model))
        reader.read()
    except (AttributeError, IndexError, KeyError, UnicodeError) as error:  # a graph that the checker let through
        raise ValueError(f"model: expected a valid ONNX model, but found {error!r}") from None
    kept = _kept(model) if loss is None else {}
    kept["loss"] = loss if loss is not None else kept.get("loss")
    net = reader.parts.network(cls, dtype=dtype, **kept)
    net.input_scaling = _pair(reader.shift, reader.scale, net.layer_sizes[0], "inputs")
    net.output_scaling = _pair(reader.output_shift, reader.output_scale, net.layer_sizes[-1], "outputs")
    return net
