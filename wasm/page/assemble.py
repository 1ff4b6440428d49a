# SPDX-License-Identifier: BSD-3-Clause
"""The page that trains networks in the browser, as one HTML file that needs neither a server nor a network.

``python wasm/page/assemble.py try.html`` compiles netlet.wasm by zig, lets netlet train the same networks in Python for
the fingerprints that the page compares its own with, and puts everything into the file: the template, the style, the
modules, netlet.wasm and scikit-learn's digits. It needs, from the repository's root:

    python -m pip install . scikit-learn cmake ninja ziglang
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import gzip
import html
import importlib.util
import io
import json
import platform
import re
import runpy
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent
ROOT = PAGE.parents[1]
LOGO = ROOT / "docs" / "_static" / "logo.svg"


class NoCompilerError(RuntimeError):
    """The page cannot be made here, as a program or a package is missing."""


MODULES = {"netlet": ".", "sklearn": "scikit-learn", "ziglang": "ziglang"}  # and what pip calls them


def check() -> None:
    """Say what is missing, all at once."""
    tool = runpy.run_path(str(ROOT / "wasm" / "package.py"))["tool"]
    missing = [name for module, name in MODULES.items() if importlib.util.find_spec(module) is None]
    missing += [name for name in ("cmake", "ninja") if not shutil.which(tool(name))]
    if missing:
        named = ", ".join("netlet" if name == "." else name for name in missing)
        raise NoCompilerError(f"To make this page it takes {named}: pip install {' '.join(missing)}")


def compiled() -> Path:
    """netlet.wasm, compiled unless it is up to date."""
    package = runpy.run_path(str(ROOT / "wasm" / "package.py"))
    return package["build"](ROOT / "build" / "wasm")


# ---- what Python says


def printed(program: Path) -> str:
    """What a Python program prints, without the line's end."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        runpy.run_path(str(program))
    return out.getvalue().strip()


def golden() -> dict[str, Any]:
    """The golden networks, their fingerprints after netlet has trained them now, and that of all together."""
    import netlet
    from netlet import _golden

    cases = _golden.read()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the networks need not be good ones
        results = [case.train(netlet) for case in cases]
    return {
        "text": _golden.PATH.read_text(encoding="ascii"),
        "networks": [[case.name, fingerprint] for case, (fingerprint, _) in zip(cases, results)],
        "together": _golden.together(results),
    }


def facts() -> dict[str, Any]:
    """What the page shows of Python."""
    import netlet
    from netlet import _core

    return {
        "machine": f"{platform.system()} on {platform.machine()}, {netlet.isa()}",
        "compiler": _core.BUILD,
        "version": netlet.__version__,
        "numerics": netlet.numerics_version(),
        "fingerprints": {name: printed(PAGE / f"{name}.py") for name in ("xor", "digits")},
        "golden": golden(),
    }


def digits() -> bytes:
    """The images of scikit-learn's digits, 64 bytes each, and behind them the labels, a byte each."""
    import numpy as np
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    data = np.concatenate([images.ravel(), labels]).astype(np.uint8)
    assert (data == np.concatenate([images.ravel(), labels])).all()
    return data.tobytes()


# ---- one file of many


def source(path: Path) -> str:
    """A file without the line that states its licence."""
    return re.sub(r"^(#|//) SPDX-.*\n", "", path.read_text(encoding="utf-8"))


IMPORT = re.compile(r'^import (?:\* as (?P<all>\w+)|\{(?P<some>[^}]*)\}) from "(?P<path>\.[^"]*)";$', re.MULTILINE)
EXPORT = re.compile(r"^export (?P<what>(?:async )?function|class|const) (?P<name>\w+)", re.MULTILINE)


