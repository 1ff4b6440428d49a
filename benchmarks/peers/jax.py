# SPDX-License-Identifier: BSD-3-Clause
"""JAX: an epoch, or a whole training run, in one jitted function; compiled before the clock starts."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from workloads import others

FUNCTIONS = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu, "tanh": jnp.tanh}


class Peer:
    version = jax.__version__

    def __init__(self, case, threads, variant):
        self.case = case
        if case.workload.dtype == "float64":
            jax.config.update("jax_enable_x64", True)
        self.rng = np.random.default_rng(0)
        self.x = jnp.asarray(case.x)
        self.y = None if case.y is None else jnp.asarray(case.y)  # without x64 int64 becomes int32
        self.reset()

    def reset(self):
        self.state = [(jnp.array(w), jnp.array(b)) for w, b in zip(self.case.weights, self.case.biases)]
        zeros = jax.tree.map(jnp.zeros_like, self.state)
        if self.case.workload.optimizer == "adam":
            self.state = (self.state, zeros, jax.tree.map(jnp.zeros_like, zeros), jnp.zeros(()))
        jax.block_until_ready(self.state)

    def parameters(self):
        layers = self.state[0] if self.case.workload.optimizer == "adam" else self.state
        return [np.asarray(w) for w, _ in layers], [np.asarray(b) for _, b in layers]

    def outputs(self, layers, x):
        """Compute the outputs; for a softmax output, the logits."""
        work = self.case.workload
        for i, (w, b) in enumerate(layers):
            x = x @ w + b
            name = work.activation if i < len(layers) - 1 else work.output
            x = FUNCTIONS[name](x) if name in FUNCTIONS else x
        return x

    def loss(self, layers, x, y):
        outputs = self.outputs(layers, x)
        if self.case.workload.loss == "cross_entropy":
            return -jnp.take_along_axis(jax.nn.log_softmax(outputs), y[:, None], axis=1).mean()
        total = 0.5 * jnp.square(outputs - y).sum()
        return total if self.case.workload.name == "xor" else total / len(x)

    def update(self, state, x, y):
        """Take one step."""
        rate = self.case.workload.learning_rate
        if self.case.workload.optimizer == "sgd":
            return jax.tree.map(lambda p, g: p - rate * g, state, jax.grad(self.loss)(state, x, y))
        layers, first, second, steps = state
        gradients = jax.grad(self.loss)(layers, x, y)
        steps = steps + 1
        root = jnp.sqrt(1 - 0.999**steps)
        size, epsilon = rate * root / (1 - 0.9**steps), 1e-8 * root
        first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradients)
        second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, second, gradients)
        layers = jax.tree.map(lambda p, m, v: p - size * m / (jnp.sqrt(v) + epsilon), layers, first, second)
        return layers, first, second, steps

    def train(self):
        work = self.case.workload
        if work.name == "xor":

            @partial(jax.jit, donate_argnums=0)
            def loop(state, x, y):
                return jax.lax.fori_loop(0, work.epochs, lambda _, state: self.update(state, x, y), state)

            def train():
                self.state = jax.block_until_ready(loop(self.state, self.x, self.y))

            return train

        steps = work.rows // work.batch

        @partial(jax.jit, donate_argnums=0)
        def epoch(state, x, y, order):
            batches = order[: steps * work.batch].reshape(steps, work.batch)
            state, _ = jax.lax.scan(lambda state, rows: (self.update(state, x[rows], y[rows]), None), state, batches)
            rest = order[steps * work.batch :]
            return self.update(state, x[rest], y[rest]) if len(rest) else state

        def epochs():
            for _ in range(work.epochs):
                order = self.rng.permutation(work.rows).astype(np.int32)
                self.state = epoch(self.state, self.x, self.y, order)
            jax.block_until_ready(self.state)

        return epochs

    def many(self):
        """All networks in one jitted function, by vmap."""
        work = self.case.workload
        networks = [(self.case.weights, self.case.biases), *others(self.case)]
        layers = [
            (jnp.stack([weights[i] for weights, _ in networks]), jnp.stack([biases[i] for _, biases in networks]))
            for i in range(len(work.sizes) - 1)
        ]
        zeros = jax.tree.map(jnp.zeros_like, layers)
        initial = (layers, zeros, zeros, jnp.zeros(len(networks)))

        @jax.jit
        def loop(states, x, y):
            step = jax.vmap(self.update, in_axes=(0, None, None))
            return jax.lax.fori_loop(0, work.epochs, lambda _, states: step(states, x, y), states)

        def train():
            states = jax.block_until_ready(loop(initial, self.x, self.y))
            self.state = jax.tree.map(lambda values: values[0], states)

        return train

    def step(self):
        update = jax.jit(self.update, donate_argnums=0)

        def step():
            self.state = jax.block_until_ready(update(self.state, self.x, self.y))

        return step

    def forward(self):
        forward = jax.jit(self.outputs)
        return lambda: forward(self.state, self.x).block_until_ready()

    def gradient(self):
        gradient = jax.jit(jax.value_and_grad(self.loss))
        return lambda: jax.tree.leaves(jax.block_until_ready(gradient(self.state, self.x, self.y))[1])

    def apply(self):
        function = jax.jit(FUNCTIONS[self.case.workload.activation])
        return lambda: function(self.x).block_until_ready()
