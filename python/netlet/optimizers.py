# SPDX-License-Identifier: BSD-3-Clause
"""Optimizers: settings, and the state that they carry from step to step."""

from __future__ import annotations

import warnings
import weakref
from typing import TYPE_CHECKING, Any

from . import _core
from ._data import flag, number

if TYPE_CHECKING:  # they take longer to import than all of netlet
    import inspect
    from collections.abc import Callable

    import numpy.typing as npt
    from typing_extensions import TypedDict, Unpack  # typing has Unpack from Python 3.11 on

    class GradientSettings(TypedDict, total=False):
        """What every optimizer can do with a gradient first: see `Optimizer`."""

        l2: float
        l1: float
        clip_value: float
        clip_norm: float


__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "Rprop"]

GRADIENT = ("l2", "l1", "clip_value", "clip_norm")  # GradientSettings; each is 0.0 by default


def warn_of_another_network(optimizer: Optimizer, network: _core.Network, stacklevel: int) -> None:
    """Warn if an optimizer is to be used whose state comes from another network: it is of no use there."""
    known = optimizer._network
    if known is None or known() is network or optimizer.steps == 0:
        return
    parameters = network.parameters  # a network of another size or dtype is refused
    if any(slot.shape == parameters.shape and slot.dtype == parameters.dtype for slot in optimizer.state.values()):
        warnings.warn(
            "optimizer: its state comes from another network; use a new optimizer for each network",
            stacklevel=stacklevel,
        )


def remember_network(optimizer: Optimizer, network: _core.Network) -> None:
    """Note whose state the optimizer has; it has been used."""
    if optimizer._network is None or optimizer._network() is not network:
        optimizer._network = weakref.ref(network)


def _setting(name: str, doc: str) -> property:
    return property(lambda self: self._settings[name], doc=doc)


class _Signature:
    """The ``__signature__`` of a class: that of its ``__init__``, with the settings behind ``**gradient`` by name."""

    def __get__(self, instance: object, owner: type[Any]) -> inspect.Signature:
        import inspect

        signature = inspect.signature(owner.__init__)
        parameters = []
        for parameter in list(signature.parameters.values())[1:]:
            if parameter.annotation == "Unpack[GradientSettings]":
                for name in GRADIENT:
                    parameters.append(inspect.Parameter(name, parameter.KEYWORD_ONLY, default=0.0, annotation="float"))
            else:
                parameters.append(parameter)
        return signature.replace(parameters=parameters)


class Optimizer(_core.Optimizer):
    """What all optimizers share: settings, readable state, pickling, copying, penalties and clipping.

    An optimizer first does this with a gradient, in this order; all of it is off by default:

    l2 : float
        ``l2 * w`` is added to the gradient of each weight, but not of biases.
    l1 : float
        ``l1 * sign(w)`` is added, again not for biases. Reported losses include neither penalty.
    clip_value : float
        Each value of the gradient is limited to ``+-clip_value``.
    clip_norm : float
        A gradient whose Euclidean norm is larger is scaled down to this norm. Not together with `clip_value`.
    """

    __signature__ = _Signature()
    _kind: str
    _own: tuple[str, ...] = ()
    _network: Any = None  # the last one it was used with, weakly; None after a copy or pickle

    def __init__(self, gradient: GradientSettings, /, **own: Any) -> None:
        _core.refuse_again(self)
        unknown = gradient.keys() - set(GRADIENT)
        if unknown:
            from ._hints import hint  # it is seldom wanted

            names = ", ".join(map(repr, sorted(unknown)))
            more = hint(min(unknown), (*self._own, *GRADIENT))
            raise TypeError(f"{type(self).__name__} has no setting {names}{more}")
        nesterov = flag("nesterov", own.pop("nesterov", False))
        numbers = {name: number(value, name) for name, value in (own | gradient).items()}
        super().__init__(_core.OPTIMIZERS[self._kind], nesterov, numbers)

    def __setattr__(self, name: str, value: Any) -> None:
        if type(self).__module__ == __name__ and not name.startswith("_") and not hasattr(type(self), name):
            raise AttributeError(
                f"{type(self).__name__} has no setting {name!r}; learning_rate may be set, the others are fixed: "
                f"{', '.join((*self._own, *GRADIENT))}"
            )
        super().__setattr__(name, value)

    @property
    def learning_rate(self) -> float:
        """The step size; may be set, also in a callback of `fit`, and then applies from the next step on."""
        return float(self._settings["learning_rate"])

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._set_learning_rate(number(value, "learning_rate"))

    l2 = _setting("l2", "How much of each weight is added to its gradient.")
    l1 = _setting("l1", "What is added to the gradient of each weight, with the weight's sign.")
    clip_value = _setting("clip_value", "The largest magnitude of a gradient's values; 0: no limit.")
    clip_norm = _setting("clip_norm", "The largest norm of a gradient; 0: no limit.")

    @property
    def state(self) -> dict[str, npt.NDArray[Any]]:
        """The state for each parameter, by name: writable views; empty before the first step."""
        return self._slots

    def _arguments(self) -> dict[str, Any]:
        settings = self._settings
        extra = [name for name in GRADIENT if settings[name]]
        return {name: settings[name] for name in (*self._own, *extra)}

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self._arguments().items())
        return f"{type(self).__name__}({settings})"

    def __reduce__(self) -> Any:
        own = {name: value for name, value in self.__dict__.items() if name != "_network"}
        return _restore, (type(self), self._arguments(), self._get_state()), own or None


