# SPDX-License-Identifier: BSD-3-Clause
"""The chart of a comparison, drawn by speed.py or by `python chart.py results.json ... chart.svg`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import matplotlib as mpl
import table
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

INK = "#7a828b"  # readable on white and on black; the background is transparent
COLOURS = {
    "NumPy": "#4c8bd0",
    "scikit-learn": "#e8853a",
    "PyTorch": "#dd5a52",
    "JAX": "#9a75c4",
    "ONNX Runtime": "#2fa084",
    "mlpfile": "#b3872f",
    "SciPy": "#5b9e4d",
}
LINE = 0.19  # inches


def bars(result: dict) -> list[tuple[str, float]]:
    """List each library in its fastest variant, with how many times as fast netlet is."""
    best: dict[str, float] = {}
    for ratio, peer in table.ratios(result):
        best.setdefault(peer["label"].partition(",")[0], ratio)
    return list(best.items())


def draw(report: dict, path: Path) -> None:
    """Draw the workloads that have a chart title, each with the smallest number of threads that was timed."""
    groups: dict[str, dict] = {}
    for result in report["results"]:
        if result["chart"] and "netlet" in result["peers"] and bars(result):
            groups.setdefault(result["chart"], result)
    if not groups:
        raise SystemExit("nothing to draw")
    lines = sum(1.7 + len(bars(result)) for result in groups.values())
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "netlet", "text.color": INK, "font.size": 9}):
        figure = Figure(figsize=(8, LINE * lines + 0.9), layout="constrained")
        axes = figure.subplots()
        y, names = 0.0, []
        for title, result in groups.items():
            ours = result["peers"]["netlet"]["seconds"] / result["divisor"] * table.FACTOR[result["unit"]]
            threads = f", {result['threads']} threads" if result["threads"] > 1 else ""
            heading = f"{title}{threads} — netlet {table.figures(ours)} {result['unit']}"
            axes.annotate(heading, (1, y), (4, 0), textcoords="offset points", va="center", weight="bold")
            y += 1
            for label, ratio in bars(result):
                axes.barh(y, ratio - 1, left=1, height=0.75, color=COLOURS.get(label, INK))
                beyond = max(ratio, 1)  # the figure goes to the right of both the bar and the line
                axes.annotate(
                    f"{table.times(ratio)} x", (beyond, y), (4, 0), textcoords="offset points", va="center", size=8
                )
                names.append((y, label))
                y += 1
            y += 0.7
        axes.axvline(1, color=INK, linewidth=1)
        axes.set_xscale("log")
        ratios = [ratio for result in groups.values() for _, ratio in bars(result)]
        axes.set_xlim(min(0.8, 0.9 * min(ratios)), 1.6 * max(ratios))
        axes.set_ylim(y - 0.7, -0.8)
        axes.set_yticks([at for at, _ in names], [label for _, label in names])
        low, high = axes.get_xlim()
        ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if low <= tick <= high]
        axes.set_xticks(ticks, [f"{tick:g} x" for tick in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.tick_params(colors=INK, length=0)
        axes.spines[:].set_visible(False)
        axes.grid(axis="x", color=INK, alpha=0.25, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.set_title(
            "How many times as fast netlet is (longer bars: netlet is faster; logarithmic scale)", loc="left", size=10
        )
        notes = dict.fromkeys(result["note"] for result in groups.values() if result["note"])
        machine = report["machine"]
        said = "A selection. Each library in its fastest variant; one thread and float32 unless stated otherwise."
        below = "\n".join([f"{said} {machine['processor']}, {machine['date']}.", *notes])
        axes.set_xlabel(below, color=INK, size=8, loc="left")
        metadata = {"Date": None} if str(path).endswith("svg") else None
        figure.savefig(path, transparent=True, metadata=metadata)


if __name__ == "__main__":
    *inputs, output = sys.argv[1:]
    draw(table.merged([json.loads(Path(name).read_text()) for name in inputs]), Path(output))
