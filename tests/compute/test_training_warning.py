# SPDX-License-Identifier: BSD-3-Clause
"""A fit that was in vain says so once, with figures and what to do; one that learned, or still learns, says nothing."""

import inspect
import pickle
import subprocess
import sys
import warnings

import netlet
import numpy as np
import pytest
from netlet import SGD, Adam, Network, TrainingWarning, schedules

RNG = np.random.default_rng(3)
X = RNG.normal(size=(200, 6))
CLASSES = (X[:, :3] + 0.3 * RNG.normal(size=(200, 3))).argmax(axis=1)
Y = np.tanh(X[:, 0]) + X[:, 1] + 0.3 * RNG.normal(size=200)
RAW = X * [1, 1, 1, 1, 1, 2000] + [0, 0, 0, 0, 0, 5000]  # one column of another size


def classifier(activation="tanh", hidden=(16,), **settings):
    return Network([6, *hidden, 3], activation=activation, loss="cross_entropy", reduction="mean", seed=1, **settings)


def regression(activation="tanh", **settings):
    return Network(
        [6, 16, 1], activation=activation, output_activation="identity", reduction="mean", seed=1, **settings
    )


def fit(net, x=X, y=CLASSES, **options):
    options = {"epochs": 60, "batch_size": 32, "optimizer": Adam(0.01), **options}
    return net.fit(x, y, **options)


def saturated():
    net = classifier("sigmoid")
    net.weights[0][:] *= 100
    net.biases[1][:] = 5 * np.arange(3)
    return net


def dead():
    net = classifier("relu")
    net.biases[0][:] = -100
    return net


IN_VAIN = {
    "raw inputs": (lambda: fit(classifier("sigmoid"), RAW, learning_rate=0.1, optimizer=None), "no better than"),
    "sizes of raw inputs": (
        lambda: fit(classifier("sigmoid"), RAW, learning_rate=0.1, optimizer=None),
        r"the inputs have sizes from [\d.]+ \(column \d\) to 1\.\d+e\+04 \(column 5\): use standardize=True",
    ),
    "raw targets": (lambda: fit(regression(), y=1000 + 300 * Y), r"the targets have sizes up to \d+"),
    "too high a rate": (
        lambda: fit(regression(), y=Y, optimizer=Adam(3.0)),
        "no better than that of the best constant",
    ),
    "a loss that grows": (
        lambda: fit(regression(), y=Y, optimizer=SGD(0.2, momentum=0.99), batch_size=20),
        r"the loss grew from (its best, )?[\d.]+ to [\d.e+]+: a smaller learning rate may help",
    ),
    "saturated": (
        lambda: fit(saturated(), optimizer=SGD(1e-4)),
        r"\d+ % of the units of hidden layer 1 are saturated \(sigmoid",
    ),
    "dead": (lambda: fit(dead()), r"100 % of the units of hidden layer 1 are dead \(relu"),
    "scaled for other data": (
        lambda: fit(scaled_for_other_data(), 1000 * X + 5000, optimizer=SGD(1e-4)),
        r"sizes up to [\d.e+]+ after the network's input_scaling, which comes from other data: use learn_scaling",
    ),
    "a few epochs": (
        lambda: Network([6, 1], activation="identity", reduction="mean", seed=1).fit(
            RAW, Y, epochs=6, learning_rate=1e-7
        ),
        r"the loss grew from [\d.e+]+ to [\d.e+]+: a smaller learning rate may help; the inputs have sizes from",
    ),
    "a deep layer": (
        lambda: fit(classifier(["relu", "relu", "softmax"], (16, 8), init=with_dead_layer())),
        "100 % of the units of hidden layer 2 are dead",
    ),
}


def scaled_for_other_data():
    net = classifier("sigmoid")
    net.learn_scaling(X)
    return net


def with_dead_layer():
    net = Network([6, 16, 8, 3], activation="relu", seed=1)
    net.biases[1][:] = -100
    return net.parameters


