# SPDX-License-Identifier: BSD-3-Clause
"""Targets that are missing: NaN in y, left out of losses, derivatives and figures."""

import numpy as np
import pytest
from netlet import SGD, Adam, Network
from netlet._names import LOSSES

from helpers.training import CLASSES, X, Y, classifier, regression

IGNORE = {"missing": "ignore"}
PER_OUTPUT = [name for name in LOSSES if name not in ("cross_entropy", "gaussian_nll")]
HOLES = np.where(np.random.default_rng(5).random(Y.shape) < 0.4, np.nan, Y)


def three_outputs(loss, **settings):
    settings = {"quantile": [0.2, 0.5, 0.7]} if loss == "quantile" else settings
    return Network([5, 8, 3], activation="tanh", output_activation=LOSSES[loss].get("output"), loss=loss, **settings)


def one_output_of(net, j, loss):
    """The network whose only output is output j of another."""
    (w, b), (v, c) = zip(net.weights, net.biases)
    settings = {"quantile": net.quantiles[j]} if loss == "quantile" else {}
    init = [(w, b), (v[:, j : j + 1], c[j : j + 1])]
    return Network([5, 8, 1], activation=list(net.activations), loss=loss, init=init, **settings)


@pytest.mark.parametrize("loss", PER_OUTPUT)
def test_each_output_learns_from_the_rows_that_have_its_target(loss, rng):
    """The loss and its gradients are the sums of those of networks with one output and the rows that it has."""
    net = three_outputs(loss, seed=3)
    y = rng.integers(0, 2, (40, 3)).astype(float)
    y[rng.random(y.shape) < 0.4] = np.nan
    weights = rng.random(40)
    total, gradient, inputs = 0.0, np.zeros_like(net.parameters), np.zeros((40, 5))
    for j in range(3):
        there, one = ~np.isnan(y[:, j]), one_output_of(net, j, loss)
        given = X[:40][there], y[there, j]
        loss_of_one, of_one = one.backward(*given, sample_weight=weights[there])
        total += loss_of_one
        gradient[:48] += of_one[:48]
        gradient[48 + j : 72 : 3] += of_one[48:56]
        gradient[72 + j] += of_one[56]
        inputs[there] += one.input_gradient(*given, sample_weight=weights[there])
    computed, own = net.backward(X[:40], y, sample_weight=weights, **IGNORE)
    assert computed == net.loss(X[:40], y, sample_weight=weights, **IGNORE)
    np.testing.assert_allclose(computed, total, rtol=1e-12)
    np.testing.assert_allclose(own, gradient, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(net.input_gradient(X[:40], y, sample_weight=weights, **IGNORE), inputs, atol=1e-12)
    rows = net.row_gradients(X[:40], y, sample_weight=weights, **IGNORE)
    np.testing.assert_allclose(rows.sum(axis=0), gradient, rtol=1e-10, atol=1e-12)


def test_gaussian_nll_leaves_out_mean_and_variance(rng):
    net = Network([5, 4], loss="gaussian_nll", seed=3)
    y = rng.normal(size=(30, 2))
    y[::3, 0] = np.nan
    one = Network([5, 2], loss="gaussian_nll", init=[(net.weights[0][:, 2:], net.biases[0][2:])])
    gradient = net.row_gradients(X[:30], y, **IGNORE).reshape(30, 6, 4)
    assert not gradient[::3, :, :2].any()
    np.testing.assert_allclose(gradient[::3, :, 2:], one.row_gradients(X[:30:3], y[::3, 1]).reshape(-1, 6, 2))
    np.testing.assert_allclose(net.loss(X[:30:3], y[::3], **IGNORE), one.loss(X[:30:3], y[::3, 1]))


def test_divisors_stay():
    net, weights = regression(), np.linspace(0, 2, 300)
    assert net.loss(X, HOLES, **IGNORE) == Network(
        [5, 8, 2], activation=["tanh", "identity"], init=net.parameters
    ).loss(X, HOLES, **IGNORE) / len(X)
    summed = Network([5, 8, 2], activation=["tanh", "identity"], init=net.parameters)
    of_sum, of_mean = (n.backward(X, HOLES, sample_weight=weights, **IGNORE)[1] for n in (summed, net))
    np.testing.assert_allclose(of_mean, of_sum / weights.sum(), rtol=1e-12)


def test_training_is_that_of_a_loss_of_ones_own_with_a_mask():
    net, by_hand = Network([5, 2], activation="identity", seed=0), Network([5, 2], activation="identity", seed=0)
    optimizer = SGD(0.001)
    for _ in range(20):
        gradient = np.where(np.isnan(HOLES), 0, by_hand.forward(X) - HOLES)
        by_hand.step(X, None, optimizer, output_gradient=gradient)
    net.fit(X, HOLES, epochs=20, learning_rate=0.001, **IGNORE)
    np.testing.assert_array_equal(net.parameters, by_hand.parameters)
    in_batches, stepped = (Network([5, 2], activation="identity", seed=0) for _ in range(2))
    in_batches.fit_batches([(X, HOLES)], epochs=20, learning_rate=0.001, **IGNORE)
    for _ in range(20):
        stepped.step(X, HOLES, SGD(0.001), **IGNORE)
    assert in_batches == net == stepped


def test_nothing_missing_changes_no_bit():
    for net, y in ((regression, Y), (classifier, np.eye(3)[CLASSES]), (classifier, CLASSES)):
        one, other = net(), net()
        a = one.fit(X, y, epochs=3, batch_size=70, optimizer=Adam(), validation_data=(X, y))
        b = other.fit(X, y, epochs=3, batch_size=70, optimizer=Adam(), validation_data=(X, y), **IGNORE)
        assert one == other
        assert a.loss.tolist() == b.loss.tolist()
        assert a.validation_loss.tolist() == b.validation_loss.tolist()


def test_rows_of_probabilities_are_missing_as_a_whole(rng):
    net, there = classifier(), rng.random(300) < 0.6
    y = np.where(there[:, None], np.eye(3)[CLASSES], np.nan)
    given = X[there], CLASSES[there]
    figures, of_those = net.evaluate(X, y, **IGNORE), net.evaluate(*given)
    assert figures["accuracy"] == of_those["accuracy"]
    np.testing.assert_allclose(figures["loss"] * 300, of_those["loss"] * there.sum())
    gradient = net.backward(X, y, **IGNORE)[1] * 300
    np.testing.assert_allclose(gradient, net.backward(*given)[1] * there.sum(), atol=1e-12)
    history = classifier().fit(X, y, epochs=1, validation_data=(X, y), batch_size=32, **IGNORE)
    assert history.metrics["accuracy"][0] <= 1
    y[7] = [np.nan, 0.5, 0.5]
    for call in (net.loss, net.backward, net.row_gradients, lambda *a, **k: net.fit(*a, epochs=1, **k)):
        with pytest.raises(ValueError, match=r"^y: expected all probabilities of a row or none of them, .* in row 7"):
            call(X, y, **IGNORE)


def test_accuracy_is_that_of_the_targets_that_are_there():
    net = Network([2, 2], loss="binary_cross_entropy", init=[(np.eye(2), np.zeros(2))])
    x = [[1, 1], [1, 1], [1, -1], [-1, -1]]
    y = [[1, np.nan], [np.nan, 0], [1, 0], [np.nan, np.nan]]
    assert net.evaluate(x, y, **IGNORE)["accuracy"] == 2 / 3
    history = net.fit(x, y, epochs=1, learning_rate=1e-9, validation_data=(x, y), **IGNORE)
    assert history.metrics["accuracy"][0] == history.metrics["validation_accuracy"][0] == 2 / 3
    history = net.fit_batches([(x[:3], y[:3]), (x[3:], y[3:])], epochs=1, learning_rate=1e-9, **IGNORE)
    assert history.metrics["accuracy"][0] == 2 / 3


def test_errors_are_those_of_the_targets_that_are_there(rng):
    net, weights = regression(), rng.random(300)
    net.output_scaling = [1, 2], [3, 4]
    figures = net.evaluate(X, HOLES, sample_weight=weights, **IGNORE)
    there, error = ~np.isnan(HOLES), net.predict(X) - HOLES
    each = np.repeat(weights[:, None], 2, axis=1)[there]
    np.testing.assert_allclose(figures["rmse"], np.sqrt(np.average(error[there] ** 2, weights=each)))
    np.testing.assert_allclose(figures["mae"], np.average(abs(error[there]), weights=each))


def test_class_weights_are_those_of_the_rows_that_have_a_class(rng):
    y = np.where(rng.random(300) < 0.3, np.nan, CLASSES == 0)
    there = ~np.isnan(y)
    nets = [Network([5, 1], loss="binary_cross_entropy", reduction="mean", seed=0) for _ in range(2)]
    share = np.nanmean(y)
    nets[0].fit(X, y, epochs=2, class_weight="balanced", **IGNORE)
    nets[1].fit(
        X, y, epochs=2, sample_weight=np.where(there, np.where(y == 1, 0.5 / share, 0.5 / (1 - share)), 1), **IGNORE
    )
    np.testing.assert_allclose(nets[0].parameters, nets[1].parameters, rtol=1e-12)


def calls(net):
    return {
        "loss": net.loss,
        "evaluate": net.evaluate,
        "backward": net.backward,
        "step": lambda x, y, **given: net.step(x, y, SGD(), **given),
        "fit": lambda x, y, **given: net.fit(x, y, epochs=1, **given),
        "validation": lambda x, y, **given: net.fit(X, Y, epochs=1, validation_data=(x, y), **given),
        "batches": lambda x, y, **given: net.fit_batches([(x, y)], epochs=1, **given),
    }


@pytest.mark.parametrize("name", ["step", "fit", "validation", "batches"])
def test_nan_without_the_word_and_infinity_with_it_are_refused(name):
    net = regression()
    call, before = calls(net)[name], net.parameters.copy()
    match = r"y: expected finite numbers, got nan in row \d+, column \d; missing='ignore' leaves such targets out$"
    with pytest.raises(ValueError, match=match):
        call(X, HOLES)
    with pytest.raises(ValueError, match=r"y: expected finite numbers, got -inf in row 299, column 1$"):
        call(X, np.r_[HOLES[:-1], [[0, -np.inf]]], **IGNORE)
    with pytest.raises(ValueError, match=r"x: expected finite numbers, got nan"):
        call(np.full_like(X, np.nan), Y, **IGNORE)
    np.testing.assert_array_equal(net.parameters, before)


@pytest.mark.parametrize("name", ["evaluate", "fit", "validation"])
def test_data_without_any_target_are_refused(name):
    net = regression()
    with pytest.raises(ValueError, match=r"y: expected a target in a row of weight above 0, all are nan"):
        calls(net)[name](X, np.full_like(Y, np.nan), **IGNORE)


def test_a_batch_may_be_without_any_target():
    net, before = regression(), regression()
    nothing = np.full_like(Y, np.nan)
    assert net.step(X, nothing, SGD(), **IGNORE) == 0
    assert net.loss(X, nothing, **IGNORE) == 0
    loss, gradient = net.backward(X, nothing, **IGNORE)
    assert loss == 0
    assert not gradient.any()
    net.fit_batches([(X, nothing)], epochs=1, **IGNORE)
    assert net == before


@pytest.mark.parametrize("missing", ["drop", True, None, np.nan])
def test_any_other_word_is_refused(missing):
    for call in calls(regression()).values():
        with pytest.raises(ValueError, match=r"^(validation_data: )?missing: expected 'refuse' or 'ignore', got "):
            call(X, Y, missing=missing)


def test_a_gradient_of_ones_own_has_no_targets():
    with pytest.raises(ValueError, match=r"^missing: expected 'refuse', output_gradient has no targets"):
        regression().backward(X, output_gradient=Y, **IGNORE)


def test_outputs_that_overflow_do_not_count_where_the_target_is_missing():
    net = Network([1, 2], activation="identity", init=[([[1.0, 1e308]], [0.0, 0.0])])
    assert net.loss([[1e5]], [[1e5 - 1, np.nan]], **IGNORE) == 0.5
    gradient = net.row_gradients([[2e5]], [[0, np.nan]], **IGNORE)
    assert gradient.tolist() == [[4e10, 0, 2e5, 0]]


def test_a_hint_at_unreachable_targets_looks_past_missing_ones():
    net = Network([5, 2], activation="sigmoid", reduction="mean", seed=0)
    with pytest.warns(
        UserWarning, match=r"^output_activation: sigmoid gives outputs from 0 to 1, but y has values from"
    ):
        net.fit(X, HOLES, epochs=1, **IGNORE)
