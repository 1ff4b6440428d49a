# SPDX-License-Identifier: BSD-3-Clause
"""Training: steps, epochs, the order of rows, and resuming."""

import pickle

import numpy as np
import pytest
from netlet import SGD, Network, Rprop, schedules

from helpers import xor
from helpers.every import every_dtype, every_optimizer
from helpers.training import SIZES, random_data


def test_the_tutorials_job_learns_xor():
    net = Network([2, 3, 1], seed=1)
    history = net.fit(xor.X, xor.Y, epochs=10_000, learning_rate=0.5)
    np.testing.assert_array_equal(net.forward(xor.X).round().ravel(), xor.Y)
    assert history.loss[-1] < history.loss[0]


@every_dtype
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_loss_is_what_backward_returns(reduction, dtype):
    x, y = random_data()
    net = Network(SIZES, reduction=reduction, dtype=dtype, seed=0)
    assert net.loss(x, y) == net.backward(x, y)[0]


@every_dtype
def test_mean_is_the_sum_divided_once_by_the_number_of_rows(dtype):
    x, y = random_data()
    (total, gradient), (mean, mean_gradient) = (
        Network(SIZES, reduction=reduction, dtype=dtype, seed=0).backward(x, y) for reduction in ("sum", "mean")
    )
    assert mean == total / 300
    assert mean_gradient.tobytes() == (gradient / gradient.dtype.type(300)).tobytes()


@every_optimizer
def test_a_step_is_one_epoch_of_the_full_batch(new_optimizer):
    x, y = random_data()
    by_step, by_fit = Network(SIZES, seed=0), Network(SIZES, seed=0)
    optimizers = new_optimizer(), new_optimizer()
    losses = [by_step.step(x, y, optimizers[0]) for _ in range(3)]
    history = by_fit.fit(x, y, epochs=3, optimizer=optimizers[1])
    assert by_step == by_fit
    assert losses == history.loss.tolist()
    assert optimizers[0].steps == optimizers[1].steps == 3
    assert (by_step.epochs_trained, by_fit.epochs_trained) == (0, 3)


def test_without_an_optimizer_fit_is_plain_gradient_descent_at_a_tenth():
    nets = [Network([2, 3, 1], seed=0) for _ in range(3)]
    nets[0].fit(xor.X, xor.Y, epochs=5)
    nets[1].fit(xor.X, xor.Y, epochs=5, learning_rate=0.1)
    nets[2].fit(xor.X, xor.Y, epochs=5, optimizer=SGD())
    assert nets[0] == nets[1] == nets[2] != Network([2, 3, 1], seed=0)


@every_optimizer
@pytest.mark.parametrize(
    "pause", [lambda *both: both, lambda *both: pickle.loads(pickle.dumps(both))], ids=["kept", "pickled"]
)
def test_some_epochs_and_then_more_are_all_of_them_at_once(new_optimizer, pause):
    x, y = random_data()
    at_once, in_parts = Network(SIZES, dropout=0.2, seed=0), Network(SIZES, dropout=0.2, seed=0)
    options = {"batch_size": None if isinstance(new_optimizer(), Rprop) else 64, "sample_weight": y[:, 0]}
    if options["batch_size"]:
        options["schedule"] = schedules.ReduceOnPlateau(0.5, patience=1, min_delta=1)
    whole = at_once.fit(x, y, epochs=7, optimizer=new_optimizer(), **options).loss
    optimizer = new_optimizer()
    first = in_parts.fit(x, y, epochs=3, optimizer=optimizer, **options).loss
    in_parts, optimizer = pause(in_parts, optimizer)
    second = in_parts.fit(x, y, epochs=4, optimizer=optimizer, resume=True, **options).loss
    assert in_parts == at_once
    assert whole.tolist() == [*first, *second]
    assert in_parts.epochs_trained == 7


def fitted(**options):
    x, y = random_data()
    net = Network(SIZES, init=Network(SIZES, seed=0).parameters, seed=options.pop("network_seed", 1))
    net.fit(x, y, epochs=3, learning_rate=0.01, **options)
    return net


def test_the_order_of_rows_follows_the_seed_of_fit_or_else_of_the_network():
    assert fitted(batch_size=50, network_seed=1, seed=2) == fitted(batch_size=50, network_seed=2)
    assert fitted(batch_size=50, seed=2) != fitted(batch_size=50, seed=3)
    assert fitted(batch_size=50, shuffle=False, seed=2) == fitted(batch_size=50, shuffle=False, seed=3)
    assert fitted(batch_size=50, shuffle=False) != fitted(batch_size=50)


@pytest.mark.parametrize("batch_size", [None, 300, 10**15])
def test_one_batch_of_all_rows_is_never_shuffled(batch_size):
    assert fitted(batch_size=batch_size, seed=2) == fitted(shuffle=False, seed=3)
