# SPDX-License-Identifier: BSD-3-Clause
"""What `fit_batches` does before the first epoch, and in which order the batches come."""

import array
import copy

import numpy as np
import pytest
from netlet import SGD, Adam, Network, reference
from netlet._passes import Sum
from netlet.reference.generator import SHUFFLE, random_bits
from netlet.reference.sums import sum_rows

from helpers.training import CLASSES, X, Y, classifier, regression

WEIGHT = np.random.default_rng(3).random(300)


def slices(*arrays, step=64):
    def batches():
        for first in range(0, len(arrays[0]), step):
            yield tuple(array[first : first + step] for array in arrays)

    return batches


@pytest.mark.parametrize("standardize", [True, "inputs", "outputs"])
@pytest.mark.parametrize("weighted", [False, True])
def test_standardize_gives_the_bits_of_fit(standardize, weighted):
    arrays = (100 * X + 3, 5 * Y - 1, *([WEIGHT] if weighted else []))
    whole, parts = regression(), regression()
    options = {"epochs": 3, "standardize": standardize, "optimizer": "adam", "validation_data": arrays}
    weights = {"sample_weight": WEIGHT} if weighted else {}
    expected = whole.fit(*arrays[:2], **options, **weights, batch_size=64, shuffle=False)
    mean = {"weight_mean": sum_rows(WEIGHT) / 300} if weighted else {}
    history = parts.fit_batches(slices(*arrays), **options, **mean)
    assert parts == whole
    for name in ("loss", "validation_loss"):
        assert history[name].tobytes() == expected[name].tobytes()
    assert (parts.input_scaling is None) == (standardize == "outputs")


def test_standardize_learns_what_is_not_there_and_a_resumed_training_nothing():
    passes = []

    def batches():
        passes.append(None)
        yield 100 * X + 3, Y

    net, once = regression(), regression()
    adam = Adam()
    for epochs in (1, 2):
        net.fit_batches(batches, epochs=epochs, optimizer=adam, standardize=True)
    assert len(passes) == 2 + 3
    once.fit_batches(batches, epochs=3, optimizer=Adam(), standardize=True)
    assert net == once


def test_a_pass_that_fails_leaves_no_scaling():
    net = regression()
    with pytest.raises(ValueError, match=r"^batch 1: x: expected finite"):
        net.fit_batches([(X, Y), (X + np.inf, Y)], epochs=1, standardize=True)
    assert net.input_scaling is net.output_scaling is None
    assert net.epochs_trained == 0


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (
            {"standardize": True},
            "since standardize passes over them twice before the first epoch, and an iterator ends",
        ),
        ({"class_weight": "balanced"}, "since class_weight passes over them before the first epoch"),
        ({"epochs": 2}, "since each epoch passes over them"),
    ],
)
def test_an_iterator_that_ends_is_refused_with_the_reason(options, match):
    y = CLASSES if "class_weight" in options else Y
    net = classifier() if "class_weight" in options else regression()
    with pytest.raises(ValueError, match=rf"^batches: expected a function .* {match}.*; got generator"):
        net.fit_batches(slices(X, y)(), **{"epochs": 1, **options})


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("class_weight", ["balanced", {0: 3.0, 2: 0.3}, {0: 0, 1: 1}])
def test_class_weights_give_the_bits_of_fit(dtype, reduction, weighted, class_weight):
    settings = {"activation": "tanh", "loss": "cross_entropy", "reduction": reduction, "dtype": dtype, "seed": 1}
    whole, parts = Network([5, 8, 3], **settings), Network([5, 8, 3], **settings)
    options = {"epochs": 3, "class_weight": class_weight, "standardize": True, "learning_rate": 0.01}
    weights = {"sample_weight": WEIGHT} if weighted else {}
    expected = whole.fit(X, CLASSES, **options, **weights, batch_size=64, shuffle=False)
    history = parts.fit_batches(slices(X, CLASSES, *weights.values()), **options)
    assert parts == whole
    assert history.loss.tobytes() == expected.loss.tobytes()