@pytest.mark.parametrize(("train", "says"), IN_VAIN.values(), ids=IN_VAIN)
def test_training_in_vain_is_warned_of(train, says):
    with pytest.warns(TrainingWarning, match=says) as caught:
        train()
    assert len(caught) == 1


WELL = {
    "classes": lambda: fit(classifier()),
    "relu": lambda: fit(classifier("relu", (32, 32), init="he_uniform"), optimizer=Adam(0.003)),
    "raw, standardized": lambda: fit(classifier(), RAW, standardize=True),
    "regression": lambda: fit(regression(), y=Y),
    "raw targets, standardized": lambda: fit(regression(), y=1000 + 300 * Y, standardize=True),
    "dropout": lambda: fit(regression("relu", dropout=0.5), y=Y),
    "hardly anything to learn": lambda: fit(regression(), y=0.5 * Y + 2 * RNG.normal(size=200), epochs=30),
    "one value": lambda: fit(regression(), y=np.full(200, 3.0), epochs=300),
    "one row": lambda: regression().fit(X[:1], Y[:1], epochs=30),
    "no column of inputs that varies": lambda: fit(regression(), np.zeros((200, 6)), np.full(200, 1.0)),
}


@pytest.mark.parametrize("train", WELL.values(), ids=WELL)
def test_training_that_learns_is_not(train):
    train()


def test_fewer_than_20_epochs_are_not_judged():
    for net in (dead(), saturated(), classifier("sigmoid")):
        fit(net, RAW, epochs=19)


def test_a_loss_that_still_falls_by_a_percent_an_epoch_is_not_judged():
    net = Network([6, 1], activation="identity", reduction="mean", seed=1)
    net.biases[0][:] = 1e6
    history = fit(net, y=Y, optimizer=SGD(0.01), batch_size=None)
    falls = 1 - history.loss[1:] / history.loss[:-1]
    assert falls.min() > 0.01
    assert history.loss[-1] > 1e10


def test_it_comes_once_from_the_callers_line():
    with pytest.warns(TrainingWarning) as caught:
        dead().fit(X, CLASSES, epochs=30)
    line = inspect.currentframe().f_lineno - 1
    (warning,) = caught
    assert (warning.filename, warning.lineno) == (__file__, line)


def test_as_an_error_it_has_the_history_and_training_is_kept():
    net, adam = dead(), Adam(0.01)
    with pytest.raises(TrainingWarning, match="dead") as caught:
        fit(net, optimizer=adam, epochs=25)
    assert len(caught.value.history) == net.epochs_trained == 25
    twin = dead()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TrainingWarning)
        history = fit(twin, epochs=25)
    assert twin == net
    assert history.loss.tolist() == caught.value.history.loss.tolist()


def test_it_can_be_turned_off_by_filters_and_by_callers_that_judge_themselves():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=netlet.TrainingWarning)
        fit(dead())
    net = dead()
    net._warns = False
    fit(net)
    assert issubclass(TrainingWarning, UserWarning)
    assert pickle.loads(pickle.dumps(TrainingWarning("a"))).args == ("a",)


def test_what_is_said_under_sums_is_that_of_the_mean_of_the_rows():
    texts = []
    for reduction, rate in (("mean", 0.1), ("sum", 0.1 / 200)):
        net = Network([6, 16, 3], activation="sigmoid", loss="cross_entropy", reduction=reduction, seed=1)
        with pytest.warns(TrainingWarning) as caught:
            net.fit(RAW, CLASSES, epochs=60, learning_rate=rate, sample_weight=np.where(CLASSES == 1, 2.0, 1.0))
        texts.append(str(caught[0].message))
    assert texts[0] == texts[1].replace(" per row", "") != texts[1]
    shares = np.bincount(CLASSES, np.where(CLASSES == 1, 2.0, 1.0))
    shares /= shares.sum()
    assert f"the best constant prediction, {-(shares * np.log(shares)).sum():.4g};" in texts[0]


