# SPDX-License-Identifier: BSD-3-Clause
"""
To ONNX and back
================

Networks move between libraries as ONNX files. This one is exported with its scaling, run by ONNX
Runtime, and read back. In ONNX Runtime, its outputs differ by rounding errors; read back, it is
the same network to the bit.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
from netlet import Adam, Network
from sklearn.datasets import load_diabetes

x, y = load_diabetes(return_X_y=True, scaled=False)
net = Network(
    [10, 20, 1],
    activation="tanh",
    output_activation="identity",
    reduction="mean",
    dtype="float32",
    seed=0,
)
net.fit(x, y, epochs=100, batch_size=32, optimizer=Adam(0.003, l2=0.01), standardize=True)

# %%
# The file includes the scaling, so whoever runs it passes raw measurements.

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "diabetes.onnx"
net.to_onnx(path)
session = onnxruntime.InferenceSession(path)
(name,) = [entry.name for entry in session.get_inputs()]
(theirs,) = session.run(None, {name: x.astype(np.float32)})
ours = net.forward(x.astype(np.float32))

back = Network.from_onnx(path)
print(f"{path.stat().st_size} bytes; read back the same network: {back == net}")
folder.cleanup()

# %%
# ``float32`` has 24 binary digits: near 200, neighbouring numbers are 1.5e-5 apart.

difference = (theirs - ours).ravel()
print(f"largest difference {np.abs(difference).max():.1e}")

figure, (left, right) = plt.subplots(1, 2)
left.scatter(y, ours, s=25, facecolors="none", edgecolors="tab:blue", label="netlet")
left.scatter(y, theirs, s=2, color="black", label="ONNX Runtime")
left.set(title="Progress of diabetes, 442 patients", xlabel="measured", ylabel="predicted")
left.legend()
right.hist(1e5 * difference, bins=40)
right.set(title="Differences", xlabel="ONNX Runtime minus netlet (1e-5)", ylabel="predictions")
plt.show()
