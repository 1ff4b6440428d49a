# SPDX-License-Identifier: BSD-3-Clause
"""The network of a from-scratch tutorial in plain NumPy: two sigmoid layers, full-batch gradient descent."""

from __future__ import annotations

import numpy as np

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
Y = np.array([[0.0], [1.0], [1.0], [0.0]])


class PlainNetwork:
    """Two layers, initialised with the `weights` and `biases` of another network."""

    def __init__(self, weights, biases):
        self.w1, self.w2 = (w.copy() for w in weights)
        self.b1, self.b2 = (b.copy().reshape(1, -1) for b in biases)

    def sigmoid(self, z):
        """Compute the activation of both layers."""
        return 1 / (1 + np.exp(-z))

    def sigmoid_derivative(self, output):
        """Compute the derivative of the sigmoid from its output."""
        return output * (1 - output)

    def forward(self, x):
        """Compute the outputs, one row for each row of x."""
        self.hidden = self.sigmoid(np.dot(x, self.w1) + self.b1)
        self.output = self.sigmoid(np.dot(self.hidden, self.w2) + self.b2)
        return self.output

    def backward(self, x, y, learning_rate):
        """Take one step down the gradient, after `forward`."""
        output_error = y - self.output
        output_delta = output_error * self.sigmoid_derivative(self.output)
        hidden_error = np.dot(output_delta, self.w2.T)
        hidden_delta = hidden_error * self.sigmoid_derivative(self.hidden)
        self.w2 += np.dot(self.hidden.T, output_delta) * learning_rate
        self.b2 += np.sum(output_delta, axis=0, keepdims=True) * learning_rate
        self.w1 += np.dot(x.T, hidden_delta) * learning_rate
        self.b1 += np.sum(hidden_delta, axis=0, keepdims=True) * learning_rate

    def fit(self, x, y, epochs, learning_rate):
        """Train on all rows at once."""
        for _ in range(epochs):
            self.forward(x)
            self.backward(x, y, learning_rate)
