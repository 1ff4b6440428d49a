# SPDX-License-Identifier: BSD-3-Clause
"""Every dtype, every kind of optimizer and every way of copying."""

import copy
import pickle

import pytest
from netlet import SGD, Adam, AdamW, RMSprop, Rprop

OPTIMIZERS = {
    "plain": lambda: SGD(0.01),
    "momentum": lambda: SGD(0.01, momentum=0.9),
    "nesterov": lambda: SGD(0.01, momentum=0.9, nesterov=True),
    "adam": lambda: Adam(0.01),
    "adamw": lambda: AdamW(0.01, weight_decay=0.1, l1=0.001),
    "rmsprop": lambda: RMSprop(0.01, clip_norm=0.5),
    "rmsprop with momentum": lambda: RMSprop(0.001, momentum=0.9, clip_value=0.1),
    "rprop": lambda: Rprop(0.001, l2=0.001),
}
every_optimizer = pytest.mark.parametrize("new_optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])

COPIES = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "pickle protocol 2": lambda value: pickle.loads(pickle.dumps(value, protocol=2)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}
every_copy = pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)
