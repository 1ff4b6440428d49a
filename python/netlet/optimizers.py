# SPDX-License-Identifier: BSD-3-Clause
"""Optimizers: settings, and the state that they carry from step to step."""

from __future__ import annotations

import warnings
import weakref
from typing import TYPE_CHECKING, Any

from . import _core

if TYPE_CHECKING:  # it takes longer to import than all of netlet
    import numpy.typing as npt


__all__ = ["SGD", "Adam", "AdamW", "Optimizer", "RMSprop", "Rprop"]

_GRADIENT = ("l2", "l1", "clip_value", "clip_norm")


def _number(name: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name}: expected a number, got {value!r}") from None


def warn_of_another_network(optimizer: Optimizer, network: object) -> None:
    """State that one network's gradients left is of no use to another one."""
    known = optimizer._network
    if known is None or optimizer.steps == 0:
        optimizer._network = weakref.ref(network)
    elif known() is not network:
        optimizer._network = weakref.ref(network)
        if optimizer.state:
            warnings.warn(
                "optimizer: its state comes from another network; take a new optimizer for each network", stacklevel=4
            )


def _setting(name: str, doc: str) -> property:
    return property(lambda self: self._settings[name], doc=doc)


class Optimizer(_core.Optimizer):
    """What all optimizers share: settings, readable state, pickling, copying, and what is done with a gradient first.

    In this order, all off by default:

    l2 : float
        ``l2 * w`` is added to the gradient of each weight, not of biases.
    l1 : float
        ``l1 * sign(w)`` is added, not for biases. Neither penalty is in the losses that are reported.
    clip_value : float
        Each value of the gradient is kept within ``+-clip_value``.
    clip_norm : float
        A gradient whose Euclidean norm is larger is brought to this norm. Not together with `clip_value`.
    """

    _kind: str
    _own: tuple[str, ...] = ()
    _slot_names: tuple[str, ...] = ()
    _network: Any = None  # the last one it was used with, weakly; None after a copy or pickle

    def __init__(self, nesterov: bool = False, **settings: Any) -> None:
        numbers = {name: _number(name, value) for name, value in settings.items()}
        super().__init__(_core.OPTIMIZERS[self._kind], bool(nesterov), numbers)

    def __setattr__(self, name: str, value: Any) -> None:
        if type(self).__module__ == __name__ and not name.startswith("_") and not hasattr(type(self), name):
            raise AttributeError(
                f"{type(self).__name__} has no setting {name!r}; learning_rate may be set, the others are fixed: "
                f"{', '.join((*self._own, *_GRADIENT))}"
            )
        super().__setattr__(name, value)

    @property
    def learning_rate(self) -> float:
        """The step size; may be set, also in a callback of `fit`: it holds from the next step on."""
        return float(self._settings["learning_rate"])

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._set_learning_rate(_number("learning_rate", value))

    l2 = _setting("l2", "What is added to the gradient of a weight, times the weight.")
    l1 = _setting("l1", "What is added to the gradient of a weight, with the sign of the weight.")
    clip_value = _setting("clip_value", "The largest size of a gradient's value; 0: any.")
    clip_norm = _setting("clip_norm", "The largest norm of a gradient; 0: any.")

    @property
    def state(self) -> dict[str, npt.NDArray[Any]]:
        """The state for each parameter, by name: writable views; empty before the first step."""
        return dict(zip(self._slot_names, self._slots))

    def _arguments(self) -> dict[str, Any]:
        settings = self._settings
        extra = [name for name in _GRADIENT if settings[name]]
        return {name: settings[name] for name in (*self._own, *extra)}

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self._arguments().items())
        return f"{type(self).__name__}({settings})"

    def __reduce__(self) -> Any:
        own = {name: value for name, value in self.__dict__.items() if name != "_network"}
        return _restore, (type(self), self._arguments(), self._get_state()), own or None


def _restore(cls: type[Optimizer], settings: dict[str, Any], state: tuple[Any, ...]) -> Optimizer:
    optimizer = cls(**settings)
    optimizer._set_state(*state)
    return optimizer


class SGD(Optimizer):
    """Gradient descent, with momentum if wanted.

    ``v = momentum * v + g`` and ``w = w - learning_rate * v``; with `nesterov`
    ``w = w - learning_rate * (momentum * v + g)``. Without momentum ``w = w - learning_rate * g``.

    Parameters
    ----------
    learning_rate : float, default 0.1
        Positive. May be changed between steps.
    momentum : float, default 0.0
        From 0 to below 1.
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
    _slot_names = ("velocity",)

    momentum = _setting("momentum", "How much of the velocity stays from step to step.")
    nesterov = _setting("nesterov", "Whether the momentum is Nesterov's.")

    def __init__(
        self,
        learning_rate: float = 0.1,
        momentum: float = 0.0,
        nesterov: bool = False,
        *,
        l2: float = 0.0,
        l1: float = 0.0,
        clip_value: float = 0.0,
        clip_norm: float = 0.0,
    ) -> None:
        super().__init__(
            nesterov=nesterov,
            learning_rate=learning_rate,
            momentum=momentum,
            l2=l2,
            l1=l1,
            clip_value=clip_value,
            clip_norm=clip_norm,
        )


class Adam(Optimizer):
    """Adam of Kingma and Ba, "Adam: a method for stochastic optimization" (2015).

    ``m = beta_1 m + (1 - beta_1) g``, ``v = beta_2 v + (1 - beta_2) g^2``,
    ``w = w - learning_rate / (1 - beta_1^t) * m / (sqrt(v / (1 - beta_2^t)) + epsilon)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
        Positive. May be changed between steps.
    beta_1, beta_2 : float, default 0.9 and 0.999
        From 0 to below 1.
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
    _slot_names = ("m", "v")

    beta_1 = _setting("beta_1", "How much of the mean of the gradients stays from step to step.")
    beta_2 = _setting("beta_2", "How much of the mean of their squares stays from step to step.")
    epsilon = _setting("epsilon", "Added to the divisor.")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        *,
        l2: float = 0.0,
        l1: float = 0.0,
        clip_value: float = 0.0,
        clip_norm: float = 0.0,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            l2=l2,
            l1=l1,
            clip_value=clip_value,
            clip_norm=clip_norm,
        )


