# SPDX-License-Identifier: BSD-3-Clause
"""A few of the calls that tests/fuzz_python.py makes by the million."""

import fuzz_python


def test_random_calls_raise_documented_errors_and_change_nothing_then():
    calls = 4000
    assert calls / 4 < fuzz_python.fuzz(calls) < calls
