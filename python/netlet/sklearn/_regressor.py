# SPDX-License-Identifier: BSD-3-Clause
"""The regressor."""

from __future__ import annotations

from numbers import Real
from typing import Any, ClassVar

import numpy as np
from scipy.special import xlogy
from sklearn.base import RegressorMixin, _fit_context
from sklearn.metrics import r2_score
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_array

from .. import functional
from .._names import LOSSES
from ..network import Network
from . import _training as training
from ._base import Array, BaseMLP, or_unchanged
from ._doc import documented

_LOSSES = {name for name, row in LOSSES.items() if "classes" not in row}


@documented
class MLPRegressor(RegressorMixin, BaseMLP):  # type: ignore[misc]
    """Multilayer perceptron regressor: scikit-learn's `MLPRegressor`, trained by netlet.

    Parameters
    ----------
    loss : str, default "squared_error"
        ``"squared_error"`` or ``"poisson"``, as in scikit-learn; or ``"absolute_error"``, ``"huber"``, ``"quantile"``,
        ``"log_cosh"``, or ``"gaussian_nll"``, which learns a standard deviation for each prediction: see
        `netlet.Network`. `hidden_layer_sizes` and `activation` may also be the first positional
        arguments, as before scikit-learn 1.7.
    {parameters}
    huber_delta : float, default 1.0
        For the loss ``"huber"``; with `standardize`, in units of the targets' standard deviation.
    quantile : float or list of float, default 0.5
        For the loss ``"quantile"``; a list gives one column of predictions per quantile, of a single target.
        `score` is R² all the same: in searches pass a `scoring` such as the pinball loss.
    {beyond}

    Attributes
    ----------
    {attributes}

    {notes}

    Examples
    --------
    >>> from netlet.sklearn import MLPRegressor
    >>> from sklearn.datasets import make_regression
    >>> from sklearn.model_selection import train_test_split
    >>> X, y = make_regression(n_samples=200, n_features=20, random_state=1)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)
    >>> model = MLPRegressor(random_state=1, max_iter=2000, tol=0.1).fit(X_train, y_train)
    >>> model.score(X_test, y_test) > 0.95
    True
    """

    huber_delta: float
    quantile: Any
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseMLP._parameter_constraints,
        "loss": [StrOptions(_LOSSES)],
        "huber_delta": [Interval(Real, 0, None, closed="neither")],
        "quantile": [Interval(Real, 0, 1, closed="neither"), list, tuple, np.ndarray],
    }

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: Any = 10,
        max_fun: int = 15000,
        huber_delta: float = 1.0,
        quantile: Any = 0.5,
        optimizer: Any = None,
        schedule: Any = None,
        dropout: Any = 0.0,
        standardize: Any = False,
        callbacks: Any = None,
        dtype: Any = "auto",
        n_threads: Any = None,
        progress: bool = False,
    ) -> None:
        if not isinstance(loss, str):  # written for scikit-learn before 1.7, where hidden_layer_sizes came first
            activation = hidden_layer_sizes if isinstance(hidden_layer_sizes, str) else activation
            loss, hidden_layer_sizes = "squared_error", loss
        self._keep(locals())

    def _validate(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        X, y = self._validated(X, y, reset, "biuf", y_numeric=True)
        return X, self._targets(y, X.dtype)

    def _targets(self, y: Any, dtype: Any) -> Array:
        if y.dtype.kind not in "fiub":
            raise ValueError(f"y: expected numbers, got {y.dtype}")
        if self.loss == "poisson" and (y < 0).any():
            raise ValueError(f"y: expected counts >= 0 for the loss 'poisson', got {y.min()}")
        # float64 stays beside float32, for the scale of the targets
        return np.asarray(y, np.result_type(y.dtype, dtype) if y.dtype.kind in "fiu" else dtype)

    def _checked_targets(self, y: Any) -> Any:
        y = check_array(y, ensure_2d=False, dtype="numeric", input_name="y")
        return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _ends(self, targets: Array) -> tuple[str, str, int, int]:
        if self.loss == "quantile" and not isinstance(self.quantile, Real) and not len(self.quantile):
            raise ValueError("quantile: expected a number or a list of numbers between 0 and 1, got []")
        columns = 1 if targets.ndim == 1 else targets.shape[1]
        if self.loss == "quantile" and not isinstance(self.quantile, Real):
            if columns > 1:
                raise ValueError(f"quantile: expected a number for {columns} targets, got a list")
            columns = len(self.quantile)
        return self.loss, "identity", columns * (2 if self.loss == "gaussian_nll" else 1), columns

    def _take(self, network: Network) -> None:
        if network.loss_name not in _LOSSES:
            raise ValueError(f"network: expected one of a loss for numbers, got one of {network.loss_name}")
        self.loss, self.n_outputs_ = network.loss_name, network._targets
        if self.loss == "quantile":
            self.quantile, self.n_outputs_ = list(network.quantiles), network.layer_sizes[-1]
        self.huber_delta = network.huber_delta

    def _rebuilt_ends(self) -> tuple[str, str]:
        return self.loss, "identity"

    def _loss_settings(self) -> dict[str, Any]:
        name = LOSSES[self.loss].get("parameter")
        return {name: getattr(self, name)} if name else {}

    def _figures(self, targets: Array, weights: Array | None) -> tuple[float, float]:
        if self.loss == "squared_error":
            return 1.0 / self.n_outputs_, 0.0
        if self.loss == "poisson":  # scikit-learn's is half the deviance
            each = (xlogy(targets, targets) - targets).reshape(len(targets), -1).sum(axis=1)
            return 1.0, float(np.average(each, weights=weights))
        return 1.0, 0.0

    def _validation_score(self, network: Network, validation: training.Rows) -> float:
        if self.loss not in ("squared_error", "poisson"):
            return -float(network.evaluate_batches(training.blocks(validation))["loss"])
        predicted = _predicted(network.loss_name, training.forward(network, validation.X))
        if not np.isfinite(predicted).all():
            return float("nan")
        return float(r2_score(validation.targets, predicted, sample_weight=validation.weights))

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Predict numbers.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)
        return_std : bool, default False
            Also return the standard deviation of each prediction; only for the loss ``"gaussian_nll"``.

        Returns
        -------
        y : ndarray, shape (n_samples,) or (n_samples, n_outputs)
            Rates for the loss ``"poisson"``, means for ``"gaussian_nll"``, quantiles for ``"quantile"``.
        std : ndarray, shape of y
            If `return_std`.
        """
        outputs = self._outputs(X)
        loss = self._held.network.loss_name  # whatever the parameter says by now
        if return_std and loss != "gaussian_nll":
            raise ValueError(
                f"return_std: expected False for the loss {loss!r}, which does not learn standard deviations"
            )
        predicted = _predicted(loss, outputs)
        if not return_std:
            return predicted
        std = functional.exp(0.5 * outputs[:, 1::2])
        return predicted, std[:, 0] if std.shape[1] == 1 else std

    @available_if(BaseMLP._check_solver)  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    @or_unchanged
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train for one epoch over the given data, starting from the current weights.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)
        y : array-like, shape (n_samples,) or (n_samples, n_outputs)
        sample_weight : array-like, shape (n_samples,), optional
            As in `fit`.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If an argument is invalid.
        """
        return self._fit(X, y, sample_weight, incremental=True)


def _predicted(loss: str, outputs: Array) -> Array:
    """Predictions of a network's outputs."""
    function = LOSSES[loss].get("predict")
    result = np.asarray(outputs if function is None else function(outputs))
    return result[:, 0] if result.shape[1] == 1 else result
