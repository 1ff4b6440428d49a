# SPDX-License-Identifier: BSD-3-Clause
"""Import from RTNeural. tests/files/rtneural.py wrote the models, rtneural.cpp its outputs for x = (0.25, -0.5)."""

import json
from pathlib import Path

import numpy as np
import pytest
from netlet import Network

FILES = Path(__file__).parents[1] / "files"


@pytest.mark.parametrize("name", ["dense", "timed"])
def test_models_of_rtneural_give_the_same(name):
    net = Network.from_rtneural(FILES / f"rtneural_{name}.json")
    expected = np.array((FILES / f"rtneural_{name}.txt").read_text().split(), float)
    np.testing.assert_allclose(net.forward([0.25, -0.5]), expected, rtol=1e-12)
    assert net.loss_name == {"dense": "cross_entropy", "timed": "squared_error"}[name]


def test_files_that_are_no_such_models_are_refused(tmp_path):
    path = tmp_path / "changed.json"

    def refused(model, match):
        path.write_text(model if isinstance(model, str) else json.dumps(model))
        with pytest.raises(ValueError, match=match):
            Network.from_rtneural(path)

    def of(*layers, shape=(None, 2)):
        return {"in_shape": shape, "layers": list(layers)}

    def layer(kind, weights=(), activation="", **settings):
        return {"type": kind, "activation": activation, "shape": [None, 1], "weights": weights, **settings}

    dense = layer("dense", [[[1], [2]], [3]])
    refused("", "path: expected JSON, but Expecting value: line 1")
    refused('{"layers": [}', "path: expected JSON, but Expecting value: line 1 column 13")
    refused("[" * 100_000, "path: expected JSON, but")
    refused('{"in_shape": [NaN]}', "path: expected JSON, but it has NaN, which is no number of JSON")
    refused('{"in_shape": [-Infinity]}', "it has -Infinity")
    refused([], "path: expected 'in_shape' as a list")
    refused({"in_shape": [None, 2]}, "path: expected 'layers' as a list, got NoneType")
    refused(of(dense, shape=[None, 2, 3, 1]), "a shape that ends in a number of values")
    refused(of(dense, shape=[None, 3]), "expected 2 inputs, as its first layer, got in_shape 3")
    refused(of(), "at least one layer")
    refused(of({"shape": []}), "layer 1: expected 'type' as a str")
    for kind in ("lstm", "gru", "conv1d", "conv2d", "prelu", "batchnorm2d", "unknown"):
        refused(of(dense, layer(kind)), rf"layer 2 \({kind}\): netlet has no such layer")
    refused(of(dense, layer("activation", activation="selu")), "activation of RTNeural .* got 'selu'")
    refused(of(layer("dense", [[[1], [2, 3]]])), "a matrix of finite numbers")
    refused(of(layer("dense", [[["1"], ["2"]]])), "a matrix of finite numbers, got <U1")
    refused(
        json.dumps(of(layer("dense", [[[1], [2]], [123456]]))).replace("123456", "1e999"), "a list of finite numbers"
    )
    refused(of(layer("dense", [[[1], [2]], [3, 4]])), "expected 1 biases")
    refused(of(layer("dense", [])), "expected weights and biases, got 0 arrays")
    refused(of({**dense, "shape": [None, 2]}), "weights for the outputs of its shape")
    refused(of(dense, layer("batchnorm", [[1], [2]])), "epsilon: expected a finite number, got object")
    refused(of(dense, layer("batchnorm", [[1], [2]], epsilon=True)), "epsilon: expected a finite number, got bool")
    refused(json.dumps(of(dense, layer("batchnorm", [[1], [2]], epsilon=5))).replace("5", "1e999"), "a finite number")
    refused(of(layer("activation", activation="tanh"), shape=[None, 10**9]), "model's .* numbers at most 16 times")
    refused(of(dense, layer("batchnorm", [[1], [-2]], epsilon=1e-3)), "finite parameters")


def test_epsilon_may_be_an_integer_and_inputs_may_have_an_activation(tmp_path):
    layers = [
        {"type": "activation", "activation": "tanh", "shape": [None, 2], "weights": []},
        {"type": "dense", "activation": "", "shape": [None, 1], "weights": [[[1], [2]], [3]]},
        {"type": "batchnorm", "shape": [None, 1], "weights": [[4], [2.5], [1], [8]], "epsilon": 1},
    ]
    (tmp_path / "net.json").write_text(json.dumps({"in_shape": [None, 2], "layers": layers}))
    net = Network.from_rtneural(tmp_path / "net.json")
    sums = np.tanh(0.25) + 2 * np.tanh(-0.5) + 3
    np.testing.assert_allclose(net.forward([0.25, -0.5]), [(sums - 1) / 3 * 4 + 2.5], rtol=1e-14)
