# SPDX-License-Identifier: BSD-3-Clause
"""Import of .nnet files. tests/files/nnet.py wrote the network, and NNet's outputs for two rows."""

from pathlib import Path

import numpy as np
import pytest
from netlet import Network

FILES = Path(__file__).parents[1] / "files"
TEXT = (FILES / "nnet.nnet").read_text()
ROWS = [[1500.0, 0.5, -2.25], [8000.0, -3.0, -2.9]]


def test_networks_of_nnet_give_the_same():
    net = Network.from_nnet(FILES / "nnet.nnet")
    np.testing.assert_allclose(net.forward(ROWS), np.loadtxt(FILES / "nnet.txt"), rtol=1e-12)
    np.testing.assert_allclose(net.input_scaling, [[1000, 0, -2.5], [3000, 6.28318530718, 0.5]], rtol=1e-15)
    np.testing.assert_array_equal(net.output_scaling, [[7.5188840201] * 2, [373.94992] * 2])
    assert net.activations == ("relu", "relu", "identity")


def test_files_that_are_no_networks_of_nnet_are_refused(tmp_path):
    path = tmp_path / "changed.nnet"

    def refused(text, match):
        path.write_text(text)
        with pytest.raises(ValueError, match=match):
            Network.from_nnet(path)

    def changed(line, text):
        lines = TEXT.splitlines()
        return "\n".join([*lines[:line], text, *lines[line + 1 :], ""])

    refused("\n", "got 0 lines before its weights")
    refused(changed(1, "3,3,2,x,"), "sizes as integers from 1 on")
    refused(changed(1, "2,3,2,5,"), "the layer sizes of 2 layers")
    refused(changed(2, "3,5,4,999999999,"), "the layer sizes of 3 layers")
    refused(changed(1, "3,3,999999999,5,").replace("3,5,4,2,", "3,5,4,999999999,"), "layer 3, weights: expected 4 num")
    refused(changed(1, "3,999999999,2,5,").replace("3,5,4,2,", "999999999,5,4,2,"), "minima: expected 999999999 num")
    refused(changed(6, "1,2,3,"), "means: expected 4 numbers, got 3")
    refused(changed(7, "1,0,3,4,"), "ranges: expected finite parameters")
    refused(changed(8, "1,2,3,4,"), "layer 1, weights: expected 3 numbers, got 4")
    refused(changed(13, "1,2,"), "layer 1, biases: expected 1 numbers, got 2")
    refused(TEXT + "1,\n", "no more rows")
    for size in range(0, len(TEXT) - 2, 7):  # without its last line break and comma, it is whole
        refused(TEXT[:size], "path")
