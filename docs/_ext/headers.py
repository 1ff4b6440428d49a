# SPDX-License-Identifier: BSD-3-Clause
"""The reference of the C, C++ and Fortran interfaces, made of the headers' own comments.

A page names the header in a line ``.. header: PATH``, which is replaced by what is public in it. The headers are
formatted by clang-format, and the Fortran module is as regular, so that lines and brackets tell all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from textwrap import dedent, indent

from sphinx.application import Sphinx

INCLUDE = Path(__file__).resolve().parents[2] / "cpp" / "include" / "netlet"
# What a caller of netlet.hpp does not name: templates that choose overloads, and what turns a status into an exception.
HELPERS = {"dtype_number", "Value", "IfValues", "IfContainer", "IfWritable", "Check"}


@cache
def _known() -> set[str]:
    """The functions and types of the C header."""
    text = (INCLUDE / "netlet.h").read_text(encoding="utf-8")
    return set(_c_names(text)) | set(re.findall(r"^struct (netlet_\w+) \{", text, re.MULTILINE))


def _escaped(text: str) -> str:
    """Text of a comment in reStructuredText; names of the interface are links to it."""
    parts = re.split(r"(\bnetlet_[a-z0-9_]*[a-z0-9]\b(?!\.\.\.)|\bNETLET_[A-Z0-9_]*[A-Z0-9]\b(?!\.\.\.)|`[^`]+`)", text)
    for i, part in enumerate(parts):
        if i % 2 == 0:
            parts[i] = re.sub(r"([\\*_|`])", r"\\\1", part)
        elif part in _known():
            parts[i] = rf"\ :c:expr:`{part}`\ "
        else:
            parts[i] = rf"\ ``{part.strip('`')}``\ "
    return "".join(parts)


def _flowing(text: str) -> str:
    return _escaped(" ".join(text.split()))


def _code(text: str, language: str) -> str:
    return f".. code-block:: {language}\n\n{indent(dedent(text).strip(chr(10)), '   ')}\n"


def _balanced(text: str) -> bool:
    text = re.sub(r"//[^\n]*|/\*.*?\*/|\"(\\.|[^\"\\])*\"|'(\\.|[^'\\])'", "", text, flags=re.DOTALL)
    return all(text.count(a) == text.count(b) for a, b in ("()", "{}", "[]"))


def _items(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Split lines that are not further indented into ("comment" | "code" | "blank", text)."""
    i = 0
    while i < len(lines):
        start = i
        if not lines[i].strip():
            yield "blank", ""
            i += 1
            continue
        if lines[i].lstrip().startswith("//"):
            while i < len(lines) and lines[i].lstrip().startswith("//"):
                i += 1
            yield "comment", "\n".join(re.sub(r"^\s*// ?", "", line) for line in lines[start:i])
        elif lines[i].lstrip().startswith("/*"):
            while "*/" not in lines[i]:
                i += 1
            i += 1
            yield "comment", "\n".join(re.sub(r"^\s*(/\*|\*/|\*) ?|\s*\*/$", "", line) for line in lines[start:i])
        else:
            while True:
                text = "\n".join(lines[start : i + 1])
                i += 1
                ends = re.sub(r"\s*(//.*|/\*.*\*/)$", "", lines[i - 1]).endswith((";", "}", ":"))
                if lines[start].startswith("#") or (ends and _balanced(text)) or i == len(lines):
                    break
            yield "code", text


# ---- C


def _manual(text: str) -> str:
    """The comment at the top of a header: paragraphs, and terms in a column of ten letters beside their texts."""
    shown = []
    for part in re.split(r"\n\s*\n", dedent(text).strip("\n")):
        terms = re.findall(r"^ *(\w[\w ]{9})(\S.*(?:\n {10,}.*)*)", part, re.MULTILINE)
        if re.match(r" *\w+ +\S.*\n {10}", part):
            shown += [f"{term.strip()}\n   {_flowing(said)}" for term, said in terms]
        else:
            shown.append(_code(part, "fortran") if part.startswith("  ") else _flowing(part))
    return "\n\n".join(shown) + "\n"


def _c_names(text: str) -> list[str]:
    found = re.findall(r"^NETLET_API [^(]*?\b(netlet_\w+)\(", text, re.MULTILINE)
    found += re.findall(
        r"^typedef \w+ \w+ (netlet_\w+);|^\} (netlet_\w+);|^typedef enum (netlet_\w+) \{", text, re.MULTILINE
    )
    return [name for group in found for name in ([group] if isinstance(group, str) else group) if name]


