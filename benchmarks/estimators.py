# SPDX-License-Identifier: BSD-3-Clause
"""netlet.sklearn's estimators and scikit-learn's own, at scikit-learn's defaults, in one run: scores and times.

    python -m pip install ".[sklearn]" statsmodels vega_datasets
    python benchmarks/estimators.py

It prints tables, and a line for each criterion that is missed. README.md beside this file says how it is measured.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from timeit import Timer
from typing import Any

os.environ.pop("OPENBLAS_CORETYPE", None)  # would choose other kernels for scikit-learn's matrix products

import netlet  # after the variable, as NumPy loads OpenBLAS
import netlet.sklearn
import numpy as np
import sklearn
import sklearn.neural_network
from data_sets import DATA_SETS, DataSet
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, d2_tweedie_score, r2_score
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from speed import machine
from threadpoolctl import threadpool_info, threadpool_limits

BUNDLED = ["iris", "wine", "digits", "breast cancer", "diabetes", "linnerud"]  # with scikit-learn
OTHERS = ["anes96", "weather", "modechoice", "affairs", "engel", "star98", "statecrime", "sunspots", "cars", "barley"]
LIBRARIES = {"netlet": netlet.sklearn, "scikit-learn": sklearn.neural_network}
SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "early stopping": {"early_stopping": True},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.01},
}
PARTS = ["scores", "fit", "predict", "search", "cost"]
SEEDS = 3  # of the times of fit: the number of epochs depends on them
SHORT = 0.03  # seconds that are timed together, at least


def load(name: str) -> DataSet:
    """Classes, counts, or numbers to regress on."""
    data = DATA_SETS[name]()
    if name == "star98":  # shares
        return data._replace(kind="regression")
    return data._replace(kind="classes") if data.kind == "binary" else data


def estimator(library: str, data: DataSet, seed: int, **settings: Any) -> Any:
    module = LIBRARIES[library]
    if data.kind == "classes":
        return module.MLPClassifier(random_state=seed, **settings)
    loss = "poisson" if data.kind == "counts" else "squared_error"
    return module.MLPRegressor(loss, random_state=seed, **settings)


def scaled(data: DataSet) -> tuple[np.ndarray, np.ndarray]:
    x = StandardScaler().fit_transform(data.x)
    if data.kind != "regression":
        return x, data.y
    y = StandardScaler().fit_transform(data.y.reshape(len(data.y), -1))
    return x, y.reshape(data.y.shape)


# scores


def model(library: str, data: DataSet, seed: int, **settings: Any) -> Any:
    """Scale, then the estimator; scaled targets for a regression."""
    pipeline = make_pipeline(StandardScaler(), estimator(library, data, seed, **settings))
    if data.kind != "regression":
        return pipeline
    return TransformedTargetRegressor(regressor=pipeline, transformer=StandardScaler())


def score(data: DataSet, y: np.ndarray, predicted: np.ndarray) -> float:
    if data.kind == "classes":
        return float(accuracy_score(y, predicted))
    if data.kind == "counts":
        return float(d2_tweedie_score(y, predicted, power=1))
    return float(r2_score(y, predicted))


def differences(data: DataSet, seeds: int, settings: dict[str, Any]) -> np.ndarray:
    """The scores: libraries x (seeds times folds)."""
    scores: list[list[float]] = [[], []]
    for seed in range(seeds):
        folds = (StratifiedKFold if data.kind == "classes" else KFold)(5, shuffle=True, random_state=seed)
        for train, test in folds.split(data.x, data.y if data.kind == "classes" else None):
            for library, kept in zip(LIBRARIES, scores):
                fitted = model(library, data, seed, **settings).fit(data.x[train], data.y[train])
                kept.append(score(data, data.y[test], fitted.predict(data.x[test])))
    return np.array(scores)


def scores(names: list[str], options: argparse.Namespace) -> list[str]:
    missed = []
    for setting in options.settings:
        print(
            f"\nScores, {setting}: means of {options.seeds} seeds x 5 folds; the mean difference, its standard error\n"
        )
        print("| data | rows x inputs | score | netlet | scikit-learn | difference |")
        print("| --- | --- | --- | ---: | ---: | ---: |")
        for name in names:
            data = load(name)
            ours, theirs = differences(data, options.seeds, SETTINGS[setting])
            difference = ours - theirs
            mean, error = difference.mean(), difference.std(ddof=1) / np.sqrt(len(difference))
            kind = {"classes": "accuracy", "counts": "D²"}.get(data.kind, "R²")
            size = f"{data.x.shape[0]} x {data.x.shape[1]}"
            print(
                f"| {name} | {size} | {kind} | {ours.mean():.4f} | {theirs.mean():.4f} | {mean:+.4f} ± {error:.4f} |",
                flush=True,
            )
            if mean < -2 * error:
                missed.append(f"scores, {setting}, {name}: {-mean / error:.1f} standard errors worse")
    return missed


# times


def threads(library: str, count: int) -> Any:
    """So many threads; netlet's are set, and those of NumPy's BLAS limited within the context."""
    if library == "netlet":
        netlet.set_num_threads(count)
        return nullcontext()
    return threadpool_limits(count)


def turns(
    rounds: int, works: dict[Any, Callable[[], Any]], calls: int = 1, clock: Callable[[], float] = time.perf_counter
) -> dict[Any, np.ndarray]:
    """Seconds of each work in each round, taking turns; the keys are (library, threads, ...)."""
    times: dict[Any, list[float]] = {key: [] for key in works}
    for _ in range(rounds):
        for key, work in works.items():
            with threads(key[0], key[1]):
                time.sleep(0.05)  # threads of the turn before still wait actively
                times[key].append(Timer(work, timer=clock).timeit(calls) / calls)
    return {key: np.array(each) for key, each in times.items()}


def calls_for(work: Callable[[], Any]) -> int:
    seconds = min(Timer(work).repeat(3, 1))
    return max(1, round(SHORT / seconds))


def told(seconds: float) -> str:
    if abs(seconds) >= 1:
        return f"{seconds:.2f} s"
    return f"{1e3 * seconds:.3g} ms" if abs(seconds) >= 1e-3 else f"{1e6 * seconds:.0f} µs"


def fitted(library: str, data: DataSet, x: np.ndarray, y: np.ndarray, seed: int, **settings: Any) -> Any:
    return estimator(library, data, seed, **settings).fit(x, y)


def fit(names: list[str], options: argparse.Namespace) -> list[str]:
    print(
        "\nfit at the defaults, one thread, processor time: "
        f"medians of {options.rounds} turns, means of {SEEDS} seeds\n"
    )
    print("| data | scikit-learn | netlet | times as fast | two threads, to one: least wall times |")
    print("| --- " + "| ---: " * 4 + "|")
    missed, ratios = [], []
    for name in names:
        data = load(name)
        x, y = scaled(data)
        works = {
            (library, 1, seed): partial(fitted, library, data, x, y, seed)
            for seed in range(SEEDS)
            for library in LIBRARIES
        }
        found = turns(options.rounds, works, clock=time.process_time)
        theirs, one = (
            float(np.mean([np.median(found[library, 1, seed]) for seed in range(SEEDS)]))
            for library in ("scikit-learn", "netlet")
        )
        works = {("netlet", n): partial(fitted, "netlet", data, x, y, 0) for n in (1, 2)}
        least, most = (float(each.min()) for each in turns(4 * options.rounds, works).values())
        ratios.append(theirs / one)
        print(f"| {name} | {told(theirs)} | {told(one)} | {theirs / one:.1f} | {most / least:.2f} |", flush=True)
        if theirs < 3 * one:
            missed.append(f"fit, {name}: {theirs / one:.2f} times as fast, not 3")
        if most > 1.05 * least:  # less is noise
            missed.append(f"fit, {name}: two threads take {most / least:.2f} times as long as one")
    mean = float(np.exp(np.log(ratios).mean()))
    print(f"\ngeometric mean: {mean:.1f} times as fast; least: {min(ratios):.1f}")
    if mean < 6:
        missed.append(f"fit: {mean:.1f} times as fast in the geometric mean, not 6")
    return missed


def predict(names: list[str], options: argparse.Namespace) -> list[str]:
    print("\npredict, one thread, processor time: medians\n")
    print(
        "| data | netlet, 10,000 rows | scikit-learn | times as fast | netlet, one row | scikit-learn | times as fast |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    missed = []
    for name in names:
        data = load(name)
        x, y = scaled(data)
        models = [fitted(library, data, x, y, 0, max_iter=20) for library in LIBRARIES]
        cells = []
        for rows, least in ((10_000, 2), (1, 1)):
            inputs = np.resize(x, (rows, x.shape[1]))
            works = {(library, 1): partial(each.predict, inputs) for library, each in zip(LIBRARIES, models)}
            calls = calls_for(works["scikit-learn", 1])
            found = turns(2 * options.rounds, works, calls, time.process_time).values()
            ours, theirs = (float(np.median(each)) for each in found)
            cells += [told(ours), told(theirs), f"{theirs / ours:.2f}"]
            if theirs < least * ours:
                missed.append(f"predict, {name}, {rows} rows: {theirs / ours:.2f} times as fast, not {least}")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
    return missed


def search(options: argparse.Namespace) -> list[str]:
    """A grid of 50 candidates on two processes; the processes are there before the clock starts."""
    data = load("breast cancer")
    grid = {
        "hidden_layer_sizes": [(16,), (32,), (64,), (100,), (64, 32)],
        "alpha": np.logspace(-5, 0, 10),
    }

    def searched(library: str, grid: dict[str, Any]) -> Any:
        pipeline = make_pipeline(StandardScaler(), estimator(library, data, 0))
        grid = {f"{pipeline.steps[-1][0]}__{name}": values for name, values in grid.items()}
        return GridSearchCV(pipeline, grid, cv=3, n_jobs=2).fit(data.x, data.y)

    works = {(library, 2): partial(searched, library, grid) for library in LIBRARIES}
    for library in LIBRARIES:  # imports in the processes
        searched(library, {"alpha": [1e-4] * 4})
    found = turns(max(1, options.rounds // 3), works)
    ours, theirs = (float(np.median(each)) for each in found.values())
    print(
        f"\nGridSearchCV, 50 candidates x 3 folds of breast cancer, n_jobs=2: netlet {ours:.1f} s, "
        f"scikit-learn {theirs:.1f} s, {theirs / ours:.1f} times as fast"
    )
    return [] if theirs >= 6 * ours else [f"GridSearchCV: {theirs / ours:.1f} times as fast, not 6"]


def trained(like: Any, x: np.ndarray, y: np.ndarray) -> None:
    """The same by hand: a new network, and `Network.fit`."""
    network = netlet.Network(
        like.layer_sizes, activation=like.activations, loss=like.loss_name, reduction="mean", seed=0
    )
    network._warns = False  # nor do estimators look at what training came to
    batch = min(200, len(x))
    network.fit(x, y, epochs=10, batch_size=batch, optimizer=netlet.Adam(0.001, l2=1e-4 / batch))


def cost(names: list[str], options: argparse.Namespace) -> list[str]:
    print(
        "\nThe estimator's own cost: fit of 10 epochs, one thread, processor time, medians of calls that take turns\n"
    )
    print("| data | estimator | Network.fit | difference |")
    print("| --- | ---: | ---: | ---: |")
    missed = []
    for name in names:
        data = load(name)
        x, y = scaled(data)
        settings = {"max_iter": 10, "n_iter_no_change": np.inf}
        network = estimator("netlet", data, 0, **settings).fit(x, y).network_
        works = [
            partial(fitted, "netlet", data, x, y, 0, **settings),
            partial(trained, network, x, y),
        ]
        rounds = options.rounds * calls_for(works[1])
        with threads("netlet", 1):
            times = np.array(
                [[Timer(work, timer=time.process_time).timeit(1) for work in works] for _ in range(rounds)]
            )
        ours, core = np.median(times, axis=0)
        own = np.median(times[:, 0] - times[:, 1])
        print(f"| {name} | {told(ours)} | {told(core)} | {told(own)} |", flush=True)
        if own > 1e-3:
            missed.append(f"cost, {name}: {told(own)}, not 1 ms")
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS, help="run only these")
    parser.add_argument("--data", nargs="+", choices=BUNDLED + OTHERS, default=BUNDLED + OTHERS, metavar="NAME")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS), help="of the scores")
    parser.add_argument("--seeds", type=int, default=5, help="of the scores (5)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of the times (5)")
    options = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)  # 200 epochs, whether or not they are enough
    os.environ["PYTHONWARNINGS"] = "ignore"  # in other processes
    here = machine()
    blas = ", ".join(
        f"{each['internal_api']} {each['version']} ({each.get('architecture')})"
        for each in threadpool_info()
        if each["user_api"] == "blas"
    )
    print(f"{here['processor']}, {here['cpus']} CPUs, Python {here['python']}, {here['date']}")
    print(f"netlet {netlet.__version__} ({netlet.isa()}), scikit-learn {sklearn.__version__}, NumPy {np.__version__}")
    print(f"BLAS: {blas}")
    missed: list[str] = []
    if "scores" in options.part:
        with threadpool_limits(1):
            netlet.set_num_threads(1)
            missed += scores(options.data, options)
    for part in (fit, predict, cost):
        if part.__name__ in options.part:
            missed += part(options.data, options)
    if "search" in options.part:
        missed += search(options)
    print()
    for line in missed:
        print("missed:", line)


if __name__ == "__main__":
    main()
