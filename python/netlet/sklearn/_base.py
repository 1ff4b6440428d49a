# SPDX-License-Identifier: BSD-3-Clause
"""What both estimators share: parameters, the network behind the fitted attributes, fit and outputs."""

from __future__ import annotations

import copy
import functools
import inspect
import math
import operator
import threading
import warnings
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, _fit_context, is_classifier
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state, column_or_1d
from sklearn.utils._param_validation import Interval, Options, StrOptions, validate_parameter_constraints
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, check_is_fitted, validate_data

from .. import _core, schedules
from .._names import ACTIVATIONS, LOSSES
from ..network import Network
from ..optimizers import OPTIMIZERS, Optimizer
from . import _training as training
from ._threads import limited

Array = np.ndarray[Any, Any]

# scikit-learn's names of activations, and netlet's own
TO_NETLET = {row.get("sklearn", name): name for name, row in ACTIVATIONS.items()} | {name: name for name in ACTIVATIONS}
FROM_NETLET = {name: row.get("sklearn", name) for name, row in ACTIVATIONS.items()}
_HIDDEN = set(TO_NETLET) - {"softmax"}
_DTYPES = (np.dtype(np.float64), np.dtype(np.float32))
_STOCHASTIC = ("sgd", "adam")


class _OwnRandom(threading.local):
    """A RandomState for each thread, as to make one takes as long as a small fit: the system is asked for entropy."""

    def __init__(self) -> None:
        self.random = np.random.RandomState(0)


_OWN = _OwnRandom()


def _seeded(random_state: Any) -> np.random.RandomState:
    """What `check_random_state` returns, for use until the next call in the same thread."""
    if type(random_state) is not int:
        return check_random_state(random_state)  # type: ignore[no-any-return]
    _OWN.random.seed(random_state)
    return _OWN.random


def or_unchanged(fit: Any) -> Any:
    """After an error, an estimator and its network are what they were before."""

    @functools.wraps(fit)
    def wrapped(self: Any, *arguments: Any, **options: Any) -> Any:
        before: dict[str, Any] = {
            name: list(value) if type(value) is list else value for name, value in vars(self).items()
        }
        network: Any = before["_held"].network if "_held" in before else None
        kept = None if network is None else network._snapshot()
        try:
            return fit(self, *arguments, **options)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            if kept is not None:
                network.parameters[:] = kept[0]
                network._set_epochs_trained(kept[1])
                network.input_scaling, network.output_scaling = kept[2:]
            raise

    return wrapped


