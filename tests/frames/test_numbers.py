"""Numbers in Spark SQL, held to Python's Decimal and to values typed by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from focus_lake.frames import numbers
from focus_lake.transform import decimals

pytestmark = pytest.mark.thorough

BY_HAND = {
    "1": "1",
    "+1.50": "1.5",
    "-0.000000000000000001": "-1e-18",
    ".5": "0.5",
    "5.": "5",
    " 7 ": "7",
    "\u00a07\u3000": "7",
    "1e3": "1000",
    "1.5E-7": "0.00000015",
    "12E20": None,
    "99999999999999999999.999999999999999999": "99999999999999999999.999999999999999999",
    "100000000000000000000": None,
    "0e9999": "0",
    "-0": "0",
    "1.2300000000000000000000": "1.23",
    "12,50": None,
    "1 000": None,
    "0x10": None,
    "NaN": None,
    "Infinity": None,
    "1e": None,
    ".": None,
    "--1": None,
    "١": None,
    "1\n2": None,
}


@pytest.mark.parametrize("rounds", [False, True])
def test_numbers_are_read_exactly_or_not_at_all(asked, rounds):
    found = asked(f"({numbers.parse('word', rounds)}).value", list(BY_HAND))
    wanted = [None if value is None else Decimal(value) for value in BY_HAND.values()]
    assert dict(zip(BY_HAND, found, strict=True)) == dict(zip(BY_HAND, wanted, strict=True))


# Half to even, on the 18th decimal; Spark's own cast rounds half up.
ROUNDED = {
    "0.0000000000000000005": "0",
    "0.0000000000000000015": "2e-18",
    "0.0000000000000000025": "2e-18",
    "-0.00000000000000000251": "-3e-18",
    "1.9999999999999999995": "2",
    "12.3456789012345678949": "12.345678901234567895",
    "99999999999999999999.9999999999999999995": None,
    "99999999999999999999.9999999999999999994": "99999999999999999999.999999999999999999",
    "123456789e-26": "1e-18",
}


def test_more_than_18_decimals_are_rounded_half_to_even_where_declared_and_told(asked):
    found = asked(numbers.parse("word", True), list(ROUNDED))
    wanted = [None if value is None else Decimal(value) for value in ROUNDED.values()]
    assert [row["value"] for row in found] == wanted
    assert [row["rounded"] for row in found] == [value is not None for value in wanted]
    assert asked(f"({numbers.parse('word', False)}).value", list(ROUNDED)) == [None] * len(ROUNDED)


digits = st.text("0123456789", max_size=25)
written = st.builds(
    lambda sign, whole, point, part, e, space: f"{space}{sign}{whole}{point}{part}{e}{space}",
    st.sampled_from(["", "-", "+"]),
    digits,
    st.sampled_from(["", ".", ","]),
    digits,
    st.one_of(st.just(""), st.integers(-45, 45).map("e{}".format), st.just("E+3")),
    st.sampled_from(["", " ", "\t"]),
)
doubles = st.floats(allow_nan=False, allow_infinity=False).map(repr)
texts = st.lists(st.one_of(written, doubles, st.text(max_size=8)), min_size=200, max_size=200)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(words=texts)
def test_both_roads_read_the_same_numbers(asked, words):
    words = [word for word in words if word.isprintable() or word.isspace()]
    for policy in ("reject", "round"):
        found = asked(numbers.parse("word", policy == "round"), words)
        for word, row in zip(words, found, strict=True):
            value, reason = decimals.parse_one(word, policy)
            assert row["value"] == value, word
            told = policy == "round" and value is not None
            told = told and decimals.parse_one(word, "reject")[0] is None
            assert row["rounded"] == told, word
