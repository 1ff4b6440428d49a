# SPDX-License-Identifier: BSD-3-Clause
"""Figures, scalings and predictions over batches are those of all their rows together, to the bit."""

import threading
import weakref

import numpy as np
import pytest
from netlet import Network, set_num_threads

from helpers.bits import assert_same_bits
from helpers.training import CLASSES, X, Y, classifier, regression

RNG = np.random.default_rng(5)
ROWS = 3000
BIG_X = RNG.normal(size=(ROWS, 5))
BIG_Y = BIG_X[:, :2] + RNG.normal(size=(ROWS, 2))
WEIGHT = RNG.random(ROWS)
HOLES = np.where(RNG.random((ROWS, 2)) < 0.3, np.nan, BIG_Y)
PIECES = {
    "one by one": [1] * 300 + [2700],
    "blocks": [256] * 11 + [184],
    "across blocks": [100, 255, 1, 257, 1500, 30, 857],
    "whole": [3000],
}
TARGETS = {
    "squared_error": BIG_Y,
    "poisson": RNG.integers(0, 5, (ROWS, 2)),
    "binary_cross_entropy": RNG.integers(0, 2, (ROWS, 2)),
    "cross_entropy": RNG.integers(0, 2, ROWS),
    "quantile": BIG_Y,
}


def batches(sizes, *arrays):
    """A function, as data that does not fit in memory has."""

    def source():
        first = 0
        for size in sizes:
            yield tuple(array[first : first + size] for array in arrays)
            first += size
        assert first == len(arrays[0])

    return source


def bits(figures):
    return {name: np.float64(value).tobytes() for name, value in figures.items()}


