# SPDX-License-Identifier: BSD-3-Clause
"""Files: what is saved comes back, whatever is no good file is refused, and no save can lose the old one."""

import hashlib
import json
import os
import pickle
import resource
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from netlet import SGD, Adam, AdamW, Network, RMSprop, Rprop, available_isas, numerics_version, schedules

import toolchains

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(40, 3)), RNG.random((40, 2))

NETWORKS = {
    "xor": lambda: Network([2, 3, 1], seed=0),
    "float32": lambda: Network([3, 5, 2], activation="relu", dtype="float32", seed=2**64 - 1),
    "one layer": lambda: Network([3, 2], activation="identity", seed=1),
    "deep": lambda: Network([3, 4, 5, 6, 7, 2], activation=["elu", "silu", "gelu", "softplus", "leaky_relu"], seed=3),
    "classes": lambda: Network([3, 4, 2], loss="cross_entropy", reduction="mean", seed=4),
    "huber": lambda: Network([3, 4, 2], loss="huber", huber_delta=0.1, activation="hard_sigmoid", seed=5),
    "quantile": lambda: Network([3, 4, 2], loss="quantile", quantile=[0.1, 0.9], dtype="float32", seed=6),
    "dropout": lambda: Network([3, 4, 4, 2], dropout=[0.0, 0.3], seed=7),
}
OPTIMIZERS = {
    "sgd": SGD,
    "momentum": lambda: SGD(0.01, momentum=0.9, nesterov=True),
    "adam": lambda: Adam(clip_norm=1.0),
    "adamw": lambda: AdamW(l1=0.01),
    "rmsprop": RMSprop,
    "rmsprop with momentum": lambda: RMSprop(momentum=0.5),
    "rprop": Rprop,
}


def every(makers):
    return pytest.mark.parametrize("make", makers.values(), ids=makers)


def scaled():
    net = Network([3, 4, 2], seed=8)
    net.learn_scaling(X, Y)
    return net


def described(net):
    return repr(net), net.epochs_trained, net.fingerprint(), net.dropout, repr(net.input_scaling)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "network.netlet"


@pytest.fixture
def safetensors():
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        pytest.importorskip("safetensors", reason="safetensors has no wheels for free-threaded Python yet")
    import safetensors.numpy

    return safetensors


@every({**NETWORKS, "scaled": scaled})
def test_what_is_saved_comes_back(make, path):
    net = make()
    net.save(path)
    loaded = Network.load(path)
    assert loaded == net
    assert described(loaded) == described(net)
    assert loaded.to_bytes() == net.to_bytes() == path.read_bytes()
    assert Network.from_bytes(path.read_bytes()) == net
    x = RNG.normal(size=(5, net.layer_sizes[0]))
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
    def trained(net, optimizer, epochs):
        batch = None if isinstance(optimizer, Rprop) else 7
        schedule = None if isinstance(optimizer, Rprop) else schedules.ReduceOnPlateau(0.5, patience=1)
        net.fit(X, Y, epochs=epochs, batch_size=batch, optimizer=optimizer, schedule=schedule)

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
    trained(resumed, again, 5)
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


# ---- what is refused


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def refuse(data, match):
    with pytest.raises(ValueError, match=match):
        Network.from_bytes(data)


def test_a_file_that_is_cut_anywhere_is_refused(path):
    data = Network([2, 3, 1], seed=0).to_bytes(optimizer=Adam())
    for size in range(len(data)):
        refuse(data[:size], "cut|not a file of netlet's")
    path.write_bytes(data[:-1])
    with pytest.raises(ValueError, match=r"network\.netlet: the file is cut"):
        Network.load(path)


