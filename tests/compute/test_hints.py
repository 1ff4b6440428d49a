# SPDX-License-Identifier: BSD-3-Clause
"""Warnings about settings that are probably mistakes."""

import pickle
import warnings

import netlet
import numpy as np
import pytest
from netlet import SGD, Adam, Network, RMSprop, callbacks, schedules
from netlet.callbacks import Checkpoint, CSVLog, LivePlot, StopAt

from helpers.training import X, Y, regression


@pytest.mark.parametrize(
    ("activation", "y", "standardize"),
    [("sigmoid", Y, False), ("tanh", 2 * np.abs(Y), False), ("relu", Y, False), ("tanh", Y, True), ("relu", Y, True)],
)
def test_targets_that_the_outputs_cannot_reach_get_a_hint(activation, y, standardize):
    net = Network([5, 8, 2], activation=activation, reduction="mean", seed=0)
    with pytest.warns(UserWarning, match=f"^output_activation: {activation} gives outputs from .*for regression use"):
        net.fit(X, y, epochs=1, standardize=standardize)


def test_warnings_point_at_the_caller_s_line():
    adam = Adam()
    regression().step(X, Y, adam)
    options = {"activation": "identity", "reduction": "sum", "seed": 0}
    for call in (
        lambda: Network([5, 8, 2], seed=0).fit(X, 5 * Y, epochs=1),
        lambda: Network([5, 8, 2], **options).fit(X, Y, epochs=4, learning_rate=0.02),
        lambda: regression().step(X, Y, adam),
        lambda: regression().fit(X, Y, epochs=1, optimizer=adam),
    ):
        with warnings.catch_warnings(record=True) as seen:
            warnings.simplefilter("always")
            call()
        assert [warning.filename for warning in seen] == [__file__]


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: regression().fit(X, Y, n_epochs=3), r"Network.fit\(\) got an .* 'n_epochs'; here it is 'epochs'"),
        (lambda: regression().fit(X, Y, epochs=3, lr=0.1), "'lr'; here it is 'learning_rate'"),
        (lambda: regression().fit(X, Y, epochs=3, momentum=0.1), "'momentum' is an argument of an optimizer, such as"),
        (lambda: regression().fit(X, Y, epochs=3, loss="mse"), "'loss'; 'loss' is an argument of Network"),
        (
            lambda: regression().fit_batches([(X, Y)], epochs=3, buffer_size=8),
            "'buffer_size'; here it is 'shuffle_buffer'",
        ),
        (lambda: regression().fit(X, Y, epochs=3, shuffle_buffer=8), "'shuffle_buffer' is an argument of fit_batches"),
        (
            lambda: regression().predict(iter([X])),
            "^x: expected real numbers, got .*; batches are for .*predict_batches",
        ),
        (lambda: regression().evaluate(lambda: [(X, Y)], Y), "^x: expected real .* evaluate_batches"),
        (lambda: regression().fit(X, Y, epoch=3), "'epoch'; here it is 'epochs'"),
        (lambda: regression().fit(X, Y, epochs=3, shufle=True), "'shufle'; did you mean 'shuffle'?"),
        (lambda: regression().fit(X, Y, epochs=3, zzz=True), "unexpected keyword argument 'zzz'$"),
        (lambda: regression().fit_batches([(X, Y)], epochs=3, verbose=1), "fit_batches.* here it is 'progress'"),
        (lambda: Network([2, 1], lr=0.1), "'learning_rate' is an argument of fit, or of an optimizer"),
        (lambda: Network(hidden_layer_sizes=[2, 1]), r"Network.__init__\(\) got .*; here it is 'layer_sizes'"),
        (lambda: Adam(lr=0.1), "Adam has no setting 'lr'; here it is 'learning_rate'"),
        (lambda: Adam(betas=(0.9, 0.99)), "here it is 'beta_1' and 'beta_2'"),
        (lambda: SGD(weight_decay=0.1), "here it is 'l2'"),
        (lambda: RMSprop(alpha=0.9), "here it is 'rho' or 'l2'"),
        (lambda: regression().fit(X, Y, epochs=3, dropout_rate=0.1), "'dropout' is an argument of Network"),
        (lambda: regression().fit(X, Y, epochs=3, weights=Y), "here it is 'sample_weight'"),
        (lambda: regression().fit(X, Y, epochs=3, labels=["a"]), "'classes' is an argument of Network"),
        (lambda: Network([2, 2], class_names=["a", "b"]), "here it is 'classes'"),
        (lambda: regression().reset(random_state=1), r"reset\(\) got .* here it is 'seed'"),
        (lambda: regression().reset(inti="he_uniform"), "did you mean 'init'?"),
        (lambda: regression().learn_scaling(X, weights=Y), "here it is 'sample_weight'"),
        (lambda: regression().save("net", optimiser=None), "here it is 'optimizer'"),
        (lambda: schedules.StepDecay(factor=0.5), r"StepDecay.*\(\) got an .* 'factor'; here it is 'gamma'"),
        (lambda: schedules.StepDecay(0.5, step_size=3), "here it is 'period'"),
        (lambda: schedules.ExponentialDecay(decay_rate=0.9), "here it is 'gamma'"),
        (lambda: schedules.CosineDecay(T_max=9), "here it is 'period'"),
        (lambda: schedules.ReduceOnPlateau(min_lr=0.1), "here it is 'floor'"),
        (lambda: schedules.ReduceOnPlateau(patients=3), "did you mean 'patience'?"),
        (lambda: Checkpoint(filepath="net"), "Checkpoint.* here it is 'path'"),
        (lambda: Checkpoint("net", save_best_only=True), "here it is 'best'"),
        (lambda: Checkpoint("net", period=3), "here it is 'every'"),
        (lambda: CSVLog(filename="net"), "CSVLog.* here it is 'path'"),
        (lambda: LivePlot(interval=3), "LivePlot.* here it is 'seconds'"),
        (
            lambda: Network(2, 3, 1),
            r"^Network.__init__\(\) takes layer_sizes without a name, got 3 .* a list: Network\(\[2, 3, 1\]\)$",
        ),
        (lambda: Network([2, 1], "relu"), "without a name, got 2 arguments; all others .* such as activation=...$"),
        (
            lambda: regression().fit(X, Y, 3),
            r"Network.fit\(\) takes x, y without a name, got 3 arguments; .* epochs=...$",
        ),
        (lambda: regression().fit_batches([(X, Y)], 3), "takes batches without a name, .* such as epochs=...$"),
    ],
)
def test_arguments_by_another_name_get_a_hint(call, match):
    with pytest.raises(TypeError, match=match):
        call()


