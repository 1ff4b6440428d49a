# SPDX-License-Identifier: BSD-3-Clause
"""The workloads that speed.py measures, their data and their initial weights."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True)
class Workload:
    """One line of the table for each number of threads; `job` is the peer's method that does the work."""

    name: str
    title: str
    job: str
    peers: tuple[str, ...]
    sizes: tuple[int, ...] = ()
    activation: str = "sigmoid"
    output: str = "sigmoid"
    loss: str = "squared_error"
    dtype: str = "float32"
    threads: tuple[int, ...] = (1, 2)
    rows: int = 1
    batch: int = 0  # 0: all rows
    epochs: int = 1  # per call
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    divisor: float = 1  # the time of a call is divided by it
    unit: str = "ms"
    counts_flops: bool = False
    note: str = ""
    slow: tuple[str, ...] = ()  # peers that --quick leaves out
    chart: str = ""  # title in the chart; empty: not in the chart

    @property
    def trains(self) -> bool:
        """Whether it is checked by how far the loss falls."""
        return self.job in ("train", "step", "many")

    @property
    def flops(self) -> float:
        """Floating-point operations of the matrix products in one call; 0 if other work outweighs them."""
        if not self.counts_flops:
            return 0.0
        products = [a * b for a, b in zip(self.sizes, self.sizes[1:])]
        forward_only = self.job in ("forward", "row")
        # backward: with respect to the weights, and to the inputs of all layers except the first
        each = sum(products) if forward_only else 3 * sum(products) - products[0]
        return 2.0 * each * self.rows * self.epochs


def name_of(sizes: tuple[int, ...]) -> str:
    return "-".join(map(str, sizes))


TORCH = ("pytorch", "pytorch-fused")
JAX = ("jax", "jax-unfused")
XOR = Workload(
    "xor",
    "XOR 2-3-1: 10,000 epochs of all 4 rows, float64",
    "train",
    ("netlet", "numpy", "pytorch", "pytorch-compiled", *JAX, "floor"),
    sizes=(2, 3, 1),
    dtype="float64",
    threads=(1,),
    rows=4,
    epochs=10_000,
    slow=("pytorch", "pytorch-compiled"),
    chart="Train XOR, 10,000 epochs",
)
DIGITS = Workload(
    "digits",
    "digits 64-100-10: epoch of 1,797 rows, batch 32, Adam",
    "train",
    ("netlet", "numpy", "sklearn", *TORCH, *JAX),
    sizes=(64, 100, 10),
    output="softmax",
    loss="cross_entropy",
    rows=1797,
    batch=32,
    epochs=10,
    optimizer="adam",
    learning_rate=1e-3,
    divisor=10,
    counts_flops=True,
    chart="Train on 1,797 digits, an epoch",
)
MNIST = replace(
    DIGITS,
    sizes=(784, 128, 10),
    rows=60_000,
    epochs=1,
    divisor=1,
    note="MNIST's shape: the data are random",
    chart="",
)


def mnist(optimizer: str, batch: int) -> Workload:
    written = {"sgd": "SGD", "adam": "Adam"}[optimizer]
    return replace(
        MNIST,
        name=f"mnist-{optimizer}-{batch}",
        title=f"MNIST's shape 784-128-10: epoch of 60,000 rows, batch {batch}, {written}",
        optimizer=optimizer,
        batch=batch,
        learning_rate={"sgd": 0.02, "adam": 1e-3}[optimizer],
    )


def large(dtype: str) -> Workload:
    return Workload(
        f"large-{dtype}",
        f"1024-1024-1024-10, one SGD step on 512 rows, {dtype}",
        "step",
        ("netlet", "numpy", "pytorch", *JAX),
        sizes=(1024, 1024, 1024, 10),
        output="softmax",
        loss="cross_entropy",
        dtype=dtype,
        rows=512,
        learning_rate=0.01,
        counts_flops=True,
    )