class BaseMLP(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Base class of both estimators."""

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions(_HIDDEN), list, tuple],
        "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
        "max_fun": [Interval(Integral, 1, None, closed="left")],
        "optimizer": [StrOptions(set(OPTIMIZERS)), Optimizer, None],
        "schedule": [
            schedules.StepDecay,
            schedules.ExponentialDecay,
            schedules.CosineDecay,
            schedules.ReduceOnPlateau,
            callable,
            None,
        ],
        "dropout": [Interval(Real, 0, 1, closed="left"), list, tuple],
        "standardize": ["boolean", StrOptions({"inputs", "outputs"})],
        "callbacks": [list, tuple, None],
        "dtype": [StrOptions({"auto", "float32", "float64"}), type, np.dtype],
        "n_threads": [Interval(Integral, 1, None, closed="left"), None],
        "progress": ["boolean"],
    }

    hidden_layer_sizes: Any
    activation: Any
    solver: str
    alpha: float
    batch_size: Any
    learning_rate: str
    learning_rate_init: float
    power_t: float
    max_iter: int
    loss: str
    shuffle: bool
    random_state: Any
    tol: float
    verbose: Any
    warm_start: bool
    momentum: float
    nesterovs_momentum: bool
    early_stopping: bool
    validation_fraction: float
    beta_1: float
    beta_2: float
    epsilon: float
    n_iter_no_change: Any
    max_fun: int
    optimizer: Any
    schedule: Any
    dropout: Any
    standardize: Any
    callbacks: Any
    dtype: Any
    n_threads: Any
    progress: bool

    def _keep(self, arguments: dict[str, Any]) -> None:
        """Keep the constructor's arguments as they are, which scikit-learn asks for."""
        for name, value in arguments.items():
            if name not in ("self", "__class__"):
                setattr(self, name, value)

    @classmethod
    @functools.cache
    def _defaults(cls) -> dict[str, Any]:
        own = next(
            each for each in cls.__mro__ if "_parameter_constraints" in vars(each)
        )  # not of a subclass's defaults
        return {name: each.default for name, each in inspect.signature(own).parameters.items()}

    def _validate_params(self) -> None:
        """Validate what is not at its default, as to validate all would take as long as some epochs."""
        given = {
            name: getattr(self, name)
            for name, default in self._defaults().items()
            if getattr(self, name) is not default
        }
        validate_parameter_constraints(self._parameter_constraints, given, caller_name=type(self).__name__)

    # what the two estimators do differently

    def _validate(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        """X and y as scikit-learn checks them, y as the network's targets; learns classes."""
        raise NotImplementedError

    def _targets(self, y: Any, dtype: Any) -> Array:
        """Checked y as the network's targets, numbers in this dtype."""
        raise NotImplementedError

    def _checked_targets(self, y: Any) -> Any:
        """Y of validation data, as `_validate` checks that of training."""
        raise NotImplementedError

    def _ends(self, targets: Array) -> tuple[str, str, int, int]:
        """Loss, output activation, outputs of the network, and `n_outputs_`."""
        raise NotImplementedError

    def _loss_settings(self) -> dict[str, Any]:
        """The arguments of `Network` that belong to the loss."""
        return {}

    def _figures(self, targets: Array, weights: Array | None) -> tuple[float, float]:
        """What the network's loss is multiplied by, and what is added, to be scikit-learn's."""
        return 1.0, 0.0

    def _validation_score(self, network: Network, validation: training.Rows) -> float:
        """What early stopping looks at."""
        raise NotImplementedError

    # the network behind coefs_ and intercepts_

    def _current(self) -> Network:
        """The network, with what the caller may have put in place of items of `coefs_` and `intercepts_`."""
        held = self.__dict__.get("_held")
        given = [*self.coefs_, *self.intercepts_]
        if held is not None and len(held.views) == len(given) and all(map(_same, held.views, given)):
            network: Network = held.network
            return network
        weights, biases = self._given()
        return self._hold(self._rebuilt(weights), [*weights, *biases])

    def _given(self) -> tuple[list[Array], list[Array]]:
        """Copies of `coefs_` and `intercepts_`, as they may be views of each other."""
        try:
            weights, biases = ([np.array(each, float) for each in values] for values in (self.coefs_, self.intercepts_))
        except (TypeError, ValueError) as error:
            raise ValueError(f"coefs_, intercepts_: expected lists of arrays of numbers; {error}") from None
        shapes = [each.shape for each in weights]
        follow = all(len(shape) == 2 for shape in shapes) and all(one[1] == then[0] for one, then in pairwise(shapes))
        if not shapes or not follow or [each.shape for each in biases] != [shape[1:] for shape in shapes]:
            raise ValueError(
                "coefs_, intercepts_: expected weights of shapes (n, m), (m, k), ... and biases of shapes (m,), (k,), "
                f"..., got {shapes} and {[each.shape for each in biases]}"
            )
        return weights, biases

    def _rebuilt(self, weights: list[Array]) -> Network:
        """A new network of the shapes of `coefs_`: like the held one, whose memory may be what the caller has kept."""
        sizes = [weights[0].shape[0], *(each.shape[1] for each in weights)]
        held = self.__dict__.get("_held")
        if held is not None and list(held.network.layer_sizes) == sizes:
            twin: Network = copy.copy(held.network)
            return twin
        if held is None and self.standardize:
            raise ValueError("standardize: expected False for coefs_ set by hand, which do not have the scaling")
        self.__dict__.pop("_optimizer", None)  # its state is for other weights
        single = all(getattr(each, "dtype", None) == np.float32 for each in self.coefs_)
        loss, output = self._rebuilt_ends()
        network = self._made(sizes, loss, output, np.dtype(np.float32 if single else np.float64), init=None)
        if held is not None:
            old = held.network
            network._set_seed(old.seed)
            if sizes[0] == old.layer_sizes[0]:
                network.input_scaling = old.input_scaling
            if sizes[-1] == old.layer_sizes[-1]:
                network.output_scaling = old.output_scaling
        return network

    def _rebuilt_ends(self) -> tuple[str, str]:
        """Loss and output activation of an estimator whose attributes were set by hand."""
        raise NotImplementedError

    def _hold(self, network: Network, values: list[Any] | None = None) -> Network:
        """Make `coefs_` and `intercepts_` views of a network's parameters, which get these values first."""
        views = [*network.weights, *network.biases]
        if values is not None:
            for view, value in zip(views, values):
                view[...] = value
        layers = len(network.weights)
        for name, own in (("coefs_", views[:layers]), ("intercepts_", views[layers:])):
            if values is not None and type(getattr(self, name)) is list:
                getattr(self, name)[:] = own  # a list that the caller has set stays his
            else:
                setattr(self, name, own)
        self._held = Held(network, views)
        return network

    @property
    def network_(self) -> Network:
        """The trained network, with `classes_` and `feature_names_in_`: for saving, derivatives, export and inspection.

        `coefs_` and `intercepts_` are views of its parameters.
        """
        if not hasattr(self, "coefs_"):
            raise AttributeError(f"{type(self).__name__} has no network_ before fit")
        network = self._current()
        self._name(network)
        return network

    @classmethod
    def from_network(cls, network: Network) -> Any:
        """Make a fitted estimator from a trained network, such as one loaded from a file.

        Parameters
        ----------
        network : netlet.Network
            It is used as it is, not copied.

        Returns
        -------
        estimator : object
            Its parameters describe the network; those that concern training have their defaults.

        Raises
        ------
        ValueError, TypeError
            If the network's loss is not for this kind of estimator, or it is no network.
        """
        if not isinstance(network, Network):
            raise TypeError(
                f"network: expected a netlet.Network, got {type(network).__name__}; Network.load reads a file, "
                "Network.from_sklearn a model of scikit-learn"
            )
        estimator = cls()
        estimator._take(network)
        sizes, hidden = network.layer_sizes, [FROM_NETLET[name] for name in network.activations[:-1]]
        estimator.hidden_layer_sizes = sizes[1:-1]
        estimator.activation = hidden[0] if len(set(hidden)) == 1 else hidden or "relu"
        estimator.dtype = network.dtype.name
        if any(network.dropout):
            estimator.dropout = network.dropout
        scaled = network.input_scaling is not None, network.output_scaling is not None
        estimator.standardize = {(True, False): "inputs", (False, True): "outputs"}.get(scaled, scaled[0])
        if scaled == (True, False) and not LOSSES[network.loss_name].get("scales_outputs"):
            estimator.standardize = True
        estimator._begin()
        estimator.n_layers_, estimator.n_features_in_ = len(sizes), sizes[0]
        if network.feature_names is not None:
            estimator.feature_names_in_ = np.array(network.feature_names, dtype=object)
        output = network.activations[-1]
        estimator.out_activation_ = "exp" if network.loss_name == "poisson" else FROM_NETLET[output]
        estimator._hold(network)
        return estimator

    def _take(self, network: Network) -> None:
        """Loss and labels of a network; refuse what this estimator cannot be."""
        raise NotImplementedError

    def _name(self, network: Network) -> None:
        """Give the network the names of features."""
        names = getattr(self, "feature_names_in_", None)
        if names is not None and network.feature_names is None and len(set(names)) == len(names):
            network.feature_names = list(names)

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = dict(super().__getstate__())
        if "_held" in state:
            state["_held"] = self._current()
            del state["coefs_"], state["intercepts_"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        network = state.pop("_held", None)
        super().__setstate__(state)
        if network is not None:
            self._hold(network)

    # training

    def _dtypes(self) -> list[Any]:
        """Of X, the first one for what is neither."""
        return list(_DTYPES) if isinstance(self.dtype, str) and self.dtype == "auto" else [np.dtype(self.dtype)]

    def _validated(self, X: Any, y: Any, reset: bool, kinds: str, **options: Any) -> tuple[Any, Any]:
        """What `validate_data` makes of X and y, for plain arrays of these kinds of y without its detours."""
        names = "feature_names_in_" in self.__dict__
        if (
            type(X) is np.ndarray
            and type(y) is np.ndarray
            and X.dtype in self._dtypes()
            and y.dtype.kind in kinds
            and X.ndim == 2
            and y.shape == X.shape[:1]
            and X.size > 0
            and (reset or (X.shape[1] == getattr(self, "n_features_in_", None) and not names))
            and np.isfinite(X).all()
            and (y.dtype.kind != "f" or np.isfinite(y).all())
        ):
            self.n_features_in_ = X.shape[1]
            self.__dict__.pop("feature_names_in_", None)
            return np.ascontiguousarray(X), y
        X, y = validate_data(
            self,
            X,
            y,
            accept_sparse=["csr", "csc"],
            multi_output=True,
            dtype=self._dtypes(),
            order="C",
            reset=reset,
            **options,
        )
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _sizes(self) -> list[int]:
        hidden = self.hidden_layer_sizes
        sizes = list(hidden) if hasattr(hidden, "__iter__") else [hidden]
        if any(size <= 0 for size in sizes):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
        return [operator.index(size) for size in sizes]

    def _hidden_activations(self, count: int) -> list[str]:
        if isinstance(self.activation, str):
            return [TO_NETLET[self.activation]] * count
        names = list(self.activation)
        unknown = [name for name in names if name not in _HIDDEN]
        if unknown:
            raise ValueError(f"activation: expected names among {sorted(_HIDDEN)}, got {unknown[0]!r}")
        if len(names) != count:
            raise ValueError(f"activation: expected {count} names, one for each hidden layer, got {len(names)}")
        return [TO_NETLET[name] for name in names]

    def _made(self, sizes: list[int], loss: str, output: str, dtype: Any, init: Any) -> Network:
        settings: dict[str, Any] = {"loss": loss, "reduction": "mean", **self._loss_settings()}
        activations: Any = [*self._hidden_activations(len(sizes) - 2), output]
        return Network(
            sizes,
            activation=activations,
            dtype=dtype,
            init=np.zeros(sum((n + 1) * m for n, m in pairwise(sizes))) if init is None else init,
            seed=0,
            dropout=self.dropout if len(sizes) > 2 else 0.0,
            **settings,
        )

    def _initial(self, sizes: list[int], random: np.random.RandomState) -> list[tuple[Array, Array]]:
        """scikit-learn's initial values: Glorot and Bengio (2010), biases drawn likewise.

        From numbers between 0 and 1 by two operations, so that they are the same on all machines.
        """
        factor = 2.0 if self.activation in ("logistic", "sigmoid") else 6.0

        def drawn(bound: float, shape: tuple[int, ...]) -> Array:
            values = np.asarray(random.random_sample(shape))
            values *= 2 * bound
            values -= bound
            return values

        pairs = []
        for n, m in pairwise(sizes):
            bound = math.sqrt(factor / (n + m))
            pairs.append((drawn(bound, (n, m)), drawn(bound, (m,))))
        return pairs

    def _begin(self) -> None:
        """What an estimator knows before its first epoch."""
        self.n_iter_ = 0
        self.t_ = 0
        if self._stochastic():
            self._begin_stochastic()

    def _begin_stochastic(self) -> None:
        """What sgd and adam know before their first epoch."""
        self.loss_curve_: list[float] = []
        self._no_improvement_count = 0
        scores = self.early_stopping
        self.validation_scores_: list[float] | None = [] if scores else None
        self.best_validation_score_: float | None = -np.inf if scores else None
        self.best_loss_: float | None = None if scores else np.inf

    def _stochastic(self) -> bool:
        if self.optimizer is not None and self.solver == "lbfgs":
            raise ValueError("optimizer: expected None with solver='lbfgs'")
        return self.solver in _STOCHASTIC

    def _fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None, incremental: bool = False
    ) -> Any:
        first = self._checked_settings(incremental)
        X, targets = self._validate(X, y, incremental, first)
        weights = self._weights(X, y, sample_weight, targets)
        if weights is not None and not weights.all():  # rows without weight take no place in a batch
            some = np.flatnonzero(weights)
            X, targets, weights = X[some], targets[some], weights[some]
        return self._fit_rows(training.Rows(X, targets, weights), validation_data, first, incremental)

    def _checked_settings(self, incremental: bool) -> bool:
        """Whether this is a first fit, which does not go on from another one; refuse settings that do not fit."""
        self._sizes()
        first = not hasattr(self, "coefs_") or not (self.warm_start or incremental)
        self._stochastic()
        if incremental and self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True")
        return first

    def _fit_rows(self, rows: training.Rows, validation_data: Any, first: bool, incremental: bool) -> Any:
        """Train on rows that have been checked."""
        loss, output, outputs, self.n_outputs_ = self._ends(rows.targets)
        sizes = [rows.X.shape[1], *self._sizes(), outputs]
        random = _seeded(self.random_state)
        if first:
            self._begin()
            self.n_layers_, self.out_activation_ = len(sizes), FROM_NETLET.get(output, output)
            if loss == "poisson":
                self.out_activation_ = "exp"
            pairs = self._initial(sizes, random)
        rows, validation = self._divided(rows, validation_data, random)
        if first:
            seed = int.from_bytes(random.bytes(8), "little")
            network = self._made(sizes, loss, output, rows.X.dtype, pairs)
            network._set_seed(seed)
        else:
            network = self._current()
            if list(network.layer_sizes) != sizes:
                raise ValueError(
                    f"hidden_layer_sizes: expected the layers of the fit that this one goes on from (warm_start, "
                    f"partial_fit), {list(network.layer_sizes)}, got {sizes}"
                )
            network = self._again(network, loss)
        self._name(network)
        with limited(self.n_threads), training.silent(network):
            if self._stochastic():
                self._fit_stochastic(network, rows, validation, incremental)
            else:
                self._fit_lbfgs(network, rows)
        self._hold(network)
        if not np.isfinite(network.parameters).all():
            raise ValueError(training.NON_FINITE)
        return self

    def _train(self, network: Network, rows: training.Rows, batch: int, options: dict[str, Any]) -> None:
        """Run the loop over the epochs."""
        train = training.fit_sparse if issparse(rows.X) else training.fit_dense
        train(self, network, rows, batch, options)

    def _mean_weight(self, network: Network, rows: training.Rows) -> float:
        return training.mean_weight(network, rows)

    def _again(self, network: Network, loss: str) -> Network:
        """The network that is trained on; refuse settings that it does not have."""
        hidden = tuple(self._hidden_activations(len(network.dropout)))
        own: dict[str, Any] = {"loss": loss, "activation": hidden, "dropout": self.dropout, **self._loss_settings()}
        held: dict[str, Any] = {
            "loss": network.loss_name,
            "activation": network.activations[:-1],
            "dropout": network.dropout,
            **network._loss_settings(),
        }
        for name, value in own.items():
            one = np.ndim(value) == 0  # for all
            if (not one and np.shape(value) != np.shape(held[name])) or np.any(np.asarray(value) != held[name]):
                raise ValueError(f"{name}: expected that of the first fit, {held[name]!r}, got {value!r}")
        return network

    def _weights(self, X: Any, y: Any, sample_weight: Any, targets: Array) -> Array | None:
        """Weights of rows, checked."""
        if sample_weight is None:
            return None
        weights = np.asarray(_check_sample_weight(sample_weight, X), np.float64)
        if (weights < 0).any():
            raise ValueError("sample_weight: expected weights >= 0, got negative ones")
        if not weights.any():
            raise ValueError("sample_weight: expected a weight above zero, got zero for all rows")
        return weights

    def _divided(
        self, rows: training.Rows, validation_data: Any, random: np.random.RandomState
    ) -> tuple[training.Rows, training.Rows | None]:
        """Rows for training and rows for validation."""
        if validation_data is not None:
            if not isinstance(validation_data, (tuple, list)) or len(validation_data) not in (2, 3):
                raise ValueError("validation_data: expected a tuple (X, y) or (X, y, sample_weight)")
            X, y, *weight = validation_data
            if not self._stochastic():
                raise ValueError("validation_data: expected None for solver='lbfgs', which has no epochs")
            X = validate_data(
                self, X, accept_sparse=["csr", "csc"], dtype=rows.X.dtype, order="C", reset=False, ensure_min_samples=2
            )
            targets = self._targets(self._checked_targets(y), X.dtype)
            check_consistent_length(X, targets)
            if targets.shape[1:] != rows.targets.shape[1:]:
                columns = rows.targets.shape[1:], targets.shape[1:]
                raise ValueError(f"validation_data: expected y of columns {columns[0]}, as in fit, got {columns[1]}")
            return rows, training.Rows(X, targets, self._weights(X, y, weight[0] if weight else None, targets))
        if not (self.early_stopping and self._stochastic()):
            return rows, None
        binary = is_classifier(self) and self.n_outputs_ == 1
        parts = [part for part in rows if part is not None]
        try:
            split = train_test_split(
                *parts,
                random_state=random,
                test_size=self.validation_fraction,
                stratify=np.where(rows.targets > 0, "True", "False") if binary else None,  # named so in its messages
            )
        except ValueError as error:
            raise ValueError(str(error)) from None
        own, held = (training.Rows(*split[start::2], *[None] * (3 - len(parts))) for start in (0, 1))
        if held.X.shape[0] < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        return own, held

    def _batch_rows(self, n: int) -> int:
        if self.batch_size == "auto":
            return min(200, n)
        if self.batch_size > n:
            warnings.warn(
                "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=4
            )
        return min(int(self.batch_size), n)

    def _own_optimizer(self, weight: float) -> Optimizer:
        """A new optimizer. Its penalty is that of a batch of this weight: scikit-learn divides alpha by it."""
        if not weight >= np.finfo(np.float64).tiny:
            raise ValueError(f"sample_weight: expected weights whose mean is a usual number, got {weight:g}")
        l2 = self.alpha / weight
        if isinstance(self.optimizer, Optimizer):
            return copy.copy(self.optimizer)
        name = self.solver if self.optimizer is None else self.optimizer
        if name not in _STOCHASTIC:
            return OPTIMIZERS[name](self.learning_rate_init, l2=l2)
        if name == "adam":
            return OPTIMIZERS["adam"](
                self.learning_rate_init, beta_1=self.beta_1, beta_2=self.beta_2, epsilon=self.epsilon, l2=l2
            )
        return OPTIMIZERS["sgd"](
            self.learning_rate_init,
            momentum=self.momentum,
            nesterov=bool(self.nesterovs_momentum and self.momentum > 0),
            l2=l2,
        )

    def _fit_stochastic(
        self, network: Network, rows: training.Rows, validation: training.Rows | None, incremental: bool
    ) -> None:
        if not hasattr(self, "loss_curve_"):  # the fit before was by lbfgs
            self._begin_stochastic()
        elif self.early_stopping and self.best_validation_score_ is None:  # the fit before was without
            self.validation_scores_, self.best_validation_score_, self._no_improvement_count = [], -np.inf, 0
        n = rows.X.shape[0]
        batch = self._batch_rows(n)
        optimizer = self._own_optimizer(batch * self._mean_weight(network, rows))
        before = self.__dict__.get("_optimizer")
        if incremental and before is not None:
            optimizer = training.with_state_of(before, optimizer)
        self._optimizer = optimizer
        plateau = _core.Plateau(network, self.tol, np.inf if self.early_stopping else self.n_iter_no_change)
        plateau.scale, plateau.shift = self._figures(rows.targets, rows.weights)
        plateau.batches = math.ceil(n / batch)
        plateau.penalty = 0.5 * optimizer.l2 * batch * plateau.batches / n
        if not self.early_stopping:
            plateau.best = np.inf if self.best_loss_ is None else self.best_loss_
            plateau.count = self._no_improvement_count
        watch = training.watch(self, network, optimizer, plateau, validation, n)
        seen = validation if self.callbacks or self.schedule is not None else None
        training.run(self, network, optimizer, rows, batch, watch, incremental, seen)
        figures = plateau.figures
        if getattr(watch, "diverged", False):
            figures = [*figures, math.nan]
        done = len(figures)
        self.loss_curve_.extend(figures)
        if done:
            self.loss_ = figures[-1]
        self.n_iter_ = done
        self.t_ += n * done
        if not self.early_stopping:
            self.best_loss_, self._no_improvement_count = plateau.best, plateau.count
        if done == self.max_iter and not (watch.stopped or incremental):
            training.not_converged(self.max_iter)

    def _fit_lbfgs(self, network: Network, rows: training.Rows) -> None:
        from ._lbfgs import minimized  # SciPy's optimizers take a while to import

        self.n_iter_, self.loss_ = minimized(self, network, rows)

    # outputs

    def _outputs(self, X: Any) -> Array:
        """What the network gives for X, checked."""
        check_is_fitted(self)
        if not self._needs_no_check(X):
            X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        with limited(self.n_threads):
            return training.forward(self._current(), X)

    def _needs_no_check(self, X: Any) -> bool:
        """Whether `validate_data` would return X as it is, which takes it much longer than a row takes."""
        return bool(
            type(X) is np.ndarray
            and X.dtype in _DTYPES
            and X.ndim == 2
            and X.shape[0] > 0
            and X.shape[1] == getattr(self, "n_features_in_", None)
            and not hasattr(self, "feature_names_in_")
            and np.isfinite(X).all()
        )

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    @or_unchanged
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None) -> Any:
        """Fit the network to data: from scratch, or with ``warm_start`` from where the last fit ended.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)
            A data frame's column names become `feature_names_in_`. Sparse rows are converted to dense one batch at a
            time.
        y : array-like, shape (n_samples,) or (n_samples, n_outputs)
            Class labels, or a 0/1 matrix for multilabel targets; for the regressor, numbers.
        sample_weight : array-like, shape (n_samples,), optional
            Weights >= 0, not all zero, that multiply the losses of the rows.
        validation_data : tuple (X, y) or (X, y, sample_weight), optional
            Scored after each epoch; the scores go to `validation_scores_`. Early stopping uses it instead of a part of
            `X`; by itself it does not stop training. A pipeline does not transform it.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If an argument is invalid, or training diverges.

        Warns
        -----
        ConvergenceWarning
            If ``max_iter`` epochs were not enough.
        """
        return self._fit(X, y, sample_weight, validation_data=validation_data)

    def _check_solver(self) -> bool:
        if self.solver not in _STOCHASTIC:
            raise AttributeError(
                f"partial_fit is only available for stochastic optimizers. {self.solver} is not stochastic."
            )
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _same(one: Any, other: Any) -> bool:
    return one is other


class Held:
    """A network, and the views of its parameters that `coefs_` and `intercepts_` have."""

    def __init__(self, network: Network, views: list[Array]) -> None:
        self.network, self.views = network, views
