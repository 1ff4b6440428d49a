# SPDX-License-Identifier: BSD-3-Clause
"""The trained networks of golden.txt have their fingerprints, in every way of running that this process can try."""

import netlet
import pytest
from netlet import _golden as golden
from netlet import reference

CASES = pytest.mark.parametrize("case", golden.read(), ids=lambda case: case.name)


@CASES
def test_the_core_gives_the_golden_fingerprint_on_each_instruction_set(case, every_isa):
    def check():
        assert case.train(netlet) == (case.fingerprint, case.loss)

    every_isa(check)


@CASES
@pytest.mark.parametrize("threads", [1, 2, 3, 5, 8])
def test_the_number_of_threads_does_not_change_it(case, threads, set_num_threads):
    set_num_threads(threads)
    assert case.train(netlet) == (case.fingerprint, case.loss)


@pytest.mark.any_isa
@CASES
def test_the_reference_gives_the_golden_fingerprint(case):
    assert case.train(reference) == (case.fingerprint, case.loss)
