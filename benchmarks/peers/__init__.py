# SPDX-License-Identifier: BSD-3-Clause
"""The libraries that are compared: a module each, whose class Peer has a method for each job that it can do.

The jobs are `train`, `step`, `forward`, `row`, `gradient` and `apply`; a job's method returns the function to time, or
a statement and its names. `parameters` gives trained weights and biases; `reset` goes back, untimed, to the initial
ones.
"""

# name (module, and its variant after a hyphen): what the tables call it, its distribution (and import name, if another)
PEERS = {
    "netlet": ("netlet", "netlet", "netlet"),
    "numpy": ("NumPy", "numpy", "numpy"),
    "sklearn": ("scikit-learn", "scikit-learn", "sklearn"),
    "scipy": ("SciPy", "scipy", "scipy"),
    "pytorch": ("PyTorch", "torch", "torch"),
    "pytorch-fused": ("PyTorch, fused", "torch", "torch"),
    "pytorch-compiled": ("PyTorch, compiled", "torch", "torch"),
    "jax": ("JAX", "jax", "jax"),
    "onnxruntime": ("ONNX Runtime, bound", "onnxruntime", "onnxruntime"),
    "onnxruntime-run": ("ONNX Runtime, run()", "onnxruntime", "onnxruntime"),
    "mlpfile": ("mlpfile", "mlpfile", "mlpfile"),
}
FLOOR = "C++, fixed sizes"  # native/: not a library, but what is possible
C_SOURCE = "its own C source"  # what Network.to_c writes, compiled for this processor
