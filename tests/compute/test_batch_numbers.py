# SPDX-License-Identifier: BSD-3-Clause
"""What is wrong with a batch is said with its number, as its source counts."""

import numpy as np
import pytest
from netlet import Network

from helpers.training import CLASSES, X, Y, classifier, regression

GOOD = [(X[i : i + 50], Y[i : i + 50]) for i in range(0, 300, 50)]
BAD = {
    "shape": ((X[:, :3], Y), ValueError, "x: expected shape"),
    "kind": (({"a": 1}, Y), TypeError, "x: expected real numbers, got dict"),
    "rows": ((X, Y[:7]), ValueError, "y: expected shape"),
    "values": ((X, np.where(Y > 1, np.nan, Y)), ValueError, "y: expected finite numbers, got nan in row"),
    "weights": ((X, Y, -np.ones(300)), ValueError, "sample_weight: expected weights >= 0"),
}
CALLS = {
    "fit_batches": ("", lambda net, batches: net.fit_batches(batches, epochs=2)),
    "a second epoch": ("", lambda net, batches: net.fit_batches(late(batches), epochs=2)),
    "standardize": ("", lambda net, batches: net.fit_batches(batches, epochs=2, standardize=True)),
    "shuffle_buffer": ("", lambda net, batches: net.fit_batches(batches, epochs=2, shuffle_buffer=3)),
    "evaluate_batches": ("", lambda net, batches: net.evaluate_batches(batches)),
    "with metrics": ("", lambda net, batches: net.evaluate_batches(batches, metrics=["r2"])),
    "learn_scaling_batches": ("", lambda net, batches: net.learn_scaling_batches(batches)),
    "validation_data": ("validation_data: ", lambda net, batches: net.fit(X, Y, epochs=2, validation_data=batches)),
    "beside batches": (
        "validation_data: ",
        lambda net, batches: net.fit_batches(GOOD, epochs=2, validation_data=lambda: batches),
    ),
}


def late(batches):
    """Batches of which the bad one is good in the first epoch."""
    passes = []

    def source():
        passes.append(None)
        yield from [GOOD[0]] * len(batches) if len(passes) == 1 else batches

    return source


@pytest.mark.parametrize(("begin", "call"), CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(("bad", "error", "says"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("number", [0, 4])
def test_the_number_comes_first(number, bad, error, says, begin, call):
    if "finite" in says and call in (CALLS["evaluate_batches"][1], CALLS["with metrics"][1]):
        return  # their figures are NaN
    batches = [*GOOD[:number], bad, *GOOD[number + 1 :]]
    if begin and isinstance(bad[0], dict):
        return  # a source of validation data has matrices, else it is one (x, y)
    with pytest.raises(error, match=f"^{begin}batch {number}: {says}"):
        call(regression(), batches)


def test_predictions_have_it_too():
    predictions = regression().predict_batches([X, (X, Y), X[:, :2], X])
    for _ in range(2):
        next(predictions)
    with pytest.raises(ValueError, match=r"^batch 2: x: expected shape"):
        next(predictions)
    with pytest.raises(TypeError, match=r"^batch 1: x: expected real numbers, got dict"):
        list(regression().predict_batches([X, {"x": X}]))


def test_classes_that_are_counted_have_it_too():
    bad = [(X[:150], CLASSES[:150]), (X[150:], np.where(CLASSES[150:] == 1, 7, CLASSES[150:]))]
    with pytest.raises(ValueError, match=r"^batch 1: y: expected classes from 0 to 2, got 7"):
        classifier().fit_batches(bad, epochs=1)
    for call in ("fit_batches", "evaluate_batches"):
        net = classifier(classes=["a", "b", "c"])
        options = {"epochs": 1, "class_weight": "balanced"} if call == "fit_batches" else {}
        with pytest.raises(
            ValueError, match=r"^batch 2: y: expected one of the classes 'a', 'b', 'c', got 'd' in row 1"
        ):
            getattr(net, call)([(X[:2], ["a", "b"]), (X[:2], ["c", "a"]), (X[:2], ["a", "d"])], **options)
    with pytest.raises(ValueError, match=r"^batch 1: y: expected numbers, but the value in row 0 is missing"):
        classifier().fit_batches([(X[:1], [0]), (X[:1], [None])], epochs=1, class_weight="balanced")
    in_means = Network([5, 3], loss="cross_entropy", reduction="mean", seed=1)
    with pytest.raises(ValueError, match=r"^batch 1: sample_weight: expected weights >= 0, got -1 in row 0, column 0$"):
        in_means.fit_batches([(X[:1], [0]), (X[:1], [1], [-1])], epochs=1, class_weight="balanced")


def test_columns_of_tables_keep_their_names():
    pandas = pytest.importorskip("pandas")
    names = list("abcde")
    table = pandas.DataFrame(X.copy(), columns=names)
    table.loc[3, "d"] = np.inf
    with pytest.raises(ValueError, match=r"^batch 1: x: expected finite numbers, got inf in row 3, column 3 \('d'\)"):
        regression().fit_batches([(X, Y), (table, Y)], epochs=1)
    with pytest.raises(ValueError, match=r"^validation_data: batch 1: x: expected finite .* column 3 \('d'\)"):
        regression().fit(X, Y, epochs=1, standardize=True, validation_data=[(X, Y), (table, Y)])


def test_what_others_raise_stays_as_it_is():
    def source():
        yield X, Y
        raise ValueError("x: no more")

    def callback(*_):
        raise ValueError("y: not that")

    with pytest.raises(ValueError, match=r"^x: no more$"):
        regression().fit_batches(source, epochs=1)
    with pytest.raises(ValueError, match=r"^y: not that$"):
        regression().fit_batches([(X, Y)], epochs=1, callback=callback)
    with pytest.raises(ValueError, match=r"^y: expected a target"):  # in all of the batches
        regression().evaluate_batches([(X, np.full_like(Y, np.nan))] * 2, missing="ignore")
