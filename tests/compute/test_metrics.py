# SPDX-License-Identifier: BSD-3-Clause
"""Figures beside the loss, by name and by functions of the caller's."""

import numpy as np
import pytest
from netlet import Network
from sklearn import metrics as theirs

from helpers.training import CLASSES, X, Y, classifier, regression

WEIGHTS = np.random.default_rng(3).uniform(0, 2, len(X))


def test_figures_of_values_are_those_of_scikit_learn():
    net = regression()
    net.fit(X, Y, epochs=5, standardize=True)
    names = ["r2", "rmse", "mae", theirs.r2_score, theirs.max_error]
    found = net.evaluate(X, Y[:, :2], sample_weight=WEIGHTS, metrics=names[:3])
    prediction = net.predict(X)
    expected = {
        "loss": net.loss(X, Y, sample_weight=WEIGHTS),
        "r2": theirs.r2_score(Y, prediction, sample_weight=WEIGHTS),
        "rmse": (((Y - prediction) ** 2).mean(axis=1) @ WEIGHTS / WEIGHTS.sum()) ** 0.5,
        "mae": theirs.mean_absolute_error(Y, prediction, sample_weight=WEIGHTS),
    }
    assert list(found) == list(expected)
    np.testing.assert_allclose(list(found.values()), list(expected.values()), rtol=1e-12)
    one = Network([5, 1], output_activation="identity", seed=0)
    found = one.evaluate(X, Y[:, 0], metrics=names)
    np.testing.assert_allclose(found["r2"], found["r2_score"], rtol=1e-12)
    assert found["max_error"] == np.abs(Y[:, 0] - one.predict(X)).max()
    assert one.evaluate(X[0], Y[0, :1], metrics=["r2"])["r2"] == theirs.r2_score(
        [Y[0, 0]] * 2, one.predict(X[:1])[[0, 0]]
    )


def test_missing_targets_and_constant_ones():
    net, holes = regression(), Y.copy()
    holes[::3, 0] = np.nan
    found = net.evaluate(X, holes, missing="ignore", metrics=["r2"])["r2"]
    there = ~np.isnan(holes)
    parts = [theirs.r2_score(holes[there[:, j], j], net.predict(X)[there[:, j], j]) for j in range(2)]
    np.testing.assert_allclose(found, np.mean(parts), rtol=1e-12)
    zero = Network([5, 2], activation="identity", init=np.zeros(12))
    constant = np.c_[np.zeros(len(X)), np.ones(len(X))]
    assert zero.evaluate(X, constant, metrics=["r2"])["r2"] == theirs.r2_score(constant, zero.predict(X)) == 0.5


def test_functions_get_the_rows_that_have_a_target():
    net, holes = classifier(), np.eye(3)[CLASSES]
    holes[::2] = np.nan
    found = net.evaluate(X, holes, missing="ignore", metrics=["accuracy", theirs.accuracy_score])
    assert found["accuracy"] == found["accuracy_score"] == theirs.accuracy_score(CLASSES[1::2], net.predict(X[1::2]))
    net, holes = regression(), Y.copy()
    holes[5:] = np.nan
    found = net.evaluate(X, holes, missing="ignore", metrics=[theirs.r2_score])
    assert found["r2_score"] == theirs.r2_score(Y[:5], net.predict(X[:5]))


def test_nan_is_not_hidden():
    net, holes = regression(), Y.copy()
    holes[3, 0] = np.nan
    assert np.isnan(net.evaluate(X, holes, metrics=["r2"])["r2"])
    net.parameters[:] = np.nan
    for y in (Y, np.ones_like(Y), Y[:1]):
        assert np.isnan(net.evaluate(X[: len(y)], y, metrics=["r2"])["r2"])


def test_a_target_without_any_weight_does_not_count():
    net, holes = regression(), Y.copy()
    holes[1:, 0] = np.nan
    weight = np.r_[0.0, np.ones(len(X) - 1)]
    found = net.evaluate(X, holes, missing="ignore", sample_weight=weight, metrics=["r2"])["r2"]
    np.testing.assert_allclose(found, theirs.r2_score(Y[1:, 1], net.predict(X)[1:, 1]), rtol=1e-12)


