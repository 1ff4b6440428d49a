# SPDX-License-Identifier: BSD-3-Clause
"""The classifier."""

from __future__ import annotations

import contextlib
from typing import Any, ClassVar

import numpy as np
from scipy.sparse import csr_matrix, issparse
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.metrics import accuracy_score
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import (
    _check_partial_fit_first_call,
    check_classification_targets,
    type_of_target,
    unique_labels,
)
from sklearn.utils.validation import check_array

from .. import functional
from ..network import Network
from . import _training as training
from ._base import Array, BaseMLP, or_unchanged
from ._doc import documented


@documented
class MLPClassifier(ClassifierMixin, BaseMLP):  # type: ignore[misc]
    """Multilayer perceptron classifier: scikit-learn's `MLPClassifier`, trained by netlet.

    Minimizes the log loss, with a softmax output over the classes, or with sigmoid outputs for two classes and for
    multilabel targets.

    Parameters
    ----------
    {parameters}
    class_weight : dict, "balanced" or None, default None
        Class weights, by label; they multiply the sample weights, as in scikit-learn's other classifiers.
    {beyond}

    Attributes
    ----------
    classes_ : ndarray, shape (n_classes,)
        The labels, sorted.
    {attributes}

    {notes}

    Examples
    --------
    >>> from netlet.sklearn import MLPClassifier
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.model_selection import train_test_split
    >>> X, y = make_classification(n_samples=100, random_state=1)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=1)
    >>> model = MLPClassifier(random_state=1, max_iter=300).fit(X_train, y_train)
    >>> model.predict(X_test[:5])
    array([1, 0, 1, 0, 1])
    >>> model.score(X_test, y_test) > 0.8
    True
    """

    loss = "log_loss"
    class_weight: Any
    classes_: Array
    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **BaseMLP._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
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
        class_weight: Any = None,
        optimizer: Any = None,
        schedule: Any = None,
        dropout: Any = 0.0,
        standardize: Any = False,
        callbacks: Any = None,
        dtype: Any = "auto",
        n_threads: Any = None,
        progress: bool = False,
    ) -> None:
        self._keep(locals())

    # labels

    def _validate(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        X, y = self._validated(X, y, reset, "biuf")
        if not hasattr(self, "classes_") or not (self.warm_start or incremental):
            self._learn_classes(y)
        else:
            self._check_classes(y)
        return X, self._targets(y, X.dtype)

    def _learn_classes(self, y: Any) -> None:
        self._sparse_labels = issparse(y)
        whole = y.dtype.kind == "f" and y.ndim == 1 and (y == np.floor(y)).all()
        if y.ndim == 1 and (y.dtype.kind in "biuU" or whole):  # no doubt, and type_of_target takes as long as some fits
            self.classes_ = np.unique(y)
            self._labels = self._kind_of(len(self.classes_))
            return
        kind = type_of_target(y, input_name="y")
        if kind not in ("binary", "multiclass", "multilabel-indicator"):
            check_classification_targets(y)  # says what is wrong
            raise ValueError("Multioutput target data is not supported")
        self.classes_ = unique_labels(y)
        self._labels = kind if kind == "multilabel-indicator" else self._kind_of(len(self.classes_))

    @staticmethod
    def _kind_of(classes: int) -> str:
        return "binary" if classes <= 2 else "multiclass"

    def _check_classes(self, y: Any) -> None:
        if (y.ndim == 2) != (self._labels == "multilabel-indicator"):
            was = "multilabel" if self._labels == "multilabel-indicator" else "one label per row"
            raise ValueError(f"The object was not fitted with this kind of labels; before they were {was}.")
        classes = unique_labels(y)
        if self.warm_start:
            if set(classes) != set(self.classes_):
                raise ValueError(
                    "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                    f"Previously got {self.classes_}, `y` has {classes}"
                )
        elif len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            raise ValueError(
                f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes_}. 'y' has {classes}."
            )

    def _targets(self, y: Any, dtype: Any) -> Array:
        if self._labels == "multiclass":
            return np.asarray(np.searchsorted(self.classes_, y))
        if self._labels == "binary":
            return np.asarray((y == self.classes_[-1]) & (len(self.classes_) == 2), dtype)
        return np.asarray((y.toarray() if hasattr(y, "toarray") else y) != 0, dtype)

    def _checked_targets(self, y: Any) -> Any:
        if self._labels == "multilabel-indicator":
            y = check_array(y, accept_sparse="csr", input_name="y")
            if type_of_target(y, input_name="y") != "multilabel-indicator":
                raise ValueError("validation_data: expected y with 0 and 1 for each label")
            return y
        y = column_or_1d(y, warn=True)
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(f"validation_data: expected y of the classes {self.classes_}, got {unknown}")
        return y

    def _weights(self, X: Any, y: Any, sample_weight: Any, targets: Array) -> Array | None:
        weights = super()._weights(X, y, sample_weight, targets)
        if self.class_weight is None:
            return weights
        own = self._weights_of_classes(y, targets)
        if not (np.isfinite(own).all() and (own >= 0).all()):
            raise ValueError(f"class_weight: expected finite weights >= 0, got {self.class_weight}")
        own = own if weights is None else own * weights
        if not own.any():
            raise ValueError("class_weight: expected a weight above zero for a row, got zero for all of them")
        return own

    def _weights_of_classes(self, y: Any, targets: Array) -> Array:
        """The weight of each row's class; of classes that a dict lacks 1."""
        if self._labels == "multilabel-indicator" or not isinstance(self.class_weight, dict):
            return np.asarray(compute_sample_weight(self.class_weight, y), np.float64)
        labels = self.classes_.tolist()
        unknown = [key for key in self.class_weight if key not in labels]
        if unknown:
            raise ValueError(f"class_weight: expected the classes {labels}, got {unknown}")
        of_class = np.array([self.class_weight.get(label, 1.0) for label in labels], np.float64)
        return np.asarray(of_class[targets.astype(np.intp)])

    def _ends(self, targets: Array) -> tuple[str, str, int, int]:
        if self._labels == "multiclass":
            count = len(self.classes_)
            return "cross_entropy", "softmax", count, count
        count = 1 if targets.ndim == 1 else targets.shape[1]
        return "binary_cross_entropy", "sigmoid", count, count

    def _rebuilt_ends(self) -> tuple[str, str]:
        softmax = self.out_activation_ == "softmax"
        return ("cross_entropy", "softmax") if softmax else ("binary_cross_entropy", "sigmoid")

    def _take(self, network: Network) -> None:
        if network.loss_name not in ("cross_entropy", "binary_cross_entropy"):
            raise ValueError(f"network: expected one of a cross entropy, got one of the loss {network.loss_name}")
        self.n_outputs_ = network.layer_sizes[-1]
        several = network.loss_name == "binary_cross_entropy" and self.n_outputs_ > 1
        self._labels = "multilabel-indicator" if several else "binary" if self.n_outputs_ == 1 else "multiclass"
        own = np.arange(max(self.n_outputs_, 2)) if several or network.classes is None else network.classes
        self.classes_ = np.array(own)

    def _name(self, network: Network) -> None:
        super()._name(network)
        if network.classes is None and len(self.classes_) > 1 and self._labels != "multilabel-indicator":
            with contextlib.suppress(TypeError, ValueError):  # dates, for example: a network has no such labels
                network.classes = self.classes_

    def _validation_score(self, network: Network, validation: training.Rows) -> float:
        outputs = training.forward(network, validation.X)
        if not np.isfinite(outputs).all():
            return float("nan")
        if self._labels == "multiclass":
            return float(accuracy_score(validation.targets, outputs.argmax(axis=1), sample_weight=validation.weights))
        targets = validation.targets.reshape(outputs.shape) > 0.5
        return float(accuracy_score(targets, outputs > 0.5, sample_weight=validation.weights))

    # predictions

    def predict(self, X: Any) -> Any:
        """Predict labels.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)

        Returns
        -------
        ndarray, shape (n_samples,) or (n_samples, n_labels)
            Labels from `classes_`; for multilabel targets a 0/1 matrix, sparse if `y` was sparse in `fit`.
        """
        outputs = self._outputs(X)
        if self._kind() == "multiclass":
            return np.asarray(self.classes_[outputs.argmax(axis=1)])
        if self._kind() == "binary":
            upper = (outputs[:, 0] > 0.5) & (len(self.classes_) == 2)  # of a single class it is always that
            return np.asarray(self.classes_[upper.astype(np.intp)])
        labels = np.asarray(outputs > 0.5, dtype=int)
        return csr_matrix(labels) if getattr(self, "_sparse_labels", False) else labels

    def predict_proba(self, X: Any) -> Array:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)

        Returns
        -------
        ndarray, shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        outputs = self._outputs(X)
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def predict_log_proba(self, X: Any) -> Array:
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)

        Returns
        -------
        ndarray, shape (n_samples, n_classes)
            ``log(predict_proba(X))``
        """
        return np.asarray(functional.log(self.predict_proba(X)))

    def _kind(self) -> str:
        """Which labels; of an estimator whose attributes were set by hand as these say."""
        if "_labels" not in self.__dict__:
            several = self.out_activation_ == "logistic" and self.n_outputs_ > 1
            return "multilabel-indicator" if several else self._kind_of(len(self.classes_))
        return self._labels

    @available_if(BaseMLP._check_solver)  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    @or_unchanged
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Any:
        """Train for one epoch over the given data, starting from the current weights.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features)
        y : array-like, shape (n_samples,) or (n_samples, n_labels)
        sample_weight : array-like, shape (n_samples,), optional
            As in `fit`.
        classes : array-like, shape (n_classes,), optional
            All labels that will ever occur; required in the first call.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If an argument is invalid.
        """
        if self.class_weight == "balanced":
            raise ValueError(
                "class_weight: expected a dict or None for partial_fit, which sees a part of the data, got 'balanced'"
            )
        if _check_partial_fit_first_call(self, classes):
            kind = type_of_target(y, input_name="y")
            self._sparse_labels = issparse(y)
            self._labels = kind if kind.startswith("multilabel") else self._kind_of(len(self.classes_))
        return self._fit(X, y, sample_weight, incremental=True)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
