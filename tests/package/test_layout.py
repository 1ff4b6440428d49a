# SPDX-License-Identifier: BSD-3-Clause
"""Sources are used in one direction: folders of the core in their order, modules of the package without a circle."""

import ast
import graphlib
import re
import sys
from pathlib import Path

import netlet
import pytest

FLOORS = ["system", "kernels", "network", "compute", "file"]  # each may include itself and those before it
PACKAGE = Path(netlet.__file__).parent
MODULES = {
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__"): path
    for path in [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.pyi")]
}


def core():
    found = [folder / "cpp" / "src" for folder in Path(__file__).parents if (folder / "cpp" / "src").is_dir()]
    if not found:
        pytest.skip("no sources of the core beside the tests")
    return found[0]


@pytest.mark.parametrize("floor", FLOORS)
def test_a_folder_of_the_core_includes_only_what_stands_before_it(floor):
    below = [*FLOORS[: FLOORS.index(floor) + 1], "netlet"]  # its public headers
    files = [path for path in (core() / floor).iterdir() if path.suffix in (".cpp", ".hpp")]
    assert files
    for path in files:
        for folder in re.findall(r'^\s*#\s*include\s+"([^"/]+)/', path.read_text(encoding="utf-8"), re.MULTILINE):
            assert folder in below, f"{path.name} includes something of {folder}"


def test_all_of_the_core_lies_in_its_folders():
    assert {path.parent.name for path in core().rglob("*.[ch]pp")} == set(FLOORS)


def imported(name):
    """What a module imports, anywhere in it: whole names, of netlet's modules those of the modules."""
    package = name.split(".") if MODULES[name].name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*parents, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{module}.{alias.name}" if f"{module}.{alias.name}" in MODULES else module


GRAPH = {name: {other for other in imported(name) if other in MODULES} for name in MODULES}


def test_modules_import_in_one_direction():
    order = list(graphlib.TopologicalSorter(GRAPH).static_order())  # a circle is an error
    assert order.index("netlet._core") < order.index("netlet._names") < order.index("netlet.network")
    assert {name for name, others in GRAPH.items() if "netlet" in others} == {"netlet.__main__"}


def test_formats_know_nothing_of_the_network():
    for name in MODULES:
        if name.startswith("netlet.formats."):
            assert not GRAPH[name] & {"netlet.network", "netlet.exchange", "netlet.optimizers"}, name


def test_the_reference_needs_numpy_alone():
    names = [name for name in MODULES if name.startswith("netlet.reference")]
    assert len(names) > 5
    for name in names:
        others = {other for other in imported(name) if not other.startswith("netlet.reference")}
        assert {other.split(".")[0] for other in others} <= {"numpy", *sys.stdlib_module_names}, name
