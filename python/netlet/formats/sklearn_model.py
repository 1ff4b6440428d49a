# SPDX-License-Identifier: BSD-3-Clause
"""Networks of scikit-learn: a fitted MLPClassifier or MLPRegressor, optionally behind a StandardScaler."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from .._names import ACTIVATIONS, LOSSES
from .parts import Layers, Parts

_NAMES = {row["sklearn"]: name for name, row in ACTIVATIONS.items() if "sklearn" in row}
_LOSSES = {row["sklearn_output"]: name for name, row in LOSSES.items() if "sklearn_output" in row}


def _is(model: Any, module: str, *names: str) -> bool:
    return f"{type(model).__module__}.".startswith(f"sklearn.{module}.") and type(model).__name__ in names


def _scaling(scaler: Any) -> tuple[Any, Any]:
    if not _is(scaler, "preprocessing", "StandardScaler"):
        raise ValueError(f"model: expected a StandardScaler before the network, got {type(scaler).__name__}")
    if not hasattr(scaler, "n_features_in_"):
        raise ValueError("model: expected a fitted pipeline; call its fit first")
    count = scaler.n_features_in_
    return scaler.mean_ if scaler.with_mean else np.zeros(count), scaler.scale_ if scaler.with_std else np.ones(count)


def from_sklearn(model: Any, dtype: Any) -> Parts:
    """Read an estimator, or a pipeline of a StandardScaler and one."""
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
    layers = Layers()
    for i, (weight, bias) in enumerate(zip(model.coefs_, model.intercepts_)):
        where = f"model, layer {i + 1}"
        layers.add_layer(weight, bias, where)
        name = output if i == len(model.coefs_) - 1 else model.activation
        if name in _NAMES:
            layers.add_activation(_NAMES[name], where)
        elif name != "exp":  # netlet's outputs are the logarithms of the rates
            raise ValueError(f"{where}: netlet has no activation {name!r}; known are {', '.join(_NAMES)}")
    parts = layers.parts(loss=_LOSSES.get(output, "squared_error"), dtype=dtype)
    return dataclasses.replace(parts, input_scaling=scaling)
