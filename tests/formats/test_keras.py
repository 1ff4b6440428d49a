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
        Network.from_keras([W, B, W.T])
    for weights in ([W, B], [W]):  # no hidden layers
        assert Network.from_keras(weights).activations == ("identity",)
        net = Network.from_keras(weights, output_activation="sigmoid")
        assert (net.activations, net.loss_name) == (("sigmoid",), "binary_cross_entropy")
    with pytest.raises(ValueError, match=r"model, array 0: expected a weight .* got \(2,\)"):
        Network.from_keras([B, W], activation="relu")
    with pytest.raises(ValueError, match=r"array 2: expected a weight .* got \(2,\)"):
        Network.from_keras([W, B, B], activation="relu")
    with pytest.raises(TypeError, match="expected a model of Keras or its weights, got str"):
        Network.from_keras("model")


@frameworks
def test_models_of_keras_give_the_same(keras):
    layers = keras.layers
    for name in ("linear", "sigmoid", "tanh", "relu", "elu", "softplus", "silu", "gelu", "hard_sigmoid", "mish"):
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
        (layers.LayerNormalization(name="norm"), r"layer 'norm' \(LayerNormalization\): netlet has no such layer"),
        (layers.ReLU(max_value=6, threshold=1.0), "relu has max_value None, this one 6"),
        (layers.ReLU(negative_slope=0.5), "relu has negative_slope 0.0, this one 0.5"),
    ]:
        with pytest.raises(ValueError, match=message):
            Network.from_keras(keras.Sequential([layers.Input((4,)), layers.Dense(3), layer]))


@frameworks
def test_limits_and_activations_without_sums_of_their_own(keras):
    layers = keras.layers
    for parts, activations in [
        ([layers.Dense(6, "relu6"), layers.Dense(3, "hard_tanh")], ("hard_sigmoid", "hard_sigmoid")),
        ([layers.Dense(6), layers.ReLU(max_value=1.5), layers.Dense(3)], ("hard_sigmoid", "identity")),
        ([layers.Activation("tanh"), layers.Dense(3)], ("tanh", "identity")),
        ([layers.Rescaling(0.5), layers.Activation("hard_tanh"), layers.Dense(3)], ("hard_sigmoid", "identity")),
        ([layers.Dense(6, "tanh"), layers.ReLU(), layers.Dense(3, "relu"), layers.Softmax()],
         ("tanh", "relu", "relu", "softmax")),
    ]:  # fmt: skip
        model = keras.Sequential([layers.Input((4,)), *parts])
        net = Network.from_keras(model)
        assert net.activations == activations
        for x in (X, X * 10):
            np.testing.assert_allclose(net.forward(x), keras.ops.convert_to_numpy(model(x)), rtol=1e-4, atol=4e-6)


@frameworks
@pytest.mark.filterwarnings("ignore:model, layer:UserWarning")
def test_slopes_of_leaky_relu(keras):
    layers = keras.layers
    slopes = layers.PReLU(alpha_initializer=keras.initializers.RandomNormal(seed=1))
    for part in (layers.LeakyReLU(), layers.Activation("leaky_relu"), slopes):
        model = keras.Sequential([layers.Input((4,)), layers.Dense(6), part, layers.Dense(3)])
        net = Network.from_keras(model)
        assert net.layer_sizes == (4, 12, 3)
        np.testing.assert_allclose(net.forward(X), keras.ops.convert_to_numpy(model(X)), rtol=1e-5, atol=1e-6)


def normalized(layer, data):
    layer.adapt(data)
    return layer


@frameworks
def test_what_is_fixed_after_training_goes_into_the_network(keras):
    layers = keras.layers
    draw = np.random.default_rng(4)

    def batch_normalization(**settings):
        return layers.BatchNormalization(
            moving_mean_initializer=keras.initializers.RandomNormal(seed=1),
            moving_variance_initializer=keras.initializers.RandomUniform(0.5, 2, seed=2),
            gamma_initializer=keras.initializers.RandomUniform(0.5, 2, seed=3),
            beta_initializer=keras.initializers.RandomNormal(seed=4),
            epsilon=0.01,
            **settings,
        )

    def chain(*parts, shape=(4,)):
        return keras.Sequential([layers.Input(shape), *parts])

    x = (draw.normal(size=(50, 4)) * [1, 10, 0.1, 3] + [5, 0, 2, -1]).astype(np.float32)
    hidden = layers.Dense(5, "tanh")
    models = [
        chain(normalized(layers.Normalization(), x), hidden, layers.Dense(2)),
        chain(layers.Normalization(mean=1.5, variance=4.0), hidden, layers.Dense(2)),
        chain(layers.Normalization(mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0, 4.0, 9.0, 0.01]), hidden, layers.Dense(2)),
        chain(normalized(layers.Normalization(axis=None), x), hidden, layers.Dense(2)),
        chain(hidden, layers.Dense(1), layers.Normalization(mean=[3.0], variance=[16.0], invert=True)),
        chain(layers.Rescaling(1 / 255, offset=-0.5), hidden, batch_normalization(), layers.Dense(3, "softmax")),
        chain(layers.Rescaling([0.1, -0.2, 0.3, 0.4], offset=[1.0, 2.0, 3.0, 4.0]), hidden, layers.Dense(3)),
        chain(batch_normalization(), layers.Dense(5, use_bias=False), batch_normalization(), layers.Activation("tanh"),
              batch_normalization(scale=False), layers.Dense(3, "gelu"), batch_normalization(center=False),
              layers.Dense(2),
              batch_normalization()),
        chain(layers.Normalization(mean=[1.0, 2.0], variance=[2.0, 3.0]), batch_normalization(axis=1),
              layers.Flatten(), layers.GaussianNoise(0.1), hidden, layers.Dense(2), shape=(2, 2)),
        chain(layers.Dropout(0.2), chain(layers.Dense(3, "elu"), shape=(4,)), layers.Reshape((3,)), layers.Dense(2),
              layers.Dropout(0.5)),
    ]  # fmt: skip
    for model in models:
        net = Network.from_keras(model)
        expected = keras.ops.convert_to_numpy(model(x.reshape(-1, *model.input_shape[1:])))
        scale = np.abs(expected).max()
        np.testing.assert_allclose(net.forward(x) / scale, expected / scale, atol=2e-6)
    with pytest.warns(UserWarning, match="ends in LogSoftmax; the network gives the probabilities"):
        net = Network.from_keras(chain(hidden, layers.Dense(3, "log_softmax")))
    assert net.activations == ("tanh", "softmax")
    for model, message in [
        (chain(layers.Dense(3), shape=(5, 4)), r"\(Dense\): expected rows of inputs, flattened before it, .* \(5, 4\)"),
        (chain(layers.Softmax(), layers.Flatten(), layers.Dense(3), shape=(5, 4)), "flattened before it"),
        (chain(layers.Permute((2, 1)), layers.Flatten(), layers.Dense(3), shape=(5, 4)), r"\(Permute\)"),
        (chain(layers.Flatten("channels_first"), layers.Dense(3), shape=(5, 4)), r"\(Flatten\)"),
        (chain(layers.Dense(3, "log_softmax"), layers.Rescaling(2.0)), "expected nothing after LogSoftmax"),
        (chain(layers.UnitNormalization(), layers.Dense(3)), r"\(UnitNormalization\): netlet has no such layer"),
    ]:
        with pytest.raises(ValueError, match=message):
            Network.from_keras(model)


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
