# SPDX-License-Identifier: BSD-3-Clause
"""How programs of MPI are started."""

import os
import subprocess

# as root, and with more ranks than cores: Open MPI wants to be told so, in version 4 and in 5; MPICH does not ask
ALLOWED = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}


def start(launcher, ranks, command, *, seconds=120, **environment):
    return subprocess.run(
        [str(part) for part in (launcher, "-n", ranks, *command)],
        env={**os.environ, **ALLOWED, **environment},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
