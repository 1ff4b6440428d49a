# SPDX-License-Identifier: BSD-3-Clause
"""Import from and export to ONNX: the same function, or an error that names the node."""

import numpy as np
import onnx
import onnxruntime
import pytest
from netlet import Network
from onnx import helper, numpy_helper

EPSILON = {"float32": 2.0**-23, "float64": 2.0**-52}
HIDDEN = [
    *("identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu", "hard_sigmoid"),
]
IN_FLOAT64 = ["identity", "sigmoid", "tanh", "relu", "silu"]  # that ONNX Runtime has kernels for


def bound(net, x):
    """How far another order of the same sums may be off: docs/exchange.md has the formula."""
    depth = sum(net.layer_sizes) + 16 * len(net.weights)
    size = np.abs(x).max(axis=1, keepdims=True)
    for weight, bias in zip(net.weights, net.biases):
        size = np.abs(weight).sum(axis=0).max() * size + np.abs(bias).max() + 1
    return EPSILON[net.dtype.name] * depth * size


def assert_close(actual, net, x):
    assert (np.abs(actual - net.forward(x)) <= bound(net, x)).all()


def run_onnx(path, x):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def scaled():
    net = Network([3, 4, 2], activation="relu", output_activation="identity", seed=2)
    rng = np.random.default_rng(21)
    net.learn_scaling(rng.normal(size=(20, 3)) * 9, rng.normal(size=(20, 2)) * 9)
    return net


@pytest.mark.parametrize("activation", HIDDEN)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_onnx_runtime_computes_the_same_function(activation, dtype, tmp_path, rng):
    net = Network([3, 20, 7, 2], activation=activation, dtype=dtype, seed=4)
    path = str(tmp_path / "net.onnx")
    net.to_onnx(path)
    x = (rng.normal(size=(50, 3)) * 3).astype(dtype)
    if dtype == "float32" or activation in IN_FLOAT64:
        assert_close(run_onnx(path, x), net, x)
    back = Network.from_onnx(path)
    assert back == Network.from_onnx(onnx.load(path))
    assert back == net


def test_onnx_has_softmax_scaling_and_the_other_dtype(tmp_path, rng):
    path = str(tmp_path / "net.onnx")
    net = Network([3, 6, 4], loss="cross_entropy", dtype="float32", reduction="mean", seed=1)
    x = rng.normal(size=(50, 3)).astype(np.float32)
    net.to_onnx(path)
    assert_close(run_onnx(path, x), net, x)
    assert Network.from_onnx(path) == net
    net = scaled()
    net.to_onnx(path)
    outputs = run_onnx(path, x.astype(np.float64))
    np.testing.assert_allclose(outputs, net.forward(x), rtol=1e-13)
    assert Network.from_onnx(path) == net
    net.to_onnx(path, dtype="float32")
    np.testing.assert_allclose(run_onnx(path, x), net.forward(x), rtol=1e-4, atol=1e-4)
    assert Network.from_onnx(path).dtype == np.float32
    assert Network.from_onnx(path, dtype="float64").dtype == np.float64
    with pytest.raises(ValueError, match="dtype: expected float32 or float64, got int8"):
        net.to_onnx(path, dtype="int8")


