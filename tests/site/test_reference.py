# SPDX-License-Identifier: BSD-3-Clause
"""The reference has every public name, in every language."""

import importlib
import inspect
import re
import zlib
from pathlib import Path

import netlet
import pytest
from netlet._arguments import Elsewhere

HEADERS = Path(__file__).parents[2] / "cpp" / "include" / "netlet"
MODULES = [
    "netlet",
    *(f"netlet.{name}" for name in ("callbacks", "dask", "functional", "mpi", "reference", "schedules", "sklearn")),
]


@pytest.fixture(scope="module")
def documented(site):
    """The names of the site's inventory, by domain and kind."""
    *_, body = (site / "objects.inv").read_bytes().split(b"\n", 4)
    names = {}
    for line in zlib.decompress(body).decode().splitlines():
        name, kind, _, _, _ = re.fullmatch(r"(.+?) (\S+) (-?\d+) (\S*) (.*)", line).groups()
        names.setdefault(kind.partition(":")[0], set()).add(name)
    return names


def public_names():
    """Each name with those under which it may be documented."""
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name in module.__all__:
            member = getattr(module, name)
            names = {f"{module_name}.{name}", getattr(member, "__name__", "")}
            if hasattr(member, "__qualname__"):
                names.add(f"{member.__module__}.{member.__qualname__}")
            yield f"{module_name}.{name}", names
            if inspect.isclass(member) and member.__module__.startswith("netlet"):
                for attribute, value in vars(member).items():
                    kinds = (property, classmethod, staticmethod)
                    if not attribute.startswith("_") and (inspect.isfunction(value) or isinstance(value, kinds)):
                        yield f"{module_name}.{name}.{attribute}", {f"{each}.{attribute}" for each in names}


def test_python(documented):
    found = dict(public_names())
    assert len(found) > 150
    assert {name for name, names in found.items() if not names & documented["py"]} == set()
    assert {"netlet.Network.fit", "netlet.Network.to_c", "netlet.Network.fit_batches"} <= documented["py"]


def test_inherited_methods_of_a_network(documented):
    """All that a network has, but for other libraries' names, which say what they are called here."""
    names = {name for name in dir(netlet.Network) if not name.startswith("_")}
    hints = {name for name in names if isinstance(inspect.getattr_static(netlet.Network, name), Elsewhere)}
    found = {name.removeprefix("netlet.Network.") for name in documented["py"]}
    assert len(names - hints) > 50
    assert names - hints - found == set()
    assert found & hints == set()


def test_c(documented):
    text = (HEADERS / "netlet.h").read_text(encoding="utf-8")
    names = set(re.findall(r"\b(netlet_\w+)\(", "".join(re.findall(r"^NETLET_API [^;]*?\(", text, re.MULTILINE))))
    types = set(re.findall(r"^(?:typedef )?(?:struct|enum) (netlet_\w+)", text, re.MULTILINE))
    assert len(names) > 70
    assert len(types) > 20
    assert (names | types) - documented["c"] == set()


def test_cpp(site):
    text = "".join((HEADERS / name).read_text(encoding="utf-8") for name in ("netlet.hpp", "exchange.hpp"))
    page = re.sub("<.*?>", "", (site / "reference" / "cpp.html").read_text(encoding="utf-8"))
    classes = set(re.findall(r"^(?:class|struct) (\w+).*\{$", text, re.MULTILINE)) - {"Check"}
    functions = set(re.findall(r"^inline (?:[\w:<>]+ )+(\w+)\(", text, re.MULTILINE))
    methods = set(re.findall(r"^  (?:template <.*?> )?(?:[\w:<>]+[*&]? )+(\w+)\(.*\{", text, re.MULTILINE))
    assert len(classes) > 12
    assert len(methods) > 30
    private = {"checked", "returned", "require", "require_count", "refused", "is_dtype", "fits", "inputs_of"}
    private |= {"weights_before", "biases_before", "path_of"}
    missing = {name for name in classes | functions | methods - private if not re.search(rf"\b{name}\b", page)}
    assert missing == set()
    assert "netlet_forward_realtime(get()" not in page  # bodies are not shown


def test_fortran(site):
    text = (HEADERS / "netlet.f90").read_text(encoding="utf-8")
    page = re.sub("<.*?>", "", (site / "reference" / "fortran.html").read_text(encoding="utf-8"))
    names = set(re.findall(r"^  type.*, public :: (\w+)", text, re.MULTILINE))
    names |= set(re.findall(r"\w+", " ".join(re.findall(r"^  public :: (.*)", text, re.MULTILINE))))
    names |= set(re.findall(r"^    (?:procedure|generic) :: (\w+)", text, re.MULTILINE)) - {"assignment"}
    names |= set(re.findall(r"\bNETLET_[A-Z0-9_]+(?= = )", text))
    assert len(names) > 80
    assert {name for name in names if not re.search(rf"\b{name}\b", page)} == set()
