# SPDX-License-Identifier: BSD-3-Clause
"""Pictures, by matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from ._core import Network

_MOST_NAMES = 12  # of layers that are drawn side by side
_POSITIVE, _NEGATIVE = "#b2182b", "#2166ac"  # the ends of matplotlib's RdBu


def new_figure(what: str, **settings: Any) -> Any:
    """A figure of matplotlib's pyplot, whose parts are kept apart; `what` needs it."""
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError(f"{what} needs matplotlib: pip install matplotlib") from None
    return pyplot.figure(layout="constrained", **settings)


def draw_units(ax: Any, net: Network) -> None:
    """Each unit as a circle, the first on top, and each weight as a line."""
    from matplotlib.collections import LineCollection

    places = [
        np.stack([np.full(n, float(i)), (n - 1) / 2 - np.arange(n)], axis=1) for i, n in enumerate(net.layer_sizes)
    ]
    for i, weight in enumerate(net.weights):
        values = np.where(np.isfinite(weight), weight, 0).astype(float).ravel()
        pairs = np.stack(np.broadcast_arrays(places[i][:, None], places[i + 1][None]), axis=2).reshape(-1, 2, 2)
        size = np.abs(values) / (np.abs(values).max() or 1)
        order = np.argsort(size)  # the largest on top
        colors = np.where(values > 0, _POSITIVE, _NEGATIVE)
        ax.add_collection(
            LineCollection(list(pairs[order]), colors=colors[order], linewidths=0.3 + 2.7 * size[order], zorder=1)
        )
    for i, place in enumerate(places):
        ax.scatter(*place.T, s=160, color="white", edgecolors="black", zorder=2)
        name = "inputs" if i == 0 else net.activations[i - 1]
        lowest = (i, place[:, 1].min())
        ax.annotate(name, lowest, (0, -12), textcoords="offset points", ha="center", va="top")
    tallest = max(net.layer_sizes)
    ax.set_xlim(-0.5, len(places) - 0.5)
    ax.set_ylim(-0.6 * tallest - 0.2, 0.6 * tallest)
    ax.set_axis_off()


def draw_matrices(ax: Any, net: Network) -> None:
    """Each layer's weights as an image of inputs (down) and outputs (across), all with the same colors."""
    most = max((float(np.abs(w[np.isfinite(w)]).max(initial=0)) for w in net.weights), default=0) or 1.0
    image = None
    for i, (weight, name) in enumerate(zip(net.weights, net.activations)):
        image = ax.imshow(
            weight, cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto", interpolation="nearest",
            extent=(i + 0.05, i + 0.95, 0, 1),
        )  # fmt: skip
        if len(net.weights) > _MOST_NAMES:
            continue
        ax.text(i + 0.5, -0.02, f"{weight.shape[0]:,} x {weight.shape[1]:,}\n{name}", ha="center", va="top")
    ax.set_xlim(0, len(net.weights))
    ax.set_ylim(-0.15, 1)
    ax.set_axis_off()
    ax.figure.colorbar(image, ax=ax, label="weight")


def draw_curves(ax: Any, curves: dict[str, Any], best: int | None, label: str, *, log: bool = False) -> None:
    """Figures of each epoch, by name; `best`: an epoch to be marked."""
    from matplotlib.ticker import LogLocator, MaxNLocator

    for name, values in curves.items():
        marker = "o" if len(values) == 1 else None
        ax.plot(np.arange(len(values)), values, label=name, marker=marker)
    if best is not None:
        ax.axvline(best, color="grey", linewidth=0.8, label=f"best epoch, {best}")
    if log:
        ax.set_yscale("log")
        finite = np.concatenate(list(curves.values()))
        if np.max(finite) < 100 * np.min(finite):  # powers of ten alone would be too few to read values from
            ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            ax.yaxis.set_minor_formatter("")
            ax.yaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_major_locator(MaxNLocator("auto", integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    ax.xaxis.set_major_formatter("{x:,.0f}")
    ax.grid(alpha=0.3)
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlabel("epoch")
    ax.set_ylabel(label)
    ax.legend(frameon=False)
