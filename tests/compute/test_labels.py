# SPDX-License-Identifier: BSD-3-Clause
"""Classes with labels: what fit learns, predict gives, and every call takes."""

import copy
import enum
import pickle
import threading

import numpy as np
import pandas
import pyarrow
import pytest
from netlet import SGD, DivergenceError, Network
from netlet.callbacks import Callback
from sklearn.metrics import accuracy_score
from sklearn.preprocessing import LabelEncoder

from helpers.bad_input import refused
from helpers.missing import polars
from helpers.saved import copies
from helpers.training import CLASSES, X, classifier

NAMES = np.array(["setosa", "Versicolor", "été"])
SORTED = ["Versicolor", "setosa", "été"]  # by code points, as NumPy and scikit-learn sort
TEXT = NAMES[CLASSES]
INDEX = np.argsort(np.argsort(NAMES))[CLASSES]  # of the sorted labels
YES = (CLASSES == 1).astype(int)
KINDS = {
    "array": lambda y: y,
    "objects": lambda y: y.astype(object),
    "list": lambda y: y.tolist(),
    "tuple of numpy.str_": tuple,
    "column": lambda y: y[:, None],
    "pandas": pandas.Series,
    "pandas, objects": lambda y: pandas.Series(y, dtype=object),
    "pandas, other index": lambda y: pandas.Series(y, index=np.arange(len(y))[::-1]),
    "categories": lambda y: pandas.Series(pandas.Categorical(y, categories=NAMES)),
    "Categorical": pandas.Categorical,
    "string": lambda y: pandas.Series(y, dtype="string"),
    "string[pyarrow]": lambda y: pandas.array(y, dtype="string[pyarrow]"),
    "frame": lambda y: pandas.DataFrame({"species": y}),
    "Arrow": pyarrow.array,
    "Arrow chunks": lambda y: pyarrow.chunked_array([y[:100], y[100:]]),
    "Arrow dictionary": lambda y: pyarrow.array(y).dictionary_encode(),
    "Arrow table": lambda y: pyarrow.table({"species": y}),
}
if hasattr(np.dtypes, "StringDType"):
    KINDS["NumPy's StringDType"] = lambda y: y.astype(np.dtypes.StringDType())
if polars:
    KINDS["polars"] = polars.Series
    KINDS["polars categories"] = lambda y: polars.Series(y.tolist(), dtype=polars.Categorical)
    KINDS["polars enum"] = lambda y: polars.Series(y.tolist(), dtype=polars.Enum(NAMES.tolist()))
    KINDS["polars frame"] = lambda y: polars.DataFrame({"species": y})


def binary(**settings):
    return Network([5, 8, 1], activation="tanh", loss="binary_cross_entropy", reduction="mean", seed=1, **settings)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_text_of_any_kind_is_learned_and_gives_the_bits_of_indices(kind):
    net, plain = classifier(), classifier()
    history = net.fit(X, kind(TEXT), epochs=3, batch_size=64)
    expected = plain.fit(X, INDEX, epochs=3, batch_size=64)
    assert net == plain
    assert history.loss.tobytes() == expected.loss.tobytes()
    assert net.classes.tolist() == SORTED == LabelEncoder().fit(TEXT).classes_.tolist()
    assert (net.predict(X) == np.array(SORTED)[plain.predict(X)]).all()
    assert net.evaluate(X, kind(TEXT)) == plain.evaluate(X, INDEX)


@pytest.mark.parametrize(
    ("values", "dtype"),
    [((3, 1, 2), "int64"), ((-1, 0, 7), "int64"), ((2**60, 5, 6), "int64"), ((10, 30, 20), "uint8")],
)
def test_integers_that_are_no_indices_are_labels(values, dtype):
    y = np.array(values, dtype)[CLASSES]
    net, plain = classifier(), classifier()
    net.fit(X, y, epochs=2)
    plain.fit(X, LabelEncoder().fit_transform(y), epochs=2)
    assert net == plain
    assert net.classes.tolist() == sorted(values)
    assert net.classes.dtype == net.predict(X).dtype == np.int64
    assert net.evaluate(X, y)["accuracy"] == (net.predict(X) == y).mean()
    assert net.evaluate(X, y.astype(float)) == net.evaluate(X, y.tolist())


