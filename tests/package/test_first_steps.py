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
    include, declarations, call = re.fullmatch(r"(#include .*)\n\n(double .*)\n(.*)\n", block("c")).groups()
    program = f"""
#include <stdio.h>
{include}
int main(void) {{
  int i;
  {declarations}
  {call}
  for (i = 0; i < DIGITS_OUTPUTS; i++) printf("%.17g\\n", scores[i]);
  return digits_self_test();
}}
"""
    (tmp_path / "program.c").write_text(program)
    command = next(line for line in TEXT.splitlines() if line.startswith("cc -O3"))
    run([needed("cc"), *command.split()[1:], "-o", "program"], cwd=tmp_path)
    printed = [float(line) for line in run([tmp_path / "program"], cwd=tmp_path).split()]
    assert printed == net.forward(np.zeros(64)).tolist()
    assert sum(printed) == pytest.approx(1)
