# SPDX-License-Identifier: BSD-3-Clause
"""What the docstrings of both estimators have in common."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T", bound=type)

PARTS: dict[str, str] = {
    "parameters": """
hidden_layer_sizes : int or sequence of int, default (100,)
    Units of the hidden layers.
activation : str or sequence of str, default "relu"
    Of the hidden layers: ``"identity"``, ``"logistic"``, ``"tanh"``, ``"relu"``, or another of `netlet.Network`'s; or a
    list with one name for each hidden layer.
solver : {"adam", "sgd", "lbfgs"}, default "adam"
    ``"lbfgs"`` is SciPy's, for small data.
alpha : float, default 0.0001
    L2 penalty ``alpha / 2 * sum(w**2)`` of the weights, not of biases, divided by the rows of a batch or their weight.
batch_size : int or "auto", default "auto"
    Rows of a batch; ``"auto"``: 200, or all if there are fewer.
learning_rate : {"constant", "invscaling", "adaptive"}, default "constant"
    For sgd. ``"invscaling"``: ``learning_rate_init / t**power_t`` after t - 1 rows; ``"adaptive"``: divided by 5
    whenever training would end, until it is below 1e-6.
learning_rate_init : float, default 0.001
power_t : float, default 0.5
max_iter : int, default 200
    Most epochs; iterations of lbfgs.
shuffle : bool, default True
    Whether each epoch has a new order of the rows.
random_state : int, numpy.random.RandomState or None, default None
    Determines initial weights, order of rows, dropout and the validation rows; None: they differ in each fit.
tol : float, default 1e-4
    How much loss or score must improve; see `n_iter_no_change`. For lbfgs the largest gradient at the end.
verbose : bool or int, default False
    Whether to print the loss of each epoch.
warm_start : bool, default False
    Whether `fit` goes on from the last fit's weights.
momentum : float, default 0.9
    For sgd; below 1.
nesterovs_momentum : bool, default True
early_stopping : bool, default False
    Whether training ends by the score of validation rows (accuracy, R² or, for losses of netlet's own, the negative
    loss) in place of the training loss, with the weights of the best one.
validation_fraction : float, default 0.1
    Share of the rows for that, unless `fit` gets `validation_data`.
beta_1, beta_2, epsilon : float, default 0.9, 0.999 and 1e-8
    For adam.
n_iter_no_change : int, default 10
    Training ends after more than this many epochs in a row that did not improve by more than `tol`.
max_fun : int, default 15000
    Most evaluations of the loss by lbfgs.
""",
    "beyond": """
optimizer : str, netlet.Optimizer or None, default None
    In place of sgd and adam: ``"adamw"``, ``"rmsprop"``, ``"rprop"``, with `learning_rate_init` and `alpha`; or one of
    `netlet.SGD`, ... with settings of its own, which is copied.
schedule : optional
    One of `netlet.schedules`, or a function of the epoch, that multiplies the learning rate.
dropout : float or sequence of float, default 0.0
    Share of each hidden layer's outputs that a step drops.
standardize : bool, "inputs" or "outputs", default False
    Scale inputs and, for most losses of regression, targets to mean 0 and deviation 1 inside the network. `coefs_`,
    losses and `alpha` are then on that scale.
callbacks : list, optional
    As in `netlet.Network.fit`: `netlet.callbacks`, or functions ``f(epoch, history)``; a true result ends training.
dtype : {"auto", "float32", "float64"}, default "auto"
    Of weights and results; ``"auto"``: that of `X`, float64 for integers.
n_threads : int, optional
    At most so many threads; by default as many as netlet uses anyway, and one in a task that joblib runs beside others.
    The results are the same.
progress : bool, default False
    Show how far training is.
""",
    "attributes": """
network_ : netlet.Network
    The trained network, with `classes_` and `feature_names_in_`: ``network_.save(path)``, ``to_c``, ``to_onnx``,
    ``jacobian``, ...
coefs_, intercepts_ : list of ndarray
    Weights of shape (inputs, outputs) and biases of each layer. They may be written to: they are the network's memory.
loss_ : float
    Of the last epoch, with its penalty.
loss_curve_ : list of float
    Of all epochs; not for lbfgs, as the following ones.
best_loss_ : float or None
    None with `early_stopping`.
validation_scores_ : list of float or None
    With `early_stopping` or `validation_data`.
best_validation_score_ : float or None
    With `early_stopping`.
n_iter_ : int
    Epochs, or iterations of lbfgs, of the last fit.
t_ : int
    Rows that training has seen.
n_features_in_ : int
feature_names_in_ : ndarray of str
    If `X` was a table whose columns have names.
n_layers_ : int
    Inputs, hidden layers, outputs.
n_outputs_ : int
out_activation_ : str
""",
    "notes": """
Notes
-----
Parameters up to `max_fun`, positional ones included, are those of scikit-learn, with the same defaults; the further
ones are netlet's and off by default.

With sgd and adam the same `random_state` gives the same weights, to the bit, on every machine and for any number of
threads. Not so with lbfgs: SciPy computes with the machine's linear algebra. Initial weights are scikit-learn's for the
same `random_state`, up to rounding; the order of the rows is netlet's own.
""",
}


def documented(cls: T) -> T:
    """Put the parts in the places that the docstring has for them."""
    text: Any = cls.__doc__
    for name, part in PARTS.items():
        text = text.replace("{" + name + "}", part.strip("\n").replace("\n", "\n    ").strip())
    cls.__doc__ = text
    return cls
