# SPDX-License-Identifier: BSD-3-Clause
"""Bad input gets an error that names the argument, and changes nothing."""

from contextlib import contextmanager

import numpy as np
import pytest
from netlet import SGD, Adam, AdamW, DivergenceError, Network, RMSprop, Rprop, _core, schedules

RNG = np.random.default_rng(11)
X, Y = RNG.normal(size=(6, 4)), RNG.random((6, 3))
CLASSES = RNG.integers(0, 3, 6)
NAN, INF = np.nan, np.inf

READS = {
    "loss": lambda net, x, y, optimizer: net.loss(x, y),
    "backward": lambda net, x, y, optimizer: net.backward(x, y),
}
TRAINS = {
    "step": lambda net, x, y, optimizer: net.step(x, y, optimizer),
    "fit": lambda net, x, y, optimizer: net.fit(x, y, epochs=2, batch_size=2, optimizer=optimizer),
}
EVALUATES = {"forward": lambda net, x, y, optimizer: net.forward(x), **READS, **TRAINS}


def every(calls):
    return pytest.mark.parametrize("call", calls.values(), ids=calls)


@pytest.fixture
def net():
    return Network([4, 5, 3], seed=2)


@pytest.fixture
def classifier():
    return Network([4, 5, 3], loss="cross_entropy", seed=2)


@pytest.fixture
def binary():
    return Network([4, 5, 3], loss="binary_cross_entropy", seed=2)


def state(net, optimizer):
    slots = {name: values.tobytes() for name, values in optimizer.state.items()}
    return net.parameters.tobytes(), net.epochs_trained, repr(optimizer), optimizer.steps, slots


@contextmanager
def refused(error, match, net, optimizer=None):
    """The block raises `error`, and leaves network and optimizer as they were."""
    optimizer = optimizer or Adam()
    before = state(net, optimizer)
    with pytest.raises(error, match=match):
        yield
    assert state(net, optimizer) == before


def with_value(array, row, column, value):
    array = array.copy()
    array[row, column] = value
    return array


# ---- shapes and dtypes of data ---------------------------------------------------------------------------------------


@every(EVALUATES)
@pytest.mark.parametrize(
    ("x", "error"),
    [
        (X[:, :3], ValueError),
        (np.hstack([X, X]), ValueError),
        (X[0, :3], ValueError),
        (X[None], ValueError),
        (5.0, ValueError),
        ([], ValueError),
        (None, (TypeError, ValueError)),
        ([[1, 2, 3, 4], [1, 2]], ValueError),
        (X + 1j, TypeError),
        (X.astype(str), TypeError),
        ("text", TypeError),
        ([b"1", b"2", b"3", b"4"], TypeError),
        (np.full(4, "2020", dtype="datetime64[Y]"), TypeError),
        (np.array([1, 2, 3, 1j], dtype=object), TypeError),
        (np.array([1, 2, 3, "four"], dtype=object), TypeError),
        (np.array([{}, 1, 2, 3], dtype=object), TypeError),
    ],
    ids=lambda value: "" if isinstance(value, (type, tuple)) else repr(value)[:25],
)
def test_x_that_is_not_rows_of_features_is_refused(call, x, error, net):
    optimizer = Adam()
    with refused(error, r"^x: ", net, optimizer):
        call(net, x, Y, optimizer)


def test_the_message_gives_the_expected_and_the_given_shape(net):
    with refused(ValueError, r"^x: expected shape \(rows, 4\) or \(4,\), got \(6, 3\)", net):
        net.forward(X[:, :3])
    with refused(ValueError, r"^y: expected shape \(6, 3\), got \(6, 2\)", net):
        net.loss(X, Y[:, :2])


@every(READS | TRAINS)
@pytest.mark.parametrize(
    ("y", "error"),
    [
        (Y[:5], ValueError),
        (Y[:, :2], ValueError),
        (Y[:, 0], ValueError),
        (Y.T, ValueError),
        (Y.reshape(1, 18), ValueError),
        (Y[None], ValueError),
        (Y[0], ValueError),
        (1.0, ValueError),
        (None, (TypeError, ValueError)),
        ([[1, 2, 3], [1, 2]], ValueError),
        (Y + 1j, TypeError),
        (Y.astype(str), TypeError),
        (Y.astype(str).astype(object) + "?", TypeError),
    ],
    ids=lambda value: "" if isinstance(value, (type, tuple)) else repr(value)[:25],
)
def test_y_that_does_not_fit_x_and_the_outputs_is_refused(call, y, error, net):
    optimizer = Adam()
    with refused(error, r"^y: ", net, optimizer):
        call(net, X, y, optimizer)


