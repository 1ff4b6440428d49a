# SPDX-License-Identifier: BSD-3-Clause
"""Messages between ranks, so that the failure of one ends the call on all of them, and none waits forever.

Sums are exchanged by recursive doubling: groups of consecutive ranks that know their sum become larger groups.
Everything else goes along a binomial tree, under each rank of which the ranks are consecutive, too. So a rank has few
neighbours. One that fails sends each of them a last message, as does each rank that gets one, and reads what they have
sent until it has their last ones. So nothing is left behind.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .._distributed import combine

if TYPE_CHECKING:
    import numpy.typing as npt

    from ._shares import Ranges

    Bytes = npt.NDArray[np.uint8]

_WORK, _LAST = 1, 2  # tags: messages of the training, and a rank's last one, after a failure
_SPIN = 0.05  # seconds of waiting without sleep, as a step may take; whoever wants the core gets it
_PIECE = 1 << 26  # bytes that move at once
_yield = getattr(os, "sched_yield", partial(time.sleep, 0))


class RankError(RuntimeError):
    """Raised on all other ranks when a call fails on one.

    Attributes
    ----------
    rank : int
        The one that failed, in the communicator of the call.
    error : str
        The type of the error there and its message.
    """

    def __init__(self, rank: int, error: str) -> None:
        super().__init__(rank, error)
        self.rank, self.error = rank, error

    def __str__(self) -> str:
        return f"rank {self.rank} failed: {self.error}"


def _mpi() -> Any:
    """mpi4py's module, which starts MPI when it is first imported."""
    try:
        from mpi4py import MPI
    except (ImportError, RuntimeError) as error:  # the latter: it finds no MPI library
        raise ImportError(
            f"netlet.mpi needs mpi4py and an MPI library: pip install 'netlet[mpi]', and openmpi or mpich; {error}"
        ) from error
    return MPI