def test_a_dict_gives_names():
    net = regression()
    metrics = {"worst": lambda y, p: np.abs(y - p).max(), "R2": "r2", "mean": lambda y, p: y.mean()}
    found = net.evaluate(X, Y, metrics=metrics)
    assert list(found) == ["loss", "worst", "R2", "mean"]
    assert found["R2"] == net.evaluate(X, Y, metrics=np.array(["r2"]))["r2"]
    assert {type(name) for name in net.evaluate(X, Y, metrics=np.array(["r2"]))} == {str}


def test_one_row_of_probabilities():
    net = classifier()
    found = net.evaluate(X[0], [0.0, 1.0, 0.0], metrics=[theirs.accuracy_score])
    assert found["accuracy_score"] == float(net.predict(X[0]) == 1)


def test_an_error_in_a_metric_leaves_a_history_that_can_be_shown():
    calls = []

    def fails(_y, _prediction):
        calls.append(0)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return 1.0

    with pytest.raises(KeyboardInterrupt) as caught:
        regression().fit(X, Y, epochs=9, metrics=[fails])
    history = caught.value.history
    assert str(history).count("\n") == len(history) == 3
    np.testing.assert_array_equal(history["fails"], [1, 1, np.nan])


@pytest.mark.parametrize("y", [CLASSES, np.eye(3)[CLASSES]], ids=["indices", "probabilities"])
def test_functions_get_classes(y):
    net = classifier()
    found = net.evaluate(X, y, metrics=["accuracy", theirs.balanced_accuracy_score])
    assert found["balanced_accuracy_score"] == theirs.balanced_accuracy_score(CLASSES, net.predict(X))
    assert found["accuracy"] == theirs.accuracy_score(CLASSES, net.predict(X))


def test_quantiles_are_compared_with_one_target():
    net = Network([5, 2], loss="quantile", quantile=[0.1, 0.9], activation="identity", seed=0)

    def covered(y, prediction):
        return ((prediction[:, 0] <= y[:, 0]) & (y[:, 1] <= prediction[:, 1])).mean()

    low, high = net.predict(X).T
    expected = ((low <= Y[:, 0]) & (Y[:, 0] <= high)).mean()
    assert net.evaluate(X, Y[:, 0], metrics=[covered])["covered"] == expected


def test_fit_records_figures_after_each_epoch():
    net, plain = regression(), regression()
    seen = []
    options = {"epochs": 4, "validation_data": (X[:50], Y[:50])}
    history = net.fit(
        X, Y, metrics=["r2", theirs.mean_squared_error], **options, callback=lambda _, h: seen.append(h["r2"][-1])
    )
    plain.fit(X, Y, **options)
    assert net == plain
    assert set(history.metrics) == {"r2", "mean_squared_error", "validation_r2", "validation_mean_squared_error"}
    assert seen == history["r2"].tolist()
    assert history["r2"][-1] == net.evaluate(X, Y, metrics=["r2"])["r2"]
    assert history["validation_r2"][-1] == net.evaluate(X[:50], Y[:50], metrics=["r2"])["r2"]
    assert "mean squared error" in str(history).splitlines()[0]


def test_the_accuracy_of_fit_stays_its_own():
    histories = [classifier().fit(X, CLASSES, epochs=3, metrics=metrics) for metrics in (None, ["accuracy"])]
    assert histories[0]["accuracy"].tolist() == histories[1]["accuracy"].tolist()