@every(READS | TRAINS)
@pytest.mark.parametrize(
    ("y", "match"),
    [
        (CLASSES.astype(float), "integers"),
        (CLASSES.astype(float).tolist(), "integers"),
        (CLASSES[:5], "integers"),
        (CLASSES[:, None], "integers"),
        (np.array([0, 1, 3, 0, 1, 2]), "classes from 0 to 2, got 3 in row 2"),
        (np.array([0, 1, 2, 0, -1, 2], dtype=np.int8), "classes from 0 to 2, got -1 in row 4"),
        (np.array([2**64 - 1, 0, 0, 0, 0, 0], dtype=np.uint64), "classes from 0 to 2, got .* in row 0"),
    ],
    ids=repr,
)
def test_class_indices_must_be_integers_from_0_to_outputs(call, y, match, classifier):
    optimizer = Adam()
    with refused(ValueError, "^y: .*" + match, classifier, optimizer):
        call(classifier, X, y, optimizer)


@every(TRAINS)
@pytest.mark.parametrize("bad", [1.5, -0.25], ids=str)
def test_targets_of_binary_cross_entropy_lie_from_0_to_1(call, bad, binary):
    optimizer = Adam()
    with refused(ValueError, f"^y: .*from 0 to 1 .*{bad} in row 3, column 2", binary, optimizer):
        call(binary, X, with_value(Y, 3, 2, bad), optimizer)


@every(TRAINS)
@pytest.mark.parametrize(
    ("row", "match"),
    [
        ([0.5, 0.4, 0.0], "add up to 1, got 0.9 in row 3"),
        ([1, 1, 0], "add up to 1, got 2 in row 3"),
        ([-0.5, 1, 0.5], "-0.5 in row 3, column 0"),
    ],
    ids=repr,
)
def test_probabilities_of_a_row_add_up_to_1(call, row, match, classifier):
    optimizer, y = Adam(), np.eye(3)[CLASSES]
    y[3] = row
    with refused(ValueError, "^y: .*" + match, classifier, optimizer):
        call(classifier, X, y, optimizer)