@pytest.mark.parametrize("y", [CLASSES, CLASSES.astype("uint8"), CLASSES.tolist(), np.eye(3)[CLASSES]])
def test_indices_and_probabilities_stay_what_they_are(y):
    net = classifier()
    net.fit(X, y, epochs=1, class_weight={0: 2.0})
    assert net.classes is None
    assert net.predict(X).dtype == np.int64
    assert net.to_bytes() == Network.from_bytes(net.to_bytes()).to_bytes()
    assert b"classes" not in net.to_bytes()
    net = binary()
    net.fit(X, YES, epochs=1)
    net.fit(X, YES / 2, epochs=1)
    assert net.classes is None


@pytest.mark.parametrize("labels", [("no", "yes"), (False, True), (-1, 1), (1, 2)], ids=str)
@pytest.mark.parametrize("shape", [(-1,), (-1, 1)])
def test_two_classes_of_binary_cross_entropy(labels, shape):
    y = np.array(labels)[YES].reshape(shape)
    net, plain = binary(), binary()
    net.fit(X, y, epochs=3, class_weight={labels[1]: 3.0}, validation_data=(X, y))
    plain.fit(X, YES.reshape(shape), epochs=3, class_weight={1: 3.0}, validation_data=(X, YES))
    assert net == plain
    assert net.classes.tolist() == list(labels)
    assert net.predict(X).tolist() == [labels[i] for i in plain.predict(X)]
    assert net.predict(X[0]) == labels[plain.predict(X[0])]
    assert net.evaluate(X, y, metrics=["accuracy"]) == plain.evaluate(X, YES, metrics=["accuracy"])


def test_yes_and_no_of_several_outputs():
    y = np.array(["off", "on"])[np.stack([YES, 1 - YES, CLASSES > 0], axis=1).astype(int)]
    net = Network([5, 3], loss="binary_cross_entropy", seed=0)
    plain = copy.deepcopy(net)
    net.fit(X, y, epochs=2)
    plain.fit(X, (y == "on").astype(float), epochs=2)
    assert net == plain
    assert (net.predict(X) == np.array(["off", "on"])[plain.predict(X)]).all()
    assert net.predict_proba(X).tobytes() == net.forward(X).tobytes()


def test_predict_proba_is_that_of_scikit_learn():
    net = classifier()
    assert net.predict_proba(X).tobytes() == net.forward(X).tobytes()
    net = binary(dtype="float32")
    outputs = net.forward(X)
    assert net.predict_proba(X).shape == (len(X), 2)
    assert net.predict_proba(X).dtype == np.float32
    assert net.predict_proba(X).tobytes() == np.concatenate([1 - outputs, outputs], axis=1).tobytes()
    assert net.predict_proba(X[0]).tolist() == [1 - outputs[0, 0], outputs[0, 0]]
    with pytest.raises(ValueError, match=r"^predict_proba: expected a network with classes, got .* squared_error"):
        Network([5, 1]).predict_proba(X)


def halves(y):
    return [(X[:150], y[:150]), (X[150:], y[150:])]


CALLS = {
    "loss": lambda net, y: net.loss(X, y),
    "evaluate": lambda net, y: net.evaluate(X, y),
    "backward": lambda net, y: net.backward(X, y),
    "input_gradient": lambda net, y: net.input_gradient(X, y),
    "row_gradients": lambda net, y: net.row_gradients(X, y),
    "step": lambda net, y: (net.step(X, y, SGD()), net.parameters),
    "fit": lambda net, y: (net.fit(X, y, epochs=2).loss, net.parameters),
    "fit_batches": lambda net, y: (net.fit_batches([(X, y)], epochs=2).loss, net.parameters),
    "validation_data": lambda net, y: net.fit(X, y, epochs=1, validation_data=(X, y)).validation_loss,
    "fit_batches, validation_data": lambda net, y: (
        net.fit_batches([(X, y)], epochs=1, validation_data=(X, y)).validation_loss
    ),
    "evaluate_batches": lambda net, y: net.evaluate_batches([(X, y)]),
    "evaluate_batches, metrics": lambda net, y: net.evaluate_batches(
        halves(y), metrics={"share": lambda t, p: (t == p).mean()}
    ),
    "validation in batches": lambda net, y: net.fit(X, y, epochs=2, validation_data=[(X, y)]).validation_loss,
    "fit_batches, class_weight": lambda net, y: net.fit_batches([(X, y)], epochs=2, class_weight="balanced").loss,
    "validation_split": lambda net, y: net.fit(X, y, epochs=1, validation_split=0.3).validation_loss,
    "balanced": lambda net, y: net.fit(X, y, epochs=1, class_weight="balanced").loss,
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)


