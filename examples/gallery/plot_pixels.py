# SPDX-License-Identifier: BSD-3-Clause
"""
Which pixels decide
===================

``input_gradient`` returns how a row's loss changes with each of its inputs. For an image, that is
an image, too: where more ink would make the network more certain, and where less.
"""

import matplotlib.pyplot as plt
import numpy as np
from netlet import Adam, Network
from sklearn.datasets import load_digits

x, y = load_digits(return_X_y=True)
x = x / 16  # pixels from 0 to 1

# %%
# A penalty on the weights, and dropout, make the derivatives smoother.

net = Network(
    [64, 60, 10], activation="gelu", loss="cross_entropy", reduction="mean", dropout=0.3, seed=0
)
net.fit(x[10:], y[10:], epochs=60, batch_size=32, optimizer=Adam(0.003, l2=1e-3))

# %%
# The first ten images, the digits from 0 to 9, were left out of the training. A step against the
# gradient makes the loss smaller, and so each digit more like itself. The 5 is misread as a 9.

ink = -net.input_gradient(x[:10], y[:10])
ink /= np.abs(ink).max(axis=1, keepdims=True)
for digit, probability in zip(y[:10], net.predict_proba(x[:10])):
    print(f"{digit} read as {probability.argmax()} with {probability.max():.1%}")

figure, cells = plt.subplots(2, 10, figsize=(8, 2.4))
figure.suptitle(
    "Ten digits, and where more ink (red) or less (blue) would make each of them surer"
)
for i in range(10):
    cells[0, i].imshow(x[i].reshape(8, 8), cmap="gray_r")
    image = cells[1, i].imshow(ink[i].reshape(8, 8), cmap="RdBu_r", vmin=-1, vmax=1)
for cell in cells.flat:
    cell.set_axis_off()
plt.show()
