# SPDX-License-Identifier: BSD-3-Clause
"""Where a network's parameters come from, and the fingerprint of data."""

import copy
import hashlib
import json
import pickle
import struct
from decimal import Decimal
from fractions import Fraction

import netlet
import numpy as np
import pandas
import pytest
from netlet import Adam, DivergenceError, Network
from netlet.schedules import StepDecay

from helpers.training import CLASSES, X, Y, classifier, regression

WEIGHTS = np.linspace(0, 1, len(X))


def trained(**options):
    net = classifier()
    options = {"epochs": 3, "batch_size": 50, "optimizer": Adam(0.01, l2=0.1), "seed": 9, **options}
    return net, net.fit(X, CLASSES, **options)


def test_it_says_what_the_last_fit_did():
    net, history = trained(schedule=StepDecay(0.5, period=2), class_weight={0: 2.0}, validation_split=0.25, patience=5)
    assert net.provenance == {
        "netlet_version": netlet.__version__,
        "numerics_version": netlet.numerics_version(),
        "loss": "cross_entropy",
        "reduction": "mean",
        "method": "fit",
        "epochs_asked_for": 3,
        "epochs": 3,
        "batch_size": 50,
        "shuffle": True,
        "seed": 9,
        "optimizer": {
            "name": "Adam",
            "learning_rate": 0.01,
            "beta_1": 0.9,
            "beta_2": 0.999,
            "epsilon": 1e-8,
            "l2": 0.1,
        },
        "schedule": "StepDecay(gamma=0.5, period=2)",
        "resume": False,
        "patience": 5,
        "min_delta": 0.0,
        "standardize": False,
        "missing": "refuse",
        "sample_weight": False,
        "class_weight": {"0": 2.0},
        "validation_data": False,
        "validation_split": 0.25,
        "last_epoch": {name: history[name][-1] for name in history if name != "time"},
        "ended_by": None,
    }
    net.fit(X, CLASSES, epochs=1, sample_weight=WEIGHTS, validation_data=(X, CLASSES), standardize="inputs")
    said = net.provenance
    assert (said["sample_weight"], said["validation_data"], said["standardize"]) == (True, True, "inputs")
    assert (said["seed"], said["optimizer"]["name"], said["epochs"]) == (net.seed, "SGD", 1)
    net.fit_batches([(X, CLASSES)], epochs=2)
    assert (net.provenance["method"], net.provenance["epochs"]) == ("fit_batches", 2)


def test_it_is_what_json_gives_back_whatever_it_was_given_as():
    for options in (
        {"epochs": np.int64(2), "seed": np.uint64(2**63), "shuffle": np.bool_(False), "min_delta": np.float32(0.5)},
        {"validation_split": Decimal("0.25"), "min_delta": Decimal(0), "class_weight": {0: Fraction(1, 2), 1: 1}},
        {"metrics": {"nothing": lambda *_: np.nan}, "class_weight": "balanced"},
        {"schedule": lambda epoch: 0.5},
    ):
        said = trained(**options)[0].provenance
        assert json.loads(json.dumps(said, allow_nan=False)) == said
    said = trained(class_weight={0: Fraction(1, 2)}, validation_split=Decimal("0.25"))[0].provenance
    assert (said["class_weight"], said["validation_split"]) == ({"0": 0.5}, 0.25)


def half(epoch):
    return 0.5


class Half:
    def __call__(self, epoch):
        return 0.5


@pytest.mark.parametrize(("schedule", "name"), [(half, "half"), (Half(), "Half")])
def test_the_same_training_says_the_same_also_of_functions(schedule, name):
    nets = [trained(schedule=schedule)[0] for _ in range(2)]
    assert nets[0].provenance["schedule"] == f"{half.__module__}.{name}"
    assert nets[0].to_bytes(provenance=True) == nets[1].to_bytes(provenance=True)


def test_a_network_that_fit_has_not_trained_has_none():
    net = regression()
    assert net.provenance == {}
    with pytest.raises(ValueError, match=r"^provenance: expected a network that fit has trained"):
        net.to_bytes(provenance=True)
    with pytest.raises(TypeError, match=r"^provenance: expected True or False, got 1"):
        net.to_bytes(provenance=1)
    net, _ = trained()
    net.reset()
    assert net.provenance == {}


def test_a_fit_that_is_refused_leaves_it_and_one_that_breaks_off_says_so():
    net, _ = trained()
    before = net.provenance
    with pytest.raises(ValueError, match="epochs"):
        net.fit(X, CLASSES, epochs=0)
    with pytest.raises(ValueError, match="expected finite"):
        net.fit(X * np.nan, CLASSES, epochs=1)
    assert net.provenance == before

    def breaks_off(epoch, history):
        if len(history) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        net.fit(X, CLASSES, epochs=9, callback=breaks_off)
    assert (net.provenance["epochs"], net.provenance["epochs_asked_for"]) == (2, 9)
    assert net.provenance["ended_by"] == "KeyboardInterrupt"
    net = regression()
    with pytest.raises(DivergenceError) as caught:
        net.fit(X, 1e150 * Y, epochs=9, learning_rate=1e3)
    assert net.provenance.get("epochs", 0) == len(caught.value.history)


