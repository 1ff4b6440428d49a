# SPDX-License-Identifier: BSD-3-Clause
"""Every link within the site leads somewhere, and every example can be downloaded."""

import json
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.links, self.ids = [], set()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.ids |= {attributes[name] for name in ("id", "name") if attributes.get(name)}
        self.links += [attributes[name] for name in ("href", "src") if attributes.get(name)]


@cache
def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return reader


def test_links_within_the_site(site):
    count, broken = 0, []
    for path in site.rglob("*.html"):
        if "_static" in path.parts:
            continue
        for link in read(path).links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            count += 1
            if not target.is_file() or (anchor and target.suffix == ".html" and anchor not in read(target).ids):
                broken.append((path.relative_to(site).as_posix(), link))
    assert count > 5000
    assert broken == []


def test_notebooks_and_scripts_to_download(site):
    pages = list((site / "gallery").glob("plot_*.html"))
    assert len(pages) >= 16
    for page in pages:
        files = [page.parent / link for link in read(page).links if "_downloads/" in link]
        notebooks = [path for path in files if path.suffix == ".ipynb"]
        assert [path.stem for path in notebooks] == [page.stem]
        cells = json.loads(notebooks[0].read_text(encoding="utf-8"))["cells"]
        assert {cell["cell_type"] for cell in cells} == {"code", "markdown"}
        assert {path.suffix for path in files} >= {".py", ".ipynb"}
