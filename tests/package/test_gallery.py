# SPDX-License-Identifier: BSD-3-Clause
"""The gallery's examples run, draw legible figures, and show what they say."""

import ast
import re
import runpy
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

GALLERY = Path(__file__).parents[2] / "examples" / "gallery"
EXAMPLES = sorted(GALLERY.glob("plot_*.py"))

Run = Callable[[str], tuple[dict[str, Any], str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Run]:
    """Runs an example, looks at its figures, and returns its variables and what it printed."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    monkeypatch.setattr(pyplot, "show", lambda: None)
    monkeypatch.chdir(tmp_path)  # an example that leaves files behind is seen

    def example(name: str) -> tuple[dict[str, Any], str]:
        pyplot.close("all")
        variables = runpy.run_path(str(GALLERY / f"plot_{name}.py"), run_name="__main__")
        assert pyplot.get_fignums(), "no figure"
        for number in pyplot.get_fignums():
            check_figure(pyplot.figure(number))
        assert not list(tmp_path.iterdir()), "files left behind"
        return variables, capsys.readouterr().out

    with matplotlib.rc_context(fname=GALLERY / "matplotlibrc"):
        yield example
    pyplot.close("all")


def check_figure(figure: Any) -> None:
    """It has a title, its axes have labels, and no text leaves it."""
    figure.canvas.draw()
    assert figure.get_suptitle() or any(ax.get_title() for ax in figure.axes), "no title"
    assert figure.get_size_inches()[0] <= 8, "wider than a page"
    for ax in figure.axes:
        if ax.axison:
            assert ax.get_xlabel() or ax.get_ylabel(), "axes without a label"
    renderer = figure.canvas.get_renderer()
    for ax in figure.axes:
        for text in (ax.title, ax.xaxis.label, ax.yaxis.label):
            if text.get_text() and text.get_visible():
                box = text.get_window_extent(renderer)
                assert figure.bbox.x0 - 1 <= box.x0, f"{text.get_text()!r} is cut off"
                assert box.x1 <= figure.bbox.x1 + 1, f"{text.get_text()!r} is cut off"


def test_each_example_has_a_test_a_title_and_a_paragraph() -> None:
    assert len(EXAMPLES) >= 16
    for path in EXAMPLES:
        assert path.stem.replace("plot_", "test_") in globals()
        text = path.read_text(encoding="utf-8")
        title, line, blank, *paragraph = ast.get_docstring(ast.parse(text)).splitlines()
        assert line == "=" * len(title)
        assert not blank
        assert paragraph
        assert "\n# %%\n" in text
        assert text.count("plt.show()") == text.count("plt.subplots(") + text.count(".plot()\n") + (
            "LivePlot(" in text
        ), "every figure is shown"


def test_the_extra_has_what_they_import() -> None:
    text = (GALLERY.parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    extra = set(re.findall(r'"([a-z-]+)', re.search(r"^gallery = \[(.*?)\]", text, flags=re.DOTALL | re.MULTILINE)[1]))
    known = {"sklearn": "scikit-learn", "vega_datasets": "vega-datasets"}
    for path in EXAMPLES:
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        names = [name.name for node in nodes if isinstance(node, ast.Import) for name in node.names]
        names += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
        modules = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"netlet", "numpy"}
        assert {known.get(module, module) for module in modules} <= extra, path.name


gallery = pytest.mark.gallery


@gallery
def test_xor(run: Run) -> None:
    variables, _ = run("xor")
    assert variables["net"].forward(variables["X"]).round().ravel().tolist() == [0, 1, 1, 0]


@gallery
def test_digits(run: Run) -> None:
    _, output = run("digits")
    assert float(re.search(r"([\d.]+)% of 450", output)[1]) >= 97


@gallery
def test_decision_boundary(run: Run) -> None:
    """Without a penalty more of the flowers are right, and the boundary is not nearly straight."""
    variables, _ = run("decision_boundary")
    x, y = variables["x"], variables["y"]
    free, smooth = (variables["train"](l2) for l2 in (0, 0.003))
    assert free.evaluate(x, y)["accuracy"] > smooth.evaluate(x, y)["accuracy"] > 0.94
    assert np.abs(free.parameters).max() > 2 * np.abs(smooth.parameters).max()


@gallery
def test_bands(run: Run) -> None:
    """The band is wide where the weather varies: as wide as the spread of the residuals in each half of the year."""
    variables, _ = run("bands")
    train, day, warmest = variables["train"], variables["day"], variables["warmest"]
    mean, log_variance = variables["net"].forward(variables["season"](day[train])).T
    error, summer = warmest[train] - mean, np.abs(day[train] - 182) < 91
    spreads = [error[half].std() for half in (summer, ~summer)]
    assert [np.sqrt(np.mean(np.exp(log_variance[half]))) for half in (summer, ~summer)] == pytest.approx(
        spreads, rel=0.1
    )
    assert 0.8 < variables["inside"].mean() < 0.95


@gallery
def test_quantiles(run: Run) -> None:
    variables, _ = run("quantiles")
    shares = (variables["distance"][:, None] < variables["net"].predict(variables["weight"])).mean(axis=0)
    assert shares == pytest.approx([0.1, 0.5, 0.9], abs=0.03)


@gallery
def test_pendulum(run: Run) -> None:
    """It stands upright at the end, and could not be lifted in one go; the plan's derivatives are right."""
    variables, _ = run("pendulum")
    angles, torques = variables["angles"], variables["torques"]
    assert np.abs(np.cos(angles[-20:]) - 1).max() < 1e-3
    assert np.abs(torques).max() <= variables["LIMIT"]
    swing = np.degrees(np.unwrap(angles)) - 180
    assert swing.min() < -45
    assert swing.max() > 45
    plan, cost = np.linspace(-1, 2, 12), variables["cost"]
    _, gradient = cost(plan, 2.0, -0.5)
    for i in range(12):
        ahead, behind = (cost(plan + sign * 1e-5 * (np.arange(12) == i), 2.0, -0.5)[0] for sign in (1, -1))
        assert gradient[i] == pytest.approx((ahead - behind) / 2e-5, rel=1e-5, abs=1e-7)


@gallery
def test_sensors(run: Run) -> None:
    variables, _ = run("sensors")
    rms = {name: np.sqrt(np.mean(np.square(error), axis=1)) for name, error in variables["errors"].items()}
    assert len(rms["network"]) == 200
    assert (rms["network"] < rms["linear"]).mean() > 0.98
    assert np.median(rms["network"]) < 0.2 * np.median(rms["linear"])
    alone = variables["calibrate"](variables["x"][7, variables["train"]], variables["pressure"][7, variables["train"]])
    assert alone == variables["nets"][7], "in threads the same bits as alone"


@gallery
def test_ensemble(run: Run) -> None:
    variables, _ = run("ensemble")
    spread, known = variables["spread"], variables["known"]
    assert spread[~known].mean() > 3 * spread[known].mean()
    assert len({tuple(member) for member in variables["members"]}) == 20


@gallery
def test_sample_weights(run: Run) -> None:
    variables, _ = run("sample_weights")
    truth = variables["curve"](variables["across"])
    alike, weighted = (np.sqrt(np.mean((fit - truth) ** 2)) for fit in variables["fits"].values())
    assert weighted < alike / 3


@gallery
def test_parquet(run: Run) -> None:
    """Close to the noise; and the same as from the arrays themselves, which shows that all rows arrive in order."""
    variables, output = run("parquet")
    assert 1 < float(re.search(r"'rmse': ([\d.]+)", output)[1]) < 1.1
    x, y = variables["x"], variables["y"]
    assert (variables["prediction"] == variables["net"].predict(x[-20_000:])).all()
    assert np.sqrt(np.mean((variables["prediction"] - y[-20_000:]) ** 2)) < 1.1


@gallery
def test_fine_tuning(run: Run) -> None:
    _, output = run("fine_tuning")
    tuned, scratch = (
        [float(share) for share in re.search(rf"{name} +([\d.]+)% before, ([\d.]+)% after", output).groups()]
        for name in ("fine-tuned", "from scratch")
    )
    assert tuned[0] > scratch[0] + 20
    assert tuned[1] > scratch[1] + 20
    assert tuned[1] > tuned[0] + 20


@gallery
def test_onnx(run: Run) -> None:
    variables, _ = run("onnx")
    assert variables["back"] == variables["net"]
    assert 0 < np.abs(variables["difference"]).max() < 1e-4


@gallery
def test_c_export(run: Run) -> None:
    variables, output = run("c_export")
    if variables["compiler"] is None:
        pytest.skip("no C compiler")
    assert "self-test: passed" in output
    assert "same bits as in Python: True" in output
    assert np.abs(variables["outputs"] - variables["celsius"]).max() < 0.3


@gallery
def test_live(run: Run) -> None:
    variables, _ = run("live")
    assert sorted(variables["snapshots"]) == [0, 10, 100, 300]
    truth = np.sin(12 * variables["across"].ravel() ** 1.5)
    errors = [np.mean((curve - truth) ** 2) for curve in variables["snapshots"].values()]
    assert errors[0] > errors[2] > errors[3] > np.mean((variables["net"].predict(variables["across"]) - truth) ** 2)


@gallery
def test_same_bits(run: Run) -> None:
    """As many runs as there are instruction sets and numbers of threads, one result; of another seed another one."""
    import netlet

    variables, output = run("same_bits")
    count = 2 * len(netlet.available_isas())
    assert f"{count} runs, 1 result" in output
    other = variables["rows"].pop("another seed")
    assert len(variables["rows"]) == count
    assert all(row[1] == row[2] == row[3] for row in [*variables["rows"].values(), other])
    assert all(row[0] != other[0] and row[1] != other[1] for row in variables["rows"].values())


@gallery
def test_calibration(run: Run) -> None:
    variables, output = run("calibration")
    network, calibrated = (float(score) for score in re.findall(r"Brier ([\d.]+)", output))
    assert calibrated < network

    def gap(model: Any) -> float:
        """Between probability and share of the class, over ten groups of rows."""
        probability = model.predict_proba(variables["X_test"])[:, 1]
        groups = np.array_split(np.argsort(probability), 10)
        return float(np.mean([abs(probability[rows].mean() - variables["y_test"][rows].mean()) for rows in groups]))

    assert gap(variables["models"]["calibrated"]) < 0.7 * gap(variables["models"]["network"])


@gallery
def test_intervals(run: Run) -> None:
    """The guarantee holds on average over the choice of the rows: over 200 of them, with the network's own errors."""
    variables, _ = run("intervals")
    assert 0.8 < variables["inside"].mean() < 1
    rest = np.abs(np.log(variables["y_rest"]) - variables["model"].predict(variables["x_rest"])).to_numpy()
    shares = []
    for seed in range(200):
        mixed = np.random.default_rng(seed).permutation(rest)
        ours, theirs = mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]
        margin = np.quantile(ours, np.ceil(0.9 * (len(ours) + 1)) / len(ours), method="higher")
        shares.append((theirs <= margin).mean())
    assert 0.9 <= np.mean(shares) < 0.93


@gallery
def test_schedules(run: Run) -> None:
    variables, _ = run("schedules")
    last = {name: history.loss[-1] for name, history in variables["histories"].items()}
    assert max(last, key=last.get) == "constant"
    changes = {name: np.abs(np.diff(history.loss[-10:])).mean() for name, history in variables["histories"].items()}
    assert changes["constant"] > 3 * changes["cosine"]


@gallery
def test_partial_dependence(run: Run) -> None:
    variables, _ = run("partial_dependence")
    best = list(variables["X"].columns[variables["order"][-2:]])
    assert sorted(best) == ["body mass index", "log of triglycerides"]
    assert variables["model"].score(variables["X_test"], variables["y_test"]) > 0.25


@gallery
def test_pixels(run: Run) -> None:
    """More ink where the picture is red makes each digit surer."""
    variables, _ = run("pixels")
    x, y, ink, net = (variables[name] for name in ("x", "y", "ink", "net"))
    for image, digit, direction in zip(x[:10], y[:10], ink):
        assert net.loss(image[None] + 0.01 * direction, [digit]) < net.loss(image[None], [digit])
