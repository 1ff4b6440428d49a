# SPDX-License-Identifier: BSD-3-Clause
"""What does not fit is refused, with the row's number in all of the data, and nothing has changed."""

import asyncio
import gc

import dask
import dask.array as da
import dask.dataframe as dd
import netlet.dask
import numpy as np
import pandas as pd
import pytest
from netlet import DivergenceError, Network

pytestmark = pytest.mark.dask

X = np.linspace(0, 1, 2400).reshape(1200, 2)
Y = X.sum(axis=1)
BATCHES = {"batch_size": 512, "shuffle": False}


def network(loss="squared_error", **settings):
    outputs = 3 if loss == "cross_entropy" else 1
    return Network([2, 3, outputs], loss=loss, reduction="mean", seed=0, **settings)


def changed(array, row, value):
    array = array.copy()
    array[row] = value
    return array


def on_dask(array):
    return da.from_array(array, (500, 2)[: array.ndim])


def refused(client, error, message, x=X, y=Y, net=None, **options):
    net = network() if net is None else net
    before = repr(net.__reduce__()[:2])
    x, y = (on_dask(each) if type(each) is np.ndarray else each for each in (x, y))
    with pytest.raises(error, match=message):
        netlet.dask.fit(net, x, y, **{"client": client, "epochs": 2, **options})
    assert repr(net.__reduce__()[:2]) == before


@pytest.mark.parametrize("options", [{}, {"standardize": True}, BATCHES])
def test_values(client, options):
    refused(
        client,
        ValueError,
        "x: expected finite numbers, got nan in row 777, column 1",
        changed(X, (777, 1), np.nan),
        **options,
    )
    refused(
        client,
        ValueError,
        "y: expected finite numbers, got inf in row 1199, column 0",
        y=changed(Y, 1199, np.inf),
        **options,
    )
    refused(client, ValueError, "y: .* got -inf in row 3", y=changed(Y, 3, -np.inf), missing="ignore", **options)
    weight = on_dask(changed(np.ones(1200), 600, -1.5))
    refused(
        client,
        ValueError,
        r"sample_weight: expected weights >= 0, got -1\.5 in row 600",
        sample_weight=weight,
        **options,
    )
    zero = on_dask(np.zeros(1200))
    refused(
        client, ValueError, "sample_weight: expected a weight above 0, got 0 for all", sample_weight=zero, **options
    )
    if "standardize" not in options:
        large = changed(X, (900, 0), 1e300)
        refused(
            client,
            ValueError,
            r"x: .* got inf in row 900, column 0 \(as float32",
            large,
            net=network(dtype="float32"),
            **options,
        )


@pytest.mark.parametrize("options", [{}, BATCHES, {"validation_split": 0.2}])
def test_classes(client, options):
    classes = np.arange(1200) % 3
    refused(
        client,
        ValueError,
        "y: expected classes from 0 to 2, got 3 in row 1100",
        y=changed(classes, 1100, 3),
        net=network("cross_entropy"),
        **options,
    )
    net = network("cross_entropy")
    net.classes = ["a", "b", "c"]
    labels = np.array(["a", "b", "c", "d"])
    refused(
        client,
        ValueError,
        "y: expected one of the classes 'a', 'b', 'c', got 'd' in row 1004$",
        y=labels[changed(classes, 1004, 3)],
        net=net,
        **options,
    )
    refused(
        client,
        ValueError,
        r"y: expected 3 classes, one for each output, got 4 \('a', 'b', 'c', 'd'\)$",
        y=labels[changed(classes, 1004, 3)],
        net=network("cross_entropy"),
        **options,
    )
    refused(
        client,
        ValueError,
        r"y: expected 3 classes, one for each output, got 2 .*; classes=\[...\] names those that y lacks",
        y=labels[classes % 2],
        net=network("cross_entropy"),
        **options,
    )


def test_shapes(client):
    refused(client, ValueError, r"x: expected shape \(rows, 2\), got \(1200, 3\)", np.ones((1200, 3)))
    refused(client, ValueError, r"x: expected shape \(rows, 2\), got \(1200,\)", np.ones(1200))
    refused(client, ValueError, "y: expected 1200 rows, as many as x has, got 1199", y=Y[1:])
    refused(
        client,
        ValueError,
        "x: expected at least one row, got none",
        dd.from_pandas(pd.DataFrame(X[:0]), 1),
        pd.Series(Y[:0]),
    )
    refused(client, ValueError, r"sample_weight: expected shape \(1200,\), got \(1200, 2\)", sample_weight=on_dask(X))
    blocks = [dask.delayed(X), dask.delayed(X[:, :1])]
    refused(
        client, ValueError, r"x: expected rows of shape \(2,\) in all partitions, got \(1,\) in partition 1", blocks
    )
    refused(client, ValueError, r"y: expected shape", y=np.ones((1200, 2)))


