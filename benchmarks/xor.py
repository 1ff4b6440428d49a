# SPDX-License-Identifier: BSD-3-Clause
"""Time the tutorial's job, 10,000 epochs on XOR in float64: one netlet fit against the tutorial's plain NumPy."""

from __future__ import annotations

import argparse
import platform
from pathlib import Path
from statistics import median
from time import perf_counter

import netlet
import numpy as np
from tutorial import PlainNetwork, X, Y

EPOCHS = 10_000
LEARNING_RATE = 0.1


def seconds(job, *arguments, **settings) -> float:
    start = perf_counter()
    job(*arguments, **settings)
    return perf_counter() - start


def cpu_model() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="runs of each, in turn (9)")
    rounds = parser.parse_args().rounds
    if rounds < 1:
        parser.error(f"--rounds: expected a positive integer, got {rounds}")

    times: dict[str, list[float]] = {"plain NumPy": [], "netlet": []}
    for i in range(rounds + 1):
        net = netlet.Network([2, 3, 1], seed=0)
        plain = PlainNetwork(net.weights, net.biases)
        round_times = (
            seconds(plain.fit, X, Y, EPOCHS, LEARNING_RATE),
            seconds(net.fit, X, Y, epochs=EPOCHS, learning_rate=LEARNING_RATE),
        )
        if i > 0:  # the first round warms up
            for name, time in zip(times, round_times):
                times[name].append(time)
    difference = np.abs(net.forward(X) - plain.forward(X)).max()

    medians = {name: median(of_name) for name, of_name in times.items()}
    print(f"{EPOCHS} epochs on XOR, 2-3-1, float64, {rounds} rounds")
    print(f"{cpu_model()}, netlet {netlet.__version__} ({netlet.isa()}), NumPy {np.__version__}")
    print()
    print("|             | median ms | fastest ms | slowest ms | ns an epoch  | times as fast |")
    print("| ----------- | --------: | ---------: | ---------: | -----------: | ------------: |")
    for name, of_name in times.items():
        figures = (
            f"{1e3 * medians[name]:9.2f} | {1e3 * min(of_name):10.2f} | {1e3 * max(of_name):10.2f} | "
            f"{1e9 * medians[name] / EPOCHS:12.0f} | {medians['plain NumPy'] / medians[name]:13.1f}"
        )
        print(f"| {name:11} | {figures} |")
    print()
    print(f"largest difference of the outputs: {difference:.1e}")


if __name__ == "__main__":
    main()
