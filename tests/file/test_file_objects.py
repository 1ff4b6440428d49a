# SPDX-License-Identifier: BSD-3-Clause
"""Open binary files, and whatever is like them, are written to and read from where they stand."""

import codecs
import gzip
import io
import socket
import tempfile
import zipfile

import numpy as np
import pytest
from netlet import Adam, Network

NET, ADAM = Network([2, 3, 1], seed=0), Adam()
NET.fit([[0, 1], [1, 0]], [0, 1], epochs=3, optimizer=ADAM)
DATA = NET.to_bytes()


class Slow(io.RawIOBase):
    """A file without a buffer, which takes and gives a few bytes at a time."""

    def __init__(self, data=b"", most=100):
        self.data, self.most, self.position = bytearray(data), most, 0

    def writable(self):
        return True

    def readable(self):
        return True

    def write(self, data):
        self.data += data[: self.most]
        return min(len(data), self.most)

    def readinto(self, buffer):
        part = self.data[self.position : self.position + min(self.most, len(buffer))]
        buffer[: len(part)] = part
        self.position += len(part)
        return len(part)


class Bare:
    """Something that has write and read alone, and does not count."""

    def __init__(self, data=b""):
        self.parts = [data[i : i + 77] for i in range(0, len(data), 77)]

    def write(self, data):
        self.parts.append(bytes(data))

    def read(self):
        return self.parts.pop(0) if self.parts else b""


class Full(io.RawIOBase):
    """A file that does not block, and is not ready."""

    def write(self, data):
        return None

    def read(self):
        return None


def test_a_file_is_written_and_read_where_it_stands():
    stream = io.BytesIO(b"before")
    stream.seek(0, io.SEEK_END)
    NET.save(stream)
    assert stream.getvalue() == b"before" + DATA
    stream.seek(6)
    assert Network.load(stream) == NET
    assert not stream.closed
    for load in (Network.load, Network.load_checkpoint):  # all of it is read
        with pytest.raises(ValueError, match=r"where the file stands there are no bytes to its end; file\.seek\(0\)"):
            load(stream)


def test_a_checkpoint_trains_on():
    stream = io.BytesIO()
    NET.save(stream, optimizer=ADAM)
    stream.seek(0)
    same, adam = Network.load_checkpoint(stream)
    again, other = Network.checkpoint_from_bytes(NET.to_bytes(optimizer=ADAM))
    for net, optimizer in ((same, adam), (again, other)):
        net.fit([[0, 1], [1, 0]], [0, 1], epochs=3, optimizer=optimizer)
    assert same == again != NET
    with pytest.raises(ValueError, match=r"^path: expected a network saved with an optimizer"):
        Network.load_checkpoint(io.BytesIO(DATA))


@pytest.mark.parametrize("buffering", [-1, 0])
def test_files_of_the_system(buffering, tmp_path):
    with open(tmp_path / "file", "wb", buffering) as file:  # noqa: PTH123
        NET.save(file)
    with open(tmp_path / "file", "rb", buffering) as file:  # noqa: PTH123
        assert Network.load(file) == NET
    for make in (tempfile.TemporaryFile, tempfile.NamedTemporaryFile, tempfile.SpooledTemporaryFile):
        with make() as file:
            NET.save(file)
            file.seek(0)
            assert Network.load(file) == NET


def test_compressed_files_members_of_archives_and_sockets(tmp_path):
    with gzip.open(tmp_path / "file.gz", "wb") as file:
        NET.save(file)
    with gzip.open(tmp_path / "file.gz") as file:
        assert Network.load(file) == NET
    with zipfile.ZipFile(tmp_path / "file.zip", "w") as archive, archive.open("net", "w") as file:
        NET.save(file)
    with zipfile.ZipFile(tmp_path / "file.zip") as archive, archive.open("net") as file:
        assert Network.load(file) == NET
    for buffering in (-1, 0):
        ends = socket.socketpair()
        with ends[0], ends[1], ends[1].makefile("rb", buffering) as source:
            with ends[0].makefile("wb", buffering) as sink:
                NET.save(sink)
            ends[0].close()
            assert Network.load(source) == NET


@pytest.mark.parametrize("kind", [Slow, Bare])
def test_files_that_take_and_give_a_part_at_a_time(kind):
    file = kind()
    NET.save(file)
    assert bytes(file.data if kind is Slow else b"".join(file.parts)) == DATA
    assert Network.load(kind(DATA)) == NET


def test_a_large_network_passes_through_a_file_without_a_buffer():
    net = Network([100, 200], seed=1)
    file = Slow(most=10_000)
    net.save(file)
    assert Network.load(file) == net


def test_what_is_no_binary_file_is_refused_by_name(tmp_path):
    texts = [
        io.StringIO(),
        (tmp_path / "text").open("w+"),
        codecs.StreamReaderWriter(io.BytesIO(), *codecs.lookup("utf-8")[2:]),
    ]
    texts.append(tempfile.NamedTemporaryFile("w+"))  # noqa: SIM115
    for file in texts:
        with file:
            for call in (NET.save, Network.load, Network.load_checkpoint):
                with pytest.raises(TypeError, match=r"^path: expected a binary file, got a text file"):
                    call(file)
    for value in (3, None, [], np.zeros(3), b"".join):
        with pytest.raises(TypeError, match=r"^path: expected a str, bytes, path object or open binary file to write"):
            NET.save(value)
        with pytest.raises(TypeError, match=r"^path: expected a str, bytes, path object or open binary file to read"):
            Network.load(value)


def test_errors_of_a_file_are_its_own(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(DATA)
    with path.open("rb") as file, pytest.raises(io.UnsupportedOperation):
        NET.save(file)
    with path.open("ab") as file, pytest.raises(io.UnsupportedOperation):
        Network.load(file)
    assert path.read_bytes() == DATA
    closed = io.BytesIO()
    closed.close()
    for call in (NET.save, Network.load):
        with pytest.raises(ValueError, match="closed"):
            call(closed)
        with pytest.raises(BlockingIOError):
            call(Full())
    with pytest.raises(ValueError, match="truncated"):
        Network.load(io.BytesIO(DATA[:-1]))


def test_what_cannot_be_saved_writes_nothing():
    net, file = Network([2, 3, 1], seed=0), io.BytesIO()
    net.parameters[3] = np.nan
    with pytest.raises(ValueError, match="parameters: expected finite numbers"):
        net.save(file)
    with pytest.raises(TypeError, match="optimizer: expected an Optimizer"):
        NET.save(file, optimizer="adam")
    assert file.getvalue() == b""
