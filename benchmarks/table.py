# SPDX-License-Identifier: BSD-3-Clause
"""The Markdown table of a comparison, printed by speed.py or by `python table.py results.json ...`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from check import ULP_LIMIT
from peers import C_SOURCE, FLOOR
from workloads import WORKLOADS

FACTOR = {"s": 1, "ms": 1e3, "µs": 1e6, "ns": 1e9}
BUSY = 0.15  # a workload is marked if other programs used more CPUs


def figures(value: float) -> str:
    """Write a positive number with three digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def times(value: float) -> str:
    return f"{value:.0f}" if value >= 20 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def competes(peer: dict) -> bool:
    """Whether it is another library and as precise as the others."""
    return peer["label"] not in (FLOOR, C_SOURCE, "FMA peak", "netlet") and not peer.get("ulps", 0) > ULP_LIMIT


def ratios(result: dict) -> list[tuple[float, dict]]:
    """List how many times as fast as each library netlet is, the fastest library first."""
    ours = result["peers"]["netlet"]["seconds"]
    others = [(peer["seconds"] / ours, peer) for peer in result["peers"].values() if competes(peer)]
    return sorted(others, key=lambda pair: pair[0])


def spread(peer: dict) -> str:
    """Write half the range of the processes' medians."""
    if len(peer["processes"]) < 2:
        return ""
    return f" ± {50 * (peer['max'] - peer['min']) / peer['seconds']:.0f} %"


def line(result: dict) -> str:
    peers, divide, unit = result["peers"], result["divisor"], result["unit"]
    ours = peers["netlet"]

    def written(peer: dict) -> str:
        return f"{figures(peer['seconds'] / divide * FACTOR[unit])} {unit}{spread(peer)}"

    cells = [result["title"], str(result["threads"]), written(ours)]
    ranked = ratios(result)
    if ranked:
        ratio, best = ranked[0]
        cells += [f"{best['label']} {written(best)}", f"**{times(ratio)}**"]
        cells.append(", ".join(f"{peer['label']} {times(ratio)}" for ratio, peer in ranked[1:]))
    else:
        source = next((peer for peer in peers.values() if peer["label"] == C_SOURCE), None)
        share = times(source["seconds"] / ours["seconds"]) if source else ""
        cells += ["", "", f"{C_SOURCE} {written(source)}, {share}" if source else ""]
    floor = next((peer for peer in peers.values() if peer["label"] == FLOOR), None)
    cells.append(f"{written(floor)}, {times(floor['seconds'] / ours['seconds'])}" if floor else "")
    peak = peers.get("peak")
    share = f"{100 * result['flops'] * peak['seconds'] / ours['seconds']:.0f} %" if peak else ""
    cells.append(f"{share} of {figures(1e-9 / peak['seconds'])}" if peak else "")
    return "| " + " | ".join(cells) + " |"


def peaks(report: dict) -> list[str]:
    """Write the median peak rates of the run."""
    found: dict[tuple[str, int], list[float]] = {}
    for result in report["results"]:
        if "peak" in result["peers"]:
            key = result["dtype"], result["threads"]
            found.setdefault(key, []).append(1e-9 / result["peers"]["peak"]["seconds"])
    parts = [
        f"{sorted(values)[len(values) // 2]:.0f} GFLOP/s in {dtype} on {threads} thread{'s' * (threads > 1)}"
        for (dtype, threads), values in sorted(found.items())
    ]
    return [f"Peak rate of fused multiply-adds, measured in the same turns: {', '.join(parts)}.", ""] if parts else []


def precision(report: dict) -> list[str]:
    lines = []
    for result in report["results"]:
        errors = [f"{peer['label']} {peer['ulps']:.1f}" for peer in result["peers"].values() if "ulps" in peer]
        if errors:
            out = [peer for peer in result["peers"].values() if not competes(peer) and peer["label"] != "netlet"]
            ours = result["peers"]["netlet"]["seconds"]
            left = [f"{peer['label']} (netlet {times(peer['seconds'] / ours)} times as fast)" for peer in out]
            beside = f"; not ranked, error above {ULP_LIMIT} ulp: {', '.join(left)}" if left else ""
            lines.append(f"- {result['title']}: largest error in ulp: {', '.join(errors)}{beside}")
    return lines


def text(report: dict) -> str:
    """Write the whole report."""
    machine, results = report["machine"], report["results"]
    versions = [f"{name} {version}" for name, version in report["versions"].items()]
    processes = f"{report['processes']} fresh processes" if report["processes"] > 1 else "one process"
    described = [machine["processor"], f"{machine['cpus']} CPUs", machine["system"], f"Python {machine['python']}"]
    lines = [", ".join([*described, *versions, machine["date"]]), ""]
    if results:
        lines += [
            f"The libraries take turns: medians of {report['rounds']} rounds, or of three times as many where calls "
            f"are short, in {processes} of each library. Compile time (JAX, torch.compile) is not counted. The number "
            "after a library says how many times as fast netlet is.",
            "",
            *peaks(report),
            "| workload | threads | netlet | fastest other library | times as fast | others "
            f"| {FLOOR} | of peak, GFLOP/s |",
            "| --- | ---: | ---: | --- | ---: | --- | --- | ---: |",
            *(line(result) for result in results if "netlet" in result["peers"]),
            "",
        ]
    if report["processes"] > 1:
        lines.append("- ±: half the range of the medians of a library's processes")
    for result in results:
        if result["other_programs"] > BUSY:
            cpus = result["other_programs"]
            lines.append(f"- {result['title']}, threads {result['threads']}: other programs kept {cpus:.1f} CPUs busy")
    lines += [f"- {note}" for note in dict.fromkeys(result["note"] for result in results) if note]
    lines += precision(report) + [f"- {note}" for note in report["notes"]]
    if report.get("imports"):
        lines += ["", *imports(report["imports"])]
    return "\n".join(lines)


def imports(found: dict) -> list[str]:
    """Write the second table: what a library adds to NumPy."""
    lines = ["| on top of NumPy | import time | installed size with dependencies |", "| --- | ---: | ---: |"]
    for name, peer in found.items():
        lines.append(f"| {name} | {figures(max(1e3 * peer['seconds'], 0.01))} ms | {figures(peer['megabytes'])} MB |")
    return lines


def merged(reports: list[dict]) -> dict:
    """Merge several runs; later results replace earlier ones of the same workload."""
    whole = dict(reports[0])
    results = {}
    for report in reports:
        results.update({(result["workload"], result["threads"]): result for result in report["results"]})
        whole["versions"] = {**whole["versions"], **report["versions"]}
        whole["notes"] = list(dict.fromkeys(whole["notes"] + report["notes"]))
        whole["imports"] = report.get("imports") or whole.get("imports")
    order = [workload.name for workload in WORKLOADS]
    ordered = sorted(results.values(), key=lambda result: (order.index(result["workload"]), result["threads"]))
    return {**whole, "results": ordered}


if __name__ == "__main__":
    print(text(merged([json.loads(Path(name).read_text()) for name in sys.argv[1:]])))
