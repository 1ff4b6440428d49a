# SPDX-License-Identifier: BSD-3-Clause
"""Training by SciPy's L-BFGS."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.optimize import minimize
from sklearn.utils.optimize import _check_optimize_result

from ..network import Network
from . import _training as training


def minimized(estimator: Any, network: Network, rows: training.Rows) -> tuple[int, float]:
    """Minimize the mean loss with its penalty; iterations and the last figure.

    In float64 whatever the network's dtype: line searches compare small differences.
    """
    if any(network.dropout) or estimator.schedule is not None or estimator.callbacks:
        raise ValueError("solver: expected 'sgd' or 'adam' with dropout, schedule or callbacks, got 'lbfgs'")
    if estimator.standardize:
        training.learn_scaling(network, rows, estimator.standardize)
    exact = training.in_float64(network)
    penalized = np.zeros(exact.parameters.shape)
    for weight, _ in exact.views(penalized):
        weight[...] = 1.0
    mean_weight = training.mean_weight(network, rows)
    l2 = estimator.alpha / (rows.X.shape[0] * mean_weight)

    def penalty(parameters: training.Array) -> float:
        return float(0.5 * l2 * np.square(parameters * penalized).sum())

    def objective(parameters: training.Array) -> tuple[float, training.Array]:
        exact.parameters[:] = parameters
        loss, slopes = training.gradient(exact, rows, mean_weight)
        return loss + penalty(parameters), slopes + l2 * parameters * penalized

    scale, shift = estimator._figures(rows.targets, rows.weights)

    def figure(result: Any) -> float:
        """scikit-learn's loss: the penalty is not scaled."""
        added = penalty(result.x)
        return float(scale * (result.fun - added) + shift + added)

    def show(intermediate_result: Any) -> None:
        print(f"loss = {figure(intermediate_result):.8f}")  # noqa: T201  # verbose, as in scikit-learn

    result = minimize(
        objective,
        exact.parameters.copy(),
        method="L-BFGS-B",
        jac=True,
        callback=show if estimator.verbose else None,
        options={"maxfun": estimator.max_fun, "maxiter": estimator.max_iter, "gtol": estimator.tol},
    )
    iterations = _check_optimize_result("lbfgs", result, estimator.max_iter)
    if not np.isfinite(result.fun):
        raise ValueError(training.NON_FINITE)
    network.parameters[:] = result.x
    return int(iterations), figure(result)
