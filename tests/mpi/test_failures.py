# SPDX-License-Identifier: BSD-3-Clause
"""What fails on one rank ends the call on all, with its message, and all can go on."""

import json
from pathlib import Path

import netlet
import pytest

pytestmark = pytest.mark.mpi

VERSION = netlet.numerics_version()
FINITE = "expected finite numbers"
ON_ONE = {  # case: the rank that fails, its error
    "callback_fails": (0, "KeyError: 'a failure'"),
    "callback_at_the_end_fails": (0, "KeyError: 'a failure'"),
    "metric_fails": (0, "KeyError: 'a failure'"),
    "schedule_fails": (0, "KeyError: 'a failure'"),
    "interrupted_in_a_callback": (0, "KeyboardInterrupt: "),
    "interrupted_before_a_sum": (3, "KeyboardInterrupt: "),
    "interrupted_while_waiting": (1, "KeyboardInterrupt: "),
    "out_of_memory_in_a_sum": (2, "MemoryError: no memory"),
    "net_of_one": (2, "TypeError: net: expected a Network, got 'none'"),
    "bad_value": (1, f"ValueError: x: {FINITE}, got nan in row 1234, column 5"),
    "bad_value_of_one": (1, f"ValueError: x: {FINITE}, got nan in row 234, column 5"),
    "bad_validation_value": (
        3,
        "ValueError: validation_data: y: expected finite numbers, got inf in row 699, column 0",
    ),
}
SAME = "expected the same on all ranks, got"
ON_ALL = {
    "other_epochs": f"ValueError: epochs: {SAME} 4 on ranks 0, 1, 3 and 5 on rank 2",
    "other_shape": f"ValueError: rows of x: {SAME} 3000 on ranks 0, 2 and 3100 on ranks 1, 3",
    "other_columns": f"ValueError: y: {SAME} shape (rows) on rank 0 and shape (rows, 1) on ranks 1, 2, 3",
    "other_rows": f"ValueError: x, y and sample_weight: {SAME} rows of hash ",
    "no_seed": f"ValueError: net, seed: {SAME} ",
    "other_parameters": f"ValueError: net, parameters: {SAME} those of hash ",
    "other_layers": f"ValueError: net, layer_sizes: {SAME} (8, 300, 1) on ranks 0, 1 and (8, 301, 1) on ranks 2, 3",
    "other_optimizer": f"ValueError: optimizer: {SAME} Adam(learning_rate=0.02, ",
    "other_state": f"ValueError: optimizer, steps: {SAME} 0 on ranks 0, 2, 3 and 1 on rank 1",
    "other_numerics": f"ValueError: netlet.numerics_version(): {SAME} {VERSION} on ranks 0, 2, 3 and 99 on rank 1",
    "weights_of_one": f"ValueError: sample_weight: {SAME} some on rank 0 and none on ranks 1, 2, 3",
    "shuffled_rows_of_one": "ValueError: shuffle: expected False with local=True and minibatches",
    "batches_of_one": f"ValueError: x: {SAME} arrays on ranks 0, 2, 3 and a netlet.Batches, batch_size=1024 on rank 1",
    "other_batch_size": f"ValueError: x: {SAME} a netlet.Batches, batch_size=700 on ranks 0, 1, 2 and ",
    "validation_rows_without_targets": "ValueError: validation_data: y: expected 700 rows, as many as x has, got 500",
    "validation_targets_without_rows": "ValueError: validation_data: y: expected 500 rows, as many as x has, got 700",
    "sources_of_their_own": "nothing: ",
    "other_shapes_of_one": f"ValueError: y: {SAME} shape (rows, 1, 1) on rank 0 and shape (rows",
    "no_validation_rows": "ValueError: validation_data: x: expected at least 1 row on some rank, got 0 on all",
    "no_rows": "ValueError: x: expected at least 1 row on some rank, got 0 on all",
    "diverges": "DivergenceError: fit: training diverged: ",
}
HINTS = {"other_rows": "local=True", "no_seed": "broadcast=True", "other_parameters": "broadcast=True"}


@pytest.fixture(scope="module")
def results(start, tmp_path_factory):
    path = tmp_path_factory.mktemp("failures") / "results.json"
    done = start(4, Path(__file__).with_name("failures.py"), path)
    assert done.returncode == 0, done.stderr
    return json.loads(path.read_text())


def test_every_case_is_looked_at(results):
    assert {name for name in results if not name.endswith(", then")} == {*ON_ONE, *ON_ALL, "bad_argument", "two_fail"}


@pytest.mark.parametrize("name", ON_ONE)
def test_one_rank_fails(name, results):
    rank, error = ON_ONE[name]
    said = [": ".join(each) for each in results[name]]
    assert said[rank] == error
    assert said[:rank] + said[rank + 1 :] == [f"RankError: rank {rank} failed: {error}"] * 3


@pytest.mark.parametrize("name", ON_ALL)
def test_all_ranks_fail(name, results):
    said = [": ".join(each) for each in results[name]]
    assert len(set(said)) == 1
    assert said[0].startswith(ON_ALL[name])
    assert HINTS.get(name, "") in said[0]


def test_no_hint_at_local_for_rows_that_are(results):
    assert results["other_shapes_of_one"][0][1].endswith(
        "shape (rows, 1, 1) on rank 0 and shape (rows) on ranks 1, 2, 3"
    )


def test_an_argument_that_all_get_wrong(results):
    """Whoever hears of it before it has looked itself says whom it has heard."""
    said = [": ".join(each) for each in results["bad_argument"]]
    assert all(text.endswith("ValueError: patience: expected a positive integer or None, got -1") for text in said)


def test_two_ranks_fail(results):
    said = [": ".join(each) for each in results["two_fail"]]
    assert said[1] == said[2] == "MemoryError: no memory"
    assert {said[0], said[3]} <= {f"RankError: rank {rank} failed: MemoryError: no memory" for rank in (1, 2)}


def test_all_go_on(results):
    found = [prints for name, prints in results.items() if name.endswith(", then")]
    assert len({fingerprint for prints in found for fingerprint in prints}) == 1
