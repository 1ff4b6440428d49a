# SPDX-License-Identifier: BSD-3-Clause
"""Parts that do not fit together, and what is no part at all, are refused, and nothing has changed."""

import contextlib
import re

import netlet
import numpy as np
import pytest
from netlet import SGD, Network, Task, combine

HEAD, PIECE = 64, 96  # bytes before the pieces, and before a piece's values


def network(**settings):
    return Network([2, 3, 1], **{"seed": 0, "reduction": "mean", **settings})


def data(count):
    x = np.linspace(-1, 1, 2 * count).reshape(count, 2)
    return x, x[:, :1] * 0.5


def part(net, first, count, rows=1500, **settings):
    x, y = data(rows)
    at = slice(first, first + count)
    return net.partial(x[at], y[at], Task(net, rows, **settings), first_row=first)


@pytest.mark.parametrize(
    ("first", "count", "message"),
    [
        (256, 1000, "x: expected a multiple of 256 rows, or the batch's last ones, got 1000 of 1500 from row 256 on"),
        (100, 256, "first_row: expected a multiple of 256, got 100"),
        (1536, 256, "x: expected rows within the batch of 1500 rows, got rows 1536 to 1792"),
        (1280, 256, "x: expected rows within the batch of 1500 rows, got rows 1280 to 1536"),
    ],
)
def test_rows_that_are_no_whole_blocks_of_the_batch(first, count, message):
    net = network()
    x, y = data(2000)
    with pytest.raises(ValueError, match=re.escape(message)):
        net.partial(x[:count], y[:count], Task(net, 1500), first_row=first)


def test_data_that_step_refuses():
    net = network()
    x, y = data(256)
    bad = x.copy()
    bad[200, 1] = np.nan
    with pytest.raises(ValueError, match="x: expected finite numbers, got nan in row 200, column 1"):
        net.partial(bad, y, Task(net, 256))
    with pytest.raises(ValueError, match="sample_weight: expected weights >= 0"):
        net.partial(x, y, Task(net, 256), sample_weight=-np.ones(256))
    with pytest.raises(ValueError, match="x: expected shape"):
        net.partial(np.ones((256, 3)), y, Task(net, 256))
    with pytest.raises(TypeError, match=r"task: expected a netlet\.Task, got 256"):
        net.partial(x, y, 256)
    with pytest.raises(TypeError, match="network: expected a Network, got 1500"):
        Task(1500, net)
    with pytest.raises(ValueError, match="rows: expected a positive integer, got 0"):
        Task(net, 0)
    assert net.partial(x, y, Task(net, 256), sample_weight=np.zeros(256)).nbytes  # another part may have weights


def test_parts_that_do_not_belong_together():
    net = network(dropout=0.5)
    first = part(net, 0, 512)
    with pytest.raises(ValueError, match="expected other blocks than a's, got block 1 in both"):
        combine(first, part(net, 256, 256))
    others = [
        part(net, 512, 512, step=1),
        part(net, 512, 512, rows=1501),
        part(network(), 512, 512),
        part(network(dropout=0.5, dtype="float32"), 512, 512),
        part(Network([2, 4, 1], dropout=0.5, seed=0), 512, 512),
    ]
    for other in others:
        with pytest.raises(ValueError, match="expected sums of the same batch as a"):
            combine(first, other)
    with pytest.raises(TypeError, match="partials: expected one or more, got none"):
        combine()
    with pytest.raises(TypeError, match="partials: expected what partial and combine return, got str"):
        combine(first, "part")


def test_sums_that_are_not_the_batch():
    net = network()
    optimizer = SGD(0.1)
    before = net.fingerprint()
    whole = combine(part(net, 0, 512), part(net, 512, 988))
    for total, message in [
        (part(net, 0, 512), "expected the sums of all 6 blocks of 256 rows, got those of 1 piece"),
        (part(net, 256, 512), "expected the sums of all 6 blocks of 256 rows, got those of 2 pieces"),
        (b"", "expected what netlet_partial writes"),
        (b"\0" * 200, "expected what netlet_partial writes"),
        (whole[:-8], "expected a whole partial"),
        (part(Network([2, 4, 1], seed=0), 0, 1500), "expected the sums of this task, got those of another"),
    ]:
        for finish in (lambda total=total: net.finish(total, optimizer), lambda total=total: net.finish(total)):
            with pytest.raises(ValueError, match=message):
                finish()
    with pytest.raises(TypeError, match="total: expected what partial and combine return, got float"):
        net.finish(1.0)
    with pytest.raises(ValueError, match="weight_mean: expected a positive finite number, got -1"):
        net.finish(whole, weight_mean=-1)
    assert net.fingerprint() == before
    assert optimizer.steps == 0
    net.finish(whole, optimizer)
    assert optimizer.steps == 1


