# SPDX-License-Identifier: BSD-3-Clause
"""A few of the files that tests/fuzz_readers.py makes by the million."""

import pytest

import fuzz_readers


@pytest.mark.parametrize(("name", "files"), [("onnx", 300), ("torch", 500), *((f, 1000) for f in fuzz_readers.TEXTS)])
def test_changed_files_are_refused_or_networks(name, files):
    fuzz_readers.fuzz(name, files)
