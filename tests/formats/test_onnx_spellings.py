# SPDX-License-Identifier: BSD-3-Clause
"""One network in the many spellings that programs write: all are read, and give ONNX Runtime's outputs."""

import numpy as np
import pytest
from netlet import Network
from onnx import TensorProto, numpy_helper

from helpers.onnx_models import assert_same, model_of, node, run_onnx


def values(*shape):
    return np.random.default_rng(sum(shape) + len(shape)).normal(size=shape).astype(np.float32)


W, B, V, C = values(6, 4), values(4), values(4, 3), values(3)
LAYERS = {"w": W, "b": B, "v": V, "c": C}


def network(first, last="z", activation="Tanh"):
    """Nodes of two layers, after which the value is called `last`."""
    return [
        node("Gemm", [first, "w", "b"], ["sums"]),
        node(activation, ["sums"], ["hidden"]),
        node("Gemm", ["hidden", "v", "c"], [last]),
    ]


def inputs(*shape):
    return (("x", shape),)


@pytest.mark.parametrize(
    ("shape", "nodes", "constants"),
    [
        ((1, 1, 1, 6), [node("Sub", ["x", "m"], ["s"]), node("Flatten", ["s"], ["f"])], {"m": values(1, 1, 1, 6)}),
        (("rows", 1, 2, 3), [node("Reshape", ["x", "to"], ["f"])], {"to": np.array([-1, 6])}),
        (("rows", 1, 2, 3), [node("Reshape", ["x", "to"], ["f"])], {"to": np.array([0, -1])}),
        (("rows", 3, 2), [node("Flatten", ["x"], ["f"])], {}),
        (  # TensorFlow's Tensordot
            ("rows", 2, 3),
            [
                node("Shape", ["x"], ["all"]), node("Cast", ["all"], ["sizes"], to=TensorProto.INT32),
                node("Gather", ["sizes", "zero"], ["rows"], axis=0), node("Concat", ["rows", "rest"], ["both"], axis=0),
                node("Cast", ["both"], ["to"], to=TensorProto.INT64), node("Reshape", ["x", "to"], ["f"]),
            ],
            {"zero": np.array([0]), "rest": np.array([6], np.int32)},
        ),
        ((6,), [node("Unsqueeze", ["x", "to"], ["f"])], {"to": np.array([0])}),
        ((5, 6, 1), [node("Squeeze", ["x", "to"], ["f"])], {"to": np.array([2])}),
        ((5, 6, 1, 1), [node("Squeeze", ["x"], ["f"])], {}),
        (("rows", 1, 2, 3), [node("Transpose", ["x"], ["t"], perm=[0, 2, 3, 1]), node("Flatten", ["t"], ["f"])], {}),
        (  # a constant for each channel, and one for each pixel
            (5, 3, 1, 2),
            [node("Sub", ["x", "m"], ["s"]), node("Div", ["s", "d"], ["q"]), node("Flatten", ["q"], ["f"])],
            {"m": values(3, 1, 1), "d": np.abs(values(1, 3, 1, 2))},
        ),
        (  # PyTorch's x.view(x.size(0), -1)
            ("rows", 2, 3),
            [
                node("Shape", ["x"], ["all"]), node("Gather", ["all", "zero"], ["one"], axis=0),
                node("Unsqueeze", ["one", "axes"], ["rows"]), node("Concat", ["rows", "rest"], ["to"], axis=0),
                node("Reshape", ["x", "to"], ["f"]),
            ],
            {"zero": np.array(0), "axes": np.array([0]), "rest": np.array([-1])},
        ),
    ],
)  # fmt: skip
def test_inputs_of_any_shape_whose_rows_stay_rows(shape, nodes, constants):
    model = model_of([*nodes, *network("f", "y")], {**LAYERS, **constants}, inputs(*shape))
    x = values(*(5 if size == "rows" else size for size in shape))
    net = assert_same(model, x)
    assert net.layer_sizes == (6, 4, 3)