def _restore(cls: Callable[..., Optimizer], settings: dict[str, Any], state: tuple[Any, ...]) -> Optimizer:
    optimizer = cls(**settings)
    optimizer._set_state(*state)
    return optimizer


class SGD(Optimizer):
    """Gradient descent, optionally with momentum.

    ``v = momentum * v + g`` and ``w = w - learning_rate * v``; with `nesterov`
    ``w = w - learning_rate * (momentum * v + g)``. Without momentum ``w = w - learning_rate * g``.

    Parameters
    ----------
    learning_rate : float, default 0.1
        Positive. May be changed between steps.
    momentum : float, default 0.0
        At least 0, below 1.
    nesterov : bool, default False
        Nesterov's momentum, in the form of Sutskever et al. (2013); needs a momentum above 0.
    l2, l1, clip_value, clip_norm : float, default 0.0
        Penalties and clipping: see `Optimizer`.

    Attributes
    ----------
    state : dict
        ``"velocity"`` with momentum: v, in the layout of `Network.parameters`.
    steps : int
        Steps taken so far.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Examples
    --------
    >>> SGD(0.05, momentum=0.9)
    SGD(learning_rate=0.05, momentum=0.9, nesterov=False)
    """

    _kind = "sgd"
    _own = ("learning_rate", "momentum", "nesterov")

    momentum = _setting("momentum", "How much of the velocity each step keeps.")
    nesterov = _setting("nesterov", "Whether the momentum is Nesterov's.")

    def __init__(
        self,
        learning_rate: float = 0.1,
        momentum: float = 0.0,
        nesterov: bool = False,
        **gradient: Unpack[GradientSettings],
    ) -> None:
        super().__init__(gradient, learning_rate=learning_rate, momentum=momentum, nesterov=nesterov)


class Adam(Optimizer):
    """Adam of Kingma and Ba, "Adam: a method for stochastic optimization" (2015).

    ``m = beta_1 m + (1 - beta_1) g``, ``v = beta_2 v + (1 - beta_2) g^2``,
    ``w = w - learning_rate / (1 - beta_1^t) * m / (sqrt(v / (1 - beta_2^t)) + epsilon)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
        Positive. May be changed between steps.
    beta_1, beta_2 : float, default 0.9 and 0.999
        At least 0, below 1.
    epsilon : float, default 1e-8
        Positive.
    l2, l1, clip_value, clip_norm : float, default 0.0
        Penalties and clipping: see `Optimizer`.

    Attributes
    ----------
    state : dict
        ``"m"`` and ``"v"`` after the first step, in the layout of `Network.parameters`.
    steps : int
        Steps taken so far.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Examples
    --------
    >>> Adam(0.01).beta_2
    0.999
    """

    _kind = "adam"
    _own = ("learning_rate", "beta_1", "beta_2", "epsilon")

    beta_1 = _setting("beta_1", "How much of the running mean of the gradients each step keeps.")
    beta_2 = _setting("beta_2", "How much of the running mean of their squares each step keeps.")
    epsilon = _setting("epsilon", "Added to the divisor.")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        **gradient: Unpack[GradientSettings],
    ) -> None:
        super().__init__(gradient, learning_rate=learning_rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)


class AdamW(Optimizer):
    """Adam with decoupled weight decay: Loshchilov and Hutter, "Decoupled weight decay regularization" (2019).

    Before each step of `Adam`, ``w = w * (1 - learning_rate * weight_decay)`` for weights, not for biases.

    Parameters
    ----------
    learning_rate : float, default 0.001
        Positive. May be changed between steps.
    beta_1, beta_2 : float, default 0.9 and 0.999
        At least 0, below 1.
    epsilon : float, default 1e-8
        Positive.
    weight_decay : float, default 0.01
        At least 0.
    l2, l1, clip_value, clip_norm : float, default 0.0
        Penalties and clipping: see `Optimizer`.

    Attributes
    ----------
    state : dict
        ``"m"`` and ``"v"`` after the first step, in the layout of `Network.parameters`.
    steps : int
        Steps taken so far.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Examples
    --------
    >>> AdamW(weight_decay=0.1).weight_decay
    0.1
    """

    _kind = "adam"
    _own = ("learning_rate", "beta_1", "beta_2", "epsilon", "weight_decay")

    beta_1 = _setting("beta_1", "How much of the running mean of the gradients each step keeps.")
    beta_2 = _setting("beta_2", "How much of the running mean of their squares each step keeps.")
    epsilon = _setting("epsilon", "Added to the divisor.")
    weight_decay = _setting("weight_decay", "Each step multiplies the weights by 1 - learning_rate * weight_decay.")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        **gradient: Unpack[GradientSettings],
    ) -> None:
        super().__init__(
            gradient,
            learning_rate=learning_rate,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            weight_decay=weight_decay,
        )


