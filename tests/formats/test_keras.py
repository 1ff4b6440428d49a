# SPDX-License-Identifier: BSD-3-Clause
"""Import from Keras."""

import os

import numpy as np
import pytest
from netlet import Network

RNG = np.random.default_rng(3)
W, B = RNG.normal(size=(3, 2)), RNG.normal(size=2)
X = RNG.normal(size=(50, 4)).astype(np.float32)


def frameworks(test):
    """A test with the real library, which takes long to install: ``pytest -m frameworks``."""
    return pytest.mark.frameworks(pytest.mark.filterwarnings("default")(test))


@pytest.fixture(scope="module")
def keras():
    pytest.importorskip("torch")
    os.environ["KERAS_BACKEND"] = "torch"
    return pytest.importorskip("keras")


def test_weights_of_keras():
    net = Network.from_keras([W, B, W.T], activation="relu", output_activation="softmax", dtype="float32")
    assert net.activations == ("relu", "softmax")
    assert (net.loss_name, net.dtype) == ("cross_entropy", np.float32)
    np.testing.assert_array_equal(net.weights[1], W.T.astype(np.float32))
    with pytest.raises(ValueError, match="activation: weights do not contain it"):
        Network.from_keras([W, B])
    with pytest.raises(ValueError, match=r"model, array 0: expected a weight .* got \(2,\)"):
        Network.from_keras([B, W], activation="relu")
    with pytest.raises(ValueError, match=r"array 2: expected a weight .* got \(2,\)"):
        Network.from_keras([W, B, B], activation="relu")
    with pytest.raises(TypeError, match="expected a model of Keras or its weights, got str"):
        Network.from_keras("model")


@frameworks
def test_models_of_keras_give_the_same(keras):
    layers = keras.layers
    for name in ("linear", "sigmoid", "tanh", "relu", "elu", "softplus", "silu", "gelu", "hard_sigmoid"):
        model = keras.Sequential(
            [
                layers.Input((4,)),
                layers.Dense(6, name),
                layers.Dropout(0.5),
                layers.Dense(5, use_bias=False),
                layers.LeakyReLU(negative_slope=0.01),
                layers.Dense(3, "softmax"),
            ]
        )
        net = Network.from_keras(model)
        assert net.dropout == (0.5, 0.0)
        expected = keras.ops.convert_to_numpy(model(X))
        np.testing.assert_allclose(net.forward(X), expected, rtol=1e-5, atol=1e-7)
        hidden = "identity" if name == "linear" else name
        same = Network.from_keras(model.get_weights(), activation=[hidden, "leaky_relu"], output_activation="softmax")
        assert same.fingerprint() == net.fingerprint()
    for layer, message in [
        (layers.LeakyReLU(negative_slope=0.3), "slope 0.01"),
        (layers.Dense(2, "leaky_relu"), "no activation 'leaky_relu'"),
        (layers.BatchNormalization(name="norm"), r"layer 'norm' \(BatchNormalization\)"),
        (layers.ReLU(max_value=6), "relu has max_value None, this one 6"),
    ]:
        with pytest.raises(ValueError, match=message):
            Network.from_keras(keras.Sequential([layers.Input((4,)), layers.Dense(3), layer]))


@frameworks
def test_models_of_keras_that_are_no_chains_are_refused(keras):
    layers = keras.layers
    x = layers.Input((4,))
    dense, other = layers.Dense(4), layers.Dense(4)

    class Mine(layers.Dense):
        def call(self, x):
            return -super().call(x)

    class Model(keras.Model):
        def call(self, x):
            return x

    cases = [
        (keras.Model(x, dense(x) + x), "a chain"),
        (keras.Model(x, dense(dense(x))), "each layer stands once"),
        (keras.Model(x, [dense(x), other(x)]), "one input and one output, got 1 and 2"),
        (keras.Model(x, keras.ops.relu(dense(x))), "of another kind|no such layer"),
        (keras.Model(x, Mine(4)(x)), "a layer of Keras itself"),
        (keras.Model(x, layers.Dense(4, activation=lambda v: v)(x)), "no activation"),
        (keras.Model(x, layers.Dense(4, activation=keras.ops.gelu)(x)), "no activation 'gelu' of that form"),
        (keras.Model(x, layers.Dense(4, dtype="mixed_float16")(x)), "computed in float16"),
        (keras.Sequential([layers.Dense(3)]), "a model that is built"),
        (Model(), "a Sequential or functional model"),
    ]
    for model, message in cases:
        with pytest.raises(ValueError, match=message):
            Network.from_keras(model)
