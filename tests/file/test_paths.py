# SPDX-License-Identifier: BSD-3-Clause
"""Paths of every kind."""

import os
from pathlib import Path

import pytest
from netlet import Network

from helpers.saved import names


def test_paths_that_are_no_files(tmp_path):
    net = Network([2, 1], seed=0)
    with pytest.raises(FileNotFoundError, match="missing"):
        Network.load(tmp_path / "missing")
    with pytest.raises(FileNotFoundError, match="missing"):
        net.save(tmp_path / "missing" / "file")
    with pytest.raises(IsADirectoryError):
        Network.load(tmp_path)
    with pytest.raises(IsADirectoryError):
        net.save(tmp_path)
    for device in (os.devnull, tmp_path / "pipe"):
        if device != os.devnull:
            os.mkfifo(device)
        with pytest.raises(OSError, match="expected a regular file"):
            Network.load(device)
        with pytest.raises(OSError, match="expected a regular file"):
            net.save(device)
    with pytest.raises(ValueError, match="zero byte"):
        net.save("a\0b")
    for call in (net.save, Network.load):
        with pytest.raises(TypeError, match="path: expected a str"):
            call(3)
    with pytest.raises(TypeError, match="optimizer: expected an Optimizer"):
        net.save(tmp_path / "file", optimizer="adam")
    with pytest.raises(TypeError, match="data: expected bytes, got str"):
        Network.from_bytes("text")
    assert names(tmp_path) == ["pipe"]


def test_names_that_are_not_ascii(tmp_path):
    net = Network([2, 1], seed=0)
    for name in ("größe.netlet", "网络", b"\xff.netlet"):
        file = os.fsencode(tmp_path) + b"/" + name if isinstance(name, bytes) else tmp_path / name
        net.save(file)
        assert Network.load(file) == net
        Path(os.fsdecode(file)).write_bytes(b"")
        with pytest.raises(ValueError, match=r"netlet|网络"):
            Network.load(file)
