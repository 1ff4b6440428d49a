# SPDX-License-Identifier: BSD-3-Clause
"""The network: a Python face over the compiled core."""

from __future__ import annotations

import operator
import os
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _core
from ._library import numerics_version
from .history import History
from .optimizers import SGD, Adam, Optimizer

__all__ = ["Network"]

Array = npt.NDArray[Any]


def _integer(name: str, value: Any, low: int, high: int, expected: str) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name}: expected {expected}, got {value!r}") from None
    if not low <= number < high:
        raise ValueError(f"{name}: expected {expected}, got {number}")
    return number


def _seed(value: int | None) -> int:
    if value is None:
        return int.from_bytes(os.urandom(8), "little")
    return _integer("seed", value, 0, 2**64, "an integer from 0 to 2**64 - 1, or None")


def _layer_sizes(value: Sequence[int]) -> list[int]:
    try:
        sizes = list(value)
    except TypeError:
        raise TypeError(f"layer_sizes: expected a sequence of integers, got {value!r}") from None
    if len(sizes) < 2:
        raise ValueError(f"layer_sizes: expected at least 2 sizes (inputs and outputs), got {sizes!r}")
    return [_integer("layer_sizes", size, 1, 2**63, "positive integers") for size in sizes]


def _number(argument: str, name: str, kind: str) -> int:
    """Number of a public name in the core."""
    known = _core.NAMES[kind]
    if not isinstance(name, str):
        raise TypeError(f"{argument}: expected one of the names {', '.join(known)}, got {name!r}")
    if name not in known:
        raise ValueError(f"{argument}: unknown name {name!r}; the known ones are {', '.join(known)}")
    return known.index(name)


def _activations(layers: int, activation: str | Sequence[str], output_activation: str | None, loss: str) -> list[int]:
    """One for each layer, output included."""
    if isinstance(activation, str):
        hidden = _number("activation", activation, "activation")
        default = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(loss, activation)
        output = default if output_activation is None else output_activation
        return [hidden] * (layers - 1) + [_number("output_activation", output, "activation")]
    try:
        names = list(activation)
    except TypeError:
        raise TypeError(f"activation: expected a name, or one for each layer, got {activation!r}") from None
    if output_activation is not None:
        raise ValueError(
            "output_activation: expected None beside a list of activations, which has the output's as its last one, "
            f"got {output_activation!r}"
        )
    if len(names) != layers:
        raise ValueError(f"activation: expected a name, or {layers} names, one for each layer, got {names!r}")
    return [_number("activation", name, "activation") for name in names]


def _copy_values(target: Array, value: Any, what: str) -> None:
    """Copy the user's initial values; `what` says what is expected."""
    try:
        array = np.asarray(value)
        if array.shape == target.shape:
            np.copyto(target, array, casting="same_kind")
            return
        came = f"shape {array.shape}"
    except (TypeError, ValueError) as error:
        raise type(error)(f"init: expected {what}, but {error}") from None
    raise ValueError(f"init: expected {what} of shape {target.shape}, got {came}")


def _optimizer(value: Any) -> Optimizer:
    if isinstance(value, Optimizer):
        return value
    came = f"the class {value.__name__}; write {value.__name__}()" if isinstance(value, type) else type(value).__name__
    raise TypeError(f"optimizer: expected netlet.SGD or netlet.Adam, got {came}")


