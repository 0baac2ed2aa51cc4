"""Quotes, commas and ends of lines of a CSV text as bits, and what backslashes do to quotes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from focus_lake.raw import bits

QUOTE, COMMA, NEWLINE, RETURN, ESCAPE = 34, 44, 10, 13, 92


@dataclass
class Marks:
    """What divides whole records, as bits. quotes: those that open and close; inside: places of
    quoted fields, with the quote that opens; returns: None where there are none."""

    quotes: np.ndarray
    inside: np.ndarray
    commas: np.ndarray
    newlines: np.ndarray
    returns: np.ndarray | None

    def are_strict(self, may_double: bool) -> bool:
        """Whether each quote opens at a field's start and closes at its end.

        may_double: whether one that closes and one that opens right behind it mean a quote.
        """
        opening, closing = self.quotes & self.inside, self.quotes & ~self.inside
        starts = ends = self.commas | self.newlines
        if self.returns is not None:
            ends = ends | self.returns
        if may_double:
            starts, ends = starts | closing, ends | opening
        starts = bits.after(starts)
        starts[0] |= bits.ONE  # the first record begins here; numpy 1 takes a bare 1 as signed
        return not ((opening & ~starts) | (closing & ~bits.before(ends))).any()


def returns_of(buffer: bytes) -> np.ndarray | None:
    return bits.of(np.frombuffer(buffer, np.uint8) == RETURN) if RETURN in buffer else None


def without_doubled(quotes: np.ndarray) -> np.ndarray:
    """The quotes without pairs of a closing one and one that opens again right behind it."""
    closing, opening = quotes[1:-1:2], quotes[2::2]
    keep = np.ones(len(quotes), bool)
    keep[2::2] = closing + 1 != opening
    keep[1:-1:2] = keep[2::2]
    return quotes[keep]


def odd_run(octets: np.ndarray, quotes: np.ndarray) -> np.ndarray:
    """Whether an odd number of backslashes stands right before each quote (it is then text)."""
    odd = np.zeros(len(quotes), bool)
    pending, back = np.arange(len(quotes)), 1
    while len(pending):
        inside = quotes[pending] >= back
        pending = pending[inside]
        pending = pending[octets[quotes[pending] - back] == ESCAPE]
        odd[pending] = ~odd[pending]
        back += 1
    return odd


def doubled(octets: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(text with its escaped quotes doubled, positions of the bytes that are then too many).

    A backslash escapes a quote or another backslash, and only inside quotes; any other one is
    text, such as the one in a null's \\N.
    """
    slashes = np.flatnonzero(octets == ESCAPE)
    slashes = slashes[bits.at(inside, slashes)]
    begins = np.diff(slashes, prepend=-2) != 1
    run = np.maximum.accumulate(np.where(begins, slashes, 0)) if len(slashes) else slashes
    escaping = slashes[(slashes - run) % 2 == 0]
    octets = octets.copy()
    octets[escaping[octets[escaping + 1] == QUOTE]] = QUOTE
    return octets, escaping[octets[escaping + 1] == ESCAPE]
