# SPDX-License-Identifier: BSD-3-Clause
"""The loss of the best constant prediction is the least that a network of biases alone can have."""

import numpy as np
import pytest
from netlet import Network, functional
from netlet._constant import constant_loss, usual_constant_loss
from netlet._names import LOSSES

RNG = np.random.default_rng(5)
ROWS = 40
X = np.zeros((ROWS, 1))
WEIGHT = RNG.integers(0, 4, ROWS).astype(float)


def targets(loss):
    if loss == "cross_entropy":
        p = RNG.random((ROWS, 3)) ** 3
        return p / p.sum(axis=1, keepdims=True)
    if loss == "binary_cross_entropy":
        return RNG.random((ROWS, 2)) ** 3
    if loss == "poisson":
        return RNG.poisson(3, (ROWS, 2)).astype(float)
    return RNG.standard_t(3, (ROWS, 2)) * 2 + 1


def network(loss, reduction="mean"):
    outputs = {"cross_entropy": 3, "gaussian_nll": 4}.get(loss, 2)
    settings = {"quantile": {"quantile": [0.3, 0.8]}, "huber": {"huber_delta": 0.7}}.get(loss, {})
    return Network([1, outputs], activation="identity", loss=loss, reduction=reduction, seed=0, **settings,
                   **({"output_activation": LOSSES[loss]["output"]} if "output" in LOSSES[loss] else {}))  # fmt: skip


def least(net, y, weight, missing):
    """The smallest loss over the biases, one at a time, by golden sections: all these losses are convex in each."""
    net.parameters[:] = 0
    biases, section = net.biases[0], (5**0.5 - 1) / 2

    def loss(i, value):
        biases[i] = value
        return net.loss(X, y, sample_weight=weight, missing=missing)

    for _ in range(60 if net.loss_name in ("cross_entropy", "gaussian_nll") else 1):
        for i in range(len(biases)):
            low, high = -30.0, 30.0
            for _ in range(60):
                a, b = high - section * (high - low), low + section * (high - low)
                low, high = (low, b) if loss(i, a) < loss(i, b) else (a, high)
            loss(i, (low + high) / 2)
    return net.loss(X, y, sample_weight=weight, missing=missing)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weights"])
@pytest.mark.parametrize("missing", ["refuse", "ignore"])
@pytest.mark.parametrize("loss", LOSSES)
def test_no_biases_do_better(loss, missing, weight):
    y = targets(loss)
    if missing == "ignore":
        y[RNG.random(ROWS) < 0.3] = np.nan
        if loss != "cross_entropy":
            y[::7, 1] = np.nan
    net = network(loss)
    constant, best = constant_loss(loss, y, weight, net.quantiles, net.huber_delta)
    np.testing.assert_allclose(constant, least(net, y, weight, missing), rtol=1e-7)
    assert best < constant


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "poisson", "squared_error", "huber"])
def test_the_best_conceivable_loss_is_that_of_the_targets_themselves(loss):
    y = targets(loss)[:1]
    net = network(loss)
    of_y = {"cross_entropy": functional.log, "poisson": lambda y: functional.log(np.maximum(y, 1e-30)),
            "binary_cross_entropy": lambda y: functional.log(y / (1 - y))}.get(loss, lambda y: y)  # fmt: skip
    net.parameters[:] = 0
    net.biases[0][:] = of_y(y)[0]
    _, best = constant_loss(loss, y, None, net.quantiles, net.huber_delta)
    np.testing.assert_allclose(best, net.loss(X[:1], y), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("columns", [1, 2])
@pytest.mark.parametrize("loss", ["squared_error", "binary_cross_entropy", "cross_entropy"])
def test_the_quick_way_gives_the_same_where_all_rows_weigh_the_same(loss, columns):
    y = targets(loss)[:, :columns] + (1e6 if loss == "squared_error" else 0)
    if loss == "cross_entropy":
        y = targets(loss).argmax(axis=1).reshape([(-1,), (-1, 1)][columns - 1])
        y = y.astype([np.int8, np.float32][columns - 1])
    elif loss == "binary_cross_entropy":
        y = np.round(y)
    outputs = 3 if loss == "cross_entropy" else columns
    net = Network([1, outputs], activation="identity", loss=loss, seed=0,
                  **({"output_activation": LOSSES[loss]["output"]} if "output" in LOSSES[loss] else {}))  # fmt: skip
    full = np.eye(3)[y.reshape(-1).astype(int)] if loss == "cross_entropy" else y.copy()
    if loss == "squared_error":
        net.output_scaling = np.full(columns, 5.0), np.full(columns, 0.25)
        full = (y - 5) / 0.25
    constant, best = constant_loss(loss, full, None, net.quantiles, 1.0)
    np.testing.assert_allclose(usual_constant_loss(net, y), constant - best, rtol=1e-7)
    if columns == 1 and loss != "cross_entropy":
        assert usual_constant_loss(net, y[:, 0]) == usual_constant_loss(net, y)


def test_the_quick_way_says_so_if_it_knows_nothing():
    for loss in sorted(set(LOSSES) - {"squared_error", "cross_entropy", "binary_cross_entropy"}):
        assert np.isnan(usual_constant_loss(network(loss), targets(loss))), loss
    assert np.isnan(usual_constant_loss(network("squared_error"), np.array([[0.0, 1.0], [np.nan, 2.0]])))
