# SPDX-License-Identifier: BSD-3-Clause
"""The classic first example: a network with 2 inputs, 3 hidden units and 1 output learns XOR."""

import numpy as np
from netlet import Network

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([[0], [1], [1], [0]])

# the defaults: sigmoid in both layers, half the summed squared error, float64
net = Network([2, 3, 1], seed=0)

# each epoch is one step of plain gradient descent on all four rows
history = net.fit(X, y, epochs=10_000, learning_rate=0.1)

for epoch in range(0, 10_000, 1_000):
    print(f"epoch {epoch:5}  loss {history.loss[epoch]:.6f}")
print(f"at the end   loss {net.loss(X, y):.6f}  after {1000 * history.time.sum():.1f} ms")
print()

for inputs, target, output in zip(X, y, net.forward(X)):
    print(f"{inputs[0]} xor {inputs[1]} = {target[0]}   output {output[0]:.4f}")
print()

print("fingerprint", net.fingerprint())
