# SPDX-License-Identifier: BSD-3-Clause
"""What tests of native programs share."""

import re

from helpers.tools import needed
from toolchains import ROOT, run

EXAMPLES = ROOT / "examples" / "native"


def install(build, prefix):
    for component in ("netlet_Development", "netlet_Runtime"):
        run([needed("cmake"), "--install", build, "--prefix", prefix, "--component", component])
    return prefix


def fingerprint(output):
    return re.search(r"fingerprint +(\w{64})$", output, flags=re.MULTILINE)[1]
