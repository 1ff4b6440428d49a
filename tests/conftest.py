# SPDX-License-Identifier: BSD-3-Clause
"""Says in the head of each run what it tests: NETLET_ISA and NETLET_NUM_THREADS choose."""

import netlet


def pytest_report_header():
    return f"netlet {netlet.__version__}: instruction set {netlet.isa()}, {netlet.get_num_threads()} threads"
