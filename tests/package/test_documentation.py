# SPDX-License-Identifier: BSD-3-Clause
"""What documentation shows runs as written, and everything public is documented."""

import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import netlet
import numpy as np
import pytest
from netlet import SGD, Adam, Network, reference

ROOT = Path(__file__).parents[2]
LEFT_OUT = ("netlet.__main__", "netlet.dask")  # the latter's examples start clusters: tests/dask runs them
MODULES = ["netlet"] + [
    m.name for m in pkgutil.walk_packages(netlet.__path__, "netlet.") if not m.name.startswith(LEFT_OUT)
]


def run(*arguments: object, cwd: Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    result = subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", timeout=600, check=False)
    assert result.returncode == status, f"{command}\n{result.stdout}\n{result.stderr}"
    return result


@pytest.mark.parametrize("cls", [Network, SGD, Adam, netlet.History], ids=lambda cls: cls.__name__)
def test_every_public_member_is_documented_and_has_a_signature(cls):
    assert inspect.signature(cls)
    for name in dir(cls):
        member = getattr(cls, name)
        if name.startswith("_"):
            continue
        assert member.__doc__, name
        if inspect.ismethod(member):  # of the class
            assert inspect.signature(member).parameters, name
        elif callable(member):
            assert "self" in inspect.signature(member).parameters, name


def test_the_reference_is_imported_when_it_is_asked_for():
    assert netlet.reference.Network is reference.Network
    script = "import netlet; print(netlet.schedules.__name__, netlet.reference.__name__)"
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert output.split() == ["netlet.schedules", "netlet.reference"]
    with pytest.raises(AttributeError, match="nonsense"):
        netlet.nonsense  # noqa: B018


def python_blocks(path: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```$", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def pages() -> list[object]:
    """README and all pages with Python, those that import PyTorch or Keras marked."""
    found = []
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        blocks = python_blocks(path)
        needs = [pytest.mark.frameworks, pytest.mark.filterwarnings("default")]
        if not re.search("^import (torch|keras)", "".join(blocks), re.MULTILINE):
            needs = []
        if blocks:
            found.append(pytest.param(path.relative_to(ROOT).as_posix(), marks=needs))
    return found


@pytest.mark.parametrize("name", pages())
def test_python_blocks(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In order, in one namespace; what a line prints is what the comment beside it says."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    blocks = python_blocks(ROOT / name)
    assert blocks
    namespace: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, name, "exec"), namespace)
        expected = re.findall(r"^print\(.*\)  # (.*)$", block, flags=re.MULTILINE)
        assert capsys.readouterr().out.splitlines() == expected


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")), ids=lambda path: path.name)
def test_links_of_the_texts_at_the_top(path: Path) -> None:
    """Those between the pages are checked when the site is built."""
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if "://" not in link and not (ROOT / link).exists()] == []


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with np.printoptions(precision=8):
        module = importlib.import_module(name)
        failed, _ = doctest.testmod(module, verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


def test_there_are_docstring_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    tests = [test for name in MODULES for test in finder.find(importlib.import_module(name))]
    assert sum(len(test.examples) for test in tests) >= 10


def test_python_m_netlet(tmp_path: Path) -> None:
    output = run("-m", "netlet", cwd=tmp_path).stdout
    for line in (f"netlet +{netlet.__version__}", f"instruction set +{netlet.isa()}", r"threads +\d+", r"build +\S"):
        assert re.search(f"^{line}", output, flags=re.MULTILINE), line
    assert run("-m", "netlet", "--version", cwd=tmp_path).stdout == f"{netlet.__version__}\n"
    assert "usage: python -m netlet" in run("-m", "netlet", "--help", cwd=tmp_path).stdout
