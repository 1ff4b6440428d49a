# SPDX-License-Identifier: BSD-3-Clause
"""Weights of rows and of classes."""

import numpy as np
import pytest
from netlet import Network

from helpers.training import CLASSES, X, Y, classifier, regression


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_weight_counts_a_row_as_often(reduction, rng):
    """Whole weights are as good as copies of the row, but for the order of the sums."""
    weights = rng.integers(0, 4, len(X))
    arguments = {"activation": ["tanh", "identity"], "reduction": reduction, "seed": 1}
    net = Network([5, 8, 2], **arguments)
    index = np.repeat(np.arange(len(X)), weights)
    loss, gradient = net.backward(X, Y, sample_weight=weights)
    expected_loss, expected = net.backward(X[index], Y[index])
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-12)


def test_weights_of_one_change_no_bit_and_weights_of_zero_leave_the_gradient_zero():
    plain, weighted = regression(), regression()
    plain.fit(X, Y, epochs=3, batch_size=70)
    weighted.fit(X, Y, epochs=3, batch_size=70, sample_weight=np.ones(300))
    assert plain == weighted
    loss, gradient = plain.backward(X, Y, sample_weight=np.zeros(300))
    assert loss == 0
    assert not gradient.any()
    weighted.fit(X, Y, epochs=3, sample_weight=np.zeros(300, dtype=int))
    assert plain == weighted


def test_class_weight_multiplies_the_weight_of_the_rows_of_a_class(rng):
    y, own = CLASSES, rng.random(300)
    a, b, balanced, by_hand = classifier(), classifier(), classifier(), classifier()
    a.fit(X, y, epochs=2, class_weight={0: 2.0, 2: 0.5}, sample_weight=own)
    b.fit(X, y, epochs=2, sample_weight=np.choose(y, [2.0, 1.0, 0.5]) * own)
    assert a == b
    balanced.fit(X, np.eye(3)[y], epochs=2, class_weight="balanced")
    by_hand.fit(X, y, epochs=2, sample_weight=300 / (3 * np.bincount(y))[y])
    assert balanced == by_hand != a


def test_class_weight_serves_binary_cross_entropy_with_one_output():
    nets = [Network([5, 1], loss="binary_cross_entropy", seed=0) for _ in range(2)]
    y = CLASSES == 0
    nets[0].fit(X, y, epochs=2, class_weight={1: 3.0})
    nets[1].fit(X, y[:, None], epochs=2, sample_weight=np.where(y, 3.0, 1.0))
    assert nets[0] == nets[1]


def test_class_weight_may_name_classes_that_do_not_occur():
    """A fold of a cross-validation may lack the rare one; those that occur are weighted as without it."""
    y = CLASSES % 2
    nets = [classifier() for _ in range(3)]
    nets[0].fit(X, y, epochs=2, class_weight={0: 2.0, 1: 0.5, 2: 10.0})
    nets[1].fit(X, y, epochs=2, sample_weight=np.where(y, 0.5, 2.0))
    nets[2].fit(X, y, epochs=2, class_weight={np.int64(2): 10.0, 0: 2.0, 1.0: 0.5})
    assert nets[0] == nets[1] == nets[2]
    a, b = (Network([5, 1], loss="binary_cross_entropy", seed=0) for _ in range(2))
    a.fit(X, np.ones(300), epochs=2, class_weight={0: 5.0, 1: 3.0})
    b.fit(X, np.ones(300), epochs=2, sample_weight=np.full(300, 3.0))
    assert a == b


def test_balanced_weights_are_those_of_scikit_learn_where_a_class_is_absent():
    from sklearn.utils.class_weight import compute_sample_weight

    y = np.where(CLASSES == 0, 0, 2)
    a, b = classifier(), classifier()
    a.fit(X, y, epochs=2, class_weight="balanced")
    b.fit(X, y, epochs=2, sample_weight=compute_sample_weight("balanced", y))
    assert a == b


@pytest.mark.parametrize(
    ("class_weight", "error", "match"),
    [
        ({7: 1.0}, ValueError, "expected classes from 0 to 2, got 7"),
        ({0: 1.0, 3: 1.0}, ValueError, "expected classes from 0 to 2, got 3"),
        ({-1: 1.0}, ValueError, "expected classes from 0 to 2, got -1"),
        ({0.5: 1.0}, ValueError, "expected classes from 0 to 2, got 0.5"),
        ({"a": 1.0}, ValueError, "expected classes from 0 to 2, got 'a'"),
        ({None: 1.0}, ValueError, "expected classes from 0 to 2, got None"),
        ({0: -1}, ValueError, "expected weights >= 0"),
        ({0: 1.0, 2: float("nan")}, ValueError, "expected weights >= 0"),
        ({0: "heavy"}, TypeError, "expected a number"),
        ({0: None}, ValueError, "is missing"),
        ("even", TypeError, "expected a dict, 'balanced' or None, got 'even'"),
        ([1, 1, 1], TypeError, "expected a dict"),
    ],
)
def test_a_class_weight_that_does_not_fit_is_refused(class_weight, error, match):
    with pytest.raises(error, match=f"^class_weight: .*{match}"):
        classifier().fit(X, CLASSES, epochs=1, class_weight=class_weight)
