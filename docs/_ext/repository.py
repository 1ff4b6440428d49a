# SPDX-License-Identifier: BSD-3-Clause
"""Links that work in the repository's browser work on the site, too.

Pages link to each other and to source files by relative paths. On the site a link to a page stays a link; one to
another file of the repository leads to its address, `netlet_repository`, where there is one, and else to a copy of the
file. Texts from elsewhere in the repository are included in pages of `docs`, which ``SHOWN`` names; their links are
those of the place where they lie.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SHOWN = {  # files and folders, and the pages for them
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "benchmarks.md",
    "python/netlet/reference": "reference/numpy.md",
}
MADE = {"wasm/page": "try.html"}  # pages that Sphinx does not know, as another program makes them
LINK = re.compile(r"(?<!\!)\[(?P<text>[^\[\]]*)\]\((?P<target>[^()\s]+)\)")
CODE = re.compile(r"^( *)(```+|:::+\{c)[^\n]*\n.*?^\1```+ *$|`[^`\n]+`(?!\])", re.MULTILINE | re.DOTALL)


def _page(path: Path) -> Path | None:
    """The page that shows this file or folder of the repository."""
    name = path.relative_to(ROOT).as_posix()
    if name in SHOWN:
        return DOCS / SHOWN[name]
    return path if path.is_relative_to(DOCS) and path.suffix == ".md" else None


def _link(match: re.Match[str], folder: Path, page: Path, address: str) -> str:
    text, (target, _, anchor) = match["text"], match["target"].partition("#")
    if not target or re.match(r"[a-z+]+:", target):
        return match[0]
    path = Path(os.path.normpath(folder / target))
    if not path.exists():
        if path.is_relative_to(DOCS) and not path.is_relative_to(DOCS / "_ext"):  # made by the build: Sphinx will see
            return match[0]
        raise ExtensionError(f"{page}: there is no {target}, which the page links to")
    shown = _page(path)
    if shown:
        name = os.path.relpath(shown, page.parent)
        return f"[{text}]({name}{'#' + anchor if anchor else ''})"
    name = path.relative_to(ROOT).as_posix()
    if name in MADE:
        return f'<a href="{os.path.relpath(DOCS / MADE[name], page.parent)}">{text}</a>'
    if address:
        return f"[{text}]({address}/{'tree' if path.is_dir() else 'blob'}/HEAD/{name})"
    if path.is_dir():
        return f"{text} (`{name}`)" if text.strip("`") != name else f"`{name}`"
    return f"{{download}}`{text.strip('`')} <{os.path.relpath(path, page.parent)}>`"


def mapped(content: str, folder: Path, page: Path, address: str) -> str:
    """The text of a file in `folder`, shown on `page`, with the links of the page."""
    parts, end = [], 0
    for code in CODE.finditer(content):
        parts += [LINK.sub(lambda m: _link(m, folder, page, address), content[end : code.start()]), code[0]]
        end = code.end()
    return "".join([*parts, LINK.sub(lambda m: _link(m, folder, page, address), content[end:])])


def _read(app: Sphinx, docname: str, content: list[str]) -> None:
    page = Path(app.env.doc2path(docname))
    if page.suffix == ".md":
        content[0] = mapped(content[0], page.parent, page, app.config.netlet_repository)


def _include(app: Sphinx, relative: Path, docname: str, content: list[str]) -> None:
    file = Path(os.path.normpath(DOCS / relative)) if not relative.is_absolute() else relative
    if file.suffix == ".md":
        content[0] = mapped(content[0], file.parent, Path(app.env.doc2path(docname)), app.config.netlet_repository)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_config_value("netlet_repository", "", "env", str)
    app.connect("source-read", _read)
    app.connect("include-read", _include)
    return {"parallel_read_safe": True}
