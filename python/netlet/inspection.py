# SPDX-License-Identifier: BSD-3-Clause
"""What is inside a network: in words, as arrays, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from ._arguments import name_number
from ._features import input_array, listed
from .exchange import Exchange

if TYPE_CHECKING:  # they take longer to import than all of netlet
    import numpy.typing as npt

    Array = npt.NDArray[Any]

__all__ = ["Inspection", "Summary"]

_MOST_LAYERS = 30  # of a summary
_MOST_UNITS, _MOST_EDGES = 24, 1500  # of a picture that shows every unit


def _bytes(count: int) -> str:
    """A size of memory, to be read."""
    size, units = float(count), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        del units[0]
    return f"{count} B" if units[0] == "B" else f"{size:.4g} {units[0]}"


class Summary(str):
    """A text that shows itself as it is, and as a table in a notebook."""

    _html = ""

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        return self._html


class Inspection(Exchange):
    """The part of `Network` that shows what is inside."""

    def summary(self) -> Summary:
        """Describe the network: layers, parameters, memory, loss, scaling, training so far.

        Returns
        -------
        str
            It shows itself line by line, and as a table in a notebook. Memory is that of the parameters. Of many
            layers, the first and the last.

        Examples
        --------
        >>> from netlet import Network
        >>> Network([4, 8, 3], activation="relu", loss="cross_entropy", seed=0).summary()
        Network 4-8-3, float64
        layer  inputs  outputs  activation  parameters
            1       4        8        relu          40
            2       8        3     softmax          27
        67 parameters, 536 B
        loss: cross_entropy, sum; no scaling
        trained: 0 epochs; seed 0
        """
        rows, lines = self._rows(), self._lines()
        widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
        table = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
        text = Summary("\n".join([str(self), *table, *lines]))
        import html  # names may be anything

        cells = [("".join(f"<th>{cell}</th>" for cell in rows[0]))]
        cells += ["".join(f"<td>{cell}</td>" for cell in row) for row in rows[1:]]
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        text._html = f"<b>{self}</b><table>{body}</table>{'<br>'.join(map(html.escape, lines))}"
        return text

    def _rows(self) -> list[list[str]]:
        """A table of the layers, with its head."""
        rows = [["layer", "inputs", "outputs", "activation", "parameters", "dropout"]]
        for i, (weight, name, share) in enumerate(zip(self.weights, self.activations, (*self.dropout, 0.0))):
            inputs, outputs = weight.shape
            figures = [str(i + 1), f"{inputs:,}", f"{outputs:,}", name, f"{(inputs + 1) * outputs:,}"]
            rows.append([*figures, f"{share:g}" if share else ""])
        if not any(self.dropout):
            rows = [row[:-1] for row in rows]
        if len(rows) > _MOST_LAYERS + 1:
            rows[1 + _MOST_LAYERS // 2 : -(_MOST_LAYERS // 2)] = [["..."] * len(rows[0])]
        return rows

    def _lines(self) -> list[str]:
        """What is to be said of the network as a whole."""
        scaled = [name for name, outputs in (("inputs", False), ("outputs", True)) if self._scaling(outputs)]
        settings = [f"{name} {value:g}" for name, value in self._loss_settings().items() if isinstance(value, float)]
        epochs = f"{self.epochs_trained:,} epoch{'' if self.epochs_trained == 1 else 's'}"
        names = {"classes": () if self.classes is None else self.classes.tolist(), "inputs": self.feature_names or ()}
        return [
            f"{self.parameters.size:,} parameters, {_bytes(self.parameters.nbytes)}",
            f"loss: {', '.join([self.loss_name, *settings, self.reduction])}; "
            f"{'scaling of ' + ' and '.join(scaled) if scaled else 'no scaling'}",
            f"trained: {epochs}; seed {self.seed}",
            *(f"{what}: {listed(those)}" for what, those in names.items() if those),
        ]

    def __str__(self) -> str:
        sizes = [str(size) for size in self.layer_sizes]
        if len(sizes) > _MOST_LAYERS:
            sizes[_MOST_LAYERS // 2 : -(_MOST_LAYERS // 2)] = ["..."]
        return f"Network {'-'.join(sizes)}, {self.dtype.name}"

    def _repr_html_(self) -> str:
        try:
            return self.summary()._html
        except RuntimeError:  # another thread is changing it
            return f"<b>{self}</b>"

    def views(self, vector: Array) -> tuple[tuple[Array, Array], ...]:
        """Look at a vector in the layout of `parameters` as weights and biases, such as a gradient.

        Parameters
        ----------
        vector : numpy.ndarray, shape (..., n)
            What `backward` or `row_gradients` gives, an optimizer's state, a copy of `parameters`.

        Returns
        -------
        tuple of (W, b)
            For each layer, views of shape (..., inputs, outputs) and (..., outputs): no copies.

        Raises
        ------
        TypeError, ValueError
            If it is not an array, or its last axis does not have as many values as the network has parameters.

        Examples
        --------
        >>> from netlet import Network
        >>> net = Network([2, 3, 1], seed=0)
        >>> loss, gradient = net.backward([[0, 1], [1, 1]], [1, 0])
        >>> [(w.shape, b.shape) for w, b in net.views(gradient)]
        [((2, 3), (3,)), ((3, 1), (1,))]
        """
        if not isinstance(vector, np.ndarray):
            raise TypeError(f"vector: expected a numpy.ndarray, got {type(vector).__name__}")
        count = self.parameters.size
        if vector.shape[-1:] != (count,):
            raise ValueError(f"vector: expected shape (..., {count}), got {vector.shape}")
        pairs, end = [], 0
        for weight in self.weights:
            inputs, outputs = weight.shape
            begin, middle, end = end, end + weight.size, end + weight.size + outputs
            pairs.append(
                (vector[..., begin:middle].reshape(*vector.shape[:-1], inputs, outputs), vector[..., middle:end])
            )
        return tuple(pairs)

    def layer_outputs(self, x: npt.ArrayLike, *, sums: bool = False) -> list[Array]:
        """Compute the outputs of every layer.

        Parameters
        ----------
        x : array_like, shape (rows, inputs) or (inputs,)
        sums : bool, default False
            Each layer's sums ``x @ W + b`` in place of its outputs: before the activation, and on the network's scale.

        Returns
        -------
        list of numpy.ndarray, shape (rows, outputs) or (outputs,)
            One for each layer; the last is what `forward` gives, to the bit. Nothing is dropped.

        Raises
        ------
        ValueError, TypeError
            If `x` does not fit.
        RuntimeError
            If another thread is training the network.

        Examples
        --------
        >>> from netlet import Network
        >>> net = Network([2, 3, 1], seed=0)
        >>> hidden, outputs = net.layer_outputs([0.0, 1.0])
        >>> hidden.shape, bool(outputs == net.forward([0.0, 1.0]))
        ((3,), True)
        """
        parameters, _, scaling_before, scaling_after = self._snapshot()
        layers = list(zip(self.views(parameters), self.activations))
        found: list[Array] = []
        values: Any = x if type(x) is np.ndarray else input_array(x, self)
        for i, ((weight, bias), name) in enumerate(layers):
            before, after = scaling_before if i == 0 else None, scaling_after if i == len(layers) - 1 else None
            if sums:
                found.append(self._layer(values, weight, bias, "identity", before, None))
            if not sums or i < len(layers) - 1:
                values = self._layer(values, weight, bias, name, before, after)
            if not sums:
                found.append(values)
        return found

    def _layer(self, x: Any, weight: Array, bias: Array, activation: str, before: Any, after: Any) -> Array:
        """The outputs of a network of this layer alone; `before` and `after` are its scalings."""
        outputs = weight.shape[1]
        layer = _core.Network(
            [len(weight), outputs], [name_number("activation", activation, "activation")],
            name_number("loss", "squared_error", "loss"), name_number("reduction", "sum", "reduction"), self.dtype,
            [], [],
        )  # fmt: skip
        np.concatenate([weight.ravel(), bias], out=layer.parameters)
        for of_outputs, scaling in ((False, before), (True, after)):
            if scaling is not None:
                layer._set_scaling(of_outputs, *(values.tolist() for values in scaling))
        return layer._forward(x, None)

    def plot(self, ax: Any = None) -> Any:
        """Draw the network; needs ``pip install matplotlib``.

        Of a small network every unit and every weight, positive ones red and negative ones blue, the wider and darker
        the larger; of a larger one the matrix of weights of each layer. Inputs and outputs have their `feature_names`
        and `classes`, unless they are many.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; by default on a new figure.

        Returns
        -------
        matplotlib.axes.Axes

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        """
        from ._drawing import draw_matrices, draw_units, new_figure

        edges = sum(weight.size for weight in self.weights)
        draw = draw_units if max(self.layer_sizes) <= _MOST_UNITS and edges <= _MOST_EDGES else draw_matrices
        ax = new_figure("Network.plot").add_subplot() if ax is None else ax
        draw(ax, self)
        ax.set_title(str(self))
        return ax
