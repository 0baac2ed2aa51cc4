"""Numbers of the samples: exact money text and choices that are the same on every machine."""

import numpy as np

from focus_lake.sample.numbers import Picks, hashes, money


def test_money_text_is_exact_where_a_float_is_not():
    units = np.array([1, -5, 0, 123456789012345678, -2000, 7], dtype=np.int64)
    decimals = np.array([12, 2, 4, 12, 2, 1], dtype=np.int64)
    assert money(units, decimals) == [
        "0.000000000001",
        "-0.05",
        "0.0000",
        "123456.789012345678",
        "-20.00",
        "0.7",
    ]


def test_hashes_are_those_of_splitmix64():
    # The first three outputs of its reference implementation for seed 0, halved.
    first = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]
    assert hashes(0, np.arange(3)).tolist() == [number >> 1 for number in first]


def test_picks_follow_from_their_key_and_stay_in_range():
    one, same, other = Picks("a", 1), Picks("a", 1), Picks("a", 2)
    first = [one.below(10) for _ in range(40)]
    assert first == [same.below(10) for _ in range(40)]
    assert first != [other.below(10) for _ in range(40)]
    assert set(first) <= set(range(10))
    assert len(set(first)) > 5
    assert len(Picks("b").hexadecimal(16)) == 16