@every(TRAINS)
@pytest.mark.parametrize("bad", [NAN, INF, -INF], ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_training_data_must_be_finite_and_the_message_gives_row_and_column(call, bad, order, net):
    optimizer = Adam()
    for name, x, y in (("x", with_value(X, 4, 2, bad), Y), ("y", X, with_value(Y, 4, 2, bad))):
        with refused(ValueError, f"^{name}: expected finite numbers, got {bad} in row 4, column 2", net, optimizer):
            call(net, np.asarray(x, order=order), np.asarray(y, order=order), optimizer)


@every(TRAINS)
def test_row_and_column_are_right_in_large_data(call):
    net, optimizer = Network([40, 3], seed=0), Adam()
    x = with_value(np.zeros((1000, 40)), 777, 31, NAN)
    for given in (x, np.asfortranarray(x), x.astype("f4"), x[:, ::-1].copy()[:, ::-1]):
        with refused(ValueError, "^x: .*nan in row 777, column 31", net, optimizer):
            call(net, given, np.zeros((1000, 3)), optimizer)


@every(TRAINS)
@pytest.mark.parametrize("dtype", ["f8", ">f8", "g", object])
def test_numbers_too_large_for_the_dtype_of_the_network_are_refused(call, dtype):
    net, optimizer = Network([4, 5, 3], dtype="float32", seed=2), Adam()
    for name, x, y in (("x", with_value(X, 4, 2, 1e300), Y), ("y", X, with_value(Y, 4, 2, -1e300))):
        with refused(ValueError, f"^{name}: .*inf in row 4, column 2", net, optimizer):
            call(net, x.astype(dtype), y.astype(dtype), optimizer)


@every(TRAINS)
def test_none_among_the_numbers_counts_as_nan(call, net):
    optimizer = Adam()
    with refused(ValueError, "^x: .*nan in row 1, column 0", net, optimizer):
        call(net, with_value(X.astype(object), 1, 0, None), Y, optimizer)


@every(READS | TRAINS)
def test_an_empty_batch_is_refused(call, net):
    optimizer = Adam()
    with refused(ValueError, "^x: expected at least one row", net, optimizer):
        call(net, X[:0], Y[:0], optimizer)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_forward_of_no_rows_is_no_rows(dtype):
    net = Network([4, 5, 3], dtype=dtype)
    for x in (X[:0], np.empty((0, 4), dtype=int)):
        assert net.forward(x).shape == (0, 3)
        assert net.forward(x).dtype == dtype
    out = np.empty((0, 3), dtype=dtype)
    assert net.forward(X[:0], out=out) is out


def test_forward_passes_nan_and_infinity_through(net):
    clean, bad = net.forward(X), net.forward(with_value(X, 2, 1, NAN))
    assert np.isnan(bad[2]).all()
    np.testing.assert_array_equal(np.delete(bad, 2, axis=0), np.delete(clean, 2, axis=0))
    assert net.forward(with_value(X, 2, 1, INF)).shape == (6, 3)


# ---- out -------------------------------------------------------------------------------------------------------------


def read_only(array):
    array.flags.writeable = False
    return array


BAD_OUT = {
    "float32": lambda shape: np.zeros(shape, "f4"),
    "integers": lambda shape: np.zeros(shape, "i8"),
    "swapped bytes": lambda shape: np.zeros(shape, ">f8"),
    "too many": lambda shape: np.zeros((shape[0] + 1, *shape[1:])),
    "too few": lambda shape: np.zeros((shape[0] - 1, *shape[1:])),
    "one dimension more": lambda shape: np.zeros((1, *shape)),
    "gaps": lambda shape: np.zeros((shape[0] * 2, *shape[1:]))[::2],
    "read-only": lambda shape: read_only(np.zeros(shape)),
    "misaligned": lambda shape: np.zeros(np.prod(shape) * 8 + 1, "u1")[1:].view("f8").reshape(shape),
}


@every(BAD_OUT)
def test_out_that_does_not_fit_exactly_is_refused_and_left_alone(call, net):
    for out, use in (
        (call((6, 3)), lambda out: net.forward(X, out=out)),
        (call((43,)), lambda out: net.backward(X, Y, out=out)),
    ):
        with refused(ValueError, "^out: ", net):
            use(out)
        assert not out.any()


def test_out_in_fortran_order_is_refused(net):
    with refused(ValueError, "^out: .*C-contiguous", net):
        net.forward(X, out=np.zeros((6, 3), order="F"))


def test_out_for_one_row_is_a_vector(net):
    with refused(ValueError, r"^out: .*\(3,\)", net):
        net.forward(X[0], out=np.zeros((1, 3)))


@pytest.mark.parametrize("out", [[0.0] * 3, "out", 3.0, memoryview(bytearray(24))], ids=lambda out: type(out).__name__)
def test_out_must_be_an_array(out, net):
    with refused(TypeError, "^out: expected a numpy.ndarray, got ", net):
        net.forward(X[0], out=out)
    with refused(TypeError, "^out: expected a numpy.ndarray, got ", net):
        net.backward(X, Y, out=out)


@pytest.mark.parametrize(
    ("x", "out"),
    [
        (lambda m: m[:24].reshape(6, 4), lambda m: m[:18].reshape(6, 3)),
        (lambda m: m[:24].reshape(6, 4), lambda m: m[23:41].reshape(6, 3)),
        (lambda m: m[:24].reshape(6, 4)[::-1], lambda m: m[4:22].reshape(6, 3)),
        (lambda m: m[:24].view("f4")[::2].reshape(6, 4), lambda m: m[20:38].reshape(6, 3)),
        (lambda m: m.view("u1")[4:196].view("f8").reshape(6, 4), lambda m: m[24:42].reshape(6, 3)),
        (lambda m: np.broadcast_to(m[10:14], (6, 4)), lambda m: m[:18].reshape(6, 3)),
    ],
    ids=["same", "last number", "reversed", "float32", "last bytes", "broadcast"],
)
def test_out_that_overlaps_x_is_refused(x, out, net):
    memory = np.zeros(60)
    with refused(ValueError, "^out: .*overlaps x", net):
        net.forward(x(memory), out=out(memory))
    assert not memory.any()


def test_out_beside_x_in_the_same_memory_is_fine(net):
    memory = np.zeros(60)
    memory[:24] = X.ravel()
    net.forward(memory[:24].reshape(6, 4), out=memory[24:42].reshape(6, 3))
    np.testing.assert_array_equal(memory[24:42].reshape(6, 3), net.forward(X))


def test_out_that_overlaps_the_parameters_is_refused(net):
    with refused(ValueError, "^out: .*overlaps the parameters", net):
        net.forward(X, out=net.parameters[25:].reshape(6, 3))
    with refused(ValueError, "^out: .*overlaps the parameters", net):
        net.backward(X, Y, out=net.parameters)


# ---- settings of a network -------------------------------------------------------------------------------------------

ACTIVATIONS = ", ".join(_core.NAMES["activation"][:-1])


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"activation": "sigmoyd"}, f"^activation: .*'sigmoyd'.*{ACTIVATIONS}"),
        ({"activation": "Sigmoid"}, f"^activation: .*'Sigmoid'.*{ACTIVATIONS}"),
        ({"activation": ""}, f"^activation: .*{ACTIVATIONS}"),
        ({"activation": ["relu", "sigmoyd"]}, f"^activation: .*'sigmoyd'.*{ACTIVATIONS}"),
        ({"activation": ["relu"]}, "^activation: expected a name, or 2 names"),
        ({"activation": ["relu"] * 3}, "^activation: expected a name, or 2 names"),
        ({"activation": ["relu", 3]}, "^activation: "),
        ({"activation": "softmax"}, "^activation: softmax is for the output layer only"),
        ({"activation": ["softmax", "relu"]}, "^activation: softmax is for the output layer only"),
        ({"activation": ["relu", "relu"], "output_activation": "relu"}, "^output_activation: "),
        ({"output_activation": "softmux"}, f"^output_activation: .*'softmux'.*{ACTIVATIONS}, softmax"),
        ({"output_activation": ""}, f"^output_activation: .*{ACTIVATIONS}"),
        ({"loss": "mse"}, "^loss: .*'mse'.*squared_error, .*, cross_entropy"),
        ({"loss": "cross_entropy", "output_activation": "sigmoid"}, "^loss: cross_entropy needs a softmax output"),
        ({"loss": "cross_entropy", "activation": ["relu", "relu"]}, "^loss: cross_entropy needs a softmax output"),
        ({"loss": "binary_cross_entropy", "output_activation": "tanh"}, "^loss: .*needs a sigmoid output, got tanh"),
        ({"reduction": "average"}, "^reduction: .*'average'.*sum, mean"),
        ({"dtype": "float16"}, "^dtype: expected 'float32' or 'float64', got 'float16'"),
        ({"dtype": "int64"}, "^dtype: "),
        ({"dtype": "complex128"}, "^dtype: "),
        ({"dtype": ">f8"}, "^dtype: "),
        ({"dtype": "no dtype"}, "^dtype: .*'no dtype'"),
        ({"dtype": 3}, "^dtype: "),
        ({"init": "zeros"}, "^init: .*'zeros'.*glorot_uniform, he_uniform"),
        ({"seed": -1}, "^seed: .*-1"),
        ({"seed": 2**64}, "^seed: .*18446744073709551616"),
    ],
    ids=str,
)
def test_a_bad_setting_is_refused_by_name_with_the_known_ones(settings, match):
    with pytest.raises((TypeError, ValueError), match=match):
        Network([4, 5, 3], **settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"activation": None},
        {"activation": 3},
        {"output_activation": 3},
        {"loss": None},
        {"loss": ["squared_error"]},
        {"reduction": 1},
        {"seed": 1.5},
        {"seed": "1"},
        {"seed": np.array([1, 2])},
    ],
    ids=str,
)
def test_a_setting_of_the_wrong_type_is_refused_by_name(settings):
    (name,) = settings
    with pytest.raises(TypeError, match=f"^{name}: "):
        Network([4, 5, 3], **settings)


