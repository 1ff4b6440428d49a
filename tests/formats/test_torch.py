# SPDX-License-Identifier: BSD-3-Clause
"""Import from PyTorch."""

import numpy as np
import onnxruntime
import pytest
from netlet import Network
from safetensors.numpy import load_file, save_file
from sklearn.datasets import load_digits

RNG = np.random.default_rng(3)
W, B = RNG.normal(size=(3, 2)), RNG.normal(size=2)
X = RNG.normal(size=(50, 4)).astype(np.float32)


class Tensor:
    """As much of a tensor as a state_dict needs here."""

    dtype = "torch.float32"

    def __init__(self, values):
        self.values = np.asarray(values, np.float32)

    def detach(self):
        return self

    cpu = detach

    def numpy(self):
        return self.values


def frameworks(test):
    """A test with the real library, which takes long to install: ``pytest -m frameworks``."""
    return pytest.mark.frameworks(pytest.mark.filterwarnings("default")(test))


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


def test_a_state_dict():
    state = {"0.weight": Tensor(W.T), "0.bias": Tensor(B), "2.weight": Tensor(W)}
    net = Network.from_torch(state, activation="tanh", output_activation="sigmoid")
    assert net.activations == ("tanh", "sigmoid")
    assert net.loss_name == "binary_cross_entropy"
    np.testing.assert_array_equal(net.weights[0], W.astype(np.float32))
    np.testing.assert_array_equal(net.biases[1], np.zeros(3))
    with pytest.raises(ValueError, match="activation: a state_dict does not contain it"):
        Network.from_torch(state)
    for single in ({"weight": Tensor(W.T)}, {"weight": Tensor(W.T), "bias": Tensor(B)}):  # no hidden layers
        assert Network.from_torch(single).activations == ("identity",)
        net = Network.from_torch(single, output_activation="softmax")
        assert (net.activations, net.loss_name) == (("softmax",), "cross_entropy")
    with pytest.raises(ValueError, match="one for each of the 2 layers, got 3"):
        Network.from_torch(state, activation=["tanh"] * 3)
    with pytest.raises(ValueError, match=r"got 'norm\.running_mean' too"):
        Network.from_torch({**state, "norm.running_mean": Tensor(B)}, activation="tanh")
    with pytest.raises(ValueError, match=r"model, 2\.weight: expected 2 inputs, got 3"):
        Network.from_torch({**state, "2.weight": Tensor(W.T)}, activation="tanh")
    with pytest.raises(ValueError, match=r"model, 1\.weight: expected the matrix of a Linear layer, got shape \(2,\)"):
        Network.from_torch({**state, "1.weight": Tensor(B)}, activation="tanh")
    with pytest.raises(TypeError, match=r"model, 0\.weight: expected a tensor of PyTorch or a NumPy array, got list"):
        Network.from_torch({"0.weight": W.tolist()}, activation="tanh")
    with pytest.raises(TypeError, match="expected a Sequential or a state_dict of PyTorch, got int"):
        Network.from_torch(3)
    with pytest.raises(ValueError, match="expected at least one layer of sums, got none"):
        Network.from_torch({}, activation="tanh")


def arrays(*names):
    """Layers from 2 to 3 units and back, named in their order, weights before biases."""
    state = {}
    for i, name in enumerate(names):
        weight = np.ascontiguousarray(W if i % 2 == 0 else W.T) * (i + 1)
        state |= {f"{name}.weight": weight, f"{name}.bias": np.arange(len(weight)) + 0.5 * i}
    return state


def test_dicts_of_arrays(tmp_path):
    state = arrays(*range(0, 24, 2))
    net = Network.from_torch(state, activation="tanh")
    x = np.array([[0.5, -2.0]])
    for i in range(0, 24, 2):
        x = x @ state[f"{i}.weight"].T + state[f"{i}.bias"]
        x = np.tanh(x) if i < 22 else x
    np.testing.assert_allclose(net.forward([[0.5, -2.0]]), x, rtol=1e-12)
    np.savez(tmp_path / "state.npz", **state)
    with np.load(tmp_path / "state.npz") as loaded:
        assert Network.from_torch(loaded, activation="tanh") == net
    save_file(state, tmp_path / "state.safetensors")  # which sorts the names: 0, 10, 12, ..., 2, 20, ...
    assert Network.from_torch(load_file(tmp_path / "state.safetensors"), activation="tanh") == net
    for values in (W.astype(np.int32), W.astype(np.complex64), W.astype(object)):
        with pytest.raises(ValueError, match=r"0\.weight: expected parameters in float32 or float64, got"):
            Network.from_torch({"0.weight": values}, activation="tanh")
    with pytest.raises(ValueError, match="in float32 or float64, got float16; choose by dtype="):
        Network.from_torch({"0.weight": W.astype(np.float16)}, activation="tanh")


