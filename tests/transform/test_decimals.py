"""Text becomes decimal(38,18) exactly, or it is refused with a reason."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_lake.errors import BatchRejected
from focus_lake.transform import decimals

NO_NUMBER = "is not a number"
TOO_BIG = "does not fit decimal(38,18)"
TOO_FINE = "has more than 18 decimals, which decimal(38,18) cannot hold"


@pytest.mark.parametrize(
    "word, value",
    [
        ("1", "1"),
        ("+1.50", "1.5"),
        ("-0.000000000000000001", "-0.000000000000000001"),
        ("99999999999999999999.999999999999999999", "99999999999999999999.999999999999999999"),
        ("-99999999999999999999.999999999999999999", "-99999999999999999999.999999999999999999"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1.2E-3", "0.0012"),
        ("1e19", "10000000000000000000"),
        ("0.1000000000000000000", "0.1"),  # 19 decimals, the last a zero
        ("000000000000000000000001", "1"),
        ("100000000000000000000000e-5", "1000000000000000000"),
        ("0e-30", "0"),
        (" 7\t", "7"),
        ("-0", "0"),
    ],
)
def test_a_number_keeps_every_digit(word, value):
    values, reasons = decimals.parse(pa.array([word]))
    assert (values.to_pylist(), reasons) == ([Decimal(value)], {})
    assert values.type == pa.decimal128(38, 18)


@pytest.mark.parametrize(
    "word, reason",
    [
        ("abc", NO_NUMBER),
        ("", NO_NUMBER),
        ("-", NO_NUMBER),
        ("NaN", NO_NUMBER),
        ("Infinity", NO_NUMBER),
        ("1_000", NO_NUMBER),
        ("1,000", NO_NUMBER),
        ("1 000", NO_NUMBER),
        ("１", NO_NUMBER),  # full-width, as Chinese input methods write it
        ("¥1", NO_NUMBER),
        ("0x10", NO_NUMBER),
        ("1e", NO_NUMBER),
        ("--1", NO_NUMBER),
        ("1.2.3", NO_NUMBER),
        ("100000000000000000000", TOO_BIG),
        ("-1e20", TOO_BIG),
        ("1e400", TOO_BIG),
        ("0.1234567890123456789", TOO_FINE),
        ("1e-19", TOO_FINE),
        ("99999999999999999999.9999999999999999999", TOO_FINE),
    ],
)
def test_a_text_that_is_no_exact_number_is_null_with_its_reason(word, reason):
    values, reasons = decimals.parse(pa.array(["1", word, None, word]))
    assert values.to_pylist() == [Decimal(1), None, None, None]
    assert reasons == {word: reason}


@pytest.mark.parametrize(
    "word, value",
    [
        ("0.0000000000000000005", "0"),  # a half goes to the even neighbour
        ("0.0000000000000000015", "0.000000000000000002"),
        ("0.0000000000000000025", "0.000000000000000002"),
        ("-0.12345678901234567891", "-0.123456789012345679"),
        ("1e-400", "0"),
    ],
)
def test_more_decimals_are_rounded_half_to_even_where_the_provider_says_so(word, value):
    values, reasons = decimals.parse(pa.array([word]), "round")
    assert (values.to_pylist(), reasons) == ([Decimal(value)], {})


def test_a_number_that_is_too_big_once_rounded_is_refused():
    word = "99999999999999999999.9999999999999999999"
    values, reasons = decimals.parse(pa.array([word]), "round")
    assert (values.to_pylist(), reasons) == ([None], {word: TOO_BIG})


@pytest.mark.parametrize("words", [[], [None, None]])
def test_nothing_becomes_nothing(words):
    values, reasons = decimals.parse(pa.array(words, pa.string()))
    assert (values.to_pylist(), reasons) == (words, {})


plain = st.from_regex(r"[+-]?[0-9]{0,24}\.?[0-9]{0,22}([eE][+-]?[0-9]{1,3})?", fullmatch=True)
long = st.from_regex(r"[+-]?[01]{0,60}\.?[01]{0,60}", fullmatch=True)
odd = st.text("0123456789.+-eE_ \t１٣,NaInf", max_size=12)


@given(st.lists(plain | long | odd | st.none(), max_size=4))
def test_an_array_gives_what_each_text_gives_alone(words):
    alone = {word: decimals.parse_one(word) for word in words if word is not None}
    values, reasons = decimals.parse(pa.array(words, pa.string()))
    assert values.to_pylist() == [alone[word][0] if word in alone else None for word in words]
    assert reasons == {word: reason for word, (_, reason) in alone.items() if reason}


@pytest.mark.parametrize(
    "word", ["23230142716201690838650", "3699084189060e20", "1.00000E-54", f"1.{'0' * 59}1"]
)
def test_a_number_that_arrow_itself_would_get_wrong_is_refused(word):
    values, reasons = decimals.parse(pa.array(["0.5", word]))
    assert (values.to_pylist(), list(reasons)) == ([Decimal("0.5"), None], [word])


def test_a_slice_of_an_array_is_read_as_the_slice():
    text = pa.array(["1e30", "2", "3e0", None])
    assert decimals.parse(text.slice(1, 1))[0].to_pylist() == [Decimal(2)]
    assert decimals.parse(text.slice(2))[0].to_pylist() == [Decimal(3), None]


@given(plain)
def test_a_value_is_what_python_reads_from_the_same_text(word):
    value, reason = decimals.parse_one(word)
    if not any(digit in word.lower().split("e")[0] for digit in "0123456789"):
        assert reason == NO_NUMBER
        return
    with localcontext(prec=400):
        right = Decimal(word)
        fits = abs(right) < 10**20
        exact = right % Decimal("1e-18") == 0 if fits else None
    assert value == (right if fits and exact else None)
    assert (reason is None) == (value is not None)


@pytest.mark.parametrize(
    "values, texts",
    [
        (pa.array([0.1, 1e22, None]), ["0.1", "1e+22", None]),
        (pa.array([7, None], pa.int32()), ["7", None]),
        (pa.array([Decimal("1.50"), None]), ["1.50", None]),
        (pa.nulls(1), [None]),
        (pa.array(["as it is"]), ["as it is"]),
    ],
)
def test_numbers_of_any_type_are_text_before_they_are_read(values, texts):
    found = decimals.as_text(values)
    assert (found.type, found.to_pylist()) == (pa.string(), texts)


def test_a_column_of_numbers_that_holds_none_is_refused():
    with pytest.raises(BatchRejected, match="a column of numbers has the type bool") as refused:
        decimals.as_text(pa.array([True]))
    assert refused.value.code == "wrong_type"


SUMMED = pa.array(["0.1", "0.1", "2.25", "x"])


def test_a_sum_that_is_that_of_its_texts_passes():
    values = pa.array([Decimal("0.1"), Decimal("0.1"), Decimal("2.25"), None], decimals.DECIMAL)
    decimals.check_sum(SUMMED, values, 0)
    decimals.check_sum(pa.array([], pa.string()), pa.array([], decimals.DECIMAL), 0)


def test_a_sum_that_is_off_by_one_in_the_last_digit_does_not():
    off = Decimal("2.250000000000000001")
    values = pa.array([Decimal("0.1"), Decimal("0.1"), off, None], decimals.DECIMAL)
    with pytest.raises(BatchRejected) as refused:
        decimals.check_sum(SUMMED, values, 0)
    assert refused.value.code == "audit_failed"
    told = "the doubles sum up to 2.45, as decimals to 2.450000000000000001; report this as a bug"
    assert told in str(refused.value)
    with pytest.raises(BatchRejected):
        decimals.check_sum(SUMMED, values, 1)  # one rounding explains half of a last digit
    decimals.check_sum(SUMMED, values, 2)


def test_a_sum_is_checked_past_38_digits():
    values = pa.array([Decimal(10) ** 20 - 1] * 100, decimals.DECIMAL)
    decimals.check_sum(pa.array(["99999999999999999999"] * 100), values, 0)


def test_each_number_that_is_rounded_is_noted_and_no_other():
    text = pa.array(["1.0000000000000000005", "2", None, "word", "1e99", "1.0000000000000000005"])
    note = "BilledCost: 1.0000000000000000005 rounded to 18 decimals"
    found = decimals.rounding("BilledCost", text)
    assert (found.type, found.to_pylist()) == (
        pa.string(),
        [note, None, None, None, None, note],
    )
    assert decimals.rounding("BilledCost", pa.array(["1.5", None])) is None
    assert decimals.rounding("BilledCost", pa.array(["word"])) is None


@pytest.mark.parametrize("others", [[], ["1e2"], ["x"]])
def test_a_short_text_may_have_too_many_decimals_too(others):
    """It has no more letters than a number that surely fits."""
    text = ".1234567890123456789"
    values, reasons = decimals.parse(pa.array([text, *others]))
    assert values[0].as_py() is None and "more than 18 decimals" in reasons[text]
    values, reasons = decimals.parse(pa.array([text, *others]), "round")
    assert values[0].as_py() == Decimal("0.123456789012345679") and text not in reasons
