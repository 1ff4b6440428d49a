# SPDX-License-Identifier: BSD-3-Clause
"""What a network consists of, as plain values: what formats are written from and read into."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .._data import real_array
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
    classes: Any = None  # labels, or None
    feature_names: Any = None

    @cached_property
    def layer_sizes(self) -> list[int]:
        """Inputs, hidden layers, outputs."""
        return [self.weights[0].shape[0], *(weight.shape[1] for weight in self.weights)]

    def all_finite(self) -> bool:
        """Whether no weight and no bias is NaN or infinite."""
        return all(np.isfinite(values).all() for values in (*self.weights, *self.biases))


_USES = 16  # so many times, on average, a model's numbers may be used
_FREE = 1 << 20  # numbers that are no matter
_COARSEST = 2.0**-12  # how much rounding may change what lies between two limits


@dataclass
class Allowance:
    """What may be made of the numbers that a model holds, so that a small file cannot become a large network."""

    held: int = 0
    used: int = 0

    def use(self, count: int, where: str) -> None:
        """Count numbers that something is made of, before it is made."""
        self.used += count
        if self.used > _USES * self.held + _FREE:
            raise ValueError(
                f"{where}: expected layers that use the model's {self.held} numbers at most {_USES} times on average"
            )


_Step = tuple[Any, Any]  # what is done to each column by itself: one of _STEPS, and a value or one for each column
_STEPS = (np.add, np.multiply, np.divide)


@np.errstate(all="ignore")  # what is not finite is refused where it is used
def _scaled(steps: Sequence[_Step]) -> tuple[Any, Any]:
    """Steps as x * scale + shift, in binary64, exactly if they are just that; None: nothing scales, or shifts."""
    scale = shift = None
    for step, values in steps:
        if step is np.add:
            shift = values if shift is None else shift + values
        else:
            scale = step(1.0 if scale is None else scale, values)
            shift = None if shift is None else step(shift, values)
    return scale, shift


@np.errstate(all="ignore")
def _standardized(steps: Sequence[_Step]) -> tuple[Any, Any]:
    """Steps as (x - shift) / scale, likewise."""
    scale = shift = None
    for step, values in steps:
        if step is np.add:
            moved = values if scale is None else values * scale
            shift = -moved if shift is None else shift - moved
        else:
            inverse = np.divide if step is np.multiply else np.multiply
            scale = inverse(1.0 if scale is None else scale, values)
    return scale, shift


def _pair(scale: Any, shift: Any, count: int) -> tuple[Any, Any] | None:
    """A scaling of so many columns, or None if netlet's scalings cannot be that."""
    scale = np.broadcast_to(1.0 if scale is None else scale, (count,))
    shift = np.broadcast_to(0.0 if shift is None else shift, (count,))
    usable = (scale > 0) & np.isfinite(scale) & np.isfinite(shift)
    return (shift, scale) if usable.all() else None


