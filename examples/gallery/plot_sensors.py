# SPDX-License-Identifier: BSD-3-Clause
"""
Two hundred sensors
===================

Every pressure sensor has a characteristic of its own, and drifts with the temperature in its own
way. So each of 200 sensors gets its own small network; they are trained in parallel.
"""

import time

import matplotlib.pyplot as plt
import numpy as np
from joblib import Parallel, delayed
from netlet import Adam, Network

# %%
# The calibration data is simulated: 300 readings of each sensor, at known pressures and
# temperatures.

rng = np.random.default_rng(0)
pressure, temperature = rng.uniform([0, -20], [10, 60], size=(200, 300, 2)).transpose(
    2, 0, 1
)  # bar, °C
gain, bend, offset = rng.normal([[1.0], [0.02], [0.1]], [[0.05], [0.004], [0.05]], size=(3, 200))[
    ..., None
]
drift = rng.normal(0.003, 0.001, size=(200, 1))
reading = (
    offset + gain * pressure - bend * pressure**2 + drift * (temperature - 20) * pressure**0.7
)
reading += rng.normal(0, 0.01, reading.shape)

x = np.stack([reading, temperature], axis=-1)
train, test = slice(0, 200), slice(200, None)

# %%
# ``fit`` releases Python's global lock, so threads are enough: no processes, no copies of the
# data.


def calibrate(x, pressure):
    net = Network(
        [2, 10, 1], activation="tanh", output_activation="identity", reduction="mean", seed=0
    )
    net.fit(x, pressure, epochs=400, batch_size=20, optimizer=Adam(0.01), standardize=True)
    return net


begin = time.perf_counter()
nets = Parallel(n_jobs=-1, prefer="threads")(
    delayed(calibrate)(x[i, train], pressure[i, train]) for i in range(200)
)
print(f"200 networks in {time.perf_counter() - begin:.1f} s")

# %%
# For comparison: the best linear calibration. Both are tested on points that neither has seen.

planes = [
    np.linalg.lstsq(np.c_[x[i, train], np.ones(200)], pressure[i, train])[0] for i in range(200)
]
errors = {
    "linear": [
        np.c_[x[i, test], np.ones(100)] @ plane - pressure[i, test]
        for i, plane in enumerate(planes)
    ],
    "network": [net.predict(x[i, test]) - pressure[i, test] for i, net in enumerate(nets)],
}

figure, (left, right) = plt.subplots(1, 2)
for i in range(0, 200, 20):
    across = np.linspace(0.5, 9, 100)
    left.plot(across, nets[i].predict(np.stack([across, np.full(100, 20)], axis=1)))
left.set(
    title="Ten of the characteristics, at 20 °C", xlabel="reading (V)", ylabel="pressure (bar)"
)
for name, error in errors.items():
    rms = 1000 * np.sqrt(np.mean(np.square(error), axis=1))
    right.hist(
        rms, bins=np.geomspace(5, 500, 60), label=f"{name}, median {np.median(rms):.0f} mbar"
    )
right.set(
    title="Error of each of the 200 sensors",
    xlabel="root mean square error (mbar)",
    ylabel="sensors",
)
right.set(xscale="log", ylim=(0, 40))
right.legend()
plt.show()