def test_one_row_without_an_axis_of_rows():
    nodes = [
        node("MatMul", ["x", "w"], ["m"]), node("Add", ["m", "b"], ["s"]), node("Elu", ["s"], ["e"]),
        node("MatMul", ["e", "v"], ["n"]), node("Add", ["n", "c"], ["y"]),
    ]  # fmt: skip
    assert_same(model_of(nodes, LAYERS, inputs(6), (("y", (3,)),)), values(6))


@pytest.mark.parametrize("shape", [(6,), (6, 1), (1, 6, 1)])
def test_weights_on_the_left_of_a_column(shape):
    column = (1,) if len(shape) > 1 else ()
    nodes = [
        node("MatMul", ["w", "x"], ["m"]), node("Add", ["m", "b"], ["s"]), node("Relu", ["s"], ["e"]),
        node("MatMul", ["v", "e"], ["n"]), node("Add", ["n", "c"], ["y"]),
    ]  # fmt: skip
    constants = {"w": W.T.copy(), "b": B.reshape(4, *column), "v": V.T.copy(), "c": C.reshape(3, *column)}
    outputs = (("y", (*shape[:-2], 3, 1) if column else (3,)),)
    net = assert_same(model_of(nodes, constants, inputs(*shape), outputs), values(*shape))
    np.testing.assert_array_equal(net.weights[0], W)


@pytest.mark.parametrize(
    ("attributes", "weight", "bias", "shape"),
    [
        ({}, W, B, (5, 6)),
        ({"transB": 1}, W.T.copy(), B[None], (5, 6)),
        ({"alpha": -0.5, "beta": 2.0}, W, B, (5, 6)),
        ({"beta": 0.0}, W, B, (5, 6)),
        ({}, W, np.float32(0.5), (5, 6)),
        ({}, W, B[:1], (5, 6)),
        ({}, W, None, (5, 6)),
        ({"transA": 1}, W, B, (6, 1)),
        ({"transA": 1, "transB": 1, "alpha": 3.0}, W.T.copy(), B[:1, None], (6, 1)),
    ],
)
def test_gemm_with_all_attributes(attributes, weight, bias, shape):
    names = ["x", "w"] if bias is None else ["x", "w", "b"]
    constants = {"w": weight} if bias is None else {"w": weight, "b": np.asarray(bias)}
    net = assert_same(model_of([node("Gemm", names, ["y"], **attributes)], constants, inputs(*shape)), values(*shape))
    assert net.layer_sizes == (6, 4)
    assert net.output_scaling is None


def test_gemm_with_weights_on_the_left():
    nodes = [node("Gemm", ["w", "x", "b"], ["y"], transA=1, transB=1)]
    assert_same(model_of(nodes, {"w": W, "b": B[:, None]}, inputs(1, 6), (("y", (4, 1)),)), values(1, 6))


def test_affine_maps_anywhere():
    """Before, between and behind the layers; the second bias adds to the first."""
    number = {"two": np.float32(2), "half": np.float32(0.5)}
    normalized = {f"{name}{i}": values(4) for i in range(2) for name in ("scale", "shift", "mean")}
    normalized |= {f"variance{i}": np.abs(values(4)) for i in range(2)}
    nodes = [
        node("Mul", ["x", "a"], ["x1"]), node("Add", ["x1", "a"], ["x2"]), node("Neg", ["x2"], ["x3"]),
        node("Sub", ["two", "x3"], ["x4"]), node("Dropout", ["x4"], ["x5"]),
        node("MatMul", ["x5", "w"], ["m"]), node("Add", ["b", "m"], ["s"]), node("Add", ["s", "u"], ["s1"]),
        node("BatchNormalization", ["s1", *(f"{name}0" for name in ("scale", "shift", "mean", "variance"))], ["s2"]),
        node("Sigmoid", ["s2"], ["h"]), node("Identity", ["h"], ["h0"]), node("Dropout", ["h0", "half"], ["h1"]),
        node("BatchNormalization", ["h1", *(f"{name}1" for name in ("scale", "shift", "mean", "variance"))], ["h2"]),
        node("Mul", ["h2", "two"], ["h3"]), node("Gemm", ["h3", "v", "c"], ["o"]), node("Add", ["o", "c"], ["o1"]),
        node("Tanh", ["o1"], ["o2"]), node("Mul", ["o2", "two"], ["o3"]), node("Sub", ["o3", "half"], ["y"]),
    ]  # fmt: skip
    model = model_of(nodes, {**LAYERS, **number, **normalized, "a": values(6), "u": values(1, 4)})
    net = assert_same(model, values(9, 6))
    assert net.layer_sizes == (6, 4, 3)
    assert net.activations == ("sigmoid", "tanh")
    assert net.input_scaling is None  # half of its scales are negative
    np.testing.assert_array_equal(net.output_scaling, [[-0.5] * 3, [2.0] * 3])


