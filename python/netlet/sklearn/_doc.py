# SPDX-License-Identifier: BSD-3-Clause
"""What the docstrings of both estimators have in common."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T", bound=type)

PARTS: dict[str, str] = {"loss": "", "parameters": "", "beyond": "", "attributes": "", "notes": ""}


def documented(cls: T) -> T:
    """Put the parts in the places that the docstring has for them."""
    text: Any = cls.__doc__
    for name, part in PARTS.items():
        text = text.replace("{" + name + "}", part.strip("\n").replace("\n", "\n    ").strip())
    cls.__doc__ = text
    return cls
