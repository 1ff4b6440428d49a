# SPDX-License-Identifier: BSD-3-Clause
"""What tab completion and help show."""

import inspect
import pydoc
import subprocess
import sys

import netlet
import pytest

GRADIENT = ["l2", "l1", "clip_value", "clip_norm"]


def test_tab_completion_shows_what_is_public():
    shown = {name for name in dir(netlet) if not name.startswith("__")}
    assert shown == {name for name in [*netlet.__all__, "reference"] if not name.startswith("__")}
    assert {"schedules", "reference", "functional", "Network"} <= shown
    assert all(hasattr(netlet, name) for name in dir(netlet))


def test_what_takes_long_is_imported_when_it_is_asked_for():
    code = "import sys, netlet; dir(netlet); print([n for n in sys.modules if 'netlet.' in n]); netlet.reference.exp"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "netlet.network" in result.stdout
    for name in ("reference", "schedules", "formats", "mpi", "sklearn", "batches"):
        assert f"'netlet.{name}" not in result.stdout


@pytest.mark.parametrize("cls", [netlet.SGD, netlet.Adam, netlet.AdamW, netlet.RMSprop, netlet.Rprop])
def test_optimizers_show_their_common_settings(cls):
    parameters = inspect.signature(cls).parameters
    assert next(iter(parameters)) == "learning_rate"
    assert list(parameters)[-4:] == GRADIENT
    for name in GRADIENT:
        assert parameters[name].default == getattr(cls(), name) == 0.0
        assert parameters[name].kind == inspect.Parameter.KEYWORD_ONLY
    for name in [*parameters][:-4]:
        assert parameters[name].default == getattr(cls(), name)
    assert "clip_norm: 'float' = 0.0" in pydoc.render_doc(cls) or "clip_norm: float = 0.0" in pydoc.render_doc(cls)


def test_a_class_of_ones_own_has_its_own_signature():
    class Mine(netlet.SGD):
        def __init__(self, rate, *, l1=0.5, **others):
            super().__init__(rate, l1=l1, **others)

    assert str(inspect.signature(Mine)) == "(rate, *, l1=0.5, **others)"
    assert Mine(0.1, l2=0.25).l1 == 0.5


@pytest.mark.parametrize("cls", [netlet.SGD, netlet.Adam, netlet.AdamW, netlet.RMSprop, netlet.Rprop])
def test_unknown_settings_are_refused_by_name(cls):
    with pytest.raises(TypeError, match=rf"{cls.__name__}.*'weight'"):
        cls(weight=1.0)
    with pytest.raises(TypeError, match=f"{cls.__name__}"):
        cls(0.1, learning_rate=0.1)
