# SPDX-License-Identifier: BSD-3-Clause
"""The example of docs/data.md runs as written."""

import re
from pathlib import Path

import numpy as np
import pytest
from netlet import Adam, Network

GUIDE = Path(__file__).parents[2] / "docs" / "data.md"


@pytest.mark.skipif(not GUIDE.is_file(), reason="no documentation beside the tests")
def test_data_in_files(tmp_path, capsys):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 2))
    for i in range(3):
        np.savez(tmp_path / f"{i}.npz", x=x[i::3] * 10, y=x[i::3, 0] - 5)
    seen = []
    code = "\n".join(re.findall(r"^```python\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    names = {
        "np": np,
        "Adam": Adam,
        "folder": tmp_path,
        "net": Network([2, 8, 1], activation=["tanh", "identity"], reduction="mean", seed=0),
        "held_out_batches": [(x * 10, x[:, 0] - 5)],
        "new_batches": [x * 10, x[:5] * 10],
        "see": seen.append,
    }
    exec(compile(code.replace("    ...\n", "    see(prediction.shape)\n"), "data.md", "exec"), names)
    assert seen == [(300,), (5,)]
    assert names["net"].evaluate_batches(names["batches"], metrics=["r2"])["r2"] > 0
    assert "epoch 20/20" in capsys.readouterr().err
