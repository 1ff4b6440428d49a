# SPDX-License-Identifier: BSD-3-Clause
"""Any layout, dtype and kind of array holds the same data."""

import numpy as np
import pytest
from netlet import Network

from helpers.arrays import misaligned, read_only
from helpers.every import every_dtype
from helpers.training import SIZES, X, Y, random_data, regression


def results(x, y, dtype="float64"):
    """The bits of all that a fresh network computes from x and y."""
    net = Network(SIZES, activation="tanh", dtype=dtype, seed=1)
    outputs = net.forward(x)
    loss, gradient = net.backward(x, y)
    history = net.fit(x, y, epochs=2, learning_rate=0.01, batch_size=70)
    assert net.loss(x, y) != loss, "training changed nothing: this test could not fail"
    return [np.asarray(r).tobytes() for r in (outputs, loss, gradient, history.loss, net.parameters)]


class Frame:
    """Something like a pandas.DataFrame."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype=dtype)


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


def test_a_memory_map_trains(tmp_path):
    np.save(tmp_path / "x.npy", X)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    a, b = regression(), regression()
    a.fit(mapped, Y, epochs=2, batch_size=32)
    b.fit(X, Y, epochs=2, batch_size=32)
    assert a == b


def test_data_frames_train():
    pandas = pytest.importorskip("pandas")
    a, b = regression(), regression()
    a.fit(pandas.DataFrame(X), pandas.DataFrame(Y), epochs=2, sample_weight=pandas.Series(np.ones(300)))
    b.fit(X, Y, epochs=2)
    assert a == b


def test_anything_with_array_trains():
    class Data:
        def __init__(self, values):
            self.values = values

        def __array__(self, dtype=None, copy=None):
            return np.array(self.values, dtype=dtype)

        def __len__(self):
            return len(self.values)

    a, b = regression(), regression()
    a.fit(Data(X), Data(Y), epochs=2, batch_size=100)
    b.fit(X, Y, epochs=2, batch_size=100)
    assert a == b
