"""Sets of places in a text as bits: one bit a byte of text, the lowest first, in words of 64.

What would be a list of places, long where quotes and commas are many, is an eighth of the text
then, and numpy looks at 64 places at a time.
"""

from __future__ import annotations

import numpy as np

WORD = np.dtype("<u8")
_HALF = np.dtype("<u2")
ONE, _TOP = WORD.type(1), WORD.type(63)
_OF_BYTE = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1)
_COUNTS = np.add.outer(_OF_BYTE, _OF_BYTE).ravel().astype(np.uint8)  # bits set in 16


def of(chosen: np.ndarray) -> np.ndarray:
    """The bits of an array of true and false; those past its end are not set."""
    packed = np.packbits(chosen, bitorder="little")
    return np.pad(packed, (0, -len(packed) % WORD.itemsize)).view(WORD)


def places(words: np.ndarray) -> np.ndarray:
    """Where bits are set."""
    return np.flatnonzero(np.unpackbits(words.view(np.uint8), bitorder="little"))


def at(words: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Whether the bit is set at each place."""
    return (words.view(np.uint8)[where >> 3] >> (where & 7) & 1).astype(bool)


def first(words: np.ndarray, count: int) -> np.ndarray:
    """The first so many bits; the others of the last word are not set."""
    found = words[: -(-count // 64)].copy()
    if count % 64:
        found[-1] &= (ONE << WORD.type(count % 64)) - ONE
    return found


def odd(words: np.ndarray) -> np.ndarray:
    """At each place whether an odd number of bits is set up to there, its own counted."""
    found = words.copy()
    for step in (1, 2, 4, 8, 16, 32):
        found ^= found << WORD.type(step)
    carried = np.bitwise_xor.accumulate(found >> _TOP)
    found[1:] ^= np.negative(carried[:-1])  # all bits of a word, or none
    return found


def after(words: np.ndarray) -> np.ndarray:
    """The places right after those that are set."""
    found = words << ONE
    found[1:] |= words[:-1] >> _TOP
    return found


def before(words: np.ndarray) -> np.ndarray:
    """The places right before those that are set."""
    found = words >> ONE
    found[:-1] |= words[1:] << _TOP
    return found


def counted(words: np.ndarray, where: np.ndarray) -> np.ndarray:
    """How many bits are set before each place, which lies within the words."""
    halves = words.view(_HALF)
    sums = np.cumsum(_COUNTS[halves], dtype=np.int64)
    half, rest = where >> 4, where & 15
    here = halves[half] & ((1 << rest) - 1)
    return np.where(half > 0, sums[half - 1], 0) + _COUNTS[here]
