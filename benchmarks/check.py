# SPDX-License-Identifier: BSD-3-Clause
"""Checks of a library's results before it is timed, against NumPy in float64."""

from __future__ import annotations

import numpy as np
from workloads import Case

TOLERANCE = 1e-4
FALL_TOLERANCE = 0.1  # each library has its own order of batches
ACCURACY = 0.95  # of an estimator on the rows that it has learned
ULP_LIMIT = 4  # an elementwise function with a larger error is not ranked


def activate(name: str, z: np.ndarray) -> np.ndarray:
    if name == "sigmoid":
        return 1 / (1 + np.exp(-z))
    if name == "relu":
        return np.maximum(z, 0)
    if name == "softmax":
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)
    return z


def layers(case: Case, x: np.ndarray, parameters=None, hidden=None, output=None) -> list[np.ndarray]:
    """Compute the input, then the output of each layer."""
    weights, biases = parameters or (case.weights, case.biases)
    hidden, output = hidden or case.workload.activation, output or case.workload.output
    values = [np.atleast_2d(x).astype(np.float64)]
    for i, (w, b) in enumerate(zip(weights, biases)):
        values.append(activate(output if i == len(weights) - 1 else hidden, values[-1] @ w.astype(float) + b))
    return values


def loss(case: Case, parameters=None) -> float:
    """Compute the loss with these parameters, or with the initial ones."""
    sample = slice(0, 10_000)
    outputs = layers(case, case.x[sample], parameters)[-1]
    if case.workload.loss == "cross_entropy":
        classes = case.y[sample]
        return float(-np.log(outputs[np.arange(len(classes)), classes]).mean())
    return float(0.5 * np.square(outputs - case.y[sample]).sum() / len(outputs))


def gradient(case: Case) -> list[np.ndarray]:
    """Compute the gradient of the mean of half the squared errors with respect to W1, b1, ...; linear output layer."""
    values = layers(case, case.x)
    delta = (values[-1] - case.y) / len(case.x)
    result: list[np.ndarray] = []
    for i in reversed(range(len(case.weights))):
        result[:0] = [values[i].T @ delta, delta.sum(axis=0)]
        delta = (delta @ case.weights[i].astype(float).T) * values[i] * (1 - values[i])
    return result


def output_error(case: Case, outputs: np.ndarray, **functions) -> float:
    """Find the largest difference between outputs, over a sample of the rows."""
    step = max(1, len(np.atleast_2d(case.x)) // 500)
    expected = layers(case, np.atleast_2d(case.x)[::step], **functions)[-1]
    return float(np.abs(np.atleast_2d(np.asarray(outputs))[::step] - expected).max())


def gradient_error(case: Case, parts: list[np.ndarray]) -> float:
    """Find the largest difference between gradients, relative to the largest value."""
    expected = np.concatenate([part.ravel() for part in gradient(case)])
    found = np.concatenate([np.asarray(part).ravel() for part in parts])
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def accuracy(case: Case, predicted: np.ndarray) -> float:
    """Find the share of rows that are classified correctly; too small a one is an error."""
    share = float((np.asarray(predicted) == case.y).mean())
    if share < ACCURACY:
        raise ArithmeticError(f"it classifies {100 * share:.0f} % of the rows that it has learned")
    return share


def ulps(case: Case, found: np.ndarray) -> float:
    """Find the largest error in units in the last place; NaN if there is no wider type to compare with."""
    wide = np.float64 if case.workload.dtype == "float32" else np.longdouble
    if np.finfo(wide).eps == np.finfo(case.workload.dtype).eps:
        return float("nan")
    x = case.x.astype(wide)
    exact = np.tanh(x) if case.workload.activation == "tanh" else 1 / (1 + np.exp(-x))
    return float((np.abs(np.asarray(found) - exact) / np.spacing(np.abs(exact).astype(case.workload.dtype))).max())
