# SPDX-License-Identifier: BSD-3-Clause
"""Import from FANN. tests/files/fann.c wrote the networks, and FANN's outputs for x = (0.25, -0.5)."""

import re
from pathlib import Path

import numpy as np
import pytest
from netlet import Network

FILES = Path(__file__).parents[1] / "files"


NAMES = ["sigmoid", "symmetric", "linear", "steep", "deep", "scaled", "constant", "reversed", "layered", "piece"]


@pytest.mark.parametrize("name", NAMES)
def test_networks_of_fann_give_the_same(name):
    net = Network.from_fann(FILES / f"fann_{name}.net")
    expected = np.array((FILES / f"fann_{name}.txt").read_text().split(), float)
    np.testing.assert_allclose(net.forward([0.25, -0.5]), expected, rtol=2e-6)


def test_scaling_of_fann_is_scaling_here():
    net = Network.from_fann(FILES / "fann_scaled.net", dtype="float32")
    np.testing.assert_allclose(net.input_scaling, [[2.5, 3.5], [3.354102, 3.5]])
    np.testing.assert_allclose(net.output_scaling, [[150, 0], [111.803398, 0.5]])
    net = Network.from_fann(FILES / "fann_scaled.net")  # FANN has these numbers in float32, whatever its own type is
    assert net.input_scaling[1][0] == np.float64(np.float32(3.354102)) != 3.354102
    net = Network.from_fann(FILES / "fann_reversed.net")  # a range that is turned round goes into the weights
    assert net.input_scaling is None
    assert net.output_scaling is None


def test_limits_of_fann_are_hard_sigmoid():
    net = Network.from_fann(FILES / "fann_piece.net")
    assert net.activations == ("hard_sigmoid", "hard_sigmoid")
    np.testing.assert_array_equal(net.output_scaling, [[-1, -1], [2, 2]])


def test_error_settings_of_numpy_change_nothing(tmp_path):
    text = (FILES / "fann_sigmoid.net").read_text()
    path = write(tmp_path, re.sub(r"weight\)=\(0, [^)]*", "weight)=(0, 1e-39", text))
    with np.errstate(all="raise"):
        net = Network.from_fann(path, dtype="float32")
    assert net.weights[0][0, 0] == np.float32(1e-39)


def test_fann_files_that_are_no_such_networks_are_refused(tmp_path):
    def refused(text, match, **settings):
        path = tmp_path / "changed.net"
        path.write_text(text)
        with pytest.raises(ValueError, match=match):
            Network.from_fann(path, **settings)

    text = (FILES / "fann_sigmoid.net").read_text()
    refused((FILES / "fann_stepwise.net").read_text(), "layer 1: sigmoid stepwise is an approximation")
    assert Network.from_fann(FILES / "fann_stepwise.net", stepwise=True).activations[0] == "sigmoid"
    refused((FILES / "fann_shortcut.net").read_text(), "layer 1: sigmoid stepwise is an approximation")
    refused((FILES / "fann_shortcut.net").read_text(), "layer 2: .* its shortcut connections skip", stepwise=True)
    refused((FILES / "fann_fixed.net").read_text(), "fixed-point file")
    refused(text.replace("network_type=0", "network_type=2"), "network_type 0 .* or 1 .*, got '2'")
    refused((FILES / "fann_gaussian.net").read_text(), "layer 1: netlet has no activation 'gaussian'")
    refused((FILES / "fann_sparse.net").read_text(), "layer 1: expected each neuron connected to the whole layer")
    refused(text.replace("scale_included=0", "scale_included=1"), "with 'scale_mean_in'")
    scaled = (FILES / "fann_scaled.net").read_text()
    refused(scaled.replace("scale_mean_in=", "scale_mean_in=1 "), "scale_mean_in: expected 2 numbers, got 3")
    refused(scaled.replace("scale_factor_out=", "scale_factor_out=x"), "scale_factor_out: expected numbers")
    refused(scaled.replace("scale_factor_out=1", "scale_factor_out=0"), "finite parameters")
    refused(scaled.replace("scale_mean_in=2", "scale_mean_in=1e999 "), "scale_mean_in: expected 2 numbers|finite")
    refused(re.sub(r"weight\)=\(0, [^)]*", "weight)=(0, 1e39", text), "within the range of float32", dtype="float32")
    refused("", "begins with FANN_FLO, got 'nothing'")
    refused("FANN_FLI_2.1\n", "begins with FANN_FLO, got 'FANN_FLI_2.1'")
    refused("FANN_FLO_2.1\n", "with 'layer_sizes'")
    refused(text.replace("layer_sizes=3", "layer_sizes=x"), "layer_sizes as integers from 1 on")
    refused(text.replace("layer_sizes=3", "layer_sizes=999999999"), "entries of")
    refused(text[: len(text) // 2], "expected")
    refused(text.replace("(0, ", "(7, ", 5), "expected")
    large = re.sub(r"weight\)=\(0, [^)]*", "weight)=(0, 1e308", text).replace(", 5.00000000000000000000e-01)", ", 9e0)")
    refused(large, "layer 1: expected weights that are finite after they are multiplied by the steepness")
    for size in range(0, len(text), 7):
        with pytest.raises(ValueError, match="path"):
            Network.from_fann(write(tmp_path, text[:size]))
    with pytest.raises(FileNotFoundError):
        Network.from_fann(tmp_path / "missing.net")


def write(folder, text):
    path = folder / "cut.net"
    path.write_text(text)
    return path


def test_a_long_number_in_a_file_of_fann_takes_no_time(tmp_path):
    text = (FILES / "fann_sigmoid.net").read_text()
    path = tmp_path / "long.net"
    path.write_text(text.replace("(0, ", "(" + "1" * 1_000_000, 1))
    with pytest.raises(ValueError, match="path"):
        Network.from_fann(path)
