# SPDX-License-Identifier: BSD-3-Clause
"""Python and JavaScript train to the same bytes, and read each other's files."""

import base64
import json
import re
import warnings

import netlet
import numpy as np
import pytest
from netlet import Adam, Network, schedules

pytestmark = pytest.mark.wasm

OPTIMIZERS = {"sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop", "rprop": "Rprop"}
SCHEDULES = {
    "step": schedules.StepDecay,
    "exponential": schedules.ExponentialDecay,
    "cosine": schedules.CosineDecay,
    "plateau": schedules.ReduceOnPlateau,
}
LINEAR = {"outputActivation": "identity", "seed": 1}
CASES = {  # sizes, settings of the network, the optimizer, options of fit; what data there are beside x and y
    "defaults": ([3, 5, 2], {"seed": 7}, {"name": "sgd"}, {"epochs": 5}, ""),
    "sgd": (
        [3, 5, 2],
        {**LINEAR, "dtype": "float32", "reduction": "mean"},
        {"name": "sgd", "learningRate": 0.05, "momentum": 0.9, "nesterov": True, "l2": 0.01, "clipNorm": 0.5},
        {"epochs": 6, "batchSize": 32, "schedule": {"name": "step", "gamma": 0.5, "period": 2}},
        "sampleWeight",
    ),
    "adam": (
        [3, 8, 6, 2],
        {**LINEAR, "loss": "huber", "huberDelta": 0.7, "dropout": [0.25, 0.5], "activation": "gelu"},
        {"name": "adam", "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-6, "l1": 0.001},
        {"epochs": 5, "batchSize": 20, "standardize": True, "schedule": {"name": "cosine", "period": 4, "floor": 0.2}},
        "validation",
    ),
    "adamw": (
        [3, 8, 3],
        {"loss": "cross_entropy", "reduction": "mean", "init": "he_uniform", "activation": "relu", "seed": 2**53 - 1},
        {"name": "adamw", "weightDecay": 0.1, "learningRate": 0.01},
        {"epochs": 5, "batchSize": 20, "seed": 12, "shuffle": True, "standardize": "inputs"},
        "sampleWeight validation",
    ),
    "rmsprop": (
        [3, 8, 2],
        {"loss": "quantile", "quantile": [0.1, 0.9], **LINEAR, "activation": "silu"},
        {"name": "rmsprop", "rho": 0.8, "momentum": 0.5, "clipValue": 0.1},
        {"epochs": 40, "batchSize": 50, "patience": 2, "minDelta": 1e-3, "missing": "ignore"},
        "missing validation",
    ),
    "rprop": (
        [3, 8, 4],
        {"loss": "gaussian_nll", "seed": 3, "activation": "mish"},
        {"name": "rprop", "etaMinus": 0.4, "etaPlus": 1.1, "stepMin": 1e-5, "stepMax": 1},
        {"epochs": 30, "patience": 3, "standardize": True},
        "",
    ),
    "plateau": (
        [3, 4, 1],
        {"loss": "poisson", "seed": 5, "reduction": "mean"},
        {"name": "sgd"},
        {
            "epochs": 12,
            "batchSize": 64,
            "shuffle": False,
            "resume": True,
            "schedule": {"name": "plateau", "gamma": 0.5, "patience": 1, "minDelta": 0.01, "floor": 0.1},
        },
        "",
    ),
    "labels": (
        [3, 6, 2],
        {"loss": "binary_cross_entropy", "seed": 6, "dtype": "float32"},
        {"name": "sgd", "learningRate": 0.01},
        {"epochs": 4, "batchSize": 10, "schedule": {"name": "exponential", "gamma": 0.9}},
        "",
    ),
}


def snake(settings):
    return {re.sub(r"([A-Z]|(?<=beta)\d)", r"_\1", name).lower(): value for name, value in settings.items()}


def data_of(name, sizes, settings, extra):
    rng = np.random.default_rng(len(name))
    rows, loss = 150, settings.get("loss")
    x = rng.normal(size=(rows, sizes[0]))
    targets = sizes[-1] // (2 if loss == "gaussian_nll" else 1)
    y = rng.normal(size=(rows, targets)) + x[:, :1]
    if loss == "cross_entropy":
        y = rng.integers(0, targets, rows).astype(float)
    elif loss == "poisson":
        y = rng.poisson(2.0, (rows, targets)).astype(float)
    elif loss == "binary_cross_entropy":
        y = (y > 0).astype(float)
    if "missing" in extra:
        y[rng.random(y.shape) < 0.2] = np.nan
    data = {"x": x, "y": y}
    if "sampleWeight" in extra:
        data["sampleWeight"] = rng.random(rows)
    if "validation" in extra:
        data["validation"] = [x[:40] + 0.1, y[:40]]
    return data


def written(values):
    if isinstance(values, list):
        return [written(part) for part in values]
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def trained(sizes, settings, optimizer, fit, data):
    """By Python, from the same description."""
    net = Network(sizes, **snake(settings))
    steps = getattr(netlet, OPTIMIZERS[optimizer["name"]])(**snake({k: v for k, v in optimizer.items() if k != "name"}))
    options = snake(fit)
    if "schedule" in options:
        arguments = snake(options["schedule"])
        options["schedule"] = SCHEDULES[arguments.pop("name")](**arguments)
    y = data["y"].astype(int) if net.loss_name == "cross_entropy" else data["y"]
    validation = data.get("validation")
    if validation and net.loss_name == "cross_entropy":
        validation = [validation[0], validation[1].astype(int)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some are trained in vain
        history = net.fit(
            data["x"],
            y,
            optimizer=steps,
            sample_weight=data.get("sampleWeight"),
            validation_data=validation and tuple(validation),
            **options,
        )
    return net, steps, history, net.evaluate(data["x"], y, missing="ignore")


@pytest.fixture(scope="module")
def found(javascript, tmp_path_factory):
    """What JavaScript says of all cases, and what Python has in their place."""
    folder = tmp_path_factory.mktemp("exchange")
    own, cases = {}, {}
    for name, (sizes, settings, optimizer, fit, extra) in CASES.items():
        data = data_of(name, sizes, settings, extra)
        text = {key: written(values) for key, values in data.items()}
        cases[name] = {"sizes": sizes, "settings": settings, "optimizer": optimizer, "fit": fit, "data": text}
        own[name] = trained(sizes, settings, optimizer, fit, data)
    own |= networks()
    for name, (net, steps, *_) in own.items():
        net.save(folder / f"{name}.netlet", optimizer=steps, provenance=name == "notes")
    (folder / "cases.json").write_text(json.dumps(cases), encoding="utf-8")
    return folder, javascript("exchange", folder), own


def networks():
    """More to load, which no case trains."""
    notes = Network([3, 4, 3], loss="cross_entropy", seed=2**64 - 1, activation="elu", reduction="mean")
    notes.classes, notes.feature_names = ["it's", "naïve", 'a "b"'], ["mass", "speed\n", "😀"]
    notes.metadata = {"made for": ["a test", 1, None, {"π": 3.5}]}
    notes.fit(np.eye(3), ["it's", "naïve", 'a "b"'], epochs=1)
    deep = Network([2, *[3] * 40, 1], activation="tanh", seed=0)
    wide = Network([1200, 1001, 8], activation="softplus", seed=0, dtype="float32", dropout=0.00001)
    numbered = Network([3, 10], loss="cross_entropy", seed=0, classes=range(10, 20))
    truths = Network([3, 1], loss="binary_cross_entropy", seed=0, classes=[False, True])
    huber = Network([3, 1], activation="leaky_relu", loss="huber", huber_delta=1234567.0, seed=0)
    nets = {"notes": notes, "deep": deep, "wide": wide, "numbered": numbered, "truths": truths, "huber": huber}
    return {name: (net, Adam() if name == "notes" else None) for name, net in nets.items()}


@pytest.mark.parametrize("name", CASES)
def test_training_gives_the_same_bytes(name, found):
    folder, result, own = found
    net, steps, history, evaluation = own[name]
    there = result["trained"][name]
    assert np.frombuffer(base64.b64decode(there["loss"])).tolist() == history.loss.tolist()
    assert there["rate"] == history.learning_rate.tolist()
    assert {key: there["evaluation"][key] for key in evaluation} == evaluation
    assert {there["evaluation"][key] for key in there["evaluation"] if key not in evaluation} == {None}  # NaN, as JSON
    data = (folder / f"{name}.javascript").read_bytes()
    assert data == net.to_bytes(optimizer=steps)
    loaded, optimizer = Network.checkpoint_from_bytes(data)
    assert loaded.fingerprint() == net.fingerprint()
    assert repr(optimizer) == repr(steps)


@pytest.mark.parametrize("name", [*CASES, "notes", "deep", "wide", "numbered", "truths", "huber"])
def test_what_python_saved_is_the_same_network(name, found):
    folder, result, own = found
    net, steps = own[name][:2]
    there = result["loaded"][name]
    assert base64.b64decode(there["bytes"]) == (folder / f"{name}.netlet").read_bytes()
    assert there["fingerprint"] == net.fingerprint()
    x = (np.arange(7 * net.layer_sizes[0]) * 37 % 101 / 50 - 1).reshape(7, -1)
    assert base64.b64decode(there["outputs"]) == net.forward(x).tobytes()
    assert base64.b64decode(there["jacobian"]) == net.jacobian(x).tobytes()
    labels = None if net.classes is None else net.classes.tolist()
    net.classes = None  # predictions of JavaScript are indices
    assert there["predictions"] == np.ravel(net.predict(x)).tolist()
    net.classes = labels
    assert there["summary"] == net.summary()
    assert (there["classes"], there["metadata"]) == (labels, net.metadata)
    origin = {key: value for key, value in (there["provenance"] or {}).items() if key != "seed"}  # beyond 2**53
    assert origin == {key: value for key, value in net.provenance.items() if key != "seed" and name == "notes"}
    if steps is None:
        assert there["optimizer"] is None
    else:
        settings = snake({key: value for key, value in there["optimizer"].items() if key not in ("name", "steps")})
        assert {key: value for key, value in settings.items() if value or key in steps._own} == steps._arguments()
        assert (OPTIMIZERS[there["optimizer"]["name"]], there["optimizer"]["steps"]) == (
            type(steps).__name__,
            steps.steps,
        )


def test_what_python_noted_of_a_training_is_kept_to_the_digit(found):
    folder, _, own = found
    net = own["notes"][0]
    metadata = {**net.metadata, "more": '"netlet_provenance": {}}'}
    kept, trained, empty = (Network.load(folder / f"notes.{name}") for name in ("kept", "trained", "empty"))
    assert (kept.metadata, kept.provenance) == (metadata, net.provenance)
    assert kept.provenance["seed"] == 2**64 - 1
    assert (trained.metadata, trained.provenance) == (metadata, {})
    assert (empty.metadata, empty.provenance) == ({}, {})
    assert (empty.classes.tolist(), empty.feature_names) == (net.classes.tolist(), net.feature_names)
