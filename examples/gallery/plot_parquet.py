# SPDX-License-Identifier: BSD-3-Clause
"""
Streaming a Parquet file
========================

Data that does not fit in memory arrives in batches: PyArrow reads a piece of the file at a time,
and ``fit_batches`` takes a step for each. The file here has 200,000 rows.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from netlet import Adam, Network
from sklearn.datasets import make_friedman1

folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "friedman.parquet"
names = ["a", "b", "c", "d", "e"]

x, y = make_friedman1(200_000, n_features=5, noise=1.0, random_state=0)
pq.write_table(pa.table({**dict(zip(names, x.T)), "target": y}), path, row_group_size=10_000)
print(f"{path.stat().st_size / 1e6:.0f} MB in {pq.ParquetFile(path).num_row_groups} row groups")

# %%
# A source is a function that returns an iterator over the batches of an epoch; Arrow's batches
# are taken as they are. The last two row groups are held out.


def batches(groups):
    for batch in pq.ParquetFile(path).iter_batches(256, row_groups=groups):
        yield batch.select(names), batch["target"]


net = Network(
    [5, 32, 1],
    activation="tanh",
    output_activation="identity",
    reduction="mean",
    dtype="float32",
    seed=0,
)
net.feature_names = names
history = net.fit_batches(
    lambda: batches(range(18)),
    epochs=4,
    optimizer=Adam(0.003),
    standardize=True,
    shuffle_buffer=50,
    validation_data=lambda: batches([18, 19]),
)
print(history)

# %%
# ``evaluate_batches`` and ``predict_batches`` stream as well. The noise in the targets has a
# standard deviation of 1, which no model can beat.

print(net.evaluate_batches(lambda: batches([18, 19]), metrics=["rmse", "r2"]))
prediction = np.concatenate(list(net.predict_batches(x for x, _ in batches([18, 19]))))

figure, ax = plt.subplots(figsize=(6, 4.5))
image = ax.hexbin(y[-20_000:], prediction, gridsize=60, cmap="Blues", bins="log", linewidths=0.2)
ax.axline((10, 10), slope=1, color="black", linewidth=0.8)
ax.set(
    title="20,000 rows that were held out", xlabel="target", ylabel="prediction", aspect="equal"
)
figure.colorbar(image, label="rows")
plt.show()
folder.cleanup()
