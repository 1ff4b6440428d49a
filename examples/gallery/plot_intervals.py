# SPDX-License-Identifier: BSD-3-Clause
"""
Intervals with a guarantee
==========================

Split conformal prediction in three lines: rows that the network has not seen show how far off it
tends to be. The intervals made from that contain nine out of ten new rows on average, whatever
the distribution, as long as new rows come from the same one.
"""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from netlet.sklearn import MLPRegressor
from sklearn.compose import make_column_transformer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from vega_datasets import data

cars = pd.read_json(data.cars.filepath).dropna()
numbers = ["Cylinders", "Displacement", "Horsepower", "Weight_in_lbs", "Acceleration"]
x, y = cars[[*numbers, "Origin"]], 0.4251 * cars["Miles_per_Gallon"]  # km per litre

x_train, x_rest, y_train, y_rest = train_test_split(x, y, train_size=0.5, random_state=1)
x_calibrate, x_test, y_calibrate, y_test = train_test_split(
    x_rest, y_rest, train_size=0.5, random_state=1
)

# %%
# The pipeline takes a table of numbers and text. The network predicts the logarithm, since
# errors grow with the distance.

model = make_pipeline(
    make_column_transformer((StandardScaler(), numbers), (OneHotEncoder(), ["Origin"])),
    MLPRegressor(
        hidden_layer_sizes=(20,), alpha=0.01, learning_rate_init=0.01, max_iter=500, random_state=0
    ),
)
model.fit(x_train, np.log(y_train))

# %%
# The margin is a quantile of the errors on the calibration rows: 90 %, and a little more because
# they are few.

errors = np.abs(np.log(y_calibrate) - model.predict(x_calibrate))
margin = np.quantile(errors, np.ceil(0.9 * (len(errors) + 1)) / len(errors), method="higher")
prediction = model.predict(x_test)
low, high = np.exp(prediction - margin), np.exp(prediction + margin)

inside = (low <= y_test) & (y_test <= high)
print(f"{inside.mean():.1%} of {len(y_test)} cars lie within their interval")

# %%
# The held-out cars, from the thirstiest to the most economical.

order = np.argsort(prediction)
figure, ax = plt.subplots()
place = np.arange(len(order))
ax.fill_between(
    place,
    low[order],
    high[order],
    step="mid",
    color="tab:blue",
    alpha=0.2,
    label="interval for 90 %",
)
ax.plot(place, np.exp(prediction[order]), label="prediction")
for here, color, label in ((inside, "black", "inside"), (~inside, "tab:red", "outside")):
    ax.scatter(
        place[here.to_numpy()[order]],
        y_test.to_numpy()[order][here.to_numpy()[order]],
        s=12,
        color=color,
        label=label,
    )
ax.set(
    title="Cars that were held out",
    xlabel="car, by its prediction",
    ylabel="distance (km per litre)",
    ylim=(0, None),
)
ax.legend(loc="upper left", ncols=2)
plt.show()
