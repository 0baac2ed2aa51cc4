"""Repeatable numbers and exact money text, for any provider's sample.

Every value is a hash of seed and row number. So a row is the same in whichever part, push or
process it is made, and does not change with the version of Python or numpy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Choice = TypeVar("Choice")

# Steps and multipliers of splitmix64 (Steele, Lea and Flood, 2014).
_STEP = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLY = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_SHIFT = (np.uint64(30), np.uint64(27), np.uint64(31))


def key_of(*parts: object) -> int:
    """A 63-bit number from texts and numbers, the same on every machine."""
    text = "/".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big") >> 1


def hashes(key: int, index: np.ndarray) -> np.ndarray:
    """For each row number a non-negative int64 that looks random (splitmix64)."""
    mixed = np.uint64(key) + (index.astype(np.uint64) + np.uint64(1)) * _STEP
    mixed = (mixed ^ (mixed >> _SHIFT[0])) * _MULTIPLY[0]
    mixed = (mixed ^ (mixed >> _SHIFT[1])) * _MULTIPLY[1]
    return ((mixed ^ (mixed >> _SHIFT[2])) >> np.uint64(1)).astype(np.int64)


def money(units: np.ndarray, decimals: np.ndarray) -> list[str]:
    """Decimal text of units * 10**-decimals (both int64, decimals 1 to 18); no float on the way."""
    tens = 10 ** decimals.astype(np.int64)
    whole, rest = np.divmod(np.abs(units), tens)
    signs = np.where(units < 0, "-", "").tolist()
    # A leading 1 keeps the zeros after the point; it is cut off again.
    tails = (rest + tens).tolist()
    return [
        f"{sign}{left}.{str(tail)[1:]}"
        for sign, left, tail in zip(signs, whole.tolist(), tails, strict=True)
    ]


class Picks:
    """A row of repeatable choices that follow from one key; good for some 50 of them."""

    def __init__(self, *key: object):
        text = "/".join(map(str, key)).encode()
        self._left = int.from_bytes(hashlib.blake2b(text).digest(), "big")

    def below(self, limit: int) -> int:
        """A number from 0 to limit - 1."""
        self._left, chosen = divmod(self._left, limit)
        return chosen

    def one(self, choices: Sequence[Choice]) -> Choice:
        """One of the choices."""
        return choices[self.below(len(choices))]

    def hexadecimal(self, digits: int) -> str:
        """A text of so many hexadecimal digits."""
        return f"{self.below(16**digits):0{digits}x}"

    def guid(self) -> str:
        """A text like a version 4 UUID."""
        digits = self.hexadecimal(8), self.hexadecimal(4), self.hexadecimal(3), self.hexadecimal(3)
        return "{}-{}-4{}-a{}-{}".format(*digits, self.hexadecimal(12))
