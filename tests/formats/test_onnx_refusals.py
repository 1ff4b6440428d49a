# SPDX-License-Identifier: BSD-3-Clause
"""ONNX models that are no such network are refused by the name of the node, and nothing is taken for something else."""

import numpy as np
import pytest
from netlet import Network
from netlet.formats.onnx_operators import KNOWN
from onnx import TensorProto, helper

from helpers.onnx_models import model_of, node

SQUARE = {"w": np.eye(2), "b": np.zeros(2)}
FIRST = node("Gemm", ["x", "w", "b"], ["s"], name="first")
ROWS = (("x", ("rows", 2)),)


def after(*nodes):
    return [FIRST, *nodes]


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([node("Conv", ["x", "w"], ["y"], name="conv")], r"'conv' \(Conv\): netlet has no such layer; known are Gemm"),
        (after(node("Exp", ["s"], ["y"])), r"\(Exp\): netlet has no such layer"),
        (after(node("Elu", ["s"], ["y"], alpha=2.0)), r"node 'y' \(Elu\): netlet's elu has alpha 1.0, this one 2.0"),
        (after(node("LeakyRelu", ["s"], ["y"], alpha=np.inf)), "expected finite slopes"),
        (after(node("PRelu", ["b", "s"], ["y"])), "its first input alone"),
        (after(node("Gelu", ["s"], ["y"], approximate="tanh")), "approximate"),
        (after(node("Clip", ["s", "six"], ["y"])), r"'y' \(Clip\): .* limits on both sides; this one is from 6 to inf"),
        (after(node("Max", ["s", "six"], ["y"])), r"\(Max\): .* from 6 to inf"),
        (after(node("Min", ["s", "six"], ["y"])), r"\(Min\): .* from -inf to 6"),
        (after(node("Clip", ["s", "six", "zero"], ["y"])), "a lower limit below the upper, got 6 and 0"),
        (after(node("Clip", ["s", "zero", "zero"], ["y"])), "a lower limit below the upper, got 0 and 0"),
        (after(node("Clip", ["s", "nan", "six"], ["y"])), "a lower limit below the upper, got nan and 6"),
        (after(node("Clip", ["s", "zero", "far"], ["y"])), "limits at most 2048 apart in float32, .* from 0 to 3000"),
        (after(node("Max", ["s", "minus"], ["y"])), "limits of one number each"),
        (after(node("Min", ["s", "x"], ["y"])), "one value that depends on the model's input"),
        (after(node("Softmax", ["s"], ["y"], axis=0)), "expected the axis of the 2 outputs"),
        (after(node("Softmax", ["s"], ["y"], axis=3)), r"different axes of a shape of 2, got \[3\]"),
        (after(node("Flatten", ["s"], ["y"], axis=-3)), r"different axes of a shape of 2, got \[-3\]"),
        (after(node("Unsqueeze", ["s", "twice"], ["y"])), r"different axes of a shape of 4, got \[0, 0\]"),
        (after(node("Squeeze", ["s", "twice"], ["y"])), r"different axes of a shape of 2, got \[0, 0\]"),
        (after(node("LogSoftmax", ["s"], ["l"]), node("Gemm", ["l", "w", "b"], ["y"])), "nothing after LogSoftmax"),
        (after(node("Softmax", ["s"], ["p"]), node("Gemm", ["p", "w", "b"], ["y"])), "nothing but a scale after"),
        (after(node("Softmax", ["s"], ["p"]), node("Relu", ["p"], ["y"])), "nothing but a scale after softmax"),
        ([node("Relu", ["x"], ["y"])], "at least one layer"),
        (after(node("Gemm", ["s", "three", "b"], ["y"])), "expected 3 inputs, got 2"),
        (after(node("Add", ["s", "x"], ["y"])), "two values that depend on the model's input"),
        (after(node("MatMul", ["s", "x"], ["y"])), "weights that are constants"),
        (after(node("Mul", ["s", "s"], ["y"])), "known are silu, mish and gelu"),
        (after(node("Sigmoid", ["s"], ["g"]), node("Mul", ["g", "x"], ["y"])), "known are silu, mish and gelu"),
        (after(node("Tanh", ["s"], ["g"]), node("Mul", ["g", "minus"], ["y"])), "a positive scale .* activation tanh"),
        (after(node("Div", ["b", "s"], ["y"])), "a constant as its second input"),
        ([node("Gemm", ["x", "w", "b"], ["y"], transA=1)], "each row to stay a row"),
        (after(node("Transpose", ["s"], ["y"])), "each row to stay a row"),
        (after(node("Reshape", ["s", "four"], ["r"]), node("Gemm", ["r", "fours", "b"], ["y"])), "of 2 values to stay"),
        ([node("Reshape", ["x", "four"], ["r"]), node("Gemm", ["r", "fours", "b"], ["y"])], "input: expected each row"),
        (after(node("Add", ["s", "column"], ["y"])), "constants for the 2 values of each row"),
        (after(node("Erf", ["s"], ["y"])), "as part of gelu"),
        (after(node("Greater", ["s", "six"], ["g"]), node("Where", ["g", "s", "zero"], ["y"])), "softplus only"),
        (
            after(
                node("Softplus", ["s"], ["p"]), node("Greater", ["s", "six"], ["g"]),
                node("Where", ["g", "s", "p"], ["y"]),
            ),
            "exceed 20 or more",
        ),
        (after(node("Cast", ["s"], ["c"], to=TensorProto.INT64), node("Cast", ["c"], ["y"], to=1)), "float or double"),
        (after(node("ArgMax", ["s"], ["y"], axis=1)), "give no labels; choose another output"),
        (after(node("Normalizer", ["s"], ["y"], domain="ai.onnx.ml", norm="L2")), r"\(Normalizer\): netlet has no"),
        ([node("Dropout", ["b", "x"], ["d"]), node("Add", ["d", "b"], ["y"])], "its first input alone"),
        (after(node("Dropout", ["s", "half", "yes"], ["y"])), "inference, got the mode of training"),
        (after(node("Dropout", ["s"], ["d", "mask"]), node("Cast", ["mask"], ["y"], to=1)), "first output of a node"),
        (after(node("BatchNormalization", ["s", *"bbbb"], ["y", "m", "v"], training_mode=1)), "the mode of training"),
        ([node("Sub", ["x", "complex"], ["d"]), node("Gemm", ["d", "w", "b"], ["y"])], "numbers, got complex64"),
        ([node("Sub", ["x", "text"], ["d"]), node("Gemm", ["d", "w", "b"], ["y"])], "numbers, got object"),
        ([node("MatMul", ["x", "half_precision"], ["y"])], "float32 or float64, got float16; choose by dtype="),
        ([node("Gemm", ["x", "integers", "b"], ["y"])], "float32 or float64, got int32"),
        ([node("Gemm", ["x", "w", "integers"], ["y"], beta=0.5)], "floating-point numbers, got int32"),
        ([node("Gemm", ["x", "b", "b"], ["y"])], "matrix of weights"),
        ([node("Add", ["x", "b"], ["y"])], "at least one layer"),
        ([node("Add", ["x", "b"], ["z"]), node("Sub", ["b", "b"], ["y"])], "output: expected one that depends on"),
        ([node("Gemm", ["x", "z", "b"], ["y"]), node("Log", ["w"], ["z"])][::-1], "with constants by Constant"),
        (  # how many rows there are is no number of the network
            [
                node("Shape", ["x"], ["all"]), node("Gather", ["all", "none"], ["rows"]),
                node("Cast", ["rows"], ["n"], to=1), FIRST, node("Div", ["s", "n"], ["y"]),
            ],
            "a shape that is not known",
        ),
    ],
)  # fmt: skip
def test_what_netlet_has_not(nodes, message):
    constants = {
        "zero": np.float32(0), "half": np.float32(0.5), "six": np.float32(6), "minus": np.float32([1, -1]),
        "three": np.ones((3, 2)), "fours": np.ones((4, 2)), "column": np.ones((3, 1)), "four": np.array([-1, 4]),
        "twice": np.array([0, 0]),
        "yes": np.array(True), "none": np.array(0), "complex": np.array([1 + 2j, 3], np.complex64),
        "nan": np.float32("nan"), "far": np.float32(3000),
        "half_precision": np.ones((2, 2), np.float16), "integers": np.ones((2, 2), np.int32), **SQUARE,
        "text": helper.make_tensor("text", TensorProto.STRING, [2], [b"1", b"2"]),
    }  # fmt: skip
    constants = {
        name: value if not isinstance(value, np.ndarray) or value.dtype != np.float64 else np.float32(value)
        for name, value in constants.items()
    }
    used = {name for each in nodes for name in each.input}
    model = model_of(nodes, {name: value for name, value in constants.items() if name in used}, ROWS)
    with pytest.raises(ValueError, match=message) as caught:
        Network.from_onnx(model)
    assert str(caught.value).startswith(("model", "output"))


def test_what_is_known_is_what_can_be_read():
    with pytest.raises(ValueError, match=r"known are Gemm, MatMul, .*, Clip, Max, Min, .*, Scaler, ZipMap$"):
        Network.from_onnx(model_of(after(node("Exp", ["s"], ["y"])), SQUARE, ROWS))
    assert not {"ArgMax", "ArrayFeatureExtractor", "Binarizer", "LabelEncoder"} & set(KNOWN)


def test_two_inputs_are_refused_if_the_output_needs_both():
    nodes = [FIRST, node("Gemm", ["z", "w", "b"], ["t"]), node("Add", ["s", "t"], ["y"])]
    both = (*ROWS, ("z", ("rows", 2)))
    with pytest.raises(ValueError, match="one input that 'y' depends on, got 'x', 'z'"):
        Network.from_onnx(model_of(nodes, SQUARE, both))
    assert Network.from_onnx(model_of(nodes, SQUARE, both, (("s", (None, 2)),))).layer_sizes == (2, 2)
