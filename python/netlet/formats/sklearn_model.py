# SPDX-License-Identifier: BSD-3-Clause
"""Networks of scikit-learn: a fitted MLPClassifier or MLPRegressor, with what linearly scales its inputs and targets.

Those of netlet.sklearn are read likewise. scikit-learn itself is not imported.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._names import ACTIVATIONS, LOSSES
from .parts import Layers, Parts

if TYPE_CHECKING:
    from .._names import Settings

_NAMES = {row["sklearn"]: name for name, row in ACTIVATIONS.items() if "sklearn" in row}
_LOSSES = {row["sklearn_output"]: name for name, row in LOSSES.items() if "sklearn_output" in row}
_SEARCHES = ("GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")
# scaler: what it does, each with the attribute that has the numbers and the setting without which it is not done
_SCALERS: dict[str, list[tuple[Any, str, str]]] = {
    "StandardScaler": [(np.subtract, "mean_", "with_mean"), (np.divide, "scale_", "with_std")],
    "MinMaxScaler": [(np.multiply, "scale_", ""), (np.add, "min_", "")],
    "MaxAbsScaler": [(np.divide, "scale_", "")],
    "RobustScaler": [(np.subtract, "center_", "with_centering"), (np.divide, "scale_", "with_scaling")],
}
_INVERSE = {np.add: np.subtract, np.subtract: np.add, np.multiply: np.divide, np.divide: np.multiply}


def _is(model: Any, module: str, *names: str, package: str = "sklearn") -> bool:
    return f"{type(model).__module__}.".startswith(f"{package}.{module}.") and type(model).__name__ in names


def _fitted(model: Any, attribute: str) -> Any:
    if not hasattr(model, attribute):
        raise ValueError(f"model: expected a fitted {type(model).__name__}; call its fit first")
    return getattr(model, attribute)


def _steps(transformer: Any) -> list[tuple[Any, Any]]:
    """What a transformer does to each column by itself, if that is linear."""
    name = type(transformer).__name__
    if transformer is None or transformer == "passthrough":
        return []
    if _is(transformer, "pipeline", "Pipeline"):
        return [step for _, part in transformer.steps for step in _steps(part)]
    if _is(transformer, "preprocessing", "FunctionTransformer"):
        if transformer.func is None and transformer.inverse_func is None:
            return []
        raise ValueError("model: netlet has no FunctionTransformer with a function")
    if not _is(transformer, "preprocessing", *_SCALERS):
        raise ValueError(f"model: netlet has no {name}; linear scalers are {', '.join(_SCALERS)}")
    _fitted(transformer, "n_features_in_")
    if getattr(transformer, "clip", False):
        raise ValueError(f"model: netlet has no {name} with clip=True")
    return [
        (step, getattr(transformer, values))
        for step, values, setting in _SCALERS[name]
        if not setting or getattr(transformer, setting)
    ]


def _transform(layers: Layers, transformer: Any) -> None:
    """Do what a pipeline does before its last step."""
    if _is(transformer, "pipeline", "Pipeline"):
        for _, part in transformer.steps:
            _transform(layers, part)
    elif _is(transformer, "decomposition", "PCA"):
        where = "model, PCA"
        layers.add_columns(np.subtract, _fitted(transformer, "mean_"), where)
        layers.add_layer(transformer.components_.T, None, where)
        if transformer.whiten:
            variances = transformer.explained_variance_
            layers.add_columns(np.divide, np.maximum(np.sqrt(variances), np.finfo(variances.dtype).eps), where)
    else:
        for step, values in _steps(transformer):
            layers.add_columns(step, values, f"model, {type(transformer).__name__}")


def _add_network(layers: Layers, model: Any) -> Settings:
    """Add a network, and give what goes with it: the loss."""
    weights, biases = _fitted(model, "coefs_"), model.intercepts_
    if not 0 < len(weights) == len(biases) == model.n_layers_ - 1:
        raise ValueError(
            f"model: expected weights and biases of {model.n_layers_ - 1} layers, got {len(weights)} and {len(biases)}"
        )
    output = model.out_activation_
    for i, (weight, bias) in enumerate(zip(weights, biases)):
        where = f"model, layer {i + 1}"
        layers.add_layer(weight, bias, where)
        name = output if i == len(weights) - 1 else model.activation
        if name in _NAMES:
            layers.add_activation(_NAMES[name], where)
        elif name != "exp":  # netlet's outputs are the logarithms of the rates
            raise ValueError(f"{where}: netlet has no activation {name!r}; known are {', '.join(_NAMES)}")
    ends = weights[0].shape[0], weights[-1].shape[1]
    if ends != (model.n_features_in_, model.n_outputs_):
        expected = f"{model.n_features_in_} inputs to {model.n_outputs_} outputs"
        raise ValueError(f"model: expected weights from {expected}, got {ends[0]} and {ends[1]}")
    return {"loss": _LOSSES.get(output, "squared_error")}


def _add_own(layers: Layers, model: Any) -> Settings:
    """Add the network of an estimator of netlet's, and give what goes with it: the loss and its settings."""
    parts = _fitted(model, "network_")._parts()
    standardizing: list[tuple[Any, Any]] = list(zip((np.subtract, np.divide), parts.input_scaling or ()))
    for step, values in standardizing:
        layers.add_columns(step, values, "model, input_scaling")
    for i, (weight, bias, name) in enumerate(zip(parts.weights, parts.biases, parts.activations)):
        where = f"model, layer {i + 1}"
        layers.add_layer(weight, bias, where)
        layers.add_activation(name, where)
        layers.add_dropout([*parts.dropout, 0.0][i])
    for step, values in reversed(list(zip((np.add, np.multiply), parts.output_scaling or ()))):
        layers.add_columns(step, values, "model, output_scaling")
    return {"loss": parts.loss, "loss_settings": parts.loss_settings}


