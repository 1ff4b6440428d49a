# SPDX-License-Identifier: BSD-3-Clause
"""Arrays of unusual kinds."""

import numpy as np


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def misaligned(array):
    memory = np.empty(array.nbytes + 1, dtype=np.uint8)
    same = memory[1:].view(array.dtype).reshape(array.shape)
    same[...] = array
    assert not same.flags.aligned
    return same
