# SPDX-License-Identifier: BSD-3-Clause
"""What the guide and the package's README show runs as written; blocks marked `javascript` need a browser."""

import re
import subprocess

import pytest

from toolchains import ROOT

pytestmark = pytest.mark.wasm

PRINTS = re.compile(r"^ *console\.log\(.*\); // (.*)$", re.MULTILINE)
IMPORTS = re.compile(r"^import .*;$", re.MULTILINE)


@pytest.mark.parametrize("name", ["docs/javascript.md", "wasm/README.md"])
def test_blocks(name, node, application):
    """In order, as one module; what a line prints is what the comment beside it says."""
    text = (ROOT / name).read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```js\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert len(PRINTS.findall(code)) >= 4
    script = application / f"{ROOT.joinpath(name).stem}.mjs"
    script.write_text("\n".join(dict.fromkeys(IMPORTS.findall(code))) + IMPORTS.sub("", code), encoding="utf-8")
    result = subprocess.run([node, script], capture_output=True, encoding="utf-8", check=False, cwd=application)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == PRINTS.findall(code)
