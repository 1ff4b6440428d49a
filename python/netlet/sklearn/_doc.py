# SPDX-License-Identifier: BSD-3-Clause
"""What the docstrings of both estimators have in common."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T", bound=type)

PARTS: dict[str, str] = {
    "parameters": """
hidden_layer_sizes : int or sequence of int, default (100,)
    Number of units in each hidden layer.
activation : str or sequence of str, default "relu"
    Activation of the hidden layers: ``"identity"``, ``"logistic"``, ``"tanh"``, ``"relu"``, or any other that
    `netlet.Network` has for them; or a list with one name for each hidden layer.
solver : {"adam", "sgd", "lbfgs"}, default "adam"
    ``"lbfgs"`` is SciPy's, for small data.
alpha : float, default 0.0001
    L2 penalty ``alpha / 2 * sum(w**2)`` on the weights (not the biases), divided by the number of rows in a batch, or
    by their total weight.
batch_size : int or "auto", default "auto"
    Rows per batch; ``"auto"`` means 200, or all rows if there are fewer.
learning_rate : {"constant", "invscaling", "adaptive"}, default "constant"
    For sgd. ``"invscaling"``: ``learning_rate_init / t**power_t``, where t - 1 rows have been seen; ``"adaptive"``:
    divided by 5 whenever training would otherwise stop, until it falls below 1e-6.
learning_rate_init : float, default 0.001
    Initial learning rate of sgd, adam and an `optimizer` given by name.
power_t : float, default 0.5
    For ``"invscaling"``.
max_iter : int, default 200
    Maximum number of epochs, or of iterations for lbfgs.
shuffle : bool, default True
    Whether to reshuffle the rows in each epoch.
random_state : int, numpy.random.RandomState or None, default None
    Determines the initial weights, the order of the rows, dropout and the validation split; with None they differ in
    every fit.
tol : float, default 1e-4
    Minimum improvement of the loss or score: see `n_iter_no_change`. For lbfgs, the largest gradient component at which
    it stops.
verbose : bool or int, default False
    Whether to print the loss of each epoch.
warm_start : bool, default False
    Whether `fit` continues from the weights of the previous fit.
momentum : float, default 0.9
    For sgd; below 1.
nesterovs_momentum : bool, default True
    Whether it is Nesterov's.
early_stopping : bool, default False
    Whether to stop when the score on validation rows, rather than the training loss, no longer improves, and to restore
    the weights of the best epoch. The score is accuracy, R² or, for netlet's own losses, the negative loss; it is
    weighted as the rows are.
validation_fraction : float, default 0.1
    Fraction of the rows set aside for early stopping, unless `fit` gets `validation_data`.
beta_1, beta_2, epsilon : float, default 0.9, 0.999 and 1e-8
    For adam.
n_iter_no_change : int, default 10
    Training stops once more than this many consecutive epochs have failed to improve by more than `tol`.
max_fun : int, default 15000
    Maximum number of loss evaluations for lbfgs.
""",
    "beyond": """
optimizer : str, netlet.Optimizer or None, default None
    Replaces `solver`: ``"adamw"``, ``"rmsprop"`` or ``"rprop"``, which use `learning_rate_init` and `alpha` alone
    (``"sgd"`` and ``"adam"`` are the solvers); or an instance such as ``netlet.Adam(0.01)``, which is copied and used
    with its own settings, so that `learning_rate_init` and `alpha` are ignored.
schedule : optional
    One of `netlet.schedules`, or a function that takes the epoch (from 0) and returns a factor for the learning rate.
dropout : float or sequence of float, default 0.0
    Fraction of each hidden layer's outputs dropped in a training step; one number, or one per hidden layer.
standardize : bool, "inputs" or "outputs", default False
    Scale inputs and, for most regression losses, targets to mean 0 and standard deviation 1 inside the network; learned
    from the first data. `coefs_`, losses and `alpha` are then on that scale.
callbacks : list, optional
    As in `netlet.Network.fit`: `netlet.callbacks`, or functions ``f(epoch, history)``; training stops if one returns a
    true value.
dtype : {"auto", "float32", "float64"}, default "auto"
    Dtype of weights and results; ``"auto"`` takes that of `X`, or float64 if `X` holds integers.
n_threads : int, optional
    Maximum number of threads; by default netlet's own number, or one inside a parallel joblib task. Does not affect the
    results.
progress : bool, default False
    Show a progress line.
""",
    "attributes": """
network_ : netlet.Network
    The trained network, with `classes_` and `feature_names_in_`: ``network_.save(path)``, ``to_c``, ``to_onnx``,
    ``jacobian``, ...
coefs_, intercepts_ : list of ndarray
    Weights of shape (inputs, outputs) and biases of each layer. They can be modified in place, as they share the
    network's memory, or replaced.
loss_ : float
    Loss of the last epoch, including the penalty.
loss_curve_ : list of float
    Loss of every epoch. This and the next three attributes do not exist after lbfgs.
best_loss_ : float or None
    Lowest training loss; None with `early_stopping`.
validation_scores_ : list of float or None
    Score of each epoch on the validation rows; None without `early_stopping` or `validation_data`.
best_validation_score_ : float or None
    Best of these; None without `early_stopping`.
n_iter_ : int
    Epochs, or iterations of lbfgs, of the last fit.
t_ : int
    Number of rows processed during training.
n_features_in_ : int
    Number of columns of `X`.
feature_names_in_ : ndarray of str
    Column names, if `X` was a table that has them.
n_layers_ : int
    Number of layers, including input and output.
n_outputs_ : int
    Number of outputs.
out_activation_ : str
    Name of the output activation.
""",
    "notes": """
Notes
-----
All parameters up to `max_fun`, including positional ones, are scikit-learn's, with the same defaults; the rest are
netlet's and off by default.

With sgd and adam the same `random_state` gives the same weights, to the bit, on every machine and for any number of
threads. This does not hold for lbfgs, because SciPy uses the machine's linear algebra library. Initial weights are
scikit-learn's for the same `random_state`, up to rounding; the order of the rows is netlet's own.
""",
}


def documented(cls: T) -> T:
    """Put the parts in the places that the docstring has for them."""
    text: Any = cls.__doc__
    for name, part in PARTS.items():
        text = text.replace("{" + name + "}", part.strip("\n").replace("\n", "\n    ").strip())
    cls.__doc__ = text
    return cls
