# SPDX-License-Identifier: BSD-3-Clause
"""JavaScript gives all golden values."""

import netlet
import pytest
from netlet import _golden

pytestmark = pytest.mark.wasm


def test_the_golden_networks_have_their_bits(javascript):
    found, right = javascript("golden"), _golden.read()
    assert (found["isa"], found["version"]) == ("wasm", netlet.__version__)
    assert found["numerics"] == netlet.numerics_version()
    assert [(n["name"], n["fingerprint"], float.fromhex(n["loss"])) for n in found["networks"]] == [
        (golden.name, golden.fingerprint, golden.loss) for golden in right
    ]
    assert found["seen"] == [[golden.name, i + 1] for i, golden in enumerate(right)]
    assert found["passed"]
    together = _golden.together([(golden.fingerprint, golden.loss) for golden in right])
    assert found["together"] == found["expectedTogether"] == together
    assert found["failed"] == [False] * 3
