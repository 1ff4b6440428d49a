# SPDX-License-Identifier: BSD-3-Clause
"""
Sample weights
==============

Two instruments measured the same curve: a cheap one, often and badly; a good one, rarely and
well. Weighted by the inverse of its variance, each row counts for as much as it is worth.
"""

import matplotlib.pyplot as plt
import numpy as np
from netlet import Adam, Network


def curve(x):
    return np.exp(-((x - 1) ** 2)) + 0.7 * np.exp(-2 * (x + 1.5) ** 2)


rng = np.random.default_rng(2)
x = rng.uniform(-4, 4, size=440)
deviation = np.where(np.arange(440) < 400, 0.4, 0.02)
y = curve(x) + rng.normal(0, deviation)

# %%
# ``sample_weight`` multiplies the loss of each row.


def train(weights):
    net = Network(
        [1, 20, 1], activation="tanh", output_activation="identity", reduction="mean", seed=0
    )
    net.fit(
        x[:, None],
        y,
        epochs=4000,
        optimizer=Adam(0.02),
        standardize="inputs",
        sample_weight=weights,
    )
    return net


across = np.linspace(-4, 4, 300)
fits = {"all rows alike": train(None), "weighted": train(1 / deviation**2)}
fits = {name: net.predict(across[:, None]) for name, net in fits.items()}
for name, fit in fits.items():
    print(f"{name:15} error {np.sqrt(np.mean((fit - curve(across)) ** 2)):.3f}")

# %%
# Without weights, the network follows the noise of the cheap instrument.

figure, ax = plt.subplots()
cheap = deviation > 0.1
ax.scatter(x[cheap], y[cheap], s=8, color="lightgray", label="cheap instrument")
ax.scatter(x[~cheap], y[~cheap], s=25, color="black", zorder=3, label="good instrument")
ax.plot(across, curve(across), color="black", linestyle=":", label="true curve")
for name, fit in fits.items():
    ax.plot(across, fit, label=name)
ax.set(
    title="Two instruments, one curve",
    xlabel="position (mm)",
    ylabel="signal (V)",
    ylim=(-1.2, 2.2),
)
ax.legend(ncols=2, loc="upper left")
plt.show()