def c_reference(text: str) -> str:
    """The reference of a C header."""
    top = re.search(r"\n/\*\n(.*?)\n \*/", text, re.DOTALL)
    body = text[text.index('extern "C" {\n#endif') + len('extern "C" {\n#endif') : text.rindex("#ifdef __cplusplus")]
    out = [_manual("\n".join(re.sub(r"^ \* ?", "", line) for line in top[1].splitlines()))]
    said: list[str] = []  # comments that no declaration has taken yet
    signatures: list[str] = []
    notes: list[str] = []

    def close() -> None:
        nonlocal said, signatures, notes
        if signatures:
            lines = [f".. c:function:: {signatures[0]}", *(f"                {s}" for s in signatures[1:]), ""]
            lines += [f"   {_flowing(text)}\n" for text in [*said, *notes]]
            out.append("\n".join(lines))
            said, signatures, notes = [], [], []

    for kind, item in _items(body.splitlines()):
        if kind == "code" and item.startswith("NETLET_API"):
            trailing = re.search(r"/\* (.*?) \*/$", item, re.DOTALL)
            code = re.sub(r"/\*.*?\*/$", "", item, flags=re.DOTALL).strip().rstrip(";")
            code = re.sub(r"\bNETLET_(API|NONBLOCKING)\b", "", " ".join(code.split())).strip()
            code = re.sub(r"\(void\)", "()", code)
            signatures.append(code)
            if trailing:
                name = re.search(r"(netlet_\w+)\(", code)[1]
                notes.append(f"{name}: {trailing[1]}" if trailing[1] else "")
            continue
        close()
        if kind == "comment":
            section = re.fullmatch(r"-+ (.*?) -+", item.strip())
            if said and not section:
                out.append("\n\n".join(_flowing(text) for text in said) + "\n")
                said = []
            if section:
                title = section[1][0].upper() + section[1][1:]
                out.append(f"{title}\n{'-' * len(title)}\n")
            else:
                said = [item]
        elif kind == "code":
            name = next(iter(_c_names(item)), None) or re.search(r"^struct (\w+)", item)[1]
            forward = re.match(r"typedef struct \w+ \w+;", item)
            if name == "netlet_batch" and forward:  # declared before it is defined
                continue
            what = "enum" if "typedef enum" in item else "struct"
            lines = [f".. c:{what}:: {name}", ""]
            lines += [f"   {_flowing(text)}\n" for text in said]
            said = []
            if not forward:
                lines.append(indent(_code(item, "c"), "   "))
            out.append("\n".join(lines))
        elif kind == "blank" and said:
            out.append("\n\n".join(_flowing(text) for text in said) + "\n")
            said = []
    close()
    return "\n".join(out)


# ---- C++


def _without_body(code: str) -> str:
    """A declaration without what a function does and how its members begin."""
    if re.match(r"\s*(enum|typedef|using|static_assert)\b", code):
        return code
    depth, begun = 0, False
    for i, letter in enumerate(code):
        if letter in "(<[" and not (letter == "<" and not re.match(r"[\w<: ]", code[i + 1 : i + 2])):
            depth += 1
        elif letter in ")>]" and not (letter == ">" and code[i - 1] == "-"):
            depth -= 1
            begun |= letter == ")" and depth == 0
        elif depth == 0 and begun and re.match(r"[^=:](\{|:[^:])", code[:i].rstrip()[-1:] + code[i : i + 2]):
            said = re.search(r"[;}](  //[^\n]*)$", code)
            return code[:i].rstrip() + ";" + (said[1] if said else "")
    return code


def _tidy(code: str) -> str:
    return re.sub(r"\binline ", "", re.sub(r" ?\bNETLET_NONBLOCKING\b", "", code))


def _class(code: str) -> str:
    """A class with what is public in it, without bodies."""
    head, _, rest = code.partition("{\n")
    body = rest[: rest.rindex("}")].splitlines()
    is_public = not re.match(r"(template <.*?>\s*)?class\b", head)
    shown: list[str] = []
    waiting: list[str] = []
    for kind, item in _items(body):
        if item.strip() in ("public:", "private:"):
            is_public, waiting = item.strip() == "public:", []
        elif not is_public:
            continue
        elif kind == "comment":
            waiting = [f"  // {line}".rstrip() for line in item.splitlines()]
        elif kind == "blank":
            shown += [*waiting, ""]
            waiting = []
        else:
            nested = re.match(r" *struct \w+ \{", item)
            text = _tidy(indent(_class(dedent(item)), "  ") if nested else _without_body(item))
            shown += [*waiting, text]
            waiting = []
    inner = re.sub(r"\n{3,}", "\n\n", "\n".join([*shown, *waiting]).strip("\n"))
    return f"{head}{{\n{inner}\n}};"


