# SPDX-License-Identifier: BSD-3-Clause
"""Pages in a browser: they load, can be searched, copied from, seen and read on a telephone."""

import pytest


def names(site):
    return sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html") if "_static" not in path.parts)


def test_pages_load_without_errors_and_show_their_pictures(page, site):
    found = names(site)
    assert len(found) > 60
    for name in found:
        page.goto(f"/{name}")
        assert page.locator("h1").count() >= 1 or name in ("genindex.html", "search.html"), name
        sizes = page.locator("img").evaluate_all(
            """async images => Promise.all(images.map(async image => {
                image.loading = "eager"
                await image.decode().catch(() => {})
                return [image.src, image.naturalWidth]
            }))"""
        )
        assert [source for source, width in sizes if width == 0] == [], name
        assert page.complaints == [], name
        if name.startswith("gallery/plot_"):
            assert sum("/_images/" in source for source, _ in sizes) >= 1, name


def test_search_finds_jacobian(page):
    page.goto("/search.html?q=jacobian")
    page.wait_for_selector("#search-results li a")
    links = page.locator("#search-results li a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert any(link.startswith("reference/network.html#netlet.Network.jacobian") for link in links)
    assert page.complaints == []


def test_code_can_be_copied(page):
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for name in ("first-steps.html", "training.html", "native.html", "gallery/plot_xor.html", "reference/network.html"):
        page.goto(f"/{name}")
        blocks = page.locator("div.highlight pre").count()
        assert page.locator("div.highlight button.copybtn").count() == blocks > 0, name
    page.goto("/install.html")
    page.locator("div.highlight").first.hover()
    page.locator("button.copybtn").first.click()
    page.wait_for_selector("button.copybtn.success")
    assert page.evaluate("navigator.clipboard.readText()").startswith("python3 -m venv .venv && . .venv/bin/activate\n")


@pytest.mark.parametrize("width", [360, 768])
def test_narrow_screens_do_not_scroll_sideways(page, site, width):
    page.set_viewport_size({"width": width, "height": 800})
    wide = []
    for name in names(site):
        page.goto(f"/{name}")
        needed = page.evaluate(  # by the page, and by its text, which would scroll by itself
            "Math.max(...[...document.querySelectorAll('html, .bd-article-container')].map(part => part.scrollWidth))"
        )
        if needed > width:
            wide.append((name, needed))
    assert wide == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_follows_the_reader_s_colours(page, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto("/index.html")
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    red, *_ = map(float, page.evaluate("getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g)"))
    assert red > 200 if scheme == "light" else red < 60
