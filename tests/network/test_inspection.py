# SPDX-License-Identifier: BSD-3-Clause
"""What a network shows of itself: summary, views, the outputs of each layer, pictures."""

import numpy as np
import pytest
from netlet import Adam, Network, functional
from netlet.reference.sums import matmul

from helpers.every import every_dtype


def policy(**settings):
    settings = {"activation": "relu", "loss": "cross_entropy", "dropout": [0.2, 0], "seed": 7} | settings
    return Network([784, 128, 32, 10], **settings)


def test_a_summary_names_layers_parameters_loss_scaling_and_training():
    net = policy(dtype="float32")
    net.input_scaling = np.zeros(784), np.ones(784)
    net.fit(np.ones((2, 784)), [0, 1], epochs=1)
    assert str(net.summary()).splitlines() == [
        "Network 784-128-32-10, float32",
        "layer  inputs  outputs  activation  parameters  dropout",
        "    1     784      128        relu     100,480      0.2",
        "    2     128       32        relu       4,128",
        "    3      32       10     softmax         330",
        "104,938 parameters, 409.9 KiB",
        "loss: cross_entropy, sum; scaling of inputs",
        "trained: 1 epoch; seed 7",
    ]
    assert repr(net.summary()) == str(net.summary())
    assert (
        "loss: huber, huber_delta 2, mean; no"
        in Network([2, 1], loss="huber", huber_delta=2, reduction="mean").summary()
    )


def test_a_summary_of_many_layers_shows_the_first_and_the_last():
    lines = Network([1] * 1001, seed=0).summary().splitlines()
    assert len(lines) < 40
    assert lines[0].count("-1") < 40
    assert [line.split()[0] for line in lines[15:19]] == ["14", "15", "...", "986"]
    assert lines[-4].split()[0] == "1000"


def test_a_notebook_shows_tables():
    net = policy()
    html = net._repr_html_()
    assert html == net.summary()._repr_html_()
    assert "<tr><td>2</td><td>128</td><td>32</td><td>relu</td><td>4,128</td><td></td></tr>" in html
    assert html.count("<tr>") == html.count("</tr>") == 4
    assert str(net) == "Network 784-128-32-10, float64"


def test_views_are_those_of_the_parameters():
    net = policy()
    views = net.views(net.parameters)
    assert len(views) == 3
    for pair, own in zip(views, zip(net.weights, net.biases)):
        for view, array in zip(pair, own):
            assert view.__array_interface__["data"] == array.__array_interface__["data"]
            assert (view.shape, view.strides) == (array.shape, array.strides)


@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray, lambda a: a[::2], lambda a: a[:, ::-1]])
def test_views_of_the_gradients_of_rows(layout):
    net, rng = Network([2, 3, 1], seed=0), np.random.default_rng(0)
    gradients = layout(net.row_gradients(rng.normal(size=(6, 2)), rng.normal(size=6)))
    for i, (w, b) in enumerate(net.views(gradients)):
        assert np.shares_memory(w, gradients)
        assert np.shares_memory(b, gradients)
        for row, one in enumerate(gradients):
            np.testing.assert_array_equal(w[row], net.views(one)[i][0])
            np.testing.assert_array_equal(b[row], net.views(one)[i][1])
    optimizer = Adam()
    net.step([[0, 1]], [1], optimizer)
    assert net.views(optimizer.state["m"])[0][0].shape == (2, 3)


def test_views_of_something_else_are_refused():
    net = Network([2, 3, 1], seed=0)
    for vector, error in (([0.0] * 13, TypeError), (np.zeros(12), ValueError), (np.zeros((13, 1)), ValueError)):
        with pytest.raises(error, match=r"^vector: expected "):
            net.views(vector)


@every_dtype
def test_the_outputs_of_each_layer_are_those_of_the_reference_s_sums(dtype):
    rng = np.random.default_rng(1)
    net = Network([5, 40, 7, 3], activation=["tanh", "gelu", "softmax"], loss="cross_entropy", dtype=dtype, seed=3)
    net.input_scaling = rng.normal(size=5), rng.uniform(1, 2, 5)
    x = rng.normal(size=(70, 5))
    outputs, sums = net.layer_outputs(x), net.layer_outputs(x, sums=True)
    before = ((x - net.input_scaling[0]) / net.input_scaling[1]).astype(dtype)
    for found, z, w, b, name in zip(outputs, sums, net.weights, net.biases, net.activations):
        assert z.tobytes() == matmul(before, w, b).tobytes()
        if name != "softmax":
            assert found.tobytes() == getattr(functional, name)(z).tobytes()
        before = found
    assert outputs[-1].tobytes() == net.forward(x).tobytes()


