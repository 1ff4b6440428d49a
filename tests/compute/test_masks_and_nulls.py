# SPDX-License-Identifier: BSD-3-Clause
"""Data that say that a value is missing are refused wherever they come in; without such a value they are like any."""

import warnings

import numpy as np
import pandas
import pytest
from netlet import SGD, Network, functional

from helpers.bad_input import CLASSES, X, Y, refused
from helpers.missing import MATRICES, VECTORS

WEIGHTS = np.arange(1, 7)
OF_X = {
    "forward": lambda net, x: net.forward(x),
    "predict": lambda net, x: net.predict(x),
    "loss": lambda net, x: net.loss(x, Y),
    "evaluate": lambda net, x: net.evaluate(x, Y),
    "backward": lambda net, x: net.backward(x, Y),
    "input_gradient": lambda net, x: net.input_gradient(x, Y),
    "row_gradients": lambda net, x: net.row_gradients(x, Y),
    "jacobian": lambda net, x: net.jacobian(x),
    "step": lambda net, x: net.step(x, Y, SGD()),
    "fit": lambda net, x: net.fit(x, Y, epochs=1),
    "fit_batches": lambda net, x: net.fit_batches([(x, Y)], epochs=1),
    "learn_scaling": lambda net, x: net.learn_scaling(x),
}
OF_Y = {
    "loss": lambda net, y: net.loss(X, y),
    "evaluate": lambda net, y: net.evaluate(X, y),
    "backward": lambda net, y: net.backward(X, y),
    "input_gradient": lambda net, y: net.input_gradient(X, y),
    "row_gradients": lambda net, y: net.row_gradients(X, y),
    "step": lambda net, y: net.step(X, y, SGD()),
    "fit": lambda net, y: net.fit(X, y, epochs=1),
    "fit_batches": lambda net, y: net.fit_batches([(X, y)], epochs=1),
    "learn_scaling": lambda net, y: net.learn_scaling(X, y),
}
OF_WEIGHTS = {
    "loss": lambda net, w: net.loss(X, Y, sample_weight=w),
    "backward": lambda net, w: net.backward(X, Y, sample_weight=w),
    "step": lambda net, w: net.step(X, Y, SGD(), sample_weight=w),
    "fit": lambda net, w: net.fit(X, Y, epochs=1, sample_weight=w),
    "fit_batches": lambda net, w: net.fit_batches([(X, Y, w)], epochs=1),
}
OF_GRADIENT = {
    "backward": lambda net, g: net.backward(X, output_gradient=g),
    "step": lambda net, g: net.step(X, None, SGD(), output_gradient=g),
}
OF_VALIDATION = {
    "x": lambda net, x: net.fit(X, Y, epochs=1, validation_data=(x, Y)),
    "y": lambda net, y: net.fit(X, Y, epochs=1, validation_data=(X, y)),
}
every_matrix = pytest.mark.parametrize("convert", MATRICES.values(), ids=MATRICES)
every_vector = pytest.mark.parametrize("convert", VECTORS.values(), ids=VECTORS)


def with_hole(array, *position):
    values = array.astype(object)
    values[position] = None
    return values.tolist()


@every_matrix
def test_a_missing_value_is_refused_by_argument_row_and_column(convert, net):
    for name, calls, array in (("x", OF_X, X), ("y", OF_Y, Y), ("output_gradient", OF_GRADIENT, Y)):
        data = convert(with_hole(array, 4, 2))
        for call in calls.values():
            with refused(ValueError, rf"^(batch 0: )?{name}: .* in row 4, column 2\b.* is missing", net):
                call(net, data)
    for name, array in (("x", X), ("y", Y)):
        with refused(ValueError, rf"^validation_data: {name}: .* in row 4, column 2\b.* is missing", net):
            OF_VALIDATION[name](net, convert(with_hole(array, 4, 2)))
    assert net.input_scaling is None


@every_vector
def test_a_missing_weight_or_class_is_refused_by_its_row(convert, net, classifier):
    for call in OF_WEIGHTS.values():
        with refused(ValueError, r"^(batch 0: )?sample_weight: .* in row 3 is missing", net):
            call(net, convert(with_hole(WEIGHTS, 3)))
    for name, call in OF_Y.items():
        if name != "learn_scaling":
            with refused(ValueError, r"^(batch 0: )?y: .* in row 3 is missing", classifier):
                call(classifier, convert(with_hole(CLASSES, 3)))
    classes, weights = convert(with_hole(CLASSES, 3)), convert(with_hole(WEIGHTS, 3))
    with refused(ValueError, r"^y: .* in row 3 is missing", classifier):
        classifier.fit(X, classes, epochs=1, class_weight="balanced")
    with refused(ValueError, r"^sample_weight: .* in row 3 is missing", classifier):
        classifier.fit(X, CLASSES, epochs=1, class_weight="balanced", sample_weight=weights)


