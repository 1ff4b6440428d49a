# SPDX-License-Identifier: BSD-3-Clause
"""What the caller tells NumPy and `warnings` changes no result and no message."""

import contextlib
import warnings

import netlet
import numpy as np
import onnx
import pytest
from netlet import SGD, Adam, Network, functional, reference

RNG = np.random.default_rng(3)
X, Y, CLASSES = RNG.normal(size=(20, 2)), RNG.normal(size=(20, 1)), RNG.integers(0, 2, 20)
TINY, HUGE = 1e-60, 1e60  # out of the range of float32
WIDE = np.ldexp(np.longdouble(1), 5000)  # out of that of float64, where long double has more
WEIGHTS = [
    (np.array([[TINY, 1.0, 2.0], [3.0, 4.0, TINY]]), np.zeros(3)),
    (np.array([[1.0], [TINY], [0.5]]), np.zeros(1)),
]
FLAT = [array for pair in WEIGHTS for array in pair]


def printed(make):
    """A network's bits, or the file that it writes."""
    return lambda path: make(path).fingerprint()


def written(write):
    def call(path):
        write(Network([2, 3, 1], init=WEIGHTS, seed=0), path)
        return path.read_bytes()

    return call


def trained(net, *, steps=True, **options):
    net.fit(X, Y, epochs=3, **options)
    if steps:
        net.step(X, Y, Adam())
        net.apply_gradient(np.full(net.parameters.size, TINY), SGD())
    return net


def classified():
    net = Network([2, 3, 2], loss="cross_entropy", seed=0)
    net.fit(X, CLASSES, epochs=3, class_weight={0: TINY, 1: HUGE}, sample_weight=np.full(20, TINY))
    return net


def scaled():
    net = Network([2, 4, 2], loss="gaussian_nll", dtype="float32", seed=0)
    net.input_scaling = [TINY, HUGE**0.5], [1e-30, 1e30]
    net.output_scaling = [0.0], [1e-30]
    return net


def hinted():
    net = Network([2, 3, 1], seed=0)
    net.output_scaling = [1e300], [1e-300]
    with contextlib.suppress(ValueError):  # the hint comes first
        net.fit(X, 1e300 * Y, epochs=1)
    return net


def of_scikit_learn(path):
    from sklearn.neural_network import MLPRegressor

    with np.errstate(all="warn"), warnings.catch_warnings(action="ignore"):
        model = MLPRegressor(hidden_layer_sizes=(3,), max_iter=2, random_state=0).fit(X, Y[:, 0])
    model.coefs_[0][0, 0] = TINY
    return Network.from_sklearn(model, dtype="float32").fingerprint()


def of_onnx(path):
    Network([2, 3, 1], init=WEIGHTS).to_onnx(path)
    return Network.from_onnx(path, dtype="float32").fingerprint()


def history(path):
    net = Network([2, 3, 1], activation="identity", seed=0)
    found = net.fit(X, Y, epochs=30, learning_rate=1e-3)
    return repr(found.loss.tolist()), found.best_epoch, len(str(found).splitlines())


