# SPDX-License-Identifier: BSD-3-Clause
"""ONNX models from nodes and constants, ONNX Runtime's outputs, and how far they may be from netlet's."""

import numpy as np
import onnx
import onnxruntime
from netlet import Network
from onnx import TensorProto, helper, numpy_helper

node = helper.make_node
EPSILON = {"float32": 2.0**-23, "float64": 2.0**-52}
onnxruntime.set_default_logger_severity(4)  # it says what it says as an exception, too


def model_of(nodes, constants, inputs=(("x", ("rows", "columns")),), outputs=(("y", ("rows", "outputs")),), opset=20):
    """A model whose constants are float32, unless they are arrays or tensors already."""

    def value(name, shape, kind=TensorProto.FLOAT):
        return helper.make_tensor_value_info(name, kind, shape)

    def tensor(name, values):
        if isinstance(values, TensorProto):
            return values
        return numpy_helper.from_array(values if isinstance(values, np.ndarray) else np.float32(values), name)

    graph = helper.make_graph(
        nodes,
        "test",
        [value(*described) for described in inputs],
        [value(*described) for described in outputs],
        [tensor(name, values) for name, values in constants.items()],
    )
    domains = {"": opset} | {each.domain: 1 for each in nodes if each.domain}
    opsets = [helper.make_opsetid(domain, version) for domain, version in domains.items()]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def run_onnx(model, x, output=None):
    """What ONNX Runtime gives, for a path or a model."""
    source = model.SerializeToString() if isinstance(model, onnx.ModelProto) else str(model)
    session = onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"])
    return session.run(output and [output], {session.get_inputs()[0].name: x})[0]


def bound(net, x):
    """How far another order of the same operations may be off: docs/exchange.md has the formula."""
    shift, scale = net.input_scaling or (0, 1)
    size = ((np.abs(x) + np.abs(shift)) / scale).max(axis=1, keepdims=True)
    for weight, bias in zip(net.weights, net.biases):
        size = np.abs(weight).sum(axis=0).max() * size + np.abs(bias).max() + 1
    shift, scale = net.output_scaling or (np.zeros(1), np.ones(1))
    size = np.abs(scale).max() * size + np.abs(shift).max()
    return EPSILON[net.dtype.name] * (sum(net.layer_sizes) + 16 * len(net.weights)) * size


def assert_close(actual, net, x):
    assert (np.abs(actual - net.forward(x)) <= bound(net, x)).all()


def assert_same(model, x, output=None):
    """The network that is read from the model, if it gives ONNX Runtime's outputs for the rows of x."""
    net = Network.from_onnx(model, output=output)
    rows = x.reshape(-1, net.layer_sizes[0])
    assert_close(run_onnx(model, x, output).reshape(len(rows), -1), net, rows)
    return net
