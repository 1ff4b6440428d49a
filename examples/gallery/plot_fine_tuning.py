# SPDX-License-Identifier: BSD-3-Clause
"""
Fine-tuning a PyTorch network
=============================

A network trained by PyTorch arrives as a safetensors file, and goes on learning without PyTorch,
from 30 digits taken by another camera. They would be too few to start from scratch.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from netlet import Adam, Network
from safetensors.numpy import load_file, save_file
from scipy.ndimage import gaussian_filter
from sklearn.datasets import load_digits

images, labels = load_digits(return_X_y=True)
images = images / 16

# %%
# To keep PyTorch out of this page, netlet trains the first network, too, and writes the file as
# PyTorch would: a Sequential of Linear, ReLU and Linear has these names, and weights of shape
# (outputs, inputs).

first = Network([64, 60, 10], activation="relu", loss="cross_entropy", reduction="mean", seed=0)
first.fit(images[:1000], labels[:1000], epochs=40, batch_size=32, optimizer=Adam(0.003))

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "digits.safetensors"
state = {}
for name, weight, bias in zip(["0", "2"], first.weights, first.biases):
    state |= {
        f"{name}.weight": weight.T.astype(np.float32, order="C"),
        f"{name}.bias": bias.astype(np.float32),
    }
save_file(state, path)

# %%
# The other camera is out of focus, and its light is poor. Only 30 of its digits have labels.

other = 0.6 * gaussian_filter(images.reshape(-1, 8, 8), (0, 0.7, 0.7))
other = (other + np.random.default_rng(0).normal(0.2, 0.05, other.shape)).reshape(-1, 64)
x, y, test = other[1000:1030], labels[1000:1030], (other[1030:], labels[1030:])

# %%
# ``from_torch`` takes the tensors as they are. Such a file contains neither the activations nor
# the loss, so name them.

tuned = Network.from_torch(load_file(path), activation="relu", output_activation="softmax")
scratch = Network(
    [64, 60, 10],
    activation="relu",
    loss="cross_entropy",
    reduction="mean",
    dtype="float32",
    seed=1,
)
print(tuned)

curves = {}
for name, net in {"fine-tuned": tuned, "from scratch": scratch}.items():
    before = net.evaluate(*test)["accuracy"]
    history = net.fit(x, y, epochs=80, batch_size=10, optimizer=Adam(0.001), validation_data=test)
    curves[name] = [before, *history["validation_accuracy"]]
    print(f"{name:12} {before:.1%} before, {curves[name][-1]:.1%} after")
folder.cleanup()

figure, (left, right) = plt.subplots(1, 2, width_ratios=[2, 3])
rows = [np.hstack(camera[1000:1005].reshape(-1, 8, 8)) for camera in (images, other)]
left.imshow(np.vstack(rows), cmap="gray_r")
left.set_title("The same digits by both cameras")
left.set_axis_off()
for name, curve in curves.items():
    right.plot(100 * np.array(curve), label=name)
right.set(
    title="The other camera's 767 digits", xlabel="epochs", ylabel="read right (%)", ylim=(0, 100)
)
right.legend()
plt.show()
