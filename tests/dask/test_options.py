# SPDX-License-Identifier: BSD-3-Clause
"""What `Network.fit` offers is there, with its bits."""

import dask.array as da
import netlet.dask
import numpy as np
import pytest
from netlet import Adam, Network, TrainingWarning
from netlet.schedules import CosineDecay, ReduceOnPlateau

pytestmark = pytest.mark.dask


def regression(**settings):
    settings = {"activation": "tanh", "output_activation": "identity", "reduction": "mean", "seed": 1, **settings}
    return Network([2, 5, 2], **settings)


def classifier(**settings):
    return Network([64, 8, 10], loss="cross_entropy", reduction="mean", seed=1, **settings)


def on_dask(*arrays):
    return [da.from_array(each, (500, 100)[: each.ndim]) for each in arrays]


def same(client, make, x, y, *, there=None, **options):
    """Train both ways; `there`: options that are data, for Dask."""
    one, other = make(), make()
    expected = one.fit(x, y, epochs=4, optimizer=Adam(0.01), **{"shuffle": False, **options})
    given = on_dask(x, y)
    options.update(there or {})
    history = netlet.dask.fit(
        other, *given, client=client, epochs=4, optimizer=Adam(0.01), **{"shuffle": False, **options}
    )
    assert other.fingerprint() == one.fingerprint()
    assert list(history) == list(expected)
    for name in history:
        assert name == "time" or np.array_equal(history[name], expected[name]), name
    return history


@pytest.mark.parametrize("batch_size", [None, 512, 700])
@pytest.mark.parametrize("standardize", [False, True])
def test_weights(client, curve, batch_size, standardize):
    x, y, weight = curve
    there = {"sample_weight": on_dask(weight)[0]}
    options = {"batch_size": batch_size, "standardize": standardize, "sample_weight": weight}
    same(client, regression, x, y, there=there, **options)


@pytest.mark.parametrize("batch_size", [None, 500])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 3.0, 7: 0.5}])
def test_class_weights(client, digits, batch_size, class_weight):
    x, y = digits
    same(client, classifier, x, y, batch_size=batch_size, class_weight=class_weight)
    weight = np.linspace(0, 2, len(x))
    there = {"sample_weight": on_dask(weight)[0]}
    options = {"batch_size": batch_size, "class_weight": class_weight, "sample_weight": weight}
    same(client, classifier, x, y + 5, there=there, **{**options, "class_weight": "balanced"})


@pytest.mark.parametrize("batch_size", [None, 500])
def test_validation_data_on_the_workers_and_here(client, curve, batch_size):
    x, y, weight = curve
    held = x[2200:], y[2200:], weight[2200:]
    options = {"batch_size": batch_size, "validation_data": held, "standardize": True, "patience": 2}
    history = same(client, regression, x[:2200], y[:2200], there={"validation_data": on_dask(*held)}, **options)
    assert "validation_loss" in history
    same(client, regression, x[:2200], y[:2200], **options)


def test_validation_data_with_labels_and_metrics(client, digits):
    x, y = digits
    names = np.array([f"digit {i}" for i in range(10)])[y]
    held = x[1500:], names[1500:]
    for there in ({}, {"validation_data": on_dask(*held)}):
        same(client, classifier, x[:1500], names[:1500], there=there, validation_data=held)
    net = classifier()
    history = netlet.dask.fit(
        net, *on_dask(x[:1500], names[:1500]), client=client, epochs=2, validation_data=held, metrics=[len_of_y]
    )
    assert history["validation_len_of_y"].tolist() == [297, 297]


def len_of_y(y, prediction):
    assert y.dtype.kind == prediction.dtype.kind == "U"
    return len(y)


@pytest.mark.parametrize("batch_size", [None, 500])
def test_validation_split(client, digits, batch_size):
    weight = np.linspace(1, 2, len(digits[0]))
    there = {"sample_weight": on_dask(weight)[0]}
    same(client, classifier, *digits, batch_size=batch_size, validation_split=0.3, class_weight="balanced")
    options = {"batch_size": batch_size, "validation_split": 0.25, "sample_weight": weight, "seed": 3}
    same(client, classifier, *digits, there=there, **options)