@every_call
def test_every_call_takes_labels(call):
    labels = ["z", "a", "m"]  # in the order given
    net, plain = classifier(classes=labels), classifier()
    assert str(call(net, np.array(labels)[CLASSES])) == str(call(plain, CLASSES))
    assert str(call(classifier(classes=labels), np.eye(3)[CLASSES])) == str(call(classifier(), np.eye(3)[CLASSES]))


@every_call
def test_an_unknown_label_is_refused_by_argument_and_row(call):
    net, y = classifier(classes=["a", "b", "c"]), np.array(["a", "b", "c"])[CLASSES]
    y[7] = "x"
    with refused(
        ValueError,
        r"^(validation_data: )?(batch \d: )?y: expected one of the classes 'a', 'b', 'c', got 'x' in row 7$",
        net,
    ):
        call(net, y)
    with refused(
        ValueError,
        r"^(validation_data: )?(batch \d: )?y: expected one of .*, got [012] in row 0; net.classes\[y\] are",
        net,
    ):
        call(net, CLASSES)  # indices of what?
    with refused(
        ValueError,
        r"^(validation_data: )?(batch \d: )?y: expected text, but the value in row 7 is missing \(None\)$",
        net,
    ):
        call(net, [*y[:7], None, *y[8:]])


def test_of_validation_data_it_is_said():
    net, y = classifier(), np.array(["a", "b", "c"])[CLASSES]
    for wrong, match in ((["d"] * len(X), "'a', 'b', 'c', got 'd' in row 0"), (CLASSES, "got . in row 0")):
        with refused(ValueError, rf"^validation_data: y: expected one of the classes .*{match}", net):
            net.fit(X, y, epochs=1, validation_data=(X, wrong))
    assert net.classes is None


@pytest.mark.parametrize(
    ("y", "error", "match"),
    [
        (["a", "b"] * 150, ValueError, r"3 classes, one for each output, got 2 \('a', 'b'\); classes=\[...\] names"),
        ([f"c{i}" for i in range(300)], ValueError, r"3 classes.* got 300 \('c0', 'c1', .* and 295 more\)"),
        (["a", 1, "b"] * 100, TypeError, "labels of one kind, got int beside text in row 1"),
        (["a", None, "b"] * 100, ValueError, r"text, but the value in row 1 is missing \(None\)"),
        (["a", float("nan"), "b"] * 100, ValueError, r"text, but the value in row 1 is missing \(nan\)"),
        (pandas.Series(["a", None, "b"] * 100), ValueError, r"the value in row 1 is missing \(NA\)"),
        ([b"a", b"b", b"c"] * 100, TypeError, "real numbers, got"),
        (np.array([["a", "b", "c"]] * 300), ValueError, r"labels of shape \(rows,\), or .* got shape \(300, 3\)"),
        ([0, 1, 3, 4] * 75, ValueError, "classes from 0 to 2, got 3 in row 2"),
        (CLASSES + 0.5, ValueError, r"shape \(300, 3\) or integers"),
    ],
)
def test_what_are_no_labels_is_refused_and_nothing_is_learned(y, error, match):
    net = classifier()
    with refused(error, f"^y: expected .*{match}", net):
        net.fit(X, y, epochs=1)
    assert net.classes is None