@pytest.mark.parametrize("sizes", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize("loss", TARGETS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_figures_are_those_of_all_rows(sizes, loss, dtype):
    y = TARGETS[loss]
    for reduction in ("sum", "mean"):
        net = Network([5, 7, 2], loss=loss, reduction=reduction, dtype=dtype, seed=1)
        assert bits(net.evaluate_batches(batches(sizes, BIG_X, y))) == bits(net.evaluate(BIG_X, y))
        expected = net.evaluate(BIG_X, y, sample_weight=WEIGHT)
        assert bits(net.evaluate_batches(batches(sizes, BIG_X, y, WEIGHT))) == bits(expected)


@pytest.mark.parametrize("sizes", PIECES.values(), ids=PIECES)
def test_missing_targets_and_scalings(sizes):
    net = regression()
    net.learn_scaling(BIG_X * 3 + 50, HOLES * 7, missing="ignore")
    expected = net.evaluate(BIG_X, HOLES, sample_weight=WEIGHT, missing="ignore")
    assert bits(net.evaluate_batches(batches(sizes, BIG_X, HOLES, WEIGHT), missing="ignore")) == bits(expected)
    with pytest.raises(ValueError, match=r"^y: expected a target"):
        net.evaluate_batches([(X, np.full_like(Y, np.nan))], missing="ignore")


@pytest.mark.parametrize("threads", [1, 3])
def test_neither_threads_nor_an_even_number_of_blocks_matter(threads):
    net = Network([5, 200, 2], activation="tanh", seed=1)
    x, y = np.resize(BIG_X, (2048, 5)), np.resize(BIG_Y, (2048, 2))
    set_num_threads(threads)
    try:
        assert bits(net.evaluate_batches(batches([1100, 948], x, y))) == bits(net.evaluate(x, y))
    finally:
        set_num_threads(1)


def test_metrics_are_those_of_all_rows():
    net, sizes = regression(), PIECES["across blocks"]

    def worst(y, prediction):
        return np.abs(y - prediction).max()

    for wanted in (["rmse"], ["mae", "r2", worst], {"largest": worst}):
        expected = net.evaluate(BIG_X, BIG_Y, sample_weight=WEIGHT, metrics=wanted)
        assert bits(net.evaluate_batches(batches(sizes, BIG_X, BIG_Y, WEIGHT), metrics=wanted)) == bits(expected)
    net = classifier()
    y = BIG_X[:, :3].argmax(axis=1)
    expected = net.evaluate(BIG_X, y, metrics=["accuracy", lambda y, prediction: (y == prediction).sum()])
    got = net.evaluate_batches(
        batches(sizes, BIG_X, y), metrics=["accuracy", lambda y, prediction: (y == prediction).sum()]
    )
    assert got == expected


def test_metrics_take_classes_beside_probabilities():
    net, y = classifier(), CLASSES.copy()
    one_hot, holes = np.eye(3)[y], np.eye(3)[y]
    holes[150:160] = np.nan
    wanted = {
        "accuracy": "accuracy",
        "moment": lambda y, prediction: float(y @ np.arange(len(y))),
        "same": lambda y, prediction: (y == prediction).sum(),
    }
    expected = net.evaluate(X, y, metrics=wanted)
    for parts in ([y[:100], one_hot[100:]], [one_hot[:100], y[100:]], [one_hot[:100], one_hot[100:]]):
        got = net.evaluate_batches([(X[:100], parts[0]), (X[100:], parts[1])], metrics=wanted)
        assert got == {"loss": got["loss"], **{name: expected[name] for name in wanted}}
    expected = net.evaluate(X, holes, missing="ignore", metrics=wanted)
    got = net.evaluate_batches([(X[:100], y[:100]), (X[100:], holes[100:])], missing="ignore", metrics=wanted)
    assert got == {"loss": got["loss"], **{name: expected[name] for name in wanted}}


def test_rows_in_any_form_have_metrics_too():
    net = Network([2, 3, 1], seed=0)
    x, y, weight = np.array([[0, 1], [1, 1], [2, 0.0]]), np.array([0.5, 1, 0]), [2.0, 1, 3]
    expected = net.evaluate(x, y, sample_weight=weight, metrics=["r2"])
    given = [(x[0], y[0], weight[:1]), (x[1:2], y[1:2]), (x[2:], y[2:, None], weight[2:])]
    assert bits(net.evaluate_batches(given, metrics=["r2"])) == bits(expected)


def test_some_batches_may_have_weights_and_rows_any_form():
    net = Network([2, 3, 1], seed=0)
    x, y = [[0, 1], [1, 1], [2, 0], [1, 3]], [0.5, 1, 0, 2]
    expected = net.evaluate(x, y, sample_weight=[1, 1, 2, 3])
    given = [(x[:1], y[:1]), [np.array(x[1], "float32"), np.array(y[1])], (x[2:], np.array(y)[2:, None], (2, 3))]
    assert bits(net.evaluate_batches(iter(given))) == bits(expected)


def test_a_larger_batch_without_weights_may_follow_one_with_them():
    parts = [(BIG_X[:10], BIG_Y[:10], WEIGHT[:10]), (BIG_X[10:2000], BIG_Y[10:2000]), (BIG_X[2000:], BIG_Y[2000:])]
    together = regression().evaluate(BIG_X, BIG_Y, sample_weight=np.append(WEIGHT[:10], np.ones(ROWS - 10)))
    assert bits(regression().evaluate_batches(parts)) == bits(together)


def test_what_is_no_batch_is_refused():
    net = regression()
    for bad, match in [
        ([], r"^batches: expected at least one batch"),
        ([X], r"^batches: expected each to be a tuple .*, got ndarray in batch 0$"),
        ([(X, Y), {"x": X, "y": Y}], r"^batches: expected each to be a tuple .*, got dict in batch 1$"),
        ([(X, Y), (X,)], r"^batches: expected each to be a tuple .*, got a tuple of 1 in batch 1$"),
        ([(X, Y), (X[:, :2], Y)], r"^batch 1: x: expected shape"),
        ([(X, Y, -np.ones(300))], r"^batch 0: sample_weight: expected"),
        ([(X, Y, np.zeros(300))], r"^sample_weight: expected a weight above 0, got 0 for all of 300 rows"),
        ([(X[:0], Y[:0])], r"^batch 0: x: expected at least one row"),
        ([(X[:3], Y[:2])], r"^batch 0: y: expected shape \(3, 2\), got \(2, 2\)"),
        ([(X[:3], Y[:6])], r"^batch 0: y: expected shape \(3, 2\), got \(6, 2\)"),
        ([(X[:3], Y[:3, :1])], r"^batch 0: y: expected shape \(3, 2\), got \(3, 1\)"),
        ([(X[:3], Y[:3], [1, 2])], r"^batch 0: sample_weight: expected "),
    ]:
        for metrics in (None, ["rmse"], ["r2"], [lambda y, prediction: 0.0]):
            with pytest.raises(ValueError, match=match):
                net.evaluate_batches(bad, metrics=metrics)
    for call in (net.evaluate_batches, net.predict_batches, net.learn_scaling_batches):
        with pytest.raises(TypeError, match=r"^batches: expected a function that returns an iterator"):
            call(3)
        with pytest.raises(TypeError, match=r"^batches: .* returns an iterator, got one that returns None$"):
            list(call(lambda: None))
    with pytest.raises(TypeError, match=r"^batches: .* returns an iterator, got one that returns 3$"):
        net.fit_batches(lambda: 3, epochs=1)
    with pytest.raises(TypeError, match=r"here it is 'missing'|unexpected keyword"):
        net.evaluate_batches([(X, Y)], sample_weight=None)


def test_what_the_source_raises_comes_out_and_the_network_may_be_read_meanwhile():
    net, seen = regression(), []

    def source():
        seen.append(net.loss(X, Y))
        with pytest.raises(RuntimeError, match="another call is using this network"):
            net.fit(X, Y, epochs=1)
        yield X, Y
        raise KeyError("no more")

    for call in (net.evaluate_batches, net.learn_scaling_batches):
        with pytest.raises(KeyError, match="no more"):
            call(source)
    assert seen == [net.loss(X, Y)] * 2
    assert net.input_scaling is None


def test_batches_come_on_the_thread_that_asks():
    net, threads = regression(), []

    def source():
        threads.append(threading.get_ident())
        yield X, Y

    one = threading.Thread(target=net.evaluate_batches, args=(source,))
    one.start()
    one.join()
    assert threads == [one.ident]


@pytest.mark.parametrize("sizes", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_scalings_are_those_of_all_rows(sizes, dtype):
    x = (BIG_X * 1000 + 5e4).astype(dtype)
    x[:, 3] = 7
    whole, parts = regression(), regression()
    whole.learn_scaling(x, HOLES, sample_weight=WEIGHT, missing="ignore")
    parts.learn_scaling_batches(batches(sizes, x, HOLES, WEIGHT), missing="ignore")
    for name in ("input_scaling", "output_scaling"):
        for a, b in zip(getattr(parts, name), getattr(whole, name)):
            assert_same_bits(a, b)
    parts.input_scaling = parts.output_scaling = None
    parts.learn_scaling_batches([part[0] for part in batches(sizes, x)()], standardize="inputs")
    whole.learn_scaling(x)
    assert_same_bits(parts.input_scaling[1], whole.input_scaling[1])
    assert parts.output_scaling is None


def test_outputs_alone_and_losses_without_scaled_outputs():
    net, other = regression(), regression()
    net.learn_scaling_batches([(X, Y)], standardize="outputs")
    other.learn_scaling(y=Y)
    assert net.input_scaling is None
    assert_same_bits(net.output_scaling[0], other.output_scaling[0])
    net = classifier()
    net.learn_scaling_batches([(X, CLASSES)])
    assert net.output_scaling is None
    with pytest.raises(ValueError, match="does not allow scaled outputs"):
        net.learn_scaling_batches([(X, CLASSES)], standardize="outputs")


def test_a_scaling_that_cannot_be_learned_changes_nothing():
    net = regression()
    net.input_scaling = before = np.ones(5), np.full(5, 2.0)
    passes = []

    def fewer():
        passes.append(None)
        yield X[: 300 // len(passes)], Y[: 300 // len(passes)]

    for bad, match in [
        ([], r"^batches: expected at least one batch"),
        (fewer, r"^batches: expected the same rows in each pass, got 300 and then 150"),
        ([(X, Y), (X, np.full_like(Y, np.nan))], r"^batch 1: y: expected finite numbers"),
        ([(X, np.full_like(Y, 1e308) * np.sign(Y))], r"^y: expected values whose mean and deviation are finite"),
        ([X], r"^batches: expected each to be a tuple"),
        (iter([(X, Y)]), r"^batches: expected a function .* since two passes are made over them"),
    ]:
        with pytest.raises(ValueError, match=match):
            net.learn_scaling_batches(bad)
        np.testing.assert_array_equal(net.input_scaling, before)
        assert net.output_scaling is None
    with pytest.raises(ValueError, match=r"^standardize: expected True"):
        net.learn_scaling_batches([(X, Y)], standardize=False)


def test_a_batch_is_let_go_before_the_next_one_is_made():
    """So that no more than one has to fit in memory."""
    alive = []

    class Source:
        def __init__(self):
            self.left = 2

        def __iter__(self):
            self.left = 2
            return self

        def __next__(self):
            alive.append([one for one in self.given if one() is not None] if self.left < 2 else [])
            if self.left == 0:
                raise StopIteration
            self.left -= 1
            x = X.copy()
            self.given = [weakref.ref(x)]
            return x, Y

    net = regression()
    net.evaluate_batches(Source)
    net.evaluate_batches(Source, metrics=["r2"])
    net.learn_scaling_batches(Source)
    net.fit_batches(Source, epochs=2)
    net.fit(X, Y, epochs=2, validation_data=Source)
    for _ in net.predict_batches(Source):
        pass
    assert len(alive) == 3 * (1 + 1 + 2 + 2 + 2 + 1)
    assert not any(alive)


def test_predictions_come_batch_by_batch_when_they_are_asked_for():
    net, asked = classifier(), []

    def source():
        for first in range(0, 300, 100):
            asked.append(first)
            yield X[first : first + 100]

    predictions = net.predict_batches(source)
    assert asked == []
    first = next(predictions)
    assert asked == [0]
    assert_same_bits(np.concatenate([first, *predictions]), net.predict(X))
    pairs = net.predict_batches([(X[:7], CLASSES[:7]), (X[7:], CLASSES[7:], np.ones(293))])
    assert_same_bits(np.concatenate(list(pairs)), net.predict(X))
