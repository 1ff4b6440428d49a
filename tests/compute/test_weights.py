# SPDX-License-Identifier: BSD-3-Clause
"""Weights of rows and of classes."""

import numpy as np
import pytest
from netlet import SGD, Adam, Network

from helpers.every import every_dtype
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


def test_weights_of_one_change_no_bit():
    plain, weighted = regression(), regression()
    plain.fit(X, Y, epochs=3, batch_size=70)
    weighted.fit(X, Y, epochs=3, batch_size=70, sample_weight=np.ones(300))
    assert plain == weighted


@pytest.mark.parametrize("batch_size", [1, 7, 70, 299])
def test_a_weight_counts_as_much_in_small_batches(batch_size, rng):
    """Gradient descent by hand, every batch divided by its rows times the mean weight; the last one is shorter."""
    weights = rng.random(300) * np.where(rng.random(300) < 0.1, 64, 1)
    net = Network([5, 2], activation="identity", reduction="mean", seed=1)
    w, b = net.weights[0].copy(), net.biases[0].copy()
    history = net.fit(X, Y, epochs=1, batch_size=batch_size, learning_rate=0.01, shuffle=False, sample_weight=weights)
    total = 0.0
    for first in range(0, 300, batch_size):
        x, y, weight = (values[first : first + batch_size] for values in (X, Y, weights[:, None]))
        e = x @ w + b - y
        total += (weight * e**2).sum() / 2
        e *= weight / (len(x) * weights.mean())
        w, b = w - 0.01 * x.T @ e, b - 0.01 * e.sum(axis=0)
    np.testing.assert_allclose(net.weights[0], w, rtol=1e-10)
    np.testing.assert_allclose(net.biases[0], b, rtol=1e-10)
    np.testing.assert_allclose(history.loss, total / weights.sum(), rtol=1e-12)


@every_dtype
def test_the_unit_of_the_weights_does_not_matter(dtype, rng):
    weights = rng.random(300)
    nets = [regression(dtype=dtype) for _ in range(2)]
    for net, unit in zip(nets, (1, 2.0**40)):
        net.fit(X, Y, epochs=2, batch_size=32, optimizer=Adam(), sample_weight=unit * weights)
    assert nets[0] == nets[1]


def test_a_batch_of_which_all_weights_are_zero_leaves_plain_descent_where_it_is(rng):
    net, without, weights = regression(), regression(), np.ones(300)
    weights[60:90] = 0
    net.fit(X, Y, epochs=2, batch_size=30, shuffle=False, sample_weight=weights)
    for _ in range(2):
        for first in (0, 30, *range(90, 300, 30)):
            piece = slice(first, first + 30)
            without.step(X[piece], Y[piece], SGD(0.1), weight_mean=weights.mean())
    assert net == without


def test_batches_by_hand_divide_by_the_mean_weight_that_they_are_given(rng):
    weights = rng.random(300)
    mean, pieces = weights.sum() / 300, [slice(first, first + 70) for first in range(0, 300, 70)]
    whole, given, stepped, own = (regression() for _ in range(4))
    history = whole.fit(X, Y, epochs=2, batch_size=70, shuffle=False, sample_weight=weights)
    batches = [(X[piece], Y[piece], weights[piece]) for piece in pieces]
    of_batches = given.fit_batches(batches, epochs=2, weight_mean=mean)
    for _ in range(2):
        for x, y, weight in batches:
            before = stepped.backward(x, y, sample_weight=weight, weight_mean=mean)[0]
            assert before == stepped.loss(x, y, sample_weight=weight, weight_mean=mean)
            assert before == stepped.evaluate(x, y, sample_weight=weight, weight_mean=mean)["loss"]
            assert before == stepped.step(x, y, SGD(0.1), sample_weight=weight, weight_mean=mean)
    own.fit_batches(batches, epochs=2)
    np.testing.assert_allclose(given.parameters, whole.parameters, rtol=1e-9)  # NumPy's mean may differ in its last bit
    np.testing.assert_allclose(of_batches.loss, history.loss, rtol=1e-12)
    assert stepped == given != own


def test_a_gradient_is_divided_by_rows_times_the_mean_weight_that_is_given(rng):
    weights, net = rng.random(300), regression()
    loss, gradient = net.backward(X, Y, sample_weight=weights)
    other_loss, other = net.backward(X, Y, sample_weight=weights, weight_mean=0.125)
    np.testing.assert_allclose(other_loss, loss * weights.sum() / 37.5, rtol=1e-12)
    np.testing.assert_allclose(other, gradient * weights.sum() / 37.5, rtol=1e-12)
    summed = Network([5, 8, 2], activation=["tanh", "identity"], init=net.parameters)
    assert summed.loss(X, Y, weight_mean=0.125) == summed.loss(X, Y)


