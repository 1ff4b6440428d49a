# SPDX-License-Identifier: BSD-3-Clause
"""How the estimators train: what is looked at after each epoch, and rows that are sparse."""

from __future__ import annotations

import contextlib
import decimal
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning

from .. import _core
from ..history import History
from ..network import Network
from ..optimizers import Optimizer
from ..reference import sums
from ..reference.generator import shuffled_order

Array = np.ndarray[Any, Any]

NON_FINITE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and need to be preprocessed."
)
BLOCK_ROWS = 1024  # of a sparse matrix that are dense at the same time


class Rows(NamedTuple):
    """Rows of data: X may be sparse, weights None."""

    X: Any
    targets: Array
    weights: Array | None


def not_converged(max_iter: int) -> None:
    """Warn as scikit-learn does."""
    warnings.warn(
        f"Stochastic Optimizer: Maximum iterations ({max_iter}) reached and the optimization hasn't converged yet.",
        ConvergenceWarning,
        stacklevel=2,
    )


@contextlib.contextmanager
def silent(network: Network) -> Iterator[None]:
    """Without TrainingWarning, as estimators have warnings of their own, and with indices in place of labels.

    The labels stay in the core, for what callbacks save.
    """
    classes, network._classes = network._classes, None
    network._warns = False
    try:
        yield
    finally:
        network._classes = classes
        del network._warns  # the class's again


def with_state_of(old: Optimizer, new: Optimizer) -> Optimizer:
    """The new optimizer with the state and the present learning rate of the old one, if they are of one kind."""
    if type(old) is not type(new):
        return new
    new._set_state(*old._get_state())
    new.learning_rate = old.learning_rate
    return new


def blocks(rows: Rows) -> Iterator[Rows]:
    """All rows, those of a sparse matrix as one dense block after another."""
    if not issparse(rows.X):
        yield rows
        return
    rows = rows._replace(X=rows.X.tocsr())
    for start in range(0, rows.X.shape[0], BLOCK_ROWS):
        yield _dense(rows, slice(start, start + BLOCK_ROWS))


def forward(network: Network, X: Any) -> Array:
    """The network's outputs, of sparse rows block by block."""
    if not issparse(X):
        out = network.forward(X)
        if network.dtype == np.float32 and X.dtype != np.float32 and not np.isfinite(out).all():
            raise ValueError("X: expected values in the range of float32, which the network has, got larger ones")
        return out
    X = X.tocsr()
    out = np.empty((X.shape[0], network.layer_sizes[-1]), network.dtype)
    for start in range(0, X.shape[0], BLOCK_ROWS):
        network.forward(X[start : start + BLOCK_ROWS].toarray(), out=out[start : start + BLOCK_ROWS])
    return out


def gradient(network: Network, rows: Rows, weight: float) -> tuple[float, Array]:
    """Mean loss and its gradient for this mean weight of all rows, of sparse rows block by block."""
    mean = None if rows.weights is None else weight
    total, whole = 0.0, np.zeros(network.parameters.shape, network.dtype)
    for block in blocks(rows):
        loss, slopes = network.backward(block.X, block.targets, sample_weight=block.weights, weight_mean=mean)
        share = block.X.shape[0] / rows.X.shape[0]
        if share == 1.0:
            return float(loss), slopes  # type: ignore[arg-type]
        total += float(loss) * share  # type: ignore[arg-type]
        whole += slopes * share
    return total, whole


def _dense(rows: Rows, which: Any) -> Rows:
    """Some of the rows, X no longer sparse."""
    return Rows(rows.X[which].toarray(), rows.targets[which], None if rows.weights is None else rows.weights[which])


