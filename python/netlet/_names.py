# SPDX-License-Identifier: BSD-3-Clause
"""The names that are choices, and the one table of what Python knows about each activation and each loss.

Checks, training and every format read these tables; the core has the same names (`_core.NAMES`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from . import functional

ActivationName = Literal[
    "identity",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "softplus",
    "silu",
    "gelu",
    "hard_sigmoid",
    "softmax",
    "mish",
]
LossName = Literal[
    "squared_error",
    "absolute_error",
    "huber",
    "poisson",
    "quantile",
    "binary_cross_entropy",
    "cross_entropy",
    "log_cosh",
    "gaussian_nll",
]
ReductionName = Literal["sum", "mean"]
InitName = Literal["glorot_uniform", "he_uniform"]
DtypeName = Literal["float32", "float64"]
MissingName = Literal["refuse", "ignore"]
OptimizerName = Literal["sgd", "adam", "adamw", "rmsprop", "rprop"]

if TYPE_CHECKING:  # classes are slow to make, and NumPy's types to import
    from collections.abc import Callable
    from typing import TypedDict

    import numpy.typing as npt

    Settings = dict[str, Any]  # what a setting must be; a tuple: one of these

    class Activation(TypedDict, total=False):
        """What an activation can reach, and what it is called elsewhere, if anything there is the same."""

        least: float  # not below that
        most: float  # not above that
        aliases: tuple[str, ...]  # other names, in lower case, for messages
        onnx: tuple[str, Settings]  # operator and attributes
        onnx_factor: str  # in ONNX it is the sums times this activation of the sums
        torch: tuple[str, Settings]  # class and attributes
        keras: tuple[str, ...]  # functions
        keras_layer: tuple[str, Settings]  # class and configuration
        sklearn: str
        fann: tuple[str, float]  # name, and what the steepness is multiplied by
        c: str  # the function in generated C; identity and softmax are written out there

    class Loss(TypedDict, total=False):
        """What the Python side needs to know about a loss."""

        output: ActivationName  # the output activation, unless one is given; missing: that of the hidden layers
        classes: Literal["row", "output"]  # a row belongs to one of its outputs' classes; each output is a yes or no
        scales_outputs: bool  # whether outputs may have a scaling
        parameter: str  # the argument of `Network` that belongs to this loss alone
        attribute: str  # where that argument can be read
        predict: Callable[[npt.NDArray[Any]], Any]  # a prediction from outputs; missing: the outputs
        aliases: tuple[str, ...]  # names elsewhere, in lower case, for messages
        sklearn_output: str  # the `out_activation_` of a scikit-learn model that was trained with it


class AtLeast(float):
    """A setting of another library's activation may be this or more."""

    def __repr__(self) -> str:
        return f"{self:g} or more"


