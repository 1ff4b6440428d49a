# SPDX-License-Identifier: BSD-3-Clause
"""Files of other libraries are read if they are regular: others may never end."""

import os
from pathlib import Path

import pytest
from netlet import Network

READERS = [Network.from_fann, Network.from_genann, Network.from_nnet, Network.from_onnx, Network.from_rtneural]


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
def test_pipes_and_devices_are_refused(read, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(ValueError, match=r"(path|model): expected a regular file, got a device or pipe"):
            read(path)
    with pytest.raises(IsADirectoryError):
        read(tmp_path)
    missing = tmp_path / "missing"
    for path in (str(missing), os.fsencode(missing), missing):
        with pytest.raises(FileNotFoundError) as caught:
            read(path)
        assert caught.value.filename == os.fspath(path)
    for path in ("zero\0byte", Path("zero\0byte")):
        with pytest.raises(ValueError, match=r"(path|model): expected no zero byte in it"):
            read(path)
    with pytest.raises(TypeError, match=r"(path|model): expected a .*path.*, got int"):
        read(3)
