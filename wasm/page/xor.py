# SPDX-License-Identifier: BSD-3-Clause
"""Learn XOR."""

import numpy as np
from netlet import Network

x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
y = np.array([[0], [1], [1], [0]])

net = Network([2, 3, 1], seed=0)
net.fit(x, y, epochs=10_000, learning_rate=0.1)
print(net.fingerprint())
