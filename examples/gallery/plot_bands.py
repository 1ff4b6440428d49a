# SPDX-License-Identifier: BSD-3-Clause
"""
Regression with bands
=====================

How warm will it be in Seattle, and how sure can we be? With the loss ``gaussian_nll``, a network
learns a mean and a variance for each row, so the band is wide where the weather varies.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from netlet import Adam, Network
from vega_datasets import data

weather = pd.read_csv(data.seattle_weather.filepath, parse_dates=["date"])  # 2012 to 2015
day = weather["date"].dt.day_of_year.to_numpy()
warmest = weather["temp_max"].to_numpy()
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
train = (weather["date"].dt.year < 2015).to_numpy()

# %%
# A year is a circle: sine and cosine put the last day of December next to the first of January.


def season(day):
    angle = 2 * np.pi * day / 365.25
    return np.stack([np.sin(angle), np.cos(angle)], axis=1)


# %%
# The network has two outputs for each target, its mean and the logarithm of its variance.
# ``forward`` returns both, ``predict`` only the means. With ``standardize``, everything is in
# degrees.

net = Network([2, 8, 2], activation="tanh", loss="gaussian_nll", reduction="mean", seed=0)
net.fit(
    season(day[train]),
    warmest[train],
    epochs=300,
    batch_size=64,
    optimizer=Adam(0.005),
    standardize=True,
)

mean, log_variance = net.forward(season(day[~train])).T
inside = np.abs(warmest[~train] - mean) < 1.64 * np.exp(log_variance / 2)
print(f"{inside.mean():.0%} of the days of 2015 lie in the band for 90 %")

# %%
# The network has not seen 2015, which was a warm year: fewer days lie in the band than should.

days = np.arange(1, 366)
mean, log_variance = net.forward(season(days)).T
deviation = np.exp(log_variance / 2)

figure, ax = plt.subplots()
ax.scatter(day[train], warmest[train], s=6, color="lightgray", label="2012 to 2014")
ax.scatter(day[~train], warmest[~train], s=6, color="tab:orange", label="2015, held out")
ax.plot(days, mean, label="mean")
ax.fill_between(
    days,
    mean - 1.64 * deviation,
    mean + 1.64 * deviation,
    color="tab:blue",
    alpha=0.2,
    label="90 % of the days",
)
ax.set(title="Seattle: highest temperature of the day", ylabel="temperature (°C)", xlim=(1, 365))
ax.set_xticks(np.cumsum([1, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30]), MONTHS)
ax.legend(ncols=2)
plt.show()
