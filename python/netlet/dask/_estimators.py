# SPDX-License-Identifier: BSD-3-Clause
"""The estimators of `netlet.sklearn` on Dask data: these learn of the data what the others do, from its workers."""

from __future__ import annotations

import copy
import inspect
from typing import Any, NamedTuple, TypeVar

import numpy as np
from distributed import Client
from sklearn.base import _clone_parametrized

from .. import sklearn
from .._labels import weights_by_index
from ..network import Network
from ..reference import sums
from ..sklearn import _training as training
from . import _tasks as tasks
from ._fit import Data, connected, trained
from ._predict import mapped
from ._rows import is_of_dask

T = TypeVar("T", bound=type)
Array = np.ndarray[Any, Any]

_BATCH_ROWS = 8192  # of batch_size="auto": enough blocks for many workers


class Sheet(NamedTuple):
    """In place of an array: its shape and dtype, and where its rows are."""

    shape: tuple[int, ...]
    dtype: Any
    data: Data
    rows: Array | None  # the numbers of those that are trained on, unless all are
    weigh: Any

    @property
    def ndim(self) -> int:
        """How many dimensions."""
        return len(self.shape)

    def block_sums(self, what: str, dtype: Any) -> float:
        """A sum over all rows, in the core's order."""
        found = self.data.dealt(None, self.rows, self.weigh).ask(tasks.block_sums, what, dtype)
        return float(sums.tree([each for of_share in found for each in of_share]))


class OnDask(sklearn._base.BaseMLP):
    """What both estimators do differently."""

    client: Any

    def _fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None, incremental: bool = False
    ) -> Any:
        first = self._checked_settings(incremental)
        if not self._stochastic():
            raise ValueError("solver: expected 'adam' or 'sgd' for Dask data, got 'lbfgs'")
        if self.early_stopping and validation_data is None:
            raise ValueError("early_stopping: expected False, or validation_data in fit, for Dask data")
        with connected(self.client) as client:
            rows = self._read(client, X, y, sample_weight, first)
            return self._fit_rows(rows, validation_data, first, incremental)

    def _read(self, client: Client, X: Any, y: Any, sample_weight: Any, first: bool) -> training.Rows:
        """Data on the workers, of which what an estimator knows is learned."""
        names = None if first else getattr(self, "feature_names_in_", None)
        known = None if names is None else list(names)
        reading = tasks.Reading(self._loss(), (), "refuse", None, known, floats=True)
        data = Data(client, None, X, y, sample_weight, reading)
        x, targets, *weight = data.columns
        self._know_features(x.shape[0], x.found[0].names if known is None else known, first)
        shape = () if targets.shape == (1,) else targets.shape
        self._learn_targets(targets.values(), first)
        if x.dtype not in self._dtypes():
            x.dtype = self._dtypes()[0]
        dummy = Sheet((x.rows, *shape), targets.dtype, data, None, None)
        loss, _, outputs, _ = self._ends(dummy)  # type: ignore[arg-type]
        data.reading = reading._replace(
            loss_name=loss, layer_sizes=(x.shape[0], outputs), classes=self._labels_of_targets()
        )
        weigh = self._weigh(data)
        some = self._weighted_rows(data, weight, weigh)
        count = x.rows if some is None else len(some)
        sheet = Sheet((count, x.shape[0]), x.dtype, data, some, weigh)
        weights = sheet if weight or weigh is not None else None
        return training.Rows(sheet, sheet._replace(shape=(count, *shape)), weights)  # type: ignore[arg-type]

    def _know_features(self, count: int, names: list[str] | None, first: bool) -> None:
        if not first and count != self.n_features_in_:
            raise ValueError(
                f"X has {count} features, but {type(self).__name__} is expecting {self.n_features_in_} features as "
                "input"
            )
        self.n_features_in_ = count
        self.__dict__.pop("feature_names_in_", None)
        if names is not None:
            self.feature_names_in_ = np.array(names, dtype=object)

    def _weighted_rows(self, data: Data, weight: list[Any], weigh: Any) -> Array | None:
        """The numbers of the rows that have a weight, which alone take a place in a batch; None: all have."""
        least = [column.values().min() for column in weight]
        if weigh is not None:
            least.append(weigh[2].min())
        if all(each > 0 for each in least):
            return None
        some = np.concatenate(data.dealt(weigh=weigh).ask(tasks.weighted_rows))
        if not len(some):
            raise ValueError("sample_weight: expected a weight above zero, got zero for all rows")
        return some

    # what the two estimators do differently

    def _loss(self) -> str:
        raise NotImplementedError

    def _learn_targets(self, values: Any, first: bool) -> None:
        """Learn of the different values of y, or of the least and the largest one."""

    def _labels_of_targets(self) -> Any:
        return None

    def _weigh(self, data: Data) -> Any:
        return None

    # of `BaseMLP`

    def _divided(self, rows: training.Rows, validation_data: Any, random: Any) -> Any:
        if validation_data is not None:
            validation_data = tuple(each.compute() if is_of_dask(each) else each for each in validation_data)
        return super()._divided(rows, validation_data, random) if validation_data is not None else (rows, None)

    def _batch_rows(self, n: int) -> int:
        return min(_BATCH_ROWS, n) if self.batch_size == "auto" else super()._batch_rows(n)

    def _mean_weight(self, network: Network, rows: training.Rows) -> float:
        if rows.weights is None:
            return 1.0
        sheet: Any = rows.X
        return float(sheet.block_sums("weights", network.dtype) / sheet.shape[0])

    def _train(self, network: Network, rows: training.Rows, batch: int, options: dict[str, Any]) -> None:
        sheet: Any = rows.X
        data = sheet.data
        data.network = network
        if self.shuffle and batch < sheet.shape[0]:
            raise ValueError(
                "shuffle: expected False for Dask data in batches, which is taken in its own order, got True"
            )
        trained(data, None if batch >= sheet.shape[0] else batch, sheet.rows, sheet.weigh, None, **options)

    # predictions

    def _mapped(self, method: str, X: Any, columns: Any = None) -> Any:
        """What a method gives for a collection of Dask, when it is asked for."""
        plain = copy.copy(self)
        plain.__dict__.pop("_optimizer", None)  # what tasks need not have
        sample: Any = np.zeros((1, self.n_features_in_))
        if hasattr(self, "feature_names_in_"):
            import pandas as pd

            sample = pd.DataFrame(sample, columns=self.feature_names_in_)
        return mapped(plain, method, X, sample, columns)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "client": None}  # a client belongs to its process

    def __sklearn_clone__(self) -> Any:
        client, self.client = self.client, None
        try:
            clone = _clone_parametrized(self)
        finally:
            self.client = client
        clone.client = client
        return clone


