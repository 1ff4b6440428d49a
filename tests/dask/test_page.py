# SPDX-License-Identifier: BSD-3-Clause
"""The page's section on Dask runs as it stands there, on a small table."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from netlet import Network
from netlet.dask import MLPRegressor

pytestmark = [pytest.mark.dask, pytest.mark.filterwarnings("default")]  # Dask's own, when it writes Parquet


PAGE = (Path(__file__).parents[2] / "docs" / "several-machines.md").read_text(encoding="utf-8")


def test_the_section_on_dask(client, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    flats = pd.DataFrame({"area": rng.uniform(20, 200, 2000), "rooms": rng.integers(1, 7, 2000).astype(float)})
    flats["floor"] = rng.integers(0, 9, 2000).astype(float)
    flats["price"] = 5000 * flats["area"] + 1e4 * flats["floor"]
    Path("flats").mkdir()
    for start in (0, 1000):
        flats[start : start + 1000].to_parquet(f"flats/{start}.parquet")
    section = re.search(r"^## Dask$(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)[1]
    assert section.count("client = Client()") == 1
    section = section.replace("client = Client()", "client = own")
    namespace = {"__name__": "__main__", "own": client}
    for block in re.findall(r"^```py\n(.*?)^```$", section, re.MULTILINE | re.DOTALL):
        exec(compile(block, "several-machines.md", "exec"), namespace)
    alone = Network([3, 64, 1], activation="relu", output_activation="identity", reduction="mean", seed=0)
    x = flats[["area", "rooms", "floor"]]
    alone.fit(x, flats["price"], epochs=50, optimizer=namespace["Adam"](0.003), standardize=True)
    net = Network.load("net.netlet")
    assert net.fingerprint() == alone.fingerprint()
    assert (pd.read_parquet("with_prices")["expected"].to_numpy() == alone.predict(x)).all()
    assert isinstance(namespace["model"], MLPRegressor)
    assert len(namespace["model"].predict(x)) == 2000