def test_cross_entropy_needs_two_outputs():
    with pytest.raises(ValueError, match=r"^loss: cross_entropy needs at least 2 outputs"):
        Network([4, 5, 1], loss="cross_entropy")


def test_settings_are_keywords():
    with pytest.raises(TypeError):
        Network([4, 5, 3], "relu")


@pytest.mark.parametrize(
    ("sizes", "error"),
    [
        ([], ValueError),
        ([4], ValueError),
        ([4, 0, 3], ValueError),
        ([0, 3], ValueError),
        ([4, 0], ValueError),
        ([4, -5, 3], ValueError),
        ([4, 5.0, 3], TypeError),
        ([4, "5", 3], TypeError),
        ([4, None], TypeError),
        ([[4, 5], 3], TypeError),
        ("45", TypeError),
        (4, TypeError),
        (None, TypeError),
        ([2**70, 2], ValueError),
        ([2**40, 2**40], MemoryError),
        ([2**62, 2, 2**62, 2], MemoryError),
        ([1, 2**63 - 1, 1], MemoryError),
        ([2**28, 2**28], MemoryError),
    ],
    ids=str,
)
def test_bad_layer_sizes_are_refused(sizes, error):
    with pytest.raises(error, match=r"^layer_sizes: "):
        Network(sizes)


@pytest.mark.parametrize(
    ("init", "error"),
    [
        (np.zeros(12), ValueError),
        (np.zeros((13, 1)), ValueError),
        (np.zeros(()), ValueError),
        (None, ValueError),
        ([], ValueError),
        ([(np.zeros((2, 3)), np.zeros(3))], ValueError),
        ([(np.zeros((2, 3)), np.zeros(3)), (np.zeros((3, 1)),)], ValueError),
        ([(np.zeros((3, 2)), np.zeros(3)), (np.zeros((3, 1)), np.zeros(1))], ValueError),
        ([(np.zeros((2, 3)), np.zeros(1)), (np.zeros((3, 1)), np.zeros(1))], ValueError),
        ([(np.zeros((2, 3)), 0.0), (np.zeros((3, 1)), 0.0)], ValueError),
        ([([[1, 2, 3], [4, 5]], [0] * 3), ([[1]] * 3, [0])], ValueError),
        (np.zeros(13, dtype=complex), TypeError),
        (["1"] * 13, TypeError),
        ([(np.zeros((2, 3)), ["a"] * 3), (np.zeros((3, 1)), np.zeros(1))], TypeError),
    ],
    ids=lambda value: "" if isinstance(value, type) else repr(value)[:40],
)
def test_initial_values_that_do_not_fit_are_refused(init, error):
    with pytest.raises(error, match=r"^init: "):
        Network([2, 3, 1], init=init)