def row(sizes: tuple[int, ...], activation: str, output: str) -> Workload:
    """One row from Python, with the result written to an existing array."""
    return Workload(
        f"row-{name_of(sizes)}",
        f"one row from Python, {name_of(sizes)} {activation}",
        "row",
        ("netlet", "numpy", "pytorch", "onnxruntime", "mlpfile"),
        sizes=sizes,
        activation=activation,
        output=output,
        threads=(1,),
        unit="µs",
        note=""
        if activation == "relu"
        else "one row: mlpfile has no sigmoid; it computes relu layers and a linear output",
        chart=f"Predict one row from Python, {name_of(sizes)}" if len(sizes) == 4 else "",
    )


def native_row(sizes: tuple[int, ...], output: str) -> Workload:
    return Workload(
        f"native-{name_of(sizes)}",
        f"one row from C++, {name_of(sizes)} relu",
        "native_row",
        ("rows",),
        sizes=sizes,
        activation="relu",
        output=output,
        threads=(1,),
        unit="ns",
    )


def rows(sizes: tuple[int, ...], count: int) -> Workload:
    return Workload(
        f"rows-{name_of(sizes)}-{count}",
        f"{count:,} rows, {name_of(sizes)} sigmoid",
        "forward",
        ("netlet", "numpy", "pytorch", "pytorch-compiled", *JAX, "onnxruntime", "onnxruntime-run"),
        sizes=sizes,
        rows=count,
        unit="µs" if count < 10_000 else "ms",
        counts_flops=True,
        slow=("pytorch-compiled",),
        chart=f"Predict {count:,} rows, {name_of(sizes)}" if count > 10_000 and len(sizes) == 4 else "",
    )


def elementwise(function: str, dtype: str) -> Workload:
    return Workload(
        f"{function}-{dtype}",
        f"{function} of 10^6 numbers, time per number, {dtype}",
        "apply",
        ("netlet", "numpy", "pytorch", "jax", *(("scipy",) if function == "sigmoid" else ())),
        activation=function,
        dtype=dtype,
        threads=(1,),
        rows=1_000_000,
        divisor=1e6,
        unit="ns",
    )


GRADIENT = Workload(
    "gradient",
    "loss and gradient over 65,536 rows, 8-32-32-1 sigmoid",
    "gradient",
    ("netlet", "numpy", "pytorch", *JAX),
    sizes=(8, 32, 32, 1),
    output="identity",
    rows=65_536,
    counts_flops=True,
)

MANY = Workload(
    "many",
    "64 networks 8-16-1, each 100 epochs of 200 rows, Adam",
    "many",
    ("netlet", "numpy", *JAX),
    sizes=(8, 16, 1),
    output="identity",
    threads=(1,),
    rows=200,
    epochs=100,
    optimizer="adam",
    learning_rate=1e-2,
    note="64 networks: JAX trains them together, by vmap; the others one after the other",
)
ESTIMATOR = Workload(
    "estimator",
    "MLPClassifier on digits: fit of 30 epochs",
    "estimator",
    ("netlet", "sklearn"),
    sizes=(64, 100, 10),
    activation="relu",
    output="softmax",
    loss="cross_entropy",
    threads=(1,),
    rows=1797,
    epochs=30,
    optimizer="adam",
    learning_rate=1e-3,
    note="MLPClassifier: the estimators of netlet.sklearn and of scikit-learn, with their defaults but max_iter",
)

WORKLOADS = (
    XOR,
    DIGITS,
    *(mnist(optimizer, batch) for batch in (128, 32) for optimizer in ("sgd", "adam")),
    large("float32"),
    large("float64"),
    MANY,
    ESTIMATOR,
    row((2, 3, 1), "sigmoid", "sigmoid"),
    row((40, 100, 100, 10), "relu", "identity"),
    row((784, 128, 10), "sigmoid", "sigmoid"),
    native_row((8, 8), "relu"),
    native_row((40, 100, 100, 10), "identity"),
    *(rows(sizes, count) for sizes in ((784, 128, 10), (8, 32, 32, 1)) for count in (1024, 65_536)),
    GRADIENT,
    *(elementwise(function, dtype) for function in ("sigmoid", "tanh") for dtype in ("float32", "float64")),
)


