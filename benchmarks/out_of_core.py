# SPDX-License-Identifier: BSD-3-Clause
"""Training on a Parquet file that is larger than the memory used, compared with reading alone and training alone.

Each takes its turn in a process of its own; the figures are medians. Needs PyArrow. The file is deleted afterwards.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

COLUMNS = 20
CHUNK = 250_000  # rows that are made at once
IN_MEMORY = 1_000_000  # rows that training alone has


def write(path, rows):
    """Random float32 inputs and a target."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    names = [*(f"x{i}" for i in range(COLUMNS)), "y"]
    schema = pa.schema([(name, pa.float32()) for name in names])
    with pq.ParquetWriter(path, schema, compression="none", use_dictionary=False) as writer:
        for first in range(0, rows, CHUNK):
            x = rng.standard_normal((COLUMNS, min(CHUNK, rows - first)), dtype=np.float32)
            writer.write_table(pa.table([*x, np.sin(x[0]) + x[1] * x[2]], schema=schema))


def run(what, path, options):
    """In a process of its own: the seconds, and the most memory in MB."""
    from netlet import Adam, Batches, Network, set_num_threads

    set_num_threads(options.threads)
    batches = Batches.from_parquet(path, y="y", batch_size=options.batch_size, shuffle_window=options.window)
    sizes = [COLUMNS, *options.hidden, 1]
    net = Network(sizes, output_activation="identity", activation="relu", reduction="mean", dtype="float32", seed=0)
    if what == "train":
        rows = min(IN_MEMORY, batches.rows)
        x, y, _ = batches.read(0, rows)
        starts = range(0, rows, options.batch_size)
        held = [(x[start : start + options.batch_size], y[start : start + options.batch_size]) for start in starts]
    began = time.perf_counter()
    if what == "read":
        for _ in batches.shuffled(0, 0):
            pass
    elif what == "train":
        net.fit_batches(held, epochs=-(-batches.rows // rows), optimizer=Adam(0.001))
    elif what == "standardize":
        net.learn_scaling(batches)
    else:
        net.fit_batches(batches, epochs=1, optimizer=Adam(0.001))
    seconds = time.perf_counter() - began
    if what == "train":
        seconds *= batches.rows / (rows * -(-batches.rows // rows))
    return {"seconds": seconds, "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument("--window", type=int, help="rows that are shuffled together")
    parser.add_argument("--hidden", type=int, nargs="*", default=[64, 32])
    parser.add_argument("--threads", type=int, default=1, help="that train")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--file", type=Path, help="where it is written, and kept")
    parser.add_argument("--run", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        print(json.dumps(run(options.run, options.file, options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = options.file or Path(folder) / "rows.parquet"
        if not path.exists():
            print(f"writing {options.rows:,} rows of {COLUMNS + 1} columns", file=sys.stderr)
            write(path, options.rows)
        found = {"read": [], "train": [], "both": [], "standardize": []}
        for _ in range(options.rounds):
            for what, results in found.items():
                command = [sys.executable, __file__, *sys.argv[1:], "--run", what, "--file", str(path)]
                results.append(json.loads(subprocess.check_output(command, text=True)))
    print("| | seconds | million rows a second | MB |\n| --- | ---: | ---: | ---: |")
    seconds = {}
    for what, results in found.items():
        seconds[what] = statistics.median(result["seconds"] for result in results)
        most = max(result["megabytes"] for result in results)
        print(f"| {what} | {seconds[what]:.1f} | {options.rows / seconds[what] / 1e6:.2f} | {most:.0f} |")
    slower = [max(r["seconds"], t["seconds"]) / b["seconds"] for r, t, b in zip(*list(found.values())[:3])]
    print(f"\nBoth: {statistics.median(slower):.2f} of the speed of the slower one")


if __name__ == "__main__":
    main()