@pytest.mark.parametrize("kind", ["array", "list", "pandas", "memory map"])
def test_large_data_of_any_kind_are_sampled(kind, tmp_path):
    x, y = np.tile(RAW, (30, 1)), np.tile(CLASSES, 30)
    data = x
    if kind == "list":
        data, y = x.tolist(), y.tolist()
    elif kind == "pandas":
        pandas = pytest.importorskip("pandas")
        data, y = pandas.DataFrame(x), pandas.Series(y)
    elif kind == "memory map":
        np.save(tmp_path / "x.npy", x)
        data = np.load(tmp_path / "x.npy", mmap_mode="r")
    with pytest.warns(TrainingWarning, match=r"no better than .*\(column 5\): use standardize"):
        fit(classifier("sigmoid"), data, y, epochs=20, batch_size=None, optimizer=SGD(0.01))


def test_a_patience_that_restored_the_best_parameters_is_judged_by_them():
    fit(regression(), y=Y, epochs=80, patience=50, schedule=lambda epoch: 300.0 if epoch > 60 else 1.0)


def test_batches_are_judged_by_their_losses_alone():
    def batches():
        yield X[:100], CLASSES[:100]
        yield X[100:], CLASSES[100:]

    dead().fit_batches(batches, epochs=30)
    net = regression("identity")
    with pytest.warns(TrainingWarning, match=r"^the loss grew from [\d.e+]+ to [\d.e+]+: a smaller learning rate"):
        net.fit_batches([(X, Y)], epochs=4, learning_rate=4.0)


@pytest.mark.parametrize("in_batches", [False, True])
def test_a_rate_that_is_0_from_the_first_epoch_on_is_warned_of_and_why(in_batches):
    def train(**options):
        net = classifier()
        for resume in (False, True):
            options["resume"] = resume
            if in_batches:
                net.fit_batches([(X, CLASSES)], epochs=3, **options)
            else:
                net.fit(X, CLASSES, epochs=3, **options)
        return net

    with pytest.warns(TrainingWarning, match=r"learning rate 0 in every epoch: with resume=True it counts .* is over"):
        assert train(schedule=schedules.CosineDecay(3)).epochs_trained == 6
    with pytest.warns(
        TrainingWarning, match=r"^nothing will be learned: the schedule makes the learning rate 0 in every"
    ):
        train(schedule=lambda epoch: 0)
    train(schedule=lambda epoch: min(1, epoch / 2))  # one that warms up
    train(schedule=schedules.CosineDecay(4))
    train(schedule=schedules.CosineDecay(2, floor=0.1))


OVER = {
    "cosine": (schedules.CosineDecay(20), 20),
    "exponential": (schedules.ExponentialDecay(1e-200), 2),
    "step": (schedules.StepDecay(1e-200, 5), 10),
    "plateau": (schedules.ReduceOnPlateau(1e-200, patience=1, min_delta=1e9), 3),
    "a function": (lambda epoch: 1.0 if epoch < 4 else 0.0, 4),
}


@pytest.mark.parametrize(("schedule", "epochs"), OVER.values(), ids=OVER)
def test_it_comes_before_training_and_as_an_error_nothing_has_changed(schedule, epochs):
    net, adam = classifier(), Adam(0.01)
    fit(net, optimizer=adam, epochs=epochs, schedule=schedule)
    before, steps, called = net.to_bytes(optimizer=adam), adam.steps, []
    options = {"epochs": 7, "optimizer": adam, "schedule": schedule, "resume": True, "standardize": True}
    with pytest.raises(TrainingWarning, match="learning rate 0 in every epoch: with resume=True") as caught:
        fit(net, callback=lambda *_: called.append(1), **options)
    assert not called
    assert net.to_bytes(optimizer=adam) == before
    assert adam.steps == steps
    assert not hasattr(caught.value, "history")
    with pytest.warns(TrainingWarning) as heard:
        net.fit(X, CLASSES, **options)
    line = inspect.currentframe().f_lineno - 1
    assert [(each.filename, each.lineno) for each in heard] == [(__file__, line)]