@pytest.mark.parametrize("name", ["epochs_trained", "seed", "layer_sizes", "dtype", "weights"])
def test_what_a_network_is_cannot_be_set(name, net):
    with refused(AttributeError, None, net):
        setattr(net, name, 3)


# ---- objects that are not ready --------------------------------------------------------------------------------------

NETWORK_MEMBERS = [
    [
        "layer_sizes",
        "activations",
        "loss_name",
        "reduction",
        "dtype",
        "epochs_trained",
        "parameters",
        "weights",
        "biases",
    ],
    {"forward": [X], "loss": [X, Y], "backward": [X, Y], "step": [X, Y, SGD()], "fingerprint": [], "__reduce__": []},
]


@pytest.mark.parametrize("name", NETWORK_MEMBERS[0])
def test_a_network_whose_init_has_not_run_has_no_properties(name):
    with pytest.raises(TypeError, match="__init__"):
        getattr(Network.__new__(Network), name)


@pytest.mark.parametrize("name", NETWORK_MEMBERS[1])
def test_a_network_whose_init_has_not_run_computes_nothing(name):
    with pytest.raises(TypeError, match="__init__"):
        getattr(Network.__new__(Network), name)(*NETWORK_MEMBERS[1][name])


def test_a_subclass_that_looks_too_early_is_told_so():
    class Early(Network):
        def __init__(self):
            self.first = self.weights
            super().__init__([2, 1])

    with pytest.raises(TypeError, match="__init__"):
        Early()


@pytest.mark.parametrize("cls", [SGD, Adam])
def test_an_optimizer_whose_init_has_not_run_is_refused(cls, net):
    raw = cls.__new__(cls)
    for use in (lambda: raw.state, lambda: raw.steps, lambda: repr(raw), lambda: raw.__reduce__()):
        with pytest.raises(TypeError, match="__init__"):
            use()
    with refused(TypeError, "^optimizer: .*__init__", net):
        net.step(X, Y, raw)


# ---- calls that do not fit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda net: net.step(X, Y), "optimizer"),
        (lambda net: net.step(X, Y, 0.1), r"^optimizer: expected one of netlet's, such as netlet.Adam\(\), got float"),
        (lambda net: net.step(X, Y, Adam), "^optimizer: .* write Adam()"),
        (lambda net: net.backward(X), "^y: expected either y or output_gradient, got neither"),
        (lambda net: net.forward(X, X), "positional"),
        (lambda net: SGD("a"), "^learning_rate: expected a number, got 'a'"),
        (lambda net: Adam(epsilon=None), "^epsilon: expected a number, got None"),
        (lambda net: setattr(SGD(), "learning_rate", "x"), "^learning_rate: "),
        (lambda net: net.fit(X, Y, epochs=1, learning_rate="auto"), "^learning_rate: "),
    ],
)
def test_a_call_that_does_not_fit_gets_a_short_sentence(call, match, net):
    with pytest.raises(TypeError, match=match) as caught:
        call(net)
    assert len(str(caught.value)) < 150


@every(EVALUATES)
def test_a_number_beyond_all_floats_is_named_and_numpy_s_settings_stay(call, net):
    before = np.geterr()
    with refused(TypeError, "^x: ", net):
        call(net, [[10**400, 1, 2, 3]] * 6, Y, Adam())
    assert np.geterr() == before


@pytest.mark.parametrize(
    ("optimizer", "match"),
    [
        (lambda: SGD(1e-60), "^learning_rate: 1e-60 is 0 in float32"),
        (lambda: SGD(1e60), r"^learning_rate: 1e\+60 is inf in float32"),
        (lambda: Adam(epsilon=1e-50), "^epsilon: 1e-50 is 0 in float32"),
    ],
)
@every(TRAINS)
def test_a_setting_that_is_lost_in_the_network_s_dtype_is_refused(call, optimizer, match):
    net, chosen = Network([4, 5, 3], dtype="float32", seed=2), optimizer()
    with refused(ValueError, match, net, chosen):
        call(net, X, Y, chosen)


def test_classes_that_change_during_training_do_not_reach_beyond_the_network(classifier):
    classes = CLASSES.copy()
    classifier.fit(X, classes, epochs=3, callback=lambda *_: classes.fill(10**9))
    assert np.isfinite(classifier.parameters).all()


