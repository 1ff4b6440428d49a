# SPDX-License-Identifier: BSD-3-Clause
"""Every call that takes a `Batches` gives the bits of the same call on arrays of all rows."""

import numpy as np
import pytest
from netlet import Adam, Batches, Network
from netlet.callbacks import Callback

from helpers.bits import assert_same_bits
from helpers.tables import CUTS, INPUTS, ROWS, TABLE, WEIGHT, X, Y, reading_threads, write_all, write_parquet

NAMES = {"y": "target", "x": INPUTS}


def network(**settings):
    return Network([4, 6, 1], activation=["tanh", "identity"], reduction="mean", seed=2, **settings)


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The same rows from everywhere, for some options."""
    folder = tmp_path_factory.mktemp("rows")
    write_all(folder, "parquet", CUTS["several"], row_group_size=130)
    write_all(folder, "csv", CUTS["blocks"])
    np.save(folder / "x.npy", X)

    def parts():
        for first in range(0, ROWS, 37):
            yield X[first : first + 37], Y[first : first + 37]

    return lambda **options: {
        "parquet": Batches.from_parquet(folder, **NAMES, **options),
        "csv": Batches.from_csv(folder, **NAMES, **options),
        "arrays": Batches.from_arrays(folder / "x.npy", Y, **options),
        "generator": Batches(parts, **options),
        "one thread": Batches.from_parquet(folder, **NAMES, **options, read_ahead=False),
    }


@pytest.mark.parametrize("window", [None, ROWS, 10 * ROWS])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_has_the_bits_of_fit(sources, window, dtype):
    """With a window of all rows also in shuffled order."""
    expected, xy = network(dtype=dtype), (X[:300], Y[:300])
    options = {"epochs": 3, "standardize": True, "validation_data": xy}
    history = expected.fit(X, Y, batch_size=64, shuffle=window is not None, optimizer=Adam(0.01), **options)
    held_out = Batches.from_arrays(*xy, batch_size=70)
    for name, batches in sources(batch_size=64, shuffle_window=window).items():
        net = network(dtype=dtype)
        got = net.fit_batches(batches, optimizer=Adam(0.01), **{**options, "validation_data": held_out})
        assert net.fingerprint() == expected.fingerprint(), name
        for figure in ("loss", "validation_loss"):
            assert_same_bits(got[figure], history[figure])
    assert not reading_threads()


@pytest.mark.parametrize(("batch_size", "window"), [(2 * ROWS, 5 * ROWS), (ROWS, ROWS), (2 * ROWS, ROWS)])
def test_one_batch_of_all_rows_is_never_shuffled(sources, batch_size, window):
    expected = network()
    expected.fit(X, Y, epochs=2)
    for batches in sources(batch_size=batch_size, shuffle_window=window).values():
        net = network()
        net.fit_batches(batches, epochs=2)
        assert net.fingerprint() == expected.fingerprint()


def test_smaller_windows_give_the_same_from_every_source_and_going_on_does_not_matter(sources):
    found = set()
    for batches in sources(batch_size=50, shuffle_window=170).values():
        net, optimizer = network(), Adam()
        net.fit_batches(batches, epochs=1, optimizer=optimizer, standardize="inputs")
        net.fit_batches(batches, epochs=2, optimizer=optimizer)
        found.add(net.fingerprint())
    net = network()
    net.fit_batches(batches, epochs=3, optimizer=Adam(), standardize="inputs")
    assert found == {net.fingerprint()}


def test_a_shuffle_buffer_mixes_the_batches_of_windows(sources):
    found = set()
    for batches in sources(batch_size=50, shuffle_window=170).values():
        net, other = network(), network()
        net.fit_batches(batches, epochs=2, shuffle_buffer=5)
        epochs = iter(range(2))
        other.fit_batches(lambda: list(batches.shuffled(2, next(epochs))), epochs=2, shuffle_buffer=5)  # noqa: B023
        assert net.fingerprint() == other.fingerprint()
        found.add(net.fingerprint())
    assert len(found) == 1


def test_figures_predictions_and_scalings(sources):
    net = network()
    net.learn_scaling(X, Y)
    expected = net.evaluate(X, Y), net.evaluate(X, Y, metrics=["r2", "rmse"])
    for batches in sources(batch_size=90).values():
        other = network()
        assert other.learn_scaling(batches) is None
        for name in ("input_scaling", "output_scaling"):
            for a, b in zip(getattr(other, name), getattr(net, name)):
                assert_same_bits(a, b)
        assert (other.evaluate(batches), other.evaluate(batches, metrics=["r2", "rmse"])) == expected
        assert other.evaluate_batches(batches) == expected[0]
        assert_same_bits(other.predict(batches), net.predict(X))
        assert_same_bits(np.concatenate(list(other.predict_batches(batches))), net.predict(X))


def test_weights_and_classes():
    labels, weighted = np.array(["no", "yes"])[(Y > 1).astype(int)], (X, Y, WEIGHT)
    batches = Batches.from_arrays(*weighted, batch_size=100)
    assert network().evaluate(batches) == network().evaluate(X, Y, sample_weight=WEIGHT)
    net, expected = network(), network()
    net.learn_scaling(batches)
    expected.learn_scaling(X, Y, sample_weight=WEIGHT)
    assert net.fingerprint() == expected.fingerprint()
    nets = [Network([4, 5, 2], loss="cross_entropy", reduction="sum", seed=1) for _ in range(2)]
    nets[0].fit(X, labels, epochs=2, batch_size=100, shuffle=False, class_weight="balanced")
    nets[1].classes = ["no", "yes"]
    batches = Batches.from_arrays(X, labels, batch_size=100)
    nets[1].fit_batches(batches, epochs=2, class_weight="balanced")
    assert nets[0].fingerprint() == nets[1].fingerprint()
    assert nets[1].evaluate(batches) == nets[0].evaluate(X, labels)
    assert nets[1].predict(Batches.from_arrays(X, batch_size=100)).tolist() == nets[0].predict(X).tolist()


def test_missing_targets(tmp_path):
    pa = pytest.importorskip("pyarrow")
    there = np.arange(ROWS) % 5 > 0
    holes = np.where(there, Y, np.nan)
    write_parquet(tmp_path / "a.parquet", {**TABLE, "target": pa.array(Y, mask=~there)})
    batches = Batches.from_parquet(tmp_path, **NAMES, nulls="nan", batch_size=100)
    net, expected = network(), network()
    net.fit_batches(batches, epochs=2, missing="ignore")
    expected.fit(X, holes, epochs=2, batch_size=100, shuffle=False, missing="ignore")
    assert net.fingerprint() == expected.fingerprint()
    with pytest.raises(ValueError, match=r"^batch 0: y: expected finite numbers, got nan"):
        network().fit_batches(batches, epochs=1)


def test_names_of_columns_are_learned_and_kept(tmp_path):
    write_all(tmp_path, "parquet")
    net = network()
    net.fit_batches(Batches.from_parquet(tmp_path, **NAMES, batch_size=100), epochs=1)
    assert net.feature_names == INPUTS
    turned = Batches.from_parquet(tmp_path, x=INPUTS[::-1], y="target", batch_size=100)
    assert net.evaluate(turned) == net.evaluate(X, Y)
    assert_same_bits(net.predict(turned), net.predict(X))
    other = network()
    other.feature_names = INPUTS
    other.fit_batches(turned, epochs=1, validation_data=turned)
    assert other.fingerprint() == net.fingerprint()
    for bad in (["x0", "x1", "x2", "weight"], ["x0", "x1", "x2"]):
        wrong = Batches.from_parquet(tmp_path, x=bad, y="target", batch_size=100)
        for call in (net.evaluate, net.predict, net.learn_scaling, lambda batches: net.fit_batches(batches, epochs=1)):
            with pytest.raises(ValueError, match=r"^batches: expected the columns that the network knows .*: 'x3'"):
                call(wrong)
        with pytest.raises(ValueError, match=r"^validation_data: expected the columns that the network knows"):
            net.fit(X, Y, epochs=1, validation_data=wrong)


def test_validation_data_are_read_by_the_names_that_training_has_learned(tmp_path):
    write_all(tmp_path, "parquet")
    straight, turned = (Batches.from_parquet(tmp_path, x=x, y="target", batch_size=100) for x in (INPUTS, INPUTS[::-1]))
    losses = []
    for held_out in (straight, turned, (X, Y)):
        history = network().fit_batches(straight, epochs=2, validation_data=held_out, metrics=["r2"])
        losses.append([*history["validation_loss"], *history.metrics["validation_r2"]])
    assert losses[0] == losses[1] == losses[2]


def test_tables_of_a_generator_are_read_by_the_names_of_the_network():
    pd = pytest.importorskip("pandas")
    net = network()
    net.feature_names = INPUTS
    turned = pd.DataFrame(X[:, ::-1], columns=INPUTS[::-1])
    assert_same_bits(net.predict(Batches([turned], batch_size=100)), net.predict(X))


def test_what_does_not_take_batches_says_what_does():
    batches, net = Batches.from_arrays(X, Y, batch_size=100), network()
    for call in (
        lambda: net.fit(batches, None, epochs=1),
        lambda: net.loss(batches, Y),
        lambda: net.forward(batches),
        lambda: net.step(batches, Y, Adam()),
    ):
        with pytest.raises(TypeError, match=r"^x: expected real numbers, got Batches; batches are for fit_batches, "):
            call()
    with pytest.raises(TypeError, match=r"^y: expected None, since the batches have their own, got ndarray$"):
        net.evaluate(batches, Y)
    with pytest.raises(TypeError, match=r"^sample_weight: expected None"):
        net.learn_scaling(batches, sample_weight=WEIGHT)
    with pytest.raises(TypeError, match=r"^y: expected targets, got None$"):
        net.evaluate(X)
    with pytest.raises(ValueError, match=r"^batches: expected each to be a tuple \(x, y\)"):
        net.evaluate(Batches.from_arrays(X, batch_size=100))
    with pytest.raises(ValueError, match=r"^batches: expected at least one batch"):
        net.evaluate(Batches([], batch_size=100))
    with pytest.raises(ValueError, match=r"^x: expected at least one row"):
        net.predict(Batches([], batch_size=100))


def test_patience_callbacks_and_steps_within_an_epoch():
    class Stop(Callback):
        every_steps = 5

        def on_step(self, step, history, network):
            return True

    net, expected = network(), network()
    net.fit_batches(Batches.from_arrays(X, Y, batch_size=10), epochs=3, callbacks=[Stop()])
    expected.fit(X, Y, batch_size=10, shuffle=False, epochs=3, callbacks=[Stop()])
    assert net.fingerprint() == expected.fingerprint()
    assert not reading_threads()
