# SPDX-License-Identifier: BSD-3-Clause
"""Models with several outputs: one is chosen, and only what it depends on is read."""

import numpy as np
import pytest
from netlet import Network
from onnx import TensorProto, helper

from helpers.onnx_models import assert_same, model_of, node

RNG = np.random.default_rng(5)
W, B, V, C, U, D = (RNG.normal(size=shape).astype(np.float32) for shape in ((5, 8), 8, (8, 2), 2, (8, 1), 1))
X = RNG.normal(size=(6, 5)).astype(np.float32)
POLICY = model_of(
    [
        node("Gemm", ["x", "w", "b"], ["s"]), node("Elu", ["s"], ["h"]), node("Gemm", ["h", "v", "c"], ["y"]),
        node("Gemm", ["h", "u", "d"], ["value"]), node("Identity", ["deviation"], ["sigma"]),
        node("RandomNormalLike", ["y"], ["noise"]), node("Add", ["y", "noise"], ["action"]),
    ],
    {"w": W, "b": B, "v": V, "c": C, "u": U, "d": D, "deviation": np.float32([[1, 2]])},
    outputs=(("y", ("rows", 2)), ("value", (6, 1)), ("sigma", (None, 2)), ("action", ("rows", 2))),
)  # fmt: skip


def test_an_output_is_chosen_by_name_or_number():
    for name, number, sizes in [("y", 0, (5, 8, 2)), ("value", 1, (5, 8, 1))]:
        net = assert_same(POLICY, X, name)
        assert net.layer_sizes == sizes
        assert Network.from_onnx(POLICY, output=number) == net
    for output, message in [
        (
            None,
            r"expected a name or number, as the model has 4 outputs, 'y' \(rows, 2\), 'value' \(6, 1\), 'sigma' \(\?",
        ),
        ("z", r"one of the model's outputs, 'y' \(rows, 2\), .*, got 'z'"),
        (4, "got 4"),
        (-1, "got -1"),
        ("sigma", "'sigma' does not"),
        ("action", r"\(RandomNormalLike\): netlet has no such layer"),
    ]:
        with pytest.raises(ValueError, match=message):
            Network.from_onnx(POLICY, output=output)
    for output in (True, 1.0, b"y"):
        with pytest.raises(TypeError, match="output: expected a name or number, got"):
            Network.from_onnx(POLICY, output=output)


def test_logits_get_the_activation_that_the_caller_names():
    net = Network.from_onnx(POLICY, output="y", output_activation="softmax")
    assert net.loss_name == "cross_entropy"
    logits = Network.from_onnx(POLICY, output="y").forward(X).astype(np.float64)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(net.forward(X), shares, rtol=1e-5)
    with pytest.raises(ValueError, match="it needs output_activation='softmax'"):
        Network.from_onnx(POLICY, output="y", loss="cross_entropy")


def labels(*, binary, zipmap):
    """The graph that skl2onnx writes for a StandardScaler and an MLPClassifier."""
    ml = {"domain": "ai.onnx.ml"}
    last = "p" if binary else "probabilities"
    nodes = [
        node("Scaler", ["x"], ["scaled"], offset=[0.5] * 5, scale=[1.0, 2.0, 0.5, 1.5, 3.0], **ml),
        node("Cast", ["scaled"], ["cast"], to=TensorProto.FLOAT),
        node("MatMul", ["cast", "w"], ["m"]), node("Add", ["m", "b"], ["s"]), node("Relu", ["s"], ["h"]),
        node("MatMul", ["h", "v"], ["n"]), node("Add", ["n", "c"], ["z"]),
        node("Sigmoid" if binary else "Softmax", ["z"], [last]),
    ]  # fmt: skip
    if binary:
        nodes.append(node("Sub", ["one", "p"], ["q"]))
        nodes.append(node("Concat", ["q", "p"], ["probabilities"], axis=1))
    nodes += [
        node("ArgMax", ["probabilities"], ["place"], axis=1),
        node("ArrayFeatureExtractor", ["classes", "place"], ["class"], **ml),
        node("Cast", ["class"], ["label"], to=TensorProto.INT64),
        node("ZipMap", ["probabilities"], ["named"], classlabels_int64s=[0, 1], **ml),
    ]
    constants = {"w": W, "b": B[None], "v": U if binary else V, "c": (D if binary else C)[None], "one": np.float32(1)}
    constants["classes"] = np.array([0, 1], np.int32)
    model = model_of(nodes, constants, (("x", (None, 5)),), (("label", (None,), TensorProto.INT64),))
    if zipmap:
        entry = helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, None))
        kind = helper.make_sequence_type_proto(entry)
        model.graph.output.append(helper.make_value_info("named", kind))
    model.graph.output.append(helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, 2]))
    return model


@pytest.mark.parametrize("binary", [True, False])
def test_classifiers_of_scikit_learn_give_their_probabilities(binary):
    model = labels(binary=binary, zipmap=True)
    net = assert_same(model, X, "probabilities")
    assert net.layer_sizes == (5, 8, 2)
    assert net.loss_name == "cross_entropy"
    assert Network.from_onnx(model, output="named") == net  # the same in dicts
    np.testing.assert_allclose(net.input_scaling, [[0.5] * 5, 1 / np.array([1, 2, 0.5, 1.5, 3])], rtol=1e-6)
    with pytest.raises(ValueError, match="expected a name or number, as the model has 3 outputs, 'label'"):
        Network.from_onnx(model)
    with pytest.raises(ValueError, match="give no labels; choose another output, such as the probabilities"):
        Network.from_onnx(model, output="label")
