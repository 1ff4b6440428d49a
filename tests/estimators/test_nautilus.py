# SPDX-License-Identifier: BSD-3-Clause
"""nautilus, a sampler that trains four MLPRegressors at a time, passes its own tests with the import changed.

It trains under threadpoolctl's limit of one thread, writes all attributes that HDF5 takes to a file, and makes fitted
estimators by setting them.
"""

import os
import subprocess
import sys
import tarfile
from xml.etree import ElementTree

import pytest

NAME, VERSION, COUNT = "nautilus-sampler", "1.0.6", 204
IMPORT = "from sklearn.neural_network import MLPRegressor\n"
MINUTE = 60  # seconds


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    for needed in ("dask.distributed", "h5py"):
        pytest.importorskip(needed)
    folder = tmp_path_factory.mktemp("nautilus")
    download = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-binary", ":all:", f"{NAME}=={VERSION}"]
    run = subprocess.run(download, cwd=folder, capture_output=True, text=True, timeout=5 * MINUTE, check=False)
    archives = list(folder.glob("*.tar.gz"))
    if run.returncode or not archives:
        pytest.skip(f"{NAME} {VERSION} cannot be had: {run.stderr.strip().splitlines()[-1:]}")
    with tarfile.open(archives[0]) as archive:
        archive.extractall(folder, filter="data")
    return next(path for path in folder.iterdir() if path.is_dir())


@pytest.mark.users
def test_nautilus_passes_its_own_tests(source):
    path = source / "nautilus" / "neural.py"
    text = path.read_text(encoding="utf-8")
    assert text.count(IMPORT) == 1
    path.write_text(text.replace(IMPORT, IMPORT.replace("sklearn.neural_network", "netlet.sklearn")), encoding="utf-8")
    assert not [file for file in source.rglob("*.py") if IMPORT in file.read_text(encoding="utf-8")]
    report = source / "report.xml"
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    environment["PYTHONPATH"] = os.pathsep.join([str(source), *filter(None, [os.environ.get("PYTHONPATH")])])
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", "tests"],
        cwd=source,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30 * MINUTE,
        check=False,
    )
    assert report.exists(), run.stdout + run.stderr
    tags = [[each.tag for each in case] for case in ElementTree.parse(report).iter("testcase")]
    assert not any({"failure", "error", "skipped"} & set(each) for each in tags), run.stdout
    assert len(tags) == COUNT