@pytest.mark.parametrize(
    ("metrics", "error", "match"),
    [
        ("r2", TypeError, "a list of names or functions, or a dict of them, got 'r2'"),
        (3, TypeError, "a list of names or functions, or a dict of them, got 3"),
        ([3], TypeError, "names or functions, got 3"),
        (["f1"], ValueError, "unknown name 'f1' for squared_error; the known ones are rmse, mae, r2"),
        (["accuracy"], ValueError, "unknown name 'accuracy'"),
        (["mse"], ValueError, "unknown name 'mse' for .*; 'rmse' is the root of that$"),
        (["MeanSquaredError"], ValueError, "unknown name 'MeanSquaredError' for .*; 'rmse' is the root of that$"),
        (["mean_absolute_error"], ValueError, "unknown name .*; here it is 'mae'$"),
        (["r2_score"], ValueError, "unknown name .*; here it is 'r2'$"),
        (["r2", "r2"], ValueError, "each name once, got 'r2' again"),
        ([lambda *_: "good"], TypeError, "a number from <lambda>, got 'good'"),
        ([lambda *_: 1, lambda *_: 2], ValueError, "each name once, got '<lambda>' again; a dict gives names"),
        ({"time": "r2"}, ValueError, "other names than those of a history, got 'time'"),
        ({"validation_x": "r2"}, ValueError, "other names than those of a history, got 'validation_x'"),
        ({"mae": lambda *_: 1}, ValueError, "each name once, got 'mae' again"),
    ],
)
def test_what_is_no_metric_is_refused(metrics, error, match):
    net = regression()
    with pytest.raises(error, match=f"^metrics: expected {match}|^metrics: {match}"):
        net.evaluate(X, Y, metrics=metrics)
    before = net.parameters.copy()
    with pytest.raises(error, match=f"^metrics: expected {match}|^metrics: {match}"):
        net.fit(X, Y, epochs=1, metrics=metrics)
    if "<lambda>" not in match:
        np.testing.assert_array_equal(net.parameters, before)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("acc", "; here it is 'accuracy'"),
        ("BinaryAccuracy", "; here it is 'accuracy'"),
        ("auc", r"; sklearn.metrics.roc_auc_score takes y and what net.predict_proba\(x\) gives"),
        ("roc_auc_score", "; sklearn.metrics.roc_auc_score takes y"),
        ("f1", "; functions work, such as sklearn.metrics.f1_score"),
        ("recall_score", "; functions work, such as sklearn.metrics.recall_score"),
        ("mse", "$"),
        ("zzz", "$"),
    ],
)
def test_names_elsewhere_get_a_hint(name, hint):
    net = classifier()
    with pytest.raises(ValueError, match=f"^metrics: unknown name '{name}' for cross_entropy.* accuracy{hint}"):
        net.evaluate(X, CLASSES, metrics=[name])
    if "functions" in hint:
        function = getattr(theirs, hint.split(".")[-1])
        found = net.evaluate(X, CLASSES, metrics={"own": lambda y, p: function(y, p, average="macro")})
        assert found["own"] == function(CLASSES, net.predict(X), average="macro")


def test_a_target_that_is_missing_beside_others_has_no_label():
    net = Network([5, 2], loss="binary_cross_entropy", classes=["no", "yes"], seed=0)
    y, seen = np.array([[1, np.nan], [np.nan, np.nan], [0, 1]]), []

    def metric(targets, predictions):
        seen.append((targets.tolist(), predictions.tolist()))
        return 0.0

    for call in (
        lambda: net.evaluate(X[:3], y, missing="ignore", metrics=[metric]),
        lambda: net.evaluate_batches([(X[:1], y[:1]), (X[1:3], y[1:])], missing="ignore", metrics=[metric]),
    ):
        call()
        targets, predictions = seen.pop()
        assert str(targets) == "[['yes', nan], ['no', 'yes']]"
        assert predictions == net.predict(X[[0, 2]]).tolist()
    text = {"text": lambda targets, _: float(targets.dtype.kind == "U")}
    assert net.evaluate(X[:3], np.nan_to_num(y), missing="ignore", metrics=text)["text"] == 1.0


def test_accuracy_under_another_name_is_recorded():
    history = classifier().fit(
        X, CLASSES, epochs=2, metrics={"acc": "accuracy", "accuracy": "accuracy"}, validation_data=(X[:9], CLASSES[:9])
    )
    assert history["validation_acc"].tolist() == history["validation_accuracy"].tolist()
    assert len(history["acc"]) == len(history["accuracy"]) == 2
    net = classifier()
    history = net.fit(X, CLASSES, epochs=2, metrics={"acc": "accuracy"})
    assert history["acc"][-1] == net.evaluate(X, CLASSES)["accuracy"]  # after the update
