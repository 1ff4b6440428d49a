# SPDX-License-Identifier: BSD-3-Clause
"""Files go from language to language, and from version to version."""

from pathlib import Path

import numpy as np
import pytest
from netlet import Adam, Network

import toolchains
from helpers.saved import NETWORKS, scaled


@pytest.fixture
def path(tmp_path):
    return tmp_path / "network.netlet"


def test_c_loads_what_python_saves_and_the_other_way_round(tmp_path, path, rng):
    if not toolchains.tool("cmake") or not toolchains.tool("ninja"):
        pytest.skip("CMake or Ninja is not installed")
    build = toolchains.build(tmp_path / "build", target="round_trip")
    for make in (*NETWORKS.values(), scaled):
        net, optimizer = make(), Adam()
        inputs, outputs = net.layer_sizes[0], net.layer_sizes[-1]
        y = np.full((4, outputs), 0.5)
        net.fit(rng.normal(size=(4, inputs)), y, epochs=2, optimizer=optimizer)
        net.save(path, optimizer=optimizer)
        back = tmp_path / "back.netlet"
        fingerprint, bits = toolchains.run([build / "cpp/tests/round_trip", path, back]).split()
        assert fingerprint == net.fingerprint()
        assert bits == net.forward(np.arange(inputs) / 8).tobytes().hex()
        assert back.read_bytes() == path.read_bytes()
        loaded, _ = Network.load_checkpoint(back)
        assert loaded == net


RELEASED = sorted((Path(__file__).parents[1] / "files").glob("*.netlet"))


@pytest.mark.parametrize("file", RELEASED, ids=lambda file: file.name)
def test_files_of_earlier_versions_load(file):
    fingerprint, steps, epochs = (file.with_suffix(".txt")).read_text().split()
    net, optimizer = Network.load_checkpoint(file)
    assert net.fingerprint() == fingerprint
    assert (optimizer.steps, net.epochs_trained) == (int(steps), int(epochs))


def test_there_are_files_of_earlier_versions():
    assert RELEASED
