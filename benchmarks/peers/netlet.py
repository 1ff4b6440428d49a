# SPDX-License-Identifier: BSD-3-Clause
"""netlet itself."""

import netlet
import numpy as np
from workloads import estimator, others


class Peer:
    version = f"{netlet.__version__} ({netlet.isa()})"

    def __init__(self, case, threads, variant):
        netlet.set_num_threads(threads)
        self.case, work = case, case.workload
        if work.job in ("apply", "estimator"):
            return
        self.net = netlet.Network(
            work.sizes,
            activation=work.activation,
            output_activation=work.output,
            loss=work.loss,
            reduction="sum" if work.name == "xor" else "mean",
            dtype=work.dtype,
            init=list(zip(case.weights, case.biases)),
            seed=0,
        )
        self.initial = self.net.parameters.copy()
        self.reset()

    def reset(self):
        if self.case.workload.trains:
            self.net.parameters[:] = self.initial
            optimizer = {"sgd": netlet.SGD, "adam": netlet.Adam}[self.case.workload.optimizer]
            self.optimizer = optimizer(self.case.workload.learning_rate)

    def parameters(self):
        return self.net.weights, self.net.biases

    def train(self):
        work, x, y = self.case.workload, self.case.x, self.case.y
        batch = work.batch or None
        return lambda: self.net.fit(x, y, epochs=work.epochs, batch_size=batch, optimizer=self.optimizer)

    def many(self):
        work, x, y = self.case.workload, self.case.x, self.case.y
        settings = {"activation": work.activation, "output_activation": work.output, "reduction": "mean"}
        made = [
            netlet.Network(work.sizes, dtype=work.dtype, init=list(zip(weights, biases)), **settings)
            for weights, biases in others(self.case)
        ]
        nets = [(net, net.parameters.copy()) for net in (self.net, *made)]

        def train():
            for net, parameters in nets:
                net.parameters[:] = parameters
                net.fit(x, y, epochs=work.epochs, optimizer=netlet.Adam(work.learning_rate))

        return train

    def estimator(self):
        from netlet.sklearn import MLPClassifier

        return estimator(MLPClassifier, self.case)

    def step(self):
        return lambda: self.net.step(self.case.x, self.case.y, self.optimizer)

    def forward(self):
        work, x = self.case.workload, self.case.x
        out = np.empty((work.rows, work.sizes[-1]), work.dtype)
        return lambda: self.net.forward(x, out=out)

    def row(self):
        out = np.empty(self.case.workload.sizes[-1], self.case.workload.dtype)
        return "net.forward(x, out=out)", {"net": self.net, "x": self.case.x, "out": out}

    def gradient(self):
        out = np.empty_like(self.net.parameters)
        return lambda: self.net.backward(self.case.x, self.case.y, out=out)[1:]

    def apply(self):
        function, out = getattr(netlet.functional, self.case.workload.activation), np.empty_like(self.case.x)
        return lambda: function(self.case.x, out=out)
