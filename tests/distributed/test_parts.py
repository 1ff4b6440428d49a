# SPDX-License-Identifier: BSD-3-Clause
"""A batch in parts has the bits of the batch: a step, its gradient, and whole trainings on rows that are elsewhere."""

import itertools
import pickle

import netlet
import numpy as np
import pytest
from netlet import Adam, Network, Task, combine

from helpers.bits import assert_same_bits

LOSSES = ["squared_error", "huber", "cross_entropy", "gaussian_nll", "poisson"]


def network(loss="squared_error", **settings):
    outputs = {"cross_entropy": ("softmax", 3), "gaussian_nll": ("identity", 4)}.get(loss, ("identity", 2))
    settings = {"activation": "tanh", "output_activation": outputs[0], "loss": loss, "seed": 3, **settings}
    return Network([4, 6, outputs[1]], **settings)


def rows(loss, count, rng):
    x = rng.normal(2, 3, (count, 4))
    if loss == "cross_entropy":
        return x, rng.integers(0, 3, count)
    return x, rng.poisson(2, (count, 2)).astype(float)


def shares(count, workers, rng):
    """Ranges of whole blocks that are all of the rows, some of them perhaps empty; in no order."""
    blocks = -(-count // 256)
    edges = [0, *sorted(rng.integers(0, blocks + 1, workers - 1).tolist()), blocks]
    ranges = [(a * 256, min(b * 256, count)) for a, b in itertools.pairwise(edges) if a < b]
    return [ranges[i] for i in rng.permutation(len(ranges))]


class Workers:
    """What gives the sums of a task: each of several workers has a share of the rows."""

    def __init__(self, net, workers, **data):
        self.net, self.workers, self.rng, self.tasks = net, workers, np.random.default_rng(7), []
        self.data = data  # by task.data: x, y, sample_weight

    def __call__(self, task):
        task = pickle.loads(pickle.dumps(task))
        self.tasks.append(task)
        x, y, weight = self.data[task.data]
        parts = []
        for first, end in shares(task.rows, self.workers, self.rng):
            at = task.rows_of(first, end - first)
            own = None if weight is None else weight[at]
            parts.append(
                self.net.partial(x[at], y[at], task, first_row=first, sample_weight=own, missing="ignore").tobytes()
            )
        return combine(*parts)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("count", [1, 256, 257, 1025, 2900])
def test_a_step_in_parts(count, dtype, dropout, weighted):
    rng = np.random.default_rng(count)
    x, y = rows("squared_error", count, rng)
    weight = rng.random(count) if weighted else None
    net, other = (network(dtype=dtype, dropout=dropout, reduction="mean") for _ in range(2))
    optimizers = [Adam(0.01, l2=0.1, clip_norm=0.5) for _ in range(2)]
    for workers in (1, 2, 5):
        loss = net.step(x, y, optimizers[0], sample_weight=weight)
        task = Task(other, count, step=optimizers[1].steps)
        total = Workers(other, workers, training=(x, y, weight))(task)
        assert other.finish(total, optimizers[1]) == loss
        assert_same_bits(other.parameters, net.parameters)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradient_in_parts(loss):
    rng = np.random.default_rng(1)
    x, y = rows(loss, 1300, rng)
    weight = rng.random(1300)
    net = network(loss, reduction="mean")
    net.learn_scaling(x)
    for weights, mean in ((None, None), (weight, None), (weight, 0.7)):
        total = Workers(net, 3, training=(x, y, weights))(Task(net, 1300))
        found, gradient = net.finish(total, weight_mean=mean)
        expected = net.backward(x, y, sample_weight=weights, weight_mean=mean)
        assert found == expected[0]
        assert_same_bits(gradient, expected[1])


@pytest.mark.parametrize("batch_size", [None, 600, 100])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("weighted", [False, True])
def test_training_on_rows_elsewhere(loss, weighted, batch_size):
    rng = np.random.default_rng(2)
    x, y = rows(loss, 1600, rng)
    held = rows(loss, 700, rng)
    if loss not in ("cross_entropy", "poisson"):
        y[::7, 0] = np.nan
    weight, weight_held = (rng.random(1600), rng.random(700)) if weighted else (None, None)
    settings = {
        "epochs": 4,
        "batch_size": batch_size,
        "patience": 3,
        "standardize": True,
        "schedule": netlet.schedules.ExponentialDecay(0.9),
        "seed": 9,
    }
    net, other = (network(loss, reduction="mean", dropout=0.2) for _ in range(2))
    expected = net.fit(
        *(x, y),
        **settings,
        optimizer=Adam(0.01),
        sample_weight=weight,
        validation_data=(*held, *([weight_held] if weighted else [])),
        missing="ignore",
    )
    workers = Workers(other, 3, training=(x, y, weight), validation=(*held, weight_held))
    history = other.fit_sums(
        workers, rows=1600, weighted=weighted, validation_rows=700, **settings, optimizer=Adam(0.01)
    )
    assert other.fingerprint() == net.fingerprint()
    assert list(history) == list(expected)
    for name in history:
        if name != "time":
            assert_same_bits(history[name], expected[name])
    first = ["means", "deviations"] * (2 if loss in ("squared_error", "huber", "gaussian_nll") else 1)
    first += ["weights"] * (weighted and batch_size is not None)
    assert [task.kind for task in workers.tasks][: len(first) + 1] == [*first, "gradient"]
    assert [task.kind for task in workers.tasks].count("loss") == len(history)


def test_partials_are_added_in_any_order_and_grouping():
    rng = np.random.default_rng(3)
    x, y = rows("squared_error", 3000, rng)
    net = network()
    task = Task(net, 3000)
    expected = net.backward(x, y)
    blocks = [net.partial(x[i : i + 256], y[i : i + 256], task, first_row=i) for i in range(0, 3000, 256)]
    for _ in range(5):
        waiting = [blocks[i] for i in rng.permutation(len(blocks))]
        while len(waiting) > 1:
            count = int(rng.integers(2, len(waiting) + 1))
            waiting = [*waiting[count:], combine(*waiting[:count])]
        loss, gradient = net.finish(waiting[0])
        assert loss == expected[0]
        assert_same_bits(gradient, expected[1])
        assert waiting[0].nbytes < gradient.nbytes + 200


def test_what_is_unaligned_or_read_only_is_read():
    net = network()
    x, y = rows("squared_error", 300, np.random.default_rng(4))
    total = net.partial(x, y, Task(net, 300))
    moved = np.empty(total.nbytes + 1, np.uint8)[1:]
    moved[:] = total
    for given in (moved, total.tobytes(), memoryview(total.tobytes()), bytearray(total)):
        assert net.finish(given)[0] == net.loss(x, y)
    assert combine(total.tobytes()).flags.writeable


def test_a_task_says_whose_rows():
    net = network(dropout=0.5)
    order = np.arange(999, -1, -1)
    seen = []

    def sums(task):
        seen.append(task)
        x = np.ones((task.rows, 4))
        return net.partial(x, np.ones((task.rows, 2)), task)

    net.fit_sums(sums, rows=1000, batch_size=600, epochs=1, shuffle=False, learning_rate=1e-4, standardize="inputs")
    assert [repr(task) for task in seen] == [
        "Task(kind='means', columns='x', data='training', rows=1000, first=0)",
        "Task(kind='deviations', columns='x', data='training', rows=1000, first=0)",
        "Task(kind='gradient', data='training', rows=600, first=0)",
        "Task(kind='gradient', data='training', rows=400, first=600)",
    ]
    assert seen[3].rows_of(256, 144) == slice(856, 1000)
    with pytest.raises(IndexError, match="rows 256 to 512 are not within the batch of 400 rows"):
        seen[3].rows_of(256, 256)
    net.fit_sums(sums, rows=1000, batch_size=600, epochs=1, learning_rate=1e-4)
    order = np.concatenate([task.order for task in seen[4:]])
    assert sorted(order) == list(range(1000))
    assert repr(seen[4]) == "Task(kind='gradient', data='training', rows=600, shuffled)"
    assert_same_bits(seen[5].rows_of(100, 5), order[700:705])