def test_the_outputs_of_one_row_and_of_scaled_outputs():
    net = Network([2, 3, 2], output_activation="identity", loss="gaussian_nll", seed=0)
    net.output_scaling = [5.0], [2.0]
    hidden, outputs = net.layer_outputs([1, 2])
    assert (hidden.shape, outputs.shape) == ((3,), (2,))
    assert outputs.tobytes() == net.forward([1, 2]).tobytes()
    sums = net.layer_outputs([1, 2], sums=True)[-1]
    np.testing.assert_allclose(sums * net.output_scaling[1] + net.output_scaling[0], outputs, rtol=1e-15)
    with pytest.raises(ValueError, match=r"^x: expected shape \(rows, 2\)"):
        net.layer_outputs([[1, 2, 3]])


class Own(Network):
    def __init__(self, units):
        super().__init__([2, units, 1], seed=0)


def test_a_class_of_one_s_own_has_all_of_this():
    net = Own(3)
    assert net.layer_outputs([1, 2])[-1].tobytes() == net.forward([1, 2]).tobytes()
    assert "parameters" in net.summary()


@pytest.mark.parametrize("sizes", [[2, 3, 1], [64, 100, 10]], ids=["units", "matrices"])
def test_a_picture_shows_all_layers(sizes):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    net = Network(sizes, seed=0)
    ax = net.plot()
    assert ax.get_title() == str(net)
    assert len([text for text in ax.texts if "sigmoid" in text.get_text()]) == 2
    assert net.plot(ax) is ax
    pyplot.close(ax.figure)


def lines(ax):
    return [
        (np.hypot(*np.diff(segment, axis=0)[0]), *color, width)
        for collection in ax.collections
        if hasattr(collection, "get_segments")
        for segment, color, width in zip(
            collection.get_segments(), collection.get_colors(), collection.get_linewidths(), strict=True
        )
    ]


def test_the_larger_a_weight_the_wider_and_darker_its_line_and_the_later_it_is_drawn():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    for sizes in ([2, 1], [16, 16]):
        net = Network(sizes, seed=0)
        net.parameters[:] = 0
        net.weights[0].flat[:] = np.linspace(-1, 0.9, net.weights[0].size)
        ax = net.plot()
        *_, last = drawn = lines(ax)
        reds, blues = [x for x in drawn if x[1] > x[3]], [x for x in drawn if x[1] < x[3]]
        assert len(blues) >= len(reds) > 0
        assert last[1] < last[3]  # the largest is negative
        for figure in (4, 5):  # opacity and width
            assert [x[figure] for x in drawn] == sorted(x[figure] for x in drawn)
            assert drawn[-1][figure] > drawn[0][figure] > 0
        pyplot.close(ax.figure)
    halves = []
    for count in (2, 16):  # the same weight of half the largest size is fainter among many
        net = Network([count, count], init=np.full((count + 1) * count, 0.5))
        net.weights[0][0, 0] = 1
        ax = net.plot()
        halves.append(lines(ax)[0])
        pyplot.close(ax.figure)
    assert halves[0][4] > 2 * halves[1][4]


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_inputs_and_outputs_have_their_names_where_they_are_few():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    for hidden in (3, 40):  # units, and matrices
        net = Network([2, hidden, 3], loss="cross_entropy", seed=0, classes=["cat", "dog", "owl of the night"])
        net.feature_names = ["$a_", "a name\nthat is too long to be drawn in full"]
        ax = net.plot()
        ax.figure.canvas.draw()
        assert {"$a_", "a name that is too long…", "cat", "dog"} <= set(words(ax))
        assert sum(word.startswith("owl") for word in words(ax)) == 1
        pyplot.close(ax.figure)
    net = Network([2, 3, 1], loss="binary_cross_entropy", seed=0, classes=["no", "yes"])
    ax = net.plot()
    assert "yes" in words(ax)
    assert "no" not in words(ax)
    pyplot.close(ax.figure)
    net = Network([100, 50], loss="cross_entropy", seed=0, classes=[f"class {i}" for i in range(50)])
    net.feature_names = [f"input {i}" for i in range(100)]
    ax = net.plot()
    assert len(words(ax)) == 1
    pyplot.close(ax.figure)


def test_a_picture_of_what_is_not_finite_is_drawn():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    for sizes in ([2, 2], [30, 30]):
        net = Network(sizes, init=np.full((sizes[0] + 1) * sizes[1], np.nan))
        figure = net.plot().figure
        figure.canvas.draw()
        pyplot.close(figure)