@pytest.mark.filterwarnings("error")
def test_targets_within_reach_get_none():
    Network([5, 8, 2], reduction="mean", seed=0).fit(X, Y > 0, epochs=1)
    Network([5, 8, 2], activation="relu", reduction="mean", seed=0).fit(X, np.abs(Y), epochs=1)
    regression().fit(X, 1000 * Y, epochs=1, learning_rate=1e-9)


def test_a_loss_that_grew_a_hundredfold_gets_a_hint():
    net = Network([5, 8, 2], activation="identity", seed=0)
    with pytest.warns(UserWarning, match=r"^the loss grew from .* a smaller learning rate, or reduction='mean'"):
        net.fit(X, Y, epochs=4, learning_rate=0.02)


def test_an_optimizer_with_the_state_of_another_network_gets_a_hint():
    optimizer = Adam()
    regression().fit(X, Y, epochs=1, optimizer=optimizer)
    with pytest.warns(UserWarning, match=r"^optimizer: its state comes from another network"):
        regression().fit(X, Y, epochs=1, optimizer=optimizer)


@pytest.mark.filterwarnings("error")
def test_an_optimizer_that_goes_on_with_its_network_gets_none():
    net, optimizer = regression(), Adam()
    net.fit(X, Y, epochs=1, optimizer=optimizer)
    net.step(X, Y, optimizer)
    net, optimizer = pickle.loads(pickle.dumps((net, optimizer)))
    net.fit(X, Y, epochs=1, optimizer=optimizer)
    plain = SGD()
    for _ in range(2):
        regression().fit(X, Y, epochs=1, optimizer=plain)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("score", "'Network' object has no attribute 'score'; here it is evaluate"),
        ("partial_fit", "fit.*fit_batches"),
        ("compile", "loss= is an argument of Network"),
        ("classes_", "here it is classes$"),
        ("coefs_", "here it is weights$"),
        ("history", "fit returns a History"),
        ("state_dict", r"parameters.copy\(\), or save"),
    ],
)
def test_others_attributes_of_a_network_say_what_is_here(name, says):
    net = regression()
    with pytest.raises(AttributeError, match=says):
        getattr(net, name)
    assert not hasattr(net, name)
    assert name not in dir(net)
    assert {"fit", "evaluate", "parameters"} <= set(dir(net))
    setattr(net, name, 3)  # it is free
    assert getattr(net, name) == 3


