# SPDX-License-Identifier: BSD-3-Clause
"""Networks from and for other libraries: the same function, or a refusal that names the layer."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from netlet import Network
from onnx import helper, numpy_helper
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

RNG = np.random.default_rng(21)
FILES = Path(__file__).parents[1] / "files"
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


# ---- ONNX


def run_onnx(path, x):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def scaled():
    net = Network([3, 4, 2], activation="relu", output_activation="identity", seed=2)
    net.learn_scaling(RNG.normal(size=(20, 3)) * 9, RNG.normal(size=(20, 2)) * 9)
    return net


@pytest.mark.parametrize("activation", HIDDEN)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_onnx_runtime_computes_the_same_function(activation, dtype, tmp_path):
    net = Network([3, 20, 7, 2], activation=activation, dtype=dtype, seed=4)
    path = str(tmp_path / "net.onnx")
    net.to_onnx(path)
    x = (RNG.normal(size=(50, 3)) * 3).astype(dtype)
    if dtype == "float32" or activation in IN_FLOAT64:
        assert_close(run_onnx(path, x), net, x)
    back = Network.from_onnx(path)
    assert back == Network.from_onnx(onnx.load(path))
    assert back == net


def test_onnx_has_softmax_scaling_and_the_other_dtype(tmp_path):
    path = str(tmp_path / "net.onnx")
    net = Network([3, 6, 4], loss="cross_entropy", dtype="float32", reduction="mean", seed=1)
    x = RNG.normal(size=(50, 3)).astype(np.float32)
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


W, B = RNG.normal(size=(3, 2)), RNG.normal(size=2)


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
        ([gemm, node("Elu", ["s"], ["y"], alpha=2.0)], square, r"node 'y' \(Elu\): netlet's elu has alpha=1.0"),
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


# ---- scikit-learn


def fitted(model, x, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(x, y)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_sklearn_models_predict_the_same(activation):
    digits, diabetes = load_digits(), load_diabetes()
    settings = {"activation": activation, "hidden_layer_sizes": (20, 10), "max_iter": 10, "random_state": 0}
    x, y = digits.data / 16, digits.target
    for targets in (y, y % 2):
        model = fitted(MLPClassifier(**settings), x, targets)
        net = Network.from_sklearn(model)
        np.testing.assert_allclose(net.forward(x)[:, -1], model.predict_proba(x)[:, -1], rtol=1e-9, atol=1e-12)
        assert (model.classes_[net.predict(x)] == model.predict(x)).all()
    several = np.stack([y % 2, y > 4], axis=1).astype(int)
    model = fitted(MLPClassifier(**settings), x, several)
    net = Network.from_sklearn(model)
    assert net.loss_name == "binary_cross_entropy"
    assert (net.predict(x) == model.predict(x)).all()
    model = fitted(MLPRegressor(**settings), diabetes.data, diabetes.target)
    np.testing.assert_allclose(Network.from_sklearn(model).predict(diabetes.data), model.predict(diabetes.data))


def test_sklearn_pipelines_bring_their_scaling():
    x, y = load_diabetes(return_X_y=True, scaled=False)
    for scaler in (StandardScaler(), StandardScaler(with_mean=False), StandardScaler(with_std=False)):
        model = fitted(make_pipeline(scaler, MLPRegressor(max_iter=5, random_state=0)), x, y)
        np.testing.assert_allclose(Network.from_sklearn(model).predict(x), model.predict(x))
    assert Network.from_sklearn(model, dtype="float32").dtype == np.float32


def test_sklearn_models_that_are_no_networks_are_refused():
    with pytest.raises(TypeError, match="MLPClassifier or MLPRegressor, got LogisticRegression"):
        Network.from_sklearn(LogisticRegression())
    with pytest.raises(ValueError, match="expected a fitted MLPRegressor"):
        Network.from_sklearn(MLPRegressor())
    x, y = load_diabetes(return_X_y=True)
    model = fitted(make_pipeline(MinMaxScaler(), MLPRegressor(max_iter=2)), x, y)
    with pytest.raises(ValueError, match="StandardScaler before the network, got MinMaxScaler"):
        Network.from_sklearn(model)
    model = fitted(make_pipeline(StandardScaler(), StandardScaler(), MLPRegressor(max_iter=2)), x, y)
    with pytest.raises(ValueError, match="at most a StandardScaler before the network, got 2"):
        Network.from_sklearn(model)


# ---- PyTorch, of which only what a model looks like is needed here; tests/test_frameworks.py has the real one


class Tensor:
    dtype = "torch.float32"

    def __init__(self, values):
        self.values = np.asarray(values, np.float32)

    def detach(self):
        return self

    cpu = detach

    def numpy(self):
        return self.values


def test_a_state_dict():
    state = {"0.weight": Tensor(W.T), "0.bias": Tensor(B), "2.weight": Tensor(W)}
    net = Network.from_torch(state, activation="tanh", output_activation="sigmoid")
    assert net.activations == ("tanh", "sigmoid")
    assert net.loss_name == "binary_cross_entropy"
    np.testing.assert_array_equal(net.weights[0], W.astype(np.float32))
    np.testing.assert_array_equal(net.biases[1], np.zeros(3))
    with pytest.raises(ValueError, match="activation: a state_dict does not say it"):
        Network.from_torch(state)
    with pytest.raises(ValueError, match="one for each of the 2 layers, got 3"):
        Network.from_torch(state, activation=["tanh"] * 3)
    with pytest.raises(ValueError, match=r"got 'norm\.running_mean' too"):
        Network.from_torch({**state, "norm.running_mean": Tensor(B)}, activation="tanh")
    with pytest.raises(ValueError, match=r"model, 2\.weight: expected 2 inputs, got 3"):
        Network.from_torch({**state, "2.weight": Tensor(W.T)}, activation="tanh")
    with pytest.raises(ValueError, match=r"in their order, got '10\.weight' before '2\.weight'"):
        Network.from_torch({"10.weight": Tensor(W), "2.weight": Tensor(W.T)}, activation="tanh")
    with pytest.raises(TypeError, match=r"model, 0\.weight: expected a tensor of PyTorch, got ndarray"):
        Network.from_torch({"0.weight": W}, activation="tanh")
    with pytest.raises(TypeError, match="expected a Sequential or a state_dict of PyTorch, got int"):
        Network.from_torch(3)


# ---- Keras


def test_weights_of_keras():
    net = Network.from_keras([W, B, W.T], activation="relu", output_activation="softmax", dtype="float32")
    assert net.activations == ("relu", "softmax")
    assert (net.loss_name, net.dtype) == ("cross_entropy", np.float32)
    np.testing.assert_array_equal(net.weights[1], W.T.astype(np.float32))
    with pytest.raises(ValueError, match="activation: weights do not say it"):
        Network.from_keras([W, B])
    with pytest.raises(ValueError, match=r"model, array 0: expected a weight .* got \(2,\)"):
        Network.from_keras([B, W], activation="relu")
    with pytest.raises(ValueError, match=r"array 2: expected a weight .* got \(2,\)"):
        Network.from_keras([W, B, B], activation="relu")
    with pytest.raises(TypeError, match="expected a model of Keras or its weights, got str"):
        Network.from_keras("model")


# ---- FANN: tests/files/fann.c wrote the networks, and what FANN gives for x = (0.25, -0.5)


@pytest.mark.parametrize("name", ["sigmoid", "symmetric", "linear", "steep", "deep"])
def test_networks_of_fann_give_the_same(name):
    net = Network.from_fann(FILES / f"fann_{name}.net")
    expected = np.array((FILES / f"fann_{name}.txt").read_text().split(), float)
    np.testing.assert_allclose(net.forward([0.25, -0.5]), expected, rtol=2e-6)


def test_fann_files_that_are_no_such_networks_are_refused(tmp_path):
    def refused(text, match, **settings):
        path = tmp_path / "changed.net"
        path.write_text(text)
        with pytest.raises(ValueError, match=match):
            Network.from_fann(path, **settings)

    text = (FILES / "fann_sigmoid.net").read_text()
    refused((FILES / "fann_stepwise.net").read_text(), "layer 1: sigmoid stepwise is an approximation")
    assert Network.from_fann(FILES / "fann_stepwise.net", stepwise=True).activations[0] == "sigmoid"
    refused((FILES / "fann_shortcut.net").read_text(), "shortcut")
    refused((FILES / "fann_gaussian.net").read_text(), "layer 1: netlet has no activation 'gaussian'")
    refused((FILES / "fann_sparse.net").read_text(), "layer 1: expected each neuron connected to the whole layer")
    refused(text.replace("scale_included=0", "scale_included=1"), "scaling")
    refused("", "begins with FANN_FLO, got 'nothing'")
    refused("FANN_FIX_2.1\n", "begins with FANN_FLO, got 'FANN_FIX_2.1'")
    refused("FANN_FLO_2.1\n", "with 'layer_sizes'")
    refused(text.replace("layer_sizes=3", "layer_sizes=x"), "numbers in layer_sizes")
    refused(text.replace("layer_sizes=3", "layer_sizes=999999999"), "entries of")
    refused(text[: len(text) // 2], "expected")
    refused(text.replace("(0, ", "(7, ", 5), "expected")
    for size in range(0, len(text), 7):
        with pytest.raises(ValueError, match="path"):
            Network.from_fann(write(tmp_path, text[:size]))
    with pytest.raises(FileNotFoundError):
        Network.from_fann(tmp_path / "missing.net")


def write(folder, text):
    path = folder / "cut.net"
    path.write_text(text)
    return path


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


def test_a_long_number_in_a_file_of_fann_takes_no_time(tmp_path):
    text = (FILES / "fann_sigmoid.net").read_text()
    path = tmp_path / "long.net"
    path.write_text(text.replace("(0, ", "(" + "1" * 1_000_000, 1))
    with pytest.raises(ValueError, match="path"):
        Network.from_fann(path)
