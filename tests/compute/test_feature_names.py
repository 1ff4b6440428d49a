# SPDX-License-Identifier: BSD-3-Clause
"""A network that was trained on a table knows its inputs by name."""

import numpy as np
import pandas
import pyarrow
import pytest
from netlet import SGD, Network

from helpers.bad_input import refused
from helpers.missing import polars
from helpers.saved import copies

NAMES = ["mass", "Länge", "t", "x y"]
RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(12, 4)) * [1, 10, 100, 1000], RNG.random((12, 2))
TABLES = {
    "pandas": lambda columns: pandas.DataFrame(columns),
    "pandas, nullable": lambda columns: pandas.DataFrame(columns).convert_dtypes(),
    "Arrow": lambda columns: pyarrow.table(columns),
    "Arrow batch": lambda columns: pyarrow.record_batch(columns),
}
if polars:
    TABLES["polars"] = lambda columns: polars.DataFrame(columns)
every_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


def columns(names=NAMES, x=X):
    """The columns of x, in the order of the names."""
    return {name: x[:, NAMES.index(name) if name in NAMES else 0] for name in names}


def trained(table=pandas.DataFrame):
    net = Network([4, 3, 2], seed=0)
    net.fit(table(columns()), Y, epochs=1)
    return net


CALLS = {
    "forward": lambda net, x: net.forward(x),
    "predict": lambda net, x: net.predict(x),
    "loss": lambda net, x: net.loss(x, Y),
    "evaluate": lambda net, x: net.evaluate(x, Y, metrics=["r2"]),
    "backward": lambda net, x: net.backward(x, Y),
    "input_gradient": lambda net, x: net.input_gradient(x, Y),
    "row_gradients": lambda net, x: net.row_gradients(x, Y),
    "jacobian": lambda net, x: net.jacobian(x),
    "layer_outputs": lambda net, x: net.layer_outputs(x),
    "layer_outputs, sums": lambda net, x: net.layer_outputs(x, sums=True),
    "learn_scaling": lambda net, x: (net.learn_scaling(x), net.input_scaling),
    "learn_scaling of both": lambda net, x: (net.learn_scaling(x, Y), net.input_scaling),
    "step": lambda net, x: (net.step(x, Y, SGD()), net.parameters),
    "fit": lambda net, x: (net.fit(x, Y, epochs=1).loss, net.parameters),
    "evaluate_batches": lambda net, x: net.evaluate_batches([(x, Y)], metrics=["r2"]),
    "predict_batches": lambda net, x: list(net.predict_batches([x])),
    "learn_scaling_batches": lambda net, x: (net.learn_scaling_batches([(x, Y)]), net.input_scaling),
    "learn_scaling_batches of x": lambda net, x: (
        net.learn_scaling_batches([x], standardize="inputs"),
        net.input_scaling,
    ),
    "validation in batches": lambda net, x: net.fit(X, Y, epochs=1, validation_data=[(x, Y)]).validation_loss,
    "fit_batches": lambda net, x: (net.fit_batches([(x, Y)], epochs=1).loss, net.parameters),
    "validation_data": lambda net, x: list(
        net.fit(X, Y, epochs=1, validation_data=(x, Y), metrics=["r2"]).metrics.values()
    ),
    "validation_split": lambda net, x: net.fit(x, Y, epochs=1, validation_split=0.3).validation_loss,
    "metrics": lambda net, x: net.fit(x, Y, epochs=1, metrics=["r2"]).metrics,
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@every_table
@every_call
def test_columns_are_taken_by_name_in_any_order(call, table):
    expected = str(call(trained(), X))
    for order in (NAMES, NAMES[::-1], ["t", "mass", "x y", "Länge"]):
        assert str(call(trained(table), table(columns(order)))) == expected


@every_table
@every_call
def test_other_columns_are_refused_by_name(call, table):
    net = trained(table)
    for names, match in (
        (["mass", "Länge", "t"], "missing: 'x y'$"),
        (
            [*NAMES, "target"],
            r"unexpected: 'target'; x\[net.feature_names\] leaves the others out$",
        ),
        (["mass", "Länge", "T", "x"], "missing: 't', 'x y'; unexpected: 'T', 'x'$"),
    ):
        with refused(
            ValueError,
            rf"^(validation_data: )?(batch \d: )?x: expected the columns that the network knows .* but {match}",
            net,
        ):
            call(net, table(columns(names)))
    assert net.feature_names == NAMES


def test_what_has_no_names_is_read_by_position():
    net = trained()
    for x in (X, X.tolist(), pandas.DataFrame(X), pandas.DataFrame(X, columns=[3, 2, 1, 0]), np.asfortranarray(X)):
        assert net.forward(x).tobytes() == net.forward(X).tobytes()
    never = Network([4, 3, 2], seed=0)  # not trained on a table
    x = pandas.DataFrame(columns(NAMES[::-1]))
    assert never.forward(x).tobytes() == never.forward(X[:, ::-1]).tobytes()


def test_a_row_of_pandas_has_names_too():
    net = trained()
    row = pandas.DataFrame(columns()).iloc[2]
    assert net.forward(row[NAMES[::-1]]).tolist() == net.forward(X[2]).tolist()
    with pytest.raises(ValueError, match="missing: 't'; unexpected: 'u'"):
        net.forward(row.rename({"t": "u"}))
    assert net.forward(pandas.Series(X[2])).tolist() == net.forward(X[2]).tolist()


@pytest.mark.parametrize(
    "names", [[0, 1, 2, 3], ["a", "b", "a", "c"], ["a", "b", 3, "c"], [("a", 1), ("a", 2), ("b", 1), ("b", 2)]], ids=str
)
def test_names_that_are_no_text_or_there_twice_are_not_learned(names):
    net = Network([4, 2], seed=0)
    x = pandas.DataFrame(X, columns=pandas.Index(names, tupleize_cols=False))
    net.fit(x, Y, epochs=1)
    assert net.feature_names is None
    assert net.forward(x).tobytes() == net.forward(X).tobytes()


def test_a_name_that_is_there_twice_is_refused_by_a_network_that_knows_names():
    x = pandas.DataFrame(X, columns=["mass", "t", "t", "x y"])
    with refused(ValueError, "missing: 'Länge'; there more than once: 't'", net := trained()):
        net.forward(x)


def test_a_fit_that_is_refused_learns_nothing():
    net = Network([4, 2], seed=0)
    for x, y, options in (
        (pandas.DataFrame(columns()), Y, {"epochs": 0}),
        (pandas.DataFrame(columns()), Y[:3], {}),
        (pandas.DataFrame(columns(NAMES[:3])), Y, {}),
        (pandas.DataFrame(columns()).replace(X[3, 2], np.nan), Y, {}),
    ):
        with refused(ValueError, "expected", net):
            net.fit(x, y, **{"epochs": 1, **options})
        assert net.feature_names is None


def test_a_second_table_must_have_the_same_names():
    net = trained()
    with refused(ValueError, "missing: 't'; unexpected: 'u'", net):
        net.fit(pandas.DataFrame(columns(["mass", "Länge", "u", "x y"])), Y, epochs=1)
    net.feature_names = None
    net.fit(pandas.DataFrame(columns(["mass", "Länge", "u", "x y"])), Y, epochs=1)
    assert net.feature_names == ["mass", "Länge", "u", "x y"]


def test_they_stay_with_the_network(tmp_path):
    net = trained()
    for other in copies(net, tmp_path):
        assert other.feature_names == NAMES
        assert other.to_bytes() == net.to_bytes()
        with pytest.raises(ValueError, match="missing: 't'"):
            other.forward(pandas.DataFrame(columns(["mass", "Länge", "u", "x y"])))
    assert "inputs: 'mass', 'Länge', 't', 'x y'" in net.summary().splitlines()
    net.feature_names.append("more")
    assert net.feature_names == NAMES
    net.reset()
    assert net.feature_names == NAMES
    net.feature_names = None
    assert net.to_bytes() == Network([4, 3, 2], seed=0).to_bytes()


@pytest.mark.parametrize(
    ("names", "error", "match"),
    [
        (["a", "b"], ValueError, "4 names, one for each input, got 2"),
        (["a", "b", "c", "a"], ValueError, "each name once, got 'a' again"),
        (["a", "b", "c", 1], TypeError, "names that are str, got int"),
        ("abcd", TypeError, "a list of 4 names or None, got str"),
        (3, TypeError, "a list of 4 names or None, got int"),
    ],
)
def test_what_cannot_be_names_is_refused(names, error, match):
    net = trained()
    with refused(error, f"^feature_names: expected {match}", net):
        net.feature_names = names
    assert net.feature_names == NAMES


def test_a_note_of_another_program_is_refused():
    net = Network([4, 2], seed=0)
    net._set_note(1, '["a", "b"]')
    with pytest.raises(ValueError, match=r"notes are not as netlet writes them: feature_names: expected 4 names"):
        Network.from_bytes(net.to_bytes())


def test_long_lists_are_cut_in_messages():
    names = [f"c{i}" for i in range(200)]
    net = Network([200, 1], seed=0)
    net.feature_names = names
    with pytest.raises(ValueError, match=r"missing: 'c0', 'c1', 'c2', 'c3', 'c4' and 194 more; unexpected: 'd'$"):
        net.forward(pandas.DataFrame({"d": [1.0], "c199": [1.0]}))
    assert "inputs: 'c0', 'c1', 'c2', 'c3', 'c4' and 195 more" in net.summary()


@every_table
def test_names_are_no_patterns(table):
    names = ["^b.*$", "*", "b", ""]
    net = Network([4, 3, 2], seed=0)
    net.feature_names = names
    given = dict(zip(reversed(names), reversed(X.T)))
    assert net.forward(table(given)).tolist() == net.forward(X).tolist()


def test_names_are_refused_if_another_call_has_learned_others_meanwhile():
    """As another thread may; here it is the reading of y."""
    net = Network([4, 3], loss="cross_entropy", seed=0)
    classes = X.argmax(axis=1) % 3

    class Interrupted:
        def __array__(self, dtype=None, copy=None):
            if not net.epochs_trained:
                net.fit(pandas.DataFrame(columns(NAMES[::-1])), classes, epochs=1)
            return classes

    with pytest.raises(RuntimeError, match=r"^fit: another call has trained this network"):
        net.fit(pandas.DataFrame(columns()), Interrupted(), epochs=1)
    assert (net.epochs_trained, net.feature_names) == (1, NAMES[::-1])
