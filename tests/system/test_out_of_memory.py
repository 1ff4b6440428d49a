# SPDX-License-Identifier: BSD-3-Clause
"""Python without memory, at each of its allocations in turn: an error, which changes nothing."""

import importlib.util

import pytest

from helpers.processes import run

CALLS = [
    "netlet.Adam()",
    "Network([3, 4, 2])",
    "Network.from_bytes(data)",
    "Network.checkpoint_from_bytes(data)",
    "net.forward(rows)",
    "net.loss(rows, targets)",
    "net.__reduce__()",
    "adam.__reduce__()",
    "adam.state",
]


@pytest.mark.skipif(not importlib.util.find_spec("_testcapi"), reason="this Python has no _testcapi")
def test_out_of_memory_is_an_error():
    code = f"""
        import _testcapi

        net, adam, rows, targets = Network([3, 4, 2], seed=0), netlet.Adam(), x[:5, :3], y[:5, :2]
        net.step(rows, targets, adam)
        data = net.to_bytes(optimizer=adam)
        for call in {CALLS}:
            print(call, end=": ", flush=True)
            function, errors = eval("lambda: " + call), 0
            function()
            for allocation in range(150):
                try:
                    _testcapi.set_nomemory(allocation, allocation + 1)
                    try:
                        function()
                    finally:
                        _testcapi.remove_mem_hooks()
                except Exception:  # not always a MemoryError: CPython, NumPy and pybind11 say it in several ways
                    errors += 1
            function()
            print(errors > 0 and net.to_bytes(optimizer=adam) == data)
    """
    result = run(code)
    assert (result.stdout.splitlines(), result.returncode) == ([f"{call}: True" for call in CALLS], 0)
