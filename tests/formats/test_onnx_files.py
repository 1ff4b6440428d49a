# SPDX-License-Identifier: BSD-3-Clause
"""ONNX files that are damaged, or that claim more than they hold, or name other files."""

import tracemalloc

import numpy as np
import onnx
import pytest
from netlet import Network
from netlet.formats.onnx_constants import Constants
from onnx import TensorProto

from helpers.onnx_models import model_of, node

W, B = np.arange(6, dtype=np.float32).reshape(3, 2), np.float32([1, -1])
GEMM = [node("Gemm", ["x", "w", "b"], ["y"])]


def test_contents_that_are_no_onnx_are_refused(tmp_path):
    path = tmp_path / "net.onnx"
    original = Network([3, 4, 2], seed=0)
    original.to_onnx(path)
    data = path.read_bytes()
    refused = []
    for size in range(len(data)):
        path.write_bytes(data[:size])
        try:  # without its last bytes, a loss and a version, it is a model still
            np.testing.assert_array_equal(Network.from_onnx(path).parameters, original.parameters)
        except ValueError as error:
            refused.append(str(error))
    assert len(refused) > 0.5 * len(data)
    assert all(message.startswith("model") for message in refused)
    with pytest.raises(TypeError, match=r"expected a path or an onnx\.ModelProto, got int"):
        Network.from_onnx(3)
    with pytest.raises(FileNotFoundError):
        Network.from_onnx(tmp_path / "missing")
    for contents in (data, data.replace(b"\0", b"x"), data.replace(b"\0", b"/") * 50):
        with pytest.raises(ValueError, match=r"bytes that are no path; .* pass onnx\.load_model_from_string\(data\)$"):
            Network.from_onnx(contents)
    with path.open("rb") as file, pytest.raises(TypeError, match=r"got BufferedReader; .* pass onnx\.load\(file\)"):
        Network.from_onnx(file)
    net = Network([3, 2], seed=0)
    net.parameters[0] = 1e300
    with pytest.raises(ValueError, match="expected finite numbers in float32"):
        net.to_onnx(path, dtype="float32")


def external(location, **entries):
    """A model whose weights lie in another file."""
    model = model_of(GEMM, {"w": W, "b": B})
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(value))
    return model


def saved(model, folder):
    folder.mkdir(exist_ok=True)
    (folder / "net.onnx").write_bytes(model.SerializeToString())
    return folder / "net.onnx"


def test_tensors_in_other_files_of_the_folder(tmp_path):
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "weights").write_bytes(bytes(64) + W.tobytes() + bytes(8))
    for entries in ({"offset": 64}, {"offset": 64, "length": 24}):
        model = external("inner/weights", **entries)
        net = Network.from_onnx(saved(model, folder))
        np.testing.assert_array_equal(net.weights[0], W)
        assert Network.from_onnx(str(folder / "net.onnx").encode()) == net
    with pytest.raises(ValueError, match="model"):  # which file is it to be?
        Network.from_onnx(model)


def test_tensors_outside_of_the_folder_are_not_read(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    outside = tmp_path / "outside"
    outside.write_bytes(W.tobytes())
    (folder / "link").symlink_to(outside)
    (folder / "up").symlink_to(tmp_path, target_is_directory=True)
    for location in ("../outside", str(outside), "link", "up/outside", "missing", ".", ""):
        with pytest.raises(ValueError, match="model"):
            Network.from_onnx(saved(external(location), folder))
        graph = external(location).graph
        for at in (folder, None):  # without onnx's checks as well
            with pytest.raises(
                ValueError, match=r"constant 'w': expected (its values in a file inside|the model's path)"
            ):
                Constants(onnx, graph, at)["w"]


@pytest.mark.parametrize(
    "entries", [{"offset": 8}, {"offset": -8}, {"length": 23}, {"length": 10**18}, {"offset": 10**18}, {"offset": "x"}]
)
def test_tensors_that_their_file_does_not_hold(entries, tmp_path):
    (tmp_path / "weights").write_bytes(W.tobytes())
    with pytest.raises(ValueError, match="model"):
        Network.from_onnx(saved(external("weights", **entries), tmp_path))


@pytest.mark.parametrize("place", ["raw", "typed", "external"])
def test_shapes_that_have_no_values_allocate_nothing(place, tmp_path):
    (tmp_path / "weights").write_bytes(W.tobytes())
    model = external("weights") if place == "external" else model_of(GEMM, {"w": W, "b": B})
    tensor = model.graph.initializer[0]
    if place == "typed":
        tensor.ClearField("raw_data")
        tensor.float_data.extend(W.ravel().tolist())
    tensor.dims[:] = [1 << 20, 1 << 20]
    path = saved(model, tmp_path)
    tracemalloc.start()
    with pytest.raises(ValueError, match="model"):
        Network.from_onnx(path)
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()


def test_one_tensor_in_many_nodes_is_no_way_to_large_networks():
    nodes = [node("MatMul", [f"v{i}" if i else "x", "w"], [f"v{i + 1}"]) for i in range(400)]
    model = model_of(nodes, {"w": np.eye(300)}, outputs=(("v400", (None, 300)),))
    tracemalloc.start()
    with pytest.raises(ValueError, match="use the model's 90000 numbers at most 16 times on average"):
        Network.from_onnx(model)
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()
    nodes = [node("Concat", ["b"] * 10000, ["c"], axis=0), node("MatMul", ["x", "c"], ["y"])]
    with pytest.raises(ValueError, match="at most 16 times"):
        Network.from_onnx(model_of(nodes, {"b": np.zeros((300, 1))}))
    nodes = [node("Add", ["b", "c"], ["w"]), node("MatMul", ["x", "w"], ["y"])]
    with pytest.raises(ValueError, match="at most 16 times"):
        Network.from_onnx(model_of(nodes, {"b": np.zeros((1, 30000)), "c": np.zeros((30000, 1))}))


def test_activations_without_sums_are_no_way_to_large_networks():
    """Each needs a matrix of the inputs times the inputs."""
    for size, activations in [(40_000, 1), (900, 20)]:
        nodes = [node("Tanh", [f"v{i}" if i else "x"], [f"v{i + 1}"]) for i in range(activations)]
        nodes.append(node("MatMul", [f"v{activations}", "w"], ["y"]))
        tracemalloc.start()
        with pytest.raises(ValueError, match=rf"of {size} \* {size} numbers: .* the model's {size} numbers at most 16"):
            Network.from_onnx(model_of(nodes, {"w": np.zeros((size, 1))}))
        assert tracemalloc.get_traced_memory()[1] < 1 << 24
        tracemalloc.stop()


def test_long_graphs_are_read():
    nodes = [node("Add", [f"v{i}" if i else "x", "one"], [f"v{i + 1}"]) for i in range(3000)]
    model = model_of([*nodes, node("MatMul", ["v3000", "w"], ["y"])], {"w": W, "one": np.float32(1)})
    net = Network.from_onnx(model)
    np.testing.assert_array_equal(net.input_scaling[0], [-3000] * 3)
    np.testing.assert_array_equal(net.weights[0], W)