class Network(_core.Network):
    """A fully connected network: forward pass, backward pass, training.

    By default the classic from-scratch network: sigmoid on every layer, half the summed squared error, float64.

    Parameters
    ----------
    layer_sizes : sequence of int
        Inputs, hidden layers, outputs: at least two.
    activation : str or sequence of str, default "sigmoid"
        ``"identity"``, ``"sigmoid"``, ``"tanh"`` or ``"relu"`` for all hidden layers; or a list with one name for each
        layer, output included.
    output_activation : str, optional
        One of the above or ``"softmax"``. By default softmax for cross_entropy, sigmoid for binary_cross_entropy, else
        the same as `activation`.
    loss : str, default "squared_error"
        For each row, summed over the outputs: ``"squared_error"`` ``1/2 sum (output - y)**2``;
        ``"binary_cross_entropy"`` for sigmoid outputs and targets from 0 to 1; ``"cross_entropy"`` for a softmax
        output and class indices or probabilities. The cross entropies are computed from the layer's sums, so they are
        never infinite.
    reduction : str, default "sum"
        ``"sum"`` of the losses and gradients of the rows, or their ``"mean"``.
    dtype : str or numpy.dtype, default "float64"
        ``"float32"`` or ``"float64"``: of parameters, activations and results.
    init : str or array_like or sequence of (W, b), default "glorot_uniform"
        ``"glorot_uniform"`` (Glorot and Bengio 2010: uniform in ``+-sqrt(6 / (inputs + outputs))``) or
        ``"he_uniform"`` (He et al. 2015: ``+-sqrt(6 / inputs)``), biases 0; or your own values: a flat array in the
        layout of `parameters`, or a pair ``(W, b)`` for each layer.
    seed : int, optional
        From 0 to 2**64 - 1; fixes the initial values and the order of the rows. Drawn once if None; read it as
        `seed`.

    Attributes
    ----------
    parameters : numpy.ndarray, shape (n,)
        W1, b1, W2, b2, ... in one contiguous, writable buffer that never moves.
    weights, biases : tuple of numpy.ndarray
        Writable views of it: of shape (inputs, outputs), as in ``x @ W + b``, and (outputs,).
    layer_sizes : tuple of int
    activations : tuple of str
    loss_name, reduction : str
    dtype : numpy.dtype
    seed : int
    epochs_trained : int
        Epochs of `fit` so far.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described; the message names it.

    Notes
    -----
    Results depend on data, settings and seed alone: the same bits on every processor, for any number of threads and
    any batch that a row is predicted in. `netlet.reference.Network` is the specification.

    Any number of threads may call `forward` on one network at once. What changes a network (`fit`, `step`) refuses to
    run beside anything else, and anything else beside it, with a RuntimeError.

    Examples
    --------
    >>> import numpy as np
    >>> net = Network([2, 3, 1], seed=0)
    >>> net.forward([[0.0, 1.0], [1.0, 1.0]]).shape
    (2, 1)
    >>> net.weights[0].shape, net.biases[0].shape, net.parameters.shape
    ((2, 3), (3,), (13,))
    """

    def __init__(
        self,
        layer_sizes: Sequence[int],
        *,
        activation: str | Sequence[str] = "sigmoid",
        output_activation: str | None = None,
        loss: str = "squared_error",
        reduction: str = "sum",
        dtype: npt.DTypeLike = "float64",
        init: str | npt.ArrayLike | Sequence[tuple[npt.ArrayLike, npt.ArrayLike]] = "glorot_uniform",
        seed: int | None = None,
    ) -> None:
        sizes = _layer_sizes(layer_sizes)
        loss_number = _number("loss", loss, "loss")
        activations = _activations(len(sizes) - 1, activation, output_activation, loss)
        super().__init__(sizes, activations, loss_number, _number("reduction", reduction, "reduction"), dtype)
        self._seed = _seed(seed)
        if isinstance(init, str):
            self._initialize(_number("init", init, "init"), self._seed)
        else:
            self._set_parameters(init)

    def _set_parameters(self, init: Any) -> None:
        """Take the user's initial values: a flat array, or a pair (W, b) for each layer."""
        if isinstance(init, (list, tuple)) and init and all(isinstance(pair, (list, tuple)) for pair in init):
            pairs = list(init)
            if len(pairs) != len(self.weights) or any(len(pair) != 2 for pair in pairs):
                raise ValueError(f"init: expected a pair (W, b) for each of the {len(self.weights)} layers")
            for i, ((w, b), weight, bias) in enumerate(zip(pairs, self.weights, self.biases)):
                _copy_values(weight, w, f"a weight for layer {i + 1}")
                _copy_values(bias, b, f"a bias for layer {i + 1}")
        else:
            _copy_values(self.parameters, init, "a pair (W, b) for each layer, or a flat array")

    @property
    def seed(self) -> int:
        """Of the initial values and the order of the rows."""
        return self._seed

    def forward(self, x: npt.ArrayLike, *, out: Array | None = None) -> Array:
        """Compute the outputs for rows of inputs.

        Parameters
        ----------
        x : array_like, shape (rows, inputs) or (inputs,)
            An array of the network's dtype with contiguous rows is read in place; anything else is converted, a few
            rows at a time. NaN and infinity pass through.
        out : numpy.ndarray, optional
            Where to write the outputs: C-contiguous, of the network's dtype and exactly the shape of the result, with
            memory of its own.

        Returns
        -------
        numpy.ndarray, shape (rows, outputs) or (outputs,)
            `out`, if given. A row's outputs do not depend on the rows beside it.

        Raises
        ------
        ValueError, TypeError
            If `x` or `out` does not fit.
        RuntimeError
            If another thread is training the network.

        Examples
        --------
        >>> net = Network([2, 3, 1], seed=0)
        >>> net.forward([[0.0, 1.0], [1.0, 1.0]]).shape, net.forward([0.0, 1.0]).shape
        ((2, 1), (1,))
        """
        return self._forward(x, out)

    def loss(self, x: npt.ArrayLike, y: npt.ArrayLike) -> float:
        """Compute the loss over all rows.

        Parameters
        ----------
        x : array_like, shape (rows, inputs) or (inputs,)
        y : array_like
            Targets, as in `fit`.

        Returns
        -------
        float
            The sum over the rows (reduction ``"sum"``) or that divided by their number (``"mean"``).

        Raises
        ------
        ValueError, TypeError
            If `x` or `y` does not fit.
        RuntimeError
            If another thread is training the network.

        Examples
        --------
        >>> net = Network([2, 1], activation="identity", init=np.zeros(3))
        >>> net.loss([[0.0, 1.0], [1.0, 1.0]], [1.0, 2.0])
        2.5
        """
        return self._loss(x, y)

    def backward(self, x: npt.ArrayLike, y: npt.ArrayLike, *, out: Array | None = None) -> tuple[float, Array]:
        """Compute the loss over all rows and its gradient with respect to the parameters.

        Parameters
        ----------
        x : array_like, shape (rows, inputs) or (inputs,)
        y : array_like
            Targets, as in `fit`.
        out : numpy.ndarray, optional
            Where to write the gradient: C-contiguous, of the shape and dtype of `parameters`.

        Returns
        -------
        loss : float
            As of `loss`.
        gradient : numpy.ndarray, shape (n,)
            In the layout of `parameters`; reduced like the loss.

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit.
        RuntimeError
            If another thread is training the network.

        Examples
        --------
        >>> net = Network([2, 1], activation="identity", init=np.zeros(3))
        >>> net.backward([[0.0, 1.0], [1.0, 1.0]], [1.0, 2.0])
        (2.5, array([-2., -3., -3.]))
        """
        return self._backward(x, y, out)

    def step(self, x: npt.ArrayLike, y: npt.ArrayLike, optimizer: SGD | Adam) -> float:
        """Take one step of an optimizer on one batch.

        Parameters
        ----------
        x : array_like, shape (rows, inputs) or (inputs,)
        y : array_like
            Targets, as in `fit`.
        optimizer : SGD or Adam
            Keeps state of this network from its first step on.

        Returns
        -------
        float
            The loss before the update. `epochs_trained` does not count steps.

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit, or data hold NaN or infinity; nothing was changed.
        DivergenceError
            If the loss is not finite; nothing was changed.
        RuntimeError
            If another call is using the network or the optimizer.

        Examples
        --------
        >>> net = Network([2, 1], activation="identity", init=np.zeros(3))
        >>> net.step([[0.0, 1.0], [1.0, 1.0]], [1.0, 2.0], SGD(0.1))
        2.5
        >>> net.parameters
        array([0.2, 0.3, 0.3])
        """
        return self._step(x, y, _optimizer(optimizer))

    def fingerprint(self) -> str:
        """Compute SHA-256 over architecture and parameters, to compare two machines.

        Returns
        -------
        str
            64 hexadecimal digits; netlet.h describes the bytes. Seed and number of epochs are no part of them.

        Raises
        ------
        RuntimeError
            If another thread is training the network.

        Examples
        --------
        >>> Network([2, 3, 1], seed=0).fingerprint() == Network([2, 3, 1], seed=0).fingerprint()
        True
        """
        return self._fingerprint()

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
        callback: Callable[[int, History], object] | None = None,
    ) -> History:
        """Train the network.

        The loop runs in the compiled core, without the GIL, from the first to the last epoch.

        Parameters
        ----------
        x : array_like, shape (rows, inputs)
            A C-contiguous array of the network's dtype is used in place; anything else (other layouts and dtypes,
            lists, data frames, memory maps) is converted, batch by batch.
        y : array_like, shape (rows, outputs)
            Or (rows,) with one output; for cross_entropy integers of shape (rows,) are class indices.
        epochs : int
            How many times to go through all rows.
        learning_rate : float, optional
            For plain gradient descent, 0.1 by default. Not together with `optimizer`.
        batch_size : int, optional
            Rows in a batch; the last one may have fewer. By default all rows: one step an epoch.
        optimizer : SGD or Adam, optional
            Its state goes on from where it was.
        shuffle : bool, default True
            A new order of the rows in each epoch, a function of `seed` and the number of epochs trained before alone.
            One batch of all rows is never shuffled.
        seed : int, optional
            For the order; the network's own seed by default.
        callback : callable, optional
            ``callback(epoch, history)`` after each epoch; a true result ends training. ``epoch`` counts from 0 over
            the network's life. It may evaluate the network and write to its parameters.

        Returns
        -------
        History
            Losses, times and metrics of these epochs.

        Raises
        ------
        ValueError
            If an argument does not fit, or data or parameters hold NaN or infinity; nothing was changed.
        DivergenceError
            If the loss or a parameter stops being finite; the parameters of the last good epoch stay, and the
            exception's ``history`` has the epochs before.
        RuntimeError
            If another call is using the network or the optimizer.
        KeyboardInterrupt
            On Ctrl-C, between two steps; the steps done so far stay, and the exception's ``history`` has the complete
            epochs. An epoch that was cut short does not count: training on begins it again.

        Notes
        -----
        ``n`` epochs and then ``m`` more give the bits of ``n + m``.

        For regression take ``output_activation="identity"``, and bring inputs and targets to a size of about 1. Beyond
        small data ``reduction="mean"`` keeps the learning rate independent of the number of rows.

        Examples
        --------
        >>> net = Network([2, 3, 1], seed=0)
        >>> history = net.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], epochs=100, learning_rate=1.0)
        >>> bool(history.loss[-1] < history.loss[0])
        True
        """
        if optimizer is None:
            optimizer = SGD(0.1 if learning_rate is None else learning_rate)
        elif learning_rate is not None:
            raise ValueError(
                f"learning_rate: expected None beside an optimizer, which has its own, got {learning_rate!r}"
            )
        if callback is not None and not callable(callback):
            raise TypeError(f"callback: expected a function, got {type(callback).__name__}")
        epochs = _integer("epochs", epochs, 1, 2**63, "a positive integer")
        batch = 0 if batch_size is None else _integer("batch_size", batch_size, 1, 2**63, "a positive integer or None")
        order_seed = self._seed if seed is None else _seed(seed)
        history = History()
        after_epoch = None if callback is None else (lambda epoch: callback(epoch, history))
        try:
            self._fit(
                x, y, _optimizer(optimizer), epochs, batch, bool(shuffle), order_seed, history._record, after_epoch
            )
        except (_core.DivergenceError, KeyboardInterrupt) as error:
            error.history = history  # type: ignore[union-attr]  # the epochs before it
            raise
        return history

    def __eq__(self, other: object) -> bool:
        """Same architecture, loss and dtype, and the same bits in all parameters (a NaN equals a NaN)."""
        if not isinstance(other, Network):
            return NotImplemented
        return self._architecture() == other._architecture() and self.fingerprint() == other.fingerprint()

    __hash__ = None  # type: ignore[assignment]  # parameters change

    def _architecture(self) -> dict[str, Any]:
        return {
            "layer_sizes": self.layer_sizes,
            "activation": self.activations,
            "loss": self.loss_name,
            "reduction": self.reduction,
            "dtype": self.dtype.name,
        }

    def __reduce__(self) -> Any:
        state = (self._architecture(), self._copy_parameters(), self.seed, self.epochs_trained, numerics_version())
        return _restore, (type(self), *state), self.__dict__

    def __repr__(self) -> str:
        hidden, output = set(self.activations[:-1]), self.activations[-1]
        if len(hidden | {output}) == 1:
            names = f"activation={output!r}"
        elif len(hidden) == 1:
            names = f"activation={self.activations[0]!r}, output_activation={output!r}"
        else:
            names = f"activation={list(self.activations)!r}"
        return (
            f"Network({list(self.layer_sizes)}, {names}, loss={self.loss_name!r}, reduction={self.reduction!r}, "
            f"dtype={self.dtype.name!r}, seed={self.seed})"
        )


def _restore(
    cls: type[Network],
    architecture: dict[str, Any],
    parameters: Array,
    seed: int,
    epochs_trained: int,
    numerics: int,
) -> Network:
    if numerics != numerics_version():
        warnings.warn(
            f"this network was pickled under numerics version {numerics}; here it goes on under version "
            f"{numerics_version()}, which gives other bits",
            stacklevel=2,
        )
    network = cls.__new__(cls)
    Network.__init__(network, **architecture, init=parameters, seed=seed)
    network._set_epochs_trained(epochs_trained)
    return network