def test_the_order_of_layers_whose_names_are_sorted_is_found_or_refused():
    state = arrays("input", "hidden.0", "hidden.1", "head")
    wide = {**state, "input.weight": np.ones((3, 5)), "head.weight": np.ones((4, 3)), "head.bias": np.ones(4)}
    net = Network.from_torch(wide, activation="relu")
    assert net.layer_sizes == (5, 3, 2, 3, 4)
    assert Network.from_torch(dict(sorted(wide.items())), activation="relu") == net
    for names in (("encoder", "decoder"), ("fc", "out"), "abcdefgh"):
        state = arrays(*names)
        assert Network.from_torch(state, activation="relu").layer_sizes[0] == 2
        with pytest.raises(
            ValueError, match=r"the order cannot be told from their shapes: .*; give the layers in the order in which "
        ):
            Network.from_torch(dict(sorted(state.items())), activation="relu")
    with pytest.raises(ValueError, match=r"in their order, got 'b\.10\.weight' before 'b\.2\.weight'"):
        Network.from_torch(arrays("b.10", "b.2"), activation="relu")


def test_keys_with_many_numbers_take_no_time():
    state = arrays("0." * 100_000 + "0", "0." * 100_000 + "1")
    assert Network.from_torch(state, activation="relu").layer_sizes == (2, 3, 2)
    assert Network.from_torch(dict(sorted(state.items())), activation="relu").layer_sizes == (2, 3, 2)


@frameworks
def test_what_is_fixed_after_training_goes_into_the_network(torch):
    nn = torch.nn

    def normalization(size, **settings):
        norm = nn.BatchNorm1d(size, eps=1e-3, **settings)
        norm.running_mean[:], norm.running_var[:] = torch.linspace(-1, 2, size), torch.linspace(0.5, 3, size)
        if norm.affine:
            norm.weight.data[:], norm.bias.data[:] = torch.linspace(0.5, 1.5, size), torch.linspace(-0.3, 0.2, size)
        return norm

    torch.manual_seed(0)
    chains = [
        [nn.Linear(4, 6), normalization(6), nn.ReLU(), nn.Linear(6, 2)],
        [normalization(4), nn.Linear(4, 6), nn.Tanh(), normalization(6, affine=False), nn.Dropout(), nn.Linear(6, 2)],
        [nn.Flatten(), nn.Identity(), nn.Dropout(), nn.Linear(4, 6, bias=False), normalization(6), nn.Identity(),
         nn.GELU(), nn.Linear(6, 2), normalization(2), nn.Dropout()],
        [nn.Linear(4, 6), nn.Tanh(), nn.Dropout(0.2), nn.Dropout(0.5), nn.Linear(6, 3), nn.LogSoftmax(dim=-1)],
    ]  # fmt: skip
    for chain in chains:
        for dtype, tolerance in ((torch.float32, 1e-5), (torch.float64, 1e-12)):
            model = nn.Sequential(*chain).to(dtype).eval()
            expected = model(torch.as_tensor(X, dtype=dtype)).detach().numpy()
            model.train()  # netlet reads what the model does in prediction
            if logarithms := isinstance(chain[-1], nn.LogSoftmax):
                with pytest.warns(UserWarning, match="ends in LogSoftmax; the network gives the probabilities"):
                    net = Network.from_torch(model)
                assert net.loss_name == "cross_entropy"
                assert net.dropout == pytest.approx((0.6,))
            else:
                net = Network.from_torch(model)
            found = net.forward(X)
            np.testing.assert_allclose(np.log(found) if logarithms else found, expected, rtol=tolerance, atol=tolerance)
    flowing = nn.BatchNorm1d(4, track_running_stats=False)
    for chain, message in [
        ([nn.Linear(4, 4), flowing], "moments that it has learned"),
        ([nn.Linear(4, 4), nn.LayerNorm(4)], r"layer 1 \(LayerNorm\): netlet has no such layer"),
        ([nn.Linear(4, 4), nn.LogSoftmax(dim=1), normalization(4)], "expected nothing after LogSoftmax"),
        ([nn.Linear(4, 4), nn.LogSoftmax(dim=0)], "dim -1 or 1, this one 0"),
        ([nn.Linear(4, 4), nn.BatchNorm2d(4)], "BatchNorm2d"),
        ([nn.Linear(4, 4), normalization(5)], "one for each of 4 columns"),
    ]:
        with pytest.raises(ValueError, match=message):
            Network.from_torch(nn.Sequential(*chain))


