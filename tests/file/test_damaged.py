# SPDX-License-Identifier: BSD-3-Clause
"""Anything but a valid file is refused."""

import json
import pickle

import numpy as np
import pytest
from netlet import Adam, Network


def refuse(data, match):
    with pytest.raises(ValueError, match=match):
        Network.from_bytes(data)


def test_a_file_that_is_cut_anywhere_is_refused(path):
    data = Network([2, 3, 1], seed=0).to_bytes(optimizer=Adam())
    for size in range(len(data)):
        refuse(data[:size], "truncated|not a netlet file")
    path.write_bytes(data[:-1])
    with pytest.raises(ValueError, match=r"network\.netlet: the file is truncated"):
        Network.load(path)


def test_a_file_with_any_bit_flipped_is_refused():
    data = bytearray(Network([2, 2, 1], seed=0).to_bytes())
    for i in range(8 * len(data)):
        data[i // 8] ^= 1 << i % 8
        refuse(data, "damaged|truncated|too long|netlet|can address|numerics_version")
        data[i // 8] ^= 1 << i % 8
    assert Network.from_bytes(data)


def forged(header, tensors=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + tensors


HOSTILE = {
    "nothing": b"",
    "text": b"XOR network, saved by hand\n" * 10,
    "zeros": bytes(1000),
    "a huge header": (2**63).to_bytes(8, "little") + bytes(100),
    "a header of the largest size": (2**64 - 1).to_bytes(8, "little") + b"{}",
    "an empty header": forged(b""),
    "no object": forged([]),
    "deep metadata": forged(b'{"__metadata__":' * 100_000),
    "deep lists": forged(b"[" * 1_000_000),
    "long metadata": forged({"__metadata__": {"netlet_format": "1" * 1_000_000}}),
    "duplicate names": forged(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},' * 2 + b"}", bytes(4)),
    "not UTF-8": forged(b'{"__metadata__":{"netlet_format":"\xff\xfe"}}'),
    "big-endian": (100).to_bytes(8, "big") + bytes(200),
    "a pickle": pickle.dumps(Network([2, 1], seed=0)),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_other_contents_are_refused(data, path):
    refuse(data, "netlet|cut|damaged")
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"netlet|cut|damaged"):
        Network.load(path)


def test_tensors_of_other_programs_are_refused(path, safetensors):
    safetensors.numpy.save_file({"layers.0.weight": np.zeros((2, 3))}, path, metadata={"format": "pt"})
    with pytest.raises(ValueError, match="written by another program"):
        Network.load(path)


def test_a_file_saved_again_by_other_programs_is_refused(path, safetensors):
    Network([2, 3, 1], seed=0).save(path)
    with safetensors.safe_open(path, "numpy") as file:
        metadata = file.metadata()
    safetensors.numpy.save_file(safetensors.numpy.load_file(path), path, metadata=metadata)
    with pytest.raises(ValueError, match=r"damaged|another program"):
        Network.load(path)


def test_a_newer_format_is_named():
    data = Network([2, 3, 1], seed=0).to_bytes().replace(b'"netlet_format":"2"', b'"netlet_format":"9"')
    refuse(data, "format 9, but netlet .* reads formats up to 2")
