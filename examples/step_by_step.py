# SPDX-License-Identifier: BSD-3-Clause
"""One step of gradient descent on XOR, value by value, beside the same step in plain NumPy: for lessons."""

import numpy as np
from netlet import SGD, Network

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([[0], [1], [1], [0]])
RATE = 0.1


def show(name: str, values: np.ndarray, plain: np.ndarray) -> None:
    """Print the network's values, and those of plain NumPy beside them."""
    np.testing.assert_allclose(values, plain, rtol=1e-13, atol=1e-15)
    left, right = (np.array2string(a, precision=6, floatmode="fixed", sign=" ") for a in (values, plain))
    for i, (row, beside) in enumerate(zip(left.splitlines(), right.splitlines())):
        print(f"{name if i == 0 else '':24}{row:38}{beside}")


net = Network([2, 3, 1], seed=0)  # sigmoid in both layers, half the summed squared error
W1, W2 = (weights.copy() for weights in net.weights)
b1, b2 = (biases.copy() for biases in net.biases)

# forward, as a from-scratch tutorial writes it
sum1 = X @ W1 + b1
hidden = 1 / (1 + np.exp(-sum1))
sum2 = hidden @ W2 + b2
output = 1 / (1 + np.exp(-sum2))
loss = 0.5 * np.sum((output - y) ** 2)

# backward: what the loss changes by, per change of each layer's sums; then the gradients, added up over the rows
delta2 = (output - y) * output * (1 - output)
delta1 = delta2 @ W2.T * hidden * (1 - hidden)

print(f"{'':24}{'netlet':38}plain NumPy")
for layer, values, plain in zip("12", net.layer_outputs(X, sums=True), [sum1, sum2]):
    show(f"sums of layer {layer}", values, plain)
for layer, values, plain in zip("12", net.layer_outputs(X), [hidden, output]):
    show(f"outputs of layer {layer}", values, plain)
show("loss", np.array(net.loss(X, y)), np.array(loss))

# a bias is added to the sums, so its gradient for a single row is that row's delta
for layer, (_, biases), plain in zip("12", net.views(net.row_gradients(X, y)), [delta1, delta2]):
    show(f"deltas of layer {layer}", biases, plain)

_, gradient = net.backward(X, y)
for layer, (weights, biases), x, delta in zip("12", net.views(gradient), [X, hidden], [delta1, delta2]):
    show(f"gradient of W{layer}", weights, x.T @ delta)
    show(f"gradient of b{layer}", biases, delta.sum(axis=0))

net.apply_gradient(gradient, SGD(RATE))
show("W1 after the step", net.weights[0], W1 - RATE * X.T @ delta1)
show("W2 after the step", net.weights[1], W2 - RATE * hidden.T @ delta2)
print(f"the loss was {loss:.6f} and is {net.loss(X, y):.6f}")
