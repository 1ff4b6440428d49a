# SPDX-License-Identifier: BSD-3-Clause
"""The network: forward, backward and the training loop, as plainly as they can be said."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .fused import Array
from .generator import shuffled_order, uniform_values
from .layers import ACTIVATIONS, LOSSES, TIMES_DERIVATIVE, softmax_delta
from .optimizers import SGD, Adam
from .sums import blocks, matmul, sum_rows, tree


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
    ) -> None:
        self.layer_sizes = tuple(layer_sizes)
        layers = len(self.layer_sizes) - 1
        if isinstance(activation, str):
            default = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(loss, activation)
            self.activations = (activation,) * (layers - 1) + (output_activation or default,)
        else:
            self.activations = tuple(activation)
        self.loss_name, self.reduction = loss, reduction
        self.dtype = np.dtype(dtype)
        self.seed = secrets.randbits(64) if seed is None else seed
        self.epochs_trained = 0
        shapes = list(zip(self.layer_sizes, self.layer_sizes[1:]))
        self.parameters = np.zeros(sum(n * m + m for n, m in shapes), dtype=self.dtype)
        views = []
        at = 0
        for n, m in shapes:
            views.append((self.parameters[at : at + n * m].reshape(n, m), self.parameters[at + n * m : at + n * m + m]))
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

    def _targets(self, y: npt.ArrayLike, rows: int) -> tuple[Array, Array]:
        """Targets as a matrix, and the right class of each row (None where there is none)."""
        t = np.asarray(y)
        if self.loss_name == "cross_entropy" and t.ndim < 2 and np.issubdtype(t.dtype, np.integer):
            classes = t.reshape(rows)
            one_hot = (classes[:, None] == np.arange(self.layer_sizes[-1])).astype(self.dtype)
            return one_hot, classes
        t = t.astype(self.dtype).reshape(rows, self.layer_sizes[-1])
        return t, np.argmax(t, axis=1)

    def _activate(self, x: Array) -> tuple[list[Array], Array]:
        """The input and each layer's output; z of the output layer."""
        outputs = [x]
        for w, b, name in zip(self.weights, self.biases, self.activations):
            z = matmul(outputs[-1], w, b)
            outputs.append(ACTIVATIONS[name](z))
        return outputs, z

    def forward(self, x: npt.ArrayLike) -> Array:
        """Outputs for each row of x; shape (rows, outputs), or (outputs,) for one row of shape (inputs,)."""
        x = np.asarray(x).astype(self.dtype)
        with np.errstate(all="ignore"):
            y = self._activate(np.atleast_2d(x))[0][-1]
        return y if x.ndim == 2 else y[0]

    def _reduce(self, total: Any, rows: int) -> Any:
        """The finished sum over the rows, or that divided once by their number."""
        return total / total.dtype.type(rows) if self.reduction == "mean" else total

    def _loss_sum(self, x: Array, y: npt.ArrayLike) -> tuple[list[Array], Array, Array, np.float64, int]:
        outputs, z = self._activate(x)
        t, classes = self._targets(y, len(x))
        total = sum_rows(LOSSES[self.loss_name](z, outputs[-1], t))
        if self.loss_name == "binary_cross_entropy":
            right = np.all((outputs[-1] >= 0.5) == (t >= 0.5), axis=1)
        else:
            right = np.argmax(outputs[-1], axis=1) == classes
        return outputs, z, t, np.float64(total), int(np.count_nonzero(right))

    def loss(self, x: npt.ArrayLike, y: npt.ArrayLike) -> float:
        """The loss over all rows."""
        x = np.atleast_2d(np.asarray(x).astype(self.dtype))
        with np.errstate(all="ignore"):
            return float(self._reduce(self._loss_sum(x, y)[3], len(x)))

    def _backward(self, x: Array, y: npt.ArrayLike) -> tuple[np.float64, int, Array]:
        """Loss summed over the rows, rows that are right, reduced gradient."""
        outputs, _, t, total, right = self._loss_sum(x, y)
        delta = outputs[-1] - t
        if self.loss_name == "squared_error":
            if self.activations[-1] == "softmax":
                delta = softmax_delta(delta, outputs[-1])
            else:
                delta = TIMES_DERIVATIVE[self.activations[-1]](delta, outputs[-1])
        gradients: list[Array] = []
        for i in reversed(range(len(self.weights))):
            layer_input = outputs[i]
            zero = np.zeros((), dtype=self.dtype)
            w_gradient = tree([matmul(layer_input[block].T, delta[block], zero) for block in blocks(len(x))])
            gradients[:0] = [w_gradient.reshape(-1), sum_rows(delta)]
            if i > 0:
                s = matmul(delta, self.weights[i].T, zero)
                delta = TIMES_DERIVATIVE[self.activations[i - 1]](s, layer_input)
        return total, right, self._reduce(np.concatenate(gradients), len(x))

    def backward(self, x: npt.ArrayLike, y: npt.ArrayLike) -> tuple[float, Array]:
        """The loss, and its flat gradient in the layout of `parameters`."""
        x = np.atleast_2d(np.asarray(x).astype(self.dtype))
        with np.errstate(all="ignore"):
            total, _, gradient = self._backward(x, y)
        return float(self._reduce(total, len(x))), gradient

    def step(self, x: npt.ArrayLike, y: npt.ArrayLike, optimizer: SGD | Adam) -> float:
        """One step on one batch; returns the loss before it."""
        loss, gradient = self.backward(x, y)
        with np.errstate(all="ignore"):
            self.parameters[...] = optimizer.update(self.parameters, gradient)
        return loss

    def fit(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        epochs: int,
        learning_rate: float | None = None,
        batch_size: int | None = None,
        optimizer: SGD | Adam | None = None,
        shuffle: bool = True,
        seed: int | None = None,
    ) -> dict[str, list[float]]:
        """Train; returns each epoch's loss and, for classes, accuracy, before the updates of its batches."""
        x, y = np.atleast_2d(np.asarray(x).astype(self.dtype)), np.asarray(y)
        rows = len(x)
        y = y.reshape(1, -1) if rows == 1 and y.ndim == 1 and len(y) > 1 else y.reshape(rows, *y.shape[1:])
        optimizer = optimizer or SGD(0.1 if learning_rate is None else learning_rate)
        batch = min(batch_size or rows, rows)
        history: dict[str, list[float]] = {"loss": [], "accuracy": []}
        for _ in range(epochs):
            order: Iterable[int] = range(rows)
            if shuffle and batch < rows:
                order = shuffled_order(self.seed if seed is None else seed, self.epochs_trained, rows)
            index = np.fromiter(order, dtype=np.intp)
            total, right = np.float64(0), 0
            with np.errstate(all="ignore"):
                for first in range(0, rows, batch):
                    chosen = index[first : first + batch]
                    batch_loss, batch_right, gradient = self._backward(x[chosen], y[chosen])
                    self.parameters[...] = optimizer.update(self.parameters, gradient)
                    total, right = total + batch_loss, right + batch_right
            history["loss"].append(float(self._reduce(total, rows)))
            history["accuracy"].append(right / rows)
            self.epochs_trained += 1
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
        little = self.dtype.newbyteorder("<")
        values = np.where(np.isnan(self.parameters), np.array(np.nan, self.dtype), self.parameters).astype(little)
        return hashlib.sha256("".join(line + "\n" for line in lines).encode() + values.tobytes()).hexdigest()
