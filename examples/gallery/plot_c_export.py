# SPDX-License-Identifier: BSD-3-Clause
"""
A network as C source
=====================

``to_c`` writes a C99 file that depends on nothing, for a microcontroller or a program in another
language. Compiled here, it returns the same bits as Python.
"""

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from netlet import Adam, Network
from netlet.schedules import CosineDecay

# %%
# The task is a thermistor in a voltage divider: the network turns the converter's reading into a
# temperature, in place of the logarithms of the Steinhart-Hart equation.

reading = np.linspace(0.05, 0.95, 400)[:, None]  # of the supply voltage
log = np.log(10_000 * reading[:, 0] / (1 - reading[:, 0]))
celsius = 1 / (1.129e-3 + 2.341e-4 * log + 8.767e-8 * log**3) - 273.15

net = Network(
    [1, 16, 16, 1],
    activation="tanh",
    output_activation="identity",
    reduction="mean",
    dtype="float32",
    seed=0,
)
net.fit(
    reading,
    celsius,
    epochs=2000,
    batch_size=20,
    optimizer=Adam(0.01),
    schedule=CosineDecay(2000),
    standardize=True,
)
error = np.abs(net.predict(reading) - celsius).max()
print(f"largest error {error:.2f} °C with {net.parameters.size} parameters")

# %%
# The C file contains the network, its scaling and a self-test. The header declares the
# functions.

folder = tempfile.TemporaryDirectory()
source = Path(folder.name) / "thermistor.c"
net.to_c(source)
print(f"{source.stat().st_size:,} bytes of C")
for line in source.with_suffix(".h").read_text().splitlines():
    if line.endswith(");"):
        print(line)

# %%
# With a compiler, the file becomes a library that ctypes can call.

compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
outputs = np.full(len(reading), np.nan, np.float32)
if compiler:
    library = source.with_suffix(".so")
    subprocess.run([compiler, "-O2", "-shared", "-fPIC", source, "-o", library, "-lm"], check=True)
    thermistor = ctypes.CDLL(str(library))
    thermistor.thermistor_forward_rows(
        ctypes.c_size_t(len(reading)),
        ctypes.c_void_p(reading.ctypes.data),
        ctypes.c_void_p(outputs.ctypes.data),
    )
    print("self-test:", "passed" if thermistor.thermistor_self_test() == 0 else "failed")
    same = np.array_equal(outputs.view("uint32"), net.predict(reading).view("uint32"))
    print("same bits as in Python:", same)
folder.cleanup()

# %%
# The remaining error is the network's own. A larger network would have less.

figure, (left, right) = plt.subplots(1, 2)
left.plot(reading, celsius, label="equation")
left.plot(reading[::20], outputs[::20], "o", markersize=4, label="C")
left.set(title="Thermistor", xlabel="reading (of the supply voltage)", ylabel="temperature (°C)")
left.legend()
right.plot(reading, outputs - celsius, color="tab:orange")
right.set(
    title="Error of the network", xlabel="reading (of the supply voltage)", ylabel="error (°C)"
)
plt.show()
