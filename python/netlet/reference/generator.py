# SPDX-License-Identifier: BSD-3-Clause
"""Random numbers: one counter-based generator, in integer arithmetic only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from .fused import Array

INITIAL_VALUES, SHUFFLE, DROPOUT_IN_FIT, DROPOUT_IN_STEP, SPLIT = 0, 1, 2, 3, 5  # purposes; 4 is the self-test's


def philox(n: npt.NDArray[np.uint64], seed: int, purpose: int, stream: int) -> list[npt.NDArray[np.uint64]]:
    """The four words of 32 random bits of each block n.

    Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy as 1, 2, 3", 2011, with counter
    (low n, high n, stream, purpose) and the seed as key.
    """
    mask = np.uint64(0xFFFFFFFF)
    half = np.uint64(32)
    c = [n & mask, n >> half, np.full_like(n, stream & 0xFFFFFFFF), np.full_like(n, purpose)]
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        a, b = np.uint64(0xD2511F53) * c[0], np.uint64(0xCD9E8D57) * c[2]
        c = [(b >> half) ^ c[1] ^ np.uint64(k0), b & mask, (a >> half) ^ c[3] ^ np.uint64(k1), a & mask]
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return c


def random_bits(seed: int, purpose: int, stream: int, count: int, first: int = 0) -> npt.NDArray[np.uint64]:
    """The numbers from `first` on of 64 random bits for (seed, purpose, stream): two in a block, low words first.

    Examples
    --------
    >>> [hex(b) for b in random_bits(seed=0, purpose=0, stream=0, count=2)]
    ['0xe169c58d6627e8d5', '0x9b00dbd8bc57ac4c']
    """
    begin = first // 2
    c = philox(np.arange(begin, (first + count + 1) // 2, dtype=np.uint64), seed, purpose, stream)
    half = np.uint64(32)
    numbers = np.stack([c[0] | c[1] << half, c[2] | c[3] << half], axis=1).reshape(-1)
    return numbers[first - 2 * begin :][:count]


def dropout_factors(
    rows: npt.NDArray[np.uint64], units: int, share: float, layer: int, seed: int, purpose: int, stream: int, dtype: Any
) -> Array:
    """What the units of a layer are multiplied by: 0, or 1 / (1 - share). rows: their numbers.

    Each row has ceil(units / 4) blocks of its own; unit j is word j mod 4 of its block j // 4.
    """
    draws = (units + 3) // 4
    n: npt.NDArray[np.uint64] = np.add(rows[:, None] * np.uint64(draws), np.arange(draws, dtype=np.uint64))
    words = np.stack(philox(n, seed, purpose | layer << 8, stream), axis=2).reshape(len(rows), -1)[:, :units]
    keep = np.dtype(dtype).type(1 / (1 - share))
    return np.where(words < np.uint64(int(share * 2**32)), keep.dtype.type(0), keep)


def shuffled_order(seed: int, epoch: int, n: int, first: int = 0) -> list[int]:
    """The order of an epoch's rows: Fisher and Yates, from the last position down. first: of the random numbers."""
    order = list(range(n))
    bits = random_bits(seed, SHUFFLE, epoch, n, first)
    for i in range(n - 1, 0, -1):
        j = int(bits[i]) * (i + 1) >> 64
        order[i], order[j] = order[j], order[i]
    return order


def shuffled_windows(seed: int, epoch: int, n: int, window: int) -> list[int]:
    """The order of an epoch's rows that are shuffled within windows, one after the other.

    Examples
    --------
    >>> shuffled_windows(seed=0, epoch=0, n=7, window=4)
    [3, 1, 0, 2, 6, 4, 5]
    """
    starts = range(0, n, window)
    return [s + row for s in starts for row in shuffled_order(seed, epoch, min(window, n - s), s)]


def shuffled_batches(batches: Iterable[Any], size: int, seed: int, epoch: int) -> Iterator[Any]:
    """The batches of an epoch in the order of a shuffle buffer.

    Once `size` batches are held, and at the end while any are, one of these k is drawn: that at place
    floor(bits k / 2^64), which the last one then takes.
    """
    held: list[Any] = []
    bits, drawn = random_bits(seed, SHUFFLE, epoch, 64), 0

    def draw() -> Any:
        nonlocal bits, drawn
        if drawn == len(bits):
            bits = random_bits(seed, SHUFFLE, epoch, 2 * drawn)
        place = int(bits[drawn]) * len(held) >> 64
        drawn += 1
        held[place], held[-1] = held[-1], held[place]
        return held.pop()

    for batch in batches:
        held.append(batch)
        if len(held) == size:
            yield draw()
    while held:
        yield draw()


def uniform_values(inputs: int, outputs: int, init: str, layer: int, seed: int, dtype: Any) -> Array:
    """Initial weights of a layer, uniform in +-limit, drawn row by row."""
    fan = float(inputs) if init == "he_uniform" else float(inputs + outputs)
    limit = np.sqrt(6.0 / fan)
    u = (random_bits(seed, INITIAL_VALUES, layer, inputs * outputs) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return (limit * (2 * u - 1)).astype(dtype).reshape(inputs, outputs)