@frameworks
def test_a_sequential_gives_the_same(torch):
    nn = torch.nn
    activations = [nn.Identity(), nn.Sigmoid(), nn.Tanh(), nn.ReLU(), nn.LeakyReLU(), nn.ELU(), nn.Softplus()]
    activations += [nn.SiLU(), nn.GELU(), nn.Hardsigmoid()]
    for activation in activations:
        for dtype in (torch.float32, torch.float64):
            model = nn.Sequential(
                nn.Linear(4, 9), activation, nn.Dropout(0.25), nn.Sequential(nn.Linear(9, 5, bias=False), nn.Tanh()),
                nn.Linear(5, 3), nn.Softmax(dim=1),
            ).to(dtype).eval()  # fmt: skip
            net = Network.from_torch(model)
            assert net.dropout == (0.25, 0.0)
            assert net.loss_name == "cross_entropy"
            expected = model(torch.as_tensor(X, dtype=dtype)).detach().numpy()
            np.testing.assert_allclose(net.forward(X), expected, rtol=1e-5 if dtype == torch.float32 else 1e-12)


@frameworks
def test_limits_and_activations_without_sums_of_their_own(torch):
    nn = torch.nn
    torch.manual_seed(0)
    for modules, activations in [
        ([nn.Linear(4, 6), nn.ReLU6(), nn.Linear(6, 3)], ("hard_sigmoid", "identity")),
        ([nn.Linear(4, 6), nn.Hardtanh(), nn.Linear(6, 3), nn.Hardtanh(-0.5, 2.0)], ("hard_sigmoid", "hard_sigmoid")),
        ([nn.Hardtanh(-5, 5), nn.Linear(4, 3), nn.Tanh(), nn.ReLU()], ("hard_sigmoid", "tanh", "relu")),
        ([nn.BatchNorm1d(4), nn.Sequential(nn.Sigmoid(), nn.Linear(4, 3))], ("sigmoid", "identity")),
        ([nn.Linear(4, 3), nn.Hardtanh(0, float("inf"))], ("relu",)),
    ]:
        for dtype, tolerance in ((torch.float32, 4e-6), (torch.float64, 1e-14)):
            model = nn.Sequential(*modules).to(dtype).eval()
            net = Network.from_torch(model)
            assert net.activations == activations
            assert net.dtype == str(dtype).removeprefix("torch.")
            expected = model(torch.as_tensor(X, dtype=dtype)).detach().numpy()
            np.testing.assert_allclose(net.forward(X), expected, rtol=tolerance, atol=tolerance)


@frameworks
@pytest.mark.filterwarnings("ignore:model, layer 1:UserWarning")
def test_slopes_of_leaky_relu(torch):
    nn = torch.nn
    several = nn.PReLU(6)
    with torch.no_grad():
        several.weight.copy_(torch.linspace(-1, 1, 6))
    for module in (nn.LeakyReLU(0.2), nn.PReLU(), several):
        model = nn.Sequential(nn.Linear(4, 6), module, nn.Linear(6, 3)).double()
        net = Network.from_torch(model)
        assert net.layer_sizes == (4, 12, 3)
        expected = model(torch.as_tensor(X).double()).detach().numpy()
        np.testing.assert_allclose(net.forward(X), expected, rtol=1e-13, atol=1e-14)