def test_a_fit_that_is_refused_learns_nothing():
    net = classifier()
    for options in ({"epochs": 0}, {"patience": -1}, {"class_weight": {"d": 1.0}}, {"sample_weight": [1, 2]}):
        with pytest.raises(ValueError, match="expected"):
            net.fit(X, TEXT, **{"epochs": 1, **options})
        assert net.classes is None
    with pytest.raises(ValueError, match=r"^class_weight: expected the classes .*'setosa', .*, got 'd'"):
        net.fit(X, TEXT, epochs=1, class_weight={"d": 1.0})


def test_a_network_that_knows_indices_learns_no_labels():
    """Their order might be another."""
    net = classifier()
    net.fit(X, CLASSES, epochs=1)
    with refused(ValueError, r"^y: expected what the network was trained on before, got text; net.classes", net):
        net.fit(X, TEXT, epochs=1)
    with refused(ValueError, r"^y: expected classes from 0 to 2, got 3", net):
        net.fit(X, CLASSES + 1, epochs=1)
    net.classes = NAMES
    net.fit(X, TEXT, epochs=1)
    plain = classifier()
    for _ in range(2):
        plain.fit(X, CLASSES, epochs=1)
    assert net == plain


def test_labels_that_fit_did_not_learn_get_a_hint():
    for call in (CALLS["loss"], CALLS["step"], CALLS["fit_batches"]):
        with pytest.raises(
            TypeError, match=r"^(batch 0: )?y: expected real numbers, got .*; .*learns labels, or set net.c"
        ):
            call(classifier(), TEXT)
    with pytest.raises(TypeError, match=r"^y: expected real numbers, got"):
        Network([5, 3]).fit(X, TEXT, epochs=1)


def test_probabilities_beside_labels_that_are_text():
    net, plain = binary(classes=["no", "yes"]), binary()
    assert net.loss(X, YES / 2) == plain.loss(X, YES / 2)
    assert net.evaluate(X, YES * 0.9, metrics=[accuracy_score])["accuracy_score"] == (plain.predict(X) == YES).mean()
    net, holes = binary(classes=[5, 6]), np.where(np.arange(300) % 3, YES + 5.0, np.nan)
    assert net.loss(X, holes, missing="ignore") == plain.loss(X, holes - 5, missing="ignore")
    with pytest.raises(ValueError, match=r"^y: expected one of the classes 5, 6, got 0.5 in row 1$"):
        net.loss(X, [5, 0.5] * 150)


def test_metrics_get_labels():
    seen = []

    def metric(y, prediction):
        seen.append((y, prediction))
        return accuracy_score(y, prediction)

    net = classifier()
    history = net.fit(X, TEXT, epochs=2, metrics=[metric], validation_data=(X[:50], TEXT[:50]))
    assert [len(y) for y, _ in seen] == [300, 50] * 2
    assert all(set(y) | set(prediction) <= set(SORTED) for y, prediction in seen)
    assert (
        history["metric"][-1] == net.evaluate(X, TEXT, metrics=[metric])["metric"] == net.evaluate(X, TEXT)["accuracy"]
    )
    net.evaluate(X, np.eye(3)[INDEX], metrics=[metric])
    assert seen[-1][0].tolist() == TEXT.tolist()


def test_callbacks_predict_labels():
    net, seen = classifier(), []
    net.fit(X, TEXT, epochs=1, callback=lambda *_: seen.extend(net.predict(X[:3])))
    assert set(seen) <= set(SORTED)


def test_labels_stay_with_the_network(tmp_path):
    for labels in (SORTED, [3, 1, 2], [1.5, 2.0, -1.0], ['<a href="x">', "\n", "\\"]):
        net = classifier(classes=labels)
        for other in copies(net, tmp_path):
            assert other.classes.tolist() == labels
            assert other.classes.dtype == net.classes.dtype
            assert not other.classes.flags.writeable
            assert other.to_bytes() == net.to_bytes()
            assert other.predict(X[:2]).tolist() == net.predict(X[:2]).tolist()
        assert f"classes: {', '.join(map(repr, labels))}" in net.summary().splitlines()
        assert "<a" not in net._repr_html_()
    net.reset()
    assert net.classes is not None
    net.classes = None
    assert net.predict(X).dtype == np.int64
    assert net.to_bytes() == classifier().to_bytes()


