# SPDX-License-Identifier: BSD-3-Clause
"""
An ensemble's spread
====================

Networks that start from different weights agree where there is data, and disagree where there is
none. Their spread is a cheap warning of predictions that should not be trusted.
"""

import matplotlib.pyplot as plt
import numpy as np
from netlet import Adam, Network

rng = np.random.default_rng(0)
x = np.concatenate([rng.uniform(-4, -1, 60), rng.uniform(1.5, 4, 60)])[:, None]
y = np.sin(2 * x[:, 0]) + 0.3 * x[:, 0] + rng.normal(0, 0.1, 120)

# %%
# Only the seed differs. It determines the initial values and the order of the rows.


def train(seed):
    net = Network(
        [1, 40, 40, 1],
        activation="tanh",
        output_activation="identity",
        reduction="mean",
        seed=seed,
    )
    net.fit(x, y, epochs=600, batch_size=20, optimizer=Adam(0.005), standardize=True)
    return net


across = np.linspace(-6, 6, 300)[:, None]
members = np.array([train(seed).predict(across) for seed in range(20)])
mean, spread = members.mean(axis=0), members.std(axis=0)

known = ((across > -4) & (across < -1) | (across > 1.5) & (across < 4)).ravel()
print(
    f"spread where there is data {spread[known].mean():.3f}, elsewhere {spread[~known].mean():.3f}"
)

# %%
# The band is wide in the gap, although there is data on both sides of it.

figure, ax = plt.subplots()
ax.plot(across, members.T, color="tab:blue", alpha=0.2, linewidth=0.8)
ax.plot(across, mean, color="tab:blue", linewidth=2, label="mean of 20 networks")
ax.fill_between(
    across.ravel(),
    mean - 2 * spread,
    mean + 2 * spread,
    color="tab:blue",
    alpha=0.2,
    label="two standard deviations",
)
ax.scatter(x, y, s=12, color="black", zorder=3, label="data")
ax.set(
    title="Twenty networks on the same data",
    xlabel="x",
    ylabel="y",
    xlim=(-6, 6),
    ylim=(-4.5, 4.5),
)
ax.legend(loc="upper left")
plt.show()
