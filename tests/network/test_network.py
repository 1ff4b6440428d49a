# SPDX-License-Identifier: BSD-3-Clause
"""What `netlet.Network` promises to those who use it rightly."""

import copy
import gc
import inspect
import pickle
import subprocess
import sys

import netlet
import numpy as np
import pytest
from netlet import SGD, Adam, AdamW, History, Network, RMSprop, Rprop, reference, schedules

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([0.0, 1.0, 1.0, 0.0])
SIZES = [5, 7, 2]

OPTIMIZERS = {
    "plain": lambda: SGD(0.01),
    "momentum": lambda: SGD(0.01, momentum=0.9),
    "nesterov": lambda: SGD(0.01, momentum=0.9, nesterov=True),
    "adam": lambda: Adam(0.01),
    "adamw": lambda: AdamW(0.01, weight_decay=0.1, l1=0.001),
    "rmsprop": lambda: RMSprop(0.01, clip_norm=0.5),
    "rmsprop with momentum": lambda: RMSprop(0.001, momentum=0.9, clip_value=0.1),
    "rprop": lambda: Rprop(0.001, l2=0.001),
}
STATES = [[], ["velocity"], ["velocity"], ["m", "v"], ["m", "v"], ["v"], ["v", "velocity"], ["step", "gradient"]]
every_optimizer = pytest.mark.parametrize("new_optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


class Tagged(Network):
    """A user's subclass."""

    def double(self, x):
        return 2 * self.forward(x)


def random_data(rows=300, inputs=5, outputs=2, dtype="float64"):
    rng = np.random.default_rng(7)
    return rng.normal(size=(rows, inputs)).astype(dtype), rng.random((rows, outputs)).astype(dtype)


def classifier(**settings):
    return Network([2, 5, 3], loss="cross_entropy", seed=3, **settings)


def results(x, y, dtype="float64"):
    """The bits of all that a fresh network computes from x and y."""
    net = Network(SIZES, activation="tanh", dtype=dtype, seed=1)
    outputs = net.forward(x)
    loss, gradient = net.backward(x, y)
    history = net.fit(x, y, epochs=2, learning_rate=0.01, batch_size=70)
    assert net.loss(x, y) != loss, "training changed nothing: this test could not fail"
    return [np.asarray(r).tobytes() for r in (outputs, loss, gradient, history.loss, net.parameters)]


# ---- construction ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "activations"),
    [
        ({}, ("sigmoid", "sigmoid", "sigmoid")),
        ({"activation": "relu"}, ("relu", "relu", "relu")),
        ({"activation": "relu", "output_activation": "identity"}, ("relu", "relu", "identity")),
        ({"activation": "relu", "output_activation": "softmax"}, ("relu", "relu", "softmax")),
        ({"activation": "tanh", "loss": "cross_entropy"}, ("tanh", "tanh", "softmax")),
        ({"activation": "tanh", "loss": "binary_cross_entropy"}, ("tanh", "tanh", "sigmoid")),
        ({"activation": ["relu", "tanh", "identity"]}, ("relu", "tanh", "identity")),
        ({"activation": ("relu", "tanh", "softmax"), "loss": "cross_entropy"}, ("relu", "tanh", "softmax")),
    ],
)
def test_each_layer_gets_the_activation_asked_for_or_the_one_of_its_loss(settings, activations):
    assert Network([2, 4, 3, 2], **settings).activations == activations


def test_the_default_network_is_the_tutorials():
    net = Network([2, 3, 1])
    assert net.layer_sizes == (2, 3, 1)
    assert (net.loss_name, net.reduction, net.dtype, net.epochs_trained) == ("squared_error", "sum", np.float64, 0)


@pytest.mark.parametrize(
    "sizes",
    [[2, 3, 1], (2, 3, 1), range(2, 5), np.array([2, 3, 1]), iter([2, 3, 1])],
    ids=["list", "tuple", "range", "array", "iterator"],
)
def test_layer_sizes_may_be_any_sequence_of_integers(sizes):
    assert len(Network(sizes).layer_sizes) == 3


@pytest.mark.parametrize("dtype", ["float32", np.float32, np.dtype("float32"), "f4"], ids=repr)
def test_dtype_is_named_as_numpy_names_it(dtype):
    net = Network([2, 3, 1], dtype=dtype)
    assert {net.dtype, net.parameters.dtype, net.forward(X).dtype} == {np.dtype("float32")}


