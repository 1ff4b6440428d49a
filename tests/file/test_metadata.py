# SPDX-License-Identifier: BSD-3-Clause
"""What a network keeps for its user, in copies and files."""

import copy
import json
import pickle

import pytest
from netlet import Network

from helpers.saved import copies

NOTES = {"made by": "Zoë", "units": ["m", "s"], "nested": {"ok": True, "none": None, "x": [1, 2.5, -1e300]}}


@pytest.fixture
def net():
    net = Network([2, 3, 1], seed=0)
    net.metadata = NOTES
    return net


def test_it_is_kept_in_copies_and_files(net, tmp_path):
    for other in copies(net, tmp_path):
        assert other.metadata == NOTES
        assert other == net
    assert net.fingerprint() == Network([2, 3, 1], seed=0).fingerprint()
    net.fit([[0, 1]], [1], epochs=1)
    net.reset()
    assert net.metadata == NOTES


def test_it_is_set_as_a_whole(net):
    for change in (lambda m: m.update(a=1), lambda m: m.pop("units"), lambda m: m.__setitem__("units", [])):
        with pytest.raises(TypeError, match=r"^metadata: expected to be set as a whole"):
            change(net.metadata)
    for same in (copy.deepcopy(net.metadata), pickle.loads(pickle.dumps(net.metadata)), dict(net.metadata)):
        assert same == NOTES
        same["units"] = []
    assert json.loads(json.dumps(net.metadata)) == NOTES
    net.metadata = {**net.metadata, "units": []}
    assert net.metadata["units"] == []
    for nothing in ({}, None):
        net.metadata = nothing
        assert net.metadata == {}
        assert net.to_bytes() == Network([2, 3, 1], seed=0).to_bytes()


@pytest.mark.parametrize(
    ("value", "error", "match"),
    [
        ("text", TypeError, "a dict or None, got str"),
        ([("a", 1)], TypeError, "a dict or None, got list"),
        ({"a": {1, 2}}, ValueError, "what JSON can say, but"),
        ({"a": float("nan")}, ValueError, "what JSON can say, but"),
        ({1: "a"}, ValueError, "names that are str"),
        ({"a": (1, 2)}, ValueError, "no tuples"),
    ],
)
def test_what_json_cannot_say_is_refused(net, value, error, match):
    with pytest.raises(error, match=f"^metadata: expected .*{match}"):
        net.metadata = value
    assert net.metadata == NOTES


@pytest.mark.parametrize("text", ["made by C", "[1]", "{", '{"netlet_provenance":', "[" * 100_000, "1" * 5000])
def test_a_note_of_another_program_can_be_replaced_and_does_not_stop_training(text):
    net = Network([2, 1], seed=0)
    net._set_note(2, text)
    net = Network.from_bytes(net.to_bytes())
    assert net.provenance == {}
    for read in (lambda: net.metadata, lambda: net.fit([[0, 1]], [1], epochs=1) and net.to_bytes(provenance=True)):
        with pytest.raises(ValueError, match=r"^metadata: expected a JSON object in the network's note"):
            read()
    assert (net.epochs_trained, net.provenance["epochs"]) == (1, 1)
    assert net._note(2) == text
    net.metadata = {"mine": 1}
    assert Network.from_bytes(net.to_bytes(provenance=True)).metadata == {"mine": 1}
    net._set_note(2, text)
    net.metadata = None
    assert net.metadata == {}
