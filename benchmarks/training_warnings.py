#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Which fits netlet warns about, on 25 data sets: set up well in three ways (none of these), and badly in six.

    python -m pip install . scikit-learn statsmodels vega_datasets
    python benchmarks/training_warnings.py

Each cell has the score on the training data, the share of the deviance that the network explains (by scikit-learn's
metrics; 0 is the best constant prediction), and a ! if there was a warning. Exits with 1 if a well set-up fit is
warned of, or if a bad one that explains less than half as much is not, unless its loss still falls by 1 % an epoch, or
its raw inputs are of ordinary sizes.
"""

from __future__ import annotations

import math
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from data_sets import DATA_SETS, DataSet
from netlet import SGD, Adam, DivergenceError, History, Network, TrainingWarning
from sklearn.metrics import d2_tweedie_score, r2_score

LOSSES = {
    "classes": "cross_entropy",
    "binary": "binary_cross_entropy",
    "regression": "squared_error",
    "counts": "poisson",
}


def network(data: DataSet, activation: str, *hidden: int, **settings: Any) -> Network:
    outputs = int(data.y.max()) + 1 if data.kind == "classes" else data.y.reshape(len(data.y), -1).shape[1]
    output = {"output_activation": "identity"} if data.kind == "regression" else {}
    return Network(
        [data.x.shape[1], *hidden, outputs],
        activation=activation,
        loss=LOSSES[data.kind],
        reduction="mean",
        seed=0,
        **output,
        **settings,
    )


class Fit(NamedTuple):
    net: Network
    options: dict[str, Any]


def scaled(net: Network, factor: float) -> Network:
    net.parameters[:] *= factor
    return net


def dead(net: Network) -> Network:
    net.biases[0][:] = -1000
    return net


GOOD: dict[str, Callable[[DataSet], Fit]] = {
    "tanh": lambda d: Fit(network(d, "tanh", 16), {"epochs": 100, "optimizer": Adam(0.01)}),
    "deep relu": lambda d: Fit(network(d, "relu", 32, 32, init="he_uniform"), {"epochs": 60, "optimizer": Adam(0.003)}),
    "sigmoid, SGD": lambda d: Fit(
        network(d, "sigmoid", 8),
        {"epochs": 300, "optimizer": SGD(0.002 if d.kind == "counts" else 0.02, momentum=0.9)},
    ),
}
RAW = {"standardize": False}
BAD: dict[str, Callable[[DataSet], Fit]] = {
    "raw inputs": lambda d: Fit(network(d, "sigmoid", 16), {"epochs": 300, "optimizer": SGD(0.1), **RAW}),
    "rate x 100": lambda d: Fit(network(d, "tanh", 16), {"epochs": 150, "optimizer": Adam(1.0)}),
    "rate x 1000": lambda d: Fit(network(d, "tanh", 16), {"epochs": 150, "optimizer": Adam(10.0)}),
    "weights x 1000": lambda d: Fit(scaled(network(d, "sigmoid", 16), 1000), {"epochs": 150, "optimizer": Adam(0.01)}),
    "inputs x 10000": lambda d: Fit(
        network(d._replace(x=d.x * 1e4), "tanh", 16), {"epochs": 150, "optimizer": SGD(0.001), "x": d.x * 1e4, **RAW}
    ),
    "dead relu": lambda d: Fit(dead(network(d, "relu", 16)), {"epochs": 100, "optimizer": Adam(0.01)}),
}


def score(net: Network, x: np.ndarray, data: DataSet) -> float:
    outputs, y = net.forward(x), data.y
    if data.kind == "regression":
        return float(r2_score(y, outputs))
    if data.kind == "counts":
        return float(d2_tweedie_score(y, np.exp(np.clip(outputs[:, 0], -50, 50)), power=1))
    y = np.eye(outputs.shape[1])[y] if data.kind == "classes" else np.stack([y, 1 - y], axis=1)
    p = outputs if data.kind == "classes" else np.hstack([outputs, 1 - outputs])

    def loss(p: np.ndarray) -> float:
        return float(-(y * np.log(np.clip(p, 1e-300, 1))).sum())

    least = loss(np.where(y > 0, y, 1))
    return 1 - (loss(p) - least) / (loss(np.broadcast_to(y.mean(axis=0), y.shape)) - least)


def still_falls(history: History, least: float) -> bool:
    before, last = history.loss[-20:-10].mean() - least, history.loss[-10:].mean() - least
    return bool(last < 0.99**10 * before and before - last > 2 * np.abs(np.diff(history.loss[-20:])).mean())


def judged(data: DataSet, fit: Fit) -> tuple[str, float, bool, bool, str]:
    """The cell, the score, whether it was warned of, whether the loss still falls, and what was said."""
    options = {"x": data.x, "standardize": True, "batch_size": 32, **fit.options}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            history = fit.net.fit(y=data.y, **options)
        except DivergenceError:
            return "diverged", math.nan, True, False, ""
    texts = [str(each.message) for each in caught if each.category is TrainingWarning]
    with np.errstate(all="ignore"):
        value = score(fit.net, options["x"], data)
        least = 0.0
        if data.kind == "counts":
            least = float((data.y - data.y * np.log(np.where(data.y > 0, data.y, 1))).mean())
        falls = still_falls(history, least)
    cell = f"{max(value, -99):.2f}{' falls' if falls else ''}{' !' if texts else ''}"
    return cell, value, bool(texts), falls, "; ".join(texts)


def costs() -> None:
    """What looking at the data takes, beside the fit."""
    from netlet import _training

    print(
        "\n| rows | inputs, hidden, outputs | epochs | fit (ms) | learns (µs) | share | looks doubtful (µs) | share |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    rng = np.random.default_rng(0)
    for rows, inputs, hidden, epochs in (
        (150, 4, 8, 30),
        (150, 4, 16, 100),
        (150, 4, 16, 500),
        (500, 10, 32, 100),
        (500, 10, 32, 1000),
        (5000, 20, 64, 20),
        (5000, 20, 64, 100),
        (20000, 100, 100, 20),
    ):
        x = rng.normal(size=(rows, inputs))
        figures = []
        for noise in (0.1, 3.0):
            y = x[:, 0] + np.sin(x[:, 1]) + noise * rng.normal(size=rows)
            net = Network(
                [inputs, hidden, 1], activation="tanh", output_activation="identity", reduction="mean", seed=0
            )
            net._warns = False
            begin = time.perf_counter()
            history = net.fit(x, y, epochs=epochs, batch_size=32, optimizer=Adam(0.003))
            whole = time.perf_counter() - begin
            net._warns = True
            settings = {"schedule": None, "resume": False, "x": x, "y": y, "sample_weight": None, "patience": 0}
            settings["missing"] = "refuse"
            times = []
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                for _ in range(20):
                    begin = time.perf_counter()
                    _training.warn_of_failure(net, history, settings)
                    times.append(time.perf_counter() - begin)
            figures.append((whole, sorted(times)[5]))
        cells = [f"{1e6 * look:.0f} | {100 * look / whole:.2f} %" for whole, look in figures]
        print(f"| {rows} | {inputs}, {hidden}, 1 | {epochs} | {1e3 * figures[0][0]:.1f} | {' | '.join(cells)} |")


def main() -> int:
    print("| data set | rows | " + " | ".join([*GOOD, *BAD]) + " |")
    print("| --- " * (2 + len(GOOD) + len(BAD)) + "|")
    wrong, said = [], {}
    for name, load in DATA_SETS.items():
        data = load()
        cells, best = [], 0.0
        for way, make in {**GOOD, **BAD}.items():
            cell, value, warned, falls, text = judged(data, make(data))
            cells.append(cell)
            best = max(best, value) if way in GOOD else best
            said.setdefault(way, text)
            sizes = np.abs(data.x).max(axis=0)
            tame = way == "raw inputs" and sizes.max() <= min(100, 1000 * sizes[sizes > 0].min())
            if (warned and cell != "diverged") if way in GOOD else not (warned or falls or tame or value >= 0.5 * best):
                wrong.append(f"{name}, {way}: {cell} {text}")
        print(f"| {name} | {len(data.x)} | {' | '.join(cells)} |", flush=True)
    print("\nWhat was said of the first of them:\n")
    for way, text in said.items():
        if text:
            print(f"- {way}: {text}")
    costs()
    for line in wrong:
        print("WRONG:", line)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
