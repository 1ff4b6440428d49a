# SPDX-License-Identifier: BSD-3-Clause
"""The trained networks of golden.txt have their fingerprints, in every way of running that this process can try."""

import netlet
import pytest
from netlet import _core, reference

import golden

CASES = pytest.mark.parametrize("case", golden.read(), ids=lambda case: case.name)


@CASES
@pytest.mark.parametrize("isa", netlet.available_isas())
def test_the_core_gives_the_golden_fingerprint(case, isa):
    before = netlet.isa()
    _core.set_isa(isa)
    try:
        assert netlet.isa() == isa
        assert case.train(netlet) == (case.fingerprint, case.loss)
    finally:
        _core.set_isa(before)


@CASES
@pytest.mark.parametrize("threads", [1, 2, 3, 5, 8])
def test_the_number_of_threads_does_not_change_it(case, threads):
    before = netlet.get_num_threads()
    netlet.set_num_threads(threads)
    try:
        assert case.train(netlet) == (case.fingerprint, case.loss)
    finally:
        netlet.set_num_threads(before)


@CASES
def test_the_reference_gives_the_golden_fingerprint(case):
    assert case.train(reference) == (case.fingerprint, case.loss)
