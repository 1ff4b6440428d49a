# SPDX-License-Identifier: BSD-3-Clause
"""What a callback may see, change, return and raise."""

import pickle

import numpy as np
import pytest
from netlet import SGD, Adam, Network, Rprop
from netlet.callbacks import Callback

from helpers import training, xor
from helpers.bad_input import X, Y, state
from helpers.every import every_optimizer
from helpers.training import SIZES, random_data


class Failing:
    def __bool__(self):
        raise LookupError("no answer")


def raises_lookup_error():
    raise LookupError("my own")


def test_the_callback_gets_each_epoch_of_the_networks_life_and_the_history_so_far():
    net = Network([2, 3, 1], seed=0)
    net.fit(xor.X, xor.Y, epochs=2)
    calls = []
    history = net.fit(xor.X, xor.Y, epochs=3, callback=lambda epoch, h: calls.append((epoch, len(h), h)))
    assert [call[:2] for call in calls] == [(2, 1), (3, 2), (4, 3)]
    assert all(call[2] is history for call in calls)


@pytest.mark.parametrize("answer", [True, 1, "stop", np.True_], ids=repr)
def test_a_true_answer_of_the_callback_ends_training_after_that_epoch(answer):
    stopped, short = Network([2, 3, 1], seed=0), Network([2, 3, 1], seed=0)
    history = stopped.fit(xor.X, xor.Y, epochs=100, callback=lambda epoch, _: answer if epoch == 4 else None)
    short.fit(xor.X, xor.Y, epochs=5)
    assert len(history) == stopped.epochs_trained == 5
    assert stopped == short


def test_the_callback_may_evaluate_the_network():
    net, plain = Network([2, 3, 1], seed=0), Network([2, 3, 1], seed=0)
    seen = []

    def evaluate(_epoch, _history):
        net.forward(xor.X[0])
        net.backward(xor.X, xor.Y)
        seen.append(net.loss(xor.X, xor.Y))

    history = net.fit(xor.X, xor.Y, epochs=5, callback=evaluate)
    plain.fit(xor.X, xor.Y, epochs=5)
    assert net == plain
    assert seen[:-1] == history.loss[1:].tolist()


@every_optimizer
def test_the_callback_may_write_to_the_parameters_and_set_the_learning_rate(new_optimizer):
    x, y = random_data()
    inside, outside = Network(SIZES, activation="relu", seed=0), Network(SIZES, activation="relu", seed=0)

    def change(net, optimizer):
        net.parameters[:] *= 0.75
        optimizer.learning_rate *= 0.5

    optimizer = new_optimizer()
    batch_size = None if isinstance(optimizer, Rprop) else 64
    inside.fit(
        x, y, epochs=4, optimizer=optimizer, batch_size=batch_size, callback=lambda *_: change(inside, optimizer)
    )
    optimizer = new_optimizer()
    for _ in range(4):
        outside.fit(x, y, epochs=1, optimizer=optimizer, batch_size=batch_size)
        change(outside, optimizer)
    assert inside == outside


def test_an_optimizer_can_be_saved_and_its_rate_changed_in_a_callback():
    net, adam, saved = Network([2, 3, 1], seed=0), Adam(0.01), []

    def callback(epoch, history):
        saved.append(pickle.dumps((net, adam)))
        adam.learning_rate /= 2

    net.fit(np.eye(2), [0, 1], epochs=3, optimizer=adam, callback=callback)
    assert adam.learning_rate == 0.01 / 8
    resumed, optimizer = pickle.loads(saved[0])
    for _ in range(2):
        optimizer.learning_rate /= 2
        resumed.fit(np.eye(2), [0, 1], epochs=1, optimizer=optimizer)
    assert resumed == net


@pytest.mark.parametrize("answer", [raises_lookup_error, Failing], ids=["callback", "__bool__ of its result"])
def test_an_error_of_the_callback_comes_out_and_the_finished_epochs_stay(answer):
    net, plain = Network([4, 5, 3], seed=2), Network([4, 5, 3], seed=2)
    optimizers = Adam(), Adam()
    with pytest.raises(LookupError):
        net.fit(X, Y, epochs=9, optimizer=optimizers[0], callback=lambda e, _: answer() if e == 3 else None)
    plain.fit(X, Y, epochs=4, optimizer=optimizers[1])
    assert state(net, optimizers[0]) == state(plain, optimizers[1])
    net.fit(X, Y, epochs=2, optimizer=optimizers[0])
    plain.fit(X, Y, epochs=2, optimizer=optimizers[1])
    assert net == plain


def test_an_array_as_the_answer_of_a_callback_is_an_error_of_the_callback(net):
    with pytest.raises(TypeError, match=r"^callbacks: expected True, False or None from <lambda>, got array"):
        net.fit(X, Y, epochs=3, callback=lambda *_: np.zeros(2))
    assert net.epochs_trained == 1


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, StopIteration], ids=lambda error: error.__name__)
def test_even_a_base_exception_of_the_callback_is_its_own(error, net):
    def callback(_epoch, _history):
        raise error("leave")

    with pytest.raises(error, match="leave"):
        net.fit(X, Y, epochs=3, callback=callback)
    assert net.epochs_trained == 1
    net.step(X, Y, SGD())


def test_a_callback_that_takes_other_arguments_fails_as_python_functions_do(net):
    with pytest.raises(TypeError, match="argument"):
        net.fit(X, Y, epochs=3, callback=lambda: None)


def test_an_exception_of_the_callback_comes_out_and_the_network_trains_on():
    net = training.regression(dropout=0.2)
    with pytest.raises(LookupError):
        net.fit(
            training.X,
            training.Y,
            epochs=5,
            patience=3,
            validation_data=(training.X, training.Y),
            callback=lambda *_: {}["no such key"],
        )
    assert net.epochs_trained == 1
    net.fit(training.X, training.Y, epochs=1)


@pytest.mark.parametrize("hidden", [4, 40])  # with a kernel of its own, and without
@pytest.mark.parametrize("end", ["stop", "raise", "schedule"])
def test_what_a_callback_writes_stays_if_it_ends_training(hidden, end):
    net, optimizer = Network([2, hidden, 1], seed=0), Adam()

    def write(*_):
        net.parameters[:] = 0.25
        optimizer.state["m"][:] = 0.5
        if end != "stop":
            raise LookupError
        return True

    net.step(np.zeros((1, 2)), [1.0], optimizer)
    if end == "stop":
        net.fit(np.eye(2), [0, 1], epochs=9, optimizer=optimizer, callback=write)
    else:
        with pytest.raises(LookupError):
            net.fit(np.eye(2), [0, 1], epochs=9, optimizer=optimizer, **{"callback" if end == "raise" else end: write})
    assert (net.parameters == 0.25).all()
    assert (optimizer.state["m"] == 0.5).all()


class Vague(Callback):
    def on_epoch(self, *_):
        return np.zeros(3)


class VagueStep(Callback):
    def on_step(self, *_):
        return np.zeros(3)


def vague(*_):
    return np.zeros(3)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"callback": vague}, "vague"),
        ({"callbacks": [lambda *_: None, vague]}, "vague"),
        ({"callbacks": [Vague()]}, "Vague.on_epoch"),
        ({"callbacks": [VagueStep()]}, "VagueStep.on_step"),
    ],
)
def test_an_answer_that_is_neither_true_nor_false_is_refused_by_the_callback_s_name(options, name):
    with pytest.raises(TypeError, match=rf"^callbacks: expected True, False or None from {name}, got array\(\[0"):
        Network([2, 1], seed=0).fit([[0, 1]], [1], epochs=2, **options)