def model_of(nodes, constants, inputs=("x",), outputs=("y",)):
    def value(name):
        return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["rows", "columns"])

    tensors = [numpy_helper.from_array(np.asarray(array, np.float32), name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "test", list(map(value, inputs)), list(map(value, outputs)), tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)


W, B = np.arange(6.0).reshape(3, 2) / 4 - 1, np.array([0.5, -0.25])


def test_onnx_in_other_forms():
    node = helper.make_node
    same = [
        ([node("Gemm", ["x", "w", "b"], ["y"])], {"w": W, "b": B}),
        ([node("Gemm", ["x", "w", "b"], ["y"], transB=1)], {"w": W.T, "b": B}),
        ([node("Gemm", ["x", "w", "b"], ["y"])], {"w": W, "b": B[None]}),
        ([node("Gemm", ["x", "w", "b"], ["y"], alpha=2.0, beta=0.5)], {"w": W / 2, "b": B * 2}),
        ([node("MatMul", ["x", "w"], ["s"]), node("Add", ["s", "b"], ["y"])], {"w": W, "b": B}),
        ([node("MatMul", ["x", "w"], ["s"]), node("Add", ["b", "s"], ["y"])], {"w": W, "b": B}),
        ([node("MatMul", ["x", "w"], ["s"]), node("Add", ["s", "b"], ["y"])], {"w": W, "b": B[None]}),
        ([node("Identity", ["x"], ["i"]), node("Gemm", ["i", "w", "b"], ["y"])], {"w": W, "b": B}),
        (
            [
                node("Constant", [], ["w"], value=numpy_helper.from_array(W.astype(np.float32))),
                node("Gemm", ["x", "w", "b"], ["y"]),
            ],
            {"b": B},
        ),
    ]
    expected = Network([3, 2], activation="identity", reduction="mean", dtype="float32", init=[(W, B)])
    for nodes, constants in same:
        assert Network.from_onnx(model_of(nodes, constants)) == expected
    assert Network.from_onnx(model_of(*same[0]), loss="huber").loss_name == "huber"


def test_onnx_that_is_no_such_network_is_refused():
    node = helper.make_node
    gemm = node("Gemm", ["x", "w", "b"], ["s"], name="first")
    square = {"w": np.eye(2), "b": np.zeros(2)}
    cases = [
        (
            [node("Conv", ["x", "w"], ["y"], name="conv")],
            {"w": W[:, :, None, None]},
            r"node 'conv' \(Conv\): netlet has no",
        ),
        ([gemm, node("Elu", ["s"], ["y"], alpha=2.0)], square, r"node 'y' \(Elu\): netlet's elu has alpha 1.0"),
        ([gemm, node("Gelu", ["s"], ["y"], approximate="tanh")], square, "approximate"),
        ([gemm, node("Softmax", ["s"], ["y"], axis=0)], square, "axis"),
        ([gemm, node("Relu", ["s"], ["r"]), node("Tanh", ["r"], ["y"])], square, "one activation"),
        ([node("Relu", ["x"], ["r"]), node("Gemm", ["r", "w", "b"], ["y"])], square, "before the activation"),
        ([gemm, node("Gemm", ["s", "v", "b"], ["y"])], {**square, "v": W}, "expected 2 inputs, got 3"),
        ([gemm, node("Add", ["s", "x"], ["y"])], square, "constant"),
        ([node("Gemm", ["x", "x", "b"], ["y"])], square, "constants"),
        ([node("Gemm", ["x", "w", "b"], ["y"], transA=1)], square, "transA"),
        ([gemm, node("Relu", ["s"], ["r"]), node("Sub", ["s", "b"], ["y"])], square, "a chain"),
        ([gemm, node("Mul", ["s", "b"], ["m"]), node("Gemm", ["m", "w", "b"], ["y"])], square, "after the outputs"),
        ([gemm, node("Sub", ["s", "b"], ["y"])], square, "scaling before the first layer"),
        ([node("Div", ["x", "b"], ["d"]), node("Sub", ["d", "b"], ["y"])], square, "scaling before the first layer"),
        (
            [gemm, node("Sigmoid", ["s"], ["g"]), node("Mul", ["g", "s"], ["m"]), node("Mul", ["m", "s"], ["y"])],
            square,
            "constant",
        ),
        ([node("Identity", ["x"], ["y"])], {}, "at least one layer"),
    ]
    for nodes, constants, message in cases:
        with pytest.raises(ValueError, match=message):
            Network.from_onnx(model_of(nodes, constants))
    with pytest.raises(ValueError, match="one input and one output, got 2 and 1"):
        Network.from_onnx(model_of([gemm, node("Add", ["s", "z"], ["y"])], square, inputs=("x", "z")))
    for constants, message in [
        ({"w": np.eye(2)[0], "b": B}, "matrix of weights"),
        ({"w": np.eye(2), "b": np.zeros((2, 1))}, "bias"),
    ]:
        with pytest.raises(ValueError, match=message):
            Network.from_onnx(model_of([node("Gemm", ["x", "w", "b"], ["y"])], constants))
    integers = model_of([node("Gemm", ["x", "w", "b"], ["y"])], square)
    for i, tensor in enumerate(integers.graph.initializer):
        integers.graph.initializer[i].CopyFrom(
            numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.int32), tensor.name)
        )
    with pytest.raises(ValueError, match="float32 or float64, got int32"):
        Network.from_onnx(integers)


def test_onnx_keeps_the_settings_of_a_loss(tmp_path):
    path = tmp_path / "net.onnx"
    for net in (
        Network([3, 2], loss="huber", huber_delta=0.1, seed=0),
        Network([3, 2], loss="quantile", quantile=[0.1, 0.9], seed=0),
    ):
        net.to_onnx(path)
        assert Network.from_onnx(path) == net


def test_contents_that_are_no_onnx_are_refused(tmp_path):
    path = tmp_path / "net.onnx"
    original = Network([3, 4, 2], seed=0)
    original.to_onnx(path)
    data = path.read_bytes()
    refused = []
    for size in range(len(data)):
        path.write_bytes(data[:size])
        try:  # without its last bytes, a loss and a version, it is a model still
            np.testing.assert_array_equal(Network.from_onnx(path).parameters, original.parameters)
        except ValueError as error:
            refused.append(str(error))
    assert len(refused) > 0.5 * len(data)
    assert all(message.startswith("model") for message in refused)
    with pytest.raises(TypeError, match=r"expected a path or an onnx\.ModelProto, got int"):
        Network.from_onnx(3)
    with pytest.raises(FileNotFoundError):
        Network.from_onnx(tmp_path / "missing")
    net = Network([3, 2], seed=0)
    net.parameters[0] = 1e300
    with pytest.raises(ValueError, match="expected finite numbers in float32"):
        net.to_onnx(path, dtype="float32")
