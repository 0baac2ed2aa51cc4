"""Places as bits, held to what Python's own lists and counts say."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from focus_lake.raw import bits

flags = st.lists(st.booleans(), min_size=1, max_size=300)


def told(words: np.ndarray, count: int) -> list[bool]:
    """The bits as a list, read off Python's own whole numbers."""
    number = int.from_bytes(words.tobytes(), "little")
    return [bool(number >> place & 1) for place in range(count)]


def listed(chosen: list[bool]) -> np.ndarray:
    return bits.of(np.array(chosen))


@given(flags)
def test_bits_are_set_where_true_was_and_nowhere_else(chosen):
    words = listed(chosen)
    spare = 64 * len(words) - len(chosen)
    assert 0 <= spare < 64
    assert told(words, 64 * len(words)) == chosen + [False] * spare
    assert bits.places(words).tolist() == [at for at, one in enumerate(chosen) if one]
    assert bits.at(words, np.arange(len(chosen))).tolist() == chosen


@given(flags)
def test_neighbours_are_found_across_words(chosen):
    words, count = listed(chosen), len(chosen)
    assert told(bits.after(words), count) == [False, *chosen[:-1]]
    assert told(bits.before(words), count) == [*chosen[1:], False]


@given(flags)
def test_odd_counts_are_carried_from_word_to_word(chosen):
    sums = list(accumulate(map(int, chosen)))
    assert told(bits.odd(listed(chosen)), len(chosen)) == [bool(total % 2) for total in sums]


@given(flags, st.data())
def test_bits_before_a_place_are_counted_and_cut_off(chosen, data):
    words = listed(chosen)
    sums = [0, *accumulate(map(int, chosen))]
    assert bits.counted(words, np.arange(len(chosen))).tolist() == sums[:-1]
    count = data.draw(st.integers(1, len(chosen)))
    kept = bits.places(bits.first(words, count)).tolist()
    assert kept == [at for at, one in enumerate(chosen[:count]) if one]
