# SPDX-License-Identifier: BSD-3-Clause
"""Examples and benchmarks run and reach what they promise."""

import json
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from netlet import Network

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def run(*arguments: object, cwd: Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    result = subprocess.run(command, cwd=cwd, capture_output=True, encoding="utf-8", timeout=600, check=False)
    assert result.returncode == status, f"{command}\n{result.stdout}\n{result.stderr}"
    return result


def test_xor(tmp_path: Path) -> None:
    output = run(ROOT / "examples" / "xor.py", cwd=tmp_path).stdout
    answers = re.findall(r"xor \d = (\d)   output (\S+)", output)
    assert [round(float(output)) for _, output in answers] == [int(target) for target, _ in answers] == [0, 1, 1, 0]
    assert re.search(r"^fingerprint [0-9a-f]{64}$", output, flags=re.MULTILINE)


def test_step_by_step(tmp_path: Path) -> None:
    """It ends with status 0 only if all is as in plain NumPy; the step is that of the tutorial's own class, too."""
    output = run(ROOT / "examples" / "step_by_step.py", cwd=tmp_path).stdout
    tutorial = runpy.run_path(str(ROOT / "benchmarks" / "tutorial.py"))
    net = Network([2, 3, 1], seed=0)
    plain = tutorial["PlainNetwork"](net.weights, net.biases)
    plain.fit(tutorial["X"], tutorial["Y"], epochs=1, learning_rate=0.1)
    line = next(line for line in output.splitlines() if line.startswith("W1 after the step"))
    assert [float(number) for number in re.findall(r"-?\d+\.\d+", line)] == pytest.approx([*plain.w1[0]] * 2, abs=1e-6)


def test_from_keras(tmp_path: Path) -> None:
    output = run(ROOT / "examples" / "from_keras.py", cwd=tmp_path).stdout
    resumed, whole = re.search(r"after the rest, (\w{16}), and of 60 epochs at once, (\w{16})", output).groups()
    assert resumed == whole
    assert re.search(r"predicted \['class_0' 'class_1' 'class_1'\]", output)
    assert float(re.search(r"validation_accuracy after 40 epochs: (\S+)", output)[1]) > 0.9
    assert float(re.search(r"'rmse': ([\d.]+)", output)[1]) < 60, (
        "in the target's units, whose standard deviation is 77"
    )
    assert (tmp_path / "from_keras.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert len((tmp_path / "wine.csv").read_text().splitlines()) == 41


def test_scikit_learn(tmp_path: Path) -> None:
    output = run(ROOT / "examples" / "scikit_learn.py", cwd=tmp_path).stdout
    assert "a fresh process predicts the same, to the bit: True" in output
    for name in "as trained", "calibrated":
        accuracy, brier = re.search(
            rf"^{name}: accuracy (\S+), Brier score (\S+)$", output, flags=re.MULTILINE
        ).groups()
        assert float(accuracy) > 0.75, "all died: 0.66"
        assert float(brier) < 0.16, "0.225 for the share of survivors"
    assert "classes: 'died', 'survived'\n" in output
    assert (tmp_path / "scikit_learn.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_digits(tmp_path: Path) -> None:
    """The main job in full: it ends with status 0 only if it reads 97 % of the held-out digits."""
    result = run(ROOT / "examples" / "digits.py", cwd=tmp_path)
    match = re.search(r"held-out digits  (\S+) % read right", result.stdout)
    assert match
    assert float(match[1]) >= 97
    assert "accuracy " in result.stderr
    picture = tmp_path / "digits.png"
    assert f"picture          {picture.resolve()}\n" in result.stdout
    assert picture.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    fingerprint = re.search(r"^fingerprint +([0-9a-f]{64})$", result.stdout, flags=re.MULTILINE)
    assert fingerprint
    assert f"\n`{fingerprint[1]}`\n" in README, "README tells the fingerprint of every machine"


def test_digits_says_when_it_misses_the_goal(tmp_path: Path) -> None:
    picture = tmp_path / "one epoch.png"
    result = run(
        ROOT / "examples" / "digits.py", "--epochs", 1, "--seed", 5, "--output", picture, cwd=tmp_path, status=1
    )
    assert "The goal is 97 % of the held-out digits" in result.stderr
    assert picture.exists()


@pytest.mark.parametrize("module", ["matplotlib", "sklearn"])
def test_digits_says_what_to_install(tmp_path: Path, module: str) -> None:
    script = f"import runpy, sys; sys.modules[{module!r}] = None; runpy.run_path(sys.argv[1], run_name='__main__')"
    result = run("-c", script, ROOT / "examples" / "digits.py", cwd=tmp_path, status=1)
    assert result.stderr.startswith(f"This example needs {module}")
    assert '-m pip install ".[examples]"' in result.stderr
    assert result.stderr.count("\n") == 1


def test_lbfgs(tmp_path: Path) -> None:
    output = run(ROOT / "examples" / "lbfgs.py", cwd=tmp_path).stdout
    first, lbfgs, adam = (float(error) for error in re.findall(r"error (\S+)", output))
    assert lbfgs < adam < first
    assert lbfgs < 0.005


def test_estimators(tmp_path: Path) -> None:
    """Full batches, so that both libraries take the same steps: their scores differ by a fraction of their errors."""
    options = "--part", "scores", "--settings", "defaults", "--seeds", 1, "--data", "iris", "linnerud"
    output = run(ROOT / "benchmarks" / "estimators.py", *options, cwd=tmp_path).stdout
    rows = {line.split(" | ")[0].lstrip("| "): line.split(" | ") for line in output.splitlines() if " ± " in line}
    assert set(rows) == {"iris", "linnerud"}
    assert 0.9 < float(rows["iris"][3]) < 1
    for row in rows.values():
        assert float(row[3]) == pytest.approx(float(row[4]), abs=0.02)


def test_benchmark(tmp_path: Path) -> None:
    workloads = {"xor": {"netlet", "numpy"}, "estimator": {"netlet", "sklearn"}}
    options = "--workload", *workloads, "--peer", "numpy", "sklearn", "--rounds", 1, "--processes", 1
    output = run(ROOT / "benchmarks" / "speed.py", *options, "--json", "speed.json", cwd=tmp_path).stdout
    assert re.search(r"^\| XOR .*\| [\d.]+ ms \| NumPy [\d,]+ ms \| \*\*[\d.]+\*\* \|", output, flags=re.MULTILINE)
    results = json.loads((tmp_path / "speed.json").read_text())["results"]
    assert {result["workload"]: set(result["peers"]) for result in results} == workloads


def test_benchmark_of_bits(tmp_path: Path) -> None:
    together, alone = json.loads(run(ROOT / "benchmarks" / "bits.py", "netlet", 1, cwd=tmp_path).stdout)
    assert together == alone


def test_the_chart_is_that_of_the_published_table(tmp_path: Path) -> None:
    """Four groups, each with the names and figures of docs/performance.md."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); import chart, json, pathlib\n"
        "report = chart.published(pathlib.Path(sys.argv[2]).read_text(encoding='utf-8'))\n"
        "chart.draw(report, pathlib.Path('speed.svg'))\n"
        "print(json.dumps([[r['chart'], r['threads'], chart.bars(r)] for r in report['results']]))\n"
    )
    text = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    found = json.loads(run("-c", script, ROOT / "benchmarks", ROOT / "docs" / "performance.md", cwd=tmp_path).stdout)
    assert (tmp_path / "speed.svg").read_text(encoding="utf-8").startswith("<?xml")
    lines = [line for line in text.splitlines() if re.match(r"\| .* \| 1 \|", line)]
    drawn = [bars for _, threads, bars in found if threads == 1]
    assert len(drawn) == 4
    for (first, ratio), *others in drawn:
        (line,) = (line for line in lines if f"| {first}" in line and f"**{ratio:.2f}**" in line)
        assert len(others) >= 2
        for label, times in others:
            assert float(re.search(rf"\b{label}(?:, [\w ]+)? ([\d.]+)", line)[1]) == pytest.approx(times)