# ---- settings of training --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"epochs": 0}, ValueError),
        ({"epochs": -1}, ValueError),
        ({"epochs": 2**63}, ValueError),
        ({"epochs": 1.0}, TypeError),
        ({"epochs": None}, TypeError),
        ({"batch_size": 0}, ValueError),
        ({"batch_size": -3}, ValueError),
        ({"batch_size": 2.0}, TypeError),
        ({"batch_size": "all"}, TypeError),
        ({"seed": -1}, ValueError),
        ({"seed": 2**64}, ValueError),
        ({"seed": 0.5}, TypeError),
        ({"learning_rate": 0}, ValueError),
        ({"learning_rate": -0.1}, ValueError),
        ({"learning_rate": NAN}, ValueError),
        ({"learning_rate": INF}, ValueError),
        ({"callback": 3}, TypeError),
        ({"callback": [print]}, TypeError),
        ({"optimizer": "adam"}, TypeError),
        ({"optimizer": Adam}, TypeError),
    ],
    ids=str,
)
def test_a_bad_option_of_fit_is_refused_by_name(options, error, net):
    (name,) = options
    with refused(error, f"^{name}: ", net):
        net.fit(X, Y, **{"epochs": 2, **options})


def test_a_learning_rate_beside_an_optimizer_is_refused(net):
    optimizer = SGD(0.1)
    with refused(ValueError, "^learning_rate: .*optimizer", net, optimizer):
        net.fit(X, Y, epochs=1, learning_rate=0.1, optimizer=optimizer)


def test_epochs_must_be_given(net):
    with refused(TypeError, "epochs", net):
        net.fit(X, Y)


def test_step_needs_an_optimizer(net):
    for optimizer in (None, 0.1, "adam"):
        with refused(TypeError, "optimizer", net):
            net.step(X, Y, optimizer)


@every(TRAINS)
@pytest.mark.parametrize(
    "other",
    [{"layer_sizes": [4, 6, 3]}, {"layer_sizes": [4, 5, 3], "dtype": "float32"}],
    ids=["size", "dtype"],
)
def test_an_optimizer_with_the_state_of_another_network_is_refused(call, other, net):
    optimizer = Adam()
    Network(**other).step(X, Y, optimizer)
    with refused(ValueError, "^optimizer: .*state", net, optimizer):
        call(net, X, Y, optimizer)


@pytest.mark.parametrize(
    ("optimizer", "settings"),
    [
        *((kind, {"learning_rate": rate}) for kind in (SGD, Adam) for rate in (0, -1, NAN, INF, -INF)),
        *((SGD, {"momentum": momentum}) for momentum in (-0.1, 1, NAN)),
        (SGD, {"nesterov": True}),
        *((Adam, {name: beta}) for name in ("beta_1", "beta_2") for beta in (-0.1, 1.0, NAN)),
        *((Adam, {"epsilon": epsilon}) for epsilon in (0, -1e-8, NAN, INF)),
    ],
    ids=str,
)
def test_a_hyperparameter_out_of_range_is_refused_by_name(optimizer, settings):
    (name,) = settings
    with pytest.raises(ValueError, match=f"^{name}: "):
        optimizer(**settings)


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_a_hyperparameter_must_be_a_number(kind):
    with pytest.raises(TypeError, match="learning_rate"):
        kind("fast")


@pytest.mark.parametrize("optimizer", [SGD(), Adam()], ids=["SGD", "Adam"])
def test_setting_a_bad_learning_rate_is_refused(optimizer, net):
    for rate in (0, -1.0, NAN, INF):
        with refused(ValueError, "^learning_rate: ", net, optimizer):
            optimizer.learning_rate = rate


def test_settings_other_than_the_learning_rate_are_fixed():
    with pytest.raises(AttributeError):
        SGD(0.1, momentum=0.5).momentum = 0.25


# ---- training that fails on its way ----------------------------------------------------------------------------------

GROWING = {
    "SGD": lambda: SGD(1e200),
    "momentum": lambda: SGD(1e100, momentum=0.5),
    "Adam": lambda: Adam(1e200),
}


@pytest.mark.parametrize("activation", ["identity", "relu"])
@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("earlier", [0, 3])
@every(GROWING)
def test_divergence_keeps_the_last_good_epoch(call, earlier, batch_size, activation):
    def calm():
        net, optimizer = Network([4, 5, 3], activation=activation, seed=2), call()
        rate, optimizer.learning_rate = optimizer.learning_rate, 1e-3
        for _ in range(earlier):
            net.fit(X, Y, epochs=1, batch_size=batch_size, optimizer=optimizer)
        optimizer.learning_rate = rate
        return net, optimizer

    net, optimizer = calm()
    finished = []
    with pytest.raises(DivergenceError, match=r"diverged.* in epoch ") as caught:
        net.fit(
            X,
            Y,
            epochs=100,
            batch_size=batch_size,
            optimizer=optimizer,
            callback=lambda epoch, _: finished.append(epoch),
        )
    good = earlier + len(finished)
    assert f"in epoch {good};" in str(caught.value)
    assert np.isfinite(net.parameters).all()
    expected, expected_optimizer = calm()
    if finished:
        expected.fit(X, Y, epochs=len(finished), batch_size=batch_size, optimizer=expected_optimizer)
    assert state(net, optimizer) == state(expected, expected_optimizer)


