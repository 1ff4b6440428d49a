# SPDX-License-Identifier: BSD-3-Clause
"""Who may read a file may read the one that replaces it, and nobody else, at no moment."""

import errno
import os
import stat
import subprocess
import sys

import pytest
from netlet import Network

SAVE = """
import os, sys
from netlet import Network
os.umask(0o022)
Network([2, 3, 1], seed=0).save(sys.argv[1])
"""


def save(library, path, **environment):
    """What a process says that saves onto this path."""
    environment = {**os.environ, "LD_PRELOAD": str(library), "SHOW_ACCESS": "1", **environment}
    command = [sys.executable, "-c", SAVE, path]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [line for line in result.stderr.splitlines() if line.startswith(("open", "chown", "chmod"))]


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664, 0o400])
def test_a_new_file_is_private_until_it_has_the_old_one_s_access(mode, failing_disk, path):
    path.touch()
    path.chmod(mode)
    old = path.stat()
    steps = save(failing_disk, path)
    assert steps == ["open 600", f"chown {old.st_uid} {old.st_gid}", f"chmod {mode:o}"]
    assert mode_of(path) == mode
    assert Network.load(path) == Network([2, 3, 1], seed=0)


def test_a_file_that_replaces_none_gets_what_the_umask_leaves(failing_disk, path):
    assert save(failing_disk, path) == ["open 666"]
    assert mode_of(path) == 0o644


@pytest.mark.parametrize(
    ("mode", "kept"), [(0o600, 0o600), (0o640, 0o600), (0o660, 0o600), (0o644, 0o644), (0o664, 0o644), (0o604, 0o604)]
)
def test_another_group_may_do_no_more_than_everybody(mode, kept, failing_disk, path):
    """Where owner and group cannot be kept."""
    path.touch()
    path.chmod(mode)
    old = path.stat()
    steps = save(failing_disk, path, FAIL_OWNER=str(errno.EPERM))
    assert steps == ["open 600", f"chown {old.st_uid} {old.st_gid}", f"chown -1 {old.st_gid}", f"chmod {kept:o}"]
    assert mode_of(path) == kept


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
def test_owner_and_group_are_kept(failing_disk, path):
    path.touch()
    os.chown(path, 12345, 54321)
    save(failing_disk, path)
    assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)


def test_bits_that_are_no_permissions_are_not_kept(failing_disk, path):
    path.touch()
    path.chmod(0o4755)
    save(failing_disk, path)
    assert mode_of(path) == 0o755
