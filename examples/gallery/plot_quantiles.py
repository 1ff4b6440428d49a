# SPDX-License-Identifier: BSD-3-Clause
"""
Quantiles
=========

How far a car gets on a litre varies more among light cars than among heavy ones, and more
upwards than downwards. The loss ``quantile`` learns any quantiles, several at once, and assumes
no distribution.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from netlet import Adam, Network
from vega_datasets import data

cars = pd.read_json(data.cars.filepath).dropna(subset=["Miles_per_Gallon"])
weight = cars[["Weight_in_lbs"]].to_numpy() * 0.4536  # kg
distance = cars["Miles_per_Gallon"].to_numpy() * 0.4251  # km per litre

# %%
# There is one output for each quantile. All have the same target, so ``y`` has a single column.

levels = [0.1, 0.5, 0.9]
net = Network(
    [1, 16, 3],
    activation="tanh",
    output_activation="identity",
    loss="quantile",
    quantile=levels,
    reduction="mean",
    seed=0,
)
net.fit(weight, distance, epochs=1000, batch_size=50, optimizer=Adam(0.003), standardize=True)

for level, column in zip(levels, net.predict(weight).T):
    print(f"quantile {level}: {(distance < column).mean():.0%} of the cars lie below")

# %%
# Between the outer two lie 80 % of the cars; the one in the middle is the median.

across = np.linspace(weight.min(), weight.max(), 200)[:, None]
low, median, high = net.predict(across).T

figure, ax = plt.subplots()
ax.scatter(weight, distance, s=10, color="gray", label="cars of 1970 to 1982")
ax.plot(across, median, label="median")
ax.fill_between(across.ravel(), low, high, color="tab:blue", alpha=0.2, label="from 10 % to 90 %")
ax.set(
    title="Distance by weight",
    xlabel="weight (kg)",
    ylabel="distance (km per litre)",
    ylim=(0, None),
)
ax.legend()
plt.show()
