# SPDX-License-Identifier: BSD-3-Clause
"""A network put together from what another library's model consists of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from ..network import Network

N = TypeVar("N", bound="Network")


@dataclass
class Parts:
    """Layers as they are met: sums first, then what is applied to them."""

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
        """Leave out outputs of the last layer in training."""
        if not self.weights:
            raise ValueError(f"{where}: netlet leaves out outputs of hidden layers, not inputs")
        if self.dropout[-1] and share:
            raise ValueError(f"{where}: expected one dropout for a layer, got a second one")
        self.dropout[-1] = float(share)

    def network(
        self,
        cls: type[N],
        *,
        loss: str | None,
        reduction: str = "mean",
        dtype: Any = None,
        name: str = "model",
        **settings: Any,
    ) -> N:
        """Put it together; loss None: what goes with the output's activation."""
        if not self.weights:
            raise ValueError(f"{name}: expected at least one layer of sums, got none")
        if self.dropout[-1]:
            raise ValueError(f"{name}: netlet leaves out outputs of hidden layers, not of the output layer")
        if dtype is None:
            dtype = np.result_type(*self.weights)
            if dtype not in (np.float32, np.float64):
                raise ValueError(f"{name}: expected parameters in float32 or float64, got {dtype}; choose by dtype=")
        if loss is None:
            last = self.activations[-1]
            loss = {"softmax": "cross_entropy", "sigmoid": "binary_cross_entropy"}.get(last, "squared_error")
        needed = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(loss, self.activations[-1])
        if needed != self.activations[-1]:
            raise ValueError(
                f"loss: {loss} needs a {needed} output, this model ends in {self.activations[-1]}; if it gives the "
                f"sums (logits), say output_activation={needed!r}"
            )
        return cls(
            [self.weights[0].shape[0], *(weight.shape[1] for weight in self.weights)],
            activation=self.activations,
            loss=loss,
            reduction=reduction,
            dtype=dtype,
            dropout=self.dropout[:-1],
            seed=0,
            **settings,
            init=[(w.astype(dtype), b.astype(dtype)) for w, b in zip(self.weights, self.biases)],
        )


def _names(activation: Any) -> list[str]:
    if isinstance(activation, (list, tuple)) and all(isinstance(name, str) for name in activation):
        return list(activation)
    raise TypeError(f"activation: expected a name or a list of names, got {activation!r}")


def override(parts: Parts, activation: Any, output_activation: str | None) -> None:
    """Take the activations that the caller names, where none was found."""
    found = list(parts.activations)
    if activation is not None:
        hidden = max(len(parts.activations) - 1, 0)
        names = [activation] * hidden if isinstance(activation, str) else _names(activation)
        if len(names) == len(parts.activations):
            parts.activations[:] = names
        elif len(names) == len(parts.activations) - 1:
            parts.activations[:-1] = names
        else:
            raise ValueError(
                f"activation: expected a name, or one for each of the {len(parts.activations)} layers, got {len(names)}"
            )
    if output_activation is not None and parts.activations:
        parts.activations[-1] = output_activation
    for i, (given, own) in enumerate(zip(parts.activations, found)):
        if own not in ("identity", given):
            raise ValueError(f"activation: layer {i + 1} of the model has {own} itself, got {given!r} for it")
