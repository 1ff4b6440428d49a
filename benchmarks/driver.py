# SPDX-License-Identifier: BSD-3-Clause
"""Worker processes that take turns: all except the one being timed are stopped."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import check
import numpy as np
from peers import C_SOURCE, ENVIRONMENT, FLOOR, PEERS
from workloads import Workload, case

HERE = Path(__file__).parent
SHORT_CALLS = 3  # times as many turns where no library's call is long
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NETLET_NUM_THREADS")


class RefusalError(Exception):
    """The reason why a worker cannot be timed."""


def installed(name: str) -> bool:
    needs = [PEERS[name][2], *(["onnx"] if name.startswith("onnxruntime") else [])]
    return all(importlib.util.find_spec(library) for library in needs)


def cpus() -> list[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def pin(process: int, threads: int) -> None:
    """Pin a process to the last CPUs: the first one handles most of the interrupts."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process, cpus()[-threads:])


class Worker:
    """A process that answers "go" with the seconds per call; it is stopped except during its turn."""

    def __init__(self, command: list, threads: int, environment: dict[str, str]):
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 (closed with the worker)
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            start_new_session=True,  # so that its children are stopped with it
            env={**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads)), **environment},
            preexec_fn=lambda: pin(0, threads),
        )
        try:
            self.ready = self.answer()
        except BaseException:
            self.close()
            raise
        self.signal(signal.SIGSTOP)

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            lines = [line.strip() for line in self.errors if line.strip()]
            raised = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
            raise RefusalError((raised or lines or [f"it ended with status {self.process.wait()}"])[-1])
        return json.loads(line)

    def turn(self):
        self.signal(signal.SIGCONT)
        print("go", file=self.process.stdin, flush=True)
        try:
            return self.answer()
        finally:
            self.signal(signal.SIGSTOP)

    def close(self) -> None:
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            with contextlib.suppress(BrokenPipeError):
                stream.close()


@dataclass
class Figures:
    """The results of one library on one workload."""

    label: str
    processes: list[float] = field(default_factory=list)  # the median of each
    facts: dict = field(default_factory=dict)

    def report(self) -> dict:
        return {
            "label": self.label,
            "seconds": median(self.processes),
            "min": min(self.processes),
            "max": max(self.processes),
            "processes": self.processes,
            **self.facts,
        }


def command(name: str, workload: Workload, threads: int, programs: dict[str, Path]) -> list:
    if name in programs:
        if name == "floor":
            initial = case(workload)
            values = [layer.ravel() for pair in zip(initial.weights, initial.biases) for layer in pair]
            return [programs[name], *map(repr, np.concatenate(values).tolist())]
        arguments = {"peak": [workload.dtype, str(threads)], "rows": ["-".join(map(str, workload.sizes))]}
        return [programs[name], *arguments[name]]
    module, _, variant = name.partition("-")
    return [sys.executable, HERE / "worker.py", module, variant, workload.name, str(threads)]


def judge(workload: Workload, ready: dict, reference: list[float] | None) -> None:
    """Check that training lowers the loss as much as NumPy's does."""
    if reference is None or "loss" not in ready:
        return
    fall, expected = (before - after for before, after in (ready["loss"], reference))
    if not abs(fall - expected) <= check.FALL_TOLERANCE * expected:
        raise RefusalError(f"training lowered the loss by {fall:.4g}, NumPy's by {expected:.4g}")


def measure(
    workload: Workload, threads: int, names: list[str], programs: dict[str, Path], rounds: int, processes: int
) -> tuple[dict[str, dict], list[str]]:
    """Time the libraries in turn; returns the figures of each, and why some have none."""
    figures: dict[str, Figures] = {}
    timed = set(names)
    notes: dict[str, None] = {}  # without duplicates
    turns = 0  # the first process decides
    if workload.trains:
        names = ["numpy", *(name for name in names if name != "numpy")]  # the others are compared with NumPy
    if workload.flops and "peak" in programs:
        names = [*names, "peak"]
        timed.add("peak")
    for _ in range(processes):
        workers: dict[str, Worker] = {}
        reference = None
        try:
            for name in names:
                try:
                    workers[name] = Worker(
                        command(name, workload, threads, programs), threads, ENVIRONMENT.get(name, {})
                    )
                    if name == "numpy":
                        reference = workers[name].ready.get("loss")
                    judge(workload, workers[name].ready, reference)
                    if name not in timed:
                        workers.pop(name).close()
                except RefusalError as refusal:
                    notes[f"{workload.name}: {label(name)} left out: {refusal}"] = None
                    if name in workers:
                        workers.pop(name).close()
            times: dict[str, list[float]] = {}
            order = list(workers)
            long = [worker.ready.pop("long", False) for worker in workers.values()]
            turns = turns or (rounds if any(long) else rounds * SHORT_CALLS)
            for _ in range(turns):
                order = order[1:] + order[:1]  # so that the order changes
                for name in order:
                    answer = workers[name].turn()
                    answers = answer if isinstance(answer, dict) else {name: answer}
                    for who, seconds in answers.items():
                        times.setdefault(who, []).append(seconds)
            for name, seconds in times.items():
                entry = figures.setdefault(name, Figures(label(name)))
                entry.processes.append(median(seconds))
                if name in workers:
                    entry.facts.update(workers[name].ready)
        finally:
            for worker in workers.values():
                worker.close()
    return {name: entry.report() for name, entry in figures.items()}, list(notes)


def busy_seconds() -> float:
    """Read the busy time of all CPUs; 0 if the system does not report it."""
    try:
        user, nice, system, _, _, *interrupts = map(int, Path("/proc/stat").read_text().split("\n")[0].split()[1:8])
    except OSError:
        return 0
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


class OtherPrograms:
    """The number of CPUs that other programs have kept busy since its creation; ask when all workers have ended."""

    def __init__(self):
        self.start = time.perf_counter(), busy_seconds(), sum(os.times()[:4])

    def share(self) -> float:
        wall, busy, own = time.perf_counter(), busy_seconds(), sum(os.times()[:4])
        used = (busy - self.start[1]) - (own - self.start[2])
        return max(0.0, used / (wall - self.start[0]))


def label(name: str) -> str:
    return {"floor": FLOOR, "peak": "FMA peak", "c-source": C_SOURCE}.get(name) or PEERS.get(name, (name,))[0]
