# SPDX-License-Identifier: BSD-3-Clause
"""Saving never loses the old file."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from netlet import Adam, Network

from helpers.saved import X, Y, names
from helpers.sharing import CLASSES, not_held, training, wide_network
from helpers.sharing import X as WIDE_X


def test_what_cannot_be_loaded_cannot_be_saved(path):
    net = Network([2, 3, 1], seed=0)
    net.save(path)
    before = path.read_bytes()
    net.weights[1][0] = np.inf
    with pytest.raises(ValueError, match="parameters: expected finite numbers, got inf at position 9"):
        net.save(path)
    other = Adam()
    Network([3, 2], seed=0).fit(X, Y, epochs=1, optimizer=other)
    with pytest.raises(ValueError, match="optimizer: it holds the state"):
        Network([2, 3, 1], seed=0).save(path, optimizer=other)
    assert path.read_bytes() == before


def test_links_and_permissions_stay(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.touch()
    target.chmod(0o640)
    link.symlink_to(target)
    net = Network([2, 1], seed=0)
    net.save(link)
    assert link.is_symlink()
    assert Network.load(target) == net
    assert target.stat().st_mode & 0o777 == 0o640
    fresh = tmp_path / "fresh"
    mask = os.umask(0o027)
    net.save(fresh)
    os.umask(mask)
    assert fresh.stat().st_mode & 0o777 == 0o640
    assert names(tmp_path) == ["fresh", "link", "target"]


def test_a_full_disk_leaves_the_old_file(tmp_path, path):
    small, large = Network([2, 1], seed=0), Network([200, 200], seed=0)
    small.save(path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            large.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert Network.load(path) == small
    assert names(tmp_path) == [path.name]


SAVES = """
import os, sys
from netlet import Network
nets = [Network.load(path) for path in sys.argv[2:]]
while True:
    for net in nets:
        net.save(sys.argv[1])
        os.write(1, b".")
"""


def test_a_killed_program_loses_nothing(tmp_path):
    """Killed 20 times, each time after some 50 saves, at whatever it is doing then."""
    memory = Path("/dev/shm")  # a disk takes its time for a thousand saves
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        path = Path(folder) / "network.netlet"
        nets = [Network([50, 30, 10], seed=seed) for seed in range(2)]
        sources = [tmp_path / str(i) for i in range(2)]
        for net, source in zip(nets, sources):
            net.save(source)
        nets[0].save(path)
        good = {net.fingerprint() for net in nets}
        for kill in range(20):
            with subprocess.Popen([sys.executable, "-c", SAVES, path, *sources], stdout=subprocess.PIPE) as process:
                for _ in range(50 + kill):
                    assert process.stdout.read(1) == b"."
                    assert Network.load(path).fingerprint() in good  # beside the saves, too
                process.kill()
            assert Network.load(path).fingerprint() in good


def test_what_a_callback_saves_trains_on(path):
    net, adam = Network([3, 4, 2], seed=0), Adam()
    saved = []

    def keep(epoch, history):
        net.save(path, optimizer=adam)
        saved.append((net.epochs_trained, path.read_bytes()))

    net.fit(X, Y, epochs=3, batch_size=8, optimizer=adam, callback=keep)
    assert [epochs for epochs, _ in saved] == [1, 2, 3]
    path.write_bytes(saved[0][1])
    resumed, optimizer = Network.load_checkpoint(path)
    resumed.fit(X, Y, epochs=2, batch_size=8, optimizer=optimizer)
    assert resumed == net


def test_saving_is_refused_while_an_epoch_runs():
    net = wide_network()
    refused = pytest.raises(RuntimeError, match="save: another call is using this network")
    with training(net, not_held, x=WIDE_X, y=CLASSES, batch_size=10), refused:
        while True:  # it is allowed in the moments of the callbacks
            net.to_bytes()
