# SPDX-License-Identifier: BSD-3-Clause
"""Data and estimators that their tests share."""

import numpy as np
from sklearn.datasets import load_diabetes, load_iris

import netlet.sklearn as own
import sklearn.neural_network as theirs

IRIS_X, IRIS_Y = load_iris(return_X_y=True)
IRIS_X = (IRIS_X - IRIS_X.mean(axis=0)) / IRIS_X.std(axis=0)
X, Y = load_diabetes(return_X_y=True)
X, Y = X / X.std(axis=0), (Y - Y.mean()) / Y.std()
