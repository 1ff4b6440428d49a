# SPDX-License-Identifier: BSD-3-Clause
"""Writes the network that tests/formats/test_nnet.py reads, and what NNet gives for two rows; beside a clone of it."""

import itertools

import numpy as np
from NNet.python.nnet import NNet
from NNet.utils.writeNNet import writeNNet

rng = np.random.default_rng(1)
sizes = [3, 5, 4, 2]
weights = [rng.normal(size=(after, before)) for before, after in itertools.pairwise(sizes)]
biases = [rng.normal(size=size) for size in sizes[1:]]
means, ranges = [1000.0, 0.0, -2.5, 7.5188840201], [3000.0, 6.28318530718, 0.5, 373.94992]
writeNNet(weights, biases, [0.0, -3.2, -5.0], [9000.0, 3.2, 0.0], means, ranges, "nnet.nnet")
rows = np.array([[1500.0, 0.5, -2.25], [8000.0, -3.0, -2.9]])
np.savetxt("nnet.txt", [NNet("nnet.nnet").evaluate_network(row) for row in rows], "%.17g")