def test_scaling_stays_scaling_and_parameters_stay_the_same_bits():
    nodes = [
        node("Cast", ["x"], ["x0"], to=TensorProto.DOUBLE), node("Sub", ["x0", "m"], ["x1"]),
        node("Div", ["x1", "d"], ["x2"]), node("Cast", ["x2"], ["x3"], to=TensorProto.FLOAT), *network("x3"),
        node("Mul", ["z", "two"], ["u"]), node("Add", ["u", "c"], ["y"]),
    ]  # fmt: skip
    mean, width = values(6).astype(float), np.abs(values(6)).astype(float)
    net = assert_same(model_of(nodes, {**LAYERS, "m": mean, "d": width, "two": np.float32(2)}), values(9, 6))
    np.testing.assert_array_equal(net.input_scaling, [mean, width])
    np.testing.assert_array_equal(net.output_scaling, [C, [2, 2, 2]])
    for found, wanted in zip((*net.weights, *net.biases), (W, V, B, C)):
        assert found.tobytes() == wanted.tobytes()


ACTIVATED = {
    "softplus": [
        node("Softplus", ["z"], ["p"]), node("Greater", ["z", "limit"], ["g"]), node("Where", ["g", "z", "p"], ["y"]),
    ],
    "silu": [node("Sigmoid", ["z"], ["p"]), node("Mul", ["p", "z"], ["y"])],
    "mish": [node("Softplus", ["z"], ["p"]), node("Tanh", ["p"], ["t"]), node("Mul", ["z", "t"], ["y"])],
    "gelu": [
        node("Div", ["z", "root"], ["d"]), node("Erf", ["d"], ["e"]), node("Add", ["e", "one"], ["f"]),
        node("Mul", ["z", "f"], ["g"]), node("Mul", ["g", "half"], ["y"]),
    ],
    "gelu, half of it first": [
        node("Mul", ["z", "half"], ["h"]), node("Mul", ["z", "inverse"], ["d"]), node("Erf", ["d"], ["e"]),
        node("Add", ["one", "e"], ["f"]), node("Mul", ["h", "f"], ["y"]),
    ],
    "gelu, half of its factor": [
        node("Div", ["z", "root"], ["d"]), node("Erf", ["d"], ["e"]), node("Mul", ["e", "half"], ["h"]),
        node("Add", ["h", "half"], ["f"]), node("Mul", ["f", "z"], ["y"]),
    ],
    "relu": [node("Clip", ["z", "zero"], ["y"])],
    "relu, a maximum": [node("Max", ["zero", "z"], ["y"])],
    "leaky_relu": [node("LeakyRelu", ["z"], ["y"])],
    "hard_sigmoid": [node("HardSigmoid", ["z"], ["y"], alpha=1 / 6, beta=0.5)],
    "softplus, beta": [
        node("Mul", ["z", "two"], ["t"]), node("Softplus", ["t"], ["p"]), node("Div", ["p", "two"], ["d"]),
        node("Greater", ["t", "limit"], ["g"]), node("Where", ["g", "z", "d"], ["y"]),
    ],
    "hard_sigmoid, a part of relu6": [
        node("Add", ["z", "three"], ["a"]), node("Clip", ["a", "zero", "six"], ["l"]), node("Div", ["l", "six"], ["y"]),
    ],
    "hard_sigmoid, 3 in the biases": [node("Clip", ["z", "zero", "six"], ["l"]), node("Mul", ["l", "sixth"], ["y"])],
    "softmax": [node("Softmax", ["z"], ["y"])],
}  # fmt: skip
NUMBERS = {"limit": 20, "root": 2**0.5, "inverse": 0.5**0.5, "one": 1, "half": 0.5, "zero": 0}
NUMBERS |= {"two": 2, "three": 3, "six": 6, "sixth": 1 / 6}