CALLS = {
    "parameters": printed(lambda path: Network([2, 3, 1], dtype="float32", init=WEIGHTS)),
    "training": printed(lambda path: trained(Network([2, 3, 1], dtype="float32", seed=0), standardize=True)),
    "training on small numbers": printed(lambda path: trained(Network([2, 1], init=[([[TINY], [1]], [0])]))),
    "classes": printed(lambda path: classified()),
    "scaling": printed(lambda path: scaled()),
    "hint": printed(lambda path: hinted()),
    "history": history,
    "data": lambda path: scaled().predict([[TINY, HUGE]]).tolist(),
    "long double": lambda path: Network([2, 3, 1], seed=0).forward(np.array([WIDE, 1 / WIDE])).tolist(),
    "half": lambda path: Network([2, 3, 1], seed=0).forward(np.array([6e-8, np.inf], dtype="f2")).tolist(),
    "functional": lambda path: [getattr(functional, f)([-HUGE, -1, TINY, HUGE]).tolist() for f in functional.__all__],
    "functional of long double": lambda path: functional.sigmoid(np.array([WIDE, -WIDE])).tolist(),
    "poisson": lambda path: Network([1, 1], loss="poisson", init=[1.0, 0.0]).predict([[800], [-800]]).tolist(),
    "to_c": written(lambda net, path: net.to_c(path, name="net")),
    "to_onnx": written(lambda net, path: net.to_onnx(path, dtype="float32")),
    "save": written(lambda net, path: net.save(path)),
    "from_onnx": of_onnx,
    "from_sklearn": of_scikit_learn,
    "from_keras": printed(lambda path: Network.from_keras(FLAT, activation="relu", dtype="float32")),
    "reference": printed(
        lambda path: trained(reference.Network([2, 3, 1], dtype="float32", init=WEIGHTS), steps=False)
    ),
    "reference, scaled": printed(
        lambda path: trained(reference.Network([2, 3, 1], dtype="float32", seed=0), steps=False, standardize=True)
    ),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_errors_of_numpy_and_warnings_as_errors_change_nothing(call, tmp_path):
    assert onnx.__version__  # imported before, as are what it imports: they have warnings of their own
    expected = call(tmp_path / "expected")
    with np.errstate(all="raise"), warnings.catch_warnings(action="error"):
        warnings.filterwarnings("ignore", "output_activation:")  # netlet's own
        assert repr(call(tmp_path / "strict")) == repr(expected)


MESSAGES = {
    "numbers": lambda: Network([2, 1], dropout=np.linspace(0, 1, 5) / 3),
    "a list of NumPy's numbers": lambda: Network([2, 1], quantile=[np.float64(0.1)] * 3, loss="quantile"),
    "a number": lambda: Network([2, 1], loss="huber", huber_delta=np.float64(-1 / 3)),
    "sizes": lambda: Network([np.int64(2)]),
    "a size": lambda: Network([2, np.float32(1.5)]),
    "a name": lambda: Network([2, 1], loss=np.str_("msee")),
    "scaling": lambda: setattr(Network([2, 1]), "input_scaling", np.ones(3) / 3),
    "class_weight": lambda: Network([2, 2], loss="cross_entropy").fit(
        X, CLASSES, epochs=1, class_weight={0: -np.float32(0.1)}
    ),
    "a key of class_weight": lambda: Network([2, 2], loss="cross_entropy").fit(
        X, CLASSES, epochs=1, class_weight={np.float64(1 / 3): 1}
    ),
    "standardize": lambda: Network([2, 1]).fit(X, Y, epochs=1, standardize=np.float64(1 / 3)),
    "learning_rate": lambda: Network([2, 1]).fit(X, Y, epochs=1, learning_rate=np.float32(0.1), optimizer=Adam()),
    "optimizer": lambda: Adam(np.ones(2) / 3),
    "schedule": lambda: Network([2, 1]).fit(X, Y, epochs=1, schedule=lambda epoch: np.ones(2) / 3),
    "threads": lambda: netlet.set_num_threads(np.float32(0.1)),
    "shape": lambda: Network([2, 1]).forward(np.ones((2, 3))),
    "x": lambda: Network([2, 1]).fit([[0.1, np.nan]], [0], epochs=1),
    "dtype": lambda: Network([2, 1], dtype=np.dtype("f2")),
}
OPTIONS = {
    "short": {"precision": 2, "threshold": 1, "edgeitems": 1, "linewidth": 10, "suppress": True, "sign": "+"},
    "legacy": {"legacy": "1.13"},
    "a formatter": {"formatter": {"all": lambda value: "?"}},
}


def message(call):
    with pytest.raises((TypeError, ValueError)) as caught:
        call()
    return str(caught.value)


@pytest.mark.parametrize("call", MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_printing_options_change_no_message(call, options):
    expected = message(call)
    with np.printoptions(**options):
        assert message(call) == expected