def test_files_have_it_on_request(tmp_path):
    net, _ = trained()
    net.metadata = {"mine": 1}
    plain = net.to_bytes()
    assert b"provenance" not in plain
    net.save(tmp_path / "net", provenance=True)
    assert net.to_bytes() == plain  # nothing has changed in the network itself
    other = Network.load(tmp_path / "net")
    assert other.provenance == net.provenance
    assert other.metadata == {"mine": 1}
    assert other.to_bytes() == (tmp_path / "net").read_bytes() == net.to_bytes(provenance=True)
    with (tmp_path / "open").open("wb") as file:
        net.save(file, provenance=True)
    assert (tmp_path / "open").read_bytes() == other.to_bytes()
    other.metadata = None  # the user's own
    assert (other.metadata, other.provenance) == ({}, net.provenance)
    other.fit(X, CLASSES, epochs=1)
    assert b"provenance" not in other.to_bytes()  # that of before is not that of now
    assert other.provenance["epochs"] == 1


def test_a_refused_fit_leaves_that_of_a_file():
    net = Network.from_bytes(trained()[0].to_bytes(provenance=True))
    before = net.to_bytes()
    with pytest.raises(ValueError, match="expected"):
        net.fit(X, CLASSES, epochs=0)
    assert net.to_bytes() == before
    net.reset(init="he_uniform")
    assert net.provenance == {}


def test_copies_and_pickles_have_it_and_the_optimizer_is_saved_beside_it():
    net, _ = trained()
    for other in (copy.copy(net), copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other.provenance == net.provenance
    optimizer = Adam()
    net.fit(X, CLASSES, epochs=1, optimizer=optimizer)
    other, same = Network.checkpoint_from_bytes(net.to_bytes(optimizer=optimizer, provenance=True))
    assert other.provenance["optimizer"]["name"] == "Adam"
    assert same.steps == 1
    for key in list(net.provenance):
        other.provenance.pop(key)  # of a copy
    assert other.provenance == net.provenance


def test_its_place_in_the_metadata_is_taken():
    with pytest.raises(ValueError, match=r"^metadata: expected other names than 'netlet_provenance'"):
        regression().metadata = {"netlet_provenance": 1}


def test_the_data_on_request():
    net = regression()
    net.fit(X, Y, epochs=1, sample_weight=WEIGHTS)
    assert "data" not in net.provenance
    net.fit(pandas.DataFrame(X), Y.tolist(), epochs=1, sample_weight=WEIGHTS, fingerprint_data=True)
    expected = {"x": netlet.fingerprint(X), "y": netlet.fingerprint(Y), "sample_weight": netlet.fingerprint(WEIGHTS)}
    assert net.provenance["data"] == expected
    net, y = classifier(), np.array(["a", "b", "c"])[CLASSES]
    net.fit(X, y, epochs=1, fingerprint_data=True)
    assert net.provenance["data"]["y"] == netlet.fingerprint(y.tolist())


def test_a_fingerprint_of_data_is_that_of_the_bytes_that_it_says():
    x = np.array([[1.0, -0.0, np.nan], [0.1, 2.0, np.inf]])
    numbers = struct.pack("<2d", 1.0, -0.0) + struct.pack("<Q", 0x7FF8000000000000) + struct.pack("<3d", 0.1, 2, np.inf)
    assert netlet.fingerprint(x) == hashlib.sha256(b"netlet data 1\nnumbers\n2 3\n" + numbers).hexdigest()
    text = b"".join(struct.pack("<Q", len(item.encode())) + item.encode() for item in ("a", "été"))
    assert netlet.fingerprint(["a", "été"]) == hashlib.sha256(b"netlet data 1\ntext\n2\n" + text).hexdigest()
    assert netlet.fingerprint(7) == hashlib.sha256(b"netlet data 1\nnumbers\n\n" + struct.pack("<d", 7)).hexdigest()
    assert netlet.fingerprint([]) == hashlib.sha256(b"netlet data 1\nnumbers\n0\n").hexdigest()


def test_it_depends_on_shape_and_values_alone():
    rng = np.random.default_rng(0)
    x = rng.integers(-9, 9, (70_000, 3))  # more than one piece
    expected = netlet.fingerprint(x)
    for same in (x.astype("float32"), np.asfortranarray(x), x.astype(">i4"), x.tolist(), pandas.DataFrame(x)):
        assert netlet.fingerprint(same) == expected
    one = x.copy()
    one[69_999, 2] += 1
    for other in (x.T, x.ravel(), x[::-1], x[:-1], one):
        assert netlet.fingerprint(other) != expected
    assert netlet.fingerprint(["ab", "c"]) != netlet.fingerprint(["a", "bc"])
    assert netlet.fingerprint(["1"]) != netlet.fingerprint([1])


@pytest.mark.parametrize(
    ("data", "error", "match"),
    [
        (["a", None], ValueError, r"^data: expected text, but the value in row 1 is missing"),
        ([1, None], ValueError, r"^data: expected numbers, but the value in row 1 is missing"),
        (object(), TypeError, "^data: expected real numbers, got object"),
        (["a\0", "b"], ValueError, r"^data: expected text that does not end in a NUL .*, got 'a\\x00' in row 0$"),
        ("a\0", ValueError, r"^data: expected text that does not end in a NUL"),
    ],
)
def test_what_is_no_data_has_none(data, error, match):
    with pytest.raises(error, match=match):
        netlet.fingerprint(data)
