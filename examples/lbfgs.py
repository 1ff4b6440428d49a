# SPDX-License-Identifier: BSD-3-Clause
"""Trains with SciPy's L-BFGS on the network's flat buffers; this file is all the glue code.

A surrogate model from physics: the swing of a damped pendulum as a function of time and damping. On small, noiseless
data L-BFGS reaches errors that gradient descent would take very long to reach.
"""

import numpy as np
from netlet import Adam, Network

try:
    from scipy.optimize import minimize
except ImportError:
    raise SystemExit("this example needs scipy: pip install scipy") from None

rng = np.random.default_rng(0)
x = rng.uniform([0, 0.1], [6, 0.5], size=(1500, 2))  # time, damping
y = np.exp(-x[:, 1] * x[:, 0]) * np.cos(2 * x[:, 0])
train, test = slice(0, 1000), slice(1000, None)


def network():
    net = Network([2, 20, 20, 1], activation="tanh", output_activation="identity", reduction="mean", seed=0)
    net.learn_scaling(x[train], y[train])
    return net


def minimize_loss(net, iterations):
    """Run L-BFGS on net.parameters; the network ends up with the best ones."""

    def loss_and_gradient(parameters):
        net.parameters[:] = parameters
        return net.backward(x[train], y[train])

    result = minimize(
        loss_and_gradient, net.parameters.copy(), jac=True, method="L-BFGS-B", options={"maxiter": iterations}
    )
    net.parameters[:] = result.x
    return result


def error(net):
    return np.sqrt(np.mean((net.predict(x[test]) - y[test]) ** 2))


net = network()
print(f"untrained   error {error(net):.6f}")
result = minimize_loss(net, iterations=1000)
print(f"L-BFGS      error {error(net):.6f} after {result.nfev} gradients")

adam = network()
adam.fit(x[train], y[train], epochs=result.nfev, optimizer=Adam(0.01))
print(f"Adam        error {error(adam):.6f} after {result.nfev} gradients")