def bundle(entry: Path) -> str:
    """A module with all that it imports: each file becomes a function that returns an object of what it exports."""
    found: dict[Path, str] = {}

    def add(path: Path) -> str:
        name = re.sub(r"\W", "_", path.relative_to(PAGE.parent).as_posix())
        if path in found:
            return name
        text = source(path)

        def imported(match: re.Match[str]) -> str:
            module = add((path.parent / match["path"]).resolve())
            return f"const {match['all'] or '{' + match['some'] + '}'} = {module};"

        text = IMPORT.sub(imported, text)
        names = [match["name"] for match in EXPORT.finditer(text)]
        text = EXPORT.sub(r"\g<what> \g<name>", text)
        rest = re.search(r"^(import|export)\b.*|^const \{.*\bas\b.*", text, re.MULTILINE)
        if rest:
            raise ValueError(f"{path}: expected a simple import or export, got {rest[0]}")
        text = text.replace("import.meta.url", "location.href")  # which only modules have
        found[path] = f"const {name} = (() => {{\n{text}\nreturn {{ {', '.join(names)} }};\n}})();\n"
        return name

    add(entry.resolve())
    text = "\n".join(f"// ---- {path.name}\n{text}" for path, text in found.items())
    if re.search(r"</script|<!--", text, re.IGNORECASE):
        raise ValueError(f"{entry}: a script within a page cannot contain </script or <!--")
    return text


def packed(data: bytes) -> str:
    """Compressed, and as letters."""
    return base64.b64encode(gzip.compress(data, 9, mtime=0)).decode()


def page(home: str = "") -> str:
    """The page; `home` is the address of the documentation, if the page is to link to it."""
    check()
    wasm = compiled().read_bytes()
    parts = {
        "style": (PAGE / "style.css").read_text(encoding="utf-8"),
        "main": bundle(PAGE / "main.js"),
        "worker": bundle(PAGE / "worker.js"),
        "facts": json.dumps(facts()).replace("<", r"\u003c"),
        "wasm": packed(wasm),
        "digits": packed(digits()),
        "xor.py": html.escape(source(PAGE / "xor.py").strip()),
        "digits.py": html.escape(source(PAGE / "digits.py").strip()),
        **common(home),
    }
    return filled((PAGE / "page.html").read_text(encoding="utf-8"), parts)


def absent(reason: str, home: str = "") -> str:
    """What takes the page's place where netlet.wasm could not be compiled."""
    parts = {
        "style": (PAGE / "style.css").read_text(encoding="utf-8"),
        "reason": html.escape(reason),
        **common(home),
    }
    return filled((PAGE / "absent.html").read_text(encoding="utf-8"), parts)


def common(home: str) -> dict[str, str]:
    """What both pages show."""
    logo = LOGO.read_text(encoding="utf-8")
    documentation = f'<nav aria-label="Site"><a href="{html.escape(home)}">Documentation</a></nav>' if home else ""
    theme = bundle(PAGE / "theme.js")
    icon = "data:image/svg+xml;base64," + base64.b64encode(logo.encode()).decode()
    return {"logo": logo, "icon": icon, "documentation": documentation, "theme": theme}


def filled(template: str, parts: dict[str, str]) -> str:
    """A template with its parts in place; each is used once."""
    names = re.findall(r"\{\{([\w.]+)\}\}", template)
    if sorted(names) != sorted(parts):
        raise ValueError(f"the template has {sorted(names)}, the parts are {sorted(parts)}")
    return re.sub(r"\{\{([\w.]+)\}\}", lambda match: parts[match[1]], template)


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("output", type=Path, help="the file to write")
    parser.add_argument("--home", default="", help="address of the documentation, to link to")
    arguments = parser.parse_args()
    try:
        text = page(arguments.home)
    except NoCompilerError as error:
        sys.exit(str(error))
    arguments.output.write_text(text, encoding="utf-8")
    print(f"{arguments.output}: {len(text.encode()):,} bytes, {len(gzip.compress(text.encode(), 9)):,} compressed")


if __name__ == "__main__":
    main()
