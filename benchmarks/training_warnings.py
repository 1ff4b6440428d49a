#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Which fits netlet warns of, on twenty data sets that packages ship: well set up (none), and badly in five ways.

    python -m pip install . scikit-learn statsmodels vega_datasets
    python benchmarks/training_warnings.py

Each cell has the score on the training data, the share of the deviance that the network explains (by scikit-learn's
metrics; 0 is the best constant prediction), and a ! if there was a warning. Exits with 1 if a well set-up fit is
warned of, or if a bad one that explains less than half as much is not, unless its loss still falls by 1 % an epoch, or
its raw inputs are of ordinary sizes.
"""

from __future__ import annotations

import csv
import json
import math
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import sklearn.datasets as sk
import statsmodels.datasets
import vega_datasets
from netlet import SGD, Adam, DivergenceError, History, Network, TrainingWarning
from sklearn.metrics import d2_tweedie_score, r2_score

LOSSES = {
    "classes": "cross_entropy",
    "binary": "binary_cross_entropy",
    "regression": "squared_error",
    "counts": "poisson",
}


class DataSet(NamedTuple):
    kind: str
    x: np.ndarray
    y: np.ndarray


def of_sklearn(kind: str, load: Callable[..., Any], **options: Any) -> Callable[[], DataSet]:
    return lambda: DataSet(kind, *load(**options))


def of_statsmodels(kind: str, name: str, rows: int | None = None) -> Callable[[], DataSet]:
    def load() -> DataSet:
        data = getattr(statsmodels.datasets, name).load_pandas()
        x, y = np.asarray(data.exog, float)[:rows], np.asarray(data.endog, float)[:rows]
        if name == "star98":  # those above and below the median of a test
            y = y[:, 0] / y.sum(axis=1)
        return DataSet(kind, x, (y - y.min()).astype(int) if kind == "classes" else y)

    return load


def of_vega(name: str) -> Path:
    return Path(vega_datasets.__file__).parent / "_data" / name


def cars() -> DataSet:
    names = ["Cylinders", "Displacement", "Horsepower", "Weight_in_lbs", "Acceleration", "Miles_per_Gallon"]
    rows = json.loads(of_vega("cars.json").read_text())
    values = np.array([[row[name] for name in names] for row in rows if None not in row.values()], float)
    return DataSet("regression", values[:, :-1], values[:, -1])


def weather() -> DataSet:
    with of_vega("seattle-weather.csv").open() as file:
        rows = list(csv.DictReader(file))
    x = np.array([[float(row[name]) for name in ("precipitation", "temp_max", "temp_min", "wind")] for row in rows])
    return DataSet("classes", x, np.unique([row["weather"] for row in rows], return_inverse=True)[1])


def barley() -> DataSet:
    rows = json.loads(of_vega("barley.json").read_text())
    columns = [np.array([row["year"] for row in rows])[:, None]]
    for name in ("variety", "site"):
        values = np.array([row[name] for row in rows])
        columns.append((values[:, None] == np.unique(values)).astype(float))
    return DataSet("regression", np.hstack(columns), np.array([row["yield"] for row in rows]))


def sunspots() -> DataSet:
    values = np.asarray(statsmodels.datasets.sunspots.load_pandas().data["SUNACTIVITY"], float)
    return DataSet("regression", np.lib.stride_tricks.sliding_window_view(values, 9)[:-1], values[9:])


DATA_SETS: dict[str, Callable[[], DataSet]] = {
    "iris": of_sklearn("classes", sk.load_iris, return_X_y=True),
    "wine": of_sklearn("classes", sk.load_wine, return_X_y=True),
    "digits": of_sklearn("classes", sk.load_digits, return_X_y=True),
    "breast cancer": of_sklearn("binary", sk.load_breast_cancer, return_X_y=True),
    "diabetes": of_sklearn("regression", sk.load_diabetes, return_X_y=True, scaled=False),
    "linnerud": of_sklearn("regression", sk.load_linnerud, return_X_y=True),
    "moons": of_sklearn("binary", sk.make_moons, n_samples=300, noise=0.2, random_state=0),
    "circles": of_sklearn("binary", sk.make_circles, n_samples=300, noise=0.1, factor=0.5, random_state=0),
    "classification": of_sklearn("binary", sk.make_classification, n_samples=600, n_informative=5, random_state=0),
    "friedman1": of_sklearn("regression", sk.make_friedman1, n_samples=500, noise=1.0, random_state=0),
    "friedman2": of_sklearn("regression", sk.make_friedman2, n_samples=500, noise=50.0, random_state=0),
    "anes96": of_statsmodels("classes", "anes96"),
    "affairs": of_statsmodels("counts", "fair"),
    "visits to doctors": of_statsmodels("counts", "randhie", 4000),
    "engel": of_statsmodels("regression", "engel"),
    "star98": of_statsmodels("binary", "star98"),
    "spector": of_statsmodels("binary", "spector"),
    "copper": of_statsmodels("regression", "copper"),
    "statecrime": of_statsmodels("regression", "statecrime"),
    "ccard": of_statsmodels("regression", "ccard"),
    "modechoice": of_statsmodels("binary", "modechoice"),
    "sunspots": sunspots,
    "cars": cars,
    "weather": weather,
    "barley": barley,
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
