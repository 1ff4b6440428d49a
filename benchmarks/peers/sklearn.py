# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's classifier: partial_fit is one epoch, fit the whole."""

import sklearn
from sklearn.neural_network import MLPClassifier
from workloads import estimator


class Peer:
    version = sklearn.__version__

    def __init__(self, case, threads, variant):
        work = self.work = case.workload
        self.case = case
        if work.job == "estimator":
            return
        self.model = MLPClassifier(
            hidden_layer_sizes=work.sizes[1:-1],
            activation="logistic",
            solver=work.optimizer,
            alpha=0,
            batch_size=work.batch,
            learning_rate_init=work.learning_rate,
            momentum=0,
            random_state=0,
        )
        self.model.partial_fit(case.x[:100], case.y[:100], classes=range(10))  # creates the arrays
        self.reset()

    def estimator(self):
        return estimator(MLPClassifier, self.case)

    def reset(self):
        if self.work.job == "estimator":
            return
        for values, initial in zip(
            self.model.coefs_ + self.model.intercepts_, self.case.weights + self.case.biases, strict=True
        ):
            values[...] = initial
        if self.work.optimizer == "adam":
            optimizer = self.model._optimizer
            optimizer.t = 0
            for moment in optimizer.ms + optimizer.vs:
                moment[...] = 0

    def parameters(self):
        return self.model.coefs_, self.model.intercepts_

    def train(self):
        def epochs():
            for _ in range(self.work.epochs):
                self.model.partial_fit(self.case.x, self.case.y)

        return epochs
