# SPDX-License-Identifier: BSD-3-Clause
"""SciPy's sigmoid."""

import numpy as np
import scipy
from scipy.special import expit


class Peer:
    version = scipy.__version__

    def __init__(self, case, threads, variant):
        self.x, self.out = case.x, np.empty_like(case.x)

    def apply(self):
        return lambda: expit(self.x, out=self.out)