def test_weights_that_are_all_0_and_losses_that_are_not_finite():
    net = network()
    x, y = data(300)
    zero = net.partial(x, y, Task(net, 300), sample_weight=np.zeros(300))
    with pytest.raises(ValueError, match="sample_weight: expected a weight above 0, got 0 for all of 300 rows"):
        net.finish(zero, SGD(0.1))
    net = network(activation="identity", init=np.full(13, 1e200))
    optimizer = SGD(0.1)
    with pytest.raises(netlet.DivergenceError, match="finish: the loss is inf; nothing was changed"):
        net.finish(net.partial(x, y, Task(net, 300)), optimizer)
    assert optimizer.steps == 0
    assert (net.parameters == 1e200).all()


def test_a_task_of_another_network():
    wide, net = Network([5, 1], seed=0), network()
    tasks = []

    def sums(task):
        tasks.append(task)
        return wide.partial(np.eye(5), np.arange(5), task)

    wide.fit_sums(sums, rows=5, epochs=1, standardize=True)
    x, y = data(5)
    for task in tasks[:2]:
        assert net.partial(x, y, task).nbytes  # it has enough columns
    tasks.clear()
    net.fit_sums(lambda task: tasks.append(task) or net.partial(x, y, task), rows=5, epochs=1, standardize="inputs")
    with pytest.raises(TypeError, match="task: expected one that netlet has made"):
        wide.partial(np.eye(5), np.arange(5), tasks[1])


def test_hostile_bytes_are_refused_or_harmless():
    net = network(dtype="float32")
    parts = [part(net, 0, 768), part(net, 768, 732)]
    rng = np.random.default_rng(0)
    for size in range(0, len(parts[0]), 7):
        with pytest.raises(ValueError, match=r"^(a|b): expected"):
            combine(parts[0][:size], parts[1])
    heads = [*range(HEAD), *range(HEAD, HEAD + PIECE)]
    for at in heads:
        for value in (0, 1, 2, 64, 127, 255, int(rng.integers(256))):
            bad = parts[0].copy()
            bad[at] = value
            for attempt in (lambda bad=bad: combine(bad, parts[1]), lambda bad=bad: combine(bad, bad)):
                try:
                    total = attempt()
                except (ValueError, MemoryError):
                    continue
                with contextlib.suppress(ValueError, netlet.DivergenceError):
                    net.finish(total)


def test_what_sums_must_return():
    net = network()
    before = net.fingerprint()
    x, y = data(600)
    for sums, error, message in [
        (lambda task: None, TypeError, "sums: expected what partial and combine return, got NoneType"),
        (lambda task: b"12", ValueError, "sums: expected the sums over all rows, .* bytes, got 2"),
        (lambda task: net.partial(x[:512], y[:512], task), ValueError, "total: expected the sums of all 3 blocks"),
        (lambda task: net.partial(x, y, Task(net, 599)), ValueError, "x: expected rows within the batch of 599 rows"),
        (lambda task: np.zeros(len(net.partial(x, y, task)), np.uint8), ValueError, "total: expected what"),
        (lambda task: 1 / 0, ZeroDivisionError, "division"),
    ]:
        with pytest.raises(error, match=message):
            net.fit_sums(sums, rows=600, epochs=2)
    with pytest.raises(TypeError, match="sums: expected a function of a task, got 3"):
        net.fit_sums(3, rows=600, epochs=2)
    with pytest.raises(ValueError, match="rows: expected a positive integer, got 0"):
        net.fit_sums(lambda task: None, rows=0, epochs=2)
    with pytest.raises(ValueError, match="batch_size: rprop compares gradients"):
        net.fit_sums(lambda task: None, rows=600, epochs=2, batch_size=100, optimizer="rprop")
    assert net.fingerprint() == before
    assert net.epochs_trained == 0


@pytest.mark.parametrize("batch_size", [None, 300])
def test_weights_of_which_all_are_0(batch_size):
    net = network()
    before = net.fingerprint()

    def sums(task):
        at = task.rows_of(0, task.rows)
        x, y = data(600)
        return net.partial(x[at], y[at], task, sample_weight=np.zeros(task.rows))

    with pytest.raises(ValueError, match="sample_weight: expected a weight above 0, got 0 for all of 600 rows"):
        net.fit_sums(sums, rows=600, weighted=True, epochs=1, batch_size=batch_size)
    assert net.fingerprint() == before


def test_a_failure_later_keeps_the_steps_so_far():
    net, other = network(), network()
    x, y = data(600)
    calls = []

    def sums(task):
        calls.append(task)
        if len(calls) == 4:
            raise OSError("worker 3 is gone")
        return net.partial(x, y, task)

    with pytest.raises(OSError, match="worker 3 is gone") as caught:
        net.fit_sums(sums, rows=600, epochs=9)
    other.fit(x, y, epochs=3)
    assert net.fingerprint() == other.fingerprint()
    assert len(caught.value.history) == 3


def test_sums_may_read_the_network_and_not_train_it():
    net = network()
    x, y = data(300)

    def sums(task):
        assert net.loss(x, y) > 0
        with pytest.raises(RuntimeError, match="another call is using this network"):
            net.step(x, y, SGD(0.1))
        return net.partial(x, y, task)

    net.fit_sums(sums, rows=300, epochs=1)
    assert net.epochs_trained == 1