ACTIVATIONS: dict[str, Activation] = {
    "identity": {
        "aliases": ("linear",),
        "torch": ("Identity", {}),
        "keras": ("linear",),
        "sklearn": "identity",
        "fann": ("linear", 1.0),
    },
    "sigmoid": {
        "least": 0.0,
        "most": 1.0,
        "aliases": ("logistic",),
        "onnx": ("Sigmoid", {}),
        "torch": ("Sigmoid", {}),
        "keras": ("sigmoid",),
        "sklearn": "logistic",
        "fann": ("sigmoid", 2.0),
        "c": "sigmoid",
    },
    "tanh": {
        "least": -1.0,
        "most": 1.0,
        "onnx": ("Tanh", {}),
        "torch": ("Tanh", {}),
        "keras": ("tanh",),
        "sklearn": "tanh",
        "fann": ("sigmoid symmetric", 1.0),
        "c": "hyperbolic_tangent",
    },
    "relu": {
        "least": 0.0,
        "onnx": ("Relu", {}),
        "torch": ("ReLU", {}),
        "keras": ("relu",),
        "keras_layer": ("ReLU", {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}),
        "sklearn": "relu",
        "fann": ("linear piece rect", 1.0),
        "c": "relu",
    },
    "leaky_relu": {
        "aliases": ("leakyrelu",),
        "onnx": ("LeakyRelu", {"alpha": 0.01}),
        "torch": ("LeakyReLU", {"negative_slope": 0.01}),
        "keras_layer": ("LeakyReLU", {"negative_slope": 0.01}),  # the function of that name has another slope
        "fann": ("linear piece rect leaky", 1.0),
        "c": "leaky_relu",
    },
    "elu": {
        "least": -1.0,
        "onnx": ("Elu", {"alpha": 1.0}),
        "torch": ("ELU", {"alpha": 1.0}),
        "keras": ("elu",),
        "keras_layer": ("ELU", {"alpha": 1.0}),
        "c": "elu",
    },
    "softplus": {
        "least": 0.0,
        "onnx": ("Softplus", {}),
        "torch": ("Softplus", {"threshold": AtLeast(20), "beta": 1.0}),  # beyond it at most exp(-threshold) is missing
        "keras": ("softplus",),
        "c": "softplus",
    },
    "silu": {
        "aliases": ("swish",),
        "onnx_factor": "sigmoid",
        "torch": ("SiLU", {}),
        "keras": ("silu", "swish"),
        "c": "silu",
    },
    "gelu": {
        "onnx": ("Gelu", {"approximate": "none"}),
        "torch": ("GELU", {"approximate": "none"}),
        "keras": ("gelu",),
        "c": "gelu",
    },
    "hard_sigmoid": {
        "least": 0.0,
        "most": 1.0,
        "aliases": ("hardsigmoid",),
        "onnx": ("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
        "torch": ("Hardsigmoid", {}),
        "keras": ("hard_sigmoid",),
        "c": "hard_sigmoid",
    },
    "softmax": {
        "least": 0.0,
        "most": 1.0,
        "onnx": ("Softmax", {"axis": (-1, 1)}),
        "torch": ("Softmax", {"dim": (-1, 1)}),
        "keras": ("softmax",),
        "keras_layer": ("Softmax", {"axis": (-1, 1)}),
        "sklearn": "softmax",
    },
    "mish": {
        "onnx": ("Mish", {}),
        "torch": ("Mish", {}),
        "keras": ("mish",),
        "c": "mish",
    },
}

LOSSES: dict[str, Loss] = {
    "squared_error": {"scales_outputs": True, "aliases": ("mse", "mean_squared_error")},
    "absolute_error": {"scales_outputs": True, "aliases": ("mae", "mean_absolute_error")},
    "huber": {"scales_outputs": True, "parameter": "huber_delta", "attribute": "huber_delta"},
    "poisson": {"output": "identity", "predict": functional.exp, "sklearn_output": "exp"},
    "quantile": {
        "scales_outputs": True,
        "parameter": "quantile",
        "attribute": "quantiles",
        "aliases": ("pinball",),
    },
    "binary_cross_entropy": {
        "output": "sigmoid",
        "classes": "output",
        "predict": lambda outputs: (outputs > 0.5).astype("int64"),
        "aliases": ("bce", "binary_crossentropy"),
        "sklearn_output": "logistic",
    },
    "cross_entropy": {
        "output": "softmax",
        "classes": "row",
        "predict": lambda outputs: outputs.argmax(axis=-1),
        "aliases": ("log_loss", "categorical_crossentropy", "sparse_categorical_crossentropy", "crossentropy"),
        "sklearn_output": "softmax",
    },
    "log_cosh": {"scales_outputs": True, "aliases": ("logcosh",)},
    "gaussian_nll": {
        "output": "identity",
        "scales_outputs": True,
        "predict": lambda outputs: outputs[..., ::2],
        "aliases": ("gaussiannllloss", "gaussian_nll_loss"),
    },
}


def known_as(name: str) -> str:
    """What a name from another library is here; itself, in lower case, if there is nothing like it."""
    aliases = {own: row.get("aliases", ()) for own, row in ACTIVATIONS.items()}
    aliases |= {own: row.get("aliases", ()) for own, row in LOSSES.items()}
    aliases |= {"glorot_uniform": ("xavier", "xavier_uniform"), "he_uniform": ("kaiming", "kaiming_uniform")}
    same = {alias: own for own, names in aliases.items() for alias in names}
    return same.get(name.lower(), name.lower())
