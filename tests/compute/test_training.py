# SPDX-License-Identifier: BSD-3-Clause
"""What fit offers beside the loop: weights, validation, schedules, dropout, scaling, derivatives, batches, progress."""

import io
import pickle
import sys

import netlet
import numpy as np
import pytest
from netlet import SGD, Adam, AdamW, DivergenceError, Network, RMSprop, Rprop, reference, schedules

RNG = np.random.default_rng(11)
X, Y = RNG.normal(size=(300, 5)), RNG.normal(size=(300, 2))
CLASSES = X[:, :3].argmax(axis=1)


def regression(**settings):
    return Network([5, 8, 2], activation=["tanh", "identity"], reduction="mean", seed=1, **settings)


def classifier(**settings):
    return Network([5, 8, 3], activation="tanh", loss="cross_entropy", reduction="mean", seed=1, **settings)


# ---- weights ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_weight_counts_a_row_as_often(reduction):
    """Whole weights are as good as copies of the row, but for the order of the sums."""
    weights = RNG.integers(0, 4, len(X))
    arguments = {"activation": ["tanh", "identity"], "reduction": reduction, "seed": 1}
    net = Network([5, 8, 2], **arguments)
    index = np.repeat(np.arange(len(X)), weights)
    loss, gradient = net.backward(X, Y, sample_weight=weights)
    expected_loss, expected = net.backward(X[index], Y[index])
    np.testing.assert_allclose(loss, expected_loss, rtol=1e-12)
    np.testing.assert_allclose(gradient, expected, rtol=1e-10, atol=1e-12)


def test_weights_of_one_change_no_bit_and_weights_of_zero_leave_the_gradient_zero():
    plain, weighted = regression(), regression()
    plain.fit(X, Y, epochs=3, batch_size=70)
    weighted.fit(X, Y, epochs=3, batch_size=70, sample_weight=np.ones(300))
    assert plain == weighted
    loss, gradient = plain.backward(X, Y, sample_weight=np.zeros(300))
    assert loss == 0
    assert not gradient.any()
    weighted.fit(X, Y, epochs=3, sample_weight=np.zeros(300, dtype=int))
    assert plain == weighted


def test_class_weight_multiplies_the_weight_of_the_rows_of_a_class():
    y, own = CLASSES, RNG.random(300)
    a, b, balanced, by_hand = classifier(), classifier(), classifier(), classifier()
    a.fit(X, y, epochs=2, class_weight={0: 2.0, 2: 0.5}, sample_weight=own)
    b.fit(X, y, epochs=2, sample_weight=np.choose(y, [2.0, 1.0, 0.5]) * own)
    assert a == b
    balanced.fit(X, np.eye(3)[y], epochs=2, class_weight="balanced")
    by_hand.fit(X, y, epochs=2, sample_weight=300 / (3 * np.bincount(y))[y])
    assert balanced == by_hand != a


def test_class_weight_serves_binary_cross_entropy_with_one_output():
    nets = [Network([5, 1], loss="binary_cross_entropy", seed=0) for _ in range(2)]
    y = CLASSES == 0
    nets[0].fit(X, y, epochs=2, class_weight={1: 3.0})
    nets[1].fit(X, y[:, None], epochs=2, sample_weight=np.where(y, 3.0, 1.0))
    assert nets[0] == nets[1]


@pytest.mark.parametrize(
    ("class_weight", "error"),
    [({7: 1.0}, ValueError), ("even", TypeError), ([1, 1, 1], TypeError), ({0: -1}, ValueError)],
)
def test_a_class_weight_that_does_not_fit_is_refused(class_weight, error):
    with pytest.raises(error, match=r"class_weight|sample_weight"):
        classifier().fit(X, CLASSES, epochs=1, class_weight=class_weight)


# ---- validation, early stopping --------------------------------------------------------------------------------------


def test_history_has_the_validation_figures_after_each_epoch():
    net, losses = classifier(), []
    held_out = (X[200:], CLASSES[200:])
    history = net.fit(
        X[:200],
        CLASSES[:200],
        epochs=4,
        validation_data=held_out,
        callback=lambda *_: losses.append(net.evaluate(*held_out)),
    )
    assert history.validation_loss.tolist() == [one["loss"] for one in losses]
    assert history.metrics["validation_accuracy"].tolist() == [one["accuracy"] for one in losses]
    assert "validation loss" in str(history)


def test_validation_rows_may_have_weights():
    weights = RNG.random(100)
    net = regression()
    history = net.fit(X, Y, epochs=1, validation_data=(X[:100], Y[:100], weights))
    assert history.validation_loss[-1] == net.loss(X[:100], Y[:100], sample_weight=weights)