class Watch:
    """What is done after each epoch where `_core.Plateau` alone does not do: scores, rates, words.

    Called by `Network.fit`; a true result ends training.
    """

    def __init__(
        self,
        estimator: Any,
        network: Network,
        optimizer: Optimizer,
        plateau: _core.Plateau,
        validation: Rows | None,
        n: int,
    ) -> None:
        self.estimator, self.network, self.optimizer, self.n = estimator, network, optimizer, n
        self.plateau, self.validation = plateau, validation
        self.own_rates = estimator.solver == "sgd" and estimator.optimizer is None
        self.epoch, self.stopped, self.diverged = 0, False, False
        self.best: Array | None = None
        self.scores: Any = None
        if estimator.early_stopping:
            self.scores = _core.Plateau(network, estimator.tol, estimator.n_iter_no_change)
            self.scores.best = -estimator.best_validation_score_
            self.scores.count = estimator._no_improvement_count
            self.best = network.parameters.copy()

    def __call__(self, epoch: int, history: History) -> bool:
        """After an epoch of `Network.fit`."""
        return self.after_epoch(float(history._last()["loss"]))

    def after_epoch(self, loss: float) -> bool:
        """Whether training is to end."""
        estimator = self.estimator
        stop = self.plateau.after_epoch(loss)
        self.epoch += 1
        self._say(f"Iteration {self.epoch}, loss = {self.plateau.figures[-1]:.8f}")
        if self.validation is not None:
            stop = self._score() or stop
        if self.own_rates and estimator.learning_rate == "invscaling":
            seen = estimator.t_ + self.n * self.epoch
            self._set_rate(estimator.learning_rate_init / _power(seen + 1, estimator.power_t))
        self.stopped = stop and self._ends()
        return self.stopped

    def _score(self) -> bool:
        estimator = self.estimator
        score = estimator._validation_score(self.network, self.validation)
        if estimator.validation_scores_ is None:
            estimator.validation_scores_ = []
        estimator.validation_scores_.append(score)
        self._say(f"Validation score: {score:f}")
        if self.scores is None:
            return False
        before = self.scores.best
        stop = self.scores.update(-score)
        if self.scores.best < before:
            self.best = self.network.parameters.copy()
        estimator.best_validation_score_ = -self.scores.best
        estimator._no_improvement_count = self.scores.count
        return bool(stop)

    def _ends(self) -> bool:
        """Whether a halt ends training, or only lowers the learning rate."""
        estimator, optimizer = self.estimator, self.optimizer
        what = "Validation score" if self.scores is not None else "Training loss"
        patience = estimator.n_iter_no_change
        text = f"{what} did not improve more than tol={estimator.tol:f} for {patience} consecutive epochs."
        if not (self.own_rates and estimator.learning_rate == "adaptive"):
            self._say(f"{text} Stopping.")
            return True
        if optimizer.learning_rate <= 1e-6:
            self._say(f"{text} Learning rate too small. Stopping.")
            return True
        self._set_rate(optimizer.learning_rate / 5.0)
        self._say(f"{text} Setting learning rate to {optimizer.learning_rate:f}")
        (self.plateau if self.scores is None else self.scores).count = 0
        estimator._no_improvement_count = 0
        return False

    def _set_rate(self, rate: float) -> None:
        """Change the learning rate of sgd, whose velocity scikit-learn keeps in units of the weights."""
        if rate == 0:
            raise ValueError(f"power_t: expected a power that leaves a learning rate, got {self.estimator.power_t}")
        for velocity in self.optimizer.state.values():
            velocity *= self.optimizer.learning_rate / rate
        self.optimizer.learning_rate = rate

    def _say(self, text: str) -> None:
        if self.estimator.verbose:
            print(text)  # noqa: T201  # verbose, as in scikit-learn


def _power(base: int, exponent: float) -> float:
    """The power, correctly rounded: C libraries round it differently."""
    return float(decimal.Decimal(base) ** decimal.Decimal(float(exponent)))


def watch(
    estimator: Any, network: Network, optimizer: Optimizer, plateau: _core.Plateau, validation: Rows | None, n: int
) -> Any:
    """The callback of a fit: `plateau` itself, which costs nothing, where it does."""
    rates = estimator.solver == "sgd" and estimator.learning_rate != "constant" and estimator.optimizer is None
    if validation is None and not rates and not estimator.verbose:
        return plateau
    return Watch(estimator, network, optimizer, plateau, validation, n)


