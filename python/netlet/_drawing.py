# SPDX-License-Identifier: BSD-3-Clause
"""Pictures, by matplotlib."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ._names import LOSSES

if TYPE_CHECKING:
    from ._notes import Notes as Network

_MOST_NAMES = 12  # of layers, or of outputs, that are drawn side by side
_MOST_ROWS = 40  # of a matrix whose rows have names
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

    tallest = max(net.layer_sizes)
    places = [_places(float(i), n, tallest) for i, n in enumerate(net.layer_sizes)]
    for i, weight in enumerate(net.weights):
        values = np.where(np.isfinite(weight), weight, 0).astype(float).ravel()
        pairs = np.stack(np.broadcast_arrays(places[i][:, None], places[i + 1][None]), axis=2).reshape(-1, 2, 2)
        size = np.abs(values) / (np.abs(values).max() or 1)
        order = np.argsort(size)  # the largest on top
        crowd = min(1.0, len(values) / 200)  # of many lines only the large ones are to be seen
        colors = _faded(values[order], 0.05 + 0.95 * size[order] ** (0.5 + 2 * crowd))
        widths = 0.3 + (2.7 - 1.2 * crowd) * size[order]
        ax.add_collection(LineCollection(list(pairs[order]), colors=colors, linewidths=widths, zorder=1))
    for i, place in enumerate(places):
        ax.scatter(*place.T, s=min(160, 1800 / tallest), color="white", edgecolors="black", zorder=2)
        name = "inputs" if i == 0 else net.activations[i - 1]
        lowest = (i, place[:, 1].min())
        ax.annotate(name, lowest, (0, -12), textcoords="offset points", ha="center", va="top")
    for place, names, side in ((places[0], net.feature_names, -1), (places[-1], _output_names(net), 1)):
        for where, name in zip(place, names or ()):
            ax.annotate(
                _short(name), where, (12 * side, 0), textcoords="offset points", va="center",
                ha="right" if side < 0 else "left", fontsize=_font(tallest), parse_math=False,
            )  # fmt: skip
    ax.set_xlim(-0.5, len(places) - 0.5)
    ax.set_ylim(-0.6 * tallest - 0.2, 0.6 * tallest)
    ax.set_axis_off()


def _places(x: float, count: int, tallest: int) -> Any:
    """Where a layer's units are; a small one beside large ones is spread, so that names and lines have room."""
    spacing = min(max(1, tallest / 8), tallest / count)
    return np.stack([np.full(count, x), spacing * ((count - 1) / 2 - np.arange(count))], axis=1)


def _faded(values: Any, alpha: Any) -> Any:
    """Colors of positive and negative values, faded."""
    from matplotlib.colors import to_rgb

    colors = np.where(values[:, None] > 0, to_rgb(_POSITIVE), to_rgb(_NEGATIVE))
    return np.concatenate([colors, alpha[:, None]], axis=1)


def _output_names(net: Network) -> list[Any] | None:
    """The class of which each output is the probability, if it has a name."""
    classes = None if net.classes is None else net.classes.tolist()
    if classes is None or LOSSES[net.loss_name].get("classes") == "row":
        return classes
    return classes[1:] if net.layer_sizes[-1] == 1 else None


def _short(name: Any, most: int = 24) -> str:
    text = " ".join(str(name).split())
    return text if len(text) <= most else text[: most - 1] + "…"


def _font(lines: int) -> float:
    """Points, so that so many lines do not touch one another."""
    return min(10.0, 200 / lines)


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
    names, classes = net.feature_names or (), _output_names(net) or ()
    inputs, outputs, layers = net.layer_sizes[0], net.layer_sizes[-1], len(net.weights)
    if inputs <= _MOST_ROWS:
        for i, name in enumerate(names):
            ax.text(
                0.03, 1 - (i + 0.5) / inputs, _short(name), ha="right", va="center", fontsize=_font(inputs),
                parse_math=False,
            )  # fmt: skip
    across = [_short(name, 12) for name in classes] if outputs <= _MOST_NAMES >= layers else []
    for i, name in enumerate(across):
        ax.text(
            layers - 0.95 + 0.9 * (i + 0.5) / outputs, 1.02, name, ha="center", va="bottom", rotation=90,
            fontsize=_font(outputs * layers), parse_math=False,
        )  # fmt: skip
    ax.set_xlim(0, layers)
    ax.set_ylim(-0.15, 1.05 + 0.02 * max(map(len, across)) if across else 1)
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