@every_dtype
@pytest.mark.parametrize("init", ["glorot_uniform", "he_uniform"])
@pytest.mark.parametrize("seed", [0, 1, 2**64 - 1])
def test_initial_values_are_those_of_the_reference(init, seed, dtype):
    settings = {"init": init, "seed": seed, "dtype": dtype}
    parameters = Network([4, 6, 3], **settings).parameters
    assert parameters.tobytes() == reference.Network([4, 6, 3], **settings).parameters.tobytes()


def test_glorot_is_the_default_and_differs_from_he():
    default, glorot, he = (
        Network([4, 6, 3], seed=5, **s) for s in ({}, {"init": "glorot_uniform"}, {"init": "he_uniform"})
    )
    assert default == glorot
    assert glorot != he


@pytest.mark.parametrize("convert", [np.array, list, tuple, np.float32], ids=["array", "list", "tuple", "float32"])
def test_init_takes_a_flat_array_in_the_layout_of_parameters(convert):
    values = np.arange(13) / 8
    np.testing.assert_array_equal(Network([2, 3, 1], init=convert(values)).parameters, values)


@pytest.mark.parametrize("as_list", [False, True])
def test_init_takes_a_pair_of_weight_and_bias_for_each_layer(as_list):
    pairs = [(np.full((2, 3), 0.5), np.arange(3.0)), (np.full((3, 1), -2.0), np.array([9.0]))]
    init = [(w.tolist(), b.tolist()) for w, b in pairs] if as_list else pairs
    net = Network([2, 3, 1], init=init)
    for (weight, bias), w, b in zip(pairs, net.weights, net.biases):
        np.testing.assert_array_equal(w, weight)
        np.testing.assert_array_equal(b, bias)


def test_init_values_are_copied():
    values = np.zeros(13)
    net = Network([2, 3, 1], init=values)
    values[:] = 1
    assert not net.parameters.any()


def test_a_drawn_seed_can_be_read_and_gives_the_same_network_again():
    first, second = Network([2, 3, 1]), Network([2, 3, 1])
    assert first.seed != second.seed
    assert 0 <= first.seed < 2**64
    assert Network([2, 3, 1], seed=first.seed) == first
    assert first != second


@pytest.mark.parametrize("seed", [0, 12, np.int32(12), 2**64 - 1])
def test_a_given_seed_is_kept(seed):
    assert Network([2, 3, 1], seed=seed).seed == seed


# ---- parameters ------------------------------------------------------------------------------------------------------


@every_dtype
def test_weights_and_biases_are_writable_views_of_the_parameters_in_order(dtype):
    net = Network([2, 3, 1], dtype=dtype, seed=0)
    pieces = [net.weights[0], net.biases[0], net.weights[1], net.biases[1]]
    assert [piece.shape for piece in pieces] == [(2, 3), (3,), (3, 1), (1,)]
    for i, piece in enumerate(pieces):
        piece[...] = np.arange(piece.size).reshape(piece.shape) + 10 * i
    np.testing.assert_array_equal(net.parameters, [0, 1, 2, 3, 4, 5, 10, 11, 12, 20, 21, 22, 30])
    net.parameters[:] = 7
    assert all((piece == 7).all() for piece in pieces)
    assert net.parameters.flags.c_contiguous


def test_writing_to_a_view_changes_what_forward_computes():
    net = Network([2, 1], activation="identity", init=[1.0, 10.0, 0.5])
    np.testing.assert_array_equal(net.forward([1.0, 1.0]), [11.5])
    net.weights[0][1] = 20
    net.biases[0][:] += 1
    np.testing.assert_array_equal(net.forward([1.0, 1.0]), [22.5])


def test_views_keep_the_memory_of_a_network_that_is_gone():
    net = Network([2, 300, 1], seed=0)
    views = [net.parameters, *net.weights, *net.biases]
    expected = [view.copy() for view in views]
    del net
    gc.collect()
    Network([2, 300, 1], seed=1)  # would take the memory over if it were free
    for view, values in zip(views, expected):
        np.testing.assert_array_equal(view, values)