ZEROS = np.zeros(300)
ZERO_CALLS = {
    "loss": lambda net: net.loss(X, Y, sample_weight=ZEROS),
    "evaluate": lambda net: net.evaluate(X, Y, sample_weight=ZEROS),
    "backward": lambda net: net.backward(X, Y, sample_weight=ZEROS),
    "step": lambda net: net.step(X, Y, SGD(), sample_weight=ZEROS),
    "fit": lambda net: net.fit(X, Y, epochs=1, batch_size=7, sample_weight=ZEROS),
    "validation": lambda net: net.fit(X, Y, epochs=1, validation_data=(X, Y, ZEROS)),
    "batch": lambda net: net.fit_batches([(X, Y, ZEROS)], epochs=1),
}


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("call", ZERO_CALLS.values(), ids=ZERO_CALLS)
def test_weights_that_are_all_zero_are_refused(call, reduction):
    net = Network([5, 2], reduction=reduction, seed=0)
    before = net.parameters.copy()
    with pytest.raises(
        ValueError, match=r"^(validation_data: |batch 0: )?sample_weight: expected a weight above 0, got 0 for all"
    ):
        call(net)
    assert (net.parameters == before).all()


def test_weights_of_a_part_of_the_data_or_of_single_rows_may_all_be_zero():
    net, before = regression(), regression()
    zeros = {"sample_weight": ZEROS, "weight_mean": 1.5}
    assert net.loss(X, Y, **zeros) == 0
    assert not net.backward(X, Y, **zeros)[1].any()
    assert net.step(X, Y, SGD(), **zeros) == 0
    net.fit_batches([(X, Y, ZEROS)], epochs=1, weight_mean=1.5)
    assert net == before
    assert not net.row_gradients(X, Y, sample_weight=ZEROS).any()
    assert not net.input_gradient(X, Y, sample_weight=ZEROS).any()


@pytest.mark.parametrize(
    ("dtype", "weight"), [("float32", 1e38), ("float64", 1e308), ("float32", 1e-45), ("float64", 5e-324)]
)
def test_weights_whose_sum_or_mean_has_no_number_are_refused(dtype, weight):
    weights = np.full(300, weight) if weight > 1 else np.where(np.arange(300) == 7, weight, 0)
    for call in (regression(dtype=dtype).loss, lambda *a, **k: regression(dtype=dtype).fit(*a, **k, epochs=1)):
        with pytest.raises(ValueError, match=f"^sample_weight: expected a number that {dtype} can hold, also times"):
            call(X, Y, sample_weight=weights)


@pytest.mark.parametrize("mean", [0, -1, np.nan, np.inf, "1", [1]])
def test_a_mean_weight_is_a_positive_number(mean):
    net = regression()
    for call in (
        net.loss,
        net.evaluate,
        net.backward,
        lambda x, y, **given: net.step(x, y, SGD(), **given),
        lambda x, y, **given: net.fit_batches([(x, y)], epochs=1, **given),
    ):
        with pytest.raises(
            (ValueError, TypeError), match=r"^weight_mean: expected a positive finite number or None, got"
        ):
            call(X, Y, weight_mean=mean)
    with pytest.raises(ValueError, match=r"^weight_mean: expected none, output_gradient is not divided"):
        net.backward(X, output_gradient=Y, weight_mean=2)
    with pytest.raises(ValueError, match=r"^weight_mean: expected a number that float32 can hold"):
        regression(dtype="float32").loss(X, Y, weight_mean=1e-300)


@pytest.mark.parametrize("batch_size", [1, 4, 32])
def test_balanced_classes_find_a_rare_class_in_batches_of_any_size(batch_size):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, 2))
    rare = (x[:, 0] + rng.normal(size=1000) > 2.2).astype(int)
    net = Network([2, 8, 2], activation="tanh", loss="cross_entropy", reduction="mean", seed=0)
    net.fit(x, rare, epochs=20, batch_size=batch_size, optimizer=Adam(0.002), class_weight="balanced")
    assert (net.predict(x)[rare == 1] == 1).mean() > 0.7


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
        (dict.fromkeys(range(3), 0), ValueError, "expected a weight above 0 for a class of y, got 0 for all of them"),
        ({0: "heavy"}, TypeError, "expected a number"),
        ({0: None}, ValueError, "is missing"),
        ("even", TypeError, "expected a dict, 'balanced' or None, got 'even'"),
        ([1, 1, 1], TypeError, "expected a dict"),
    ],
)
def test_a_class_weight_that_does_not_fit_is_refused(class_weight, error, match):
    with pytest.raises(error, match=f"^class_weight: .*{match}"):
        classifier().fit(X, CLASSES, epochs=1, class_weight=class_weight)