def test_a_class_of_one_s_own_may_have_such_a_name():
    class Scored(Network):
        def score(self):
            return 1.0

    net = Scored([2, 1], seed=0)
    assert net.score() == 1.0
    assert "score" in dir(net)
    assert pickle.loads(pickle.dumps(regression())) == regression()


def test_others_attributes_of_a_history_say_what_is_here():
    history = regression().fit(X, Y, epochs=2, validation_data=(X, Y))
    for name, says in (
        ("history", r"'History' object has no attribute 'history'; it is like a dict itself: history\['loss'\]"),
        ("val_loss", "here it is validation_loss"),
        ("accuracy", r"here it is history\['accuracy'\]"),
    ):
        with pytest.raises(AttributeError, match=says):
            getattr(history, name)
        assert name not in dir(history)
    assert "loss" in dir(history)
    for name, here in (("val_loss", "validation_loss"), ("lr", "learning_rate"), ("val_acc", "validation_accuracy")):
        with pytest.raises(KeyError, match=f"here it is '{here}'"):
            history[name]


def test_others_callbacks_say_what_is_here():
    with pytest.raises(ImportError, match=r"'EarlyStopping'; here it is fit\(..., validation_data=..., patience=10\)"):
        from netlet.callbacks import EarlyStopping  # noqa: F401
    with pytest.raises(ImportError, match=r"here it is Checkpoint\(path, best=True\)"):
        callbacks.ModelCheckpoint  # noqa: B018
    with pytest.raises(AttributeError, match=r"here it is in netlet.callbacks Checkpoint\(path, best=True\)"):
        netlet.ModelCheckpoint  # noqa: B018
    with pytest.raises(AttributeError, match=r"'Sequential'; here it is Network$"):
        netlet.Sequential  # noqa: B018
    for module in (netlet, callbacks):
        with pytest.raises(AttributeError, match=f"^module '{module.__name__}' has no attribute 'nonsense'$"):
            module.nonsense  # noqa: B018


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda path: Checkpoint(f"{path}/a-{{val_loss:.3f}}.netlet"),
            r"^path: expected only epoch, .*'val_loss'.* \(here it is 'validation_loss', with validation data\)$",
        ),
        (lambda path: Checkpoint(f"{path}/a-{{lr}}.netlet"), r"\(here it is 'learning_rate'\)$"),
        (lambda path: Checkpoint(f"{path}/a-{{nonsense}}.netlet"), r"\('nonsense'\)$"),
        (lambda path: StopAt(val_loss=0.1), r"got 'val_loss' \(here it is 'validation_loss', with validation data\)$"),
    ],
)
def test_others_figures_in_callbacks_say_what_is_here(make, says, tmp_path):
    with pytest.raises(ValueError, match=says):
        regression().fit(X, Y, epochs=1, callbacks=[make(tmp_path)])
