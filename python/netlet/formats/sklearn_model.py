# SPDX-License-Identifier: BSD-3-Clause
"""Networks of scikit-learn: a fitted MLPClassifier or MLPRegressor, perhaps behind a StandardScaler."""

from __future__ import annotations

from typing import Any

import numpy as np

from .parts import N, Parts

_NAMES = {"logistic": "sigmoid", "identity": "identity", "tanh": "tanh", "relu": "relu", "softmax": "softmax"}


def _is(model: Any, module: str, *names: str) -> bool:
    return f"{type(model).__module__}.".startswith(f"sklearn.{module}.") and type(model).__name__ in names


def _scaling(scaler: Any) -> tuple[Any, Any]:
    if not _is(scaler, "preprocessing", "StandardScaler"):
        raise ValueError(f"model: expected a StandardScaler before the network, got {type(scaler).__name__}")
    if not hasattr(scaler, "n_features_in_"):
        raise ValueError("model: expected a fitted pipeline; call its fit first")
    count = scaler.n_features_in_
    return scaler.mean_ if scaler.with_mean else np.zeros(count), scaler.scale_ if scaler.with_std else np.ones(count)


def from_sklearn(cls: type[N], model: Any, dtype: Any) -> N:
    """Make a network of an estimator, or of a pipeline of a StandardScaler and one."""
    scaling = None
    if _is(model, "pipeline", "Pipeline") and model.steps:
        *before, (_, network) = model.steps
        before = [step for _, step in before if step is not None and not isinstance(step, str)]
        if len(before) > 1:
            raise ValueError(f"model: expected at most a StandardScaler before the network, got {len(before)} steps")
        scaling = _scaling(before[0]) if before else None
        model = network
    if not _is(model, "neural_network", "MLPClassifier", "MLPRegressor"):
        raise TypeError(f"model: expected an MLPClassifier or MLPRegressor, got {type(model).__name__}")
    if not hasattr(model, "coefs_"):
        raise ValueError(f"model: expected a fitted {type(model).__name__}; call its fit first")
    output = model.out_activation_
    losses = {"softmax": "cross_entropy", "logistic": "binary_cross_entropy", "exp": "poisson"}
    parts = Parts()
    for i, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_)):
        parts.add_layer(weight, bias, f"model, layer {i + 1}")
        name = output if i == len(model.coefs_) - 1 else model.activation
        if name not in ("exp", *_NAMES):
            raise ValueError(f"model, layer {i + 1}: netlet has no activation {name!r}; known are {', '.join(_NAMES)}")
        if name != "exp":  # netlet's outputs are the logarithms of the rates
            parts.add_activation(_NAMES[name], f"model, layer {i + 1}")
    net = parts.network(cls, loss=losses.get(output, "squared_error"), dtype=dtype)
    net.input_scaling = scaling
    return net