def fewer_at_first(y, later):
    """A source whose first pass has the classes `y` only, the others those of `later`."""
    passes = []

    def batches():
        passes.append(None)
        yield X[: len(y)], (y if len(passes) == 1 else later)

    return batches


@pytest.mark.parametrize("counted", [0, 1, 2])
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_class_that_was_not_counted_has_its_own_weight(counted, reduction):
    settings = {"loss": "cross_entropy", "reduction": reduction, "seed": 1}
    whole, parts = Network([5, 3], **settings), Network([5, 3], **settings)
    options = {"epochs": 2, "class_weight": {0: 1.0, 2: 50.0}, "learning_rate": 0.01}
    parts.fit_batches(fewer_at_first(np.full(30, counted), CLASSES[:30]), **options)
    whole.fit(X[:30], CLASSES[:30], **options)
    assert parts == whole


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_balanced_weights_are_those_of_classes_that_were_counted(reduction):
    net = Network([5, 3], loss="cross_entropy", reduction=reduction, seed=1)
    options = {"epochs": 1, "class_weight": "balanced"}
    before = copy.deepcopy(net)
    for later in ([0, 2, 1], [0, 2, 2]):
        for first in ([0, 2, 0], [0, 1, 1]):
            if set(later) <= set(first):
                continue
            new = next(cls for cls in later if cls not in first)
            listed = ", ".join(map(str, sorted(set(first))))
            match = rf"^batch 0: y: expected the classes that were counted \({listed}\), got {new}$"
            with pytest.raises(ValueError, match=match):
                net.fit_batches(fewer_at_first(np.array(first), np.array(later)), **options)
    assert net == before
    net.classes = ["ant", "bee", "cow"]
    with pytest.raises(ValueError, match=r"counted \('ant', 'cow'\), got 'bee'$"):
        net.fit_batches(fewer_at_first(np.array(["ant", "cow"]), np.array(["cow", "bee"])), **options)


def test_class_weights_of_one_output_with_targets_that_are_missing():
    y = np.where(np.arange(300) % 7 == 0, np.nan, X[:, 0] > 0.5)[:, None]
    nets = [Network([5, 3, 1], loss="binary_cross_entropy", reduction="mean", seed=2) for _ in range(2)]
    options = {"epochs": 2, "class_weight": "balanced", "missing": "ignore"}
    nets[0].fit(X, y, **options, batch_size=64, shuffle=False)
    nets[1].fit_batches(slices(X, y), **options)
    assert nets[0] == nets[1]


@pytest.mark.parametrize(
    ("class_weight", "error", "match"),
    [
        ({7: 1.0}, ValueError, r"^class_weight: expected classes from 0 to 2, got 7"),
        ({0: -1.0}, ValueError, r"^class_weight: expected weights >= 0"),
        ({0: 0, 1: 0, 2: 0}, ValueError, r"^class_weight: expected a weight above 0 for a class of y"),
        ("balance", TypeError, r"^class_weight: expected a dict, 'balanced' or None"),
    ],
)
def test_class_weights_that_do_not_fit_are_refused_before_anything_changes(class_weight, error, match):
    net = classifier()
    with pytest.raises(error, match=match):
        net.fit_batches([(X, CLASSES)], epochs=1, class_weight=class_weight, standardize=True)
    assert net == classifier()
    assert net.input_scaling is None
    with pytest.raises(ValueError, match=r"^class_weight: expected None for squared_error"):
        regression().fit_batches([(X, Y)], epochs=1, class_weight="balanced")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -2.0, 1e300, [3e38], [1e-46, 1e-46]])
def test_weights_beside_class_weights_are_refused_as_in_fit(bad, dtype):
    """Or taken as there, if the network's dtype can hold them."""
    weight = np.where(np.arange(300) == 70, bad, 1.0) if np.ndim(bad) == 0 else np.resize(bad, 300)
    options = {"epochs": 1, "class_weight": {0: 1.0, 1: 1.0}}
    nets = [classifier(dtype=dtype) for _ in range(2)]
    calls = [
        lambda: nets[0].fit(X, CLASSES, sample_weight=weight, **options),
        lambda: nets[1].fit_batches([(X, CLASSES, weight)], **options),
    ]
    answers = []
    for call in calls:
        try:
            answers.append(call().loss.tobytes())
        except ValueError as error:
            answers.append(str(error).removeprefix("batch 0: "))
    assert answers[0] == answers[1]
    if dtype == "float32" or not np.all(np.less(0, bad) & np.isfinite(bad)):
        assert answers[1].startswith("sample_weight: expected ")
        assert nets[1] == classifier(dtype=dtype)


