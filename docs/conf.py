# SPDX-License-Identifier: BSD-3-Clause
"""The site: ``python -m sphinx -W docs build/site``, with ``pip install ".[docs]"``."""

import os
import re
import sys
from pathlib import Path

import netlet
from netlet._arguments import Elsewhere

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "netlet"
copyright = "the netlet developers"  # noqa: A001  # Sphinx's name
version = release = netlet.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "browser",
    "headers",
    "repository",
]
exclude_patterns = ["_ext", "gallery/*.py", "gallery/*.ipynb", "gallery/*.md5", "gallery/*.json", "gallery/*.zip"]
highlight_language = "none"  # of blocks that name none
nitpicky = True
nitpick_ignore_regex = [
    ("c:identifier", r"(u?int(8|32|64)_t|s?size_t|ptrdiff_t|u?intptr_t)"),
]

# The address of the repository, for links to its files; without one they lead to copies of the files.
netlet_repository = os.environ.get("NETLET_REPOSITORY", "")

myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "none"  # the docstrings say what a reader wants to know
autodoc_member_order = "bysource"
toc_object_entries_show_parents = "hide"
autosummary_generate = False
numpydoc_show_class_members = False
numpydoc_validation_checks = set()

sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "gallery",
    "abort_on_example_error": True,
    "reset_modules": ("matplotlib", "gallery_style.reset"),
    "within_subsection_order": "gallery_style.Order",
    "write_computation_times": False,
    "show_memory": False,
    "min_reported_time": 1e9,
    "copyfile_regex": r".*\.(csv|npz)",
    "download_all_examples": True,
    "nested_sections": False,
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True

WIDE = ("keras", "pytorch", "matlab", "fann", "performance")  # pages that need the width
html_sidebars = {name: [] for name in WIDE}
html_theme = "pydata_sphinx_theme"
html_title = "netlet"
html_favicon = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["netlet.css"]
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "netlet", "image_light": "_static/logo.svg", "image_dark": "_static/logo.svg"},
    "header_links_before_dropdown": 5,
    "navbar_align": "left",
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": {"**": ["page-toc"]} | {name: [] for name in WIDE},
    **(
        {"icon_links": [{"name": "Source", "url": netlet_repository, "icon": "fa-brands fa-git-alt"}]}
        if netlet_repository
        else {}
    ),
}
html_context = {"default_mode": "auto"}


def _of_others(app, what, name, member, skip, options):
    """What an estimator inherits from scikit-learn is documented there; hints for others' names are no members."""
    of_sklearn = (getattr(member, "__module__", None) or "").startswith("sklearn.")
    return True if of_sklearn or isinstance(member, Elsewhere) else None


def _headings(app, what, name, module, options, lines):
    """Headings within the docstring of a module, which numpydoc leaves as they are, are none of the page."""
    if what == "module":
        lines[:] = re.sub(r"^(\w+)\n-+$", r".. rubric:: \1\n", "\n".join(lines), flags=re.MULTILINE).split("\n")


def setup(app):
    """Register with Sphinx."""
    app.connect("autodoc-skip-member", _of_others)
    app.connect("autodoc-process-docstring", _headings)