def test_divergence_is_an_arithmetic_error():
    assert issubclass(DivergenceError, ArithmeticError)


@pytest.mark.parametrize("new_optimizer", [SGD, lambda: SGD(momentum=0.9), Adam], ids=["SGD", "momentum", "Adam"])
def test_a_step_whose_loss_is_not_finite_changes_nothing(new_optimizer):
    net, optimizer = Network([1, 1], activation="identity", init=[1e200, 0.0]), new_optimizer()
    with refused(DivergenceError, "^step: the loss is inf; nothing was changed", net, optimizer):
        net.step([[1e200]], [0.0], optimizer)


def test_parameters_that_are_not_finite_are_not_trained(net):
    net.parameters[7] = NAN
    with refused(ValueError, "^parameters: expected finite", net):
        net.fit(X, Y, epochs=1)


class Failing:
    def __bool__(self):
        raise LookupError("no answer")


def raises_lookup_error():
    raise LookupError("my own")


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
    with pytest.raises(ValueError, match="ambiguous"):
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


# ---- what training takes beside data ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: SGD(l2=-1), "^l2: .*from 0 on, got -1"),
        (lambda: Adam(l1=np.inf), "^l1: .*got inf"),
        (lambda: SGD(clip_value=-0.5), "^clip_value: "),
        (lambda: SGD(clip_norm=np.nan), "^clip_norm: .*got nan"),
        (lambda: SGD(clip_norm=1, clip_value=1), "^clip_norm: expected one of clip_value and clip_norm, got both"),
        (lambda: AdamW(weight_decay=-0.1), "^weight_decay: "),
        (lambda: RMSprop(rho=1), "^rho: expected 0 <= rho < 1, got 1"),
        (lambda: RMSprop(momentum=-1), "^momentum: "),
        (lambda: RMSprop(epsilon=0), "^epsilon: "),
        (lambda: Rprop(eta_minus=1), "^eta_minus: expected 0 < eta_minus < 1, got 1"),
        (lambda: Rprop(eta_plus=1), "^eta_plus: .*above 1, got 1"),
        (lambda: Rprop(step_min=0), "^step_min: "),
        (lambda: Rprop(step_min=2, step_max=1), "^step_min: expected at most step_max, 1, got 2"),
        (lambda: Network([2, 3, 1], dropout=1), "^dropout: expected 0 <= dropout < 1, got 1 for layer 1"),
        (lambda: Network([2, 3, 1], dropout=[0.1, 0.1]), "^dropout: .*1 numbers, one for each hidden layer"),
        (lambda: Network([2, 1], loss="huber", huber_delta=0), "^huber_delta: "),
        (lambda: Network([2, 1], loss="huber", huber_delta=np.inf), "^huber_delta: "),
        (lambda: Network([2, 1], loss="quantile", quantile=1), "^quantile: expected 0 < quantile < 1, got 1"),
        (lambda: Network([2, 3], loss="quantile", quantile=[0.1, 0.9]), "^quantile: .*3 numbers, one for each output"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(make, match):
    with pytest.raises(ValueError, match=match):
        make()


@pytest.mark.parametrize(
    ("name", "value", "match"),
    [
        ("sample_weight", np.ones(5), r"^sample_weight: expected shape \(6,\), got \(5,\)"),
        ("sample_weight", np.ones((6, 1)), "^sample_weight: expected shape"),
        ("sample_weight", [1, 1, 1, -1, 1, 1], "^sample_weight: expected weights from 0 on, got -1 in row 3"),
        ("sample_weight", [1, 1, 1, np.nan, 1, 1], "^sample_weight: expected finite numbers, got nan in row 3"),
        ("class_weight", {0: 1.0}, "^class_weight: expected None for squared_error"),
        ("validation_data", (np.ones((3, 4)), np.ones((3, 5))), "^validation_data: y: expected shape"),
        ("validation_data", (np.ones((3, 9)), np.ones((3, 3))), "^validation_data: x: expected shape"),
        ("validation_data", (np.ones((0, 4)), np.ones((0, 3))), "^validation_data: x: expected at least one row"),
        ("validation_data", (np.full((3, 4), np.nan), np.ones((3, 3))), "^validation_data: x: expected finite"),
        ("validation_data", np.ones((3, 4)), "^validation_data: expected a tuple"),
        ("patience", 0, "^patience: "),
        ("min_delta", -1, "^min_delta: "),
        ("schedule", schedules.StepDecay(2.0), "^gamma: expected 0 < gamma <= 1, got 2"),
        ("schedule", schedules.CosineDecay(0), "^period: expected at least 1 epoch"),
        ("schedule", schedules.CosineDecay(5, floor=2), "^floor: "),
        ("schedule", schedules.ReduceOnPlateau(min_delta=-1), "^min_delta: "),
        ("schedule", lambda epoch: -1, "^schedule: expected a finite factor from 0 on for epoch 0, got -1"),
        ("standardize", "both", "^standardize: "),
    ],
)
def test_a_bad_argument_of_fit_is_refused_by_name(name, value, match, net):
    with refused(ValueError, match, net):
        net.fit(X, Y, epochs=2, **{name: value})
    assert net.input_scaling is None


def test_a_schedule_that_is_none_is_refused(net):
    for value in (0.5, "cosine", schedules.StepDecay):
        with refused(TypeError, "^schedule: expected one of netlet.schedules or a function", net):
            net.fit(X, Y, epochs=1, schedule=value)


def test_what_a_schedule_s_function_raises_comes_out(net):
    with refused(ZeroDivisionError, "division", net):
        net.fit(X, Y, epochs=1, schedule=lambda epoch: 1 / epoch)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"batch_size": 2}, "^batch_size: rprop"),
        ({"schedule": schedules.ExponentialDecay()}, "^schedule: rprop"),
    ],
)
def test_rprop_takes_whole_batches_and_no_schedule(options, match, net):
    with refused(ValueError, match, net):
        net.fit(X, Y, epochs=1, optimizer=Rprop(), **options)


