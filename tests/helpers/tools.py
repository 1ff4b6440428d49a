# SPDX-License-Identifier: BSD-3-Clause
"""Tools without which a test is skipped."""

import pytest

import toolchains


def installed(found, name):
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def needed(*names):
    """The first of them that is installed."""
    return installed(next(filter(None, map(toolchains.tool, names)), None), names[0])
