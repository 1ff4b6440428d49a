# SPDX-License-Identifier: BSD-3-Clause
"""The page that trains in the browser, ``try.html``, made by wasm/page/assemble.py beside Sphinx's pages."""

from __future__ import annotations

import sys
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util import logging

sys.path.append(str(Path(__file__).resolve().parents[2] / "wasm" / "page"))

import assemble

NAME = "try.html"
logger = logging.getLogger(__name__)


def _write(app: Sphinx, exception: Exception | None) -> None:
    if exception or app.builder.format != "html":
        return
    try:
        text = assemble.page("index.html")
    except assemble.NoCompilerError as error:
        logger.info("%s only says why it is not there: %s", NAME, error)
        text = assemble.absent(str(error), "index.html")
    Path(app.outdir, NAME).write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("build-finished", _write)
    return {"parallel_read_safe": True}
