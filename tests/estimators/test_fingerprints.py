# SPDX-License-Identifier: BSD-3-Clause
"""random_state gives the same weights on every instruction set, with any number of threads, on every machine.

The fingerprints change with the numerics version, and with the order in which the estimators draw.
"""

import netlet.sklearn as own
import numpy as np
import pytest

# whole numbers, so that no library's arithmetic is in the data
ROWS = np.arange(600)
X = np.stack([ROWS % 7, ROWS % 11, ROWS % 13, (ROWS * ROWS) % 17], axis=1) / 8
LABELS = np.array(["a", "b", "c"])[(ROWS % 7 + ROWS % 11) // 6]
TARGETS = (ROWS % 7) * (ROWS % 13) / 16 - 2

FINGERPRINTS = {
    ("MLPClassifier", "adam"): "646b536651b4332514a6c3f0679f812c78392af840d0d8d0cb80ad80840ec97f",
    ("MLPClassifier", "sgd"): "b4ce00c9f05813e7834a693389ca5fdba055b1ab046563abc8af270e838066de",
    ("MLPRegressor", "adam"): "8e12175b450daef2a91b429a883792226a5ef7d9bf991223a1c58b76493027a9",
    ("MLPRegressor", "sgd"): "899f48ab5a5a2933214ec0e7cae024f839b76f60cafa4e467fb0696a35ffb0f2",
}


def fitted(name, solver, **settings):
    settings = {"hidden_layer_sizes": (20, 10), "max_iter": 10, "random_state": 0, "solver": solver, **settings}
    return getattr(own, name)(**settings).fit(X, LABELS if name == "MLPClassifier" else TARGETS)


@pytest.mark.parametrize(("name", "solver"), FINGERPRINTS)
def test_weights(name, solver, every_isa, set_num_threads):
    def check():
        for count in 1, 2, 3:
            set_num_threads(count)
            assert fitted(name, solver).network_.fingerprint() == FINGERPRINTS[name, solver]
            assert fitted(name, solver, n_threads=4 - count).network_.fingerprint() == FINGERPRINTS[name, solver]

    every_isa(check)


@pytest.mark.parametrize(
    "settings",
    [{"early_stopping": True}, {"dropout": 0.2}, {"dtype": "float32"}, {"learning_rate": "invscaling"}],
    ids=str,
)
@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_other_settings(name, settings, every_isa):
    seen = set()
    every_isa(lambda: seen.add(fitted(name, "sgd", **settings).network_.fingerprint()))
    assert len(seen) == 1


def test_predictions(every_isa):
    model, seen = fitted("MLPClassifier", "adam"), set()
    every_isa(lambda: seen.add(model.predict_proba(X).tobytes() + model.predict_log_proba(X).tobytes()))
    assert len(seen) == 1