def test_a_function_is_asked_for_each_epoch_once_and_ahead_only_while_its_factors_are_0():
    def asked(factors, epochs, stop_after):
        epochs_asked = []

        def factor(epoch):
            epochs_asked.append(epoch)
            return factors(epoch)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TrainingWarning)
            history = classifier().fit(
                X, CLASSES, epochs=epochs, schedule=factor, callback=lambda epoch, _: epoch == stop_after - 1
            )
        assert history.learning_rate.tolist() == [0.1 * factors(epoch) for epoch in range(stop_after)]
        return epochs_asked

    assert asked(lambda epoch: 0.5, 5, 2) == [0, 1]
    assert asked(lambda epoch: float(epoch >= 3), 6, 1) == [0, 1, 2, 3]
    assert asked(lambda epoch: float(epoch >= 3), 6, 6) == list(range(6))
    assert asked(lambda epoch: float(epoch == 2), 6, 6) == list(range(6))
    assert asked(lambda epoch: 0.0, 2**62, 3) == list(range(1000))
    with pytest.warns(TrainingWarning, match="rate 0 in the first 1,000 epochs"):
        classifier().fit(X, CLASSES, epochs=2**62, schedule=lambda epoch: 0, callback=lambda *_: True)


def test_a_factor_that_cannot_be_had_ahead_is_an_error_of_its_epoch():
    with pytest.raises(IndexError) as caught:
        classifier().fit(X, CLASSES, epochs=5, schedule=lambda epoch: [0.0, 0.0][epoch])
    assert len(caught.value.history) == 2


def test_what_looks_is_imported_only_where_there_is_something_to_look_at():
    code = """
import sys, numpy as np
from netlet import Network
X, Y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
Network([2, 3, 1], seed=0).fit(X, Y, epochs=10_000, learning_rate=0.5)
x = np.random.default_rng(0).normal(size=(300, 4))
targets = {"squared_error": np.sin(x[:, :2]), "cross_entropy": x[:, :2].argmax(1), "binary_cross_entropy": x[:, :2] > 0}
for loss, y in targets.items():
    net = Network([4, 16, 2], activation="tanh", loss=loss, reduction="mean", seed=0)
    net.fit(x, y, epochs=300, batch_size=32, optimizer="adam")
    net.fit(x, y, epochs=30, batch_size=32, learning_rate=1e-3)  # it hardly changes any more
print("netlet._diagnosis" in sys.modules)
Network([2, 3, 1], seed=0).fit(X, Y, epochs=30, learning_rate=0.01)
print("netlet._diagnosis" in sys.modules)
"""
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_whether_a_loss_is_small_is_judged_by_the_targets_and_neither_by_its_fall_nor_its_start(reduction):
    net = Network([6, 1], activation="identity", reduction=reduction, seed=0)
    net.biases[0][:] = 100
    rate = {"learning_rate": 0.02 if reduction == "mean" else 0.02 / 200}
    noise = np.where(np.arange(200) % 2, 1.0, -1.0) + 3
    with pytest.warns(TrainingWarning, match=r"no better than .* constant prediction, 0\.5;") as caught:
        net.fit(0 * X + 1e-3 * RAW, noise, epochs=4000, **rate)
    assert len(caught) == 1


def test_very_large_and_small_targets_under_any_error_settings_of_numpy():
    for size in (1e250, 1e-250):
        with np.errstate(all="raise"), warnings.catch_warnings():
            warnings.simplefilter("error")
            for _ in range(2):
                net = regression()
                fit(net, y=size * Y, standardize=True, epochs=100)
                fit(net, y=size * Y, epochs=20)


@pytest.mark.parametrize("y", [np.array(3.0), np.array([3.0]), 3.0])
def test_one_row_of_any_shape_is_not_judged(y):
    net = Network([2, 1], activation="identity", seed=0)
    for _ in range(2):
        net.fit(np.array([0.0, 1.0]), y, epochs=100)