@pytest.mark.parametrize(
    ("classes", "error", "match"),
    [
        (["a", "b"], ValueError, "3 labels, one for each output, got 2"),
        (["a", "b", "a"], ValueError, "each label once, got 'a' again"),
        ([True, 1, 0], ValueError, "each label once, got"),
        (["a", "b", None], ValueError, r"text, but the value in row 2 is missing \(None\)"),
        (["a", "b", 1], TypeError, "labels of one kind, got int"),
        ([1.0, 2.0, np.inf], ValueError, "text, booleans or finite numbers"),
        ("abc", ValueError, r"3 labels, one for each output, got shape \(\)"),
        ({"a": 0, "b": 1, "c": 2}, TypeError, "real numbers, got dict"),
        ([["a", "b", "c"]], ValueError, r"3 labels, one for each output, got shape \(1, 3\)"),
    ],
)
def test_what_cannot_be_classes_is_refused(classes, error, match):
    with pytest.raises(error, match=f"^classes: expected {match}"):
        classifier(classes=classes)
    net = classifier(classes=SORTED)
    with pytest.raises(error, match=f"^classes: expected {match}"):
        net.classes = classes
    assert net.classes.tolist() == SORTED


def test_losses_have_as_many_classes_as_they_have():
    with pytest.raises(ValueError, match=r"^classes: expected 2 labels, of 0 and 1 under binary_cross_entropy, got 3"):
        Network([2, 3], loss="binary_cross_entropy", classes=["a", "b", "c"])
    with pytest.raises(ValueError, match=r"^classes: expected None for squared_error, which has no classes"):
        Network([2, 3], classes=["a", "b", "c"])


@pytest.mark.parametrize("text", ["[1]", "{", '["a", "b", 1]', "null", "[" * 5000])
def test_a_note_of_another_program_is_refused(text):
    net = classifier()
    net._set_note(0, text)
    with pytest.raises(ValueError, match=r"^the network's notes are not as netlet writes them: "):
        Network.from_bytes(net.to_bytes())


def test_batches_have_labels():
    labels = ["z", "a", "m"]
    y = np.array(labels)[CLASSES]
    net, plain = classifier(classes=labels), classifier()
    settings = {"epochs": 2, "standardize": True}
    net.fit_batches(halves(y), class_weight={"a": 3.0}, validation_data=halves(y), **settings)
    plain.fit_batches(halves(CLASSES), class_weight={1: 3.0}, validation_data=halves(CLASSES), **settings)
    assert net == plain
    assert net.provenance["class_weight"] == {"a": 3.0}
    predicted = np.concatenate(list(net.predict_batches([X[:150], X[150:]])))
    assert predicted.tolist() == net.predict(X).tolist()
    found = net.evaluate_batches(halves(y), metrics=[accuracy_score])
    assert found["accuracy_score"] == accuracy_score(y, predicted)
    with pytest.raises(ValueError, match=r"^class_weight: expected the classes 'z', 'a', 'm' .*, got 1$"):
        net.fit_batches(halves(y), class_weight={1: 3.0}, **settings)


def test_fit_learns_labels_beside_validation_data_in_batches():
    net, plain = classifier(), classifier()
    history = net.fit(X, TEXT, epochs=2, validation_data=halves(TEXT))
    assert (
        history.validation_loss.tolist()
        == plain.fit(X, INDEX, epochs=2, validation_data=(X, INDEX)).validation_loss.tolist()
    )
    net = classifier()
    with refused(ValueError, r"^validation_data: batch 0: y: expected one of the classes .* got 'x' in row 0$", net):
        net.fit(X, TEXT, epochs=2, validation_data=[(X, ["x"] * 300)])
    assert net.classes is None


