# SPDX-License-Identifier: BSD-3-Clause
"""What scikit-learn's own estimators do not have: it is off by default, and is what `netlet.Network` has."""

import inspect

import netlet
import netlet.sklearn as own
import numpy as np
import pytest
import sklearn.neural_network as theirs
from netlet import Network, callbacks, schedules

from helpers.estimators import IRIS_X, IRIS_Y, X, Y

OPTIMIZERS = {
    "sgd": netlet.SGD,
    "adam": netlet.Adam,
    "adamw": netlet.AdamW,
    "rmsprop": netlet.RMSprop,
    "rprop": netlet.Rprop,
}


def model(name="MLPRegressor", **settings):
    settings = {"hidden_layer_sizes": (8, 6), "random_state": 0, "max_iter": 6, "alpha": 0.0, **settings}
    return getattr(own, name)(**settings)


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_parameters_are_those_of_scikit_learn_and_further_ones_by_name(name):
    mine, original = (inspect.signature(getattr(library, name)).parameters for library in (own, theirs))
    for parameter in original.values():
        assert mine[parameter.name].default == parameter.default, parameter
        assert mine[parameter.name].kind == parameter.kind, parameter
    assert [each for each in mine if each in original] == list(original)
    assert all(mine[each].kind is inspect.Parameter.KEYWORD_ONLY for each in mine if each not in original)
    public = {each for each in dir(getattr(theirs, name)) if each[0] != "_"}
    assert public <= set(dir(getattr(own, name)))
    for method in public:
        if inspect.isfunction(function := getattr(getattr(theirs, name), method)):
            given = list(inspect.signature(function).parameters)
            assert list(inspect.signature(getattr(getattr(own, name), method)).parameters)[: len(given)] == given, (
                method
            )


@pytest.mark.parametrize(
    "activation", ["gelu", "elu", "softplus", "leaky_relu", ["tanh", "silu"], ("relu", "logistic")]
)
def test_activations(activation):
    mine = model(activation=activation).fit(X, Y)
    names = [activation] * 2 if isinstance(activation, str) else list(activation)
    assert mine.network_.activations == (*[{"logistic": "sigmoid"}.get(name, name) for name in names], "identity")
    assert mine.loss_curve_[-1] < mine.loss_curve_[0]


@pytest.mark.parametrize("activation", ["softmax", "nope", ["tanh"], ["tanh", "nope"], ["tanh"] * 3, 3])
def test_bad_activations(activation):
    with pytest.raises(ValueError, match="activation"):
        model(activation=activation).fit(X, Y)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name):
    rows = len(Y) if name == "rprop" else 50
    settings = {"batch_size": rows, "momentum": 0}  # by name sgd and adam are those of the solvers
    by_name, by_object = (model(optimizer=each, **settings) for each in (name, OPTIMIZERS[name](0.001)))
    assert by_name.fit(X, Y).network_.fingerprint() == by_object.fit(X, Y).network_.fingerprint()
    assert by_object.optimizer.steps == 0  # it is copied
    penalized = model(optimizer=name, alpha=5.0, **settings).fit(X, Y)
    expected = model(optimizer=OPTIMIZERS[name](0.001, l2=5.0 / rows), **settings).fit(X, Y)
    assert penalized.network_.fingerprint() == expected.network_.fingerprint() != by_name.network_.fingerprint()


@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_optimizers_named_like_solvers_are_these(name):
    ways = [model(**{parameter: name}, momentum=0.5, beta_1=0.8).fit(X, Y) for parameter in ("optimizer", "solver")]
    assert ways[0].network_ == ways[1].network_


@pytest.mark.parametrize("optimizer", ["nope", 3, netlet.Adam])
def test_bad_optimizers(optimizer):
    with pytest.raises(ValueError, match="The 'optimizer' parameter of MLPRegressor must be"):
        model(optimizer=optimizer).fit(X, Y)
    with pytest.raises(ValueError, match="optimizer: expected None with solver='lbfgs'"):
        model(optimizer="adam", solver="lbfgs").fit(X, Y)


def test_schedules():
    """A rate that is 0 from the third epoch on is an end of training after two."""
    two = model(max_iter=2).fit(X, Y)
    for schedule in (lambda epoch: float(epoch < 2)), schedules.StepDecay(1e-300, period=2):
        mine = model(schedule=schedule).fit(X, Y)
        assert mine.n_iter_ == 6
        np.testing.assert_allclose(mine.coefs_[0], two.coefs_[0], rtol=1e-12, atol=1e-15)
    with pytest.raises(ValueError, match="The 'schedule' parameter"):
        model(schedule=0.5).fit(X, Y)


def test_dropout():
    plain, dropped, same = (model(dropout=share).fit(X, Y) for share in (0.0, [0.5, 0.0], [0.5, 0.0]))
    assert dropped.network_.dropout == (0.5, 0.0)
    assert dropped.network_.fingerprint() == same.network_.fingerprint() != plain.network_.fingerprint()
    assert (dropped.predict(X) == dropped.predict(X)).all()  # none in predictions
    hidden = np.maximum(X @ dropped.coefs_[0] + dropped.intercepts_[0], 0)
    hidden = np.maximum(hidden @ dropped.coefs_[1] + dropped.intercepts_[1], 0)
    np.testing.assert_allclose(dropped.predict(X), (hidden @ dropped.coefs_[2] + dropped.intercepts_[2])[:, 0])
    for share in 1.0, -0.1, [0.1], "much":
        with pytest.raises((TypeError, ValueError), match="dropout"):
            model(dropout=share).fit(X, Y)