def on_dask(cls: T) -> T:
    """Give an estimator the parameters of that of `netlet.sklearn`, and `client`."""
    base: Any = cls.__mro__[2]
    given = inspect.signature(base.__init__)
    parameters = [p.replace(default=False) if name == "shuffle" else p for name, p in given.parameters.items()]
    client = inspect.Parameter("client", inspect.Parameter.KEYWORD_ONLY, default=None)
    signature = given.replace(parameters=[*parameters, client])

    def __init__(self: Any, *args: Any, **options: Any) -> None:  # noqa: N807
        bound = signature.bind(self, *args, **options)
        bound.apply_defaults()
        arguments = dict(bound.arguments)
        self.client = arguments.pop("client")
        base.__init__(**arguments)

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    __init__.__qualname__ = f"{cls.__qualname__}.__init__"
    cls.__init__ = __init__  # type: ignore[misc]
    cls._parameter_constraints = {**base._parameter_constraints, "client": [Client, None]}  # type: ignore[attr-defined]
    return cls


@on_dask
class MLPClassifier(OnDask, sklearn.MLPClassifier):
    """Multilayer perceptron classifier for Dask data.

    Parameters are those of `netlet.sklearn.MLPClassifier`, and `client`. The solver is ``"adam"`` or ``"sgd"``;
    `shuffle` is False by default, as batches follow the order of the data, and ``batch_size="auto"`` means 8,192
    rows; `early_stopping` needs ``validation_data`` in `fit`, which the calling process fetches and scores.

    Parameters
    ----------
    client : distributed.Client, optional
        By default the present one or, without one, a cluster of this machine for the time of a `fit`. Clones have it,
        pickles do not.

    Notes
    -----
    `fit` takes what `netlet.dask.fit` takes, `predict` and `predict_proba` also Dask collections, for which they
    return lazy ones. The weights are those of `netlet.sklearn.MLPClassifier` with the same parameters, on one machine,
    to the bit.

    Examples
    --------
    >>> import dask.array as da
    >>> from netlet.dask import MLPClassifier
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> X, y = da.from_array(X, (50, 4)), da.from_array(y, 50)
    >>> model = MLPClassifier(learning_rate_init=0.05, tol=1e-3, random_state=0).fit(X, y)
    >>> model.predict(X)
    dask.array<predicted, shape=(150,), dtype=int64, chunksize=(50,), chunktype=numpy.ndarray>
    >>> bool((model.predict(X) == y).mean() > 0.95)
    True
    """

    def _loss(self) -> str:
        return "cross_entropy"

    def _learn_targets(self, values: Any, first: bool) -> None:
        if first:
            self._learn_classes(values)
        else:
            self._check_classes(values)

    def _labels_of_targets(self) -> Any:
        return None if self._labels == "multilabel-indicator" else self.classes_

    def _weigh(self, data: Data) -> Any:
        if self.class_weight is None:
            return None
        if self._labels == "multilabel-indicator":
            raise ValueError("class_weight: expected None for several labels of a row")
        weight = self.class_weight
        if isinstance(weight, dict):
            weight = weights_by_index(weight, self.classes_)
        data.reading = data.reading._replace(classes=self.classes_)
        return data.weigh_indices(weight, None)

    def predict(self, X: Any) -> Any:
        """Predict labels.

        Parameters
        ----------
        X : array-like, or Dask collection, shape (n_samples, n_features)

        Returns
        -------
        ndarray, or Dask array or series
            Labels from `classes_`.
        """
        return self._mapped("predict", X) if is_of_dask(X) else super().predict(X)

    def predict_proba(self, X: Any) -> Any:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like, or Dask collection, shape (n_samples, n_features)

        Returns
        -------
        ndarray, or Dask array or data frame
            In the order of `classes_`, which are the columns of a data frame.
        """
        return self._mapped("predict_proba", X, self.classes_) if is_of_dask(X) else super().predict_proba(X)


@on_dask
class MLPRegressor(OnDask, sklearn.MLPRegressor):
    """Multilayer perceptron regressor for Dask data.

    Parameters are those of `netlet.sklearn.MLPRegressor`, and `client`. The solver is ``"adam"`` or ``"sgd"``;
    `shuffle` is False by default, as batches follow the order of the data, and ``batch_size="auto"`` means 8,192
    rows; `early_stopping` needs ``validation_data`` in `fit`, which the calling process fetches and scores.

    Parameters
    ----------
    client : distributed.Client, optional
        By default the present one or, without one, a cluster of this machine for the time of a `fit`. Clones have it,
        pickles do not.

    Notes
    -----
    `fit` takes what `netlet.dask.fit` takes, `predict` also Dask collections, for which it returns lazy ones. The
    weights are those of `netlet.sklearn.MLPRegressor` with the same parameters, on one machine, to the bit.

    Examples
    --------
    >>> import dask.array as da
    >>> from netlet.dask import MLPRegressor
    >>> X = da.linspace(0, 6, 2000, chunks=500)[:, None]
    >>> model = MLPRegressor(standardize=True, learning_rate_init=0.03, tol=1e-3, random_state=0)
    >>> y = model.fit(X, da.sin(X[:, 0])).predict(X)
    >>> bool(abs(y - da.sin(X[:, 0])).mean() < 0.1)
    True
    """

    def _loss(self) -> str:
        return self.loss

    def _learn_targets(self, values: Any, first: bool) -> None:
        if self.loss == "poisson" and values.min() < 0:
            raise ValueError(f"y: expected counts >= 0 for the loss 'poisson', got {values.min()}")

    def _figures(self, targets: Array, weights: Array | None) -> tuple[float, float]:
        if self.loss != "poisson":
            return super()._figures(targets, weights)
        sheet: Any = targets
        total = sheet.shape[0] if weights is None else sheet.block_sums("weights", np.float64)
        return 1.0, sheet.block_sums("poisson", np.float64) / total

    def predict(self, X: Any, return_std: bool = False) -> Any:
        """Predict numbers.

        Parameters
        ----------
        X : array-like, or Dask collection, shape (n_samples, n_features)
        return_std : bool, default False
            As in `netlet.sklearn.MLPRegressor`; not for collections.

        Returns
        -------
        ndarray, or Dask array, series or data frame
            As in `netlet.sklearn.MLPRegressor`.
        """
        if not is_of_dask(X):
            return super().predict(X, return_std)
        if return_std:
            raise ValueError("return_std: expected False for a Dask collection")
        return self._mapped("predict", X)
