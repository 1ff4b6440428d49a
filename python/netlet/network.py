# SPDX-License-Identifier: BSD-3-Clause
"""The network: the Python interface to the compiled core."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._arguments import Elsewhere, own_names, with_hints
from ._arguments import activations as _activations
from ._arguments import integer as _integer
from ._arguments import layer_sizes as _layer_sizes
from ._arguments import name_number as _number
from ._arguments import numbers as _numbers
from ._arguments import optimizer as _optimizer
from ._arguments import seed as _seed
from ._batches import alone
from ._data import RowSource, converted, real_array, shown
from ._data import flag as _flag
from ._data import number as _real_number
from ._distributed import Distributed
from ._features import input_array, name_columns, names_of
from ._library import numerics_version
from ._names import LOSSES
from .history import History
from .optimizers import Optimizer, remember_network, warn_of_another_network

if TYPE_CHECKING:  # they take longer to import than all of netlet
    import numpy.typing as npt
    from typing_extensions import Self  # typing has it from Python 3.11 on

    from . import _training as training
    from ._metrics import Metrics
    from ._names import ActivationName, DtypeName, InitName, LossName, MissingName, OptimizerName, ReductionName
    from .batches import Batches
    from .formats.parts import Parts

    Array = npt.NDArray[Any]
    Dtype = DtypeName | npt.DTypeLike

__all__ = ["Network"]


def _labels() -> Any:
    """What deals with labels: not wanted by all, so imported on first use."""
    from . import _labels as labels

    return labels


def _copy_values(target: Array, value: Any, what: str) -> None:
    """Copy the user's initial values; `what` is what was expected."""
    array = real_array(value, "init", rows=False)
    if array.shape != target.shape:
        raise ValueError(f"init: expected {what} of shape {target.shape}, got shape {array.shape}")
    target[...] = converted(array, target.dtype)
    if np.isinf(target).any() and not np.isinf(array).any():
        raise ValueError(f"init: expected {what} within the range of {target.dtype}, got larger ones")


def _of_means(shift: Array, scale: Array) -> tuple[Array, Array]:
    """The targets' part of a scaling that is given for each mean and log variance, as it is read."""
    with np.errstate(all="ignore"):
        same = np.isclose(shift[1::2], 2 * np.log(scale[::2]), rtol=1e-6, atol=1e-6)
    if not (same & (scale[1::2] == 1)).all():
        raise ValueError(
            "output_scaling: expected shift and scale of each target; given for each output, those of a log variance "
            "must be 2 * log(scale) and 1"
        )
    return shift[::2], scale[::2]