class RMSprop(Optimizer):
    """RMSprop of Tieleman and Hinton, "Lecture 6.5" (2012), optionally with momentum.

    ``v = rho v + (1 - rho) g^2``, ``w = w - learning_rate * g / (sqrt(v) + epsilon)``; with momentum
    ``b = momentum b + g / (sqrt(v) + epsilon)``, ``w = w - learning_rate * b``.

    Parameters
    ----------
    learning_rate : float, default 0.001
        Positive. May be changed between steps.
    rho : float, default 0.9
        At least 0, below 1.
    momentum : float, default 0.0
        At least 0, below 1.
    epsilon : float, default 1e-8
        Positive.
    l2, l1, clip_value, clip_norm : float, default 0.0
        Penalties and clipping: see `Optimizer`.

    Attributes
    ----------
    state : dict
        ``"v"`` and, with momentum, ``"velocity"``: b, in the layout of `Network.parameters`.
    steps : int
        Steps taken so far.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Examples
    --------
    >>> RMSprop(0.01, rho=0.99)
    RMSprop(learning_rate=0.01, rho=0.99, momentum=0.0, epsilon=1e-08)
    """

    _kind = "rmsprop"
    _own = ("learning_rate", "rho", "momentum", "epsilon")

    rho = _setting("rho", "How much of the running mean of the squares each step keeps.")
    momentum = _setting("momentum", "How much of the velocity each step keeps.")
    epsilon = _setting("epsilon", "Added to the divisor.")

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-8,
        **gradient: Unpack[GradientSettings],
    ) -> None:
        super().__init__(gradient, learning_rate=learning_rate, rho=rho, momentum=momentum, epsilon=epsilon)


class Rprop(Optimizer):
    """iRprop- of Igel and Huesken, "Improving the Rprop learning algorithm" (2000), for full batches.

    Each parameter has a step length of its own. It is multiplied by `eta_plus` where the gradient keeps its sign; where
    the sign changes, it is multiplied by `eta_minus` and the parameter takes no step. Only the sign of the gradient
    matters, so there is little to tune.

    Parameters
    ----------
    learning_rate : float, default 0.01
        The length of the first step.
    eta_minus, eta_plus : float, default 0.5 and 1.2
        Between 0 and 1, and above 1.
    step_min, step_max : float, default 1e-6 and 50
        Limits of the step lengths.
    l2, l1, clip_value, clip_norm : float, default 0.0
        Penalties and clipping: see `Optimizer`.

    Attributes
    ----------
    state : dict
        ``"step"``, the lengths, and ``"gradient"``, the last one, 0 where its sign changed; in the layout of
        `Network.parameters`.
    steps : int
        Steps taken so far.

    Raises
    ------
    ValueError
        If a setting is out of range.

    Examples
    --------
    >>> Rprop().eta_plus
    1.2
    """

    _kind = "rprop"
    _own = ("learning_rate", "eta_minus", "eta_plus", "step_min", "step_max")

    eta_minus = _setting("eta_minus", "What a step length is multiplied by where the gradient changes its sign.")
    eta_plus = _setting("eta_plus", "What a step length is multiplied by where the gradient keeps its sign.")
    step_min = _setting("step_min", "The smallest step length.")
    step_max = _setting("step_max", "The largest step length.")

    def __init__(
        self,
        learning_rate: float = 0.01,
        eta_minus: float = 0.5,
        eta_plus: float = 1.2,
        step_min: float = 1e-6,
        step_max: float = 50.0,
        **gradient: Unpack[GradientSettings],
    ) -> None:
        super().__init__(
            gradient,
            learning_rate=learning_rate,
            eta_minus=eta_minus,
            eta_plus=eta_plus,
            step_min=step_min,
            step_max=step_max,
        )


OPTIMIZERS: dict[str, Callable[..., Optimizer]] = {
    cls.__name__.lower(): cls for cls in (SGD, Adam, AdamW, RMSprop, Rprop)
}


def optimizer_class(kind: int, weight_decay: float) -> type[Optimizer]:
    """Find the class for the core's number of a kind."""
    classes: tuple[type[Optimizer], ...] = (SGD, AdamW if weight_decay else Adam, RMSprop, Rprop)
    return next(cls for cls in classes if _core.OPTIMIZERS[cls._kind] == kind)
