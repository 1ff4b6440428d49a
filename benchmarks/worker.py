# SPDX-License-Identifier: BSD-3-Clause
"""One library on one workload, in a process of its own: speed.py starts it and tells it when to run.

It prints a line of JSON when it is ready, and then one for each "go": the seconds per call.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from timeit import Timer

import check
import workloads

BATCH_SECONDS = 0.03  # least time of the calls that are timed together
LONG_CALL = 0.1  # a longer call needs no warm-up: the initial state of the caches hardly matters


def correctness(job: str, case: workloads.Case, peer, result) -> dict:
    """Compare the result of the first call with NumPy in float64; driver.py checks training."""
    if case.workload.trains:
        return {"loss": [check.loss(case), check.loss(case, peer.parameters())]}
    if job == "estimator":
        return {"accuracy": check.accuracy(case, result)}
    if job == "apply":
        return {"ulps": check.ulps(case, result)}
    if job == "gradient":
        error = check.gradient_error(case, result)
    else:
        error = check.output_error(case, result, **getattr(peer, "functions", {}))
    if not error <= check.TOLERANCE:
        raise ArithmeticError(f"its result is wrong by {error:.1e}")
    return {"error": error}


def timer(work: Callable | tuple[str, dict]) -> Timer:
    """Time a function, or a statement as a user writes it: for a short call, the time of a wrapper would count."""
    if callable(work):
        return Timer("work()", globals={"work": work})
    statement, names = work
    return Timer(statement, globals=names)


def calls_for(clock: Timer, reset: Callable) -> tuple[int, bool]:
    """Find how many calls take long enough to be measured, and whether a single call is long."""
    calls = 1
    while True:
        reset()
        seconds = clock.timeit(calls)
        if seconds >= BATCH_SECONDS:
            return calls, seconds / calls >= LONG_CALL
        calls = max(calls + 1, min(10 * calls, int(1.2 * calls * BATCH_SECONDS / max(seconds, 1e-9))))


def main() -> None:
    name, variant, workload_name, threads = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not be taken for an answer
    workload = next(workload for workload in workloads.WORKLOADS if workload.name == workload_name)
    case = workloads.case(workload)
    peer = importlib.import_module(f"peers.{name}").Peer(case, int(threads), variant)
    work = getattr(peer, workload.job)()
    reset = getattr(peer, "reset", lambda: None)

    if callable(work):
        result = work()
    else:
        statement, names = work
        result = eval(statement, names)
        result = names["out"] if result is None else result
    ready = {"version": peer.version, "note": case.note, **correctness(workload.job, case, peer, result)}
    del result
    clock = timer(work)
    calls, long = calls_for(clock, reset)
    print(json.dumps({**ready, "long": long}), file=answers, flush=True)
    for _ in sys.stdin:
        reset()
        if not long:
            clock.timeit(1)
        print(json.dumps(clock.timeit(calls) / calls), file=answers, flush=True)


if __name__ == "__main__":
    main()