class Network(Distributed):
    """A fully connected network: forward pass, backward pass, training.

    By default the classic from-scratch network: sigmoid on every layer, half the summed squared error, float64.

    Parameters
    ----------
    layer_sizes : sequence of int
        Inputs, hidden layers, outputs: at least two.
    activation : str or sequence of str, default "sigmoid"
        ``"identity"``, ``"sigmoid"``, ``"tanh"``, ``"relu"``, ``"leaky_relu"`` (slope 0.01), ``"elu"``,
        ``"softplus"``, ``"silu"``, ``"gelu"`` (exact), ``"hard_sigmoid"`` or ``"mish"`` (Misra 2019) for all hidden
        layers; or a list with one name for each layer, including the output layer.
    output_activation : str, optional
        One of the above or ``"softmax"``. By default softmax for cross_entropy, sigmoid for binary_cross_entropy,
        identity for poisson and gaussian_nll, otherwise the same as `activation`.
    loss : str, default "squared_error"
        For each row, summed over the outputs y with targets t; with `output_scaling` (and so with ``standardize``) both
        are on the network's scale, ``(y - shift) / scale``. ``"squared_error"``: ``1/2 (y - t)**2``;
        ``"absolute_error"``: ``|y - t|``; ``"huber"`` (Huber 1964): ``1/2 (y - t)**2`` up to `huber_delta`, and beyond
        it ``huber_delta * (|y - t| - huber_delta / 2)``; ``"poisson"``: ``exp(y) - t * y``, where y is the logarithm of
        the rate and t a count; ``"quantile"`` (Koenker and Bassett 1978): ``quantile * (t - y)`` where t > y, otherwise
        ``(1 - quantile) * (y - t)``; ``"binary_cross_entropy"`` for sigmoid outputs and targets from 0 to 1;
        ``"cross_entropy"`` for a softmax output and class indices or probabilities; ``"log_cosh"``:
        ``log(cosh(y - t))``; ``"gaussian_nll"`` (Nix and Weigend 1994): two outputs for each target, its mean y and the
        logarithm of its variance v, in turn, with ``1/2 (log(v) + (y - t)**2 / v)``, the negative log-likelihood
        without its constant. The cross entropies are computed from the layer's sums, so they are never infinite.
    reduction : str, default "sum"
        ``"sum"`` of the losses and gradients of the rows, or their ``"mean"``, weighted if there are weights: see
        `fit`'s `sample_weight`.
    dtype : str or numpy.dtype, default "float64"
        ``"float32"`` or ``"float64"``: of parameters, activations and results.
    init : str or array_like or sequence of (W, b), default "glorot_uniform"
        ``"glorot_uniform"`` (Glorot and Bengio 2010: uniform in ``+-sqrt(6 / (inputs + outputs))``) or
        ``"he_uniform"`` (He et al. 2015: ``+-sqrt(6 / inputs)``), biases 0; or your own values: a flat array in the
        layout of `parameters`, or a pair ``(W, b)`` for each layer.
    seed : int, optional
        From 0 to 2**64 - 1; determines the initial values, the order of the rows and dropout. If None, one is drawn;
        the attribute `seed` has it.
    dropout : float or sequence of float, default 0.0
        The fraction of each hidden layer's outputs that a training step drops, at least 0 and below 1; the others are
        divided by ``1 - dropout`` (Srivastava et al. 2014, inverted). One number for all hidden layers, or one for
        each. Only `fit` and `step` drop outputs; which ones depends only on seed, epoch (in `step`: the optimizer's
        steps), layer, row and unit.
    huber_delta : float, default 1.0
        For the loss ``"huber"``; on the network's scale, so that with ``standardize`` 1 is a standard deviation of the
        targets.
    quantile : float or sequence of float, default 0.5
        For the loss ``"quantile"``: between 0 and 1, one number for all outputs or one for each. The share of targets
        below the output, on any scale.

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
    dropout, quantiles : tuple of float
    huber_delta : float
    input_scaling, output_scaling : tuple of numpy.ndarray or None
        Shift and scale of each column: see the properties.
    seed : int
    epochs_trained : int
        Epochs of `fit` so far.
    classes : numpy.ndarray or None
    feature_names : list of str or None
        Of the columns of the table that `fit` got.
    metadata : dict
        Your own, saved with the network.
    provenance : dict
        What the last `fit` did: see the property.

    Raises
    ------
    ValueError, TypeError
        If an argument is not as described; the message names it.

    Notes
    -----
    Results depend only on data, settings and seed: the same bits on every processor, for any number of threads, and
    whatever rows are predicted together. `netlet.reference.Network` is the specification.

    Any number of threads may call `forward` on one network at once. Methods that change a network (`fit`, `step`) raise
    a RuntimeError while another call is using it, as does any other call while they are running.

    Examples
    --------
    >>> import numpy as np
    >>> net = Network([2, 3, 1], seed=0)
    >>> net.forward([[0.0, 1.0], [1.0, 1.0]]).shape
    (2, 1)
    >>> net.weights[0].shape, net.biases[0].shape, net.parameters.shape
    ((2, 3), (3,), (13,))
    """

    _warns = True  # of training in vain; a caller that judges by itself turns it off
    _init: InitName | None = None  # the name of the initial values, if they are not the caller's own

    @with_hints
    def __init__(
        self,
        layer_sizes: Sequence[int],
        *,
        activation: ActivationName | Sequence[ActivationName] = "sigmoid",
        output_activation: ActivationName | None = None,
        loss: LossName = "squared_error",
        reduction: ReductionName = "sum",
        dtype: Dtype = "float64",
        init: InitName | npt.ArrayLike | Sequence[tuple[npt.ArrayLike, npt.ArrayLike]] = "glorot_uniform",
        seed: int | None = None,
        dropout: float | Sequence[float] = 0.0,
        huber_delta: float = 1.0,
        quantile: float | Sequence[float] = 0.5,
        classes: Sequence[Any] | Array | None = None,
    ) -> None:
        _core.refuse_again(self)
        sizes = _layer_sizes(layer_sizes)
        loss_number = _number("loss", loss, "loss")
        activations = _activations(len(sizes) - 1, activation, output_activation, loss)
        delta = _real_number(huber_delta, "huber_delta")
        if not 0 < delta < np.inf:
            raise ValueError(f"huber_delta: expected a positive finite number, got {shown(huber_delta)}")
        of_losses = {
            "huber_delta": [delta],
            "quantile": _numbers("quantile", quantile, sizes[-1], "output") if loss == "quantile" else [],
        }
        super().__init__(
            sizes,
            activations,
            loss_number,
            _number("reduction", reduction, "reduction"),
            dtype,
            of_losses.get(LOSSES[loss].get("parameter", ""), []),
            _numbers("dropout", dropout, len(sizes) - 2, "hidden layer"),
        )
        if isinstance(init, str):
            self._initialize(_number("init", init, "init"), _seed(seed))
            self._init = init  # type: ignore[assignment]  # one of the names
        else:
            self._set_seed(_seed(seed))
            self._set_parameters(init)
        if classes is not None:
            self.classes = classes

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

    @with_hints
    def reset(self, seed: int | None = None, *, init: InitName | None = None) -> None:
        """Set the parameters to initial values and `epochs_trained` to 0, as if the network were new.

        Scalings, `classes` and `feature_names` stay: set them to None, too, to have them learned anew. An optimizer has
        state of its own: use a new one.

        Parameters
        ----------
        seed : int, optional
            From 0 to 2**64 - 1; by default the network's own, with which it gets the values that it began with.
        init : str, optional
            ``"glorot_uniform"`` or ``"he_uniform"``; by default what the network was made with, or last reset with.

        Raises
        ------
        ValueError, TypeError
            If an argument is not as described, or `init` is missing for a network that was made of given values, such
            as one that was loaded.
        RuntimeError
            If another call is using the network.

        Examples
        --------
        >>> net = Network([2, 3, 1], seed=0)
        >>> history = net.fit([[0, 1], [1, 1]], [1, 0], epochs=3)
        >>> net.reset()
        >>> net == Network([2, 3, 1], seed=0), net.epochs_trained
        (True, 0)
        """
        init = self._init if init is None else init
        if init is None:
            raise ValueError(
                f"init: expected one of the names {', '.join(_core.NAMES['init'])}, since the network was made of "
                "given values, got None"
            )
        self._initialize(_number("init", init, "init"), self.seed if seed is None else _seed(seed))
        self._init = init
        self._forget_provenance()

    @property
    def huber_delta(self) -> float:
        """Where the loss huber turns from squares to absolute values, on the network's scale; 1 for other losses."""
        return self._loss_parameters[0] if self.loss_name == "huber" else 1.0

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The quantile of each output, for the loss quantile; 1/2 for other losses."""
        return self._loss_parameters if self.loss_name == "quantile" else (0.5,) * self.layer_sizes[-1]

    @property
    def input_scaling(self) -> tuple[Array, Array] | None:
        """Shift and scale of each input, or None: the network computes with ``(x - shift) / scale``.

        Set it to a pair of arrays of shape (inputs,) or to None, or let `fit` or `learn_scaling` set it to mean and
        standard deviation. From then on it is part of the network: saved with it, and applied to all inputs, in
        float64 whatever the network's dtype.
        """
        return self._scaling(False)

    @input_scaling.setter
    def input_scaling(self, value: Any) -> None:
        self._set_pair("input_scaling", False, value, self.layer_sizes[0])

    @property
    def output_scaling(self) -> tuple[Array, Array] | None:
        """Shift and scale of each output, or None: outputs are given as ``y * scale + shift``.

        Set like `input_scaling`. Targets are scaled accordingly, and losses are measured on the network's scale. Not
        for the cross entropies and poisson. Under gaussian_nll it is set by a pair of arrays of shape (targets,): a
        target's mean gets its shift and scale, the logarithm of its variance the shift ``2 * log(scale)`` and scale
        1.
        """
        return self._scaling(True)

    @output_scaling.setter
    def output_scaling(self, value: Any) -> None:
        self._set_pair("output_scaling", True, value, self._targets)

    def _set_pair(self, name: str, outputs: bool, value: Any, count: int) -> None:
        if value is None:
            return self._set_scaling(outputs, [], [])
        try:
            shift, scale = value
        except (TypeError, ValueError):
            raise ValueError(f"{name}: expected a pair (shift, scale) or None, got {shown(value)}") from None
        column = "target" if outputs else "input"
        if outputs and count < self.layer_sizes[-1]:
            given = [real_array(part, name, rows=False) for part, name in ((shift, "shift"), (scale, "scale"))]
            if all(array.shape == (self.layer_sizes[-1],) for array in given):
                shift, scale = _of_means(*(converted(array, np.float64) for array in given))
        return self._set_scaling(
            outputs, _numbers("shift", shift, count, column), _numbers("scale", scale, count, column)
        )

    @with_hints
    def learn_scaling(
        self,
        x: npt.ArrayLike | Batches | None = None,
        y: npt.ArrayLike | None = None,
        *,
        sample_weight: npt.ArrayLike | None = None,
        missing: MissingName = "refuse",
    ) -> None:
        """Set `input_scaling` and `output_scaling` to the mean and standard deviation of each column of the data.

        A column that is constant up to rounding errors keeps the scale 1: one whose deviation is below about 1e-13 of
        its largest value, or 2.4e-7 if the values came as float32.

        Parameters
        ----------
        x : array_like, shape (rows, inputs), optional
            Or a `Batches`, which has `y` and `sample_weight` of its own: then `learn_scaling_batches` is called.
        y : array_like, shape (rows, outputs), optional
            Or (rows,) with one output; for gaussian_nll (rows, outputs / 2), or (rows,) with two outputs.
        sample_weight : array_like, shape (rows,), optional
            Weights of the rows, >= 0; without them, each row counts once.
        missing : {"refuse", "ignore"}, optional
            "ignore" leaves out targets that are NaN.

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit, neither `x` nor `y` is given, or the loss does not allow a scaling of outputs;
            nothing has changed then.

        See Also
        --------
        learn_scaling_batches : for data that does not fit in memory

        Examples
        --------
        >>> net = Network([2, 1], seed=0)
        >>> net.learn_scaling([[1.0, 5.0], [3.0, 5.0]])
        >>> net.input_scaling  # a column that never changes keeps its scale
        (array([2., 5.]), array([1., 1.]))
        """
        if isinstance(x, RowSource):
            alone(y=y, sample_weight=sample_weight)
            return self.learn_scaling_batches(x, missing=missing)
        if x is None and y is None:
            raise TypeError("x: expected x, y or both, got neither")
        if y is not None and not LOSSES[self.loss_name].get("scales_outputs"):
            raise ValueError(f"y: expected None, {self.loss_name} does not allow scaled outputs")
        given = {"x": x, "y": y}
        if x is not None and y is not None:
            x, y = input_array(x, self), real_array(y, "y")
            if x.ndim and y.ndim and len(x) != len(y):
                raise ValueError(f"y: expected {len(x)} rows, as many as x has, got {len(y)}")
        before = self.input_scaling
        try:
            if x is not None:
                self._learn_scaling(False, x, sample_weight, missing)
            if y is not None:
                self._learn_scaling(True, y, sample_weight, missing)
        except BaseException as error:
            if x is not None and y is not None:
                self.input_scaling = before
            if isinstance(error, ValueError):
                name_columns(error, self, **given)
            raise

    def forward(self, x: npt.ArrayLike, *, out: Array | None = None) -> Array:
        """Compute the outputs for rows of inputs.

        Parameters
        ----------
        x : array_like, shape (rows, inputs) or (inputs,)
            An array of the network's dtype with contiguous rows is read in place; anything else is converted, a few
            rows at a time. NaN and infinity pass through. If the network has `feature_names`, the columns of a table
            are taken by name.
        out : numpy.ndarray, optional
            Where to write the outputs: C-contiguous, of the network's dtype and exactly the shape of the result. It
            must not overlap `x` or the parameters.

        Returns
        -------
        numpy.ndarray, shape (rows, outputs) or (outputs,)
            `out`, if given. A row's outputs do not depend on the other rows.

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

    def predict(self, x: npt.ArrayLike | Batches) -> Array:
        """Predict classes or values for rows of inputs.

        Parameters
        ----------
        x : array_like, shape (rows, inputs) or (inputs,)
            Or a `Batches`, whose rows are predicted batch by batch; only the predictions need to fit in memory.

        Returns
        -------
        numpy.ndarray
            For cross_entropy the index of the largest output, shape (rows,), of dtype int64; for binary_cross_entropy
            whether each output is above 1/2, as 0 or 1; in place of these the labels of `classes`, if the network has
            them; for poisson the rates, ``exp`` of the outputs; for
            gaussian_nll the means; for other losses the outputs. Predictions of shape (rows, 1) are returned with shape
            (rows,).

        Raises
        ------
        ValueError, TypeError
            If `x` does not fit, or the outputs of a row are NaN, which is no class.
        RuntimeError
            If another thread is training the network.

        See Also
        --------
        predict_batches : for data that does not fit in memory

        Examples
        --------
        >>> net = Network([2, 2], loss="cross_entropy", init=[([[1, 0], [0, 1]], [0, 0])])
        >>> net.predict([[3.0, 1.0], [0.0, 2.0]])
        array([0, 1])
        >>> net.classes = ["ham", "spam"]
        >>> net.predict([[3.0, 1.0], [0.0, 2.0]]).tolist()
        ['ham', 'spam']
        """
        if type(x) is not np.ndarray and isinstance(x, RowSource):
            return self._predict_all(x)
        outputs = self._forward(x, None)
        loss = LOSSES[self.loss_name]
        if "classes" in loss and np.isnan(outputs).any():
            row = int(np.isnan(np.atleast_2d(outputs)).any(axis=1).argmax())
            raise ValueError(f"x: the outputs of row {row} are NaN, which is no class")
        result = np.asarray(loss["predict"](outputs) if "predict" in loss else outputs)
        if result.ndim == outputs.ndim and result.shape[-1] == 1:
            result = result[..., 0]
        return np.asarray(result if self._classes is None else _labels().of_indices(self, result))

    def predict_proba(self, x: npt.ArrayLike) -> Array:
        """Compute the probability of each class, as scikit-learn's method of that name does.

        Parameters
        ----------
        x : array_like, shape (rows, inputs) or (inputs,)

        Returns
        -------
        numpy.ndarray, shape (rows, classes) or (classes,)
            In the order of `classes`. What `forward` gives; but for binary_cross_entropy with one output y two columns,
            ``1 - y`` and ``y``.

        Raises
        ------
        ValueError, TypeError
            If `x` does not fit, or the network's loss has no classes.
        RuntimeError
            If another thread is training the network.

        Examples
        --------
        >>> net = Network([2, 1], loss="binary_cross_entropy", init=np.zeros(3))
        >>> net.predict_proba([[3.0, 1.0], [0.0, 2.0]])
        array([[0.5, 0.5],
               [0.5, 0.5]])
        """
        return np.asarray(_labels().probabilities(self.loss_name, self._forward(x, None)))

    def loss(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        sample_weight: npt.ArrayLike | None = None,
        weight_mean: float | None = None,
        missing: MissingName = "refuse",
    ) -> float:
        """Compute the loss over all rows.

        Parameters
        ----------
        x : array_like, shape (rows, inputs) or (inputs,)
        y : array_like
            Targets, as in `fit`.
        sample_weight : array_like, shape (rows,), optional
            As in `fit`.
        weight_mean : float, optional
            For rows that are a part of larger data: the mean weight of all of it. Reduction ``"mean"`` then divides by
            the number of rows times this, as `fit` does in its batches, instead of the sum of the rows' own weights.
        missing : str, default "refuse"
            ``"ignore"``: as in `fit`; without any target the loss is 0. Otherwise NaN in `y` gives NaN.

        Returns
        -------
        float
            The sum over the rows (reduction ``"sum"``), or that sum divided by their number or weight (``"mean"``). On
            the network's scale: with `output_scaling` of outputs and targets ``(y - shift) / scale``.

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit.
        RuntimeError
            If another thread is training the network.

        Examples
        --------
        >>> net = Network([2, 1], activation="identity", init=np.zeros(3))
        >>> net.loss([[0.0, 1.0], [1.0, 1.0]], [1.0, 2.0])
        2.5
        """
        if self._classes is not None:
            y = _labels().indices(self, y, missing)
        return self._loss(x, y, sample_weight, weight_mean, missing)

    @with_hints
    def evaluate(
        self,
        x: npt.ArrayLike | Batches,
        y: npt.ArrayLike | None = None,
        *,
        sample_weight: npt.ArrayLike | None = None,
        weight_mean: float | None = None,
        missing: MissingName = "refuse",
        metrics: Metrics | None = None,
    ) -> dict[str, float]:
        """Compute the loss over all rows, and the accuracy or, without classes, how far predictions are from targets.

        Parameters
        ----------
        x : array_like, shape (rows, inputs) or (inputs,)
            Or a `Batches`, which has `y` and `sample_weight` of its own: then `evaluate_batches` is called.
        y : array_like
            Targets, as in `fit`.
        sample_weight : array_like, shape (rows,), optional
            As in `fit`; the accuracy counts rows without weights.
        weight_mean : float, optional
            As in `loss`, for the loss alone.
        missing : str, default "refuse"
            As in `loss`.
        metrics : sequence of str or callable, or dict, optional
            What is wanted beside the loss, in place of the figures below: ``"accuracy"`` for the cross entropies,
            ``"rmse"``, ``"mae"`` and ``"r2"`` for other losses, or functions ``f(y, prediction)`` of `y` (classes, for
            cross_entropy) and of what `predict` gives, such as those of scikit-learn; each is named by its
            ``__name__``, or by the dict. ``"r2"`` is the coefficient of determination, averaged over the targets. With
            ``missing="ignore"`` functions get the rows that have a target; in these, NaN may remain, beside labels of
            `classes` in an array of objects.

        Returns
        -------
        dict of str to float
            ``"loss"``: on the network's scale, as in `loss`. For the cross entropies ``"accuracy"``: the share of rows
            whose class is predicted correctly; with ``missing="ignore"`` of those that have a target. For the other
            losses ``"rmse"`` and ``"mae"`` in the targets' own units: the root of the mean squared difference of
            `predict` and `y`, and the mean absolute difference, over all targets (of all columns, whatever their
            units), weighted by `sample_weight`.

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit, or all targets are missing.
        RuntimeError
            If another thread is training the network.

        See Also
        --------
        evaluate_batches : for data that does not fit in memory

        Examples
        --------
        >>> net = Network([2, 2], loss="cross_entropy", init=[([[1, 0], [0, 1]], [0, 0])])
        >>> net.evaluate([[3.0, 1.0], [0.0, 2.0]], [0, 0])["accuracy"]
        0.5
        >>> net = Network([1, 1], activation="identity", init=[([[1.0]], [0.0])])
        >>> net.output_scaling = [0.0], [10.0]
        >>> net.evaluate([[1.0], [2.0]], [10.0, 30.0])  # 10 and 20 are predicted: 1 and 2 on the network's scale
        {'loss': 0.5, 'rmse': 7.0710678118654755, 'mae': 5.0}
        >>> def worst(y, prediction):
        ...     return np.abs(y - prediction).max()
        >>> net.evaluate([[1.0], [2.0]], [10.0, 30.0], metrics=["r2", worst])
        {'loss': 0.5, 'r2': 0.5, 'worst': 10.0}
        """
        if isinstance(x, RowSource):
            alone(y=y, sample_weight=sample_weight, weight_mean=weight_mean)
            return self.evaluate_batches(x, missing=missing, metrics=metrics)
        if y is None:
            raise TypeError("y: expected targets, got None")
        if self._classes is not None:
            y = _labels().indices(self, y, missing)
        if metrics is None:
            return self._evaluate(x, y, sample_weight, weight_mean, missing)
        from . import _metrics  # not wanted by all

        wanted = _metrics.named(self.loss_name, metrics)
        own = self._evaluate(x, y, sample_weight, weight_mean, missing)
        return {"loss": own["loss"], **_metrics.figures(self, wanted, x, y, sample_weight, missing, own)}

    def backward(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike | None = None,
        *,
        output_gradient: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
        weight_mean: float | None = None,
        missing: MissingName = "refuse",
        out: Array | None = None,
    ) -> tuple[float | None, Array]:
        """Compute the loss over all rows and its gradient with respect to the parameters.

        Parameters
        ----------
        x : array_like, shape (rows, inputs) or (inputs,)
        y : array_like, optional
            Targets, as in `fit`.
        output_gradient : array_like, shape (rows, outputs), optional
            Instead of `y`: the derivative of a loss of your own with respect to the outputs that `forward` gives.
        sample_weight : array_like, shape (rows,), optional
            As in `fit`.
        weight_mean : float, optional
            As in `loss`; for the gradient as well.
        missing : str, default "refuse"
            As in `loss`.
        out : numpy.ndarray, optional
            Where to write the gradient: C-contiguous, of the shape and dtype of `parameters`.

        Returns
        -------
        loss : float or None
            As in `loss`; None for a loss of your own.
        gradient : numpy.ndarray, shape (n,)
            In the layout of `parameters`; reduced like the loss. For a loss of your own it is summed over the rows.

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
        >>> net.backward([[0.0, 1.0], [1.0, 1.0]], output_gradient=[[-1.0], [-2.0]])
        (None, array([-2., -3., -3.]))
        """
        if self._classes is not None and y is not None:
            y = _labels().indices(self, y, missing)
        return self._backward(x, y, output_gradient, sample_weight, weight_mean, missing, out)

    def input_gradient(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike | None = None,
        *,
        output_gradient: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
        missing: MissingName = "refuse",
        out: Array | None = None,
    ) -> Array:
        """Compute the gradient of each row's loss with respect to its inputs.

        Parameters
        ----------
        x, y, output_gradient, sample_weight : array_like
            As in `backward`; the weights may all be 0.
        missing : str, default "refuse"
            As in `loss`.
        out : numpy.ndarray, optional
            Where to write the result: C-contiguous, of the network's dtype.

        Returns
        -------
        numpy.ndarray, shape (rows, inputs) or (inputs,)
            For each row's own loss, never divided by the number of rows.

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit.
        RuntimeError
            If another thread is training the network.

        Examples
        --------
        >>> net = Network([2, 1], activation="identity", init=[([[2.0], [3.0]], [0.0])])
        >>> net.input_gradient([[1.0, 1.0]], [4.0])  # (5 - 4) times the weights
        array([[2., 3.]])
        """
        if self._classes is not None and y is not None:
            y = _labels().indices(self, y, missing)
        return self._input_gradient(x, y, output_gradient, sample_weight, missing, out)

    def row_gradients(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike | None = None,
        *,
        output_gradient: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
        missing: MissingName = "refuse",
        out: Array | None = None,
    ) -> Array:
        """Compute the gradient of each row's loss with respect to the parameters.

        Parameters
        ----------
        x, y, output_gradient, sample_weight : array_like
            As in `backward`; the weights may all be 0.
        missing : str, default "refuse"
            As in `loss`.
        out : numpy.ndarray, optional
            Where to write the result: C-contiguous, of the network's dtype.

        Returns
        -------
        numpy.ndarray, shape (rows, n) or (n,)
            For each row's own loss, never divided by the number of rows.

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit.
        RuntimeError
            If another thread is training the network.

        Examples
        --------
        >>> net = Network([2, 1], activation="identity", init=np.zeros(3))
        >>> net.row_gradients([[0.0, 1.0], [1.0, 1.0]], [1.0, 2.0])
        array([[ 0., -1., -1.],
               [-2., -2., -2.]])
        """
        if self._classes is not None and y is not None:
            y = _labels().indices(self, y, missing)
        return self._row_gradients(x, y, output_gradient, sample_weight, missing, out)

    def jacobian(self, x: npt.ArrayLike, *, out: Array | None = None) -> Array:
        """Compute the derivative of each output with respect to each input.

        Parameters
        ----------
        x : array_like, shape (rows, inputs) or (inputs,)
        out : numpy.ndarray, optional
            Where to write the result: C-contiguous, of the network's dtype.

        Returns
        -------
        numpy.ndarray, shape (rows, outputs, inputs) or (outputs, inputs)

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit.
        RuntimeError
            If another thread is training the network.

        Examples
        --------
        >>> net = Network([2, 1], activation="identity", init=[([[2.0], [3.0]], [0.0])])
        >>> net.jacobian([1.0, 1.0])
        array([[2., 3.]])
        """
        return self._jacobian(x, out)

    def step(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike | None,
        optimizer: Optimizer,
        *,
        output_gradient: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
        weight_mean: float | None = None,
        missing: MissingName = "refuse",
    ) -> float | None:
        """Take one step of an optimizer on one batch.

        Parameters
        ----------
        x : array_like, shape (rows, inputs) or (inputs,)
        y : array_like or None
            Targets, as in `fit`; None beside `output_gradient`.
        optimizer : Optimizer
            From its first step on it holds state that belongs to this network.
        output_gradient : array_like, shape (rows, outputs), optional
            As in `backward`; use it without dropout, since `forward` drops nothing.
        sample_weight : array_like, shape (rows,), optional
            As in `fit`.
        weight_mean : float, optional
            As in `loss`; for the gradient as well. A batch knows only its own weights: without this, those of a batch
            of one row have no effect under reduction ``"mean"``.
        missing : str, default "refuse"
            As in `fit`.

        Returns
        -------
        float or None
            The loss before the update, as in `loss`; None for a loss of your own. `epochs_trained` does not count
            steps.

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit, or the data contains NaN or infinity; nothing has changed then.
        DivergenceError
            If the loss is not finite; nothing has changed then.
        RuntimeError
            If another call is using the network or the optimizer.

        Examples
        --------
        >>> from netlet import SGD
        >>> net = Network([2, 1], activation="identity", init=np.zeros(3))
        >>> net.step([[0.0, 1.0], [1.0, 1.0]], [1.0, 2.0], SGD(0.1))
        2.5
        >>> net.parameters
        array([0.2, 0.3, 0.3])
        """
        warn_of_another_network(_optimizer(optimizer), self, 3)
        targets = y if self._classes is None or y is None else _labels().indices(self, y, missing)
        try:
            loss = self._step(x, targets, output_gradient, sample_weight, weight_mean, missing, optimizer)
        except ValueError as error:
            name_columns(error, self, x=x, y=y)
            raise
        remember_network(optimizer, self)
        return loss

    def apply_gradient(self, gradient: npt.ArrayLike, optimizer: Optimizer) -> None:
        """Take one step of an optimizer along a gradient of your own.

        Parameters
        ----------
        gradient : array_like, shape (n,)
            In the layout of `parameters`; finite. The optimizer's penalties and clipping are applied to it.
        optimizer : Optimizer
            From its first step on it holds state that belongs to this network.

        Raises
        ------
        ValueError, TypeError
            If an argument does not fit; nothing has changed then.
        RuntimeError
            If another call is using the network or the optimizer.

        Examples
        --------
        >>> from netlet import SGD
        >>> net = Network([2, 1], init=np.zeros(3))
        >>> net.apply_gradient([1.0, 2.0, 3.0], SGD(0.1))
        >>> net.parameters
        array([-0.1, -0.2, -0.3])
        """
        array = converted(real_array(gradient, "gradient", rows=False), self.dtype, order="C")
        if array.shape != self.parameters.shape:
            raise ValueError(f"gradient: expected shape {self.parameters.shape}, got {array.shape}")
        warn_of_another_network(_optimizer(optimizer), self, 3)
        self._apply_gradient(array, optimizer)
        remember_network(optimizer, self)

    def fingerprint(self) -> str:
        """Compute the SHA-256 of what `forward` and `loss` depend on, to compare results between machines.

        It covers the dtype, layer sizes, activations, loss with its setting (`huber_delta`, `quantile`) and reduction,
        all parameters, and the scaling of inputs and outputs: to the bit, but all NaN are the same, and -0 is not 0.
        Not the seed, epochs trained, dropout and the optimizer's state, on which further training depends; nor
        `classes`, `feature_names`, `metadata` and `provenance`.

        Returns
        -------
        str
            64 hexadecimal digits, in every language the same; netlet.h describes the bytes.

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

    @with_hints
    def fit(
        self,
        x: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        epochs: int,
        learning_rate: float | None = None,
        batch_size: int | None = None,
        optimizer: Optimizer | OptimizerName | None = None,
        shuffle: bool = True,
        seed: int | None = None,
        callback: Callable[[int, History], object] | None = None,
        callbacks: Sequence[Any] | None = None,
        sample_weight: npt.ArrayLike | None = None,
        class_weight: training.ClassWeight | None = None,
        validation_data: tuple[Any, ...] | Callable[[], Iterable[Any]] | Iterable[Any] | None = None,
        validation_split: float | None = None,
        patience: int | None = None,
        min_delta: float = 0.0,
        schedule: Any = None,
        resume: bool = False,
        standardize: training.Standardize = False,
        missing: MissingName = "refuse",
        metrics: Metrics | None = None,
        progress: bool = False,
        fingerprint_data: bool = False,
    ) -> History:
        """Train the network from its present parameters on: a second call continues where the first one ended.

        The loop runs in the compiled core, without the GIL, from the first to the last epoch. `reset` begins anew.

        Parameters
        ----------
        x : array_like, shape (rows, inputs)
            A C-contiguous array of the network's dtype is used in place; anything else (other layouts and dtypes,
            lists, data frames, memory maps) is converted, batch by batch. The first table of pandas, polars or Arrow
            whose columns have names gives the network its `feature_names`; later tables are read by them.
        y : array_like, shape (rows, outputs)
            Or (rows,) with one output; for cross_entropy integers of shape (rows,) are class indices. For the cross
            entropies other labels, text, booleans or integers, become `classes` of a network that is trained for the
            first time, sorted; from then on, or if the network has `classes`, they are what `y` has. For quantile the
            targets of shape (rows,) are those of all outputs; for gaussian_nll y has shape (rows, outputs / 2), or
            (rows,) with two outputs. A table `y` is read by position, whatever its columns are called. Data of
            pandas, Arrow and polars, masked arrays and objects may hold no value that is missing (masked, NA, NaT, null
            or None); for `missing` it has to be NaN.
        epochs : int
            How many times to pass through all rows.
        learning_rate : float, optional
            For plain gradient descent, 0.1 by default, or for an optimizer given by name.
        batch_size : int, optional
            Rows in a batch; the last one may have fewer. By default all rows: one step per epoch.
        optimizer : Optimizer or str, optional
            One of netlet's, such as `Adam`; they also have penalties and clipping. It continues from its state. A name,
            such as ``"adam"``, makes a new one for this call, with its defaults.
        shuffle : bool, default True
            Whether each epoch has a new order of the rows, which depends only on `seed` and on the number of epochs
            trained before. A single batch of all rows is never shuffled.
        seed : int, optional
            For the order of the rows and dropout; by default the network's own.
        callback : callable, optional
            ``callback(epoch, history)`` is called after each epoch; a true result ends training. ``epoch`` is counted
            from 0 over the network's life. The callback may evaluate the network and write to its parameters.
        callbacks : sequence, optional
            More of them: functions like `callback`, and objects such as those of `netlet.callbacks`, which may also be
            called after a number of steps: checkpoints, a CSV file, reasons to stop, a picture.
        sample_weight : array_like, shape (rows,), optional
            Weights >= 0, not all of them 0, that multiply the losses of the rows. Reduction ``"mean"`` then divides by
            the sum of the weights and, in batches that do not hold all rows, by their number of rows times the mean
            weight of all rows: a weight counts as much in small batches.
        class_weight : dict of class to float, or "balanced", optional
            Multiplies the weight of each row by that of its class, by label or index (1 for classes that are not in the
            dict, which may name classes that `y` lacks); ``"balanced"``: rows / (classes in `y` * rows of the class),
            of the rows that have a target. For the cross entropies.
        validation_data : tuple (x, y) or (x, y, sample_weight), optional
            Its loss is computed after each epoch. Or a `Batches`, or batches of such data as `fit_batches` takes them,
            for data that does not fit in memory; the figures are those of all rows together.
        validation_split : float, optional
            Between 0 and 1: the share of the rows that is taken for validation in place of `validation_data`, of each
            class alike. Which rows depends on `seed`, their number and their classes alone. The data is copied.
        patience : int, optional
            Stop after this many epochs in which the loss (that of the validation data, if any) has not improved by more
            than `min_delta`. However training ends, except by an error, the parameters of the last improvement are then
            restored: those after its epoch or, without validation data, those before it.
        min_delta : float, default 0.0
            For `patience`.
        schedule : optional
            One of `netlet.schedules`, or a function of the epoch: the factor by which the optimizer's learning rate is
            multiplied in an epoch. It begins with this call, which asks it for epoch 0, 1, ..., each when it begins;
            but a function whose first factor is 0 is asked for those that follow at once, until one is not 0.
        resume : bool, default False
            Go on with a schedule where an earlier call or a checkpoint ended: it is asked for the epochs of the
            network's life, from `epochs_trained` on. Needs the optimizer itself wherever that keeps a state.
        standardize : bool or str, default False
            Learn `input_scaling` and, for losses that allow it, `output_scaling` from the data before the first epoch,
            unless the network has them already; ``"inputs"`` or ``"outputs"``: only one of them. Losses and
            `huber_delta` are on the network's scale; `evaluate` gives errors in the targets' own units.
        missing : str, default "refuse"
            ``"refuse"``: NaN in `y` is an error. ``"ignore"``: it is a target that is missing, which adds 0 to the loss
            and to the derivatives, while ``"mean"`` still divides by all rows. For cross_entropy all probabilities of a
            row are missing or none, and class indices cannot be missing. Also for `validation_data`.
        metrics : sequence of str or callable, or dict, optional
            As in `evaluate`: computed after each epoch, for the rows and for the validation data, and recorded in the
            history. (The accuracy is always recorded, before each update.)
        progress : bool, default False
            Show how far training is, also within an epoch, on standard error: in a terminal a bar of tqdm's or, without
            tqdm, a line; in a notebook a line; otherwise at most a line a second.
        fingerprint_data : bool, default False
            Add `netlet.fingerprint` of `x`, `y` and `sample_weight` to `provenance`.

        Returns
        -------
        History
            Losses, times and metrics of these epochs.

        Raises
        ------
        ValueError
            If an argument does not fit, or data or parameters contain NaN or infinity; nothing has changed then, unless
            `schedule` gives a bad factor later.
        DivergenceError
            If the loss or a parameter stops being finite; the network keeps the parameters of the last good epoch, and
            the exception's ``history`` has the epochs up to it.
        RuntimeError
            If another call is using the network or the optimizer, or has trained the network since `y` was read, from
            which this one learned `classes` or `feature_names`.
        Exception
            Whatever a callback, a metric or a schedule raises; the steps taken so far are kept, and its ``history`` has
            the complete epochs. Before the first step nothing has changed.
        KeyboardInterrupt
            On Ctrl-C, before or after a whole step; the steps taken so far are kept, and the exception's ``history``
            has the complete epochs. An interrupted epoch does not count: when training is resumed, it starts again.

        Warns
        -----
        TrainingWarning
            If 20 epochs or more were in vain: the loss is no better than that of the best constant prediction, or it
            grew or jumps, inputs are on bad scales, or most units of a hidden layer have no slope, and little was
            learned. Not while the loss still falls by 1 % an epoch. The message has figures and advice; if it is an
            error to you, its ``history`` has the epochs. Before training, if a schedule makes the rate 0 in all epochs.

        Notes
        -----
        ``n`` epochs and then ``m`` more give the same bits as ``n + m``; `patience`, an optimizer given by name and,
        without `resume`, a `schedule` start anew with each call.

        For regression use ``output_activation="identity"``, and ``standardize=True`` unless inputs and targets are of
        order 1. For all but small data use ``reduction="mean"``, so that the learning rate does not depend on the
        number of rows.

        Examples
        --------
        >>> net = Network([2, 3, 1], seed=0)
        >>> history = net.fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], epochs=100, learning_rate=1.0)
        >>> bool(history.loss[-1] < history.loss[0])
        True
        """
        from . import _training as training  # it takes long to import, and not all who predict also train

        batch = 0 if batch_size is None else _integer("batch_size", batch_size, 1, 2**63, "a positive integer or None")
        known, given = self._known(), {"x": x, "y": y, "validation_data": validation_data}
        said = training.said_of_fit(
            batch,
            shuffle=shuffle,
            standardize=standardize,
            sample_weight=sample_weight,
            class_weight=class_weight,
            validation_data=validation_data,
            validation_split=validation_split,
        )
        if _flag("fingerprint_data", fingerprint_data):
            from ._provenance import of_data

            said["data"] = of_data(x=x, y=y, sample_weight=sample_weight)
        classes = names = None
        if type(x) is not np.ndarray:
            names = names_of(x) if self._feature_names is None else None
            x = input_array(x, self)
        if "classes" in LOSSES[self.loss_name]:
            y, validation_data, class_weight, classes = _labels().for_training(
                self, y, validation_data, class_weight, missing
            )
        if validation_split is not None:
            if validation_data is not None:
                raise ValueError("validation_split: give this or validation_data, not both")
            own = self.seed if seed is None else _seed(seed)
            try:
                x, y, sample_weight, validation_data = training.split(
                    self.loss_name, validation_split, own, x, y, sample_weight, missing
                )
            except ValueError as error:
                name_columns(error, self, **given)
                raise
        recorder = None
        if metrics is not None:
            from . import _metrics

            parts = {"": (x, y, sample_weight), "validation_": training.validation_data(validation_data)}
            recorder = _metrics.Recorder(_metrics.named(self.loss_name, metrics), parts, missing)
        if class_weight is not None:
            outputs = self.layer_sizes[-1]
            sample_weight = training.weights_of_classes(
                self.loss_name, outputs, y, class_weight, sample_weight, missing
            )
        scalings = training.standardize(self.loss_name, standardize)
        scaling, each = self.output_scaling, self.layer_sizes[-1] // self._targets
        training.warn_of_unreachable_targets(
            self.activations[-1],
            self.loss_name,
            scaling and (scaling[0][::each], scaling[1][::each]),
            scalings["standardize_outputs"],
            y,
        )
        data = {
            "x": x,
            "y": y,
            "sample_weight": sample_weight,
            "batch_size": batch,
            "shuffle": _flag("shuffle", shuffle),
        }
        return self._train(
            lambda _: {**data, **scalings},
            {
                "epochs": epochs,
                "learning_rate": learning_rate,
                "optimizer": optimizer,
                "seed": seed,
                "callback": callback,
                "callbacks": callbacks,
                "recorder": recorder,
                "validation_data": validation_data,
                "patience": patience,
                "min_delta": min_delta,
                "schedule": schedule,
                "resume": resume,
                "missing": missing,
                "progress": progress,
            },
            {"said": said, "known": known, "classes": classes, "feature_names": names, "given": given},
        )

    @with_hints
    def fit_batches(
        self,
        batches: Batches | Callable[[], Iterable[Any]] | Iterable[Any],
        *,
        epochs: int,
        learning_rate: float | None = None,
        optimizer: Optimizer | OptimizerName | None = None,
        seed: int | None = None,
        callback: Callable[[int, History], object] | None = None,
        callbacks: Sequence[Any] | None = None,
        validation_data: tuple[Any, ...] | Callable[[], Iterable[Any]] | Iterable[Any] | None = None,
        patience: int | None = None,
        min_delta: float = 0.0,
        schedule: Any = None,
        resume: bool = False,
        standardize: training.Standardize = False,
        class_weight: training.ClassWeight | None = None,
        shuffle_buffer: int | None = None,
        weight_mean: float | None = None,
        missing: MissingName = "refuse",
        metrics: Metrics | None = None,
        progress: bool = False,
    ) -> History:
        """Train the network from its present parameters on, with batches that arrive one by one.

        For data that does not fit in memory. A second call continues where the first one ended, as in `fit`.

        Parameters
        ----------
        batches : Batches, callable or iterable
            A `Batches`, which reads files; a function that returns an iterator over the batches of an epoch, such as a
            generator function; or an iterable that can be iterated over repeatedly. A batch is (x, y) or (x, y,
            sample_weight), as in `fit`; it is checked when it arrives, and may have any number of rows. `classes` are
            not learned here, and `feature_names` only from a `Batches` that has names: set them, and batches may have
            labels and tables.
        epochs, learning_rate, optimizer, seed, callback, callbacks, validation_data, patience, min_delta
            As in `fit`.
        standardize : bool or str, default False
            As in `fit`, with the same bits; it passes over the batches twice before the first epoch.
        class_weight : dict of int to float, or "balanced", optional
            As in `fit`; it passes over the batches once before the first epoch to count, and under reduction ``"mean"``
            again for the mean weight.
        shuffle_buffer : int, optional
            Put the batches of each epoch in a new order: so many of them are held in memory, one of which is drawn
            for each step. It depends only on `seed` and the epoch, like `fit`'s order of the rows. The rows of a batch
            stay together. What is held are copies, so that a source may fill the same arrays again.
        weight_mean : float, optional
            The mean weight of the data. Reduction ``"mean"`` divides a batch's gradient by its number of rows times
            this; otherwise by the sum of its own weights, so that those of a batch of one row have no effect.
        metrics : sequence of str or callable, or dict, optional
            As in `fit`, but for the validation data alone: `evaluate_batches` computes them over other batches.
        schedule, resume, missing, progress
            As in `fit`.

        Returns
        -------
        History

        Raises
        ------
        ValueError, TypeError
            If an argument or a batch does not fit; the steps before a bad batch are kept.
        Exception
            Whatever `batches` raises; the steps taken so far are kept.
        DivergenceError, RuntimeError, KeyboardInterrupt
            As in `fit`.

        Warns
        -----
        TrainingWarning
            If the loss grew a hundredfold, or, before training, if a schedule makes the rate 0 in all epochs. Nothing
            else is looked at, as batches are not kept.

        Examples
        --------
        >>> def batches():
        ...     for start in (0, 10):
        ...         x = np.arange(start, start + 10)[:, None] / 20
        ...         yield x, 2 * x
        >>> net = Network([1, 1], activation="identity", reduction="mean", seed=0)
        >>> history = net.fit_batches(batches, epochs=1000)
        >>> net.weights[0].round(2)
        array([[2.]])
        """
        from . import _passes  # not wanted by all
        from . import _training as training
        from ._sources import rows_in

        known = self._known()
        names = batches.columns if isinstance(batches, RowSource) and self._feature_names is None else None
        given: dict[str, Any] = {"validation_data": validation_data}
        if self._classes is not None:
            validation_data = _labels().of_validation(self, validation_data, missing)
        recorder = None
        if metrics is not None:
            from . import _metrics

            held = training.validation_data(validation_data)
            if held is None:
                raise ValueError(
                    "metrics: expected validation_data, for which they are computed; evaluate_batches computes them "
                    "over the batches of training"
                )
            recorder = _metrics.Recorder(_metrics.named(self.loss_name, metrics), {"validation_": held}, missing)
        said = {
            "method": "fit_batches",
            "standardize": standardize,
            "class_weight": dict(class_weight) if isinstance(class_weight, dict) else class_weight,
            "shuffle_buffer": shuffle_buffer,
            "weight_mean": weight_mean,
        }
        return self._train(
            lambda look: _passes.of_epochs(
                self,
                batches,
                epochs=epochs,
                seed=seed,
                standardize=standardize,
                class_weight=class_weight,
                shuffle_buffer=shuffle_buffer,
                weight_mean=weight_mean,
                missing=missing,
                look=look,
                given=given,
            ),
            {
                "epochs": epochs,
                "learning_rate": learning_rate,
                "optimizer": optimizer,
                "seed": seed,
                "callback": callback,
                "callbacks": callbacks,
                "recorder": recorder,
                "validation_data": validation_data,
                "patience": patience,
                "min_delta": min_delta,
                "schedule": schedule,
                "resume": resume,
                "missing": missing,
                "progress": progress,
            },
            {"said": said, "known": known, "feature_names": names, "given": given},
            rows={"training": rows_in(batches)},
        )

    def _train(
        self,
        data: Callable[[Any], dict[str, Any]],
        options: training.Options,
        notes: dict[str, Any],
        led: Callable[[dict[str, Any], Optimizer, History], dict[str, Any]] | None = None,
        *,
        rows: dict[str, int] | None = None,
    ) -> History:
        """Train on `data`, settings for where the core gets rows from: a function of what shows the progress.

        `notes`: for `_noting`. `led`: what replaces settings where somebody else leads the training. `rows`: how many,
        as far as that is known, for the display.
        """
        from . import _training as training

        history = History()
        optimizer, callbacks, settings = training.settings(options, self, history)
        warn_of_another_network(optimizer, self, 5)
        if settings["schedule"] is not None:
            training.warn_of_finished_schedule(self, settings, optimizer)
        if led is not None:
            settings |= led(settings, optimizer, history)
        steps = optimizer.steps
        validation_batches = settings["next_validation_batch"]
        known_rows = {**(rows or {}), "validation": validation_batches.rows if validation_batches else 0}
        try:
            with (
                self._noting(history, optimizer, options, **notes),
                training.display(options["progress"], settings["epochs"], history, self.reduction, known_rows) as look,
                training.running(callbacks, history, self, optimizer),
            ):
                settings |= {**data(look), "record": history._record, "progress": look}
                if validation_batches:
                    validation_batches.given = notes["given"]
                for reader in (settings["next_batch"], validation_batches):
                    if look and reader:
                        reader.tick = look
                self._fit(optimizer, settings)
                remember_network(optimizer, self)
        except BaseException as error:
            ended = isinstance(error, (_core.DivergenceError, KeyboardInterrupt))
            if ended or len(history) or optimizer.steps != steps:
                with contextlib.suppress(AttributeError):
                    error.history = history  # type: ignore[attr-defined]  # the epochs before it
            raise
        finally:
            for reader in (settings["next_batch"], validation_batches):
                if reader:
                    reader.close()
        training.warn_of_failure(self, history, settings)
        return history

    if not TYPE_CHECKING:  # what others call it; no attributes to type checkers either
        score = Elsewhere("here it is evaluate(x, y)")
        train = Elsewhere("here it is fit(x, y, epochs=...)")
        train_on_batch = Elsewhere("here it is step(x, y, optimizer)")
        partial_fit = Elsewhere("here it is fit(x, y, epochs=1), which continues, or fit_batches")
        compile = Elsewhere("loss= is an argument of Network, optimizer= and metrics= are those of fit")
        transform = Elsewhere("here it is forward(x), or layer_outputs(x)")
        predict_log_proba = Elsewhere("here it is netlet.functional.log(predict_proba(x))")
        coefs_ = Elsewhere("here it is weights")
        intercepts_ = Elsewhere("here it is biases")
        classes_ = Elsewhere("here it is classes")
        feature_names_in_ = Elsewhere("here it is feature_names")
        n_iter_ = Elsewhere("here it is epochs_trained")
        loss_curve_ = Elsewhere("fit returns a History, which has it as loss")
        history = Elsewhere("fit returns a History")
        layers = Elsewhere("here they are layer_sizes, weights, biases and activations")
        get_weights = Elsewhere("here it is parameters.copy()")
        set_weights = Elsewhere("here it is parameters[:] = ...")
        state_dict = Elsewhere("here it is parameters.copy(), or save(path)")
        load_state_dict = Elsewhere("here it is parameters[:] = ..., or Network.load(path)")
        count_params = Elsewhere("here it is parameters.size")

    __dir__ = own_names

    def __eq__(self, other: object) -> bool:
        """Whether architecture, loss, dtype and the bits of all parameters are the same (NaN equals NaN)."""
        if not isinstance(other, Network):
            return NotImplemented
        return self._architecture() == other._architecture() and self.fingerprint() == other.fingerprint()

    __hash__ = None  # type: ignore[assignment]  # parameters change

    def _architecture(self) -> dict[str, Any]:
        """The arguments that make two networks the same kind of function."""
        return {
            "layer_sizes": self.layer_sizes,
            "activation": self.activations,
            "loss": self.loss_name,
            "reduction": self.reduction,
            "dtype": self.dtype.name,
            **self._loss_settings(),
        }

    @classmethod
    def _from_parts(cls, parts: Parts) -> Self:
        arguments: dict[str, Any] = {
            "activation": parts.activations,
            "loss": parts.loss,
            "reduction": parts.reduction,
            "dtype": parts.dtype,
            "dropout": parts.dropout,
            "init": list(zip(parts.weights, parts.biases)),
            **parts.loss_settings,
        }
        network = cls(parts.layer_sizes, seed=0, **arguments)
        network.input_scaling, network.output_scaling = parts.input_scaling, parts.output_scaling
        network.classes, network.feature_names = parts.classes, parts.feature_names
        return network

    def __reduce__(self) -> Any:
        parameters, epochs_trained, *scaling = self._snapshot()
        state = {
            "numerics": numerics_version(),
            "arguments": {**self._architecture(), "seed": self.seed, "dropout": self.dropout},
            "parameters": parameters,
            "epochs_trained": epochs_trained,
            "scaling": scaling,
            "notes": [self._note(kind) for kind in range(3)],
        }
        elsewhere = ("_classes", "_feature_names", "_learning", "_fits")  # in the notes, or of a running fit
        own = {name: value for name, value in self.__dict__.items() if name not in elsewhere}
        return _restore, (type(self), state), own

    def __repr__(self) -> str:
        hidden, output = set(self.activations[:-1]), self.activations[-1]
        if len(hidden | {output}) == 1:
            names = f"activation={output!r}"
        elif len(hidden) == 1:
            names = f"activation={self.activations[0]!r}, output_activation={output!r}"
        else:
            names = f"activation={list(self.activations)!r}"
        extras = self._loss_settings()
        if any(self.dropout):
            extras["dropout"] = self.dropout
        ends = [f", {name}={list(value) if isinstance(value, tuple) else value}" for name, value in extras.items()]
        return (
            f"Network({list(self.layer_sizes)}, {names}, loss={self.loss_name!r}, reduction={self.reduction!r}, "
            f"dtype={self.dtype.name!r}, seed={self.seed}{''.join(ends)})"
        )


def _restore(cls: type[Network], state: dict[str, Any]) -> Network:
    if state["numerics"] != numerics_version():
        warnings.warn(
            f"this network was pickled under numerics version {state['numerics']}; from here on it uses version "
            f"{numerics_version()}, which gives different bits",
            stacklevel=2,
        )
    network = cls.__new__(cls)
    Network.__init__(network, **state["arguments"], init=state["parameters"])
    network._set_epochs_trained(state["epochs_trained"])
    network.input_scaling, network.output_scaling = state["scaling"]
    for kind, text in enumerate(state.get("notes", [])):  # pickles made before there were notes have none
        if not isinstance(text, (str, type(None))):
            raise ValueError(f"the network's notes are not as netlet writes them: expected text, got {shown(text)}")
        network._set_note(kind, text)
    network._read_notes()
    return network
