# SPDX-License-Identifier: BSD-3-Clause
"""Learn to read handwritten digits, a quarter of them held out."""

import numpy as np
from netlet import Adam, Network
from sklearn.datasets import load_digits

images, labels = load_digits(return_X_y=True)
images = images / 16  # pixels from 0 to 1
held_out = np.arange(len(labels)) % 4 == 0

net = Network(
    [64, 100, 10],
    activation="relu",
    loss="cross_entropy",
    reduction="mean",
    init="he_uniform",
    seed=0,
)
net.fit(
    images[~held_out],
    labels[~held_out],
    epochs=50,
    batch_size=32,
    optimizer=Adam(learning_rate=0.003),
)
print(net.fingerprint())
