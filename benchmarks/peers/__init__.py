# SPDX-License-Identifier: BSD-3-Clause
"""The libraries that are compared. Each has a module, whose class Peer has a method for each job that it can do.

The jobs are `train`, `step`, `many`, `estimator`, `forward`, `row`, `gradient` and `apply`; a job's method returns the
function to time, or a statement and the names it uses. `parameters` returns the trained weights and biases; `reset`
restores the initial ones, untimed.
"""

# name (module, then the variant after a hyphen): label in the tables, distribution, import name
PEERS = {
    "netlet": ("netlet", "netlet", "netlet"),
    "numpy": ("NumPy", "numpy", "numpy"),
    "sklearn": ("scikit-learn", "scikit-learn", "sklearn"),
    "scipy": ("SciPy", "scipy", "scipy"),
    "pytorch": ("PyTorch", "torch", "torch"),
    "pytorch-fused": ("PyTorch, fused", "torch", "torch"),
    "pytorch-compiled": ("PyTorch, compiled", "torch", "torch"),
    "jax": ("JAX", "jax", "jax"),
    "jax-unfused": ("JAX, no YNNPACK", "jax", "jax"),
    "onnxruntime": ("ONNX Runtime, bound", "onnxruntime", "onnxruntime"),
    "onnxruntime-run": ("ONNX Runtime, run()", "onnxruntime", "onnxruntime"),
    "mlpfile": ("mlpfile", "mlpfile", "mlpfile"),
}
# what a variant needs before its library is imported
ENVIRONMENT = {"jax-unfused": {"XLA_FLAGS": "--xla_cpu_experimental_ynn_fusion_type="}}
FLOOR = "C++, fixed sizes"  # native/: not a library, but a lower bound on the time
C_SOURCE = "its own C source"  # written by Network.to_c, compiled for this processor
