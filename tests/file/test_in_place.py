# SPDX-License-Identifier: BSD-3-Clause
"""A file that no other can replace is written in place, and a failure says which state it is in."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from netlet import Network

from helpers.saved import names

SAVE = """
import sys
from netlet import Network
net = Network([2, 3, 1], seed=0)
for path in sys.argv[1:]:
    to_c = lambda path: net.to_c(path, name="net", header=False)
    {"netlet": net.save, "onnx": net.to_onnx, "c": to_c}[path.split(".")[-1]](path)
"""
OLD = Network([2, 30, 1], seed=1)  # larger than the new one
NEW = Network([2, 3, 1], seed=0)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs what Linux has")


@pytest.fixture
def mounted(tmp_path):
    path = tmp_path / "mounted.netlet"
    OLD.save(path)
    return path


def save(library, *paths, **faults):
    """The last line of what a process says that saves onto these paths."""
    environment = {**os.environ, "LD_PRELOAD": str(library), **{name: str(code) for name, code in faults.items()}}
    command = [sys.executable, "-W", "ignore", "-c", SAVE, *map(str, paths)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    return (result.stderr.strip().splitlines() or [""])[-1]


@pytest.mark.parametrize(
    "fault", [{"FAIL_RENAME": errno.EBUSY}, {"FAIL_RENAME": errno.EPERM}, {"FAIL_NEW": errno.EROFS}]
)
def test_a_file_that_cannot_be_replaced_is_written_in_place(fault, failing_disk, mounted, tmp_path):
    others = [mounted.with_suffix(end) for end in (".onnx", ".c")]
    for path in others:
        path.write_bytes(b"old" * 10_000)
    places = {path: path.stat().st_ino for path in (mounted, *others)}
    assert save(failing_disk, *places, **fault) == ""
    assert mounted.read_bytes() == NEW.to_bytes()
    NEW.to_onnx(tmp_path / "new.onnx")
    NEW.to_c(tmp_path / "new.c", name="net", header=False)
    assert [path.read_bytes() for path in others] == [(tmp_path / f"new{path.suffix}").read_bytes() for path in others]
    assert {path: path.stat().st_ino for path in places} == places
    assert names(tmp_path) == ["mounted.c", "mounted.netlet", "mounted.onnx", "new.c", "new.onnx"]


def test_links_lead_to_a_file_that_is_written_in_place(failing_disk, mounted, tmp_path):
    link, hard = tmp_path / "link.netlet", tmp_path / "hard.netlet"
    link.symlink_to(mounted)
    hard.hardlink_to(mounted)
    assert save(failing_disk, link, FAIL_RENAME=errno.EBUSY) == ""
    assert link.is_symlink()
    assert Network.load(mounted) == Network.load(link) == Network.load(hard) == NEW


@pytest.mark.parametrize(
    ("faults", "error", "state"),
    [
        ({"FAIL_RENAME": errno.EXDEV}, "OSError", "the old content is intact"),
        ({"FAIL_NEW": errno.ENOSPC}, "OSError", "the old content is intact"),
        ({"FAIL_RENAME": errno.EBUSY, "FAIL_RESERVE": errno.ENOSPC}, "OSError", "the old content is intact"),
        (
            {"FAIL_RENAME": errno.EBUSY, "FAIL_WRITE": errno.EIO},
            "OSError",
            f"the file is damaged: only 100 of {len(NEW.to_bytes())} bytes of the new content were written",
        ),
        (
            {"FAIL_NEW": errno.EACCES, "FAIL_FLUSH": errno.EIO},
            "OSError",
            "the file may be damaged: not all may have reached the disk",
        ),
    ],
    ids=repr,
)
def test_a_failure_says_which_state_the_file_is_in(faults, error, state, failing_disk, mounted, tmp_path):
    code = list(faults.values())[-1]
    expected = f"{error}: [Errno {code}] {os.strerror(code)}; {state}: {str(mounted)!r}"
    assert save(failing_disk, mounted, **faults) == expected
    assert names(tmp_path) == [mounted.name]
    if "intact" in state:
        assert mounted.read_bytes() == OLD.to_bytes()
    else:
        new, old = NEW.to_bytes(), OLD.to_bytes()
        written = 100 if "only" in state else len(new)
        assert mounted.read_bytes() == new[:written] + (old[written:] if "only" in state else b"")


def test_what_is_no_file_has_no_old_content(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path(os.devnull), tmp_path):
        with pytest.raises(OSError, match=r"a device or pipe$|Is a directory: '[^']*'$") as caught:
            NEW.save(path)
        assert "intact" not in str(caught.value)


def test_without_an_old_file_there_is_nothing_to_say_of_it(failing_disk, tmp_path):
    said = save(failing_disk, tmp_path / "mounted.netlet", FAIL_NEW=errno.EACCES)
    assert said == f"PermissionError: [Errno 13] Permission denied: {str(tmp_path / 'mounted.netlet')!r}"
    assert names(tmp_path) == []


def test_a_mount_of_the_system_is_written_in_place(mounted, tmp_path):
    """A bind mount, as containers have them, and one whose folder may only be read."""
    outer = tmp_path / "folder"
    outer.mkdir()
    (outer / "mounted.netlet").touch()
    script = f"""
        mount --bind {mounted} {outer}/mounted.netlet || exit 77
        {sys.executable} -c '{SAVE.replace("'", '"')}' {outer}/mounted.netlet || exit 1
        cmp {mounted} {outer}/mounted.netlet || exit 1
        truncate -s 9999 {mounted}
        mount -t tmpfs none {outer} && touch {outer}/mounted.netlet &&
          mount --bind {mounted} {outer}/mounted.netlet && mount -o remount,ro {outer} || exit 77
        {sys.executable} -c '{SAVE.replace("'", '"')}' {outer}/mounted.netlet
    """
    unshare = shutil.which("unshare")
    command = [unshare or "", "--map-root-user", "--mount", "sh", "-c", script]
    result = subprocess.run(command, capture_output=True, text=True) if unshare else None
    if result is None or result.returncode == 77 or "unshare:" in result.stderr:
        pytest.skip("needs a user who may mount")
    assert (result.returncode, result.stderr) == (0, "")
    assert Network.load(mounted) == NEW