def others(case: Case) -> Iterator[tuple[list[np.ndarray], list[np.ndarray]]]:
    """Make the initial weights and biases of the networks that are trained beside the case's own."""
    rng = np.random.default_rng(4)
    for _ in range(63):
        yield (
            [w + rng.normal(scale=0.05, size=w.shape).astype(w.dtype) for w in case.weights],
            [b.copy() for b in case.biases],
        )


@dataclass
class Case:
    """A workload with its data: the same numbers in every process, rows aligned to cache lines."""

    workload: Workload
    x: np.ndarray
    y: np.ndarray | None = None  # targets, or classes as int64
    weights: list[np.ndarray] = field(default_factory=list)  # (inputs, outputs) each
    biases: list[np.ndarray] = field(default_factory=list)
    note: str = ""


def aligned(array: np.ndarray, dtype: str) -> np.ndarray:
    """Copy into memory aligned to a cache line, for the peers that otherwise make their own copy."""
    size = array.size * np.dtype(dtype).itemsize
    memory = np.empty(size + 64, np.uint8)
    start = -memory.ctypes.data % 64
    result = memory[start : start + size].view(dtype).reshape(array.shape)
    result[...] = array
    return result


def estimator(model: type, case: Case) -> Callable[[], np.ndarray]:
    """Fit a new estimator in each call; returns its predictions, which cost little beside the fit."""

    def fit() -> np.ndarray:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it has not converged
            return model(max_iter=case.workload.epochs, random_state=0).fit(case.x, case.y).predict(case.x)

    return fit


def digits() -> tuple[np.ndarray, np.ndarray, str]:
    """scikit-learn's handwritten digits, or random data of the same shape; the third value says which."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        x, y = random_classes(1797, 64, np.random.default_rng(2))
        return x, y, "digits: random data of their shape, since scikit-learn is missing"
    x, y = load_digits(return_X_y=True)
    return x / 16, y, ""


def random_classes(count: int, inputs: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Random rows, and classes that can be learned: the largest of ten random linear functions of the row."""
    x = rng.random((count, inputs), dtype=np.float32)
    return x, ((x - 0.5) @ rng.standard_normal((inputs, 10), dtype=np.float32)).argmax(axis=1)


def case(workload: Workload) -> Case:
    rng = np.random.default_rng(1)
    if workload.job == "apply":
        return Case(workload, aligned(rng.normal(scale=4, size=workload.rows), workload.dtype))
    weights, biases, note = [], [], ""
    for inputs, outputs in zip(workload.sizes, workload.sizes[1:]):
        limit = (6 / (inputs + outputs)) ** 0.5
        weights.append(aligned(rng.uniform(-limit, limit, (inputs, outputs)), workload.dtype))
        biases.append(aligned(rng.uniform(-0.1, 0.1, outputs), workload.dtype))
    if workload.name == "xor":
        x, y = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([[0], [1], [1], [0]])
    elif workload.name in ("digits", "estimator"):
        x, y, note = digits()
    elif workload.loss == "cross_entropy":
        x, y = random_classes(workload.rows, workload.sizes[0], rng)
    else:
        x = rng.normal(size=(workload.rows, workload.sizes[0]))
        y = np.sin(x[:, :1]) if workload.job in ("gradient", "many") else None
    if y is not None:
        y = aligned(y, "int64" if workload.loss == "cross_entropy" else workload.dtype)
    x = aligned(x[0] if workload.job == "row" else x, workload.dtype)
    return Case(workload, x, y, weights, biases, note)
