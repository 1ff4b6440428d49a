# SPDX-License-Identifier: BSD-3-Clause
"""Files go from Python to C and back."""

import numpy as np
from netlet import Adam, Network

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
        fingerprint, bits = toolchains.run([programs / "round_trip", path, back]).split()
        assert fingerprint == net.fingerprint()
        assert bits == net.forward(np.arange(inputs) / 8).tobytes().hex()
        assert back.read_bytes() == path.read_bytes()
        loaded, _ = Network.load_checkpoint(back)
        assert loaded == net
