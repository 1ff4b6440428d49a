# SPDX-License-Identifier: BSD-3-Clause
"""What a network consists of, as plain values: what formats are written from and read into."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from .._names import LOSSES, AtLeast

if TYPE_CHECKING:
    from .._names import Settings


@dataclass(frozen=True)
class Parts:
    """A network's arguments and arrays. Its scalings are pairs (shift, scale) or None."""

    weights: Sequence[Any]  # of each layer, of shape (inputs, outputs)
    biases: Sequence[Any]
    activations: Sequence[str]  # of each layer
    loss: str
    reduction: str
    dtype: Any
    loss_settings: Settings = field(default_factory=dict)  # the arguments that belong to this loss alone
    dropout: Sequence[float] = ()  # of each hidden layer
    input_scaling: Any = None
    output_scaling: Any = None

    @property
    def layer_sizes(self) -> list[int]:
        """Inputs, hidden layers, outputs."""
        return [self.weights[0].shape[0], *(weight.shape[1] for weight in self.weights)]

    def all_finite(self) -> bool:
        """Whether no weight and no bias is NaN or infinite."""
        return all(np.isfinite(values).all() for values in (*self.weights, *self.biases))


@dataclass
class Layers:
    """Layers in the order in which a reader meets them: sums first, then what is applied to them."""

    weights: list[Any] = field(default_factory=list)
    biases: list[Any] = field(default_factory=list)
    activations: list[str] = field(default_factory=list)  # of each layer
    dropout: list[float] = field(default_factory=list)
    activated: bool = False  # the last layer has an activation of its own

    def add_layer(self, weight: Any, bias: Any, where: str) -> None:
        """Add sums: weight (inputs, outputs), bias (outputs,) or None."""
        weight = np.asarray(weight)
        if weight.ndim != 2:
            raise ValueError(f"{where}: expected a matrix of weights, got shape {weight.shape}")
        bias = np.zeros(weight.shape[1], weight.dtype) if bias is None else np.asarray(bias)
        for values in (weight, bias):
            if not np.issubdtype(values.dtype, np.floating):
                raise ValueError(f"{where}: expected parameters in float32 or float64, got {values.dtype}")
        if bias.shape != (weight.shape[1],):
            raise ValueError(f"{where}: expected {weight.shape[1]} biases, got shape {bias.shape}")
        if self.weights and self.weights[-1].shape[1] != weight.shape[0]:
            raise ValueError(f"{where}: expected {self.weights[-1].shape[1]} inputs, got {weight.shape[0]}")
        self.weights.append(weight)
        self.biases.append(bias)
        self.activations.append("identity")
        self.dropout.append(0.0)
        self.activated = False

    def add_activation(self, name: str, where: str) -> None:
        """Apply a function to the last layer's sums."""
        if name == "identity":
            return
        if not self.weights:
            raise ValueError(f"{where}: expected a layer of sums before the activation {name}")
        if self.activated:
            raise ValueError(f"{where}: expected one activation for a layer, got {name} after {self.activations[-1]}")
        self.activations[-1] = name
        self.activated = True

    def add_dropout(self, share: float, where: str) -> None:
        """Leave out some outputs of the last layer in training."""
        if not self.weights:
            raise ValueError(f"{where}: netlet leaves out outputs of hidden layers, not inputs")
        if self.dropout[-1] and share:
            raise ValueError(f"{where}: expected one dropout for a layer, got a second one")
        self.dropout[-1] = float(share)

    def override(self, activation: Any, output_activation: str | None) -> None:
        """Take the activations that the caller names where the model has none of its own."""
        found = list(self.activations)
        if activation is not None:
            hidden = max(len(found) - 1, 0)
            names = [activation] * hidden if isinstance(activation, str) else _names(activation)
            if len(names) == len(found):
                self.activations[:] = names
            elif len(names) == len(found) - 1:
                self.activations[:-1] = names
            else:
                raise ValueError(
                    f"activation: expected a name, or one for each of the {len(found)} layers, got {len(names)}"
                )
        if output_activation is not None and self.activations:
            self.activations[-1] = output_activation
        for i, (given, own) in enumerate(zip(self.activations, found)):
            if own not in ("identity", given):
                raise ValueError(f"activation: layer {i + 1} of the model has {own} itself, got {given!r} for it")

    def parts(
        self, *, loss: str | None, dtype: Any, reduction: str = "mean", loss_settings: Settings | None = None
    ) -> Parts:
        """Put them together; loss None: the one that goes with the output's activation."""
        if not self.weights:
            raise ValueError("model: expected at least one layer of sums, got none")
        if self.dropout[-1]:
            raise ValueError("model: netlet leaves out outputs of hidden layers, not of the output layer")
        if dtype is None:
            dtype = np.result_type(*self.weights)
            if dtype not in (np.float32, np.float64):
                raise ValueError(f"model: expected parameters in float32 or float64, got {dtype}; choose by dtype=")
        last = self.activations[-1]
        needed: dict[str, Any] = {name: row["output"] for name, row in LOSSES.items() if "classes" in row}
        if loss is None:
            loss = next((name for name, output in needed.items() if output == last), "squared_error")
        if needed.get(loss, last) != last:
            raise ValueError(
                f"loss: {loss} needs a {needed[loss]} output, this model ends in {last}; if it gives the sums "
                f"(logits), say output_activation={needed[loss]!r}"
            )
        return Parts(
            weights=[weight.astype(dtype) for weight in self.weights],
            biases=[bias.astype(dtype) for bias in self.biases],
            activations=self.activations,
            loss=loss,
            reduction=reduction,
            dtype=dtype,
            loss_settings=loss_settings or {},
            dropout=self.dropout[:-1],
        )


def _names(activation: Any) -> list[str]:
    if isinstance(activation, (list, tuple)) and all(isinstance(name, str) for name in activation):
        return list(activation)
    raise TypeError(f"activation: expected a name or a list of names, got {activation!r}")


def _fits(wanted: Any, found: Any, tolerance: float) -> bool:
    if isinstance(wanted, tuple):
        return found in wanted
    if isinstance(wanted, AtLeast):
        return bool(found >= wanted)
    if isinstance(wanted, float):
        return found is not None and math.isclose(float(found), wanted, rel_tol=tolerance)
    return bool(found == wanted)


def require(name: str, wanted: Settings, found: Mapping[str, Any], where: str, tolerance: float = 1e-9) -> None:
    """Refuse another library's activation whose settings are not those of netlet's."""
    for setting, value in wanted.items():
        if not _fits(value, found.get(setting), tolerance):
            text = " or ".join(map(repr, value)) if isinstance(value, tuple) else repr(value)
            raise ValueError(f"{where}: netlet's {name} has {setting} {text}, this one {found.get(setting)!r}")
