# SPDX-License-Identifier: BSD-3-Clause
"""The tables of activations and losses are complete, and what they do not have is refused by name."""

import typing
from unittest import mock

import netlet
import numpy as np
import pytest
from netlet import Network, _core, _names, functional, reference
from netlet.reference import activations, losses

X = np.linspace(-50, 50, 1001)


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("activation", _names.ActivationName),
        ("loss", _names.LossName),
        ("reduction", _names.ReductionName),
        ("init", _names.InitName),
    ],
)
def test_types_have_the_names_of_the_core(kind, names):
    assert list(typing.get_args(names)) == _core.NAMES[kind]


def test_dtypes_have_the_names_of_numpy():
    for name in typing.get_args(_names.DtypeName):
        assert Network([1, 1], dtype=name).dtype.name == name


def test_tables_have_the_names_of_the_core():
    assert list(_names.ACTIVATIONS) == list(activations.ACTIVATIONS) == _core.NAMES["activation"]
    assert list(_names.LOSSES) == list(losses.LOSSES) == _core.NAMES["loss"]


def test_all_functions_exist():
    assert set(functional.__all__) == set(_core.FUNCTIONS)
    assert all(callable(getattr(functional, name)) for name in functional.__all__)
    elementwise = set(_core.NAMES["activation"]) - {"identity", "softmax"}
    assert elementwise <= set(functional.__all__)
    assert elementwise <= set(reference.__all__)
    assert all(callable(getattr(reference, name)) for name in reference.__all__)


@pytest.mark.parametrize("name", _core.NAMES["activation"])
def test_activations_reach_what_the_table_says_and_no_more(name):
    row = _names.ACTIVATIONS[name]
    net = Network([1, 2], activation=name, init=[([[1.0, 0.0]], [0.0, 0.0])])
    outputs = net.forward(X[:, None])[:, 0]
    least, most = row.get("least", -np.inf), row.get("most", np.inf)
    assert (outputs >= least).all()
    assert (outputs <= most).all()
    assert np.isclose(outputs.min(), least, atol=1e-9) or least == -np.inf
    assert np.isclose(outputs.max(), most, atol=1e-9) or most == np.inf


@pytest.mark.parametrize("name", _core.NAMES["loss"])
def test_losses_are_what_the_reference_says(name):
    row, specified = _names.LOSSES[name], losses.LOSSES[name]
    assert row.get("output") == specified.output
    assert row.get("classes", "") == specified.classes
    assert row.get("scales_outputs", False) == specified.scales_outputs
    assert row.get("attribute", "") == specified.setting
    net = Network([2, 3, 2], loss=name, activation="tanh")
    assert net.activations[-1] == (specified.output or "tanh")
    if specified.scales_outputs:
        net.output_scaling = 1.0, 2.0
    else:
        with pytest.raises(ValueError, match="scaling"):
            net.output_scaling = 1.0, 2.0
    assert f"{row['parameter']}=" in repr(net) if "parameter" in row else "huber" not in repr(net)


def test_names_elsewhere_are_no_names_here():
    for kind, rows in (("activation", _names.ACTIVATIONS), ("loss", _names.LOSSES)):
        for name, row in rows.items():
            for alias in row.get("aliases", ()):
                with pytest.raises(ValueError, match=f"here it is '{name}'"):
                    Network([1, 1], **{kind: alias.upper()})


def test_what_a_format_does_not_have_is_refused_by_name(tmp_path):
    onnx = pytest.importorskip("onnx")
    net = Network([2, 3, 1], activation="gelu", seed=0)
    net.to_onnx(tmp_path / "gelu.onnx")
    with mock.patch.dict(_names.ACTIVATIONS, gelu={}):  # which keeps the order of the table
        for write in (net.to_c, net.to_onnx):
            with pytest.raises(ValueError, match=f"{write.__name__}: netlet cannot write the activation 'gelu'"):
                write(tmp_path / "gelu")
        del _names.ACTIVATIONS["gelu"]
        for write in (net.to_c, net.to_onnx):
            with pytest.raises(ValueError, match=f"{write.__name__}: netlet cannot write the activation 'gelu'"):
                write(tmp_path / "gelu")
    assert not (tmp_path / "gelu").exists()
    assert onnx.load(tmp_path / "gelu.onnx").producer_name == "netlet"


def test_c_functions_of_the_table_exist(tmp_path):
    for name in _core.NAMES["activation"]:
        Network([2, 2], activation=name, seed=0).to_c(tmp_path / f"{name}.c")
        text = (tmp_path / f"{name}.c").read_text()
        function = _names.ACTIVATIONS[name].get("c")
        assert function is None or f"static inline real {function}(real" in text
        assert (function is None) == (name in ("identity", "softmax"))


def test_schedules_have_the_numbers_of_the_core():
    kinds = [netlet.schedules.StepDecay(), netlet.schedules.ExponentialDecay(), netlet.schedules.CosineDecay(3)]
    kinds.append(netlet.schedules.ReduceOnPlateau())
    assert [schedule._parts()[0] for schedule in kinds] == list(_core.SCHEDULES.values())


def test_the_reference_takes_schedules_of_its_own():
    from netlet.reference import schedules

    x, y = [[0.0], [1.0]], [1.0, 0.0]
    for theirs, own in (
        (netlet.schedules.StepDecay(0.5, 2), schedules.StepDecay(0.5, 2)),
        (netlet.schedules.CosineDecay(3, 0.1), schedules.CosineDecay(3, 0.1)),
        (netlet.schedules.ReduceOnPlateau(0.5, 1, 10.0), schedules.ReduceOnPlateau(0.5, 1, 10.0)),
    ):
        net, first, second = (kind([1, 1], seed=0) for kind in (Network, reference.Network, reference.Network))
        rates = [n.fit(x, y, epochs=5, schedule=s) for n, s in ((first, theirs), (second, own))]
        history = net.fit(x, y, epochs=5, schedule=theirs)
        assert rates[0]["learning_rate"] == rates[1]["learning_rate"] == history.learning_rate.tolist()
        assert first.fingerprint() == second.fingerprint() == net.fingerprint()
