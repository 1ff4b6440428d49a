# SPDX-License-Identifier: BSD-3-Clause
"""The chart of a comparison, drawn by speed.py, or by `python chart.py results.json ... chart.svg`.

`python benchmarks/chart.py docs/performance.md docs/speed.svg` draws it from the table that speed.py printed.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import matplotlib as mpl
import table
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from workloads import WORKLOADS

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


def published(text: str) -> dict:
    """Read the table of docs/performance.md: what the chart needs of the reports that it was made of."""
    results = []
    for workload in (each for each in WORKLOADS if each.chart):
        for cells in re.findall(rf"^\| {re.escape(workload.title)} \|(.*)\|$", text, flags=re.MULTILINE):
            threads, ours, best, ratio, others, *_ = (cell.strip(" *~") for cell in cells.split("|"))
            seconds = float(ours.split()[0].replace(",", "")) / table.FACTOR[workload.unit] * workload.divisor
            ratios = [(re.match(r"(.*?) ~?[\d.,]+ \S+( ± \d+ %)?$", best)[1], ratio)]
            ratios += re.findall(r"(?:^|, )(.+?) ([\d.]+)(?=, |$)", others)
            peers = {label: {"label": label, "seconds": float(times) * seconds} for label, times in ratios}
            results.append(
                {
                    "chart": workload.chart,
                    "threads": int(threads),
                    "divisor": workload.divisor,
                    "unit": workload.unit,
                    "note": workload.note,
                    "peers": {"netlet": {"label": "netlet", "seconds": seconds}, **peers},
                }
            )
    processor, date = re.search(r"^(.*?), \d+ CPUs.*(\d{4}-\d\d-\d\d)$", text, flags=re.MULTILINE).groups()
    return {"results": results, "machine": {"processor": processor, "date": date}}


def draw(report: dict, path: Path) -> None:
    """Draw the workloads that have a chart title, each with the smallest number of threads that was timed."""
    groups: dict[str, dict] = {}
    for result in report["results"]:
        if result["chart"] and "netlet" in result["peers"] and bars(result):
            groups.setdefault(result["chart"], result)
    if not groups:
        raise SystemExit("nothing to draw")
    lines = sum(2.2 + len(bars(result)) for result in groups.values())
    with mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "netlet", "text.color": INK, "font.size": 10}):
        figure = Figure(figsize=(8, LINE * lines + 0.9), layout="constrained")
        axes = figure.subplots()
        y, names = 0.0, []
        for title, result in groups.items():
            ours = result["peers"]["netlet"]["seconds"] / result["divisor"] * table.FACTOR[result["unit"]]
            axes.annotate(
                title, (0, y), (-2, 0), ("axes fraction", "data"), "offset points", va="center", weight="bold"
            )
            said = f"netlet {table.figures(ours)} {result['unit']}"
            axes.annotate(said, (1, y), (0, 0), ("axes fraction", "data"), "offset points", va="center", ha="right")
            y += 1
            for label, ratio in bars(result):
                axes.barh(y, ratio - 1, left=1, height=0.72, color=COLOURS.get(label, INK))
                beyond = max(ratio, 1)  # the figure goes to the right of both the bar and the line
                axes.annotate(f"{table.times(ratio)}", (beyond, y), (4, 0), textcoords="offset points", va="center")
                names.append((y, label))
                y += 1
            y += 1.2
        axes.axvline(1, color=INK, linewidth=1)
        axes.set_xscale("log")
        ratios = [ratio for result in groups.values() for _, ratio in bars(result)]
        axes.set_xlim(min(0.8, 0.9 * min(ratios)), 1.6 * max(ratios))
        axes.set_ylim(y - 1.2, -0.8)
        axes.set_yticks([at for at, _ in names], [label for _, label in names])
        low, high = axes.get_xlim()
        ticks = [tick for tick in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if low <= tick <= high]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.tick_params(colors=INK, length=0)
        axes.spines[:].set_visible(False)
        axes.grid(axis="x", color=INK, alpha=0.25, linewidth=0.6)
        axes.set_axisbelow(True)
        figure.suptitle("netlet is N times as fast as", x=0.01, ha="left", weight="bold", size=12)
        machine = report["machine"]
        said = f"Each library in its fastest variant, one thread\n{machine['processor']}, {machine['date']}"
        axes.set_xlabel(f"N, logarithmic\n{said}", color=INK, size=9)
        metadata = {"Date": None} if str(path).endswith("svg") else None
        figure.savefig(path, transparent=True, metadata=metadata)


if __name__ == "__main__":
    *inputs, output = sys.argv[1:]
    texts = [Path(name).read_text(encoding="utf-8") for name in inputs]
    is_table = inputs[0].endswith(".md")
    draw(published(texts[0]) if is_table else table.merged([json.loads(text) for text in texts]), Path(output))
