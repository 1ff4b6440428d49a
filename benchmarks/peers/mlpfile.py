# SPDX-License-Identifier: BSD-3-Clause
"""mlpfile's Model: relu layers and a linear output, whatever the workload specifies."""

import struct
import tempfile
from importlib.metadata import version
from pathlib import Path

import mlpfile

LINEAR, RELU = 2, 3


def write(case, path):
    """Write the network in mlpfile's format."""
    layers = list(zip(case.weights, case.biases))
    header = [2 * len(layers) - 1, case.workload.sizes[0]]
    for i, (_, b) in enumerate(layers):
        header += [LINEAR, len(b), RELU] if i < len(layers) - 1 else [LINEAR, len(b)]
    values = b"".join(w.T.tobytes() + b.tobytes() for w, b in layers)
    Path(path).write_bytes(struct.pack(f"<{len(header)}I", *header) + values)


class Peer:
    version = version("mlpfile")
    functions = {"hidden": "relu", "output": "identity"}  # noqa: RUF012

    def __init__(self, case, threads, variant):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/network"
            write(case, path)
            self.model = mlpfile.Model.load(path)
        self.x = case.x

    def row(self):
        return "model.forward(x)", {"model": self.model, "x": self.x}
