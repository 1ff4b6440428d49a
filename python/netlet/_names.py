# SPDX-License-Identifier: BSD-3-Clause
"""The names that are choices, and the one table of what Python knows about each activation and each loss.

Checks, training and every format read these tables; the core has the same names (`_core.NAMES`).
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from . import functional

if TYPE_CHECKING:  # they take longer to import than all of netlet
    from collections.abc import Callable

    import numpy.typing as npt

    Array = npt.NDArray[Any]

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
]
LossName = Literal[
    "squared_error",
    "absolute_error",
    "huber",
    "poisson",
    "quantile",
    "binary_cross_entropy",
    "cross_entropy",
]
ReductionName = Literal["sum", "mean"]
InitName = Literal["glorot_uniform", "he_uniform"]
DtypeName = Literal["float32", "float64"]


class AtLeast(float):
    """A setting of another library's activation may be this or more."""

    def __repr__(self) -> str:
        return f"{self:g} or more"


Settings = dict[str, Any]  # what a setting must be; a tuple: one of these


class Activation(NamedTuple):
    """What an activation can reach, and what it is called elsewhere; None: nothing there is the same."""

    least: float = -inf
    most: float = inf
    aliases: tuple[str, ...] = ()  # other names, in lower case, for messages
    onnx: tuple[str, Settings] | None = None  # operator and attributes
    onnx_factor: str = ""  # in ONNX it is the sums times this activation of the sums
    torch: tuple[str, Settings] | None = None  # class and attributes
    keras: tuple[str, ...] = ()  # functions
    keras_layer: tuple[str, Settings] | None = None  # class and configuration
    sklearn: str | None = None
    fann: tuple[str, float] | None = None  # name, and what the steepness is multiplied by
    c: str | None = None  # the function in generated C; identity and softmax are written out there


ACTIVATIONS: dict[str, Activation] = {
    "identity": Activation(
        aliases=("linear",),
        torch=("Identity", {}),
        keras=("linear",),
        sklearn="identity",
        fann=("linear", 1.0),
    ),
    "sigmoid": Activation(
        least=0.0,
        most=1.0,
        aliases=("logistic",),
        onnx=("Sigmoid", {}),
        torch=("Sigmoid", {}),
        keras=("sigmoid",),
        sklearn="logistic",
        fann=("sigmoid", 2.0),
        c="sigmoid",
    ),
    "tanh": Activation(
        least=-1.0,
        most=1.0,
        onnx=("Tanh", {}),
        torch=("Tanh", {}),
        keras=("tanh",),
        sklearn="tanh",
        fann=("sigmoid symmetric", 1.0),
        c="hyperbolic_tangent",
    ),
    "relu": Activation(
        least=0.0,
        onnx=("Relu", {}),
        torch=("ReLU", {}),
        keras=("relu",),
        keras_layer=("ReLU", {"max_value": None, "negative_slope": 0.0, "threshold": 0.0}),
        sklearn="relu",
        fann=("linear piece rect", 1.0),
        c="relu",
    ),
    "leaky_relu": Activation(
        aliases=("leakyrelu",),
        onnx=("LeakyRelu", {"alpha": 0.01}),
        torch=("LeakyReLU", {"negative_slope": 0.01}),
        keras_layer=("LeakyReLU", {"negative_slope": 0.01}),  # the function of that name has another slope
        fann=("linear piece rect leaky", 1.0),
        c="leaky_relu",
    ),
    "elu": Activation(
        least=-1.0,
        onnx=("Elu", {"alpha": 1.0}),
        torch=("ELU", {"alpha": 1.0}),
        keras=("elu",),
        keras_layer=("ELU", {"alpha": 1.0}),
        c="elu",
    ),
    "softplus": Activation(
        least=0.0,
        onnx=("Softplus", {}),
        torch=("Softplus", {"threshold": AtLeast(20), "beta": 1.0}),  # beyond it at most exp(-threshold) is missing
        keras=("softplus",),
        c="softplus",
    ),
    "silu": Activation(
        aliases=("swish",),
        onnx_factor="sigmoid",
        torch=("SiLU", {}),
        keras=("silu", "swish"),
        c="silu",
    ),
    "gelu": Activation(
        onnx=("Gelu", {"approximate": "none"}),
        torch=("GELU", {"approximate": "none"}),
        keras=("gelu",),
        c="gelu",
    ),
    "hard_sigmoid": Activation(
        least=0.0,
        most=1.0,
        aliases=("hardsigmoid",),
        onnx=("HardSigmoid", {"alpha": 1 / 6, "beta": 0.5}),
        torch=("Hardsigmoid", {}),
        keras=("hard_sigmoid",),
        c="hard_sigmoid",
    ),
    "softmax": Activation(
        least=0.0,
        most=1.0,
        onnx=("Softmax", {"axis": (-1, 1)}),
        torch=("Softmax", {"dim": (-1, 1)}),
        keras=("softmax",),
        keras_layer=("Softmax", {"axis": (-1, 1)}),
        sklearn="softmax",
    ),
}


class Loss(NamedTuple):
    """What the Python side needs to know about a loss."""

    output: ActivationName | None = None  # the output layer's activation, if none is named; None: the hidden layers'
    classes: Literal["", "row", "output"] = (
        ""  # a row belongs to one of its outputs' classes; each output says yes or no
    )
    scales_outputs: bool = False  # whether outputs may have a scaling
    parameter: str = ""  # the argument of `Network` that belongs to this loss alone
    attribute: str = ""  # where that can be read
    predict: Callable[[Array], Any] | None = None  # what outputs say; None: they say it themselves
    aliases: tuple[str, ...] = ()  # names elsewhere, in lower case, for messages
    sklearn_output: str = ""  # the `out_activation_` of a model of scikit-learn that was trained with it


LOSSES: dict[str, Loss] = {
    "squared_error": Loss(scales_outputs=True, aliases=("mse", "mean_squared_error")),
    "absolute_error": Loss(scales_outputs=True, aliases=("mae", "mean_absolute_error")),
    "huber": Loss(scales_outputs=True, parameter="huber_delta", attribute="huber_delta"),
    "poisson": Loss(output="identity", predict=functional.exp, sklearn_output="exp"),
    "quantile": Loss(scales_outputs=True, parameter="quantile", attribute="quantiles", aliases=("pinball",)),
    "binary_cross_entropy": Loss(
        output="sigmoid",
        classes="output",
        predict=lambda outputs: (outputs >= 0.5).astype("int64"),
        aliases=("bce", "binary_crossentropy"),
        sklearn_output="logistic",
    ),
    "cross_entropy": Loss(
        output="softmax",
        classes="row",
        predict=lambda outputs: outputs.argmax(axis=-1),
        aliases=("log_loss", "categorical_crossentropy", "sparse_categorical_crossentropy", "crossentropy"),
        sklearn_output="softmax",
    ),
}


def known_as(name: str) -> str:
    """What a name from another library is here; itself, in lower case, if there is nothing like it."""
    aliases = {own: activation.aliases for own, activation in ACTIVATIONS.items()}
    aliases |= {own: loss.aliases for own, loss in LOSSES.items()}
    aliases |= {"glorot_uniform": ("xavier", "xavier_uniform"), "he_uniform": ("kaiming", "kaiming_uniform")}
    same = {alias: own for own, names in aliases.items() for alias in names}
    return same.get(name.lower(), name.lower())
