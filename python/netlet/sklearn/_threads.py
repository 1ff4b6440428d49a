# SPDX-License-Identifier: BSD-3-Clause
"""How many threads an estimator uses."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .._library import get_num_threads, set_num_threads


@contextlib.contextmanager
def limited(count: int | None) -> Iterator[None]:
    """Use so many threads within; None: as many as netlet uses anyway."""
    if count is None:
        yield
        return
    before = get_num_threads()
    set_num_threads(count)
    try:
        yield
    finally:
        set_num_threads(before)
