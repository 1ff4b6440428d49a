# SPDX-License-Identifier: BSD-3-Clause
"""Hand-written NumPy: products with its BLAS, everything else in place."""

import numpy as np
from tutorial import PlainNetwork
from workloads import others


def sigmoid(z):
    """Replace z by its sigmoid."""
    np.negative(z, out=z)
    np.exp(z, out=z)
    z += 1
    return np.reciprocal(z, out=z)


def relu(z):
    """Replace z by its relu."""
    return np.maximum(z, 0, out=z)


FUNCTIONS = {"sigmoid": sigmoid, "relu": relu, "identity": lambda z: z}


class Peer:
    version = np.__version__

    def __init__(self, case, threads, variant):
        self.case = case
        self.rng = np.random.default_rng(0)
        if case.workload.name == "xor":
            self.plain = PlainNetwork(case.weights, case.biases)
        else:
            self.reset()

    def reset(self):
        if self.case.workload.name == "xor":
            return  # training continues
        self.weights = [w.copy() for w in self.case.weights]
        self.biases = [b.copy() for b in self.case.biases]
        self.moments = [(np.zeros_like(p), np.zeros_like(p)) for p in (*self.weights, *self.biases)]
        self.steps = 0

    def parameters(self):
        if self.case.workload.name == "xor":
            return [self.plain.w1, self.plain.w2], [self.plain.b1.ravel(), self.plain.b2.ravel()]
        return self.weights, self.biases

    def outputs(self, x):
        """Compute the input, then the output of each layer, the last one without its activation."""
        hidden = FUNCTIONS[self.case.workload.activation]
        values = [x]
        for w, b in zip(self.weights, self.biases):
            z = values[-1] @ w
            z += b
            values.append(hidden(z) if len(values) < len(self.weights) else z)
        return values

    def gradients(self, x, y):
        """Compute the gradients with respect to all weights, then to all biases."""
        *values, delta = self.outputs(x)
        if self.case.workload.loss == "cross_entropy":
            delta -= delta.max(axis=1, keepdims=True)
            np.exp(delta, out=delta)
            delta /= delta.sum(axis=1, keepdims=True)
            delta[np.arange(len(x)), y] -= 1
        else:
            delta -= y
            self.loss = 0.5 * float(np.vdot(delta, delta)) / len(x)
        delta /= len(x)
        by_weights, by_biases = [], []
        for i in reversed(range(len(self.weights))):
            by_weights.insert(0, values[i].T @ delta)
            by_biases.insert(0, delta.sum(axis=0))
            if i:
                delta = delta @ self.weights[i].T
                delta *= values[i]
                delta *= 1 - values[i]
        return by_weights, by_biases

    def update(self, x, y):
        """Take one step."""
        gradients = [part for parts in self.gradients(x, y) for part in parts]
        parameters = [*self.weights, *self.biases]
        rate = self.case.workload.learning_rate
        if self.case.workload.optimizer == "sgd":
            for parameter, gradient in zip(parameters, gradients):
                gradient *= rate
                parameter -= gradient
            return
        self.steps += 1
        size = rate * (1 - 0.999**self.steps) ** 0.5 / (1 - 0.9**self.steps)
        epsilon = 1e-8 * (1 - 0.999**self.steps) ** 0.5
        for parameter, gradient, (first, second) in zip(parameters, gradients, self.moments):
            first *= 0.9
            first += 0.1 * gradient
            second *= 0.999
            gradient *= gradient
            gradient *= 0.001
            second += gradient
            root = np.sqrt(second, out=gradient)
            root += epsilon
            np.divide(first, root, out=root)
            root *= size
            parameter -= root

    def train(self):
        x, y, work = self.case.x, self.case.y, self.case.workload
        if work.name == "xor":
            return lambda: self.plain.fit(x, y, work.epochs, work.learning_rate)

        def epochs():
            for _ in range(work.epochs):
                order = self.rng.permutation(len(x))
                for start in range(0, len(x), work.batch):
                    rows = order[start : start + work.batch]
                    self.update(x[rows], y[rows])

        return epochs

    def many(self):
        work, x, y = self.case.workload, self.case.x, self.case.y
        initial = [*others(self.case), (self.case.weights, self.case.biases)]  # its own comes last, and stays

        def train():
            for weights, biases in initial:
                self.weights, self.biases = [w.copy() for w in weights], [b.copy() for b in biases]
                self.moments = [(np.zeros_like(p), np.zeros_like(p)) for p in (*weights, *biases)]
                self.steps = 0
                for _ in range(work.epochs):
                    self.update(x, y)

        return train

    def step(self):
        return lambda: self.update(self.case.x, self.case.y)

    def forward(self):
        output = FUNCTIONS[self.case.workload.output]
        return lambda: output(self.outputs(self.case.x)[-1])

    def row(self):
        work = self.case.workload
        hidden, output = FUNCTIONS[work.activation], FUNCTIONS[work.output]
        *first, last = [
            (w, b, np.empty_like(b), hidden if i < len(self.weights) - 1 else output)
            for i, (w, b) in enumerate(zip(self.weights, self.biases))
        ]

        def forward(x):
            for w, b, z, function in first:
                np.dot(x, w, out=z)
                z += b
                x = function(z)
            w, b, z, function = last
            np.dot(x, w, out=z)
            z += b
            return function(z)

        return "forward(x)", {"forward": forward, "x": self.case.x}

    def gradient(self):
        def gradient():
            by_weights, by_biases = self.gradients(self.case.x, self.case.y)
            return [part for pair in zip(by_weights, by_biases) for part in pair]

        return gradient

    def apply(self):
        x, out = self.case.x, np.empty_like(self.case.x)
        if self.case.workload.activation == "tanh":
            return lambda: np.tanh(x, out=out)

        def apply():
            np.negative(x, out=out)
            np.exp(out, out=out)
            np.add(out, 1, out=out)
            return np.reciprocal(out, out=out)

        return apply
