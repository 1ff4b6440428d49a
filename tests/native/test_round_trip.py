# SPDX-License-Identifier: BSD-3-Clause
"""Files go from Python to C and back."""

import numpy as np
import pytest
from netlet import Adam, Network, _core

import toolchains
from helpers.saved import NETWORKS, scaled


def test_c_loads_what_python_saves_and_the_other_way_round(programs, tmp_path, rng):
    path, back = tmp_path / "there.netlet", tmp_path / "back.netlet"
    for make in (*NETWORKS.values(), scaled):
        net, optimizer = make(), Adam()
        inputs, outputs = net.layer_sizes[0], net.layer_sizes[-1]
        y = np.full((4, outputs), 0.5)
        net.fit(rng.normal(size=(4, inputs)), y, epochs=2, optimizer=optimizer)
        net.save(path, optimizer=optimizer)
        fingerprint, bits, _ = toolchains.run([programs / "round_trip", path, back]).split()
        assert fingerprint == net.fingerprint()
        assert bits == net.forward(np.arange(inputs) / 8).tobytes().hex()
        assert back.read_bytes() == path.read_bytes()
        loaded, _ = Network.load_checkpoint(back)
        assert loaded == net


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", _core.NAMES["loss"])
def test_c_predicts_what_python_predicts(loss, dtype, programs, tmp_path):
    x = np.arange(3) / 8
    seen = set()
    for seed in range(8):
        net = Network([3, 5, 4], output_activation=None, loss=loss, dtype=dtype, seed=seed)
        if loss not in ("poisson", "binary_cross_entropy", "cross_entropy"):
            net.learn_scaling(None, np.random.default_rng(seed).normal(size=(9, 2 if loss == "gaussian_nll" else 4)))
        net.save(tmp_path / "net")
        *_, bits = toolchains.run([programs / "round_trip", tmp_path / "net", tmp_path / "back"]).split()
        expected = net.predict(x)
        assert bits == np.asarray(expected).tobytes().hex()
        seen.add(bits)
    assert len(seen) > 1