@pytest.mark.parametrize("name", ["parameters", "weights", "biases", "layer_sizes", "activations", "dtype"])
def test_what_the_architecture_fixes_cannot_be_rebound(name):
    net = Network([2, 3, 1], seed=0)
    with pytest.raises(AttributeError):
        setattr(net, name, getattr(net, name))


# ---- shapes ----------------------------------------------------------------------------------------------------------


def test_forward_of_a_matrix_gives_a_row_for_each_row_and_of_one_row_a_vector():
    net = Network(SIZES, seed=0)
    x, _ = random_data(rows=6)
    outputs = net.forward(x)
    assert outputs.shape == (6, 2)
    for row, output in zip(x, outputs):
        assert net.forward(row).shape == (2,)
        assert net.forward(row).tobytes() == output.tobytes()


@pytest.mark.parametrize(
    ("x", "y"),
    [(X, Y[:, None]), (X, Y.tolist()), (X, Y.astype(bool)), (X.tolist(), Y)],
    ids=["column", "list", "bool", "x a list"],
)
def test_one_output_takes_targets_of_shape_rows_or_a_column(x, y):
    net = Network([2, 3, 1], seed=0)
    loss, gradient = net.backward(X, Y)
    assert (net.loss(x, y), net.backward(x, y)[1].tobytes()) == (loss, gradient.tobytes())


@pytest.mark.parametrize(
    ("outputs", "y"),
    [(1, 0.25), (1, [0.25]), (1, [[0.25]]), (3, [0.25, 0.5, 1.0]), (3, [[0.25, 0.5, 1.0]])],
    ids=repr,
)
def test_one_row_takes_one_row_of_targets(outputs, y):
    net = Network([2, outputs], seed=0)
    x = [0.5, -1.0]
    assert net.loss(x, y) == net.loss([x], np.reshape(y, (1, outputs)))


@pytest.mark.parametrize("y", [2, [2], np.uint8([2]), [[0, 0, 1]], [0, 0, 1], [[0.0, 0.0, 1.0]]], ids=repr)
def test_one_row_takes_its_class_as_an_index_or_as_probabilities(y):
    net = classifier()
    assert net.loss([0.5, -1.0], y) == net.loss([[0.5, -1.0]], [2])


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", "int32", "uint32", "int64", "uint64", ">i8", ">u2", "<i4", object]
)
def test_class_indices_give_the_bits_of_one_hot_rows(dtype):
    rng = np.random.default_rng(0)
    x, classes = rng.normal(size=(300, 2)), rng.integers(0, 3, 300)
    nets = classifier(), classifier()
    histories = [
        net.fit(x, y, epochs=3, learning_rate=0.01, batch_size=50)
        for net, y in zip(nets, (classes.astype(dtype), np.eye(3)[classes]))
    ]
    assert nets[0] == nets[1]
    for name in ("loss", "metrics"):
        np.testing.assert_equal(*(getattr(h, name) for h in histories))


@pytest.mark.parametrize("x", [X, X[0]], ids=["matrix", "row"])
def test_forward_writes_to_out_and_returns_it(x):
    net = Network([2, 3, 2], seed=0)
    expected = net.forward(x)
    out = np.full_like(expected, np.nan)
    assert net.forward(x, out=out) is out
    assert out.tobytes() == expected.tobytes()


@every_dtype
def test_backward_writes_the_gradient_to_out_and_returns_it(dtype):
    net = Network([2, 3, 1], dtype=dtype, seed=0)
    loss, gradient = net.backward(X, Y)
    out = np.full_like(gradient, np.nan)
    again, returned = net.backward(X, Y, out=out)
    assert returned is out
    assert (again, out.tobytes()) == (loss, gradient.tobytes())


def test_out_is_a_keyword():
    net = Network([2, 3, 1], seed=0)
    with pytest.raises(TypeError):
        net.forward(X, np.empty((4, 1)))
    with pytest.raises(TypeError):
        net.backward(X, Y, np.empty(13))


# ---- any layout and dtype of input -----------------------------------------------------------------------------------