def test_labels_learned_from_y_are_refused_if_another_call_has_trained_meanwhile():
    """As another thread may; here it is the reading of y."""
    net = binary()

    class Interrupted:
        def __array__(self, dtype=None, copy=None):
            if not net.epochs_trained:
                net.fit(X, np.array(["no", "yes"])[YES], epochs=5)
            return np.array(["a", "b"])[YES]

    with pytest.raises(RuntimeError, match=r"^fit: another call has trained this network"):
        net.fit(X, Interrupted(), epochs=1)
    assert (net.epochs_trained, net.classes.tolist(), net.provenance["epochs"]) == (5, ["no", "yes"], 5)


def test_labels_that_another_fit_has_used_stay_when_the_one_that_learned_them_fails():
    class Inner(Callback):
        def on_begin(self, network, optimizer):
            network.fit(X, TEXT, epochs=5)

    net = classifier()
    with pytest.raises(ZeroDivisionError):
        net.fit(X, TEXT, epochs=1, callbacks=[Inner()], schedule=lambda epoch: 1 / 0)
    assert (net.epochs_trained, net.classes.tolist(), net.provenance["epochs"]) == (5, SORTED, 5)


class AtStep(Callback):
    def __init__(self, step, error):
        self.step, self.error = step, error

    def on_step(self, step, history, network):
        if step == self.step:
            raise self.error


