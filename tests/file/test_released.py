# SPDX-License-Identifier: BSD-3-Clause
"""Files of earlier versions load."""

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
