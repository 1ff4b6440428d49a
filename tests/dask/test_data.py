# SPDX-License-Identifier: BSD-3-Clause
"""Data of every kind that Dask has is read as `Network.fit` reads all of it at once."""

import dask
import dask.array as da
import dask.dataframe as dd
import netlet.dask
import numpy as np
import pandas as pd
import pytest
from netlet import Batches, Network

pytestmark = pytest.mark.dask


def network(inputs=2, outputs=2, **settings):
    settings = {"activation": "tanh", "output_activation": "identity", "reduction": "mean", "seed": 1, **settings}
    return Network([inputs, 4, outputs], **settings)


@pytest.fixture(scope="module")
def flowers():
    """A table of 1,000 rows with text for classes."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame({"length": rng.normal(5, 1, 1000), "width": rng.normal(3, 1, 1000).astype(np.float32)})
    table["kind"] = np.where(table["length"] > 5, "large", np.where(table["width"] > 3, "wide", "other"))
    table["count"] = rng.integers(1, 4, 1000)
    return table


@pytest.fixture(scope="module")
def trained(flowers):
    net = network(outputs=3, loss="cross_entropy", output_activation="softmax")
    net.fit(flowers[["length", "width"]], flowers["kind"], sample_weight=flowers["count"], epochs=3, standardize=True)
    return net


def assert_same(net, other):
    assert net.fingerprint() == other.fingerprint()
    assert np.array_equal(net.classes, other.classes)
    assert net.feature_names == other.feature_names


def fit_flowers(client, *data, **options):
    net = network(outputs=3, loss="cross_entropy", output_activation="softmax")
    netlet.dask.fit(net, *data, client=client, epochs=3, standardize=True, **options)
    return net


def test_frames(client, flowers, trained):
    table = dd.from_pandas(flowers, npartitions=7)
    net = fit_flowers(client, table[["length", "width"]], table["kind"], sample_weight=table["count"])
    assert_same(net, trained)
    assert_same(fit_flowers(client, table, "kind", sample_weight="count"), trained)


def test_a_frame_of_unknown_lengths_some_of_which_are_0(client, flowers, trained):
    more = pd.concat([flowers.assign(kept=True), flowers[:600].assign(kept=False)])
    more = dd.from_pandas(more.sort_values("kept", kind="stable").reset_index(drop=True), npartitions=7)
    some = more[more["kept"]]
    assert (some.map_partitions(len).compute() == 0).any()
    net = fit_flowers(client, some[["length", "width"]], some["kind"], sample_weight=some["count"])
    assert_same(net, trained)
    x, weight = some[["length", "width"]].to_dask_array(), some["count"].to_dask_array()
    assert np.isnan(x.chunks[0]).all()
    net = fit_flowers(client, x, some["kind"], sample_weight=weight)
    net.feature_names = ["length", "width"]
    assert_same(net, trained)


def test_parquet(client, flowers, trained, tmp_path):
    for start in range(0, 1000, 400):
        flowers[start : start + 400].to_parquet(tmp_path / f"part{start}.parquet", row_group_size=150)
    assert_same(fit_flowers(client, tmp_path, "kind", sample_weight="count"), trained)
    assert_same(fit_flowers(client, str(tmp_path / "*.parquet"), ["kind"], sample_weight="count"), trained)


def test_some_columns_of_parquet(client, flowers, trained, tmp_path):
    """Dask then reads several of the files as one partition."""
    for start in range(0, 1000, 130):
        flowers[start : start + 130].assign(more=1.0).to_parquet(tmp_path / f"part{start:03}.parquet")
    table = dd.read_parquet(tmp_path)
    net = fit_flowers(client, table[["length", "width"]], table["kind"], sample_weight=table["count"])
    assert_same(net, trained)
    table = dd.read_parquet(tmp_path, columns=["length", "width", "kind", "count"])
    assert_same(fit_flowers(client, table, "kind", sample_weight="count"), trained)
    weight = table["count"].to_dask_array()  # its parts are not those of the frames
    assert_same(fit_flowers(client, table[["length", "width"]], table["kind"], sample_weight=weight), trained)


@pytest.mark.parametrize("batch_size", [None, 300])
def test_batches(client, flowers, tmp_path, batch_size):
    for start in range(0, 1000, 400):
        flowers[start : start + 400].to_parquet(tmp_path / f"part{start}.parquet", row_group_size=150)
    batches = Batches.from_parquet(
        tmp_path, x=["length", "width"], y="kind", sample_weight="count", batch_size=batch_size or 250
    )
    net, other = (network(outputs=3, loss="cross_entropy", output_activation="softmax") for _ in range(2))
    x, y = flowers[["length", "width"]].to_numpy(), flowers["kind"].to_numpy()
    options = {"epochs": 2, "batch_size": batch_size or 250, "shuffle": False, "standardize": True}
    other.fit(x, y, sample_weight=flowers["count"].to_numpy(), **options)
    options = {"epochs": 2, "standardize": True, "client": client}
    netlet.dask.fit(net, batches, **options)
    assert net.fingerprint() == other.fingerprint()
    assert np.array_equal(net.classes, other.classes)


@pytest.mark.parametrize("weighted", ["the first rows", "the last rows"])
def test_batches_of_which_some_rows_have_weights(client, weighted):
    """The others have the weight 1."""
    x = np.random.default_rng(0).normal(size=(900, 2))
    y, weight = x[:, 0] * x[:, 1], np.linspace(0.5, 2, 900)
    weight[600:] = 1
    parts = [(x[:600], y[:600], weight[:600]), (x[600:], y[600:])]
    if weighted == "the last rows":
        x, y, weight, parts = (np.roll(x, 300, axis=0), np.roll(y, 300), np.roll(weight, 300), parts[::-1])
    net, other = network(outputs=1), network(outputs=1)
    netlet.dask.fit(net, Batches(parts, batch_size=300, rows=900), client=client, epochs=2)
    other.fit(x, y, sample_weight=weight, batch_size=300, shuffle=False, epochs=2)
    assert net.fingerprint() == other.fingerprint()


def test_batches_that_are_refused(client, flowers):
    net, x = network(), flowers[["length", "width"]].to_numpy()
    for source, options, message in [
        (Batches(lambda: [(x, x)], batch_size=9), {}, "rows is known, got <Batches of Function.*rows=.... is told"),
        (Batches.from_arrays(x, x, batch_size=9, shuffle_window=9), {}, "without shuffle_window"),
        (Batches.from_arrays(x, batch_size=9), {}, "with y, got one of x alone"),
        (Batches.from_arrays(x, x, batch_size=9), {"sample_weight": x[:, 0]}, "sample_weight: expected None beside"),
    ]:
        with pytest.raises(ValueError, match=message):
            netlet.dask.fit(net, source, client=client, epochs=1, **options)
    with pytest.raises(TypeError, match="net: expected a Network, got None"):
        netlet.dask.fit(None, x, x, client=client, epochs=1)
    with pytest.raises(TypeError, match="y: expected targets, got None"):
        netlet.dask.fit(net, x, client=client, epochs=1)


def test_delayed_blocks_and_futures(client, flowers, trained):
    pieces = [flowers[start : start + 300] for start in range(0, 1000, 300)]
    blocks = [dask.delayed(piece) for piece in pieces]
    x, y, weight = ([block[name] for block in blocks] for name in (["length", "width"], "kind", "count"))
    assert_same(fit_flowers(client, x, y, sample_weight=weight), trained)
    scattered = client.scatter(pieces)
    x, y = (
        [client.submit(pd.DataFrame.__getitem__, piece, name) for piece in scattered]
        for name in (["length", "width"], "kind")
    )
    assert_same(fit_flowers(client, x, y, sample_weight=weight), trained)


def test_tables_of_arrow_and_columns_in_another_order(client, flowers, trained):
    pyarrow = pytest.importorskip("pyarrow")

    def block(start):
        names = ["length", "width"] if start < 500 else ["width", "length"]
        return pyarrow.Table.from_pandas(flowers[names][start : start + 250])

    x = [dask.delayed(block)(start) for start in range(0, 1000, 250)]
    assert_same(fit_flowers(client, x, flowers["kind"], sample_weight=flowers["count"]), trained)


def test_data_of_the_calling_process(client, flowers, trained):
    for y in (flowers["kind"], flowers["kind"].to_list()):
        net = fit_flowers(client, flowers[["length", "width"]], y, sample_weight=flowers["count"])
        assert_same(net, trained)


def test_parts_that_differ_in_their_chunks_and_dtypes(client, curve):
    x, y, weight = curve
    single = [x[:1000].astype(np.float32), x[1000:]]
    joined = np.concatenate(single)
    net, other = network(), network()
    other.fit(joined, y, sample_weight=weight, epochs=3, standardize=True)
    blocks = [dask.delayed(piece) for piece in single]
    given = da.from_array(y, (700, 1)), da.from_array(weight, 900)
    netlet.dask.fit(net, blocks, given[0], sample_weight=given[1], client=client, epochs=3, standardize=True)
    assert_same(net, other)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "bool"])
@pytest.mark.parametrize("own", ["float32", "float64"])
def test_dtypes(client, dtype, own):
    x = np.random.default_rng(3).integers(0, 2, (600, 2)).astype(dtype)
    net, other = network(outputs=1, dtype=own), network(outputs=1, dtype=own)
    other.fit(x, x[:, 0], epochs=2, standardize=True)
    netlet.dask.fit(net, da.from_array(x, 250), da.from_array(x[:, 0], 250), client=client, epochs=2, standardize=True)
    assert_same(net, other)


@pytest.mark.parametrize(
    ("outputs", "loss", "y"),
    [
        (3, "cross_entropy", lambda i: i % 3),
        (3, "cross_entropy", lambda i: 10 - i % 3),
        (3, "cross_entropy", lambda i: np.array(["a", "bc", "def"])[i % 3]),
        (3, "cross_entropy", lambda i: np.eye(3)[i % 3]),
        (2, "cross_entropy", lambda i: i % 2 == 0),
        (1, "binary_cross_entropy", lambda i: i % 2 == 0),
        (1, "binary_cross_entropy", lambda i: np.array(["no", "yes"])[i % 2][:, None]),
        (1, "binary_cross_entropy", lambda i: (i % 2).astype(float)),
        (2, "binary_cross_entropy", lambda i: np.stack([i % 2, i % 3 == 0], axis=1)),
        (2, "binary_cross_entropy", lambda i: np.array(["no", "yes"])[np.stack([i % 2, (i % 3 == 0) * 1], axis=1)]),
    ],
)
def test_labels(client, outputs, loss, y):
    i = np.arange(700)
    x, y = np.stack([i / 700, i % 6], axis=1), y(i)
    nets = [network(outputs=outputs, loss=loss, output_activation=None) for _ in range(2)]
    nets[0].fit(x, y, epochs=2)
    given = da.from_array(x, (300, 2)), da.from_array(y, (200, outputs)[: y.ndim])
    for _ in range(2):  # the second time the labels are known
        netlet.dask.fit(nets[1], *given, client=client, epochs=1)
    assert_same(*nets)


def test_a_network_that_knows_names_and_labels(client, flowers, trained):
    table = dd.from_pandas(flowers, npartitions=3)
    net = network(outputs=3, loss="cross_entropy", output_activation="softmax")
    net.classes, net.feature_names = ["large", "other", "wide"], ["length", "width"]
    netlet.dask.fit(
        net,
        table[["width", "length"]],
        table["kind"],
        sample_weight=table["count"],
        client=client,
        epochs=3,
        standardize=True,
    )
    assert_same(net, trained)
