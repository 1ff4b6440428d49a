# SPDX-License-Identifier: BSD-3-Clause
"""Writes the models that tests/formats/test_rtneural.py reads: with tf_keras and TF_USE_LEGACY_KERAS=1, in the folder
python of a clone of RTNeural. rtneural.cpp writes what RTNeural gives for them.
"""

import numpy as np
from model_utils import save_model
from tensorflow import keras

layers = keras.layers
models = {
    "dense": [
        layers.Input((2,)),
        layers.Dense(5, "tanh"),
        layers.Dense(4),
        layers.Activation("elu"),
        layers.Dense(3, use_bias=False),
        layers.Activation("sigmoid"),
        layers.Dense(3, "softmax"),
    ],
    "timed": [
        layers.Input((None, 2)),
        layers.TimeDistributed(layers.Dense(4)),
        layers.BatchNormalization(),
        layers.Activation("relu"),
        layers.BatchNormalization(center=False, scale=False),
        layers.Dense(1),
    ],
}
rng = np.random.default_rng(1)
for name, chain in models.items():
    model = keras.Sequential(chain)
    model.set_weights(
        [rng.uniform(0.1, 1.5, np.shape(w)) * rng.choice([-1, 1], np.shape(w)) for w in model.get_weights()]
    )
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_variance.assign(np.abs(layer.moving_variance.numpy()))
    save_model(model, f"rtneural_{name}.json")