@pytest.mark.parametrize(
    "options",
    [
        {"patience": 1, "min_delta": 10.0},
        {"schedule": CosineDecay(4)},
        {"schedule": ReduceOnPlateau(patience=1)},
        {"schedule": lambda epoch: 1 / (1 + epoch), "batch_size": 512},
        {"standardize": "inputs", "batch_size": 300},
        {"standardize": "outputs"},
        {"callback": lambda epoch, history: epoch == 1},
    ],
    ids=lambda options: " ".join(options),
)
def test_the_loop(client, curve, options):
    same(client, regression, *curve[:2], **options)


@pytest.mark.parametrize(
    "settings",
    [
        {"dropout": 0.4},
        {"dtype": "float32"},
        {"reduction": "sum", "dropout": 0.2, "dtype": "float32"},
        {"loss": "gaussian_nll"},
        {"loss": "quantile", "quantile": [0.1, 0.9]},
        {"loss": "huber", "huber_delta": 2.0},
        {"loss": "poisson"},
    ],
    ids=lambda settings: " ".join(map(str, settings.values())),
)
@pytest.mark.parametrize("batch_size", [None, 600])
def test_networks(client, curve, settings, batch_size):
    x, y, _ = curve
    y = y[:, 0] if settings.get("loss") in ("gaussian_nll", "quantile") else np.abs(y)
    same(client, lambda: regression(**settings), x / 10, y, batch_size=batch_size)


def test_missing_targets(client, curve):
    x, y, _ = curve
    y = y.copy()
    y[::3, 0] = y[::7, 1] = np.nan
    same(client, regression, x, y, missing="ignore", standardize=True, batch_size=600)


def test_callbacks_and_their_changes(client, curve):
    class Halves(netlet.callbacks.Callback):
        every_steps = 3

        def on_step(self, step, history, network):
            network.parameters[:] *= 0.5

    same(client, regression, *curve[:2], batch_size=600, callbacks=[Halves()])


def test_progress(client, curve, capsys):
    same(client, regression, *curve[:2], batch_size=600, progress=True)
    assert "epoch 4/4" in capsys.readouterr().err


def test_a_checkpoint_goes_on_elsewhere(client, curve, tmp_path):
    x, y, _ = curve
    whole, first = regression(), regression()
    whole.fit(x, y, epochs=5, optimizer=Adam(0.01))
    keep = netlet.callbacks.Checkpoint(tmp_path / "net.netlet")
    given = on_dask(x, y)
    netlet.dask.fit(first, *given, client=client, epochs=2, optimizer=Adam(0.01), callbacks=[keep])
    net, optimizer = Network.load_checkpoint(tmp_path / "net.netlet")
    netlet.dask.fit(net, *given, client=client, epochs=3, optimizer=optimizer)
    assert net.fingerprint() == whole.fingerprint()


def test_warnings(client, curve):
    x, y, _ = curve
    with pytest.warns(UserWarning, match="output_activation: tanh gives outputs from -1 to 1, but y has values from"):
        netlet.dask.fit(regression(output_activation="tanh"), *on_dask(x, y), client=client, epochs=1)
    with pytest.warns(TrainingWarning, match="rate 0"):
        netlet.dask.fit(regression(), *on_dask(x, y), client=client, epochs=1, schedule=lambda epoch: 0)


def test_provenance_is_that_of_fit(client, digits):
    options = {"epochs": 2, "batch_size": 600, "shuffle": False, "class_weight": {1: 2.0}, "validation_split": 0.2}
    net, alone = classifier(), classifier()
    netlet.dask.fit(net, *on_dask(*digits), client=client, **options)
    alone.fit(*digits, **options)
    assert net.provenance == alone.provenance
    assert net.provenance["class_weight"] == {"1": 2.0}
