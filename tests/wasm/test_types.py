# SPDX-License-Identifier: BSD-3-Clause
"""netlet.d.ts declares what netlet.js has, and TypeScript takes it so."""

import json
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from netlet import _core
from netlet.optimizers import OPTIMIZERS

from helpers.tools import needed

pytestmark = pytest.mark.wasm

PROGRAM = Path(__file__).with_name("types.mts")


def declared(text):
    """The names of each class, and under "" those of the module that are values."""
    names = {"": re.findall(r"^export (?:class|function|const) (\w+)", text, re.MULTILINE)}
    for name, body in re.findall(r"^export class (\w+).*?\{\n(.*?)^\}", text, re.MULTILINE | re.DOTALL):
        members = re.findall(r"^  (?:(?:static|readonly|get|set) )*(\w+)[(:]", body, re.MULTILINE)
        names[name] = sorted({*members})
    return names


def test_all_public_names_are_declared_and_no_others(javascript, package):
    found, said = javascript("names"), declared((package / "netlet.d.ts").read_text(encoding="utf-8"))
    assert sorted(found[""]) == sorted(said[""])
    assert found["Network"] == said["Network"]
    assert found["Optimizer"] == said["Optimizer"]
    assert len(found["Network"]) > 40


def union(text, name):
    """The members of a type that is one of several names."""
    return re.findall(r'"(\w+)"', re.search(rf"^export type {name} =(.*?);", text, re.MULTILINE | re.DOTALL)[1])


def test_choices_are_those_of_the_core(package):
    text = (package / "netlet.d.ts").read_text(encoding="utf-8")
    for name, kind in [("Activation", "activation"), ("Loss", "loss"), ("Reduction", "reduction"), ("Init", "init")]:
        assert union(text, name) == list(_core.NAMES[kind])
    assert union(text, "OptimizerName") == list(OPTIMIZERS)
    settings = {key for cls in OPTIMIZERS.values() for key in cls()._settings}
    declared = re.search(r"^export interface OptimizerSettings \{(.*?)^\}", text, re.MULTILINE | re.DOTALL)[1]
    names = {re.sub(r"_(\w)", lambda letter: letter[1].upper(), key) for key in settings}
    assert set(re.findall(r"^  (\w+)\?:", declared, re.MULTILINE)) == names


def test_every_name_is_documented(package):
    for file in ("netlet.d.ts", "selftest.d.ts"):
        lines = (package / file).read_text(encoding="utf-8").splitlines()
        bare = [b for a, b in pairwise(lines) if b.startswith("export ") and not a.rstrip().endswith("*/")]
        assert not bare


def test_typescript_takes_good_programs_and_refuses_mistakes(application):
    tsc = needed("tsc")  # Debian: node-typescript
    folder = application / "types"
    folder.mkdir(exist_ok=True)
    shutil.copy(PROGRAM, folder)
    module = {"module": "nodenext", "moduleResolution": "nodenext", "target": "es2022", "lib": ["es2022", "dom"]}
    options = {"compilerOptions": {"strict": True, "noEmit": True, "types": [], **module}, "files": [PROGRAM.name]}
    (folder / "tsconfig.json").write_text(json.dumps(options))
    result = subprocess.run([tsc, "-p", folder], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")