@frameworks
def test_modules_that_netlet_does_not_have_are_refused(torch):
    nn = torch.nn
    linear = nn.Linear(4, 4)
    cases = [
        (nn.Sequential(linear, nn.SELU()), r"model, layer 1 \(SELU\): netlet has no such layer"),
        (nn.Sequential(linear, nn.Sequential(nn.Conv1d(1, 1, 1))), r"layer 1\.0 \(Conv1d\)"),
        (nn.Sequential(linear, nn.PReLU(init=float("nan"))), "expected finite slopes"),
        (nn.Sequential(linear, nn.GELU(approximate="tanh")), "approximate"),
        (nn.Sequential(linear, nn.Softmax(dim=0)), "softmax has dim -1 or 1, this one 0"),
        (nn.Sequential(linear, nn.Softmax(dim=1), nn.ReLU()), r"layer 2 \(ReLU\): expected nothing but a scale after"),
        (
            nn.Sequential(nn.Linear(4, 4), nn.Hardtanh(-3000, 3000)),
            r"layer 1 \(Hardtanh\): expected limits at most 2048 apart",
        ),
        (
            nn.Sequential(nn.ReLU(), nn.Flatten(), nn.Linear(5000, 1)),
            r"layer 0 \(ReLU\): as a layer of its own, of 5000",
        ),
        (nn.Sequential(nn.ReLU()), "before the activation"),
        (nn.Sequential(), "at least one layer"),
        (linear.half(), "float32 or float64, got float16"),
    ]
    for model, message in cases:
        with pytest.raises(ValueError, match=message):
            Network.from_torch(model)


@frameworks
def test_modules_that_stand_twice_count_twice(torch):
    nn = torch.nn
    relu, tied = nn.ReLU(), nn.Linear(4, 4)
    model = nn.Sequential(nn.Linear(4, 4), relu, tied, relu, tied)
    net = Network.from_torch(model)
    assert net.activations == ("relu", "relu", "identity")
    np.testing.assert_allclose(net.forward(X), model(torch.as_tensor(X)).detach().numpy(), rtol=1e-5, atol=1e-6)


@frameworks
def test_models_that_may_compute_something_else_are_refused(torch):
    nn = torch.nn

    class Mine(nn.Linear):
        def forward(self, x):
            return -super().forward(x)

    hooked = nn.Linear(4, 4)
    hooked.register_forward_hook(lambda module, x, y: -y)
    cases = [
        (nn.Sequential(Mine(4, 4)), r"layer 0 \(Mine\): expected modules of torch.nn itself"),
        (nn.Sequential(hooked), "hooks"),
        (nn.Sequential(torch.nn.utils.weight_norm(nn.Linear(4, 4))), "hooks"),
        (nn.Sequential(nn.Linear(4, 4), nn.Softplus(threshold=0.1)), "threshold 20 or more"),
        (nn.Sequential(nn.Flatten(0), nn.Linear(4, 4)), "rows to stay rows"),
        (nn.Linear(4, 4).to(torch.bfloat16), "got torch.bfloat16"),
        (nn.Linear(4, 4, device="meta"), "a tensor with values"),
    ]
    for model, message in cases:
        with pytest.raises(ValueError, match=message):
            Network.from_torch(model)
    with pytest.raises(ValueError, match="layer 1 of the model has relu itself"):
        Network.from_torch(nn.Sequential(nn.Linear(4, 4), nn.ReLU()), output_activation="softmax")


@frameworks
def test_from_torch_by_netlet_to_onnx_runtime(torch, tmp_path):
    """On real data: trained there, trained on here, predicted there, and in files in between."""
    nn = torch.nn
    digits = load_digits()
    x, y = (digits.data / 16).astype(np.float32), digits.target
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 30), nn.ReLU(), nn.Linear(30, 10))
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    for _ in range(50):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(torch.as_tensor(x[:1200])), torch.as_tensor(y[:1200])).backward()
        optimizer.step()
    net = Network.from_torch(model, output_activation="softmax")
    same = Network.from_torch(model.state_dict(), activation="relu", output_activation="softmax")
    assert same == net
    expected = torch.softmax(model(torch.as_tensor(x)), 1).detach().numpy()
    np.testing.assert_allclose(net.forward(x), expected, rtol=1e-4, atol=1e-6)
    before = (net.predict(x[1200:]) == y[1200:]).mean()
    net.fit(x[:1200], y[:1200], epochs=20, batch_size=32, learning_rate=0.1)
    assert (net.predict(x[1200:]) == y[1200:]).mean() > before
    net.save(tmp_path / "digits.netlet")
    loaded = Network.load(tmp_path / "digits.netlet")
    loaded.to_onnx(tmp_path / "digits.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "digits.onnx"), providers=["CPUExecutionProvider"])
    outputs = session.run(None, {"x": x})[0]
    np.testing.assert_allclose(outputs, net.forward(x), rtol=1e-4, atol=1e-6)
    assert (outputs.argmax(axis=1) == net.predict(x)).all()
    assert Network.from_onnx(tmp_path / "digits.onnx") == net
