# SPDX-License-Identifier: BSD-3-Clause
"""Files and pickles of earlier versions load."""

import pickle
from pathlib import Path

import pytest
from netlet import Network

RELEASED = sorted((Path(__file__).parents[1] / "files").glob("*.netlet"))


@pytest.mark.parametrize("file", RELEASED, ids=lambda file: file.name)
def test_files_of_earlier_versions_load(file):
    fingerprint, steps, epochs = (file.with_suffix(".txt")).read_text().split()
    with pytest.warns(UserWarning, match="numerics version 1"):
        net, optimizer = Network.load_checkpoint(file)
    assert net.fingerprint() == fingerprint
    assert (optimizer.steps, net.epochs_trained) == (int(steps), int(epochs))


def test_there_are_files_of_earlier_versions():
    assert RELEASED


@pytest.mark.parametrize("file", RELEASED, ids=lambda file: file.name)
def test_damaged_files_of_earlier_versions_are_refused(file):
    data = bytearray(file.read_bytes())
    for i in range(0, len(data), 7):
        data[i] ^= 1 << i % 8
        with pytest.raises(ValueError, match=r"file|header|format|finite|network"):
            Network.from_bytes(bytes(data))
        data[i] ^= 1 << i % 8


def test_pickles_of_earlier_versions_load():
    file = RELEASED[0].with_name("0.1.0.pickle")
    with pytest.warns(UserWarning, match="numerics version 1"):
        net, optimizer = pickle.loads(file.read_bytes())
    with pytest.warns(UserWarning, match="numerics version 1"):
        same, its_optimizer = Network.load_checkpoint(file.with_name("0.1.0-float32-scaled.netlet"))
    assert net == same
    assert optimizer.steps == its_optimizer.steps


@pytest.mark.parametrize("file", RELEASED, ids=lambda file: file.name)
@pytest.mark.parametrize("version", [b"0", b"2", b"9"])
def test_format_1_with_another_numerics_version_is_refused(file, version):
    data = file.read_bytes().replace(b'"numerics_version":"1"', b'"numerics_version":"' + version + b'"')
    with pytest.raises(ValueError, match="numerics_version: expected 1 in a file of format 1"):
        Network.from_bytes(data)
