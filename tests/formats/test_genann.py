# SPDX-License-Identifier: BSD-3-Clause
"""Import from genann. tests/files/genann.c wrote the networks, and genann's outputs for x = (0.25, -0.5)."""

from pathlib import Path

import numpy as np
import pytest
from netlet import Network

FILES = Path(__file__).parents[1] / "files"


@pytest.mark.parametrize(
    ("name", "settings", "tolerance"),
    [
        ("sigmoid", {}, 1e-12),
        ("table", {}, 5e-3),
        ("tanh", {"activation": "tanh", "output_activation": "identity"}, 1e-12),
        ("shallow", {}, 1e-12),
    ],
)
def test_networks_of_genann_give_the_same(name, settings, tolerance):
    net = Network.from_genann(FILES / f"genann_{name}.ann", **settings)
    expected = np.array((FILES / f"genann_{name}.txt").read_text().split(), float)
    np.testing.assert_allclose(net.forward([0.25, -0.5]), expected, rtol=tolerance)
    assert net.loss_name == "squared_error"


def test_files_that_are_no_networks_of_genann_are_refused(tmp_path):
    path = tmp_path / "changed.ann"

    def refused(text, match, **settings):
        path.write_text(text)
        with pytest.raises(ValueError, match=match):
            Network.from_genann(path, **settings)

    text = (FILES / "genann_sigmoid.ann").read_text()
    refused("", "inputs, hidden_layers, hidden and outputs as integers")
    refused("2 1 x 1", "as integers from 0 on, got '2 1 x 1'")
    refused("2 -1 3 1", "as integers from 0 on")
    refused("2 1 0 1", "layers of at least one unit")
    refused("2 999999999 1 1", "the file is too short")
    refused("999999999 1 999999999 1 0.5", "weights: expected 1000000000000000000 numbers, got 1")
    refused(text + " 1", "weights: expected 29 numbers, got 30")
    refused(text[: text.rindex(" ")], "weights: expected 29 numbers, got 28")
    refused("1 0 0 1 1 nan", "finite numbers, got 'nan'")
    refused("1 0 0 1 1 1_0", "finite numbers, got '1_0'")
    refused("1 0 0 1 1 1,5", "expected numbers, but .*1,5")
    refused("1 0 0 1 1 1e39", "within the range of float32", dtype="float32")
    refused(text, "one for each of the 3 layers, got 4", activation=["tanh"] * 4)


def test_activations_of_each_layer(tmp_path):
    path = tmp_path / "net.ann"
    path.write_text("2 1 1 1 30 20 20 1 2")
    for settings, expected in [
        ({}, ("sigmoid", "sigmoid")),
        ({"activation": "tanh"}, ("tanh", "sigmoid")),
        ({"activation": ["tanh"]}, ("tanh", "sigmoid")),
        ({"activation": ["tanh", "identity"]}, ("tanh", "identity")),
        ({"activation": "tanh", "output_activation": "identity"}, ("tanh", "identity")),
    ]:
        assert Network.from_genann(path, **settings).activations == expected
    with pytest.raises(ValueError, match="output_activation: expected 'identity', the last of activation"):
        Network.from_genann(path, activation=["tanh", "identity"], output_activation="sigmoid")
