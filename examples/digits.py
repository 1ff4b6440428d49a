# SPDX-License-Identifier: BSD-3-Clause
"""Learn to read handwritten digits: 1,797 real images of 8 x 8 pixels, a quarter of them held out."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from netlet import Adam, Network

try:
    from matplotlib.figure import Figure
    from sklearn.datasets import load_digits
except ModuleNotFoundError as error:
    sys.exit(f'This example needs {error.name}. In netlet\'s folder: {sys.executable} -m pip install ".[examples]"')

GOAL = 0.97  # of the held-out digits read right
MOST_SHOWN = 24  # misread digits in the picture


def main() -> None:
    """Train, evaluate on the held-out digits, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=50, help="passes over the training digits (50)")
    parser.add_argument("--output", type=Path, default=Path("digits.png"), help="file for the picture (digits.png)")
    parser.add_argument("--seed", type=int, default=0, help="seed for initial values and order (0)")
    arguments = parser.parse_args()

    images, labels = load_digits(return_X_y=True)
    images = images / 16  # pixels from 0 to 1
    held_out = np.arange(len(labels)) % 4 == 0
    x, y = images[~held_out], labels[~held_out]
    x_test, y_test = images[held_out], labels[held_out]

    net = Network(
        [64, 100, 10],
        activation="relu",
        loss="cross_entropy",
        reduction="mean",
        init="he_uniform",
        seed=arguments.seed,
    )
    print(net)
    print(f"{len(x)} training digits, {len(x_test)} held out")

    history = net.fit(
        x,
        y,
        epochs=arguments.epochs,
        batch_size=32,
        optimizer=Adam(learning_rate=0.003),
        validation_data=(x_test, y_test),
        progress=True,
    )

    predicted = net.predict(x_test)
    wrong = np.flatnonzero(predicted != y_test)
    accuracy = 1 - len(wrong) / len(y_test)
    draw(arguments.output, history, accuracy, x_test[wrong], y_test[wrong], predicted[wrong])

    print(f"held-out digits  {100 * accuracy:.2f} % read right, {len(wrong)} of {len(y_test)} misread")
    print(f"training time    {history.time.sum():.3f} s")
    print(f"fingerprint      {net.fingerprint()}")
    print(f"picture          {arguments.output.resolve()}")
    if accuracy < GOAL:
        sys.exit(f"The goal is {100 * GOAL:.0f} % of the held-out digits: try more epochs or another seed.")


def draw(path, history, accuracy, images, labels, predicted) -> None:
    """Draw the loss curves and the misread digits."""
    figure = Figure(figsize=(13, 5.6), layout="constrained")
    left, right = figure.subfigures(1, 2, wspace=0.03)

    history.plot(left.subplots())

    shown = min(len(images), MOST_SHOWN)
    count = f"{len(images)} misread" + (f", {shown} of them shown" if shown < len(images) else "")
    right.suptitle(f"Held-out digits: {100 * accuracy:.2f} % read right, {count}")
    columns = 4 if shown <= 12 else 6
    rows = max(1, -(-shown // columns))
    for i, cell in enumerate(right.subplots(rows, columns, squeeze=False).flat):
        cell.set(xticks=[], yticks=[])
        if i < shown:
            cell.imshow(images[i].reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
            cell.set_title(f"{labels[i]}, read as {predicted[i]}", fontsize="medium")
            cell.spines[:].set_color("lightgray")
        else:
            cell.set_visible(False)

    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