@pytest.mark.filterwarnings("ignore:model, node 'y':UserWarning")
@pytest.mark.parametrize(
    "last",
    [
        node("LeakyRelu", ["z"], ["y"], alpha=0.2), node("PRelu", ["z", "slope"], ["y"]),
        node("PRelu", ["z", "slopes"], ["y"]), node("PRelu", ["z", "row"], ["y"]),
    ],
)  # fmt: skip
def test_slopes_of_leaky_relu(last):
    slopes = {"slope": np.float32([0.3]), "slopes": np.float32([0.1, -0.2, 0.01]), "row": np.float32([[0.5, 1, 2]])}
    constants = {**LAYERS, **{name: values for name, values in slopes.items() if name in last.input}}
    net = assert_same(model_of([*network("x"), last], constants), values(9, 6))
    assert net.layer_sizes == (6, 4, 6, 3)


@pytest.mark.parametrize("name", ACTIVATED)
def test_activations_in_several_nodes(name):
    nodes = network("x") + ACTIVATED[name]
    used = {each for one in nodes for each in one.input}
    constants = {key: np.float32(number) for key, number in NUMBERS.items() if key in used}
    net = assert_same(model_of(nodes, {**LAYERS, "v": V * 20, **constants}), values(9, 6))
    assert net.activations == ("tanh", name.split(",")[0])
    assert (net.output_scaling is None) == ("beta" not in name)
    if "beta" not in name:
        np.testing.assert_array_equal(net.weights[1], V * 20)


def test_log_softmax_gives_the_probabilities_and_says_so():
    model = model_of([*network("x"), node("LogSoftmax", ["z"], ["y"], axis=1)], LAYERS)
    with pytest.warns(UserWarning, match="ends in LogSoftmax; the network gives the probabilities"):
        net = Network.from_onnx(model)
    assert net.loss_name == "cross_entropy"
    x = values(9, 6)
    np.testing.assert_allclose(net.forward(x), np.exp(run_onnx(model, x)), rtol=1e-5)


def test_softmax_before_opset_13_takes_all_axes_from_its_own_on():
    nodes = [node("Softmax", ["x0"], ["y"], axis=1)]
    model = model_of([node("Gemm", ["x", "w", "b"], ["x0"]), *nodes], LAYERS, inputs("rows", 6), opset=11)
    assert assert_same(model, values(5, 6)).activations == ("softmax",)


def test_constants_may_be_computed():
    tensor = numpy_helper.from_array(W.T.copy())
    nodes = [
        node("Constant", [], ["w0"], value=tensor), node("Transpose", ["w0"], ["w1"]),
        node("Cast", ["w1"], ["w2"], to=TensorProto.DOUBLE), node("Cast", ["w2"], ["w3"], to=TensorProto.FLOAT),
        node("Constant", [], ["b0"], value_floats=[0.5, -1.0, 2.0]), node("Constant", [], ["b1"], value_float=3.0),
        node("Constant", [], ["axis"], value_ints=[0]), node("Constant", [], ["to"], value_ints=[1, -1]),
        node("Unsqueeze", ["b1", "axis"], ["b2"]), node("Concat", ["b0", "b2"], ["b3"], axis=0),
        node("Mul", ["b3", "b1"], ["b4"]), node("Sub", ["b4", "b1"], ["b5"]), node("Div", ["b5", "b1"], ["b6"]),
        node("Add", ["b6", "b3"], ["b7"]), node("Reshape", ["b7", "to"], ["b8"]),
        node("Squeeze", ["b8", "axis"], ["b9"]), node("Identity", ["b9"], ["b"]),
        node("MatMul", ["x", "w3"], ["m"]), node("Add", ["m", "b"], ["y"]),
    ]  # fmt: skip
    net = assert_same(model_of(nodes, {}), values(5, 6))
    np.testing.assert_array_equal(net.weights[0], W)
    np.testing.assert_allclose(net.biases[0], [0, -3, 3, 5])
