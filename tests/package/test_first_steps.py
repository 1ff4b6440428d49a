# SPDX-License-Identifier: BSD-3-Clause
"""What docs/first-steps.md shows besides: a CSV file of the reader's, and the C program around the exported network."""

import platform
import re

import numpy as np
import pandas as pd
import pytest
from netlet import Network

from helpers.tools import needed
from toolchains import ROOT, run

TEXT = (ROOT / "docs" / "first-steps.md").read_text(encoding="utf-8")


def block(language):
    (code,) = re.findall(rf"^```{language}\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)
    return code


def test_a_table_of_the_reader_s(tmp_path, monkeypatch, capsys, rng):
    monkeypatch.chdir(tmp_path)
    x = rng.uniform(0, 100, size=(300, 3))
    pd.DataFrame(np.column_stack([x, x[:, 0] * x[:, 1] + 10 * x[:, 2]])).to_csv("data.csv", index=False)
    names = {}
    exec(compile(block("py"), "first-steps.md", "exec"), names)
    assert "'rmse'" in capsys.readouterr().out
    assert names["net"].evaluate(names["x"], names["y"], metrics=["r2"])["r2"] > 0.99
    assert Network.load("model.netlet") == names["net"]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the command names x86's instructions")
def test_the_c_program(tmp_path):
    net = Network([64, 10, 10], activation="relu", loss="cross_entropy", seed=0)
    net.to_c(tmp_path / "digits.c")
    (tmp_path / "program.c").write_text(block("c"))
    command = next(line for line in TEXT.splitlines() if line.startswith("cc -O3"))
    run([needed("cc"), *command.split()[1:], "-o", "program"], cwd=tmp_path)
    failed, score = run([tmp_path / "program"], cwd=tmp_path).split()
    assert (int(failed), float(score)) == (0, net.forward(np.zeros(64))[0])
