# SPDX-License-Identifier: BSD-3-Clause
"""Clip, Min and Max, and activations that have no sums of their own: ONNX Runtime's outputs, with layers added."""

import numpy as np
import pytest
from netlet import Network

from helpers.onnx_models import assert_same, model_of, node

RNG = np.random.default_rng(7)
W, B, V, C = (RNG.normal(size=shape).astype(np.float32) for shape in ((6, 4), 4, (4, 3), 3))
X = (RNG.normal(size=(40, 6)) * 3).astype(np.float32)
NUMBERS = {
    "zero": 0,
    "one": 1,
    "six": 6,
    "low": -1.5,
    "high": 2,
    "minus": -1,
    "least": -100,
    "most": 100,
    "none": np.finfo(np.float32).min,
}


def gemm(before, after, first=True):
    return node("Gemm", [before, *("wb" if first else "vc")], [after])


def model(*nodes, opset=20):
    constants = {"w": W, "b": B, "v": V, "c": C, **{name: np.float32(number) for name, number in NUMBERS.items()}}
    used = {name for each in nodes for name in each.input}
    return model_of(nodes, {name: constants[name] for name in constants if name in used}, opset=opset)


@pytest.mark.parametrize(
    ("nodes", "least", "most"),
    [
        ([node("Clip", ["s", "low", "high"], ["h"])], -1.5, 2),
        ([node("Clip", ["s", "zero", "six"], ["h"])], 0, 6),
        ([node("Clip", ["s", "zero", "one"], ["h"])], 0, 1),
        ([node("Clip", ["s", "least", "most"], ["h"])], -100, 100),
        ([node("Max", ["low", "s"], ["m"]), node("Min", ["m", "high"], ["h"])], -1.5, 2),
        ([node("Min", ["s", "six", "high"], ["m"]), node("Max", ["low", "m", "minus"], ["h"])], -1, 2),
        ([node("Relu", ["s"], ["r"]), node("Clip", ["r", "", "six"], ["h"])], 0, 6),
        ([node("Clip", ["s", "none", "high"], ["r"]), node("Clip", ["r", "low"], ["h"])], -1.5, 2),
        ([node("Clip", ["s", "least", "high"], ["r"]), node("Relu", ["r"], ["h"])], 0, 2),
    ],
)
def test_limits_of_sums_are_hard_sigmoid(nodes, least, most):
    hidden = assert_same(model(gemm("x", "s"), *nodes, gemm("h", "y", first=False)), X)
    assert hidden.layer_sizes == (6, 4, 3)
    assert hidden.activations == ("hard_sigmoid", "identity")
    if most - least == 6:
        np.testing.assert_array_equal(hidden.weights[0], W)
    nodes[-1].output[0] = "y"
    output = assert_same(model(gemm("x", "s"), *nodes), X)
    assert output.layer_sizes == (6, 4)
    if (least, most) == (0, 1):
        assert output.output_scaling is None
    else:
        np.testing.assert_array_equal(output.output_scaling, [[least] * 4, [most - least] * 4])
    if most < 100:
        found = output.forward(X)
        assert (found.min(), found.max()) == (least, most)


def test_limits_that_others_imply_change_nothing():
    nodes = [
        gemm("x", "s"),
        node("Relu", ["s"], ["r"]),
        node("Clip", ["r", "minus"], ["t"]),
        node("Relu", ["t"], ["y"]),
    ]
    net = assert_same(model(*nodes), X)
    assert net.activations == ("relu",)
    assert assert_same(model(gemm("x", "s"), node("Clip", ["s", "none"], ["y"])), X).activations == ("identity",)


def test_limits_as_attributes():
    nodes = [gemm("x", "s"), node("Clip", ["s"], ["y"], min=-1.0, max=1.0)]
    assert assert_same(model(*nodes, opset=9), X).activations == ("hard_sigmoid",)


@pytest.mark.parametrize("settings", [{}, {"alpha": 0.3, "beta": 0.25}, {"alpha": -2.0}])
def test_hard_sigmoid_of_any_slope(settings):
    net = assert_same(model(gemm("x", "s"), node("HardSigmoid", ["s"], ["y"], **settings)), X)
    assert net.activations == ("hard_sigmoid",)
    assert net.output_scaling is None


@pytest.mark.parametrize(
    ("nodes", "activations"),
    [
        ([node("Sigmoid", ["x"], ["a"]), gemm("a", "y")], ("sigmoid", "identity")),
        ([node("Div", ["x", "six"], ["d"]), node("Clip", ["d", "minus", "one"], ["a"]), gemm("a", "y")],
         ("hard_sigmoid", "identity")),
        ([gemm("x", "s"), node("Tanh", ["s"], ["t"]), node("Clip", ["t", "low", "zero"], ["a"]), gemm("a", "y", False)],
         ("tanh", "hard_sigmoid", "identity")),
        ([gemm("x", "s"), node("Tanh", ["s"], ["t"]), node("Clip", ["t", "minus", "one"], ["y"])],
         ("tanh", "hard_sigmoid")),
        ([gemm("x", "s"), node("Sigmoid", ["s"], ["t"]), node("Sub", ["one", "t"], ["u"]), node("Tanh", ["u"], ["y"])],
         ("sigmoid", "tanh")),
        ([node("Clip", ["x", "low", "high"], ["a"]), node("Elu", ["a"], ["e"]), gemm("e", "y")],
         ("hard_sigmoid", "elu", "identity")),
        ([gemm("x", "s"), node("Relu", ["s"], ["r"]), node("Softmax", ["r"], ["y"])], ("relu", "softmax")),
    ],
)  # fmt: skip
def test_activations_without_sums_of_their_own_get_layers(nodes, activations):
    net = assert_same(model(*nodes), X)
    assert net.activations == activations
    assert (net.input_scaling is not None) == (nodes[0].op_type == "Div")
    assert Network.from_onnx(model(*nodes), dtype="float64").dtype == np.float64


def test_inputs_are_not_changed_by_the_layer_that_takes_them():
    net = Network.from_onnx(model(node("Tanh", ["x"], ["a"]), gemm("a", "y")))
    np.testing.assert_array_equal(net.weights[0], np.eye(6))
    np.testing.assert_array_equal(net.biases[0], np.zeros(6))
    np.testing.assert_array_equal(net.weights[1], W)


def test_limits_far_apart_are_read_in_float64():
    """In float32 rounding would change what lies between them."""
    nodes = [gemm("x", "s"), node("Clip", ["s", "zero", "far"], ["y"])]
    far = model_of(nodes, {"w": W, "b": B, "zero": 0, "far": 1e6})
    with pytest.raises(ValueError, match=r"node 'y' \(Clip\): expected limits at most 2048 apart in float32"):
        Network.from_onnx(far)
    net = Network.from_onnx(far, dtype="float64")
    np.testing.assert_allclose(net.forward(X), np.clip(X.astype(np.float64) @ W + B, 0, 1e6), rtol=1e-9, atol=1e-9)
