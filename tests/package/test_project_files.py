# SPDX-License-Identifier: BSD-3-Clause
"""Citation and recipes say what version.h and pyproject.toml say."""

import json
import re
import runpy
from pathlib import Path

import netlet
import pytest

ROOT = Path(__file__).parents[2]
PACKAGING = ROOT / "packaging"
RECIPE = (PACKAGING / "conda" / "recipe.yaml").read_text(encoding="utf-8")
PROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def found(pattern: str, path: str) -> str:
    return re.search(pattern, (ROOT / path).read_text(encoding="utf-8"), flags=re.MULTILINE)[1]


@pytest.mark.parametrize(
    ("path", "pattern"),
    [
        ("CITATION.cff", r"^version: (\S+)$"),
        ("packaging/conda/recipe.yaml", r"^  version: (\S+)$"),
        ("wasm/package.json", r'"version": "(\S+)"'),
        ("packaging/vcpkg/netlet/vcpkg.json", r'"version": "(\S+)"'),
        ("packaging/spack/spack_repo/netlet/packages/netlet/package.py", r'version\("(\S+)"'),
        ("packaging/spack/spack_repo/netlet/packages/py_netlet/package.py", r'version\("(\S+)"'),
    ],
)
def test_versions_are_the_same(path: str, pattern: str) -> None:
    assert found(pattern, path) == netlet.__version__


def test_recipes_need_what_the_project_needs() -> None:
    """The same lower bounds of Python, NumPy, CMake and what builds the module."""
    spack = (PACKAGING / "spack/spack_repo/netlet/packages/py_netlet/package.py").read_text(encoding="utf-8")
    for name in ("numpy", "pybind11", "scikit-build-core"):
        bound = re.search(rf'"{name}>=([\d.]+)"', PROJECT)[1]
        assert f"- {name} >={bound}\n" in RECIPE
        assert re.search(rf'"py-{name}@{bound.removesuffix(".0")}:"', spack), name
    python = re.search(r'requires-python = ">=([\d.]+)"', PROJECT)[1]
    assert f'"python@{python}:"' in spack
    cmake = re.search(r'cmake.version = ">=([\d.]+)"', PROJECT)[1]
    assert f"- cmake >={cmake}\n" in RECIPE
    assert f'"cmake@{cmake}:"' in spack


def test_the_port_is_as_vcpkg_formats_it() -> None:
    text = (PACKAGING / "vcpkg/netlet/vcpkg.json").read_text(encoding="utf-8")
    port = json.loads(text)
    assert text == json.dumps(port, indent=2) + "\n"
    assert port["license"] == re.search(r'^license = "(.*)"$', PROJECT, flags=re.MULTILINE)[1]


def test_the_code_of_conduct_is_the_covenant_with_a_contact() -> None:
    text = (ROOT / "CODE_OF_CONDUCT.md").read_text(encoding="utf-8")
    assert "version 2.1" in text
    assert "[INSERT" not in text
    assert "reported to the community leaders responsible for enforcement: the maintainers." in text


def test_readme_s_links_work_on_a_package_index() -> None:
    """All that lead to files of the repository; each of them is one."""
    script = ROOT / ".ci" / "readme_links.py"
    if not script.exists():
        pytest.skip("the source distribution has no .ci")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.findall(r"\]\(([^)]+)\)", runpy.run_path(str(script))["absolute"](text, "https://host/own/netlet", "v1"))
    paths = [re.fullmatch(r"https://host/own/netlet/(?:raw|blob)/v1/([^#]+)(?:#.*)?", link) for link in found]
    assert len(found) > 20
    assert all(path and (ROOT / path[1]).exists() for path in paths)
    assert "https://host/own/netlet/raw/v1/docs/speed.svg" in found