@pytest.mark.parametrize("error", [RuntimeError("x"), ValueError("x"), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_steps_of_an_epoch_that_breaks_off_are_kept_with_their_labels_and_told(error):
    net, table = classifier(), pandas.DataFrame(X, columns=list("abcde"))
    with pytest.raises(type(error)) as caught:
        net.fit(table, TEXT, epochs=2, batch_size=50, callbacks=[AtStep(3, error)])
    assert net != classifier()
    assert (net.epochs_trained, len(caught.value.history)) == (0, 0)
    assert (net.classes.tolist(), net.feature_names) == (SORTED, list("abcde"))
    assert (net.provenance["epochs"], net.provenance["ended_by"]) == (0, type(error).__name__)
    with pytest.raises(type(error)):  # also after another fit, and not that one
        net.fit(table, TEXT, epochs=2, batch_size=50, learning_rate=0.5, callbacks=[AtStep(3, error)])
    assert net.provenance["optimizer"]["learning_rate"] == 0.5


def test_steps_before_a_bad_batch_are_told():
    net = classifier(classes=SORTED)
    net.fit(X, TEXT, epochs=3)
    with pytest.raises(ValueError, match="expected one of the classes") as caught:
        net.fit_batches([(X, TEXT), (X, ["x"] * len(X))], epochs=1)
    assert len(caught.value.history) == 0
    assert (net.provenance["method"], net.provenance["ended_by"]) == ("fit_batches", "ValueError")


@pytest.mark.parametrize("error", [RuntimeError("x"), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_what_ends_before_the_first_step_leaves_nothing(error):
    class AtBegin(Callback):
        def on_begin(self, network, optimizer):
            raise error

    net = classifier()
    with pytest.raises(type(error)):
        net.fit(pandas.DataFrame(X, columns=list("abcde")), TEXT, epochs=1, callbacks=[AtBegin()])
    assert (net.classes, net.feature_names, net.provenance) == (None, None, {})
    assert net.to_bytes() == classifier().to_bytes()


def test_divergence_in_the_first_epoch_takes_labels_back_too():
    net = classifier()
    with pytest.raises(DivergenceError):
        net.fit(X * 1e200, TEXT, epochs=3, batch_size=50, learning_rate=1e308)
    assert (net.classes, net.provenance) == (None, {})
    assert net.to_bytes() == classifier().to_bytes()


LARGE = [1, 2**63, 2**63 + 1]


@pytest.mark.parametrize("given", [list, tuple, lambda v: np.array(v, np.uint64), lambda v: np.array(v, object)])
def test_integers_beyond_int64_stay_what_they_are(given):
    y = given(np.array(LARGE, np.uint64)[CLASSES].tolist())
    net, named, plain = classifier(), classifier(classes=given(LARGE)), classifier()
    for one, targets in ((net, y), (named, y), (plain, CLASSES)):
        one.fit(X, targets, epochs=2)
    assert net == named == plain
    for one in (net, named, Network.from_bytes(net.to_bytes()), pickle.loads(pickle.dumps(net))):
        assert one.classes.dtype == np.uint64
        assert one.classes.tolist() == LARGE
        assert one.predict(X).tolist() == np.array(LARGE, np.uint64)[plain.predict(X)].tolist()
    with pytest.raises(ValueError, match=r"^y: expected one of the classes .* got -1 in row 0$"):
        net.loss(X, np.full(len(X), -1))
    with pytest.raises(ValueError, match=r"^y: expected one of the classes .* got 9223372036854775810 in row 0$"):
        net.loss(X, np.full(len(X), 2**63 + 2, np.uint64))


def test_large_integers_are_compared_exactly_whatever_their_dtype():
    labels = [-1, 2**60, 2**60 + 1]
    net, plain = classifier(classes=labels), classifier()
    assert net.loss(X[:9], np.full(9, 2**60 + 1, np.uint64)) == plain.loss(X[:9], np.full(9, 2))
    assert net.loss(X[:9], np.full(9, 2.0**60)) == plain.loss(X[:9], np.full(9, 1))
    for wrong in (np.uint64(2**64 - 1), np.uint64(2**60 + 2)):
        with pytest.raises(ValueError, match=r"^y: expected one of the classes"):
            net.loss(X[:9], np.full(9, wrong))
    for wrong in (2.0**63, -2.0, 2.0**60 + 256, 0.5):
        with pytest.raises(ValueError, match=r"^y: expected one of the classes"):
            binary(classes=[-1, 2**60]).loss(X[:9], np.full(9, wrong))
    with pytest.raises(ValueError, match=r"^y: expected one of the classes .*, got 9007199254740992.0 in row 0$"):
        classifier(classes=[0, 5, 2**53 + 1]).loss(X[:9], np.full(9, 2.0**53))


@pytest.mark.parametrize("labels", [[2, 1, 2**64], [-1, 2, 2**63]])
def test_integers_of_more_than_64_bits_are_refused(labels):
    with pytest.raises(ValueError, match=r"^classes: expected integers of 64 bits, got values from (1|-1) to \d+$"):
        classifier(classes=labels)


def test_text_that_numpy_would_cut_is_refused():
    net = classifier(classes=["a", "b", "no"])
    for y, where in (
        (["a", "no\0"] * 150, "row 1"),
        (np.array(["a", "no\0"] * 150, object), "row 1"),
        (pandas.Series(["a", "b", "no\0"] * 100), "row 2"),
        ([["no\0"], ["a"]] * 150, "row 0, column 0"),
        (pandas.DataFrame({"l": ["a", "no\0"] * 150}, dtype=object), r"row 1, column 0 \('l'\)"),
    ):
        with refused(ValueError, rf"^y: expected text that does not end in a NUL .*, got 'no\\x00' in {where}$", net):
            net.loss(X, y)
    with pytest.raises(ValueError, match=r"^classes: expected text that does not end in a NUL"):
        net.classes = ["a", "b", "b\0"]
    net.classes = ["a", "\0a", "b\0a"]  # elsewhere it stays
    assert Network.from_bytes(net.to_bytes()).classes.tolist() == ["a", "\0a", "b\0a"]


class Species(str, enum.Enum):
    CAT = "cat"
    DOG = "dog"
    EMU = "emu"


def test_text_of_an_enum_is_its_value():
    values = np.array(list(Species), object)[CLASSES]
    plain = classifier()
    for y in (values.tolist(), values, pandas.Series(values)):
        net = classifier()
        net.fit(X, y, epochs=2, class_weight={Species.EMU: 2.0})
        assert net.classes.tolist() == ["cat", "dog", "emu"]
    plain.fit(X, CLASSES, epochs=2, class_weight={2: 2.0})
    assert net == plain
    assert classifier(classes=list(Species)).classes.tolist() == ["cat", "dog", "emu"]
    assert net.loss(X, [item.value for item in values]) == net.loss(X, values)


@pytest.mark.parametrize("missing", ["ignore", "refuse"])
def test_labels_that_are_numbers_cannot_be_missing_for_cross_entropy(missing):
    y = np.array([5.0, 6.0, 7.0])[CLASSES]
    y[2] = np.nan
    net = classifier(classes=[5, 6, 7])
    with refused(ValueError, r"^y: expected one of the classes 5, 6, 7, got nan in row 2; labels cannot be miss", net):
        net.loss(X, y, missing=missing)
    assert net.loss(X[3:], y[3:], missing=missing) == classifier().loss(X[3:], CLASSES[3:])


def test_a_pickle_whose_notes_are_no_text_is_refused():
    restore, (cls, state), *_ = classifier().__reduce__()
    state["notes"] = [None, 5, None]
    with pytest.raises(ValueError, match=r"^the network's notes are not as netlet writes them: expected text, got 5$"):
        restore(cls, state)


@pytest.mark.parametrize("y", [np.arange(300) % 2, np.arange(300) % 2 == 0, np.where(np.arange(300) % 2, "a", "b")])
def test_two_classes_and_two_outputs_under_binary_cross_entropy_say_what_they_need(y):
    says = r"^y: expected shape \(300, 2\), .* got \(300,( 1)?\); .* needs one output, .* cross_entropy"
    for given in (y, y[:, None], y.astype(float) if y.dtype.kind != "U" else y):
        net = Network([5, 2], loss="binary_cross_entropy", seed=0)
        with refused(ValueError, says, net):
            net.fit(X, given, epochs=1)
        assert net.classes is None
    named = Network([5, 2], loss="binary_cross_entropy", seed=0, classes=["a", "b"])
    if y.dtype.kind == "U":
        with refused(ValueError, says, named):
            named.evaluate(X, y)
    net = Network([5, 2], loss="binary_cross_entropy", seed=0)
    net.fit(X, np.stack([y, y[::-1]], axis=1), epochs=1)


def test_class_weights_by_index_are_refused_where_there_are_labels():
    for net in (classifier(classes=["a", "b", "c"]), classifier()):
        with pytest.raises(ValueError, match=r"'a', 'b', 'c' \(the network's labels, not indices\), got 0$"):
            net.fit(X, np.array(["a", "b", "c"])[CLASSES], epochs=1, class_weight={0: 2.0})


def test_labels_that_another_fit_has_read_its_data_by_are_not_taken_back():
    net, text = classifier(), np.array(["a", "b", "c"])[CLASSES]
    ready, goes_on = threading.Event(), threading.Event()

    class Waits(Callback):
        def on_begin(self, network, optimizer):
            ready.set()
            assert goes_on.wait(60)

    class Fails(Callback):
        def on_begin(self, network, optimizer):
            other.start()
            assert ready.wait(60)
            raise KeyError("in vain")

    other = threading.Thread(target=lambda: net.fit(X, text, epochs=1, callbacks=[Waits()]))
    with pytest.raises(KeyError, match="in vain"):
        net.fit(X, text, epochs=1, callbacks=[Fails()])
    goes_on.set()
    other.join()
    assert net.epochs_trained == 1
    assert net.classes.tolist() == ["a", "b", "c"]
    assert set(net.predict(X)) <= {"a", "b", "c"}
    alone = classifier()
    with pytest.raises(ValueError, match="no"):
        alone.fit(X, text, epochs=1, callbacks=[Refuses()])
    assert alone.classes is None
    assert not vars(alone).get("_fits")
    assert pickle.loads(pickle.dumps(net)) == net


class Refuses(Callback):
    def on_begin(self, network, optimizer):
        raise ValueError("no")


def test_a_callback_may_train_the_same_network_before_or_after():
    class Twice(Callback):
        def on_begin(self, network, optimizer):
            network.fit(X, text, epochs=1)

        def on_end(self, history, network):
            network.fit(X, text, epochs=1)

    net, text = classifier(classes=["a", "b", "c"]), np.array(["a", "b", "c"])[CLASSES]
    net.fit(X, text, epochs=1, callbacks=[Twice()])
    assert net.epochs_trained == 3