class Frame:
    """Something like a pandas.DataFrame."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)


def misaligned(x):
    memory = np.empty(x.nbytes + 1, dtype=np.uint8)
    array = memory[1:].view(x.dtype).reshape(x.shape)
    array[...] = x
    assert not array.flags.aligned
    return array


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


LAYOUTS = {
    "list": np.ndarray.tolist,
    "list of rows": list,
    "Fortran order": np.asfortranarray,
    "gaps": lambda x: np.repeat(np.repeat(x, 2, axis=0), 3, axis=1)[::2, ::3],
    "gaps between rows": lambda x: np.hstack([x, x])[:, : x.shape[1]],
    "negative strides": lambda x: x[::-1, ::-1].copy()[::-1, ::-1],
    "swapped bytes": lambda x: x.astype(x.dtype.newbyteorder()),
    "misaligned": misaligned,
    "misaligned Fortran order": lambda x: misaligned(x.T).T,
    "read-only": read_only,
    "object dtype": lambda x: x.astype(object),
    "record field": lambda x: x.view([("number", x.dtype)])["number"],
    "__array__": Frame,
}


@every_dtype
@pytest.mark.parametrize("convert", LAYOUTS.values(), ids=LAYOUTS)
def test_the_layout_of_an_array_changes_no_bit(convert, dtype):
    x, y = random_data(dtype=dtype)
    assert results(convert(x), convert(y), dtype) == results(x, y, dtype)


@every_dtype
@pytest.mark.parametrize("given", ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "g", ">i4"])
def test_whole_numbers_of_any_dtype_give_the_same_bits(given, dtype):
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 2, (300, 5)), rng.integers(0, 2, (300, 2))
    assert results(x.astype(given), y.astype(given), dtype) == results(x.astype(dtype), y.astype(dtype), dtype)


@pytest.mark.parametrize("given", ["f8", "g", ">f8", "i8", "u8"])
def test_numbers_are_rounded_once_to_the_dtype_of_the_network(given):
    x, y = random_data(dtype=np.longdouble)
    if np.dtype(given).kind in "iu":
        x = np.abs(x * 2.0**40)  # more digits than a float32 holds
        x, y = x.astype(given), y * 0
        net = Network(SIZES, activation="identity", dtype="float32", seed=0)
        assert net.forward(x).tobytes() == net.forward(x.astype("f4")).tobytes()
        return
    x, y = x.astype(given), y.astype(given)
    assert results(x, y, "float32") == results(x.astype("f4"), y.astype("f4"), "float32")


@every_dtype
@pytest.mark.parametrize("given", ["g", object])
def test_a_long_double_beyond_the_dtype_of_the_network_is_infinite_without_a_warning(given, dtype):
    net = Network([2, 1], activation="identity", dtype=dtype, seed=0)
    with np.errstate(over="ignore"):  # where long double is float64, it is infinite at once
        large = np.ldexp(np.longdouble(1), np.finfo(dtype).maxexp)
    with np.errstate(over="raise"):
        assert np.isinf(net.forward(np.array([[large, 0], [-large, 0]], given))).all()


def test_broadcast_rows_and_columns_give_the_bits_of_their_copies():
    x, y = random_data()
    for broadcast in (np.broadcast_to(x[0], x.shape), np.broadcast_to(x[:, :1], x.shape)):
        assert results(broadcast, y) == results(broadcast.copy(), y)
    targets = np.broadcast_to(0.5, y.shape)
    assert results(x, targets) == results(x, targets.copy())


def test_inputs_are_left_as_they_were():
    x, y = random_data()
    before = x.tobytes(), y.tobytes()
    results(x, y)
    assert (x.tobytes(), y.tobytes()) == before


# ---- copies, equality, fingerprint -----------------------------------------------------------------------------------

COPIES = {
    "pickle": lambda net: pickle.loads(pickle.dumps(net)),
    "pickle protocol 2": lambda net: pickle.loads(pickle.dumps(net, protocol=2)),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}
every_copy = pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)


@every_copy
@every_dtype
def test_a_copy_is_equal_and_has_memory_of_its_own(duplicate, dtype):
    net = classifier(activation="relu", reduction="mean", dtype=dtype)
    net.fit(X, [0, 1, 2, 0], epochs=4)
    other = duplicate(net)
    assert other == net
    assert (other.seed, other.epochs_trained, repr(other)) == (net.seed, 4, repr(net))
    other.parameters[0] += 1
    assert other != net
    assert net == duplicate(net)


@every_copy
def test_a_copy_of_a_subclass_keeps_class_and_attributes(duplicate):
    net = Tagged([2, 3, 1], seed=0)
    net.tags = ["mine"]
    other = duplicate(net)
    assert type(other) is Tagged
    assert other.tags == ["mine"]
    assert other.double(X).tobytes() == net.double(X).tobytes()


@pytest.mark.parametrize("duplicate", [COPIES["pickle"], copy.deepcopy], ids=["pickle", "deepcopy"])
def test_an_attribute_may_refer_back_to_the_network(duplicate):
    net = Tagged([2, 3, 1], seed=0)
    net.predict = net.double
    other = duplicate(net)
    assert other.predict.__self__ is other


def test_a_pickle_of_another_numerics_version_says_that_the_bits_will_differ():
    net = Network([2, 3, 1], seed=0)
    restore, (cls, state), _ = net.__reduce__()
    assert state["numerics"] == netlet.numerics_version()
    with pytest.warns(UserWarning, match="pickled under numerics version 999"):
        assert restore(cls, {**state, "numerics": 999}) == net


def test_a_network_has_no_hash_because_it_changes():
    with pytest.raises(TypeError, match="unhashable"):
        hash(Network([2, 3, 1]))


def test_networks_are_equal_by_bits():
    net, other = Network([2, 3, 1], seed=0), Network([2, 3, 1], seed=0)
    assert net == other
    other.parameters[3] = np.nextafter(other.parameters[3], 1)
    assert net != other
    net.parameters[3] = other.parameters[3] = np.nan
    assert net == other
    net.parameters[3], other.parameters[3] = 0.0, -0.0
    assert net != other
    assert net != "a network"
    assert net.__eq__(3) is NotImplemented


ARCHITECTURES = [
    {},
    {"activation": "tanh"},
    {"output_activation": "identity"},
    {"loss": "binary_cross_entropy"},
    {"reduction": "mean"},
    {"dtype": "float32"},
]


def test_networks_of_different_architecture_differ_even_with_the_same_parameters():
    nets = [Network([2, 3, 1], init=np.zeros(13), **settings) for settings in ARCHITECTURES]
    nets += [Network(sizes, init=np.zeros(13)) for sizes in ([4, 2, 1], [12, 1])]
    for i, net in enumerate(nets):
        assert [net == other for other in nets] == [i == j for j in range(len(nets))]
    assert len({net.fingerprint() for net in nets}) == len(nets)


@pytest.mark.parametrize("settings", ARCHITECTURES, ids=repr)
def test_the_fingerprint_is_that_of_the_reference(settings):
    net = Network([2, 3, 1], seed=4, **settings)
    same = reference.Network([2, 3, 1], seed=4, **settings)
    net.parameters[2] = same.parameters[2] = -np.nan
    assert net.fingerprint() == same.fingerprint()


def test_the_fingerprint_follows_the_parameters_and_not_seed_or_epochs():
    net, other = (Network([2, 3, 1], init=np.linspace(0.5, 1, 13), seed=seed) for seed in (0, 1))
    other.fit([[0, 1]], [0], epochs=1, learning_rate=1e-300)  # an epoch that changes nothing
    assert net.fingerprint() == other.fingerprint()
    assert net == other
    other.parameters[0] = -other.parameters[0]
    assert net.fingerprint() != other.fingerprint()


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, "activation='sigmoid', loss='squared_error', reduction='sum', dtype='float64', seed=5"),
        (
            {"activation": "relu", "loss": "cross_entropy", "dtype": "float32"},
            "activation='relu', output_activation='softmax', loss='cross_entropy', reduction='sum', dtype='float32', "
            "seed=5",
        ),
        (
            {"activation": ["relu", "tanh", "identity"], "reduction": "mean"},
            "activation=['relu', 'tanh', 'identity'], loss='squared_error', reduction='mean', dtype='float64', seed=5",
        ),
    ],
)
def test_the_repr_builds_the_network_again(settings, text):
    net = Network([2, 4, 3, 2], seed=5, **settings)
    assert repr(net) == f"Network([2, 4, 3, 2], {text})"
    assert eval(repr(net)) == net


# ---- training --------------------------------------------------------------------------------------------------------


def test_the_tutorials_job_learns_xor():
    net = Network([2, 3, 1], seed=1)
    history = net.fit(X, Y, epochs=10_000, learning_rate=0.5)
    np.testing.assert_array_equal(net.forward(X).round().ravel(), Y)
    assert history.loss[-1] < history.loss[0]


@every_dtype
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_loss_is_what_backward_returns(reduction, dtype):
    x, y = random_data()
    net = Network(SIZES, reduction=reduction, dtype=dtype, seed=0)
    assert net.loss(x, y) == net.backward(x, y)[0]


@every_dtype
def test_mean_is_the_sum_divided_once_by_the_number_of_rows(dtype):
    x, y = random_data()
    (total, gradient), (mean, mean_gradient) = (
        Network(SIZES, reduction=reduction, dtype=dtype, seed=0).backward(x, y) for reduction in ("sum", "mean")
    )
    assert mean == total / 300
    assert mean_gradient.tobytes() == (gradient / gradient.dtype.type(300)).tobytes()


@every_optimizer
def test_a_step_is_one_epoch_of_the_full_batch(new_optimizer):
    x, y = random_data()
    by_step, by_fit = Network(SIZES, seed=0), Network(SIZES, seed=0)
    optimizers = new_optimizer(), new_optimizer()
    losses = [by_step.step(x, y, optimizers[0]) for _ in range(3)]
    history = by_fit.fit(x, y, epochs=3, optimizer=optimizers[1])
    assert by_step == by_fit
    assert losses == history.loss.tolist()
    assert optimizers[0].steps == optimizers[1].steps == 3
    assert (by_step.epochs_trained, by_fit.epochs_trained) == (0, 3)


def test_without_an_optimizer_fit_is_plain_gradient_descent_at_a_tenth():
    nets = [Network([2, 3, 1], seed=0) for _ in range(3)]
    nets[0].fit(X, Y, epochs=5)
    nets[1].fit(X, Y, epochs=5, learning_rate=0.1)
    nets[2].fit(X, Y, epochs=5, optimizer=SGD())
    assert nets[0] == nets[1] == nets[2] != Network([2, 3, 1], seed=0)


@every_optimizer
@pytest.mark.parametrize(
    "pause", [lambda *both: both, lambda *both: pickle.loads(pickle.dumps(both))], ids=["kept", "pickled"]
)
def test_some_epochs_and_then_more_are_all_of_them_at_once(new_optimizer, pause):
    x, y = random_data()
    at_once, in_parts = Network(SIZES, dropout=0.2, seed=0), Network(SIZES, dropout=0.2, seed=0)
    options = {"batch_size": None if isinstance(new_optimizer(), Rprop) else 64, "sample_weight": y[:, 0]}
    if options["batch_size"]:
        options["schedule"] = schedules.ReduceOnPlateau(0.5, patience=1, min_delta=1)
    whole = at_once.fit(x, y, epochs=7, optimizer=new_optimizer(), **options).loss
    optimizer = new_optimizer()
    first = in_parts.fit(x, y, epochs=3, optimizer=optimizer, **options).loss
    in_parts, optimizer = pause(in_parts, optimizer)
    second = in_parts.fit(x, y, epochs=4, optimizer=optimizer, **options).loss
    assert in_parts == at_once
    assert whole.tolist() == [*first, *second]
    assert in_parts.epochs_trained == 7


def fitted(**options):
    x, y = random_data()
    net = Network(SIZES, init=Network(SIZES, seed=0).parameters, seed=options.pop("network_seed", 1))
    net.fit(x, y, epochs=3, learning_rate=0.01, **options)
    return net


def test_the_order_of_rows_follows_the_seed_of_fit_or_else_of_the_network():
    assert fitted(batch_size=50, network_seed=1, seed=2) == fitted(batch_size=50, network_seed=2)
    assert fitted(batch_size=50, seed=2) != fitted(batch_size=50, seed=3)
    assert fitted(batch_size=50, shuffle=False, seed=2) == fitted(batch_size=50, shuffle=False, seed=3)
    assert fitted(batch_size=50, shuffle=False) != fitted(batch_size=50)


@pytest.mark.parametrize("batch_size", [None, 300, 10**15])
def test_one_batch_of_all_rows_is_never_shuffled(batch_size):
    assert fitted(batch_size=batch_size, seed=2) == fitted(shuffle=False, seed=3)


# ---- callbacks -------------------------------------------------------------------------------------------------------


def test_the_callback_gets_each_epoch_of_the_networks_life_and_the_history_so_far():
    net = Network([2, 3, 1], seed=0)
    net.fit(X, Y, epochs=2)
    calls = []
    history = net.fit(X, Y, epochs=3, callback=lambda epoch, h: calls.append((epoch, len(h), h)))
    assert [call[:2] for call in calls] == [(2, 1), (3, 2), (4, 3)]
    assert all(call[2] is history for call in calls)


@pytest.mark.parametrize("answer", [True, 1, "stop", np.True_], ids=repr)
def test_a_true_answer_of_the_callback_ends_training_after_that_epoch(answer):
    stopped, short = Network([2, 3, 1], seed=0), Network([2, 3, 1], seed=0)
    history = stopped.fit(X, Y, epochs=100, callback=lambda epoch, _: answer if epoch == 4 else None)
    short.fit(X, Y, epochs=5)
    assert len(history) == stopped.epochs_trained == 5
    assert stopped == short


def test_the_callback_may_evaluate_the_network():
    net, plain = Network([2, 3, 1], seed=0), Network([2, 3, 1], seed=0)
    seen = []

    def evaluate(_epoch, _history):
        net.forward(X[0])
        net.backward(X, Y)
        seen.append(net.loss(X, Y))

    history = net.fit(X, Y, epochs=5, callback=evaluate)
    plain.fit(X, Y, epochs=5)
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


# ---- history ---------------------------------------------------------------------------------------------------------


def test_history_has_a_loss_and_a_time_for_each_epoch():
    history = Network([2, 3, 1], seed=0).fit(X, Y, epochs=6)
    assert isinstance(history, History)
    assert len(history) == 6
    assert history.loss.shape == history.time.shape == (6,)
    assert (history.time >= 0).all()
    assert history.metrics == {}
    assert repr(history).startswith("<History of 6 epochs in ")
    assert repr(history).endswith(f"last: loss {history.loss[-1]:.6g}>")


@pytest.mark.parametrize("sizes", [[2, 5, 3], [2, 5, 1]], ids=["cross_entropy", "binary_cross_entropy"])
def test_history_has_the_accuracy_where_there_are_classes(sizes):
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(90, 2)), rng.integers(0, max(sizes[-1], 2), 90)
    settings = {"loss": "cross_entropy" if sizes[-1] > 1 else "binary_cross_entropy", "seed": 3}
    options = {"epochs": 12, "batch_size": 32, "learning_rate": 0.1}
    history = Network(sizes, **settings).fit(x, y, **options)
    expected = reference.Network(sizes, **settings).fit(x, y, **options)
    np.testing.assert_array_equal(history.metrics["accuracy"], expected["accuracy"])
    np.testing.assert_array_equal(history.loss, expected["loss"])
    assert len(set(expected["accuracy"])) > 1
    assert repr(history).endswith(f"accuracy {expected['accuracy'][-1]:.6g}>")


def test_history_arrays_are_read_only_and_stay_valid_while_it_grows():
    kept = []
    history = classifier().fit(
        X,
        [0, 1, 2, 0],
        epochs=50,
        callback=lambda _, h: kept.append([a for v in (h.loss, h.time, h.metrics["accuracy"]) for a in (v, v.copy())]),
    )
    for loss, loss_then, time, time_then, accuracy, accuracy_then in kept:
        np.testing.assert_array_equal(loss, loss_then)
        np.testing.assert_array_equal(time, time_then)
        np.testing.assert_array_equal(accuracy, accuracy_then)
    for array in (kept[3][0], history.loss, history.time, history.metrics["accuracy"]):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


# ---- optimizers ------------------------------------------------------------------------------------------------------


@every_dtype
@pytest.mark.parametrize(
    ("new_optimizer", "names"),
    list(zip(OPTIMIZERS.values(), STATES)),
    ids=OPTIMIZERS,
)
def test_an_optimizers_state_is_empty_at_first_and_then_has_the_layout_of_the_parameters(new_optimizer, names, dtype):
    net, optimizer = Network([2, 3, 1], dtype=dtype, seed=0), new_optimizer()
    assert (optimizer.state, optimizer.steps) == ({}, 0)
    net.step(X, Y, optimizer)
    assert list(optimizer.state) == names
    assert optimizer.steps == 1
    for values in optimizer.state.values():
        assert (values.shape, values.dtype) == (net.parameters.shape, net.dtype)
        assert values.any()


def test_the_velocity_after_one_step_is_the_gradient_and_may_be_written():
    net, optimizer = Network([2, 3, 1], seed=0), SGD(0.5, momentum=0.5)
    _, gradient = net.backward(X, Y)
    net.step(X, Y, optimizer)
    assert optimizer.state["velocity"].tobytes() == gradient.tobytes()
    optimizer.state["velocity"][:] = 0
    before = net.parameters.copy()
    _, gradient = net.backward(X, Y)
    net.step(X, Y, optimizer)
    np.testing.assert_array_equal(net.parameters, before - 0.5 * gradient)


@pytest.mark.parametrize(
    ("optimizer", "text"),
    [
        (SGD(), "SGD(learning_rate=0.1, momentum=0.0, nesterov=False)"),
        (SGD(0.5, momentum=0.9, nesterov=True), "SGD(learning_rate=0.5, momentum=0.9, nesterov=True)"),
        (Adam(), "Adam(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-08)"),
        (Adam(1, 0, 0.5, 2), "Adam(learning_rate=1.0, beta_1=0.0, beta_2=0.5, epsilon=2.0)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_optimizers_repr_shows_its_settings(optimizer, text):
    assert repr(optimizer) == text
    assert repr(eval(text)) == text


@every_copy
@every_optimizer
def test_a_copied_optimizer_goes_on_from_the_same_state_on_its_own(new_optimizer, duplicate):
    net, optimizer = Network([2, 3, 1], seed=0), new_optimizer()
    net.fit(X, Y, epochs=3, optimizer=optimizer)
    optimizer.learning_rate = 0.25
    twin_net, twin = duplicate(net), duplicate(optimizer)
    assert (repr(twin), twin.steps) == (repr(optimizer), 3)
    net.step(X, Y, optimizer)
    assert (twin.steps, optimizer.steps) == (3, 4)
    twin_net.step(X, Y, twin)
    assert twin_net == net
    assert {k: v.tobytes() for k, v in twin.state.items()} == {k: v.tobytes() for k, v in optimizer.state.items()}


def test_the_state_of_an_optimizer_that_is_gone_can_still_be_read():
    net, optimizer = Network([2, 300, 1], seed=0), Adam()
    net.step(X, Y, optimizer)
    state, expected = optimizer.state["m"], optimizer.state["m"].copy()
    del optimizer
    gc.collect()
    net.step(X, Y, Adam(0.5))  # would take the memory over if it were free
    np.testing.assert_array_equal(state, expected)


def test_the_learning_rate_can_be_set_between_steps():
    net, optimizer = Network([2, 3, 1], seed=0), SGD(0.1)
    optimizer.learning_rate = 0.5
    assert optimizer.learning_rate == 0.5
    before, (_, gradient) = net.parameters.copy(), net.backward(X, Y)
    net.step(X, Y, optimizer)
    np.testing.assert_array_equal(net.parameters, reference.fma(np.float64(-0.5), gradient, before))


# ---- documentation ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [Network, SGD, Adam, netlet.History], ids=lambda cls: cls.__name__)
def test_every_public_member_is_documented_and_has_a_signature(cls):
    assert inspect.signature(cls)
    for name in dir(cls):
        member = getattr(cls, name)
        if name.startswith("_"):
            continue
        assert member.__doc__, name
        if inspect.ismethod(member):  # of the class
            assert inspect.signature(member).parameters, name
        elif callable(member):
            assert "self" in inspect.signature(member).parameters, name


def test_the_reference_is_imported_when_it_is_asked_for():
    assert netlet.reference.Network is reference.Network
    script = "import netlet; print(netlet.schedules.__name__, netlet.reference.__name__)"
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert output.split() == ["netlet.schedules", "netlet.reference"]
    with pytest.raises(AttributeError, match="nonsense"):
        netlet.nonsense  # noqa: B018


def test_an_error_that_ends_training_brings_the_history_so_far():
    net = Network([1, 1], activation="identity", init=[1.0, 0.0])
    with pytest.raises(netlet.DivergenceError) as caught:
        net.fit([[1.0]], [0.0], epochs=5000, learning_rate=3.0)
    assert len(caught.value.history) == net.epochs_trained > 0


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
