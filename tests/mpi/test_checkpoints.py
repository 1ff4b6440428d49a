# SPDX-License-Identifier: BSD-3-Clause
"""A killed rank ends the job, which goes on from its checkpoint on another number of ranks, to the same bits."""

import time
from pathlib import Path

import pytest
from netlet import Network

from helpers.mpi_cases import read_data, to_resume

pytestmark = pytest.mark.mpi
HERE = Path(__file__).parent


def test_a_killed_rank(start, data, tmp_path):
    path = tmp_path / "digits.netlet"
    killed = start(3, HERE / "killed.py", data, path)
    assert killed.returncode != 0
    assert time.time() - path.with_suffix(".killed").stat().st_mtime < 10
    assert Network.load(path).epochs_trained == 4

    resumed = start(5, HERE / "resumed.py", data, path, tmp_path / "resumed")
    assert resumed.returncode == 0, resumed.stderr
    net, x, y, options = to_resume(read_data(data))
    net.fit(x, y, epochs=10, **options)
    assert (tmp_path / "resumed").read_text() == f"6 {net.fingerprint()}"
