# SPDX-License-Identifier: BSD-3-Clause
"""docs/systems.md claims what the tests run, and no more."""

import re
from pathlib import Path

import netlet
from netlet import _core, _golden

import toolchains

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "systems.md").read_text(encoding="utf-8")
HEAD, _, *ROWS = (
    [cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line[:1] == "|"
)
TABLE = [dict(zip(HEAD, row)) for row in ROWS]
COMPILERS = {"GCC": "g++", "Clang": "clang++", "zig": "zig"}


def run_by(path):
    rows = [row for row in TABLE if f"`{path}`" in row["by"]]
    assert rows
    return rows


def test_the_golden_fingerprint_is_that_of_golden_txt():
    cases = _golden.read()
    together = _golden.together([(case.fingerprint, case.loss) for case in cases])
    said = f"{len(cases)} small trainings .* numerics version {netlet.numerics_version()} .* fingerprint `{together}`"
    assert re.search(said, TEXT, re.DOTALL)
    for setting, names in (("activations", _core.NAMES["activation"]), ("loss", _core.NAMES["loss"])):
        assert {name for case in cases for name in case.settings[setting].split(",")} == set(names)
    assert {case.settings["optimizer"] for case in cases} == set(_golden.OPTIMIZERS)
    assert {case.settings.get("schedule", "none") for case in cases} == set(_golden.SCHEDULES)


def test_all_that_is_said_to_run_something_exists():
    for row in TABLE:
        for path in re.findall("`(.+?)`", row["by"]):
            assert (ROOT / path).is_file(), path


def test_the_matrix_has_these_compilers_and_processors():
    found, old = set(), set()
    for row in run_by("tests/matrix.py"):
        names = {COMPILERS[name] for name in row["compiler"].split(", ")}
        if "without AVX" in row["processor"]:
            old |= names
        else:
            found |= {name + " aarch64" * row["processor"].startswith("aarch64") for name in names}
        assert "-O1, -O2 and -O3" in row["what is run"]
    assert found == set(toolchains.NAMES)
    assert old == {name for name in toolchains.NAMES if "aarch64" not in name}  # toolchains.here adds that processor
    assert 'default=["1", "2", "3"]' in (ROOT / "tests" / "matrix.py").read_text(encoding="utf-8")


def test_other_systems_are_those_of_the_tests():
    """A test of this file runs something if it calls ctest."""
    path = "tests/native/test_other_systems.py"
    tests = re.split(r"\n\n\n", (ROOT / path).read_text(encoding="utf-8"))
    tried = {name for name in toolchains.SYSTEMS for test in tests if "ctest(" in test and name.lower() in test.lower()}
    said = {}
    for row in run_by(path):
        (name,) = (name for name in toolchains.SYSTEMS if name in row["system"])
        said[name] = not row["what is run"].startswith("nothing")
    assert set(said) == set(toolchains.SYSTEMS)
    assert {name for name, is_run in said.items() if is_run} == tried


def test_instruction_sets_have_their_names():
    names = {name for row in TABLE for name in row["instruction sets"].split(", ") if "best" not in name}
    assert names == {"avx512", "avx2", "neon", "baseline", "wasm"} >= set(netlet.available_isas())


def test_readme_says_the_same_of_what_has_never_run():
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    never = TEXT.split("**Never run:**")[1]
    said = re.search(r"Workflows for ([^.]*) exist but have never been seen to pass", readme)
    for system in ("Windows", "macOS", "musl"):
        assert re.search(rf"^- .*{system}", never, re.MULTILINE)
        assert system in said[1]
    assert "[docs/systems.md](docs/systems.md)" in readme
