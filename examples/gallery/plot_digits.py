# SPDX-License-Identifier: BSD-3-Clause
"""
Handwritten digits
==================

1,797 real images of 8 x 8 pixels, a quarter of them held out. The network reads about 98 % of
those correctly; the rest are worth a look.
"""

import matplotlib.pyplot as plt
import numpy as np
from netlet import Adam, Network
from sklearn.datasets import load_digits

images, labels = load_digits(return_X_y=True)
images = images / 16  # pixels from 0 to 1
held_out = np.arange(len(labels)) % 4 == 0
x, y, x_test, y_test = images[~held_out], labels[~held_out], images[held_out], labels[held_out]

# %%
# The loss ``cross_entropy`` takes the digits as they are, and comes with a softmax output.

net = Network(
    [64, 100, 10],
    activation="relu",
    loss="cross_entropy",
    reduction="mean",
    init="he_uniform",
    seed=0,
)
history = net.fit(
    x, y, epochs=50, batch_size=32, optimizer=Adam(0.003), validation_data=(x_test, y_test)
)
print(
    f"{net.evaluate(x_test, y_test)['accuracy']:.1%} of {len(y_test)} held-out digits read right"
)
print(f"{history.time.sum():.2f} s")

# %%
# A history draws itself: the losses and, below, the share of digits that were read correctly.

history.plot()
plt.show()

# %%
# ``predict`` returns the digit, ``predict_proba`` how sure the network is.

read, sure = net.predict(x_test), net.predict_proba(x_test).max(axis=1)
wrong = np.flatnonzero(read != y_test)
wrong = wrong[np.argsort(-sure[wrong])][:8]

figure, cells = plt.subplots(1, len(wrong), figsize=(8, 2))
figure.suptitle("Misread digits, and how sure the network was")
for cell, i in zip(cells, wrong):
    cell.imshow(x_test[i].reshape(8, 8), cmap="gray_r")
    cell.set_title(f"{y_test[i]} as {read[i]}\n{sure[i]:.1%}")
    cell.set_axis_off()
plt.show()
