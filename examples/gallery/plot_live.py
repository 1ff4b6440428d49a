# SPDX-License-Identifier: BSD-3-Clause
"""
Watching the training
=====================

``LivePlot`` redraws the losses while a network trains. A function of your own can be a callback,
too: the one below records the network's predictions now and then.
"""

import matplotlib.pyplot as plt
import numpy as np
from netlet import Adam, Network
from netlet.callbacks import LivePlot

rng = np.random.default_rng(0)
x = rng.uniform(0, 1, size=(400, 1))
y = np.sin(12 * x**1.5).ravel() + rng.normal(0, 0.1, 400)
across = np.linspace(0, 1, 300)[:, None]

# %%
# Callbacks are called after each epoch. In a window or a notebook, the picture of ``LivePlot``
# grows during training; this is how it ends.

net = Network(
    [1, 40, 1], activation="tanh", output_activation="identity", reduction="mean", seed=0
)
snapshots = {}


def keep(epoch, history):
    if epoch in (0, 10, 100, 300):
        snapshots[epoch] = net.predict(across)


net.fit(
    x[:300],
    y[:300],
    epochs=1000,
    batch_size=50,
    optimizer=Adam(0.01),
    standardize=True,
    validation_data=(x[300:], y[300:]),
    patience=200,
    callbacks=[keep, LivePlot(seconds=0.5)],
)
plt.show()

# %%
# First the network learns the slope, then one swing after another. The last curve belongs to the
# epoch with the smallest validation loss, whose parameters ``patience`` restores.

figure, ax = plt.subplots()
ax.scatter(x, y, s=8, color="lightgray")
for (epoch, curve), color in zip(
    snapshots.items(), plt.get_cmap("viridis")(np.linspace(0.85, 0.25, len(snapshots)))
):
    ax.plot(across, curve, color=color, label=f"epoch {epoch}")
ax.plot(across, net.predict(across), color="black", label="best epoch")
ax.set(title="How the network takes shape", xlabel="x", ylabel="y")
ax.legend(ncols=2)
plt.show()
