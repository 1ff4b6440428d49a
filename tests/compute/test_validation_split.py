# SPDX-License-Identifier: BSD-3-Clause
"""A share of the rows is taken for validation."""

import numpy as np
import pandas
import pytest
from netlet._training import split

from helpers.training import CLASSES, X, Y, classifier, regression

NUMBERED = np.arange(1000.0)[:, None]


def test_the_rows_depend_on_the_seed_alone():
    x, y, weight, held = split("squared_error", 0.2, 7, NUMBERED, NUMBERED, NUMBERED[:, 0], "refuse")
    assert len(held[0]) == 200
    for own, other in ((x, held[0]), (y, held[1]), (weight, held[2])):
        assert sorted([*own.ravel(), *other.ravel()]) == NUMBERED.ravel().tolist()
        assert (np.diff(own.ravel()) > 0).all()  # in their order
    assert held[0].ravel()[:5].tolist() == [4, 18, 30, 35, 36]
    assert not np.array_equal(split("squared_error", 0.2, 8, NUMBERED, NUMBERED, None, "refuse")[3][0], held[0])
    assert split("squared_error", 0.2, 7, NUMBERED, NUMBERED, None, "refuse")[3][2] is None


@pytest.mark.parametrize("form", [lambda y: y, lambda y: np.eye(3)[y], lambda y: y.astype(np.uint8)])
def test_each_class_gives_its_share_and_keeps_a_row(form):
    y = np.repeat([0, 1, 2], [700, 299, 1])
    held = split("cross_entropy", 0.3, 0, NUMBERED, form(y), None, "refuse")[3][0].ravel().astype(int)
    assert np.bincount(y[held], minlength=3).tolist() == [210, 90, 0]
    held = split("binary_cross_entropy", 0.5, 0, NUMBERED, y > 0, None, "refuse")[3][0].ravel().astype(int)
    assert np.bincount(y[held] > 0).tolist() == [350, 150]


@pytest.mark.parametrize("share", [0.05, 0.124, 0.13, 0.5, 0.9])
def test_the_share_is_that_of_all_rows(share):
    x, y = NUMBERED[:200], np.repeat(np.arange(50), 4)
    held = split("cross_entropy", share, 0, x, y, None, "refuse")[3][1]
    assert len(held) == min(round(share * 200), 150)  # a row of each class stays
    assert np.ptp(np.bincount(held, minlength=50)) <= 1


def test_soft_targets_have_no_classes_and_large_data_take_no_time():
    y = np.random.default_rng(0).random(200_000)
    x = np.zeros((len(y), 1))
    assert len(split("binary_cross_entropy", 0.1, 0, x, y, None, "refuse")[3][0]) == 20_000
    assert len(split("cross_entropy", 0.1, 0, x, np.arange(len(y)) // 2, None, "refuse")[3][0]) == 20_000
    assert len(split("squared_error", 1e-9, 0, x, y, None, "refuse")[3][0]) == 1
    with pytest.raises(ValueError, match=r"^validation_split: expected a class of more than one row"):
        split("cross_entropy", 0.1, 0, x, np.arange(len(y)), None, "refuse")


def test_rows_are_numbered_as_they_were_given():
    holes, bad = Y.copy(), X.copy()
    holes[150, 1], bad[170, 3] = np.nan, np.inf
    with pytest.raises(ValueError, match=r"^y: expected finite numbers, got nan in row 150, column 1"):
        regression().fit(X, holes, epochs=1, validation_split=0.5)
    with pytest.raises(ValueError, match=r"^x: expected finite numbers, got inf in row 170, column 3"):
        regression().fit(bad, Y, epochs=1, validation_split=0.5)
    regression().fit(X, holes, epochs=1, validation_split=0.5, missing="ignore")


def test_fit_holds_the_rows_back():
    for make, y in ((regression, Y), (classifier, CLASSES)):
        whole, by_hand = make(), make()
        history = whole.fit(pandas.DataFrame(X), y.tolist(), epochs=3, validation_split=0.25, seed=5, batch_size=32)
        x, own, _, held = split(whole.loss_name, 0.25, 5, X, y, None, "refuse")
        expected = by_hand.fit(x, own, epochs=3, validation_data=held, seed=5, batch_size=32)
        assert history.validation_loss.tobytes() == expected.validation_loss.tobytes()
        assert whole == by_hand


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"validation_split": 0}, ValueError, "^validation_split: expected a number between 0 and 1, got 0"),
        ({"validation_split": 1.0}, ValueError, "^validation_split: expected a number between 0 and 1, got 1"),
        ({"validation_split": "0.2"}, TypeError, "^validation_split: expected a number"),
        (
            {"validation_split": 0.2, "validation_data": (X, Y)},
            ValueError,
            "^validation_split: give this or validation_data, not both",
        ),
        ({"validation_split": 0.2, "sample_weight": [1, 2]}, ValueError, "^sample_weight: expected shape"),
    ],
)
def test_what_cannot_be_split_is_refused(options, error, match):
    net = regression()
    before = net.parameters.copy()
    with pytest.raises(error, match=match):
        net.fit(X, Y, epochs=1, **options)
    for x, y, match in (
        (X, Y[:5], r"^y: expected 300 rows, as many as x has, got shape \(5, 2\)"),
        (X[:0], Y[:0], r"^x: expected at least 2 rows for validation_split, got shape \(0, 5\)"),
        (X[0], Y[0], r"^x: expected at least 2 rows"),
    ):
        with pytest.raises(ValueError, match=match):
            net.fit(x, y, epochs=1, validation_split=0.1)
    np.testing.assert_array_equal(net.parameters, before)
