# SPDX-License-Identifier: BSD-3-Clause
"""Validation data and early stopping."""

import numpy as np
from netlet import Adam, Network

from helpers.training import CLASSES, X, Y, classifier, regression


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


def test_validation_rows_may_have_weights(rng):
    weights = rng.random(100)
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


def test_patience_on_the_training_loss_restores_the_parameters_that_the_loss_was_of():
    net = Network([1, 1], activation="identity", init=[0.0, 0.0])
    history = net.fit([[1.0]], [1.0], epochs=12, patience=3, schedule=lambda epoch: 100.0 if epoch == 4 else 1.0)
    assert history.best_epoch == 4
    assert net.loss([[1.0]], [1.0]) == history.loss.min()
