# SPDX-License-Identifier: BSD-3-Clause
"""Data sets that packages ship: scikit-learn, statsmodels and vega_datasets, each imported by those that are its."""

from __future__ import annotations

import csv
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import sklearn.datasets as sk


class DataSet(NamedTuple):
    kind: str
    x: np.ndarray
    y: np.ndarray


def of_sklearn(kind: str, load: Callable[..., Any], **options: Any) -> Callable[[], DataSet]:
    return lambda: DataSet(kind, *load(**options))


def of_statsmodels(kind: str, name: str, rows: int | None = None) -> Callable[[], DataSet]:
    def load() -> DataSet:
        data = importlib.import_module(f"statsmodels.datasets.{name}").load_pandas()
        x, y = np.asarray(data.exog, float)[:rows], np.asarray(data.endog, float)[:rows]
        if name == "star98":  # those above and below the median of a test
            y = y[:, 0] / y.sum(axis=1)
        return DataSet(kind, x, (y - y.min()).astype(int) if kind == "classes" else y)

    return load


def of_vega(name: str) -> Path:
    import vega_datasets

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
    data = importlib.import_module("statsmodels.datasets.sunspots").load_pandas().data
    values = np.asarray(data["SUNACTIVITY"], float)
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