def test_kinds(client):
    frame = dd.from_pandas(pd.DataFrame(X, columns=["a", "b"]).assign(t="text"), npartitions=2)
    refused(client, TypeError, r"x: expected real numbers, got .*'t'.*\(partition 0\)", frame)
    refused(client, ValueError, "y: expected columns of x, which has no 'u'", frame, "u")
    refused(client, ValueError, "y: expected the name of a column only beside a frame.*got 't'", y="t")
    refused(client, TypeError, "y: expected real numbers, got an array of dtype", frame[["a", "b"]], frame["t"])
    with pytest.raises(TypeError, match=r"client: expected a distributed\.Client or None, got 3"):
        netlet.dask.fit(network(), X, Y, client=3, epochs=1)
    mixed = [dask.delayed(["a"] * 600), dask.delayed([1] * 600)]
    refused(
        client, TypeError, "y: expected labels of one kind in all partitions", y=mixed, net=network("cross_entropy")
    )


def test_names(client):
    frame = dd.from_pandas(pd.DataFrame(X, columns=["a", "b"]), npartitions=3)
    bad = frame.assign(b=frame["b"].where(frame["b"] < 0.5))
    refused(client, ValueError, r"x: expected finite numbers, got nan in row 600, column 1 \('b'\)", bad)
    net = network()
    net.feature_names = ["a", "c"]
    refused(
        client,
        ValueError,
        r"x: expected the columns that the network knows .*missing: 'c'.*\(partition 0\)",
        frame,
        net=net,
    )


def test_settings(client):
    refused(client, ValueError, "shuffle: expected False beside batch_size", batch_size=100)
    refused(client, ValueError, "batch_size: expected a positive integer or None, got 0", batch_size=0)
    refused(client, ValueError, "epochs: expected a positive integer, got 0", epochs=0)
    refused(
        client,
        ValueError,
        "validation_split: give this or validation_data",
        validation_split=0.1,
        validation_data=(X, Y),
    )
    refused(client, ValueError, "validation_split: expected a number between 0 and 1, got 2", validation_split=2)
    refused(client, ValueError, "class_weight: expected None for squared_error", class_weight="balanced")
    refused(
        client,
        ValueError,
        "class_weight: expected classes from 0 to 2, got 9",
        y=np.arange(1200) % 3,
        net=network("cross_entropy"),
        class_weight={9: 1},
    )
    refused(client, TypeError, "got an unexpected keyword argument 'lr'; here it is 'learning_rate'", lr=1)
    refused(client, ValueError, "metrics: expected validation_data in this process", metrics=["rmse"])


def test_predictions_for_what_is_not_dask_s():
    """The message shows the type, not the whole table."""
    message = "x: expected a Dask array or data frame, or a list of Delayed, got ndarray; data that is in this process"
    with pytest.raises(TypeError, match=message):
        netlet.dask.predict(network(), X)


def test_validation_data(client):
    held = on_dask(changed(X, (555, 0), np.nan)), on_dask(Y)
    refused(client, ValueError, "validation_data: x: expected finite numbers, got nan in row 555", validation_data=held)
    refused(client, ValueError, "validation_data: y: expected 1200 rows", validation_data=(on_dask(X), Y[1:]))
    refused(client, ValueError, "validation_data: expected a tuple", validation_data=(on_dask(X),))


def test_what_a_task_raises(client):
    def broken():
        raise OSError("no such block")

    refused(client, OSError, "no such block", [dask.delayed(broken)()])


@pytest.mark.parametrize(
    ("x", "y", "options"),
    [
        (X, changed(Y, 3, np.inf), {}),  # which is seen in a part,
        (changed(X, (900, 0), 1e300), Y, BATCHES | {"net": network(dtype="float32")}),  # in a share,
        (X, np.stack([Y, Y], axis=1), {}),  # and in a batch
    ],
)
def test_no_data_is_held_after_an_error(client, x, y, options):
    def held():
        for _ in range(2):  # what is let go of lets go of more
            gc.collect()
            client.sync(asyncio.sleep, 0)  # until the client's thread has heard of it
        return set(client.futures)

    before = held()
    refused(client, ValueError, "[xy]: expected", x, y, **options)
    assert held() <= before


def test_a_callback_that_raises_and_divergence(client):
    net, other = network(), network()

    def fail(epoch, history):
        if epoch == 1:
            raise KeyError("stop")

    with pytest.raises(KeyError) as caught:
        netlet.dask.fit(net, on_dask(X), on_dask(Y), client=client, epochs=5, callback=fail)
    other.fit(X, Y, epochs=2)
    assert net.fingerprint() == other.fingerprint()
    assert len(caught.value.history) == 2
    net = network(activation="identity")
    with pytest.raises(DivergenceError):
        netlet.dask.fit(net, on_dask(X), on_dask(Y), client=client, epochs=500, learning_rate=1e9)
    netlet.dask.fit(network(), on_dask(X), on_dask(Y), client=client, epochs=1)  # the cluster goes on


def test_a_worker_of_another_numerics_version(client, monkeypatch):
    from netlet.dask import _fit

    monkeypatch.setattr(_fit, "numerics_version", lambda: 99)
    refused(client, RuntimeError, "expected workers of numerics version 99, as the client has")