def test_standardize():
    x, y = 1000 * X + 5, 300 * Y - 70
    scaled = model(max_iter=40, standardize=True).fit(x, y)
    x_scaled, y_scaled = (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()
    by_hand = model(max_iter=40).fit(x_scaled, y_scaled)
    np.testing.assert_allclose(scaled.predict(x), by_hand.predict(x_scaled) * y.std() + y.mean(), rtol=1e-5)
    inputs = model("MLPClassifier", standardize="inputs").fit(x, Y > 0)
    np.testing.assert_allclose(inputs.network_.input_scaling, [x.mean(axis=0), x.std(axis=0)])
    assert inputs.network_.output_scaling is None
    with pytest.raises(ValueError, match="standardize"):
        model(standardize="all").fit(x, y)


def test_lbfgs_standardizes_too():
    x, y = 1000 * X + 5, 300 * Y - 70
    mine = model(solver="lbfgs", standardize=True, max_iter=1000, alpha=0.1, hidden_layer_sizes=(3,)).fit(x, y)
    assert mine.score(x, y) > 0.5


def test_callbacks(tmp_path):
    seen = []
    log = callbacks.CSVLog(tmp_path / "log.csv")
    mine = model(callbacks=[lambda epoch, history: seen.append((epoch, history.loss[-1])), log]).fit(X, Y)
    assert [epoch for epoch, _ in seen] == list(range(6))
    np.testing.assert_allclose([loss for _, loss in seen], mine.loss_curve_, rtol=1e-12)
    assert (tmp_path / "log.csv").read_text().count("\n") == 7
    ended = model(callbacks=[lambda epoch, history: len(history.loss) == 3]).fit(X, Y)
    assert ended.n_iter_ == 3


def test_callbacks_that_end_training_are_no_missing_convergence(recwarn):
    model(max_iter=6, callbacks=[lambda epoch, history: len(history.loss) == 3]).fit(X, Y)
    assert [str(each.message) for each in recwarn] == []


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_dtypes(name):
    y = Y > 0 if name == "MLPClassifier" else Y
    cases = [("auto", X, "float64"), ("auto", np.float32(X), "float32"), ("auto", (10 * X).astype(int), "float64")]
    cases += [("float32", X, "float32"), ("float64", np.float32(X), "float64"), (np.float32, X, "float32")]
    for dtype, x, expected in cases:
        mine = model(name, dtype=dtype).fit(x, y)
        assert mine.network_.dtype == mine.coefs_[0].dtype == expected
        result = mine.predict_proba(x) if name == "MLPClassifier" else mine.predict(x)
        assert result.dtype == expected
    with pytest.raises(ValueError, match="dtype"):
        model(name, dtype="float16").fit(X, y)


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_threads_change_no_bit(name, dtype, set_num_threads):
    x, y = np.tile(X, (12, 4)), np.tile(Y > 0 if name == "MLPClassifier" else Y, 12)
    set_num_threads(2)
    models = [
        model(name, n_threads=count, dtype=dtype, hidden_layer_sizes=(64,)).fit(x, y) for count in (None, 1, 2, 3)
    ]
    assert len({each.network_.fingerprint() for each in models}) == 1
    assert all((each.predict(x) == models[0].predict(x)).all() for each in models)
    assert netlet.get_num_threads() == 2
    for count in 0, -1, 1.5, "two":
        with pytest.raises(ValueError, match="n_threads"):
            model(name, n_threads=count).fit(X, Y > 0)


def test_progress(capsys):
    model(progress=True).fit(X, Y)
    assert "6/6" in capsys.readouterr().err
    model().fit(X, Y)
    assert capsys.readouterr() == ("", "")


def test_verbose_says_what_scikit_learn_s_says(capsys):
    for settings in (
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 1, "max_iter": 25},
        {"solver": "sgd", "early_stopping": True, "n_iter_no_change": 1, "max_iter": 25},
        {"tol": 10.0, "n_iter_no_change": 1, "solver": "sgd"},
    ):
        words = []
        for library in own, theirs:
            settings = {"hidden_layer_sizes": (5,), "random_state": 0, "alpha": 0.0, "shuffle": False, **settings}
            library.MLPRegressor(verbose=True, **settings).fit(X, Y)
            words.append(capsys.readouterr().out)
        assert words[0] == words[1] != ""


def test_the_network_is_what_netlet_has(tmp_path):
    mine = model("MLPClassifier", max_iter=50).fit(IRIS_X, np.array(["a", "b", "c"])[IRIS_Y])
    assert isinstance(mine.network_, Network)
    assert mine.network_ is mine.network_
    jacobian = mine.network_.jacobian(IRIS_X[:3])
    step = 1e-6 * np.eye(4)
    for i in range(4):
        difference = mine.predict_proba(IRIS_X[:3] + step[i]) - mine.predict_proba(IRIS_X[:3] - step[i])
        np.testing.assert_allclose(jacobian[:, :, i], difference / 2e-6, rtol=1e-4, atol=1e-7)
    mine.network_.to_c(tmp_path / "iris.c")
    assert (tmp_path / "iris.c").stat().st_size > 1000
