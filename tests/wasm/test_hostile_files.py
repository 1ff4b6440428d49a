# SPDX-License-Identifier: BSD-3-Clause
"""No bytes bring the module down: each is refused with an error, or is a network that works."""

import pytest

from toolchains import ROOT

pytestmark = pytest.mark.wasm


def test_thousands_of_bad_files_are_refused(javascript):
    found = javascript("hostile", ROOT / "tests" / "files")
    assert found["tried"] > 20_000
    assert 0 < found["loaded"] < found["tried"] / 10
