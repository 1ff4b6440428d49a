# SPDX-License-Identifier: BSD-3-Clause
"""Saved networks load unchanged, and their training resumes."""

import hashlib
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from netlet import SGD, Adam, Network, Rprop, available_isas, numerics_version, schedules

from helpers.saved import NETWORKS, OPTIMIZERS, X, Y, every, scaled


def described(net):
    return repr(net), net.epochs_trained, net.fingerprint(), net.dropout, repr(net.input_scaling)


@every({**NETWORKS, "scaled": scaled})
def test_what_is_saved_comes_back(make, path, rng):
    net = make()
    net.save(path)
    loaded = Network.load(path)
    assert loaded == net
    assert described(loaded) == described(net)
    assert loaded.to_bytes() == net.to_bytes() == path.read_bytes()
    assert Network.from_bytes(path.read_bytes()) == net
    x = rng.normal(size=(5, net.layer_sizes[0]))
    np.testing.assert_array_equal(loaded.forward(x), net.forward(x))
    again = pickle.loads(pickle.dumps(loaded))
    assert again.to_bytes() == net.to_bytes()


@every({**NETWORKS, "scaled": scaled})
def test_the_library_of_the_format_reads_what_the_documentation_says(make, path, safetensors):
    net = make()
    net.save(path, optimizer=Adam())
    tensors = safetensors.numpy.load_file(path)
    for i, (weight, bias) in enumerate(zip(net.weights, net.biases)):
        np.testing.assert_array_equal(tensors.pop(f"layers.{i}.weight"), weight)
        np.testing.assert_array_equal(tensors.pop(f"layers.{i}.bias"), bias)
    for side, scaling in (("input", net.input_scaling), ("output", net.output_scaling)):
        for name, values in zip(("shift", "scale"), scaling or ()):
            np.testing.assert_array_equal(tensors.pop(f"{side}_scaling.{name}"), values)
    if len(net.dropout):
        assert tuple(tensors.pop("dropout")) == net.dropout
    if net.loss_name == "huber":
        assert tensors.pop("huber_delta") == net.huber_delta
    if net.loss_name == "quantile":
        assert tuple(tensors.pop("quantiles")) == net.quantiles
    np.testing.assert_array_equal(net.forward(tensors.pop("self_test.input")), tensors.pop("self_test.output"))
    assert tensors.pop("optimizer.learning_rate").shape == ()
    assert all(name.startswith("optimizer.") for name in tensors)
    with safetensors.safe_open(path, "numpy") as file:
        metadata = file.metadata()
    assert metadata["layer_sizes"] == " ".join(map(str, net.layer_sizes))
    assert metadata["activations"] == " ".join(net.activations)
    assert metadata["fingerprint"] == net.fingerprint()
    assert metadata["dtype"] == net.dtype.name
    assert metadata["numerics_version"] == str(numerics_version())
    data = path.read_bytes()
    assert hashlib.sha256(data.replace(metadata["sha256"].encode(), b"0" * 64)).hexdigest() == metadata["sha256"]


@every(OPTIMIZERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_goes_on_to_the_same_bits(make, dtype, path):
    def trained(net, optimizer, epochs, resume=False):
        batch = None if isinstance(optimizer, Rprop) else 7
        schedule = None if isinstance(optimizer, Rprop) else schedules.ReduceOnPlateau(0.5, patience=1)
        net.fit(X, Y, epochs=epochs, batch_size=batch, optimizer=optimizer, schedule=schedule, resume=resume)

    def fresh():
        return Network([3, 5, 4, 2], dropout=0.2, dtype=dtype, seed=9), make()

    whole, optimizer = fresh()
    trained(whole, optimizer, 9)
    net, stopped = fresh()
    trained(net, stopped, 4)
    net.save(path, optimizer=stopped)
    resumed, again = Network.load_checkpoint(path)
    assert type(again) is type(stopped)
    assert repr(again) == repr(stopped)
    assert again.steps == stopped.steps
    assert resumed.to_bytes(optimizer=again) == path.read_bytes()
    trained(resumed, again, 5, resume=True)
    assert resumed == whole
    assert resumed.to_bytes(optimizer=again) == whole.to_bytes(optimizer=optimizer)


def test_an_optimizer_that_has_not_begun(path):
    net = Network([3, 2], seed=0)
    net.save(path, optimizer=SGD(momentum=0.5))
    _, optimizer = Network.load_checkpoint(path)
    assert optimizer.state == {}
    assert repr(Network.checkpoint_from_bytes(path.read_bytes())[1]) == repr(optimizer)
    assert optimizer.momentum == 0.5


def test_a_file_without_an_optimizer_is_no_checkpoint(path):
    Network([3, 2], seed=0).save(path)
    with pytest.raises(ValueError, match=r"network\.netlet: expected a network saved with an optimizer"):
        Network.load_checkpoint(path)


def test_a_subclass_loads_itself(path):
    class Mine(Network):
        pass

    Network([3, 2], seed=0).save(path)
    assert type(Mine.load(path)) is Mine
    assert type(Mine.from_bytes(path.read_bytes())) is Mine


@pytest.mark.parametrize(("dtype", "huge"), [("float32", 3e38), ("float64", 1e308)])
@pytest.mark.parametrize("isa", available_isas())
def test_a_self_test_that_gives_nan_is_the_same_bytes_everywhere(dtype, huge, isa):
    net = Network([1, 2, 2, 2], activation="identity", dtype=dtype, seed=0)
    for weight in net.weights:
        weight[:] = [huge, -huge]  # in the last layer infinity less infinity
    again = "netlet.Network.from_bytes(sys.stdin.buffer.read()).to_bytes()"
    script = f"import netlet, sys; sys.stdout.buffer.write({again})"
    command = [sys.executable, "-c", script]
    data = net.to_bytes()
    assert np.array([np.nan], dtype).tobytes() in data
    environment = {**os.environ, "NETLET_ISA": isa}
    assert subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True, env=environment).stdout == data