def test_a_missing_target_gets_a_hint_at_what_leaves_it_out(net):
    with refused(ValueError, r"is missing \(masked\); missing='ignore' leaves out targets that are NaN", net):
        net.fit(X, np.ma.masked_less(Y, Y.mean()), epochs=1, missing="ignore")


@every_vector
def test_a_missing_parameter_is_refused_by_its_position(convert, net):
    with refused(ValueError, r"^x: .* at position 1 is missing", net):
        functional.exp(convert([1, None, 3]))
    with refused(ValueError, r"^gradient: .* at position 7 is missing", net):
        net.apply_gradient(convert(with_hole(np.arange(net.parameters.size), 7)), SGD())
    with refused(ValueError, r"^scale: .* at position 2 is missing", net):
        net.input_scaling = [0, 0, 0, 0], convert([1, 2, None, 4])
    with pytest.raises(ValueError, match=r"^init: .* at position 1 is missing"):
        Network([1, 1], init=convert([1, None]))
    assert net.input_scaling is None


@every_matrix
def test_a_missing_weight_of_a_model_is_refused(convert):
    with pytest.raises(ValueError, match=r"^model, array 1: .* at position \(3, 1\).* is missing"):
        Network.from_keras([np.ones((2, 4)), convert(with_hole(X, 3, 1)[:4])], activation="tanh")


@every_matrix
def test_a_matrix_without_missing_values_is_like_any(convert, net):
    with warnings.catch_warnings(action="error"):
        x, y = convert(X.tolist()), convert(Y.tolist())
    np.testing.assert_array_equal(net.forward(x), net.forward(X))
    same = Network([4, 5, 3], seed=2)
    assert net.fit(x, y, epochs=2).loss.tolist() == same.fit(X, Y, epochs=2).loss.tolist()
    assert net == same
    np.testing.assert_array_equal(functional.tanh(x), functional.tanh(X))


@every_vector
def test_a_vector_without_missing_values_is_like_any(convert, classifier):
    y, weights = convert(CLASSES.tolist()), convert(WEIGHTS.tolist())
    same = Network([4, 5, 3], loss="cross_entropy", seed=2)
    classifier.fit(X, y, epochs=2, sample_weight=weights, class_weight={0: 2.0})
    same.fit(X, CLASSES, epochs=2, sample_weight=WEIGHTS, class_weight={0: 2.0})
    assert classifier == same
    row = convert([1, 2, 3, 4])
    np.testing.assert_array_equal(classifier.forward(row), classifier.forward([1.0, 2.0, 3.0, 4.0]))


def test_a_row_of_inputs_names_the_column(net):
    with refused(ValueError, r"^x: .* in column 2 is missing \(NA\)", net):
        net.forward(pandas.array([1, 2, None, 4], dtype="Int64"))


def test_nan_in_a_column_of_numpy_s_dtype_is_a_number(net):
    """As in any array: outputs of that row are NaN."""
    frame = pandas.DataFrame(X)
    frame.iloc[4, 2] = np.nan
    assert np.isnan(net.forward(frame)).all(axis=1).tolist() == [False] * 4 + [True, False]


def test_a_frame_of_several_dtypes_is_read_column_by_column(net):
    frame = pandas.DataFrame({"a": [1, 0], "b": [True, False], "c": [0.5, 1.5]})
    frame["d"] = pandas.array([3, 4], dtype="Int64")
    np.testing.assert_array_equal(net.forward(frame), net.forward([[1, 1, 0.5, 3], [0, 0, 1.5, 4]]))


@pytest.mark.parametrize(
    ("column", "what"),
    [
        (pandas.to_datetime(["2020-01-01", "2020-01-02"]), "datetime64"),
        (pandas.to_datetime(["2020-01-01", "2020-01-02"]).tz_localize("UTC"), "Timestamp in row 0,"),
        (pandas.to_timedelta(["1 s", "2 s"]), "timedelta64"),
        (["ham", "spam"], r"(str|<U4)"),
        (pandas.Categorical(["ham", "spam"]), "<U4"),
        ([np.datetime64("2020-01-01"), 1.0], "(datetime64|Timestamp) in row 0,"),
    ],
    ids=["times", "times with zone", "differences of times", "text", "categories", "objects"],
)
def test_a_column_of_something_else_is_refused_by_name(column, what, net):
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [1.0, 2.0], "when": column, "d": [1.0, 2.0]})
    with refused(TypeError, rf"^x: expected real numbers, got {what}.* column 2 \('when'\)", net):
        net.forward(frame)


def test_a_label_is_no_attribute(net):
    """pandas makes attributes of labels, which say nothing about the object."""
    row = pandas.Series([1.0, 2.0, 3.0, 4.0], index=["columns", "iloc", "null_count", "itercolumns"])
    np.testing.assert_array_equal(net.forward(row), net.forward([1, 2, 3, 4]))
    frame = pandas.DataFrame([row])
    np.testing.assert_array_equal(net.forward(frame), net.forward([[1, 2, 3, 4]]))