class Interrupts:
    """Ctrl-C, which is kept waiting while a message would be lost otherwise. Within a ``with`` statement.

    It is kept waiting from the beginning until `release`, and after it has been heard once.
    """

    def __init__(self) -> None:
        self._holds = 1
        self._kept: Any = None
        self._handler: Any = None

    def __enter__(self) -> Interrupts:
        handler = signal.getsignal(signal.SIGINT)
        if threading.current_thread() is threading.main_thread() and callable(handler):
            self._handler = handler
            signal.signal(signal.SIGINT, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)

    def _hear(self, number: int, frame: Any) -> None:
        if self._holds:
            self._kept = (number, frame)
            return
        self._holds += 1
        self._handler(number, frame)  # which seldom returns
        self._holds -= 1

    def release(self) -> None:
        """Keep it waiting no longer."""
        self._holds -= 1
        if self._kept is not None and not self._holds:
            kept, self._kept = self._kept, None
            self._hear(*kept)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep it waiting until the end of this."""
        self._holds += 1
        try:
            yield
        finally:
            self.release()


class _Wait:
    """Called again and again by who waits: gives way first, then sleeps."""

    def __init__(self) -> None:
        self._begin: float | None = None

    def __call__(self) -> None:
        now = time.perf_counter()
        if self._begin is None:
            self._begin = now
        waited = now - self._begin
        if waited < _SPIN:
            _yield()
        else:
            time.sleep(min(waited / 20, 1e-3))


def _packed(value: Any) -> Bytes:
    return np.frombuffer(pickle.dumps(value, pickle.HIGHEST_PROTOCOL), np.uint8)


def _unpacked(message: Bytes) -> Any:
    return pickle.loads(message.data)


class Ranks:
    """The ranks of a communicator.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
        Duplicated, so that messages of others do not interfere.
    interrupts : Interrupts
    """

    def __init__(self, comm: Any, interrupts: Interrupts) -> None:
        self._mpi = _mpi()
        self._comm = comm.Dup()
        self._interrupts = interrupts
        self.rank, self.size = self._comm.Get_rank(), self._comm.Get_size()
        under = self.rank & -self.rank if self.rank else 1 << (self.size - 1).bit_length()  # at most so many ranks
        self._parent = [self.rank - under] if self.rank else []
        self._children = [
            self.rank + (1 << k) for k in range(under.bit_length() - 1) if self.rank + (1 << k) < self.size
        ]
        pair, partners = _doubling(self.rank, self.size)
        self._pair, self._partners = pair, partners
        self._neighbours = {*self._parent, *self._children, *partners, *([] if pair is None else [pair])}
        self._sent: list[tuple[Any, Any]] = []  # requests and what they send
        self._left = False
        self._heard: tuple[int, Bytes] | None = None  # a neighbour's last message

    # ---- messages

    def _send(self, to: int, message: Bytes, tag: int = _WORK) -> None:
        with self._interrupts.held():
            self._sent.append((self._comm.Isend([message, self._mpi.BYTE], to, tag), message))

    def _receive(self, source: int) -> Bytes:
        """The next message of a neighbour's; an error if that is its last one.

        A rank that waits for one that waits for one that has failed hears of it, too, as each of them fails in turn.
        """
        status, wait = self._mpi.Status(), _Wait()
        while True:
            with self._interrupts.held():
                if self._comm.Iprobe(source, self._mpi.ANY_TAG, status):
                    message = self._read(status)
                    if status.Get_tag() == _WORK:
                        return message
                    self._heard = source, message
                    raise RankError(*_unpacked(message))
            wait()

    def _read(self, status: Any) -> Bytes:
        message = np.empty(status.Get_count(self._mpi.BYTE), np.uint8)
        self._comm.Recv([message, self._mpi.BYTE], status.Get_source(), status.Get_tag())
        return message

    def _finish_sending(self) -> None:
        """Until messages have left: MPI need not do anything about them while a rank computes.

        Whoever they are for reads them, also after a failure.
        """
        wait = _Wait()
        while True:
            with self._interrupts.held():
                self._sent = [sent for sent in self._sent if not sent[0].Test()]
            if not self._sent:
                return
            wait()

    # ---- the sum on all ranks

    def total(self, partial: Bytes) -> Bytes:
        """The sum of the partials of all ranks, of which some may be empty."""
        if self._pair is not None:
            if self._partners:
                partial = _add(self._receive(self._pair), partial)
            else:  # the other one of the pair does the rest
                self._send(self._pair, partial)
                partial = self._receive(self._pair)
                self._finish_sending()
                return partial
        for partner in self._partners:
            self._send(partner, partial)
            partial = _add(partial, self._receive(partner))
        if self._pair is not None:
            self._send(self._pair, partial)
        self._finish_sending()
        return partial

    # ---- along the tree

    def up(self, value: Bytes, add: Callable[[Bytes, Bytes], Bytes]) -> Bytes:
        """What `add` makes of the values of this rank and of all under it; on rank 0 of all."""
        for child in self._children:
            value = add(value, self._receive(child))
        for parent in self._parent:
            self._send(parent, value)
        return value

    def down(self, value: Bytes) -> Bytes:
        """Rank 0's value."""
        for parent in self._parent:
            value = self._receive(parent)
        for child in reversed(self._children):  # the first one has the most ranks under it
            self._send(child, value)
        self._finish_sending()
        return value

    def from_first(self, value: Any = None) -> Any:
        """What rank 0 gives: any Python object."""
        return _unpacked(self.down(_packed(value) if self.rank == 0 else np.empty(0, np.uint8)))

    def gathered(self, value: Any, add: Callable[[Any, Any], Any]) -> Any:
        """What `add` makes of the Python objects that all ranks give, in their order."""
        if self.size == 1:
            return value
        merged = self.up(_packed(value), lambda a, b: _packed(add(_unpacked(a), _unpacked(b))))
        return _unpacked(self.down(merged))

    def to_first(self, value: Any, add: Callable[[Any, Any], Any]) -> Any:
        """The same on rank 0; None on the others."""
        merged = self.up(_packed(value), lambda a, b: _packed(add(_unpacked(a), _unpacked(b))))
        return _unpacked(merged) if self.rank == 0 else None

    def listed(self, value: Any) -> list[Any]:
        """The Python objects that all ranks give."""
        found: list[Any] = self.gathered([value], lambda a, b: a + b)
        return found

    def any(self, value: bool) -> bool:
        """Whether it is true on some rank."""
        return bool(self.gathered(value, lambda a, b: a or b))

    # ---- rows

    def moved(self, rows: npt.NDArray[Any], sent: list[Ranges], received: list[Ranges]) -> npt.NDArray[Any]:
        """The rows that this rank is to hold; others send it some, and get some of its own.

        Nobody begins before all are ready, and nothing that follows can fail, or be interrupted.
        """
        held = np.empty((sum(end - begin for ranges in received for begin, end in ranges), *rows.shape[1:]), rows.dtype)
        most = max(1, _PIECE // max(1, rows.itemsize * int(np.prod(rows.shape[1:]))))
        out, into = (np.empty((min(most, n), *rows.shape[1:]), rows.dtype) for n in (len(rows), len(held)))
        with self._interrupts.held():
            self.gathered(None, lambda a, b: None)
            for shift in range(self.size):
                to, source = (self.rank + shift) % self.size, (self.rank - shift) % self.size
                outgoing, incoming = list(_pieces(sent[to], most)), list(_pieces(received[source], most))
                for i in range(max(len(outgoing), len(incoming))):
                    requests = []
                    if i < len(incoming):
                        count = sum(end - begin for begin, end in incoming[i])
                        requests.append(self._comm.Irecv([into[:count].view(np.uint8), self._mpi.BYTE], source, _WORK))
                    if i < len(outgoing):
                        count = _copy(rows, outgoing[i], out)
                        requests.append(self._comm.Isend([out[:count].view(np.uint8), self._mpi.BYTE], to, _WORK))
                    self._mpi.Request.Waitall(requests)
                    if i < len(incoming):
                        _copy_back(into, incoming[i], held)
        return held

    # ---- the end

    def close(self) -> None:
        """After a success, on all ranks: whoever gets here can no longer fail."""
        with self._interrupts.held():
            self.gathered(None, lambda a, b: None)
            self._free()

    def _free(self) -> None:
        self._comm.Free()
        self._left = True

    def fail(self, error: BaseException) -> None:
        """After an error on this rank or another; nothing, if it came after a success."""
        if self._left:
            return
        with self._interrupts.held():
            source, said = self._heard or (None, _packed((self.rank, f"{type(error).__name__}: {error}")))
            for neighbour in self._neighbours:
                self._send(neighbour, said, _LAST)
            for neighbour in self._neighbours:
                if neighbour != source:
                    self._last_of(neighbour)
            self._mpi.Request.Waitall([request for request, _ in self._sent])
            self._free()

    def _last_of(self, neighbour: int) -> Bytes:
        """Read what a neighbour has sent, up to its last message."""
        status, wait = self._mpi.Status(), _Wait()
        while True:
            while not self._comm.Iprobe(neighbour, self._mpi.ANY_TAG, status):
                wait()
            message = self._read(status)
            if status.Get_tag() == _LAST:
                return message


def _doubling(rank: int, size: int) -> tuple[int | None, list[int]]:
    """With whom a rank exchanges sums: the other one of its pair, if any, and those with whom groups double.

    If the number of ranks is no power of two, pairs of the first ones count as one, the second of them; the first has
    no others.
    """
    power = 1 << (size.bit_length() - 1)
    pairs = size - power
    if rank < 2 * pairs and rank % 2 == 0:
        return rank + 1, []
    place = rank // 2 if rank < 2 * pairs else rank - pairs
    places = [place ^ (1 << k) for k in range(power.bit_length() - 1)]
    partners = [2 * other + 1 if other < pairs else other + pairs for other in places]
    return (rank - 1 if rank < 2 * pairs else None), partners


def _add(a: Bytes, b: Bytes) -> Bytes:
    return b if not len(a) else a if not len(b) else combine(a, b)


def _pieces(ranges: Ranges, most: int) -> Iterator[Ranges]:
    """The ranges in pieces of so many rows in all."""
    piece: Ranges = []
    left = most
    for begin, end in ranges:
        while begin < end:
            until = min(end, begin + left)
            piece.append((begin, until))
            left -= until - begin
            begin = until
            if not left:
                yield piece
                piece, left = [], most
    if piece:
        yield piece


def _copy(rows: Any, ranges: Ranges, out: Any) -> int:
    place = 0
    for begin, end in ranges:
        out[place : place + end - begin] = rows[begin:end]
        place += end - begin
    return place


def _copy_back(into: Any, ranges: Ranges, held: Any) -> None:
    place = 0
    for begin, end in ranges:
        held[begin:end] = into[place : place + end - begin]
        place += end - begin
