# SPDX-License-Identifier: BSD-3-Clause
"""
XOR
===

The classic first example: a network with two inputs, three hidden units and one output learns
the exclusive or, which no network without a hidden layer can represent.
"""

import matplotlib.pyplot as plt
import numpy as np
from netlet import Network

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([[0], [1], [1], [0]])

# %%
# The defaults are those of most tutorials: sigmoid in both layers, half the summed squared
# error, and plain gradient descent on all rows at once.

net = Network([2, 3, 1], seed=0)
history = net.fit(X, y, epochs=10_000, learning_rate=0.1)
print(net.forward(X).round(3).ravel())
print(f"{1000 * history.time.sum():.1f} ms for {len(history):,} epochs")

# %%
# The loss stays on a plateau until the hidden units have found their roles. Between the four
# points, the network has learned a valley along the diagonal.

side = np.linspace(-0.25, 1.25, 151)
grid = np.stack(np.meshgrid(side, side), axis=-1)
surface = net.forward(grid.reshape(-1, 2)).reshape(grid.shape[:2])

figure, (left, right) = plt.subplots(1, 2)
history.plot(left)
image = right.contourf(side, side, surface, levels=np.linspace(0, 1, 11), cmap="RdBu_r")
right.scatter(*X.T, color="white", edgecolors="black", s=200, zorder=2)
for place, target in zip(X, y.ravel()):
    right.text(*place, target, ha="center", va="center")
right.set(
    title="Output, and the targets of the four rows",
    xlabel="first input",
    ylabel="second input",
    aspect="equal",
)
right.set(xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
figure.colorbar(image, ax=right, label="output", ticks=[0, 0.5, 1])
plt.show()

# %%
# ``plot`` draws the network itself: positive weights in red, negative ones in blue, and the
# larger the weight, the wider the line.

net.plot()
plt.show()
