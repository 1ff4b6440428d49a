# SPDX-License-Identifier: BSD-3-Clause
"""
Learning-rate schedules
=======================

Large steps get far, small steps get close. Four schedules and a constant rate are compared, from
the same initial weights and with the same batches.
"""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import cbook
from netlet import Adam, Network
from netlet.schedules import CosineDecay, ExponentialDecay, ReduceOnPlateau, StepDecay

# %%
# The data is real terrain, near Jacksboro, Tennessee: elevation by longitude and latitude, at
# every fourth point in each direction.

ground = np.load(cbook.get_sample_data("jacksboro_fault_dem.npz", asfileobj=False))
y = ground["elevation"][::4, ::4].astype(float)
places = np.meshgrid(np.linspace(-1, 1, y.shape[1]), np.linspace(1, -1, y.shape[0]))
x, y = np.stack(places, axis=-1).reshape(-1, 2), y.ravel()

# %%
# A schedule returns the factor by which the optimizer's rate is multiplied in each epoch. A
# function of the epoch would do, too.

EPOCHS = 60
schedules = {
    "constant": None,
    "step": StepDecay(0.2, period=20),
    "exponential": ExponentialDecay(0.93),
    "cosine": CosineDecay(EPOCHS),
    "plateau": ReduceOnPlateau(0.3, patience=3),
}
histories = {}
for name, schedule in schedules.items():
    net = Network(
        [2, 48, 48, 1], activation="silu", output_activation="identity", reduction="mean", seed=0
    )
    histories[name] = net.fit(
        x,
        y,
        epochs=EPOCHS,
        batch_size=32,
        optimizer=Adam(0.02),
        schedule=schedule,
        standardize=True,
    )
    print(f"{name:12} off by {net.evaluate(x, y)['rmse']:.1f} m")

# %%
# With a constant rate, the loss stays noisy. Smaller rates at the end make it smooth, and lower.

figure, (left, right) = plt.subplots(1, 2)
for name, history in histories.items():
    left.plot(history.learning_rate, label=name)
    right.plot(history.loss, label=name)
left.set(title="Rate", xlabel="epoch", ylabel="learning rate", yscale="log")
right.set(title="Loss", xlabel="epoch", ylabel="mean loss", ylim=(0.12, 0.2))
left.legend()
plt.show()