class AdamW(Optimizer):
    """Adam with decoupled weight decay: Loshchilov and Hutter, "Decoupled weight decay regularization" (2019).

    Before each step of `Adam`, ``w = w * (1 - learning_rate * weight_decay)`` for weights, not for biases.

    Parameters
    ----------
    learning_rate : float, default 0.001
        Positive. May be changed between steps.
    beta_1, beta_2 : float, default 0.9 and 0.999
        From 0 to below 1.
    epsilon : float, default 1e-8
        Positive.
    weight_decay : float, default 0.01
        0 or more.
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
    _slot_names = ("m", "v")

    beta_1 = _setting("beta_1", "How much of the mean of the gradients stays from step to step.")
    beta_2 = _setting("beta_2", "How much of the mean of their squares stays from step to step.")
    epsilon = _setting("epsilon", "Added to the divisor.")
    weight_decay = _setting("weight_decay", "What share of the weights each step takes off, times the learning rate.")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
        *,
        l2: float = 0.0,
        l1: float = 0.0,
        clip_value: float = 0.0,
        clip_norm: float = 0.0,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            weight_decay=weight_decay,
            l2=l2,
            l1=l1,
            clip_value=clip_value,
            clip_norm=clip_norm,
        )


class RMSprop(Optimizer):
    """RMSprop of Tieleman and Hinton, "Lecture 6.5" (2012), with momentum if wanted.

    ``v = rho v + (1 - rho) g^2``, ``w = w - learning_rate * g / (sqrt(v) + epsilon)``; with momentum
    ``b = momentum b + g / (sqrt(v) + epsilon)``, ``w = w - learning_rate * b``.

    Parameters
    ----------
    learning_rate : float, default 0.001
        Positive. May be changed between steps.
    rho : float, default 0.9
        From 0 to below 1.
    momentum : float, default 0.0
        From 0 to below 1.
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
    _slot_names = ("v", "velocity")

    rho = _setting("rho", "How much of the mean of the squares stays from step to step.")
    momentum = _setting("momentum", "How much of the velocity stays from step to step.")
    epsilon = _setting("epsilon", "Added to the divisor.")

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-8,
        *,
        l2: float = 0.0,
        l1: float = 0.0,
        clip_value: float = 0.0,
        clip_norm: float = 0.0,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            rho=rho,
            momentum=momentum,
            epsilon=epsilon,
            l2=l2,
            l1=l1,
            clip_value=clip_value,
            clip_norm=clip_norm,
        )


class Rprop(Optimizer):
    """iRprop- of Igel and Huesken, "Improving the Rprop learning algorithm" (2000), for full batches.

    Each parameter has a step length of its own: `eta_plus` times longer where the gradient keeps its sign, `eta_minus`
    times shorter, and no step, where that turns. Only the sign of the gradient counts, so there is little to tune.

    Parameters
    ----------
    learning_rate : float, default 0.01
        The length of the first step.
    eta_minus, eta_plus : float, default 0.5 and 1.2
        Between 0 and 1, and above 1.
    step_min, step_max : float, default 1e-6 and 50
        Bounds of the step lengths.
    l2, l1, clip_value, clip_norm : float, default 0.0
        Penalties and clipping: see `Optimizer`.

    Attributes
    ----------
    state : dict
        ``"step"``, the lengths, and ``"gradient"``, the last one, 0 where its sign turned; in the layout of
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
    _slot_names = ("step", "gradient")

    eta_minus = _setting("eta_minus", "What a step length is multiplied with where the gradient's sign turns.")
    eta_plus = _setting("eta_plus", "What a step length is multiplied with where the gradient keeps its sign.")
    step_min = _setting("step_min", "The smallest step length.")
    step_max = _setting("step_max", "The largest step length.")

    def __init__(
        self,
        learning_rate: float = 0.01,
        eta_minus: float = 0.5,
        eta_plus: float = 1.2,
        step_min: float = 1e-6,
        step_max: float = 50.0,
        *,
        l2: float = 0.0,
        l1: float = 0.0,
        clip_value: float = 0.0,
        clip_norm: float = 0.0,
    ) -> None:
        super().__init__(
            learning_rate=learning_rate,
            eta_minus=eta_minus,
            eta_plus=eta_plus,
            step_min=step_min,
            step_max=step_max,
            l2=l2,
            l1=l1,
            clip_value=clip_value,
            clip_norm=clip_norm,
        )


def optimizer_class(kind: int, weight_decay: float) -> type[Optimizer]:
    """Find the class for the core's number of a kind."""
    classes: dict[str, type[Optimizer]] = {
        "sgd": SGD,
        "adam": AdamW if weight_decay else Adam,
        "rmsprop": RMSprop,
        "rprop": Rprop,
    }
    return next(classes[name] for name, number in _core.OPTIMIZERS.items() if number == kind)