@pytest.mark.parametrize(
    ("value", "match"),
    [
        ((np.zeros(4), np.zeros(4)), "^scale: expected positive finite numbers for the inputs, got 0 at position 0"),
        ((np.zeros(4), [1, 1, -1, 1]), "^scale: .*got -1 at position 2"),
        (([0, 0, 0, np.nan], np.ones(4)), "^shift: expected finite numbers for the inputs, got nan at position 3"),
        ((np.zeros(3), np.ones(3)), "^shift: expected a number, or 4 numbers, one for each input"),
        (5, r"^input_scaling: expected a pair \(shift, scale\) or None, got 5"),
    ],
)
def test_a_bad_scaling_is_refused(value, match, net):
    with refused(ValueError, match, net):
        net.input_scaling = value
    assert net.input_scaling is None


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy", "poisson"])
def test_outputs_of_these_losses_have_no_scaling(loss):
    net = Network([4, 2], loss=loss, seed=0)
    with pytest.raises(ValueError, match=f"^scaling: outputs cannot have one under {loss}"):
        net.output_scaling = (np.zeros(2), np.ones(2))
    net.output_scaling = None
    assert net.output_scaling is None


def test_counts_are_not_negative():
    net = Network([4, 2], loss="poisson", seed=0)
    with refused(ValueError, "^y: expected counts from 0 on, got -1 in row 1, column 0", net):
        net.fit(X, [[1, 2], [-1, 0], *np.ones((4, 2))], epochs=1)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"y": Y, "output_gradient": Y}, ValueError, "^y: expected either y or output_gradient, got both"),
        ({"output_gradient": Y[:5]}, ValueError, r"^output_gradient: .*\(6, 3\), got \(5, 3\)"),
        ({"output_gradient": Y, "sample_weight": np.ones(6)}, ValueError, "^sample_weight: expected None beside"),
        ({}, TypeError, "^y: expected either y or output_gradient, got neither"),
    ],
)
def test_targets_that_do_not_fit_are_refused(arguments, error, match, net):
    for call in (net.backward, net.input_gradient, net.row_gradients):
        with refused(error, match, net):
            call(X, **arguments)
    with refused(error, match, net):
        net.step(X, arguments.pop("y", None), SGD(), **arguments)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_a_weight_that_is_none_is_refused_wherever_weights_are_taken(bad, net):
    weights = [1, 1, 1, bad, 1, 1]
    for call in (net.loss, net.evaluate, net.backward, net.input_gradient, net.row_gradients):
        with refused(ValueError, "^sample_weight: expected .* in row 3", net):
            call(X, Y, sample_weight=weights)


@pytest.mark.parametrize(
    ("gradient", "match"),
    [
        (np.ones(3), "^gradient: expected shape"),
        ("a", "^gradient: expected an array of real numbers"),
        (np.full(22, np.nan), "^gradient: expected finite numbers, got nan at position 0"),
    ],
)
def test_a_gradient_that_does_not_fit_is_refused(gradient, match, net):
    gradient = np.full(len(net.parameters), np.nan) if np.shape(gradient) == (22,) else gradient
    with refused(ValueError, match, net):
        net.apply_gradient(gradient, SGD())


def test_out_of_the_derivatives_must_fit(net):
    for call, shape in ((net.input_gradient, (6, 4)), (net.row_gradients, (6, len(net.parameters)))):
        out = np.empty(shape)
        assert call(X, Y, out=out) is out
        with refused(ValueError, "^out: expected a writable", net):
            call(X, Y, out=np.empty(shape, dtype="float32"))
    out = np.empty((6, 3, 4))
    assert net.jacobian(X, out=out) is out
    same = np.ones((6, 4))
    with refused(ValueError, "^out: expected memory of its own", net):
        net.input_gradient(same, Y, out=same)
