# SPDX-License-Identifier: BSD-3-Clause
"""The tarball is what npm would make of it, and can be installed."""

import gzip
import json
import shutil
import subprocess
import tarfile

import netlet
import pytest

from helpers.tools import needed
from toolchains import ROOT

pytestmark = pytest.mark.wasm


@pytest.fixture
def tarball(application):
    return application / f"netlet-{netlet.__version__}.tgz"


@pytest.fixture
def npm():
    return needed("npm")


def test_the_tarball_has_what_belongs_in_it(tarball):
    with tarfile.open(tarball) as tar:
        assert all(entry.isfile() and entry.mode == 0o644 for entry in tar)
        files = {entry.name: tar.extractfile(entry).read() for entry in tar}
    names = {"LICENSE", "README.md", "golden.txt", "netlet.d.ts", "netlet.js", "netlet.wasm", "package.json"}
    assert {f"package/{name}" for name in {*names, "selftest.js", "selftest.d.ts"}} == set(files)
    assert files["package/golden.txt"] == (ROOT / "python/netlet/golden.txt").read_bytes()
    assert files["package/LICENSE"] == (ROOT / "LICENSE").read_bytes()
    package = json.loads(files["package/package.json"])
    assert package["version"] == netlet.__version__
    assert not {"dependencies", "devDependencies", "peerDependencies", "scripts", "bin"} & set(package)
    for target in [
        one for entry in package["exports"].values() for one in ([entry] if isinstance(entry, str) else entry.values())
    ]:
        assert target.replace("./", "package/") in files


def test_the_module_is_small(package):
    assert len(gzip.compress((package / "netlet.wasm").read_bytes(), 9)) <= 130_000


def test_npm_would_pack_the_same_files(npm, tarball, package):
    result = subprocess.run(
        [npm, "pack", "--dry-run", "--json"], capture_output=True, text=True, check=True, cwd=package
    )
    (listed,) = json.loads(result.stdout)
    with tarfile.open(tarball) as tar:
        assert sorted(file["path"] for file in listed["files"]) == sorted(
            name.removeprefix("package/") for name in tar.getnames()
        )
    assert listed["filename"] == tarball.name


def test_it_can_be_installed(npm, node, tarball, tmp_path):
    (tmp_path / "package.json").write_text('{"type": "module"}')
    subprocess.run(
        [npm, "install", "--offline", "--no-audit", "--no-fund", tarball], capture_output=True, check=True, cwd=tmp_path
    )
    program = 'import { load, Network } from "netlet"; await load(); console.log(String(new Network([2, 1])));'
    command = [node, "--input-type=module", "--eval", program]
    assert (
        subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
        == "Network 2-1, float64\n"
    )


def test_a_bundle_works(node, application, tmp_path):
    """Of esbuild, for browsers: it leaves Node's modules alone, and the bundle runs in Node, given the module."""
    esbuild = needed("esbuild")  # Debian: esbuild
    (application / "main.js").write_text('export { load, Network } from "netlet";')
    bundle = tmp_path / "bundle.mjs"
    command = [esbuild, "main.js", "--bundle", "--format=esm", "--platform=browser", "--minify", f"--outfile={bundle}"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=application)
    assert result.returncode == 0, result.stderr
    assert "warning" not in result.stderr.lower()
    shutil.copy(application / "node_modules/netlet/netlet.wasm", tmp_path)
    program = f"""
        import {{ load, Network }} from "{bundle}";
        await load();
        console.log(new Network([2, 3, 1], {{ seed: 0 }}).fingerprint());
    """
    command = [node, "--input-type=module", "--eval", program]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert found == netlet.Network([2, 3, 1], seed=0).fingerprint()