def overfitting():
    """Few noisy rows: the validation loss falls and then rises."""
    rng = np.random.default_rng(3)
    x = rng.uniform(-1, 1, (60, 1))
    y = np.sin(3 * x) + 0.3 * rng.normal(size=x.shape)
    return x[:20], y[:20], (x[20:], y[20:])


def big(**settings):
    return Network([1, 60, 1], activation=["tanh", "identity"], reduction="mean", seed=2, **settings)


def test_patience_ends_training_and_restores_the_best_epochs_parameters():
    x, y, held_out = overfitting()
    net, seen = big(), []
    history = net.fit(
        x,
        y,
        epochs=5000,
        optimizer=Adam(0.02),
        validation_data=held_out,
        patience=50,
        callback=lambda *_: seen.append(net.parameters.copy()),
    )
    best = history.best_epoch
    assert len(history) == best + 51 < 5000
    assert history.validation_loss.argmin() == best
    assert net.parameters.tobytes() == seen[best].tobytes()
    assert net.loss(*held_out) == history.validation_loss.min()


def test_patience_restores_the_best_parameters_when_all_epochs_were_trained_too():
    x, y, held_out = overfitting()
    net = big()
    history = net.fit(x, y, epochs=400, optimizer=Adam(0.02), validation_data=held_out, patience=10**6)
    assert history.best_epoch < 399
    assert net.loss(*held_out) == history.validation_loss.min()
    assert net.epochs_trained == 400


def test_without_validation_data_patience_watches_the_training_loss():
    history = regression().fit(X, Y, epochs=10**6, learning_rate=0.5, patience=3, min_delta=1e-4)
    assert len(history) < 10**5
    falls = -np.diff(history.loss)
    assert (falls[-3:] < 1e-4).all()


# ---- schedules -------------------------------------------------------------------------------------------------------


def rates(schedule, epochs=6, **options):
    return regression().fit(X, Y, epochs=epochs, learning_rate=1e-3, schedule=schedule, **options).learning_rate / 1e-3


@pytest.mark.parametrize(
    ("schedule", "factors"),
    [
        (None, [1, 1, 1, 1, 1, 1]),
        (schedules.StepDecay(0.5, period=2), [1, 1, 0.5, 0.5, 0.25, 0.25]),
        (schedules.ExponentialDecay(0.9), 0.9 ** np.arange(6)),
        (schedules.CosineDecay(4), [*(0.5 + 0.5 * np.cos(np.pi * np.arange(4) / 4)), 0, 0]),
        (schedules.CosineDecay(4, floor=0.2), [*(0.6 + 0.4 * np.cos(np.pi * np.arange(4) / 4)), 0.2, 0.2]),
        (lambda epoch: 1 / (1 + epoch), 1 / np.arange(1, 7)),
        (schedules.ReduceOnPlateau(0.5, patience=2, min_delta=1e9, floor=0.3), [1, 1, 1, 0.5, 0.5, 0.3]),
    ],
)
def test_a_schedule_multiplies_the_learning_rate(schedule, factors):
    np.testing.assert_allclose(rates(schedule), factors, rtol=1e-12, atol=1e-15)


def test_a_schedule_goes_by_the_epochs_of_the_networks_life_and_leaves_the_optimizers_own_rate():
    net, optimizer = regression(), SGD(0.5)
    first = net.fit(X, Y, epochs=2, optimizer=optimizer, schedule=schedules.ExponentialDecay(0.5)).learning_rate
    second = net.fit(X, Y, epochs=2, optimizer=optimizer, schedule=schedules.ExponentialDecay(0.5)).learning_rate
    assert [*first, *second] == [0.5, 0.25, 0.125, 0.0625]
    assert optimizer.learning_rate == 0.5


def test_very_late_epochs_take_no_longer():
    net = regression()
    net._set_epochs_trained(2**62)
    assert net.fit(X, Y, epochs=1, schedule=schedules.ExponentialDecay(0.5)).learning_rate == [0]
    assert net.fit(X, Y, epochs=1, schedule=schedules.StepDecay(1.0, 1)).learning_rate == [0.1]


# ---- dropout ---------------------------------------------------------------------------------------------------------


def test_dropout_leaves_out_its_share_of_the_units_and_keeps_the_expected_value():
    factors = reference.network.dropout_factors(np.arange(2000, dtype=np.uint64), 50, 0.3, 0, 5, 2, 0, "float64")
    assert set(np.unique(factors)) == {0.0, 1 / 0.7}
    assert abs((factors == 0).mean() - 0.3) < 0.005
    assert abs((factors == 0).mean(axis=0) - 0.3).max() < 0.05  # of each unit
    assert abs((factors == 0).mean(axis=1) - 0.3).mean() < 0.08  # of each row


