# SPDX-License-Identifier: BSD-3-Clause
"""Any number of ranks gives what one process gives: parameters, history, provenance, to the bit."""

import json
from pathlib import Path

import pytest

from helpers.mpi_cases import CASES, outcome, read_data

pytestmark = pytest.mark.mpi


@pytest.fixture(scope="module")
def results(start, data, tmp_path_factory):
    path = tmp_path_factory.mktemp("equal") / "results.json"
    done = start(7, Path(__file__).with_name("equal.py"), data, path)
    assert done.returncode == 0, done.stderr
    return json.loads(path.read_text())


@pytest.mark.filterwarnings("ignore::netlet.TrainingWarning")
@pytest.mark.parametrize("name", CASES)
def test_any_number_of_ranks(name, results, data):
    net, x, y, options = CASES[name](read_data(data))
    expected = json.loads(json.dumps(outcome(net, net.fit(x, y, **options))))
    of_case = {key: value for key, value in results.items() if key.split()[0] == name}
    assert len(of_case) in (5, 20)  # sizes; shared, local in two ways, and in batches
    for key, value in of_case.items():
        assert value == expected, key