def run(
    estimator: Any,
    network: Network,
    optimizer: Optimizer,
    rows: Rows,
    batch: int,
    after: Any,
    incremental: bool,
    validation: Rows | None,
) -> None:
    """Train until `after` ends it, or for one epoch. `validation`: what callbacks and schedules look at."""
    options = {
        "epochs": 1 if incremental else estimator.max_iter,
        "resume": incremental and estimator.schedule is not None,
        "optimizer": optimizer,
        "callback": after,
        "schedule": estimator.schedule,
        "standardize": estimator.standardize,
        "progress": bool(estimator.progress),
    }
    if estimator.callbacks:
        options["callbacks"] = estimator.callbacks
    if validation is not None:
        options["validation_data"] = (lambda: blocks(validation)) if issparse(validation.X) else tuple(validation)
    try:
        estimator._train(network, rows, batch, options)
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=2)
        after.stopped = True
    except _core.DivergenceError:
        if not isinstance(after, Watch) or after.best is None:
            raise ValueError(NON_FINITE) from None
        estimator.validation_scores_.append(float("nan"))
        after.diverged = True
        warnings.warn(
            f"Training diverged in iteration {after.epoch + 1}; the weights of the best validation score are kept. "
            "Scale the inputs, or lower learning_rate_init.",
            ConvergenceWarning,
            stacklevel=2,
        )
        after.stopped = True
    if isinstance(after, Watch) and after.best is not None:
        network.parameters[:] = after.best


def fit_dense(estimator: Any, network: Network, rows: Rows, batch: int, options: dict[str, Any]) -> None:
    """Train on plain rows."""
    network.fit(
        rows.X,
        rows.targets,
        sample_weight=rows.weights,
        batch_size=batch,
        shuffle=bool(estimator.shuffle),
        **options,
    )


def fit_sparse(estimator: Any, network: Network, rows: Rows, batch: int, options: dict[str, Any]) -> None:
    """The same steps, of dense copies of the batches; those of many rows block by block."""
    rows = Rows(rows.X.tocsr(), rows.targets, rows.weights)
    n = rows.X.shape[0]
    mean = mean_weight(network, rows)
    if estimator.standardize:
        learn_scaling(network, rows, estimator.standardize)

    def batches() -> Iterator[Any]:
        order = np.arange(n)
        if estimator.shuffle and batch < n:
            order = np.array(shuffled_order(network.seed, network.epochs_trained, n))
        for start in range(0, n, batch):
            yield order[start : start + batch]

    if batch <= BLOCK_ROWS:
        network.fit_batches(
            lambda: (_dense(rows, which) for which in batches()),
            weight_mean=None if rows.weights is None else mean,
            **options,
        )
        return
    if any(network.dropout) or estimator.callbacks or estimator.schedule or estimator.progress:
        raise ValueError(
            f"batch_size: expected at most {BLOCK_ROWS} rows for a sparse X with dropout, callbacks, schedule or "
            f"progress, got {batch}"
        )
    for _ in range(options["epochs"]):
        total = 0.0
        for which in batches():
            part = Rows(rows.X[which], rows.targets[which], None if rows.weights is None else rows.weights[which])
            loss, slopes = gradient(network, part, mean)
            if not (np.isfinite(loss) and np.isfinite(slopes).all()):
                raise _core.DivergenceError("the loss is not finite")
            network.apply_gradient(slopes, options["optimizer"])
            total += loss * (len(which) / n)
        network._set_epochs_trained(network.epochs_trained + 1)
        if options["callback"].after_epoch(total):
            return


def mean_weight(network: Network, rows: Rows) -> float:
    """The mean weight of the rows, added in the order of `Network.fit`."""
    if rows.weights is None:
        return 1.0
    weights = rows.weights.astype(network.dtype).astype(np.float64)
    return float(sums.tree([weights[block].cumsum()[-1] for block in sums.blocks(len(weights))]) / len(weights))


def learn_scaling(network: Network, rows: Rows, standardize: Any) -> None:
    """What ``standardize`` of `Network.fit` does, where that is not used: unless the network is scaled already."""
    if network.input_scaling is not None or network.output_scaling is not None:
        return
    network.learn_scaling_batches(lambda: blocks(rows), standardize=standardize)


def in_float64(network: Network) -> Network:
    """The network itself, or a copy of it that computes in float64."""
    if network.dtype == np.float64:
        return network
    settings = {**network._architecture(), "dtype": "float64", "seed": network.seed}
    copy = Network(**settings, init=network.parameters.astype(np.float64))
    copy.input_scaling, copy.output_scaling = network.input_scaling, network.output_scaling
    return copy
