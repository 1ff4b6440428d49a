# SPDX-License-Identifier: BSD-3-Clause
"""Builds netlet.wasm and writes the JavaScript package as npm would: netlet-VERSION.tgz. Nothing is published.

    python -m pip install cmake ninja ziglang
    python wasm/package.py [--output dist] [--build build/wasm]

The same sources give the same bytes. ``npm install dist/netlet-VERSION.tgz`` installs it.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
LONG_AGO = 499162500  # 1985, as npm dates all files, so that the same content gives the same bytes


def tool(name: str) -> str:
    """A program of this Python environment, or else of the system."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name) or name


def build(folder: Path, *more: str) -> Path:
    """Compile netlet.wasm by the preset `wasm`; more: options of CMake's."""
    options = [*more, "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={tool('ninja')}", f"-DNETLET_PYTHON={sys.executable}"]
    subprocess.run([tool("cmake"), "--preset", "wasm", "-B", folder, *options], cwd=ROOT, check=True)
    subprocess.run([tool("cmake"), "--build", folder, "--target", "netlet_module"], cwd=ROOT, check=True)
    return folder / "wasm" / "netlet.wasm"


def content(module: Path) -> dict[str, bytes]:
    """The package's files; package.json comes first, as in npm's."""
    elsewhere = {"netlet.wasm": module, "golden.txt": ROOT / "python/netlet/golden.txt", "LICENSE": ROOT / "LICENSE"}
    listed = json.loads((HERE / "package.json").read_text(encoding="utf-8"))["files"]
    names = ["package.json", "LICENSE", "README.md", *listed]
    return {name: elsewhere.get(name, HERE / name).read_bytes() for name in names}


def pack(files: dict[str, bytes], output: Path) -> Path:
    """Write the tarball."""
    package = json.loads(files["package.json"])
    path = output / f"{package['name']}-{package['version']}.tgz"
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size, entry.mtime, entry.mode = len(text), LONG_AGO, 0o644
            tar.addfile(entry, io.BytesIO(text))
    output.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data.getvalue(), 9, mtime=0))
    return path


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("dist"), help="folder of the tarball (dist)")
    parser.add_argument("--build", type=Path, default=ROOT / "build" / "wasm", help="folder to build in (build/wasm)")
    arguments = parser.parse_args()
    files = content(build(arguments.build.resolve()))
    path = pack(files, arguments.output)
    for name, text in files.items():
        print(f"{len(text):9,}  {name}")  # noqa: T201
    print(f"{path.stat().st_size:9,}  {path}")  # noqa: T201


if __name__ == "__main__":
    main()
