# SPDX-License-Identifier: BSD-3-Clause
"""A day with netlet for those who come from Keras: labels, callbacks, checkpoints, curves, errors in units."""

import matplotlib.pyplot as plt
from netlet import Adam, Network
from netlet.callbacks import Checkpoint, CSVLog, StopAt
from netlet.schedules import CosineDecay
from sklearn.datasets import load_diabetes, load_wine

EPOCHS = 60

# Sequential, compile: the loss belongs to the network, the optimizer to fit
wine = load_wine(as_frame=True)
x, y = wine.data, wine.target_names[wine.target]  # a DataFrame, and the names of the classes
net = Network([13, 16, 3], activation="relu", loss="cross_entropy", reduction="mean", seed=0)
print(net.summary(), end="\n\n")

# fit, with metrics and callbacks; standardize is the Normalization layer, and part of the network
settings = {
    "batch_size": 32,
    "schedule": CosineDecay(EPOCHS),
    "standardize": True,
    "validation_split": 0.2,
    "metrics": ["accuracy"],
}
callbacks = [Checkpoint("wine.netlet", every=20), CSVLog("wine.csv"), StopAt(seconds=60)]
history = net.fit(x, y, epochs=2 * EPOCHS // 3, optimizer=Adam(0.01), callbacks=callbacks, **settings)
for name in ["loss", "validation_loss", "validation_accuracy"]:
    print(f"{name} after {len(history)} epochs: {history[name][-1]:.3f}")

# load_model, then on with both the schedule and the optimizer's state: the bits of one run of 60 epochs
net, optimizer = Network.load_checkpoint("wine.netlet")
net.fit(x, y, epochs=EPOCHS // 3, optimizer=optimizer, resume=True, **settings)
print(f"fingerprint after the rest, {net.fingerprint()[:16]}, and of 60 epochs at once, ", end="")
whole = Network([13, 16, 3], activation="relu", loss="cross_entropy", reduction="mean", seed=0)
history = whole.fit(x, y, epochs=EPOCHS, optimizer=Adam(0.01), **settings)
print(whole.fingerprint()[:16])

# predict gives names, predict_proba what model.predict gives in Keras
print("predicted", net.predict(x[::60]), "with", net.predict_proba(x[::60]).max(axis=1).round(3), end="\n\n")

# regression: errors are in the target's own units, however the network scales it
x, y = load_diabetes(return_X_y=True, as_frame=True)
train, test = slice(0, 350), slice(350, None)
sugar = Network([10, 16, 1], activation="tanh", output_activation="identity", reduction="mean", seed=0)
sugar.fit(x[train], y[train], epochs=40, batch_size=32, optimizer="adam", standardize=True)
print(sugar.evaluate(x[test], y[test], metrics=["rmse", "mae", "r2"]))

figure, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
history.plot(ax=axes[0])
net.plot(ax=axes[1])
figure.savefig("from_keras.png", dpi=120)
