# SPDX-License-Identifier: BSD-3-Clause
"""The handwritten digits, trained in JavaScript as README's first command does it."""

import re

import numpy as np
import pytest

from toolchains import ROOT

pytestmark = pytest.mark.wasm


def test_the_digits_have_the_fingerprint_of_readme(javascript, tmp_path, record_property):
    images, labels = pytest.importorskip("sklearn.datasets").load_digits(return_X_y=True)
    (tmp_path / "images").write_bytes(images.astype(np.uint8).tobytes())
    (tmp_path / "labels").write_bytes(labels.astype(np.uint8).tobytes())
    found = javascript("digits", tmp_path / "images", tmp_path / "labels")
    (fingerprint,) = re.findall(r"^`([0-9a-f]{64})`$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert found["fingerprint"] == fingerprint
    assert found["accuracy"] == 1 - found["wrong"] / found["rows"] > 0.97
    record_property("seconds", found["seconds"])
