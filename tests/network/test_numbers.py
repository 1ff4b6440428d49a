# SPDX-License-Identifier: BSD-3-Clause
"""Settings that are numbers are neither text nor booleans nor complex; flags are True or False."""

from decimal import Decimal
from fractions import Fraction

import netlet
import numpy as np
import pytest
from netlet import SGD, Adam, AdamW, Network, RMSprop, Rprop, callbacks, schedules

from helpers.bad_input import X, Y, refused

NO_NUMBERS = ["0.5", b"0.5", 0.5 + 0j, np.complex64(0.5), np.timedelta64(1), True, np.True_, [[0.5]], object()]


def fit(**options):
    return lambda net: net.fit(X, Y, **{"epochs": 1, **options})


NUMBERS = {
    **{
        f"{cls.__name__}({name})": lambda value, cls=cls, name=name: lambda net: cls(**{name: value})
        for cls in (SGD, Adam, AdamW, RMSprop, Rprop)
        for name in (*cls._own, "l2", "l1", "clip_value", "clip_norm")
        if name != "nesterov"
    },
    "set learning_rate": lambda value: lambda net: setattr(SGD(), "learning_rate", value),
    "fit(learning_rate)": lambda value: fit(learning_rate=value),
    "fit(min_delta)": lambda value: fit(min_delta=value, patience=2),
    "schedule": lambda value: fit(schedule=lambda epoch: value),
    "gamma schedule": lambda value: fit(schedule=schedules.ExponentialDecay(value)),
    "floor schedule": lambda value: fit(schedule=schedules.CosineDecay(3, value)),
    "min_delta schedule": lambda value: fit(schedule=schedules.ReduceOnPlateau(min_delta=value)),
    "dropout": lambda value: lambda net: Network([2, 2, 1], dropout=value),
    "huber_delta": lambda value: lambda net: Network([2, 1], loss="huber", huber_delta=value),
    "quantile": lambda value: lambda net: Network([2, 1], loss="quantile", quantile=value),
    "shift": lambda value: lambda net: setattr(net, "input_scaling", (value, 1)),
    "scale": lambda value: lambda net: setattr(net, "output_scaling", (0, value)),
    "loss(weight_mean)": lambda value: lambda net: net.loss(X, Y, weight_mean=value),
    "step(weight_mean)": lambda value: lambda net: net.step(X, Y, SGD(), weight_mean=value),
    "seconds": lambda value: lambda net: callbacks.StopAt(seconds=value),
    "loss": lambda value: lambda net: callbacks.StopAt(loss=value),
    "validation_split": lambda value: fit(validation_split=value),
    "class_weight": lambda value: (
        lambda net: Network([4, 3], loss="cross_entropy").fit(X, [0, 1] * 3, epochs=1, class_weight={0: value, 1: 0.5})
    ),
}
INTEGERS = {
    "epochs": lambda value: fit(epochs=value),
    "batch_size": lambda value: fit(batch_size=value),
    "patience": lambda value: fit(patience=value),
    "seed": lambda value: fit(seed=value),
    "period schedule": lambda value: fit(schedule=schedules.StepDecay(0.5, value)),
    "layer_sizes": lambda value: lambda net: Network([2, value]),
    "seed of a network": lambda value: lambda net: Network([2, 1], seed=value),
    "count": lambda value: lambda net: netlet.set_num_threads(value),
}
FLAGS = {
    "shuffle": lambda value: fit(shuffle=value),
    "progress": lambda value: fit(progress=value),
    "append": lambda value: lambda net: callbacks.CSVLog("log.csv", append=value),
    "best": lambda value: lambda net: callbacks.Checkpoint("net.netlet", best=value),
    "nesterov": lambda value: lambda net: SGD(momentum=0.9, nesterov=value),
}


def name_of(label):
    return label.split("(")[-1].rstrip(")").split()[-1 if "schedule" in label or "set" in label else 0]


def every(calls):
    return pytest.mark.parametrize(("name", "call"), [(name_of(label), calls[label]) for label in calls], ids=calls)


@every(NUMBERS)
def test_a_number_is_no_text_and_no_boolean(name, call, net):
    for value in NO_NUMBERS:
        with refused((TypeError, ValueError), f"^{name}: ", net):
            call(value)(net)


@pytest.mark.parametrize(
    "value", [0.5, np.float32(0.5), np.float16(0.5), np.array(0.5), Fraction(1, 2), Decimal("0.5")]
)
def test_numbers_of_all_libraries_are_numbers(value, net):
    assert SGD(value).learning_rate == Adam(beta_1=value).beta_1 == 0.5
    assert net.loss(X, Y, weight_mean=value) == net.loss(X, Y, weight_mean=0.5)
    assert fit(schedule=lambda epoch: value, learning_rate=np.int8(1))(net).learning_rate == [0.5]


@every(INTEGERS)
def test_an_integer_is_no_boolean(name, call, net):
    for value in (True, np.True_, "1", 1.0, 1j, b"1", [1]):
        with refused(TypeError, f"^{name}: ", net):
            call(value)(net)
    call(np.int8(1))(net)


@every(FLAGS)
def test_a_flag_is_true_or_false(name, call, net):
    for value in ("no", "", 0, 1, None, [], np.array([False])):
        with refused(TypeError, f"^{name}: expected True or False, got ", net):
            call(value)(net)
    for value in (True, False, np.False_):
        call(value)(Network([4, 3], seed=0)) if name != "progress" or not value else None
