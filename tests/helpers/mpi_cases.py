# SPDX-License-Identifier: BSD-3-Clause
"""Trainings that give the same on any number of MPI ranks as in one process, on real data: digits and diabetes."""

from pathlib import Path

import numpy as np
from netlet import Adam, Network
from netlet.callbacks import Callback
from netlet.schedules import CosineDecay, ReduceOnPlateau

CASES = {}
NAMES = np.array(["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])


def write_data(folder):
    """For `read_data`; needs scikit-learn, which ranks then do not import."""
    from sklearn.datasets import load_diabetes, load_digits

    for name, load in ("digits", load_digits), ("diabetes", load_diabetes):
        x, y = load(return_X_y=True)
        np.save(Path(folder) / f"{name}_x.npy", x / 16 if name == "digits" else x)
        np.save(Path(folder) / f"{name}_y.npy", y)


def read_data(folder):
    """Memory maps, by name."""
    return {path.stem: np.load(path, mmap_mode="r") for path in Path(folder).glob("*.npy")}


def case(function):
    CASES[function.__name__] = function
    return function


def classifier(**settings):
    return Network([64, 32, 10], activation="relu", loss="cross_entropy", reduction="mean", seed=0, **settings)


@case
def full_batch(data):
    return classifier(), data["digits_x"], data["digits_y"], {"epochs": 5, "learning_rate": 0.3}


@case
def minibatches(data):
    return classifier(), data["digits_x"], data["digits_y"], {"epochs": 3, "batch_size": 600, "optimizer": "adam"}


@case
def minibatches_in_order(data):
    options = {"epochs": 3, "batch_size": 600, "optimizer": "adam", "shuffle": False}
    return classifier(), data["digits_x"], data["digits_y"], options


@case
def batches_of_less_than_a_block(data):
    options = {"epochs": 2, "batch_size": 100, "shuffle": False, "standardize": True, "class_weight": "balanced"}
    return classifier(), data["digits_x"], data["digits_y"], options


@case
def less_than_a_block(data):
    return classifier(), data["digits_x"][:100], data["digits_y"][:100], {"epochs": 3}


@case
def labels(data):
    """Text, of which some ranks' rows lack some."""
    order = np.argsort(data["digits_y"], kind="stable")
    options = {
        "epochs": 3,
        "batch_size": 700,
        "shuffle": False,
        "validation_split": 0.25,
        "class_weight": {"three": 2.5, "five": 0.5},
        "metrics": ["accuracy", lambda y, predicted: float(np.mean((y == "three") == (predicted == "three")))],
        "fingerprint_data": True,
    }
    options["metrics"][1].__name__ = "threes"
    return classifier(), data["digits_x"][order], NAMES[data["digits_y"][order]], options


@case
def shuffled_labels(data):
    options = {
        "epochs": 2,
        "batch_size": 700,
        "validation_split": 0.25,
        "class_weight": "balanced",
        "metrics": ["accuracy"],
    }
    return classifier(dropout=0.2), data["digits_x"], NAMES[data["digits_y"]], options


@case
def yes_or_no(data):
    net = Network([64, 1], loss="binary_cross_entropy", reduction="sum", seed=3)
    options = {"epochs": 4, "learning_rate": 1e-3, "class_weight": "balanced", "validation_split": 0.5}
    return net, data["digits_x"], data["digits_y"] > 4, options


def regressor(outputs=1, **settings):
    settings = {"loss": "squared_error", "dtype": "float32", **settings}
    return Network(
        [10, 20, outputs], activation="tanh", output_activation="identity", reduction="mean", seed=1, **settings
    )


def weights_of(y):
    return np.where(y > 150, 2.0, np.where(y < 60, 0.0, 0.75))


@case
def weights(data):
    x, y = data["diabetes_x"], data["diabetes_y"]
    options = {
        "epochs": 30,
        "batch_size": 270,
        "shuffle": False,
        "sample_weight": weights_of(y[:300]),
        "validation_data": (x[300:], y[300:], weights_of(y[300:])),
        "standardize": True,
        "optimizer": Adam(0.03),
        "patience": 3,
        "min_delta": 1e-3,
        "metrics": ["rmse", "mae", "r2"],
    }
    return regressor(), x[:300], y[:300], options


@case
def missing_targets(data):
    x, y = data["diabetes_x"], np.stack([data["diabetes_y"], data["diabetes_x"][:, 2]], axis=1)
    y[::3, 0] = y[1::3, 1] = y[3:200] = np.nan
    options = {"epochs": 4, "missing": "ignore", "standardize": True, "validation_data": (x[:50], y[:50])}
    return regressor(2), x, y, options | {"metrics": ["r2", "mae"]}


@case
def variances(data):
    options = {"epochs": 4, "standardize": True, "optimizer": "rprop", "metrics": ["rmse"], "validation_split": 0.4}
    return regressor(2, loss="gaussian_nll", dtype="float64"), data["diabetes_x"], data["diabetes_y"], options


@case
def dropout_on_a_plateau(data):
    options = {"epochs": 8, "batch_size": 512, "optimizer": Adam(0.01), "schedule": ReduceOnPlateau(0.5, 1)}
    return (
        classifier(dropout=0.3),
        data["digits_x"],
        data["digits_y"],
        options | {"validation_split": 0.2, "shuffle": False},
    )


@case
def tables(data):
    """Whose columns have names."""
    import pandas as pd  # it takes long to import

    names = ["age", "sex", "bmi", "bp", *(f"s{i}" for i in range(1, 7))]
    x, y = pd.DataFrame(data["diabetes_x"], columns=names), pd.Series(data["diabetes_y"], name="progression")
    options = {"epochs": 3, "standardize": True, "validation_data": (x[100:200][names[::-1]], y[100:200])}
    return regressor(), x, y, options | {"sample_weight": pd.Series(weights_of(data["diabetes_y"]))}


class Meddler(Callback):
    """Does all that a callback may do."""

    every_steps = 2

    def on_begin(self, network, optimizer):
        self.optimizer = optimizer
        network.parameters[3] = 0.25
        optimizer.learning_rate *= 0.75

    def on_end(self, history, network):
        network.biases[0][...] += 0.125

    def on_step(self, step, history, network):
        if step == 4:
            network.parameters[5] = 0.5
        if step == 8:
            self.optimizer.learning_rate /= 2
        return step == 16

    def on_epoch(self, epoch, history, network):
        if epoch == 1:
            network.weights[0][...] *= 0.9


@case
def callbacks(data):
    options = {"epochs": 9, "batch_size": 600, "callbacks": [Meddler()], "schedule": lambda epoch: 1 / (1 + epoch)}
    return classifier(), data["digits_x"], data["digits_y"], options | {"shuffle": False}


@case
def a_callback_ends_it(data):
    options = {"epochs": 9, "callback": lambda epoch, history: epoch == 2, "schedule": CosineDecay(9)}
    return classifier(), data["digits_x"], data["digits_y"], options


def outcome(net, history):
    """What has to be the same, as JSON says it."""
    figures = {name: [value.hex() for value in history[name].tolist()] for name in history if name != "time"}
    return {
        "fingerprint": net.fingerprint(),
        "history": figures,
        "epochs": net.epochs_trained,
        "feature_names": net.feature_names,
        "classes": None if net.classes is None else net.classes.tolist(),
        "provenance": net.provenance,
    }


def to_resume(data):
    """A training of 10 epochs that is interrupted, and all that it depends on; `epochs` is up to the caller."""
    options = {"batch_size": 600, "optimizer": Adam(0.01), "schedule": CosineDecay(10), "standardize": True}
    return classifier(dropout=0.1), data["digits_x"], data["digits_y"], options
