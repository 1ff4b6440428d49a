# SPDX-License-Identifier: BSD-3-Clause
"""The tests that are written in JavaScript, for Node's test runner."""

import re
import subprocess

import pytest

pytestmark = pytest.mark.wasm


@pytest.mark.parametrize("name", ["arguments", "fresh", "memory", "stopped", "training"])
def test_calls(name, node, application):
    command = [node, "--expose-gc", "--test", "--test-reporter=tap", application / f"{name}.mjs"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=application)
    assert result.returncode == 0, result.stdout[-10_000:] + result.stderr[-2000:]
    assert int(re.search(r"^# pass (\d+)$", result.stdout, re.MULTILINE)[1]) >= 1
