# SPDX-License-Identifier: BSD-3-Clause
"""A share of the rows is taken for validation."""

import numpy as np
import pandas
import pytest
from netlet._training import split

from helpers.training import CLASSES, X, Y, classifier, regression

NUMBERED = np.arange(1000.0)[:, None]


def test_the_rows_depend_on_the_seed_alone():
    x, y, weight, held = split("squared_error", 0.2, 7, NUMBERED, NUMBERED, NUMBERED[:, 0])
    assert len(held[0]) == 200
    for own, other in ((x, held[0]), (y, held[1]), (weight, held[2])):
        assert sorted([*own.ravel(), *other.ravel()]) == NUMBERED.ravel().tolist()
        assert (np.diff(own.ravel()) > 0).all()  # in their order
    assert held[0].ravel()[:5].tolist() == [4, 18, 30, 35, 36]
    assert not np.array_equal(split("squared_error", 0.2, 8, NUMBERED, NUMBERED, None)[3][0], held[0])
    assert split("squared_error", 0.2, 7, NUMBERED, NUMBERED, None)[3][2] is None


@pytest.mark.parametrize("form", [lambda y: y, lambda y: np.eye(3)[y], lambda y: y.astype(np.uint8)])
def test_each_class_gives_its_share_and_keeps_a_row(form):
    y = np.repeat([0, 1, 2], [700, 299, 1])
    held = split("cross_entropy", 0.3, 0, NUMBERED, form(y), None)[3][0].ravel().astype(int)
    assert np.bincount(y[held], minlength=3).tolist() == [210, 90, 0]
    held = split("binary_cross_entropy", 0.5, 0, NUMBERED, y > 0, None)[3][0].ravel().astype(int)
    assert np.bincount(y[held] > 0).tolist() == [350, 150]


def test_fit_holds_the_rows_back():
    for make, y in ((regression, Y), (classifier, CLASSES)):
        whole, by_hand = make(), make()
        history = whole.fit(pandas.DataFrame(X), y.tolist(), epochs=3, validation_split=0.25, seed=5, batch_size=32)
        x, own, _, held = split(whole.loss_name, 0.25, 5, X, y, None)
        expected = by_hand.fit(x, own, epochs=3, validation_data=held, seed=5, batch_size=32)
        assert history.validation_loss.tobytes() == expected.validation_loss.tobytes()
        assert whole == by_hand


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"validation_split": 0}, ValueError, "^validation_split: expected a number between 0 and 1, got 0"),
        ({"validation_split": 1.0}, ValueError, "^validation_split: expected a number between 0 and 1, got 1"),
        ({"validation_split": "0.2"}, TypeError, "^validation_split: expected a number"),
        ({"validation_split": 1e-9}, ValueError, "^validation_split: expected a share of at least one of 300 rows"),
        ({"validation_split": 0.2, "validation_data": (X, Y)}, ValueError, "^validation_split: expected None beside"),
        ({"validation_split": 0.2, "sample_weight": [1, 2]}, ValueError, "^sample_weight: expected shape"),
    ],
)
def test_what_cannot_be_split_is_refused(options, error, match):
    net = regression()
    before = net.parameters.copy()
    with pytest.raises(error, match=match):
        net.fit(X, Y, epochs=1, **options)
    with pytest.raises(
        ValueError, match=r"^validation_split: expected x and y of as many rows, got shapes \(300, 5\) and"
    ):
        net.fit(X, Y[:5], epochs=1, validation_split=0.1)
    np.testing.assert_array_equal(net.parameters, before)
