# SPDX-License-Identifier: BSD-3-Clause
"""Makes README.md's relative links absolute, as a package index shows it without the repository around it.

    python .ci/readme_links.py https://github.com/OWNER/NAME TAG

The release workflow runs this before it builds; nothing is committed.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"


def absolute(text: str, repository: str, tag: str) -> str:
    """Links lead to the files of a tag, pictures to the files themselves."""

    def link(found: re.Match[str]) -> str:
        picture, label, path = found.groups()
        return f"{picture}[{label}]({repository}/{'raw' if picture else 'blob'}/{tag}/{path})"

    return re.sub(r"(!?)\[([^\]]*)\]\((?!https?://|#)([^)]+)\)", link, text)


if __name__ == "__main__":
    README.write_text(absolute(README.read_text(encoding="utf-8"), *sys.argv[1:]), encoding="utf-8")
