# SPDX-License-Identifier: BSD-3-Clause
"""
Decision boundary
=================

Three species of iris, told apart by the length and width of their petals: where the network
draws the line, and how a penalty on the weights changes it.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from netlet import Adam, Network
from sklearn.datasets import load_iris

iris = load_iris()
x, y = iris.data[:, 2:], iris.target_names[iris.target]
colors = ["tab:blue", "tab:orange", "tab:green"]

# %%
# Labels may be text: ``fit`` learns them, and ``predict`` returns them. ``standardize`` makes
# the scaling of the inputs part of the network, so the grid below is in centimetres, too.


def train(l2):
    net = Network([2, 30, 3], activation="tanh", loss="cross_entropy", reduction="mean", seed=0)
    net.fit(x, y, epochs=2000, batch_size=50, optimizer=Adam(0.02, l2=l2), standardize=True)
    return net


# %%
# The color shows the most probable species, and fades where the network is uncertain. Without a
# penalty, the boundary bends around single flowers.

across, up = np.linspace(0.5, 7.5, 200), np.linspace(0, 2.7, 200)
grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)

figure, both = plt.subplots(1, 2, sharey=True)
for ax, l2 in zip(both, [0, 0.003]):
    net = train(l2)
    probability = net.predict_proba(grid).reshape(200, 200, 3)
    species, sure = probability.argmax(axis=-1), probability.max(axis=-1)
    ax.pcolormesh(across, up, species, cmap=ListedColormap(colors), alpha=0.9 * sure - 0.25)
    ax.contour(across, up, species, levels=[0.5, 1.5], colors="black", linewidths=0.8)
    for name, color in zip(net.classes, colors):
        ax.scatter(
            *x[y == name].T, color=color, edgecolors="black", linewidths=0.5, s=25, label=name
        )
    accuracy = net.evaluate(x, y)["accuracy"]
    ax.set(
        title=f"Penalty l2 = {l2:g}, {accuracy:.1%} of the flowers right",
        xlabel="length of the petal (cm)",
    )
both[0].set_ylabel("width of the petal (cm)")
figure.legend(*both[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
plt.show()
