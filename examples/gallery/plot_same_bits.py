# SPDX-License-Identifier: BSD-3-Clause
"""
The same bits
=============

The same training, with each instruction set of this machine and with one thread or four, every
time in a new process; then predictions in batches of different sizes. Fingerprints show whether
a single bit differs.
"""

import os
import subprocess
import sys

import matplotlib.pyplot as plt
import netlet

# %%
# The program prints the fingerprint of the trained network, then those of its outputs for 1,000
# rows: predicted one by one, 7 at a time, and all at once.

PROGRAM = """
import netlet, sys
import numpy as np
seed = int(sys.argv[1])
rng = np.random.default_rng(0)
x = rng.normal(size=(1000, 20))
y = np.sin(x[:, 0])
net = netlet.Network(
    [20, 300, 1], activation="gelu", output_activation="identity", reduction="mean", seed=seed
)
net.fit(x, y, epochs=2, batch_size=250, optimizer="adam")
print(net.fingerprint())
for n in 1, 7, 1000:
    outputs = [net.forward(x[i : i + n]) for i in range(0, 1000, n)]
    print(netlet.fingerprint(np.concatenate(outputs)))
"""


def run(isa, threads, seed=0):
    environment = {**os.environ, "NETLET_ISA": isa, "NETLET_NUM_THREADS": str(threads)}
    command = [sys.executable, "-c", PROGRAM, str(seed)]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout.split()


rows = {
    f"{isa}, {n} thread{'s'[: n > 1]}": run(isa, n)
    for isa in netlet.available_isas()
    for n in (1, 4)
}
rows["another seed"] = run(netlet.isa(), 1, seed=1)

# %%
# All rows of the table are the same but the last one, which shows what a difference looks like.
# The colors are made from the fingerprints.

shown = [[fingerprint[:8] for fingerprint in row] for row in rows.values()]
colors = [[f"#{fingerprint[:6]}40" for fingerprint in row] for row in rows.values()]
figure, ax = plt.subplots(figsize=(8, 0.6 + 0.3 * len(rows)))
table = ax.table(
    shown,
    cellColours=colors,
    rowLabels=list(rows),
    colLabels=["trained network", "rows one by one", "7 at a time", "1,000 at once"],
    cellLoc="center",
    bbox=(0.08, 0, 0.92, 1),
)
for cell in table.get_celld().values():
    cell.set_edgecolor("lightgray")
ax.set_title("Fingerprints, their first 8 digits")
ax.set_axis_off()
plt.show()

same = {tuple(row) for name, row in rows.items() if name != "another seed"}
print(f"{len(rows) - 1} runs, {len(same)} result")
