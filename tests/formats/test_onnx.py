# SPDX-License-Identifier: BSD-3-Clause
"""Networks written in ONNX compute the same there, and are the same when they are read back."""

import numpy as np
import onnx
import pytest
from netlet import Network

from helpers.onnx_models import assert_close, run_onnx

HIDDEN = [
    *("identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "softplus", "silu", "gelu", "hard_sigmoid", "mish"),
]
IN_FLOAT64 = ["identity", "sigmoid", "tanh", "relu", "silu"]  # that ONNX Runtime has kernels for


def scaled():
    net = Network([3, 4, 2], activation="relu", output_activation="identity", seed=2)
    rng = np.random.default_rng(21)
    net.learn_scaling(rng.normal(size=(20, 3)) * 9, rng.normal(size=(20, 2)) * 9)
    for bias in net.biases:
        bias[:] = rng.normal(size=bias.shape)
    return net


@pytest.mark.parametrize("activation", HIDDEN)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_onnx_runtime_computes_the_same_function(activation, dtype, tmp_path, rng):
    net = Network([3, 20, 7, 2], activation=activation, dtype=dtype, seed=4)
    path = str(tmp_path / "net.onnx")
    net.to_onnx(path)
    x = (rng.normal(size=(50, 3)) * 3).astype(dtype)
    if dtype == "float32" or activation in IN_FLOAT64:
        assert_close(run_onnx(path, x), net, x)
    back = Network.from_onnx(path)
    assert back == Network.from_onnx(onnx.load(path))
    assert back == net


def test_onnx_has_softmax_scaling_and_the_other_dtype(tmp_path, rng):
    path = str(tmp_path / "net.onnx")
    net = Network([3, 6, 4], loss="cross_entropy", dtype="float32", reduction="mean", seed=1)
    x = rng.normal(size=(50, 3)).astype(np.float32)
    net.to_onnx(path)
    assert_close(run_onnx(path, x), net, x)
    assert Network.from_onnx(path) == net
    net = scaled()
    net.to_onnx(path)
    outputs = run_onnx(path, x.astype(np.float64))
    np.testing.assert_allclose(outputs, net.forward(x), rtol=1e-13)
    assert Network.from_onnx(path) == net
    net.to_onnx(path, dtype="float32")
    np.testing.assert_allclose(run_onnx(path, x), net.forward(x), rtol=1e-4, atol=1e-4)
    assert Network.from_onnx(path).dtype == np.float32
    assert Network.from_onnx(path, dtype="float64").dtype == np.float64
    with pytest.raises(ValueError, match="dtype: expected float32 or float64, got int8"):
        net.to_onnx(path, dtype="int8")


def test_onnx_keeps_the_settings_of_a_loss(tmp_path):
    path = tmp_path / "net.onnx"
    uncertain = Network([3, 2], loss="gaussian_nll", seed=0)
    uncertain.output_scaling = [5.0], [3.0]
    for net in (
        Network([3, 2], loss="huber", huber_delta=0.1, seed=0),
        Network([3, 2], loss="quantile", quantile=[0.1, 0.9], seed=0),
        Network([3, 2], loss="poisson", seed=0),
        uncertain,
    ):
        net.to_onnx(path)
        assert Network.from_onnx(path) == net


def test_onnx_scales_in_binary64(tmp_path, rng):
    """Times in seconds and metres on a map: float32 has no more than a few of their digits."""
    path = tmp_path / "net.onnx"
    x = np.float32(1.7e9 + 1e5 * rng.random((50, 2)))
    y = 4.5e6 + rng.random((50, 1)) * 100
    net = Network([2, 5, 1], activation="tanh", output_activation="identity", dtype="float32", seed=3)
    net.learn_scaling(x, y)
    net.biases[1][:] = 0.1
    net.to_onnx(path)
    outputs = run_onnx(path, x)
    assert outputs.dtype == np.float32
    np.testing.assert_array_max_ulp(outputs, net.forward(x), 1)
    assert Network.from_onnx(path) == net


def test_onnx_is_written_and_read_whatever_numpy_is_to_raise(tmp_path):
    path = tmp_path / "net.onnx"
    net = Network([2, 2], activation="tanh", init=[(np.array([[1e-60, 1e-300], [1.0, -1.0]]), np.zeros(2))])
    net.output_scaling = [0.0, 1e-300], [1e-20, 1.0]
    with np.errstate(all="raise"):
        net.to_onnx(path, dtype="float32")
        back = Network.from_onnx(path)
    np.testing.assert_array_equal(back.parameters, net.parameters.astype(np.float32))
    np.testing.assert_array_equal(back.output_scaling, net.output_scaling)
