# SPDX-License-Identifier: BSD-3-Clause
"""Networks written in ONNX, with the library onnx, and checked by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._names import ACTIVATIONS

if TYPE_CHECKING:
    from .parts import Parts

OPSET = 20  # the first with Gelu


def onnx_library() -> Any:
    """The package onnx, which is optional."""
    try:
        import onnx
    except ImportError:
        raise ImportError("ONNX needs the package onnx: pip install onnx") from None
    return onnx


class _Graph:
    def __init__(self, onnx: Any, dtype: Any) -> None:
        self.onnx, self.dtype = onnx, dtype
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.value = "x"

    def constant(self, name: str, values: Any, dtype: Any = None) -> str:
        with np.errstate(all="ignore"):  # to_onnx has refused what is not finite
            values = np.ascontiguousarray(values, dtype or self.dtype)
        self.constants.append(self.onnx.numpy_helper.from_array(values, name))
        return name

    def apply(self, operator: str, *others: str, name: str, **attributes: Any) -> None:
        self.nodes.append(self.onnx.helper.make_node(operator, [self.value, *others], [name], name=name, **attributes))
        self.value = name

    def apply_scaling(self, *steps: tuple[str, str, Any], name: str) -> None:
        """Scale in binary64, as netlet does."""
        if self.dtype != np.float64:
            self.apply("Cast", name=f"{name}_double", to=self.onnx.TensorProto.DOUBLE)
        for operator, constant, values in steps:
            self.apply(operator, self.constant(constant, values, np.float64), name=f"{name}_{operator.lower()}")
        if self.dtype != np.float64:
            self.apply("Cast", name=f"{name}_float", to=self.onnx.TensorProto.FLOAT)

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
    onnx = onnx_library()
    dtype = net.dtype if dtype is None else np.dtype(dtype)
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype: expected float32 or float64, got {dtype}")
    with np.errstate(all="ignore"):
        if not all(np.isfinite(values.astype(dtype)).all() for values in (*net.weights, *net.biases)):
            raise ValueError(f"parameters: expected finite numbers in {dtype}, got nan or inf")
    graph = _Graph(onnx, dtype)
    if net.input_scaling:
        shift, scale = net.input_scaling
        graph.apply_scaling(("Sub", "input_shift", shift), ("Div", "input_scale", scale), name="inputs")
    for i, (weight, bias, activation) in enumerate(zip(net.weights, net.biases, net.activations)):
        parameters = graph.constant(f"layers.{i}.weight", weight), graph.constant(f"layers.{i}.bias", bias)
        graph.apply("Gemm", *parameters, name=f"sums_{i}")
        graph.apply_activation(activation, i)
    if net.output_scaling:
        shift, scale = net.output_scaling
        graph.apply_scaling(("Mul", "output_scale", scale), ("Add", "output_shift", shift), name="outputs")
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