def test_only_training_drops_units():
    plain, dropping = regression(), regression(dropout=0.5)
    assert plain.forward(X).tobytes() == dropping.forward(X).tobytes()
    assert plain.backward(X, Y)[1].tobytes() == dropping.backward(X, Y)[1].tobytes()
    plain.fit(X, Y, epochs=1)
    dropping.fit(X, Y, epochs=1)
    assert plain.parameters.tobytes() != dropping.parameters.tobytes()
    assert repr(dropping).endswith("dropout=[0.5])")


def test_what_is_dropped_follows_seed_epoch_and_step():
    def trained(seed=1, epochs=1):
        net = Network([5, 8, 2], init=np.full(66, 0.1), dropout=0.5, seed=seed)
        net._set_epochs_trained(epochs)
        net.fit(X, Y, epochs=1, learning_rate=1e-4)
        return net.parameters.tobytes()

    assert trained() == trained()
    assert len({trained(), trained(seed=2), trained(epochs=2)}) == 3
    net, optimizer = regression(dropout=0.5), SGD(1e-300)
    assert len({net.step(X, Y, optimizer) for _ in range(5)}) == 5


def test_dropout_is_the_same_for_any_batch_that_a_row_is_in():
    """At a rate too small to change anything, the loss of an epoch depends on the dropped units alone."""
    net = regression(dropout=[0.4])
    losses = set()
    for batch_size in (1, 7, 300):
        net._set_epochs_trained(0)
        losses.add(round(net.fit(X, Y, epochs=1, learning_rate=1e-300, batch_size=batch_size).loss[0], 12))
    assert len(losses) == 1


# ---- scaling ---------------------------------------------------------------------------------------------------------