def _require_classes(model: Any) -> None:
    if hasattr(model, "classes_") and len(model.classes_) < 2:
        only = model.classes_.tolist()
        raise ValueError(f"model: expected at least two classes; it was fitted on {only} and predicts that always")


def _add(layers: Layers, model: Any) -> Settings:
    """Add an estimator, and give what goes with it, as `Layers.parts` takes it."""
    name = type(model).__name__
    if _is(model, "pipeline", "Pipeline") and model.steps:
        for _, step in model.steps[:-1]:
            _transform(layers, step)
        return _add(layers, model.steps[-1][1])
    if _is(model, "compose", "TransformedTargetRegressor"):
        if model.func is not None or model.inverse_func is not None:
            raise ValueError(f"model: netlet has no {name} with a function")
        found = _add(layers, _fitted(model, "regressor_"))
        steps, loss = _steps(model.transformer_), found["loss"]
        if steps and (not LOSSES[loss].get("scales_outputs", False) or loss == "gaussian_nll"):
            raise ValueError(f"model: netlet has no {name} around a network of the loss {loss}")
        for step, values in reversed(steps):
            layers.add_columns(_INVERSE[step], values, f"model, {name}")
        return found
    if _is(model, "model_selection", *_SEARCHES):
        if not hasattr(model, "best_estimator_"):
            raise ValueError(f"model: expected a fitted {name} with refit; it has no best_estimator_")
        return _add(layers, model.best_estimator_)
    names = ("MLPClassifier", "MLPRegressor")
    if _is(model, "neural_network", *names):
        _require_classes(model)
        return _add_network(layers, model)
    if _is(model, "sklearn", *names, package="netlet"):
        _require_classes(model)
        return _add_own(layers, model)
    raise TypeError(
        "model: expected an MLPClassifier or MLPRegressor, if need be in a Pipeline, TransformedTargetRegressor or "
        f"search, got {name}"
    )


def from_sklearn(model: Any, dtype: Any) -> Parts:
    """Read an estimator."""
    layers = Layers()
    parts = layers.parts(dtype=dtype, **_add(layers, model))
    names = getattr(model, "feature_names_in_", None)
    return replace(parts, classes=_labels(model, parts), feature_names=None if names is None else list(names))


def _labels(model: Any, parts: Parts) -> Any:
    """The model's classes, if they are others than the network's own indices."""
    classes = getattr(model, "classes_", None)
    of = LOSSES[parts.loss].get("classes")
    if classes is None or not of or (of == "output" and parts.layer_sizes[-1] > 1):  # each output is a yes or no
        return None
    if classes.dtype.kind not in "OUbiuf" or (
        classes.dtype.kind in "iu" and np.array_equal(classes, np.arange(len(classes)))
    ):
        return None
    return classes.tolist()
