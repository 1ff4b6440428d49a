# SPDX-License-Identifier: BSD-3-Clause
"""Invalid data get an error that names the argument, and change nothing."""

import numpy as np
import pytest
from netlet import Adam, Network

from helpers.bad_input import CLASSES, EVALUATES, INF, NAN, READS, TRAINS, X, Y, every, refused, with_value


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
        ([0, 1, NAN, 0, 1, 2], "integers .*; class indices cannot be missing: leave out rows without a class"),
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
@pytest.mark.parametrize("threads", [1, 3])
def test_row_and_column_are_those_of_the_first_bad_number_in_large_data(call, threads, set_num_threads):
    """Threads look through parts of it."""
    set_num_threads(threads)
    net, optimizer = Network([40, 3], seed=0), Adam()
    x = np.zeros((20_000, 40))
    x[[19_999, 12_345, 7_777, 7_778], [5, 0, 31, 2]] = [NAN, INF, NAN, -INF]
    for given in (x, np.asfortranarray(x), x.astype("f4"), x[:, ::-1].copy()[:, ::-1]):
        with refused(ValueError, "^x: .*nan in row 7777, column 31", net, optimizer):
            call(net, given, np.zeros((20_000, 3)), optimizer)


@every(TRAINS)
@pytest.mark.parametrize("dtype", ["f8", ">f8", "g", object])
def test_numbers_too_large_for_the_dtype_of_the_network_are_refused(call, dtype):
    net, optimizer = Network([4, 5, 3], dtype="float32", seed=2), Adam()
    for name, x, y in (("x", with_value(X, 4, 2, 1e300), Y), ("y", X, with_value(Y, 4, 2, -1e300))):
        with refused(ValueError, f"^{name}: .*inf in row 4, column 2", net, optimizer):
            call(net, x.astype(dtype), y.astype(dtype), optimizer)


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


@every(EVALUATES)
def test_a_number_beyond_all_floats_is_named_and_numpy_s_settings_stay(call, net):
    before = np.geterr()
    with refused(TypeError, "^x: ", net):
        call(net, [[10**400, 1, 2, 3]] * 6, Y, Adam())
    assert np.geterr() == before


def test_classes_that_change_during_training_do_not_reach_beyond_the_network(classifier):
    classes = CLASSES.copy()
    classifier.fit(X, classes, epochs=3, callback=lambda *_: classes.fill(10**9))
    assert np.isfinite(classifier.parameters).all()


def test_counts_are_not_negative():
    net = Network([4, 2], loss="poisson", seed=0)
    with refused(ValueError, "^y: expected counts >= 0, got -1 in row 1, column 0", net):
        net.fit(X, [[1, 2], [-1, 0], *np.ones((4, 2))], epochs=1)
