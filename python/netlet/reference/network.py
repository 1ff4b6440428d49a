# SPDX-License-Identifier: BSD-3-Clause
"""The network: forward, backward and the training loop, as plainly as possible."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from .activations import ACTIVATIONS
from .elementary import exp, log
from .fused import Array, fma
from .generator import DROPOUT_IN_FIT, DROPOUT_IN_STEP, dropout_factors, shuffled_order, uniform_values
from .losses import LOSSES
from .optimizers import SGD, Optimizer
from .schedules import add_loss, begin_schedule, factor
from .sums import BLOCK_ROWS, blocks, chain, matmul, sum_rows, tree


@dataclass
class _Dropout:
    """What decides, besides layer and unit, which units training leaves out."""

    seed: int
    purpose: int
    stream: int
    rows: npt.NDArray[np.uint64]


@dataclass
class _Pass:
    """Rows on their way through all layers: what each layer reads, its sums, its outputs, and their dropout factors."""

    inputs: list[Array]
    sums: list[Array]
    outputs: list[Array]
    factors: list[Array | None]


@dataclass
class _Loss:
    """Sums over rows, before any mean: the loss, the weights; how many rows have a target, and how many are right."""

    total: np.float64
    weight: np.float64
    judged: int
    right: int


def _rounding(dtype: np.dtype[Any], rows: int) -> float:
    """How far a column's deviation may be from 0, relative to its largest value, by rounding alone."""
    unit = 2.0 ** -(1 + np.finfo(dtype).nmant) if dtype in (np.float32, np.float64) else 0.0
    additions = min(rows, BLOCK_ROWS) + (-(-rows // BLOCK_ROWS) - 1).bit_length()
    return (2 * additions + 4) * 2.0**-53 + 4 * unit


_Class = TypeVar("_Class", bound=type)


def _quietly(network: _Class) -> _Class:
    """All its methods compute in silence, whatever `numpy.seterr` says."""
    for name, method in list(vars(network).items()):
        if callable(method):
            setattr(network, name, np.errstate(all="ignore")(method))
    return network


@_quietly
class Network:
    """The same network as `netlet.Network`, with the same arguments, methods and bits."""

    def __init__(
        self,
        layer_sizes: Sequence[int],
        *,
        activation: str | Sequence[str] = "sigmoid",
        output_activation: str | None = None,
        loss: str = "squared_error",
        reduction: str = "sum",
        dtype: npt.DTypeLike = "float64",
        init: Any = "glorot_uniform",
        seed: int | None = None,
        dropout: float | Sequence[float] = 0.0,
        huber_delta: float = 1.0,
        quantile: float | Sequence[float] = 0.5,
    ) -> None:
        self.layer_sizes = tuple(layer_sizes)
        layers = len(self.layer_sizes) - 1
        if isinstance(activation, str):
            output = output_activation or LOSSES[loss].output or activation
            self.activations = (activation,) * (layers - 1) + (output,)
        else:
            self.activations = tuple(activation)
        self.loss_name, self.reduction = loss, reduction
        self.dtype = np.dtype(dtype)
        self.seed = secrets.randbits(64) if seed is None else seed
        self.dropout = np.broadcast_to(dropout, layers - 1)
        self.huber_delta = huber_delta
        self.quantiles = np.broadcast_to(np.asarray(quantile, dtype=np.float64), self.layer_sizes[-1])
        self.input_scaling: tuple[Array, Array] | None = None
        self.output_scaling: tuple[Array, Array] | None = None
        self.epochs_trained = 0
        shapes = list(zip(self.layer_sizes, self.layer_sizes[1:]))
        self.parameters = np.zeros(sum(n * m + m for n, m in shapes), dtype=self.dtype)
        self._is_weight = np.zeros(len(self.parameters), dtype=bool)
        views = []
        at = 0
        for n, m in shapes:
            views.append((self.parameters[at : at + n * m].reshape(n, m), self.parameters[at + n * m : at + n * m + m]))
            self._is_weight[at : at + n * m] = True
            at += n * m + m
        self.weights = tuple(w for w, _ in views)
        self.biases = tuple(b for _, b in views)
        if isinstance(init, str):
            for i, w in enumerate(self.weights):
                w[...] = uniform_values(*w.shape, init, i, self.seed, self.dtype)
        elif np.isscalar(init[0]):
            self.parameters[...] = init
        else:
            for (w, b), (w0, b0) in zip(views, init):
                w[...] = w0
                b[...] = b0

    # ---- data

    def _inputs(self, x: npt.ArrayLike) -> Array:
        """Rows of inputs, on the network's scale."""
        x = np.atleast_2d(np.asarray(x))
        return self._scaled(x, *self.input_scaling) if self.input_scaling else x.astype(self.dtype)

    def _scaled(self, values: Array, shift: Array, scale: Array) -> Array:
        """In binary64, and only then in T."""
        return ((values.astype(np.float64) - shift) / scale).astype(self.dtype)

    def _matrix(self, y: npt.ArrayLike, rows: int) -> Array:
        """Targets as a matrix."""
        t = np.asarray(y)
        if self.loss_name == "quantile" and t.ndim == 1 and rows > 1:  # one number for all outputs
            return np.repeat(t[:, None], self.layer_sizes[-1], axis=1)
        return t.reshape(rows, self.layer_sizes[-1] // LOSSES[self.loss_name].outputs_per_target)

    def _targets(self, y: npt.ArrayLike, rows: int) -> tuple[Array, Array]:
        """Targets as a matrix, on the network's scale, and the right class of each row."""
        t = np.asarray(y)
        if LOSSES[self.loss_name].classes == "row" and t.ndim < 2 and np.issubdtype(t.dtype, np.integer):
            classes = t.reshape(rows)
            one_hot = (classes[:, None] == np.arange(self.layer_sizes[-1])).astype(self.dtype)
            return one_hot, classes
        t = self._matrix(y, rows)
        if self.output_scaling:
            (shift, scale), each = self.output_scaling, LOSSES[self.loss_name].outputs_per_target
            t = self._scaled(t, shift[::each], scale[::each])
        t = t.astype(self.dtype)
        return t, np.argmax(t, axis=1)

    def learn_scaling(self, x: Any = None, y: Any = None, sample_weight: Any = None) -> None:
        """Mean and standard deviation of the columns of x and y."""
        if x is not None:
            self.input_scaling = self._moments(np.asarray(x), sample_weight)
        if y is not None:
            each = LOSSES[self.loss_name].outputs_per_target
            t = np.asarray(y).reshape(-1, self.layer_sizes[-1] // each)
            shift, scale = self._moments(t, sample_weight)
            if each == 2:  # a mean, and the logarithm of a variance
                shift = np.stack([shift, 2 * log(scale)], axis=1).ravel()
                scale = np.stack([scale, np.ones_like(scale)], axis=1).ravel()
            self.output_scaling = shift, scale

    def _moments(self, values: Array, sample_weight: Any) -> tuple[Array, Array]:
        """Of the weighted rows; NaN, a missing target, is left out."""
        rows = values.astype(np.float64)
        given = np.asarray(1 if sample_weight is None else sample_weight).astype(self.dtype)
        weight = np.broadcast_to(given, len(rows)).astype(np.float64)[:, None]
        present = rows == rows
        counted = present & (weight > 0)
        total = sum_rows(np.where(present, weight, 0))
        low = np.where(counted, rows, np.inf).min(axis=0)
        high = np.where(counted, rows, -np.inf).max(axis=0)
        low, high = np.where(low > high, 0, low), np.where(low > high, 0, high)  # a target that is never there
        mean = np.where(low == high, low, sum_rows(np.where(present, weight * rows, 0)) / total)
        distance = np.maximum(high - mean, mean - low)
        unit = np.where(distance > 0, np.ldexp(1.0, np.frexp(distance)[1] - 1), 1)
        e = (rows - mean) / unit
        deviation = unit * np.sqrt(sum_rows(np.where(present, weight * (e * e), 0)) / total)
        size = np.maximum(np.abs(low), np.abs(high))
        return mean, np.where(deviation > _rounding(values.dtype, len(rows)) * size, deviation, 1)

    # ---- forward

    def _activate(self, x: Array, dropout: _Dropout | None = None) -> _Pass:
        result = _Pass([x], [], [], [])
        for i, (w, b, name) in enumerate(zip(self.weights, self.biases, self.activations)):
            z = matmul(result.inputs[-1], w, b)
            y = ACTIVATIONS[name].value(z)
            factors = None
            if dropout and i < len(self.dropout) and self.dropout[i]:
                key = (i, dropout.seed, dropout.purpose, dropout.stream)
                factors = dropout_factors(dropout.rows, y.shape[1], float(self.dropout[i]), *key, self.dtype)
            result.sums.append(z)
            result.outputs.append(y)
            result.factors.append(factors)
            result.inputs.append(y if factors is None else np.where(factors == 0, y.dtype.type(0), factors * y))
        return result

    def forward(self, x: npt.ArrayLike) -> Array:
        """Outputs for each row of x; shape (rows, outputs), or (outputs,) for one row of shape (inputs,)."""
        y = self._unscaled(self._activate(self._inputs(x)).outputs[-1])
        return y if np.ndim(x) == 2 else y[0]

    def _unscaled(self, y: Array) -> Array:
        """Outputs in the caller's units."""
        if self.output_scaling:
            shift, scale = self.output_scaling
            y = fma(y.astype(np.float64), scale, shift).astype(self.dtype)
        return y

    # ---- losses

    def _reduce(self, total: Any, divisor: Any) -> Any:
        """The finished sum over the rows, or that divided once."""
        return total / total.dtype.type(divisor) if self.reduction == "mean" else total

    def _divisor(self, rows: int, loss: _Loss, weight_mean: float | None) -> Any:
        """What a mean divides by: the sum of the weights, or what the data's mean weight lets expect it to be."""
        return loss.weight if weight_mean is None else np.float64(rows) * np.float64(weight_mean)

    def _compare(self, rows: _Pass, y: npt.ArrayLike, weights: Array | None, missing: str) -> tuple[_Loss, Array]:
        """The losses' sums, and the derivative with respect to the output layer's sums."""
        z, outputs = rows.sums[-1], rows.outputs[-1]
        t, classes = self._targets(y, len(z))
        loss = LOSSES[self.loss_name]
        setting = getattr(self, loss.setting) if loss.setting else None
        there = ~np.isnan(t) if missing == "ignore" else np.ones(t.shape, dtype=bool)
        has_target, seen = there.any(axis=1), np.repeat(there, loss.outputs_per_target, axis=1)
        row_loss = loss.rows(z, outputs, t, there, setting)
        weight = np.float64(len(z))
        if weights is not None:
            row_loss = row_loss * weights.astype(np.float64)
            weight = np.float64(sum_rows(weights.astype(np.float64)))
        if loss.classes == "output":
            right = np.all(~there | ((outputs > 0.5) == (t > 0.5)), axis=1)
        else:
            right = np.argmax(outputs, axis=1) == classes
        zero = self.dtype.type(0)
        delta = np.where(seen, loss.derivative(outputs, t, setting), zero)
        if not loss.classes:
            delta = self._through(len(self.weights) - 1, rows, delta)
            if self.activations[-1] != "softmax":
                delta = np.where(seen, delta, zero)
        if weights is not None:
            delta = delta * weights[:, None]
        judged, right = int(np.count_nonzero(has_target)), int(np.count_nonzero(right & has_target))
        return _Loss(np.float64(sum_rows(row_loss)), weight, judged, right), delta

    def _through(self, layer: int, rows: _Pass, s: Array) -> Array:
        """A derivative with respect to a layer's outputs becomes one with respect to its sums."""
        activation = ACTIVATIONS[self.activations[layer]]
        return activation.times_derivative(s, rows.sums[layer] if activation.reads_sums else rows.outputs[layer])

    def _weights_of(self, sample_weight: Any, rows: int) -> Array | None:
        return None if sample_weight is None else np.broadcast_to(np.asarray(sample_weight).astype(self.dtype), rows)

    def evaluate(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        sample_weight: Any = None,
        weight_mean: float | None = None,
        missing: str = "refuse",
    ) -> dict[str, float]:
        """The loss over all rows and, where there are classes, the accuracy, else errors in the targets' own units."""
        x = self._inputs(x)
        weights = self._weights_of(sample_weight, len(x))
        rows = self._activate(x)
        loss, _ = self._compare(rows, y, weights, missing)
        result = {"loss": float(self._reduce(loss.total, self._divisor(len(x), loss, weight_mean)))}
        if LOSSES[self.loss_name].classes:
            result["accuracy"] = loss.right / loss.judged
        else:
            result |= self._errors(self._unscaled(rows.outputs[-1]), y, weights, missing)
        return result

    def _errors(self, outputs: Array, y: npt.ArrayLike, weights: Array | None, missing: str) -> dict[str, float]:
        """How far predictions are from targets, in binary64."""
        predicted = (
            exp(outputs) if self.loss_name == "poisson" else outputs[:, :: LOSSES[self.loss_name].outputs_per_target]
        )
        t = self._matrix(y, len(outputs)).astype(np.float64)
        there = ~np.isnan(t) if missing == "ignore" else np.ones(t.shape, dtype=bool)
        e = np.where(there, predicted.astype(np.float64) - t, 0)
        weight = np.ones(len(t)) if weights is None else weights.astype(np.float64)
        square, absolute, count = (
            sum_rows(chain(each.T) * weight) for each in (e * e, np.abs(e), there.astype(np.float64))
        )
        return {"rmse": float(np.sqrt(square / count)), "mae": float(absolute / count)}

    def loss(self, x: npt.ArrayLike, y: npt.ArrayLike, **given: Any) -> float:
        """The loss over all rows."""
        return self.evaluate(x, y, **given)["loss"]

    # ---- backward

    def _deltas(self, rows: _Pass, delta: Array) -> list[Array]:
        """The derivative with respect to each layer's sums."""
        deltas = [delta]
        for i in range(len(self.weights) - 1, 0, -1):
            s = matmul(deltas[0], self.weights[i].T, np.zeros((), dtype=self.dtype))
            s, factors = self._through(i - 1, rows, s), rows.factors[i - 1]
            deltas[:0] = [s if factors is None else np.where(factors == 0, s.dtype.type(0), factors * s)]
        return deltas

    def _gradient(self, rows: _Pass, deltas: list[Array]) -> Array:
        """With respect to the parameters, summed over the rows."""
        zero = np.zeros((), dtype=self.dtype)
        parts: list[Array] = []
        for x, delta in zip(rows.inputs, deltas):
            parts.append(tree([matmul(x[b].T, delta[b], zero) for b in blocks(len(x))]).reshape(-1))
            parts.append(sum_rows(delta))
        return np.concatenate(parts)

    def _given(self, rows: _Pass, output_gradient: npt.ArrayLike) -> Array:
        """The derivative of a loss of the caller's with respect to the output layer's sums."""
        g = np.asarray(output_gradient).astype(self.dtype).reshape(rows.outputs[-1].shape)
        if self.output_scaling:
            g = (self.output_scaling[1] * g.astype(np.float64)).astype(self.dtype)
        return self._through(len(self.weights) - 1, rows, g)

    def _backward(
        self,
        x: Array,
        y: Any,
        weights: Array | None,
        weight_mean: float | None,
        missing: str,
        dropout: _Dropout | None = None,
    ) -> tuple[_Loss, Any, Array]:
        """Sums over the rows, the reduced loss, and its gradient."""
        rows = self._activate(x, dropout)
        loss, delta = self._compare(rows, y, weights, missing)
        divisor = self._divisor(len(x), loss, weight_mean)
        gradient = self._gradient(rows, self._deltas(rows, delta))
        return loss, self._reduce(loss.total, divisor), self._reduce(gradient, divisor)

    def backward(
        self,
        x: npt.ArrayLike,
        y: Any = None,
        *,
        output_gradient: Any = None,
        sample_weight: Any = None,
        weight_mean: float | None = None,
        missing: str = "refuse",
    ) -> tuple[float | None, Array]:
        """The loss, and its flat gradient in the layout of `parameters`."""
        x = self._inputs(x)
        if y is None:
            rows = self._activate(x)
            return None, self._gradient(rows, self._deltas(rows, self._given(rows, output_gradient)))
        _, loss, gradient = self._backward(x, y, self._weights_of(sample_weight, len(x)), weight_mean, missing)
        return float(loss), gradient

    def _row_deltas(
        self, x: npt.ArrayLike, y: Any, output_gradient: Any, sample_weight: Any, missing: str
    ) -> tuple[_Pass, list[Array]]:
        rows = self._activate(self._inputs(x))
        if y is None:
            return rows, self._deltas(rows, self._given(rows, output_gradient))
        weights = self._weights_of(sample_weight, len(rows.inputs[0]))
        return rows, self._deltas(rows, self._compare(rows, y, weights, missing)[1])

    def _through_inputs(self, delta: Array) -> Array:
        """A derivative with respect to the first layer's sums becomes one with respect to the inputs."""
        s = matmul(delta, self.weights[0].T, np.zeros((), dtype=self.dtype))
        return (s.astype(np.float64) / self.input_scaling[1]).astype(self.dtype) if self.input_scaling else s

    def input_gradient(
        self,
        x: npt.ArrayLike,
        y: Any = None,
        *,
        output_gradient: Any = None,
        sample_weight: Any = None,
        missing: str = "refuse",
    ) -> Array:
        """The gradient of each row's loss with respect to its inputs."""
        _, deltas = self._row_deltas(x, y, output_gradient, sample_weight, missing)
        return self._through_inputs(deltas[0]).reshape(np.shape(x))

    def row_gradients(
        self,
        x: npt.ArrayLike,
        y: Any = None,
        *,
        output_gradient: Any = None,
        sample_weight: Any = None,
        missing: str = "refuse",
    ) -> Array:
        """The gradient of each row's loss with respect to the parameters."""
        rows, deltas = self._row_deltas(x, y, output_gradient, sample_weight, missing)
        parts: list[Array] = []
        for layer_input, delta in zip(rows.inputs, deltas):
            zero = np.zeros((), dtype=self.dtype)
            parts.append(fma(layer_input[:, :, None], delta[:, None, :], zero).reshape(len(delta), -1))
            parts.append(zero + delta)
        gradients = np.concatenate(parts, axis=1)
        return gradients if np.ndim(x) == 2 else gradients[0]

    def jacobian(self, x: npt.ArrayLike) -> Array:
        """The derivative of each output with respect to each input: one output at a time, its gradient alone."""
        rows = self._activate(self._inputs(x))
        unit = np.eye(self.layer_sizes[-1], dtype=self.dtype)
        parts = []
        for row in unit:
            delta = self._given(rows, np.broadcast_to(row, rows.outputs[-1].shape))
            parts.append(self._through_inputs(self._deltas(rows, delta)[0]))
        result = np.stack(parts, axis=1)
        return result if np.ndim(x) == 2 else result[0]

    # ---- training

    def apply_gradient(self, gradient: npt.ArrayLike, optimizer: Optimizer, factor: float = 1.0) -> None:
        """One step along a gradient."""
        g = np.asarray(gradient).astype(self.dtype)
        self.parameters[...] = optimizer.step(self.parameters, g, self._is_weight, factor)

    def step(
        self,
        x: npt.ArrayLike,
        y: Any,
        optimizer: Optimizer,
        *,
        sample_weight: Any = None,
        weight_mean: float | None = None,
        missing: str = "refuse",
    ) -> float:
        """One step on one batch; returns the loss before it."""
        x = self._inputs(x)
        dropout = _Dropout(self.seed, DROPOUT_IN_STEP, optimizer.steps, np.arange(len(x), dtype=np.uint64))
        weights = self._weights_of(sample_weight, len(x))
        _, loss, gradient = self._backward(x, y, weights, weight_mean, missing, dropout)
        self.apply_gradient(gradient, optimizer)
        return float(loss)

    def fit(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        epochs: int,
        learning_rate: float | None = None,
        batch_size: int | None = None,
        optimizer: Optimizer | None = None,
        shuffle: bool = True,
        seed: int | None = None,
        sample_weight: Any = None,
        validation_data: tuple[Any, ...] | None = None,
        patience: int | None = None,
        min_delta: float = 0.0,
        schedule: Any = None,
        resume: bool = False,
        standardize: bool = False,
        missing: str = "refuse",
    ) -> dict[str, list[float]]:
        """Train; returns figures of each epoch, loss and accuracy before the updates of its batches."""
        if standardize:
            scales_outputs = LOSSES[self.loss_name].scales_outputs
            self.learn_scaling(
                None if self.input_scaling else x,
                y if scales_outputs and not self.output_scaling else None,
                sample_weight,
            )
        x, y = self._inputs(x), np.asarray(y)
        rows = len(x)
        y = y.reshape(1, -1) if rows == 1 and y.ndim == 1 and len(y) > 1 else y.reshape(rows, *y.shape[1:])
        weights = self._weights_of(sample_weight, rows)
        optimizer = optimizer or SGD(0.1 if learning_rate is None else learning_rate)
        batch = min(batch_size or rows, rows)
        weight_mean = None
        if weights is not None and batch < rows:
            weight_mean = float(sum_rows(weights.astype(np.float64)) / rows)
        key = self.seed if seed is None else seed
        history: dict[str, list[float]] = {"loss": [], "learning_rate": [], "accuracy": [], "validation_loss": []}
        best_loss, best, waited = np.inf, self.parameters.copy(), 0
        begin = 0 if resume else self.epochs_trained
        if not resume:
            begin_schedule(schedule, optimizer)
        for _ in range(epochs):
            order: Iterable[int] = range(rows)
            if shuffle and batch < rows:
                order = shuffled_order(key, self.epochs_trained, rows)
            index = np.fromiter(order, dtype=np.intp)
            rate_factor = factor(schedule, self.epochs_trained - begin, optimizer)
            before = self.parameters.copy()
            total, weight, judged, right = np.float64(0), np.float64(0), 0, 0
            for first in range(0, rows, batch):
                chosen = index[first : first + batch]
                dropout = _Dropout(key, DROPOUT_IN_FIT, self.epochs_trained, chosen.astype(np.uint64))
                chosen_weights = None if weights is None else weights[chosen]
                loss, _, gradient = self._backward(x[chosen], y[chosen], chosen_weights, weight_mean, missing, dropout)
                self.apply_gradient(gradient, optimizer, rate_factor)
                total, weight = total + loss.total, weight + loss.weight
                judged, right = judged + loss.judged, right + loss.right
            monitored = float(self._reduce(total, weight))
            history["loss"].append(monitored)
            history["accuracy"].append(right / judged)
            history["learning_rate"].append(optimizer.learning_rate * rate_factor)
            if validation_data is not None:
                given = dict(zip(("x", "y", "sample_weight"), validation_data))
                monitored = self.loss(**given, missing=missing)
                history["validation_loss"].append(monitored)
            add_loss(schedule, monitored, optimizer)
            self.epochs_trained += 1
            if patience is None:
                continue
            waited += 1
            if monitored < best_loss - min_delta:
                # a training loss belongs to the parameters before the epoch
                best_loss, waited = monitored, 0
                best = before if validation_data is None else self.parameters.copy()
            if waited >= patience:
                break
        if patience is not None and best_loss < np.inf:
            self.parameters[...] = best
        return history

    def fingerprint(self) -> str:
        """SHA-256 in hexadecimal over architecture and parameters; the bytes are described in netlet.h."""
        lines = [
            "netlet 1",
            self.dtype.name,
            " ".join(map(str, self.layer_sizes)),
            " ".join(self.activations),
            self.loss_name,
            self.reduction,
        ]
        hashed = hashlib.sha256("".join(line + "\n" for line in lines).encode())

        def add(values: Any, dtype: Any) -> None:
            values = np.asarray(values, dtype=dtype)
            values = np.where(np.isnan(values), np.array(np.nan, dtype), values)
            hashed.update(values.astype(np.dtype(dtype).newbyteorder("<")).tobytes())

        if LOSSES[self.loss_name].setting:
            add(getattr(self, LOSSES[self.loss_name].setting), np.float64)
        add(self.parameters, self.dtype)
        for name, scaling in (("inputs", self.input_scaling), ("outputs", self.output_scaling)):
            if scaling:
                hashed.update(f"{name}\n".encode())
                add(scaling, np.float64)
        return hashed.hexdigest()