def test_a_file_with_any_bit_flipped_is_refused():
    data = bytearray(Network([2, 2, 1], seed=0).to_bytes())
    for i in range(8 * len(data)):
        data[i // 8] ^= 1 << i % 8
        refuse(data, "damaged|cut|too long|netlet|overflows")
        data[i // 8] ^= 1 << i % 8
    assert Network.from_bytes(data)


def forged(header, tensors=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + tensors


HOSTILE = {
    "nothing": b"",
    "text": b"XOR network, saved by hand\n" * 10,
    "zeros": bytes(1000),
    "a huge header": (2**63).to_bytes(8, "little") + bytes(100),
    "a header of the largest size": (2**64 - 1).to_bytes(8, "little") + b"{}",
    "an empty header": forged(b""),
    "no object": forged([]),
    "deep metadata": forged(b'{"__metadata__":' * 100_000),
    "deep lists": forged(b"[" * 1_000_000),
    "long metadata": forged({"__metadata__": {"netlet_format": "1" * 1_000_000}}),
    "duplicate names": forged(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},' * 2 + b"}", bytes(4)),
    "not UTF-8": forged(b'{"__metadata__":{"netlet_format":"\xff\xfe"}}'),
    "big-endian": (100).to_bytes(8, "big") + bytes(200),
    "a pickle": pickle.dumps(Network([2, 1], seed=0)),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_other_contents_are_refused(data, path):
    refuse(data, "netlet|cut|damaged")
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"netlet|cut|damaged"):
        Network.load(path)


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


def test_tensors_of_other_programs_are_refused(path, safetensors):
    safetensors.numpy.save_file({"layers.0.weight": np.zeros((2, 3))}, path, metadata={"format": "pt"})
    with pytest.raises(ValueError, match="another program than netlet wrote"):
        Network.load(path)


def test_a_file_saved_again_by_other_programs_is_refused(path, safetensors):
    Network([2, 3, 1], seed=0).save(path)
    with safetensors.safe_open(path, "numpy") as file:
        metadata = file.metadata()
    safetensors.numpy.save_file(safetensors.numpy.load_file(path), path, metadata=metadata)
    with pytest.raises(ValueError, match=r"damaged|another program"):
        Network.load(path)


def test_a_newer_format_is_named():
    data = Network([2, 3, 1], seed=0).to_bytes().replace(b'"netlet_format":"1"', b'"netlet_format":"9"')
    refuse(data, "format 9, but this netlet, .*, reads format 1")


def test_paths_that_are_no_files(tmp_path):
    net = Network([2, 1], seed=0)
    with pytest.raises(FileNotFoundError, match="missing"):
        Network.load(tmp_path / "missing")
    with pytest.raises(FileNotFoundError, match="missing"):
        net.save(tmp_path / "missing" / "file")
    with pytest.raises(IsADirectoryError):
        Network.load(tmp_path)
    with pytest.raises(IsADirectoryError):
        net.save(tmp_path)
    for device in (os.devnull, tmp_path / "pipe"):
        if device != os.devnull:
            os.mkfifo(device)
        with pytest.raises(OSError, match="expected a regular file"):
            Network.load(device)
        with pytest.raises(OSError, match="expected a regular file"):
            net.save(device)
    with pytest.raises(ValueError, match="zero byte"):
        net.save("a\0b")
    for call in (net.save, Network.load):
        with pytest.raises(TypeError, match="path: expected a str"):
            call(3)
    with pytest.raises(TypeError, match="optimizer: expected an Optimizer"):
        net.save(tmp_path / "file", optimizer="adam")
    with pytest.raises(TypeError, match="data: expected bytes, got str"):
        Network.from_bytes("text")
    assert names(tmp_path) == ["pipe"]


def test_names_that_are_not_ascii(tmp_path):
    net = Network([2, 1], seed=0)
    for name in ("größe.netlet", "网络", b"\xff.netlet"):
        file = os.fsencode(tmp_path) + b"/" + name if isinstance(name, bytes) else tmp_path / name
        net.save(file)
        assert Network.load(file) == net
        Path(os.fsdecode(file)).write_bytes(b"")
        with pytest.raises(ValueError, match=r"netlet|网络"):
            Network.load(file)


def test_what_cannot_be_loaded_cannot_be_saved(path):
    net = Network([2, 3, 1], seed=0)
    net.save(path)
    before = path.read_bytes()
    net.weights[1][0] = np.inf
    with pytest.raises(ValueError, match="parameters: expected finite numbers, got inf at position 9"):
        net.save(path)
    other = Adam()
    Network([3, 2], seed=0).fit(X, Y, epochs=1, optimizer=other)
    with pytest.raises(ValueError, match="optimizer: it holds the state"):
        Network([2, 3, 1], seed=0).save(path, optimizer=other)
    assert path.read_bytes() == before


# ---- saving


def test_links_and_permissions_stay(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.touch()
    target.chmod(0o640)
    link.symlink_to(target)
    net = Network([2, 1], seed=0)
    net.save(link)
    assert link.is_symlink()
    assert Network.load(target) == net
    assert target.stat().st_mode & 0o777 == 0o640
    fresh = tmp_path / "fresh"
    mask = os.umask(0o027)
    net.save(fresh)
    os.umask(mask)
    assert fresh.stat().st_mode & 0o777 == 0o640
    assert names(tmp_path) == ["fresh", "link", "target"]


def test_a_full_disk_leaves_the_old_file(tmp_path, path):
    small, large = Network([2, 1], seed=0), Network([200, 200], seed=0)
    small.save(path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            large.save(path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert Network.load(path) == small
    assert names(tmp_path) == [path.name]


SAVES = """
import os, sys
from netlet import Network
nets = [Network.load(path) for path in sys.argv[2:]]
while True:
    for net in nets:
        net.save(sys.argv[1])
        os.write(1, b".")
"""


def test_a_killed_program_loses_nothing(tmp_path):
    memory = Path("/dev/shm")  # a disk takes its time for a thousand saves
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else tmp_path) as folder:
        path = Path(folder) / "network.netlet"
        nets = [Network([50, 100, 10], seed=seed) for seed in range(2)]
        sources = [tmp_path / str(i) for i in range(2)]
        for net, source in zip(nets, sources):
            net.save(source)
        nets[0].save(path)
        good = {net.fingerprint() for net in nets}
        for kill in range(20):
            with subprocess.Popen([sys.executable, "-c", SAVES, path, *sources], stdout=subprocess.PIPE) as process:
                for _ in range(50):
                    assert process.stdout.read(1) == b"."
                    assert Network.load(path).fingerprint() in good  # beside the saves, too
                time.sleep(0.0003 * kill)
                process.kill()
            assert Network.load(path).fingerprint() in good


def test_saving_beside_training_is_refused_and_in_a_callback_is_not(path):
    net, adam = Network([3, 4, 2], seed=0), Adam()
    saved = []

    def keep(epoch, history):
        net.save(path, optimizer=adam)
        saved.append((net.epochs_trained, path.read_bytes()))

    net.fit(X, Y, epochs=3, batch_size=8, optimizer=adam, callback=keep)
    assert [epochs for epochs, _ in saved] == [1, 2, 3]
    path.write_bytes(saved[0][1])
    resumed, optimizer = Network.load_checkpoint(path)
    resumed.fit(X, Y, epochs=2, batch_size=8, optimizer=optimizer)
    assert resumed == net

    wide = Network([3, 400, 400, 2], seed=0)
    thread = threading.Thread(target=lambda: wide.fit(X, Y, epochs=300, batch_size=8))
    thread.start()
    while not wide.epochs_trained:
        time.sleep(0.001)
    refused = None
    while thread.is_alive():
        try:
            wide.to_bytes()
        except RuntimeError as error:
            refused = str(error)
    thread.join()
    assert refused == "save: another call is using this network"


# ---- from language to language, from version to version


def test_c_loads_what_python_saves_and_the_other_way_round(tmp_path, path):
    if not toolchains.tool("cmake") or not toolchains.tool("ninja"):
        pytest.skip("CMake or Ninja is not installed")
    build = toolchains.build(tmp_path / "build", target="round_trip")
    for make in (*NETWORKS.values(), scaled):
        net, optimizer = make(), Adam()
        inputs, outputs = net.layer_sizes[0], net.layer_sizes[-1]
        y = np.full((4, outputs), 0.5)
        net.fit(RNG.normal(size=(4, inputs)), y, epochs=2, optimizer=optimizer)
        net.save(path, optimizer=optimizer)
        back = tmp_path / "back.netlet"
        fingerprint, bits = toolchains.run([build / "cpp/tests/round_trip", path, back]).split()
        assert fingerprint == net.fingerprint()
        assert bits == net.forward(np.arange(inputs) / 8).tobytes().hex()
        assert back.read_bytes() == path.read_bytes()
        loaded, _ = Network.load_checkpoint(back)
        assert loaded == net


RELEASED = sorted((Path(__file__).parents[1] / "files").glob("*.netlet"))


@pytest.mark.parametrize("file", RELEASED, ids=lambda file: file.name)
def test_files_of_earlier_versions_load(file):
    fingerprint, steps, epochs = (file.with_suffix(".txt")).read_text().split()
    net, optimizer = Network.load_checkpoint(file)
    assert net.fingerprint() == fingerprint
    assert (optimizer.steps, net.epochs_trained) == (int(steps), int(epochs))


def test_there_are_files_of_earlier_versions():
    assert RELEASED