@dataclass
class Layers:
    """Affine maps and activations in the order in which a reader meets them, as layers and scalings.

    A matrix is a layer. What is done to each column by itself (`add_columns`) waits for what follows. Before the first
    layer it becomes the input scaling, if it can, or else goes into that layer; after sums it goes into these; after an
    activation, into the next layer; after the last layer it becomes the output scaling, if it can, or else goes into
    the sums. What is only added to sums is their bias. An activation that has no sums before it gets some that change
    nothing, by the identity matrix; a slope of leaky_relu that is not netlet's takes two units for each. Parameters
    into which nothing goes stay the same bits; the rest is computed in binary64.
    """

    inputs: int | None = None  # of the model, if they are known before its first layer
    allowance: Allowance = field(default_factory=Allowance)  # for layers that the model itself does not have
    weights: list[Any] = field(default_factory=list)
    biases: list[Any] = field(default_factory=list)  # None: zeros
    activations: list[str] = field(default_factory=list)  # of each layer
    dropout: list[float] = field(default_factory=list)
    activated: bool = False  # the last layer has an activation of its own
    logarithms: bool = False  # of the last layer's outputs are the model's
    input_scaling: Any = None
    _dtypes: list[Any] = field(default_factory=list)  # in which the weights came
    _steps: list[_Step] = field(default_factory=list)  # done to the columns since the last layer or activation
    _where: str = ""  # the last of them
    _limits: list[tuple[float, float, str]] = field(default_factory=list)  # between which values are kept
    _slopes: Any = None  # of the last layer's leaky_relu, if it is made of pairs of units
    _paired: str = ""  # the first such layer

    @property
    def _count(self) -> int:
        """How many values the last layer gives."""
        count: int = self.weights[-1].shape[1]
        return count if self._slopes is None else count // 2

    def add_layer(self, weight: Any, bias: Any, where: str) -> None:
        """Add sums: weight (inputs, outputs), bias (outputs,) or None."""
        self._refuse_after_logarithms(where)
        weight = real_array(weight, where)
        if weight.ndim != 2:
            raise ValueError(f"{where}: expected a matrix of weights, got shape {weight.shape}")
        bias = None if bias is None else real_array(bias, where)
        for values in (weight,) if bias is None else (weight, bias):
            if not np.issubdtype(values.dtype, np.floating):
                raise ValueError(f"{where}: expected parameters in float32 or float64, got {values.dtype}")
        if bias is not None and bias.shape != (weight.shape[1],):
            raise ValueError(f"{where}: expected {weight.shape[1]} biases, got shape {bias.shape}")
        if self.weights and self._count != weight.shape[0]:
            raise ValueError(f"{where}: expected {self._count} inputs, got {weight.shape[0]}")
        self._dtypes.append(weight.dtype)
        self._add_sums(weight, bias, where)

    def _add_sums(self, weight: Any, bias: Any, where: str) -> None:
        if self.activations[-1:] == ["softmax"]:
            raise ValueError(f"{where}: expected nothing but a scale after softmax, which only outputs have")
        if not self.weights:
            self._scale_inputs(weight.shape[0])
        elif not self.activated:
            self._scale_sums()
        if self._steps:
            weight, bias = self._after_steps(weight, bias)
        if self._slopes is not None:
            weight, self._slopes = np.concatenate([weight, -self._slopes[:, None] * weight]), None
        self.weights.append(weight)
        self.biases.append(bias)
        self.activations.append("identity")
        self.dropout.append(0.0)
        self.activated = False

    def add_zero(self, where: str) -> None:
        """Put a 0 before the last layer's sums: of two classes, the one without sums of its own."""
        if not self.weights or self.activated:
            raise ValueError(f"{where}: expected a layer of sums before it")
        self._scale_sums()
        weight, bias = self.weights[-1], self.biases[-1]
        self.weights[-1] = np.concatenate([np.zeros_like(weight[:, :1]), weight], axis=1)
        self.biases[-1] = None if bias is None else np.concatenate([np.zeros_like(bias[:1]), bias])

    def add_columns(self, step: Any, values: Any, where: str) -> None:
        """Do numpy.add, subtract, multiply or divide to each column by itself; values: one, or one for each column."""
        self._refuse_after_logarithms(where)
        values = np.asarray(values)
        if values.dtype.kind not in "fiu":
            raise ValueError(f"{where}: expected numbers, got {values.dtype}")
        count = self._count if self.weights else values.size
        if values.shape not in ((), (1,), (count,)):
            raise ValueError(f"{where}: expected a value or one for each of {count} columns, got shape {values.shape}")
        values = values.astype(np.float64)
        step, values = (np.add, -values) if step is np.subtract else (step, values)
        biases = step is np.add and self.weights and not self.activated and not self._steps
        self._steps.append((step, values))
        self._where = where
        if biases:
            self._scale_sums()

    def add_normalization(self, mean: Any, variance: Any, epsilon: float, scale: Any, shift: Any, where: str) -> None:
        """Normalize each column by fixed moments (batch normalization after training); scale, shift: None for none."""
        with np.errstate(all="ignore"):  # a deviation that is no number is refused where it is used
            deviation = np.sqrt(np.asarray(variance, np.float64) + float(epsilon))
        for step, values in (np.subtract, mean), (np.divide, deviation), (np.multiply, scale), (np.add, shift):
            if values is not None:
                self.add_columns(step, values, where)

    def add_activation(self, name: str, where: str) -> None:
        """Apply a function to the last layer's sums."""
        if name == "identity":
            return
        self._need_sums(name, where)
        self._scale_sums()
        self.activations[-1] = name
        self.activated = True

    def _need_sums(self, name: str, where: str) -> None:
        """Add a layer that gives its inputs, if there is none of sums that the activation can be applied to."""
        self._refuse_after_logarithms(where)
        if self.weights and not self.activated:
            return
        count = self._count if self.weights else self.inputs
        if count is None:
            raise ValueError(f"{where}: expected a layer of sums before the activation {name}")
        self.allowance.use(count * count, f"{where}: as a layer of its own, of {count} * {count} numbers")
        self._add_sums(np.eye(count, dtype=np.float32), None, where)

    def add_clip(self, least: float, most: float, where: str) -> None:
        """Keep each value between two limits, one of which may be infinite if the other is 0.

        With two limits it is least + width * hard_sigmoid(z), z = 6 * (x - least) / width - 3.
        """
        if (least, most) == (-math.inf, math.inf):
            return
        if (least, most) == (0, math.inf):
            self.add_activation("relu", where)
            return
        width = most - least
        if not (width > 0 and math.isfinite(width)):
            raise ValueError(
                f"{where}: netlet has relu, from 0 on, and limits on both sides; this one is from {least:g} to {most:g}"
            )
        self._limits.append((least, most, where))
        self._need_sums("clip", where)
        for step, value in (np.multiply, 6 / width), (np.add, -3 * ((least + most) / width)):
            self._add_column(step, value, where)
        self.add_activation("hard_sigmoid", where)
        for step, value in (np.multiply, width), (np.add, least):
            self._add_column(step, value, where)

    def add_leaky_relu(self, slope: Any, where: str) -> None:
        """Multiply negative sums by a slope, or by one for each column.

        A slope other than netlet's takes two units: max(z, 0) - slope * max(-z, 0), the difference in the next layer.
        """
        slope = np.asarray(slope)
        if slope.dtype.kind not in "fiu" or not np.isfinite(slope).all():
            raise ValueError(f"{where}: expected finite slopes, got {slope.tolist()!r}"[:200])
        for usual, name in ((0.01, "leaky_relu"), (0, "relu"), (1, "identity")):
            if np.allclose(slope, usual, rtol=1e-6, atol=0):
                self.add_activation(name, where)
                return
        self._need_sums("leaky_relu", where)
        self._scale_sums()
        weight, bias = self.weights[-1], self.biases[-1]
        if slope.shape not in ((), (1,), weight.shape[1:]):
            raise ValueError(
                f"{where}: expected a slope or one for each of {weight.shape[1]} columns, got {slope.shape}"
            )
        self.allowance.use(2 * weight.size, f"{where}: as two units of relu each")
        self.weights[-1] = np.concatenate([weight, -weight], axis=1)
        self.biases[-1] = None if bias is None else np.concatenate([bias, -bias])
        self._slopes = np.broadcast_to(slope, weight.shape[1:]).astype(np.float64)
        self._paired = self._paired or where
        self.activations[-1] = "relu"
        self.activated = True

    def _add_column(self, step: Any, value: float, where: str) -> None:
        """The same as add_columns, for a number that may change nothing."""
        if value != (step is np.multiply):
            self.add_columns(step, value, where)

    def add_log_softmax(self, where: str) -> None:
        """Apply softmax to the output layer's sums, of which the model gives the logarithms."""
        self.add_activation("softmax", where)
        self.logarithms = True

    def _refuse_after_logarithms(self, where: str) -> None:
        if self.logarithms:
            raise ValueError(f"{where}: expected nothing after LogSoftmax")

    def _scale_inputs(self, count: int) -> None:
        """Make the steps before the first layer its input scaling, if netlet has such."""
        for _, values in self._steps:
            if values.shape not in ((), (1,), (count,)):
                raise ValueError(
                    f"{self._where}: expected a value or one for each of {count} inputs, got {values.size}"
                )
        pair = _pair(*_standardized(self._steps), count) if self._steps else None
        if pair:
            self.input_scaling, self._steps = pair, []

    def _scale_sums(self) -> None:
        """Put the steps into the last layer's weights and biases."""
        scale, shift = _scaled(self._steps)
        self._steps = []
        with np.errstate(all="ignore"):
            if scale is not None:
                self.weights[-1] = self._finite(self.weights[-1] * scale)
                self.biases[-1] = None if self.biases[-1] is None else self._finite(self.biases[-1] * scale)
            if shift is not None:
                shift = np.broadcast_to(shift, self.weights[-1].shape[1:])
                self.biases[-1] = self._finite(shift if self.biases[-1] is None else self.biases[-1] + shift)

    def _after_steps(self, weight: Any, bias: Any) -> tuple[Any, Any]:
        """A layer's weight and bias that do the steps themselves before their sums."""
        with np.errstate(all="ignore"):
            scale, shift = _scaled(self._steps)
            self._steps = []
            if shift is not None:
                added = np.broadcast_to(shift, weight.shape[:1]) @ weight.astype(np.float64)
                bias = self._finite(added if bias is None else bias + added)
            if scale is not None:
                weight = self._finite(np.broadcast_to(scale, weight.shape[:1])[:, None] * weight)
        return weight, bias

    def _finite(self, values: Any) -> Any:
        if np.isfinite(values).all():
            return values
        raise ValueError(f"{self._where}: expected finite parameters of the layer that it goes into, got nan or inf")

    def add_dropout(self, share: float) -> None:
        """Drop some outputs of the last layer in training; netlet drops none of inputs, and `parts` none of outputs."""
        if self.weights:  # shares of one layer drop independently of each other
            self.dropout[-1] = 1 - (1 - self.dropout[-1]) * (1 - float(share)) if self.dropout[-1] else float(share)

    def override(self, activation: Any, output_activation: str | None) -> None:
        """Take the activations that the caller names where the model has none of its own."""
        self._complete()
        found = list(self.activations)
        if activation is not None:
            names = [activation] * (len(found) - 1) if isinstance(activation, str) else _names(activation)
            if len(names) == len(found):
                if output_activation not in (None, names[-1]):
                    raise ValueError(
                        f"output_activation: expected {names[-1]!r}, the last of activation, or None, got "
                        f"{output_activation!r}"
                    )
                self.activations[:] = names
            elif len(names) == len(found) - 1:
                self.activations[:-1] = names
            else:
                raise ValueError(
                    f"activation: expected a name, or one for each of the {len(found)} layers, got {len(names)}"
                )
        if output_activation is not None:
            if not self.activated:
                self._scale_sums()
            self.activations[-1] = output_activation
            self.activated = output_activation != "identity"
        for i, (given, own) in enumerate(zip(self.activations, found)):
            if own not in ("identity", given):
                raise ValueError(f"activation: layer {i + 1} of the model has {own} itself, got {given!r} for it")

    def _complete(self) -> None:
        """End with a layer of the model's outputs."""
        if not self._dtypes:
            raise ValueError("model: expected at least one layer of sums, got none")
        if self._slopes is not None:
            self._add_sums(np.eye(self._count, dtype=np.float32), None, self._where)

    def parts(
        self, *, loss: str | None, dtype: Any, reduction: str = "mean", loss_settings: Settings | None = None
    ) -> Parts:
        """Put them together; loss None: the one that goes with the output's activation."""
        self._complete()
        dtype = self._dtype(dtype)
        last = self.activations[-1]
        needed: dict[str, Any] = {name: row["output"] for name, row in LOSSES.items() if "classes" in row}
        if loss is None:  # none of those scales its outputs
            scaled = self._steps and self.activated
            loss = next((name for name, output in needed.items() if output == last and not scaled), "squared_error")
        if needed.get(loss, last) != last:
            raise ValueError(
                f"loss: {loss} needs a {needed[loss]} output, this model ends in {last}; if it gives the sums "
                f"(logits), it needs output_activation={needed[loss]!r}, where the reader takes that"
            )
        if self.logarithms:
            warnings.warn(
                "model: it ends in LogSoftmax; the network gives the probabilities themselves",
                UserWarning,
                stacklevel=5,  # a reader, its method, and numpy.errstate around that
            )
        if self._paired:
            warnings.warn(
                f"{self._paired}: its slope is not netlet's 0.01, so each of its units is read as two units of relu",
                UserWarning,
                stacklevel=5,  # a reader, its method, and numpy.errstate around that
            )
        output_scaling = self._scale_outputs(loss)
        zeros = [np.zeros(weight.shape[1]) if bias is None else bias for weight, bias in zip(self.weights, self.biases)]
        wheres = [f"model, layer {i + 1}" for i in range(len(zeros))]
        return Parts(
            weights=[_converted(weight, dtype, where) for weight, where in zip(self.weights, wheres)],
            biases=[_converted(bias, dtype, where) for bias, where in zip(zeros, wheres)],
            activations=self.activations,
            loss=loss,
            reduction=reduction,
            dtype=dtype,
            loss_settings=loss_settings or {},
            dropout=self.dropout[:-1],
            input_scaling=self.input_scaling,
            output_scaling=output_scaling,
        )

    def _dtype(self, dtype: Any) -> Any:
        """The network's, None: that of the model's parameters."""
        if dtype is None:
            found = np.result_type(*self._dtypes)
            if found not in (np.float32, np.float64):
                raise ValueError(f"model: expected parameters in float32 or float64, got {found}; choose by dtype=")
        else:
            try:
                found = np.dtype(dtype)
            except TypeError:
                found = None
            if found not in (np.float32, np.float64):
                raise ValueError(f"dtype: expected 'float32' or 'float64', got {dtype!r}")
        farthest = _COARSEST / np.finfo(found).eps
        for least, most, where in self._limits:
            if most - least > farthest:
                raise ValueError(
                    f"{where}: expected limits at most {farthest:g} apart in {found}, as rounding errors grow with "
                    f"them, got from {least:g} to {most:g}"
                )
        return found

    def _scale_outputs(self, loss: str) -> tuple[Any, Any] | None:
        """What the steps after the last layer are: an output scaling, or part of its sums."""
        if not self._steps:
            return None
        scale, shift = _scaled(self._steps)
        scalable = LOSSES.get(loss, {}).get("scales_outputs", False)
        pair = _pair(scale, shift, self.weights[-1].shape[1]) if scalable else None
        if not self.activated and pair is None:
            self._scale_sums()
            return None
        if pair is None:
            expected = "a positive scale and a finite shift" if scalable else f"nothing after the outputs of {loss}"
            raise ValueError(f"{self._where}: expected {expected} after the activation {self.activations[-1]}")
        self._steps = []
        return pair


def _converted(values: Any, dtype: Any, where: str) -> Any:
    if not np.isfinite(values).all():
        raise ValueError(f"{where}: expected finite parameters, got nan or inf")
    with np.errstate(all="ignore"):
        converted = values.astype(dtype)
    if not np.isfinite(converted).all():
        raise ValueError(f"{where}: expected parameters within the range of {dtype}, got larger ones")
    return converted


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