def test_what_is_wrong_with_class_weights_is_said_without_indices():
    net = classifier()
    net.classes = names = np.array(["ant", "bee", "cow"])
    for weights, match in [
        (dict.fromkeys(names.tolist(), 0), r"^class_weight: .* above 0 for a class of y, got 0 for all of them$"),
        ({"ant": -1.5}, r"^class_weight: expected weights >= 0, got -1.5$"),
    ]:
        with pytest.raises(ValueError, match=match):
            net.fit_batches([(X, names[CLASSES])], epochs=1, class_weight=weights)
        with pytest.raises(ValueError, match=match):
            net.fit(X, names[CLASSES], epochs=1, class_weight=weights)


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 1024, 5000])
def test_parts_are_added_in_the_core_s_order(count):
    values = np.random.default_rng(count).random(count)
    total, first = Sum(), 0
    while first < count:
        total.add(values[first : first + 1 + first // 2])
        first += 1 + first // 2
    assert (total.total(), total.count) == (sum_rows(values) if count else 0.0, count)


def drawn(count, size, seed, epoch):
    """Which batches come, said in another way: `held` has the places of the buffer."""
    bits = iter([int(number) for number in random_bits(seed, SHUFFLE, epoch, count)])
    held, coming, order = list(range(min(size, count))), list(range(size, count)), []
    while held:
        place = next(bits) * len(held) // 2**64
        order.append(held[place])
        held[place] = held[-1]
        held.pop()
        held += coming[:1]
        coming = coming[1:]
    return order


@pytest.mark.parametrize("size", [1, 2, 5, 20, 1000])
def test_a_shuffle_buffer_draws_from_the_batches_that_it_holds(size):
    """Keyed by seed and epoch; n epochs and then m are n + m. The passes before keep the source's order."""
    batches = [(X[i : i + 20] + i, Y[i : i + 20]) for i in range(0, 300, 20)]
    net, by_hand, adam, other = regression(), regression(), Adam(), Adam()
    options = {"shuffle_buffer": size, "standardize": True}
    net.fit_batches(batches, epochs=1, optimizer=adam, **options)
    net.fit_batches(batches, epochs=2, optimizer=adam, **options)
    by_hand.learn_scaling_batches(batches)
    orders = [drawn(15, size, 1, epoch) for epoch in range(3)]
    for place in np.ravel(orders):
        by_hand.step(*batches[place], other)
    assert net == by_hand
    assert [sorted(order) for order in orders] == [list(range(15))] * 3
    assert (orders[0] == sorted(orders[0])) == (size == 1)
    seeded, twin = regression(), regression()
    seeded.fit_batches(batches, epochs=1, shuffle_buffer=size, seed=9)
    for place in drawn(15, size, 9, 0):
        twin.step(*batches[place], SGD(0.1))
    assert seeded == twin


def test_a_long_epoch_needs_more_random_numbers_than_it_begins_with():
    order = list(reference.generator.shuffled_batches(range(500), 40, 3, 8))
    assert order == drawn(500, 40, 3, 8)
    assert max(abs(order.index(i) - i) for i in range(500)) > 40


def test_a_shuffle_buffer_holds_that_many_batches_at_most():
    held = []

    def batches():
        for i in range(40):
            held.append(i)
            yield X[:2], Y[:2]

    class Count:
        def on_step(self, step, history, network):
            assert len(held) - step <= 7
            self.most = max(getattr(self, "most", 0), len(held) - step)

    count = Count()
    regression().fit_batches(batches, epochs=1, shuffle_buffer=8, callbacks=[count])
    assert count.most == 7  # and the one of the step


@pytest.mark.parametrize("bad", [0, -1, 1.5, True, "all"])
def test_a_shuffle_buffer_is_a_number_of_batches(bad):
    with pytest.raises((ValueError, TypeError), match=r"^shuffle_buffer: expected a positive integer or None"):
        regression().fit_batches([(X, Y)], epochs=1, shuffle_buffer=bad)


def test_batches_may_have_labels():
    """In training, class weights, validation, figures and predictions."""
    names = np.array(["ant", "bee", "cow"])
    options = {"epochs": 2, "standardize": True}
    by_name, by_index = classifier(), classifier()
    by_name.classes = names
    labels = names[CLASSES]
    history = by_name.fit_batches(
        slices(X, labels),
        **options,
        class_weight={"ant": 2.0, "cow": 0.5},
        validation_data=[(X, labels)],
    )
    expected = by_index.fit_batches(
        slices(X, CLASSES), **options, class_weight={0: 2.0, 2: 0.5}, validation_data=[(X, CLASSES)]
    )
    assert by_name == by_index
    assert history.validation_loss.tobytes() == expected.validation_loss.tobytes()
    same = {"same": lambda y, prediction: (y == prediction).mean()}
    figures = by_name.evaluate_batches(slices(X, labels), metrics=["accuracy", *same.values()])
    assert list(figures.values()) == list(by_name.evaluate(X, labels, metrics=["accuracy", *same.values()]).values())
    assert np.concatenate(list(by_name.predict_batches([X]))).tolist() == by_name.predict(X).tolist()
    with pytest.raises(ValueError, match=r"^validation_data: batch 0: y: expected one of the classes 'ant'"):
        by_name.fit_batches([(X, labels)], epochs=1, validation_data=[(X, np.full(300, "dog"))])
    learned = classifier()
    learned.fit(X, labels, epochs=1, validation_data=[(X[:150], labels[:150]), (X[150:], labels[150:])])
    assert learned.classes.tolist() == names.tolist()


@pytest.mark.parametrize("size", [1, 2, 4, 100])
def test_a_source_may_fill_the_same_arrays_again_while_others_are_held(size):
    parts = [(X[i : i + 30], CLASSES[i : i + 30], WEIGHT[i : i + 30]) for i in range(0, 300, 30)]
    x, y, weight = (array.copy() for array in parts[0])

    def refilled():
        for part in parts:
            x[:], y[:], weight[:] = part
            yield x, y, weight

    nets = [classifier() for _ in range(2)]
    histories = [
        net.fit_batches(source, epochs=3, shuffle_buffer=size) for net, source in zip(nets, (lambda: parts, refilled))
    ]
    assert nets[0] == nets[1]
    assert histories[0].loss.tolist() == histories[1].loss.tolist()


def refill(kind):
    """An array of that kind, and a function that fills it again."""
    if kind == "pandas":
        table = pytest.importorskip("pandas").DataFrame(X[:30].copy())
        return table, lambda values: table.__setitem__(slice(None), values)
    if kind == "array.array":
        row = array.array("d", X[0])
        return row, lambda values: memoryview(row).__setitem__(slice(None), memoryview(array.array("d", values[0])))
    if kind == "list":
        rows = X[:30].tolist()
        return rows, lambda values: [row.__setitem__(slice(None), new) for row, new in zip(rows, values.tolist())]
    masked = np.ma.masked_array(X[:30].copy(), mask=False)
    return (masked if kind == "masked" else memoryview(masked.data)), lambda values: masked.__setitem__(
        slice(None), values
    )


@pytest.mark.parametrize("kind", ["pandas", "list", "masked", "memoryview", "array.array"])
def test_other_kinds_may_be_filled_again_too(kind):
    data, fill = refill(kind)
    rows = 1 if kind == "array.array" else 30

    def source():
        for i in range(0, 300, 30):
            fill(X[i : i + rows])
            yield data, CLASSES[i : i + rows]

    nets = [classifier() for _ in range(2)]
    nets[0].fit_batches(source, epochs=2, shuffle_buffer=4)
    apart = [(X[i : i + rows], CLASSES[i : i + rows]) for i in range(0, 300, 30)]
    nets[1].fit_batches(apart, epochs=2, shuffle_buffer=4)
    assert nets[0] == nets[1]