def units(x):
    return x * [1, 10, 100, 1000, 1] + [0, 5, -300, 20000, 7]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_standardize_learns_means_and_deviations_once_and_results_are_in_the_callers_units(dtype):
    x, y = units(X), 50 * Y + 1000
    net = regression(dtype=dtype)
    net.fit(x, y, epochs=300, optimizer=Adam(0.01), standardize=True)
    for (shift, scale), values in ((net.input_scaling, x), (net.output_scaling, y)):
        np.testing.assert_allclose(shift, values.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(scale, values.std(axis=0), rtol=1e-4)
    by_hand = regression(dtype=dtype)
    (a, b), (c, d) = net.input_scaling, net.output_scaling
    scaled = (x.astype(dtype) - a) / b, (y.astype(dtype) - c) / d
    by_hand.fit(*scaled, epochs=300, optimizer=Adam(0.01))
    assert by_hand.parameters.tobytes() == net.parameters.tobytes()
    np.testing.assert_allclose(net.forward(x), by_hand.forward(scaled[0]) * d + c, rtol=1e-6)
    assert net.loss(x, y) == by_hand.loss(*scaled)
    before = net.input_scaling[0].copy()
    net.fit(x + 1, y, epochs=1, standardize=True)
    assert net.input_scaling[0].tobytes() == before.tobytes()


def test_scaling_is_part_of_the_network():
    net = regression()
    plain = net.fingerprint()
    net.learn_scaling(units(X), Y)
    other = pickle.loads(pickle.dumps(net))
    assert other == net
    assert other.forward(X).tobytes() == net.forward(X).tobytes()
    assert net.fingerprint() != plain
    other.output_scaling = None
    assert other != net
    net.input_scaling = net.output_scaling = None
    assert net.fingerprint() == plain


@pytest.mark.parametrize(("standardize", "inputs", "outputs"), [("inputs", True, False), ("outputs", False, True)])
def test_standardize_may_name_one_side(standardize, inputs, outputs):
    net = regression()
    net.fit(X, Y, epochs=1, standardize=standardize)
    assert (net.input_scaling is not None, net.output_scaling is not None) == (inputs, outputs)


def test_classes_have_no_scale():
    net = classifier()
    net.fit(X, CLASSES, epochs=1, standardize=True)
    assert net.input_scaling is not None
    assert net.output_scaling is None


@pytest.mark.parametrize("value", [0.1, 1e8 + 0.1, -7.3, 0.0])
def test_a_column_that_never_changes_keeps_its_scale(value):
    net = Network([1, 1], seed=0)
    net.learn_scaling(np.full((1000, 1), value))
    assert net.input_scaling[1] == [1]


def test_a_scaling_is_learned_from_all_arguments_or_from_none():
    net = regression()
    with pytest.raises(ValueError, match="finite"):
        net.learn_scaling(X, np.full_like(Y, np.nan))
    assert net.input_scaling is None


@pytest.mark.parametrize("fails", [{"schedule": lambda epoch: -1.0}, {"learning_rate": 1e308}])
def test_a_fit_that_fails_in_its_first_epoch_leaves_nothing_behind(fails):
    net, optimizer = regression(), Adam(fails.pop("learning_rate", 0.1))
    before = net.fingerprint()
    with pytest.raises((ValueError, ArithmeticError)):
        net.fit(1e3 * X, Y, epochs=3, batch_size=30, standardize="inputs", optimizer=optimizer, **fails)
    assert net.fingerprint() == before
    assert (optimizer.state, optimizer.steps) == ({}, 0)
    other = Network([2, 1], seed=0)
    other.step([[1.0, 2.0]], [0.5], optimizer)


def test_a_fit_that_fails_before_training_learns_no_scaling():
    net = regression()
    optimizer = Adam()
    Network([2, 1], seed=0).step([[1, 2]], [1], optimizer)
    with pytest.raises(ValueError, match="optimizer"):
        net.fit(X, Y, epochs=1, standardize=True, optimizer=optimizer)
    assert net.input_scaling is None


# ---- derivatives -----------------------------------------------------------------------------------------------------


def difference(f, x, h=1e-6):
    """Central differences: the derivative of f's result by each value of x."""
    columns = []
    for i in range(x.size):
        step = np.zeros(x.size)
        step[i] = h
        step = step.reshape(x.shape)
        columns.append((np.asarray(f(x + step)) - np.asarray(f(x - step))) / (2 * h))
    return np.stack(columns, axis=-1)


def smooth(loss, **settings):
    output = {"cross_entropy": "softmax", "binary_cross_entropy": "sigmoid"}.get(loss, "identity")
    net = Network([3, 4, 4, 2], activation=["gelu", "silu", output], loss=loss, reduction="mean", seed=5, **settings)
    net.input_scaling = ([1, 2, 3], [0.5, 2, 4])
    if loss in ("squared_error", "absolute_error", "huber", "quantile"):
        net.output_scaling = ([1, -1], [3, 0.5])
    return net


every_loss = pytest.mark.parametrize("loss", netlet._core.NAMES["loss"])
FEW = RNG.normal(size=(4, 3))
TARGETS = {
    "cross_entropy": np.array([[0.2, 0.8]] * 4),
    "binary_cross_entropy": np.array([[0.2, 0.9]] * 4),
    "poisson": np.array([[0.0, 3.0]] * 4),
}


@every_loss
def test_gradients_are_the_slopes_of_the_loss(loss):
    net, y = smooth(loss, huber_delta=0.3, quantile=[0.2, 0.7]), TARGETS.get(loss, RNG.normal(size=(4, 2)))
    weights = np.array([0.5, 1.0, 2.0, 0.0])
    start = net.parameters.copy()

    def at(parameters):
        net.parameters[:] = parameters
        return net.loss(FEW, y, sample_weight=weights)

    slopes = difference(at, start)
    net.parameters[:] = start
    loss_value, gradient = net.backward(FEW, y, sample_weight=weights)
    assert loss_value == net.loss(FEW, y, sample_weight=weights)
    np.testing.assert_allclose(gradient, slopes, atol=1e-7)
    rows = net.row_gradients(FEW, y, sample_weight=weights)
    np.testing.assert_allclose(rows.sum(axis=0) / weights.sum(), gradient, atol=1e-12)
    for i in range(3):
        by_inputs = difference(lambda x: net.loss(x, y[i : i + 1]), FEW[i : i + 1])  # noqa: B023
        np.testing.assert_allclose(net.input_gradient(FEW[i], y[i]), by_inputs.ravel(), atol=1e-7)
        np.testing.assert_allclose(net.row_gradients(FEW[i], y[i]) * weights[i], rows[i], atol=1e-12)


@every_loss
def test_the_jacobian_is_the_slope_of_the_outputs(loss):
    net = smooth(loss)
    jacobian = net.jacobian(FEW)
    assert jacobian.shape == (4, 2, 3)
    for row, slopes in zip(FEW, jacobian):
        np.testing.assert_allclose(slopes, difference(net.forward, row), atol=1e-7)
        assert net.jacobian(row).tobytes() == slopes.tobytes()
    g = RNG.normal(size=(4, 2))
    np.testing.assert_allclose(
        net.input_gradient(FEW, output_gradient=g), np.einsum("ij,ijk->ik", g, jacobian), rtol=1e-9, atol=1e-12
    )


def test_derivatives_of_many_rows_on_several_threads_are_those_of_each_row():
    net, x = Network([30, 60, 20, 4], activation="gelu", loss="cross_entropy", seed=1), RNG.normal(size=(700, 30))
    y = RNG.integers(0, 4, 700)
    before = netlet.get_num_threads()
    netlet.set_num_threads(3)
    try:
        jacobian, by_input, by_row = net.jacobian(x), net.input_gradient(x, y), net.row_gradients(x, y)
    finally:
        netlet.set_num_threads(before)
    for i in range(0, 700, 41):
        assert net.jacobian(x[i]).tobytes() == jacobian[i].tobytes()
        assert net.input_gradient(x[i], y[i]).tobytes() == by_input[i].tobytes()
        assert net.row_gradients(x[i], y[i]).tobytes() == by_row[i].tobytes()
    assert net.jacobian(np.empty((0, 30))).shape == (0, 4, 30)


def test_a_loss_of_ones_own_trains_by_its_derivative():
    """Half the squared error by hand is squared_error."""
    own, built_in = regression(), regression()
    optimizers = Adam(0.01), Adam(0.01)
    for _ in range(3):
        own.step(X, None, optimizers[0], output_gradient=(own.forward(X) - Y) / len(X))
        built_in.step(X, Y, optimizers[1])
    np.testing.assert_allclose(own.parameters, built_in.parameters, rtol=1e-9)
    loss, gradient = own.backward(X, output_gradient=own.forward(X) - Y)
    assert loss is None
    np.testing.assert_allclose(gradient, own.backward(X, Y)[1] * len(X), rtol=1e-9)


@pytest.mark.parametrize("new", [SGD, Adam, AdamW, RMSprop, Rprop])
def test_applying_the_gradient_is_a_step(new):
    settings = {"l2": 0.1, "l1": 0.01, "clip_norm": 0.5}
    by_step, by_gradient = regression(), regression()
    optimizers = new(**settings), new(**settings)
    for _ in range(3):
        by_step.step(X, Y, optimizers[0])
        by_gradient.apply_gradient(by_gradient.backward(X, Y)[1], optimizers[1])
    assert by_step == by_gradient
    assert optimizers[1].steps == 3


# ---- penalties, clipping, optimizers ---------------------------------------------------------------------------------


def test_penalties_pull_weights_and_leave_biases():
    net = Network([3, 4, 2], init=np.linspace(-1, 1, 26), seed=0)
    before = net.parameters.copy()
    net.apply_gradient(np.zeros(26), SGD(1.0, l2=0.1, l1=0.01))
    is_bias = np.isin(before, np.concatenate(Network([3, 4, 2], init=before).biases))
    np.testing.assert_array_equal(net.parameters[is_bias], before[is_bias])
    expected = before - (0.1 * before + 0.01 * np.sign(before))
    np.testing.assert_allclose(net.parameters[~is_bias], expected[~is_bias], rtol=1e-14)


def test_weight_decay_shrinks_weights_apart_from_the_gradient():
    net = Network([3, 2], init=np.ones(8), seed=0)
    net.apply_gradient(np.zeros(8), AdamW(0.1, weight_decay=0.5))
    np.testing.assert_allclose(net.weights[0], 0.95)
    np.testing.assert_array_equal(net.biases[0], 1)


@pytest.mark.parametrize(("size", "shrunk"), [(1e-3, False), (3.0, True), (1e100, True)])
def test_clipping_by_norm_keeps_the_direction(size, shrunk):
    gradient = np.random.default_rng(0).normal(size=10100)
    gradient *= size / np.linalg.norm(gradient)
    net = Network([100, 100], init=np.zeros(10100), seed=0)
    net.apply_gradient(gradient, SGD(1.0, clip_norm=2.0))
    np.testing.assert_allclose(-net.parameters, gradient * (2 / size if shrunk else 1), rtol=1e-12)


def test_clipping_by_value():
    net = Network([2, 1], init=np.zeros(3), seed=0)
    net.apply_gradient([-5.0, 0.1, 0.7], SGD(1.0, clip_value=0.5))
    assert net.parameters.tolist() == [0.5, -0.1, -0.5]


def test_large_networks_are_clipped_as_in_the_reference():
    """Several tiles and blocks, in three phases on several threads."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(600, 90)), rng.normal(size=(600, 300))
    arguments = {"activation": ["relu", "identity"], "dtype": "float32", "seed": 1}
    net, expected = Network([90, 100, 300], **arguments), reference.Network([90, 100, 300], **arguments)
    before = netlet.get_num_threads()
    netlet.set_num_threads(3)
    try:
        net.step(x, y, AdamW(clip_norm=0.1, l1=0.001, l2=0.01))
    finally:
        netlet.set_num_threads(before)
    expected.step(x, y, reference.AdamW(clip_norm=0.1, l1=0.001, l2=0.01))
    assert net.parameters.tobytes() == expected.parameters.tobytes()


def test_rprop_learns_xor_without_a_learning_rate_to_tune():
    x, y = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    net = Network([2, 4, 1], seed=3)
    net.fit(x, y, epochs=300, optimizer=Rprop())
    assert net.forward(x).round().ravel().tolist() == y


# ---- batches that come one by one ------------------------------------------------------------------------------------


def pieces(step=70):
    for first in range(0, len(X), step):
        yield X[first : first + step], Y[first : first + step]


def test_batches_from_a_function_are_as_good_as_slices():
    """Without shuffling; also with dropout, whose rows are numbered through the epoch."""
    a, b = regression(dropout=0.3), regression(dropout=0.3)
    one = a.fit(X, Y, epochs=3, batch_size=70, shuffle=False, optimizer=Adam())
    other = b.fit_batches(pieces, epochs=3, optimizer=Adam())
    assert a == b
    assert one.loss.tolist() == other.loss.tolist()


def test_batches_may_be_a_list_and_differ_in_rows_layout_and_dtype():
    x32 = np.asfortranarray(X[100:150].astype("float32"))
    batches = [
        (X[:100], Y[:100]),
        (x32, Y[100:150]),
        (X[150:151].tolist(), Y[150:151]),
        (X[151:], Y[151:], np.ones(149)),
    ]
    a, b = regression(), regression()
    a.fit_batches(batches, epochs=2, optimizer=Adam(), validation_data=(X, Y))
    optimizer = Adam()
    for _ in range(2):
        for x, y, *weight in batches:
            b.step(x, y, optimizer, sample_weight=weight[0] if weight else None)
    assert a == b


def test_a_bad_batch_ends_training_and_the_steps_before_it_stay():
    def batches():
        yield X, Y
        yield X[:, :4], Y

    net, once = regression(), regression()
    with pytest.raises(ValueError, match=r"^x: expected shape"):
        net.fit_batches(batches, epochs=1)
    once.step(X, Y, SGD(0.1))
    assert net == once
    assert net.epochs_trained == 0


@pytest.mark.parametrize("bad", [(X,), X, (X, Y, None, None), None])
def test_a_batch_is_a_tuple(bad):
    with pytest.raises(ValueError, match=r"^batches: expected each to be a tuple"):
        regression().fit_batches([bad], epochs=1)


def test_an_iterator_that_ends_is_refused_and_an_empty_epoch_too():
    with pytest.raises(ValueError, match=r"^batches: expected a function"):
        regression().fit_batches(pieces(), epochs=2)
    regression().fit_batches(pieces(), epochs=1)
    with pytest.raises(ValueError, match=r"^batches: expected at least one batch"):
        regression().fit_batches([], epochs=1)


def test_what_the_batches_raise_comes_out():
    def batches():
        yield X, Y
        raise KeyError("no more")

    with pytest.raises(KeyError, match="no more"):
        regression().fit_batches(batches, epochs=1)


def test_the_network_may_be_used_while_a_batch_is_made():
    net, seen = regression(), []

    def batches():
        seen.append(net.loss(X, Y))
        yield X, Y

    net.fit_batches(batches, epochs=3)
    assert seen[0] > seen[1] > seen[2]


def test_a_memory_map_trains(tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    a, b = regression(), regression()
    a.fit(mapped, Y, epochs=2, batch_size=32)
    b.fit(X, Y, epochs=2, batch_size=32)
    assert a == b


def test_data_frames_train():
    pandas = pytest.importorskip("pandas")
    a, b = regression(), regression()
    a.fit(pandas.DataFrame(X), pandas.DataFrame(Y), epochs=2, sample_weight=pandas.Series(np.ones(300)))
    b.fit(X, Y, epochs=2)
    assert a == b


def test_anything_with_array_trains():
    class Data:
        def __init__(self, values):
            self.values = values

        def __array__(self, dtype=None, copy=None):
            return np.array(self.values, dtype=dtype)

        def __len__(self):
            return len(self.values)

    a, b = regression(), regression()
    a.fit(Data(X), Data(Y), epochs=2, batch_size=100)
    b.fit(X, Y, epochs=2, batch_size=100)
    assert a == b


def test_a_state_that_was_looked_at_stays_readable_when_its_epoch_fails():
    optimizer, views = Adam(), []

    def batches():
        yield X, Y
        views.append(optimizer.state)
        yield np.where(np.arange(5) == 0, np.inf, X), Y

    with pytest.raises(ValueError, match="finite"):
        regression().fit_batches(batches, epochs=1, optimizer=optimizer)
    others = [np.ones(66) for _ in range(100)]
    assert views[0]["m"].shape == (66,)
    assert len(others) == 100
    assert np.isfinite(views[0]["m"]).all()


def test_parameters_are_finite_after_a_batch_that_fails():
    def batches():
        yield X, Y
        raise KeyError("no more")

    net = regression()
    with pytest.raises(KeyError):
        net.fit_batches(batches, epochs=1, learning_rate=1e308)
    assert np.isfinite(net.parameters).all()


# ---- predict, progress, history --------------------------------------------------------------------------------------


def test_predict_gives_classes_or_outputs():
    assert (classifier().predict(X) == classifier().forward(X).argmax(axis=1)).all()
    assert classifier().predict(X[0]) == classifier().forward(X[0]).argmax()
    assert regression().predict(X).tobytes() == regression().forward(X).tobytes()
    one = Network([5, 1], loss="binary_cross_entropy", seed=0)
    assert one.predict(X).tolist() == (one.forward(X)[:, 0] >= 0.5).astype(int).tolist()
    two = Network([5, 2], loss="binary_cross_entropy", seed=0)
    assert two.predict(X).shape == (300, 2)


def test_evaluate_gives_loss_and_accuracy():
    net = classifier()
    figures = net.evaluate(X, CLASSES)
    assert figures == {"loss": net.loss(X, CLASSES), "accuracy": (net.predict(X) == CLASSES).mean()}
    assert regression().evaluate(X, Y) == {"loss": regression().loss(X, Y)}


def test_progress_shows_a_bar_and_changes_nothing(monkeypatch):
    pytest.importorskip("tqdm")
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    quiet, loud = classifier(), classifier()
    quiet.fit(X, CLASSES, epochs=30)
    history = loud.fit(X, CLASSES, epochs=30, progress=True)
    assert "30/30" in sys.stderr.getvalue()
    assert "accuracy=" in sys.stderr.getvalue()
    assert len(history) == 30
    assert loud == quiet


def test_without_tqdm_there_is_a_word_and_training_goes_on(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm.auto", None)
    with pytest.warns(UserWarning, match="progress: the bar needs tqdm"):
        assert len(regression().fit(X, Y, epochs=2, progress=True)) == 2


def test_a_printed_history_is_a_table_of_at_most_twenty_epochs():
    history = classifier().fit(X, CLASSES, epochs=100, validation_data=(X, CLASSES))
    lines = str(history).splitlines()
    assert lines[0].split() == (
        ["epoch", "loss", "time", "learning", "rate", "accuracy", "validation", "loss", "validation", "accuracy"]
    )
    assert len(lines) == 21
    assert [int(line.split()[0]) for line in (lines[1], lines[-1])] == [0, 99]
    assert len({len(line) for line in lines}) == 1


def test_history_draws_itself():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    history = regression().fit(X, Y, epochs=5, validation_data=(X, Y))
    ax = history.plot()
    assert [line.get_label() for line in ax.lines] == ["training", "validation", "best"]
    assert history.plot(ax) is ax


# ---- hints -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("activation", "y", "standardize"),
    [("sigmoid", Y, False), ("tanh", 2 * np.abs(Y), False), ("relu", Y, False), ("tanh", Y, True), ("relu", Y, True)],
)
def test_targets_that_the_outputs_cannot_reach_get_a_hint(activation, y, standardize):
    net = Network([5, 8, 2], activation=activation, reduction="mean", seed=0)
    with pytest.warns(UserWarning, match=f"^output_activation: {activation} gives outputs from .*for regression take"):
        net.fit(X, y, epochs=1, standardize=standardize)


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


def test_a_setting_that_no_optimizer_has_is_refused():
    for name in ("lr", "weight_decay", "nesterow"):
        with pytest.raises(AttributeError, match=f"has no setting '{name}'"):
            setattr(Adam(), name, 1.0)
    with pytest.raises(AttributeError):
        Adam().beta_1 = 0.5


def test_names_of_other_libraries_get_a_hint():
    with pytest.raises(ValueError, match=r"unknown name 'mse' \(here it is 'squared_error'\)"):
        Network([2, 1], loss="mse")
    with pytest.raises(ValueError, match=r"unknown name 'ReLU' \(here it is 'relu'\)"):
        Network([2, 1], activation="ReLU")


def test_one_column_of_targets_serves_all_quantiles():
    nets = [Network([5, 8, 3], loss="quantile", quantile=[0.1, 0.5, 0.9], seed=0) for _ in range(2)]
    nets[0].fit(X, Y[:, 0], epochs=3, batch_size=50, standardize="inputs")
    nets[1].fit(X, np.repeat(Y[:, :1], 3, axis=1), epochs=3, batch_size=50, standardize="inputs")
    assert nets[0] == nets[1]


def test_poisson_predicts_rates_and_a_class_is_never_made_of_nan():
    net = Network([5, 2], loss="poisson", seed=0)
    assert net.predict(X).tobytes() == netlet.functional.exp(net.forward(X)).tobytes()
    with pytest.raises(ValueError, match=r"^x: the outputs of row 1 are NaN"):
        classifier().predict([[1, 2, 3, 4, 5], [1, 2, np.nan, 4, 5]])


def test_a_schedule_s_function_may_write_to_the_parameters():
    def change(net):
        net.weights[1][:] = 0.1

    inside, outside = regression(), regression()
    inside.fit(X, Y, epochs=4, schedule=lambda epoch: (change(inside) if epoch == 2 else None, 1.0)[1])
    outside.fit(X, Y, epochs=4, callback=lambda epoch, history: change(outside) if epoch == 1 else None)
    assert inside == outside


def test_epochs_before_a_schedule_that_fails_are_in_the_history():
    def schedule(epoch):
        if epoch == 50:
            raise KeyboardInterrupt
        return 1.0

    net = Network([2, 1], seed=0)
    with pytest.raises(KeyboardInterrupt) as caught:
        net.fit([[0, 1]], [1], epochs=100, schedule=schedule)
    assert len(caught.value.history) == net.epochs_trained == 50


def test_patience_on_the_training_loss_restores_the_parameters_that_the_loss_was_of():
    net = Network([1, 1], activation="identity", init=[0.0, 0.0])
    history = net.fit([[1.0]], [1.0], epochs=12, patience=3, schedule=lambda epoch: 100.0 if epoch == 4 else 1.0)
    assert history.best_epoch == 4
    assert net.loss([[1.0]], [1.0]) == history.loss.min()


def test_the_jacobian_of_many_outputs_takes_little_memory():
    net = Network([2, 20000], activation="identity", seed=0)
    np.testing.assert_array_equal(net.jacobian([1.0, 2.0])[7], net.weights[0][:, 7])


def test_results_do_not_overwrite_targets_that_are_still_to_be_read():
    buffer = RNG.normal(size=(301, 5))
    net = Network([5, 5], activation="identity", seed=0)
    for call in (net.input_gradient, net.row_gradients):
        with pytest.raises(ValueError, match=r"^out: "):
            call(X, buffer[:-1], out=buffer[1:])
        with pytest.raises(ValueError, match=r"^out: "):
            call(X, output_gradient=buffer[:-1], out=buffer[1:])


def test_what_a_schedule_s_function_gives_must_be_a_number():
    with pytest.raises(TypeError, match=r"^schedule: expected a number from the function for epoch 0, got None"):
        regression().fit(X, Y, epochs=1, schedule=lambda epoch: None)


# ---- how training may end --------------------------------------------------------------------------------------------


def test_divergence_keeps_the_last_good_epoch_with_all_options_on():
    net = Network([5, 8, 2], activation=["relu", "identity"], dropout=0.1, seed=1)
    optimizer, good = RMSprop(1.0, momentum=0.9, l2=0.1), {}

    def remember(epoch, history):
        good[epoch] = net.parameters.copy()

    rates = {0: 1.0, 1: 1.0}
    with pytest.raises(DivergenceError, match="epoch 2") as caught:
        net.fit(
            X,
            Y,
            epochs=10,
            optimizer=optimizer,
            batch_size=50,
            schedule=lambda epoch: rates.get(epoch, 1e300),
            validation_data=(X, Y),
            patience=5,
            callback=remember,
        )
    assert len(caught.value.history) == len(good) == net.epochs_trained == 2
    assert net.parameters.tobytes() == good[1].tobytes()


def test_an_exception_of_the_callback_comes_out_and_the_network_trains_on():
    net = regression(dropout=0.2)
    with pytest.raises(LookupError):
        net.fit(X, Y, epochs=5, patience=3, validation_data=(X, Y), callback=lambda *_: {}["no such key"])
    assert net.epochs_trained == 1
    net.fit(X, Y, epochs=1)


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