def cpp_reference(text: str) -> str:
    """The reference of a C++ header: what lies in the namespace."""
    top = text[: text.index("\n#ifndef")].splitlines()[1:]
    manual = "\n".join(line[3:] if line.startswith("// ") else line[2:] for line in top)
    out = []
    for part in re.split(r"\n\s*\n", manual):
        is_code = part.startswith("  ")
        out.append(_code(part, "cpp") if is_code else _flowing(part) + "\n")
    body = text[text.index("namespace netlet {\n") + len("namespace netlet {\n") : text.rindex("}  // namespace")]
    said: list[str] = []
    loose: list[str] = []

    def close() -> None:
        if loose:
            out.append(_code("\n".join(loose), "cpp"))
            loose.clear()

    for kind, item in _items(body.splitlines()):
        if kind == "comment":
            said = item.splitlines()
            continue
        if kind == "blank":
            close()
            said = []
            continue
        of_class = re.match(r"(?:class|struct) (\w+)[^;]*?\{", item)
        found = of_class or re.search(r"\busing (\w+)", item) or re.search(r"(\w+)\(", item)
        name = found[1] if found else ""
        if name in HELPERS:
            said = []
        elif re.match(r"(class|struct) \w+;|(inline )?[\w<>: ]*\b\w+::\w+\(", item):
            continue  # declared before it is defined, or defined behind its class
        elif of_class:
            close()
            out.append(f"{name}\n{'-' * len(name)}\n")
            paragraphs = re.split(r"\n\s*\n", "\n".join(said))
            for part in filter(None, paragraphs):
                out.append(_code(part, "cpp") if part.startswith("  ") else _flowing(part) + "\n")
            out.append(_code(_class(item), "cpp"))
            said = []
        else:
            loose += [*(f"// {line}".rstrip() for line in said), _tidy(_without_body(item))]
            said = []
    close()
    return "\n".join(out)


# ---- Fortran


def _procedure(text: str, name: str) -> str:
    """The interface of a procedure, with the comment before it."""
    found = re.search(
        rf"(?P<said>(?:^  !.*\n)*)^  (?P<line>(?:[\w() ]*\b)?(?:subroutine|function) {name}\((?:.*&\n)*.*\n)"
        r"(?P<rest>(?:    .*\n)*)",
        text,
        re.MULTILINE,
    )
    arguments = re.findall(r"\w+", found["line"][found["line"].index("(") :])
    kept = []
    for line in found["rest"].splitlines():
        declared = re.match(r"    [\w(:*), %]*?::\s*(\w+)", line)
        if declared and ("intent(" in line or declared[1] in arguments):
            kept.append(line)
        elif kept and not declared and not line.lstrip().startswith("!"):
            break
    return dedent(found["said"] + "  " + found["line"] + "\n".join(kept))


def fortran_reference(text: str) -> str:
    """The reference of the Fortran module: its public types, what they can do, and its other procedures."""
    top = text[: text.index("\nmodule netlet")].splitlines()[2:]
    manual = "\n".join(line[2:] for line in top)
    out = [_manual(manual)]
    head, _, rest = text.partition("\ncontains\n")
    for found in re.finditer(
        r"((?:^  !.*\n)*)^  type(?:, bind\(c\))?, public :: (\w+)\n(?:    .*\n|  contains\n)*  end type\n",
        head,
        re.MULTILINE,
    ):
        said, name = " ".join(re.sub(r"^  ! ?", "", found[1], flags=re.MULTILINE).split()), found[2]
        out += [f"{name}\n{'-' * len(name)}\n", _escaped(said) + "\n"]
        block = found[0][len(found[1]) :]
        fields, _, bound = block.partition("  contains\n")
        if "    private\n" not in fields:
            out.append(_code(fields if bound else block, "fortran"))
        for method in re.finditer(r"^    (procedure|generic) :: (\w+)(?: => ((?:.*&\n)*.*))?$", bound, re.MULTILINE):
            targets = re.findall(r"\w+", method[3] or method[2])
            if method[2] == "assignment":
                continue
            shown = targets if method[1] == "procedure" else [t for t in targets if "r4" not in t] or targets
            out.append(f"``{method[2]}``\n\n" + _code("\n\n".join(_procedure(rest, t) for t in shown), "fortran"))
    out.append("Functions of the caller's\n-------------------------\n")
    out.append(
        _code(re.search(r"^  abstract interface\n(.*?)^  end interface", head, re.MULTILINE | re.DOTALL)[1], "fortran")
    )
    out.append("Procedures\n----------\n")
    view = re.search(r"((?:^  !.*\n)+)^  interface netlet_view", head, re.MULTILINE)
    out.append(_escaped(" ".join(re.sub(r"^  ! ?", "", view[1], flags=re.MULTILINE).split())) + "\n")
    for name in re.findall(r"\w+", " ".join(re.findall(r"^  public :: ((?:.*&\n)*.*)", head, re.MULTILINE))):
        if re.search(rf"\b(subroutine|function) {name}\(", rest):
            out.append(_code(_procedure(rest, name), "fortran"))
    constants = re.search(
        r"^  integer\(c_int32_t\), parameter, public :: NETLET_OK.*?(?=\n\n)", head, re.MULTILINE | re.DOTALL
    )
    out += ["Numbers\n-------\n", "Those of the C header, by its names.\n", _code(constants[0], "fortran")]
    return "\n".join(out)


READERS = {".h": c_reference, ".hpp": cpp_reference, ".f90": fortran_reference}


def _read(app: Sphinx, docname: str, content: list[str]) -> None:
    def shown(match: re.Match[str]) -> str:
        path = INCLUDE / match[1]
        app.env.note_dependency(str(path), docname=docname)
        return READERS[path.suffix](path.read_text(encoding="utf-8"))

    content[0] = re.sub(r"^\.\. header: (\S+)$", shown, content[0], flags=re.MULTILINE)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True}
