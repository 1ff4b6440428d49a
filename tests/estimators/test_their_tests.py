# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's own tests of its perceptrons, those of the installed package, with only the import changed."""

import os
import subprocess
import sys
from collections import Counter
from importlib import resources
from xml.etree import ElementTree

import pytest
import sklearn

from helpers.processes import TIMEOUT

IMPORT = "from sklearn.neural_network import MLPClassifier, MLPRegressor\n"
# what cannot pass, and why
PRIVATE = {
    "test_gradient": "calls the private _loss_grad_lbfgs, of which netlet has Network.backward; "
    "tests/compute/test_derivatives.py compares that with differences",
}
COUNTS = {"1.7": 58, "1.8": 58, "1.9": 59}
CONFTEST = """
import pytest

@pytest.fixture(params=[42])  # as scikit-learn has it where no seed is chosen
def global_random_seed(request):
    return request.param
"""


def test_scikit_learn_s_own_tests_pass_but_for_those_that_look_at_private_attributes(tmp_path):
    source = resources.files("sklearn.neural_network").joinpath("tests/test_mlp.py")
    if not source.is_file():
        pytest.skip("this scikit-learn comes without its tests")
    text = source.read_text(encoding="utf-8")
    assert text.count(IMPORT) == 1
    test = tmp_path / "test_mlp.py"
    test.write_text(text.replace(IMPORT, IMPORT.replace("sklearn.neural_network", "netlet.sklearn")), encoding="utf-8")
    (tmp_path / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    report = tmp_path / "report.xml"
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", test.name],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert report.exists(), run.stdout + run.stderr
    found = {case.get("name"): [each.tag for each in case] for case in ElementTree.parse(report).iter("testcase")}
    version = ".".join(sklearn.__version__.split(".")[:2])
    assert len(found) == COUNTS.get(version, len(found))
    assert {name for name, tags in found.items() if set(tags) & {"failure", "error"}} == set(PRIVATE), run.stdout
    assert Counter("skipped" in tags for tags in found.values())[True] == 0
