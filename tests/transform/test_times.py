"""Text becomes UTC: by the provider's notation and zone, the same one by one and all at once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from focus_lake.declare.model import Time
from focus_lake.errors import BatchRejected
from focus_lake.transform import times

FORMATS = ("yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss")
BEIJING = Time("Asia/Shanghai", "zone", FORMATS)


def read(word: str, how: Time = BEIJING) -> str | None:
    """The time as text; read alone, which must be the same as among others of any notation."""
    alone, reasons = times.parse(pa.array([word]), how)
    among, _ = times.parse(pa.array([None, word, "2026-01-01 00:00:00.5Z", word]), how)
    assert among.to_pylist()[1] == among.to_pylist()[3] == alone.to_pylist()[0]
    assert alone.type == pa.timestamp("us")
    assert list(reasons) == ([word] if alone[0].as_py() is None else [])
    return None if alone[0].as_py() is None else alone[0].as_py().isoformat(" ", "milliseconds")


@pytest.mark.parametrize(
    "word, utc",
    [
        ("2026-01-01 00:00:00", "2025-12-31 16:00:00.000"),
        ("2026-01-01T08:00:00", "2026-01-01 00:00:00.000"),
        ("2026-01-01T08:00:00Z", "2026-01-01 00:00:00.000"),  # this Z is not to be believed
        ("2026-01-01T08:00:00+00:00", "2026-01-01 08:00:00.000"),
        ("2026-01-01 08:00:00 -0330", "2026-01-01 11:30:00.000"),
        ("2026-01-01 08:00:00.1239", "2026-01-01 00:00:00.123"),  # cut, not rounded
        ("2026-01-31 23:59:59.999999999", "2026-01-31 15:59:59.999"),
        ("2024-02-29 12:00:00", "2024-02-29 04:00:00.000"),
        ("1988-07-01 00:00:00", "1988-06-30 15:00:00.000"),  # China had summer time then
        ("9999-12-31 23:59:59", "9999-12-31 15:59:59.000"),
        ("0001-01-02 00:00:00+00:00", "0001-01-02 00:00:00.000"),
    ],
)
def test_a_beijing_time_becomes_utc(word, utc):
    assert read(word) == utc


@pytest.mark.parametrize(
    "word",
    [
        "",
        "yesterday",
        "2026-01-01",
        "01/02/2026 00:00:00",
        "2026-02-29 00:00:00",
        "2026-13-01 00:00:00",
        "2026-01-01 24:00:00",
        "2026-01-01 23:59:60",
        "2026-01-01 00:00:00 CST",
        "2026-01-01 00:00:00+8",
        "2026-01-01 00:00:00+08:75",
        "2026-01-01 00:00:00+24:00",
        "2026-01-01 00:00:00 tomorrow",
        "２０２６-01-01 00:00:00",
        " 2026-01-01 00:00:00",
        "0000-01-01 00:00:00",
        "0001-01-01 00:00:00",  # before year 1 in UTC
    ],
)
def test_a_text_in_no_declared_notation_is_null_with_a_reason(word):
    assert read(word) is None


def test_the_reason_names_the_notations():
    _, reasons = times.parse(pa.array(["soon"]), BEIJING)
    declared = "yyyy-MM-dd HH:mm:ss or yyyy-MM-dd'T'HH:mm:ss"
    assert reasons == {"soon": f"is not a time as declared ({declared})"}


def test_a_literal_z_is_utc_where_the_provider_says_so():
    utc = Time("Asia/Shanghai", "utc", FORMATS)
    assert read("2026-01-01T08:00:00Z", utc) == "2026-01-01 08:00:00.000"
    assert read("2026-01-01T08:00:00", utc) == "2026-01-01 00:00:00.000"


@pytest.mark.parametrize(
    "word, utc",
    [
        ("2026-01-01 00:00:00", "2025-12-31 23:00:00.000"),
        ("2026-07-01 00:00:00", "2026-06-30 22:00:00.000"),
        ("2026-03-29 02:30:00", "2026-03-29 01:30:00.000"),  # left out: clocks went from 2 to 3
        ("2026-10-25 02:30:00", "2026-10-25 00:30:00.000"),  # twice: the first
        ("2060-07-01 00:00:00", "2060-06-30 22:00:00.000"),
    ],
)
def test_summer_time_is_minded(word, utc):
    assert read(word, Time("Europe/Berlin", "utc", FORMATS)) == utc


@pytest.mark.parametrize(
    "form, word, utc",
    [
        ("yyyy-MM-dd", "2026-01-31", "2026-01-31 00:00:00.000"),
        ("yyyy-MM-dd'T'HH:mm'Z'", "2026-01-31T07:05Z", "2026-01-31 07:05:00.000"),
        ("dd/MM/yyyy HH:mm", "31/01/2026 07:05", "2026-01-31 07:05:00.000"),
        ("yyyyMMdd", "20260131", "2026-01-31 00:00:00.000"),
    ],
)
def test_other_notations_can_be_declared(form, word, utc):
    assert read(word, Time("UTC", "utc", (form, *FORMATS))) == utc


@pytest.mark.parametrize("words", [[], [None, None]])
def test_nothing_becomes_nothing(words):
    values, reasons = times.parse(pa.array(words, pa.string()), BEIJING)
    assert (values.to_pylist(), reasons) == (words, {})


@given(
    st.lists(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)), min_size=1, max_size=5),
    st.sampled_from(["Asia/Shanghai", "UTC", "Europe/Berlin", "America/New_York"]),
    st.sampled_from([" ", "T"]),
)
def test_every_time_is_what_python_makes_of_it(moments, zone, between):
    how = Time(zone, "utc", FORMATS)
    local = [moment.replace(microsecond=0, fold=0) for moment in moments]
    values, reasons = times.parse(pa.array([one.isoformat(between) for one in local]), how)
    shifts = [one.replace(tzinfo=ZoneInfo(zone)).utcoffset() for one in local]
    assert values.to_pylist() == [one - by for one, by in zip(local, shifts, strict=True)]
    assert not reasons


@given(st.datetimes(timezones=st.just(UTC)), st.integers(-840, 840))
def test_an_explicit_offset_is_honoured(moment, minutes):
    cut = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    try:
        local = cut + timedelta(minutes=minutes)
    except OverflowError:
        return
    sign, (hour, minute) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    word = f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}{sign}{hour:02d}:{minute:02d}"
    word = f"{local.date().isoformat()}T{word}"
    assert times.parse_one(word, FORMATS, "Asia/Shanghai") == cut.replace(tzinfo=None)


@pytest.mark.parametrize(
    "end, after",
    [
        ("2026-01-31 23:59:59", "2026-02-01 00:00:00"),
        ("2026-01-31 23:59:59.999", "2026-02-01 00:00:00"),
        ("2026-01-31 23:59:58", "2026-01-31 23:59:58"),
        ("2026-02-01 00:00:00", "2026-02-01 00:00:00"),
        ("2026-01-31 10:59:59", "2026-01-31 11:00:00"),
    ],
)
def test_the_last_second_of_a_period_becomes_the_moment_after_it(end, after):
    ends = pa.array([datetime.fromisoformat(end), None], pa.timestamp("us"))
    found = times.exclusive(ends)
    assert found.type == pa.timestamp("us")
    assert found.to_pylist() == [datetime.fromisoformat(after), None]


NOON = datetime(2026, 1, 1, 12)


@pytest.mark.parametrize(
    "values, utc",
    [
        (pa.array([NOON, None], pa.timestamp("s")), datetime(2026, 1, 1, 4)),
        (pa.array([NOON, None], pa.timestamp("ms", "UTC")), NOON),
        (pa.array([NOON, None], pa.timestamp("us", "Europe/Berlin")), NOON),
        (
            pa.array([1767268800_123_999_999, None], pa.timestamp("ns", "UTC")),
            datetime(2026, 1, 1, 12, 0, 0, 123_000),  # cut to milliseconds, not rounded
        ),
        (pa.array([date(2026, 1, 1), None], pa.date32()), datetime(2025, 12, 31, 16)),
    ],
)
def test_times_of_parquet_are_utc_and_those_without_a_zone_the_providers(values, utc):
    found, reasons = times.parse(values, BEIJING)
    assert (found.type, reasons) == (pa.timestamp("us"), {})
    assert found.to_pylist() == [utc, None]


def test_times_of_parquet_without_a_zone_stay_where_the_provider_has_utc():
    values = pa.array([NOON], pa.timestamp("ms"))
    assert times.parse(values, Time("UTC", "zone", FORMATS))[0].to_pylist() == [NOON]


def test_the_hour_that_comes_twice_is_the_first_and_one_left_out_is_the_moment_after_it():
    berlin = Time("Europe/Berlin", "zone", FORMATS)
    twice, left_out = datetime(2026, 10, 25, 2, 30), datetime(2026, 3, 29, 2, 30)
    found = times.parse(pa.array([twice, left_out], pa.timestamp("us")), berlin)[0]
    assert found.to_pylist() == [datetime(2026, 10, 25, 0, 30), datetime(2026, 3, 29, 1)]
    assert read("2026-10-25 02:30:00", berlin) == "2026-10-25 00:30:00.000"


def test_a_column_of_only_nulls_is_null_and_one_of_numbers_is_refused():
    assert times.parse(pa.nulls(2), BEIJING)[0].to_pylist() == [None, None]
    with pytest.raises(BatchRejected, match="a column of times has the type int64") as refused:
        times.parse(pa.array([1]), BEIJING)
    assert refused.value.code == "wrong_type"


def test_a_day_among_times_is_not_a_time_where_only_times_are_declared():
    """Arrow alone would read it as midnight."""
    iso = Time("UTC", "utc", ("yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss"))
    for words in (["2026-01-01 00:00:00", "2026-01-02"], ["2026-01-02", "2026-01-01T00:00:00"]):
        values, reasons = times.parse(pa.array(words), iso)
        assert list(reasons) == ["2026-01-02"]
        assert sorted(values.to_pylist(), key=str) == [datetime(2026, 1, 1), None]


@pytest.mark.parametrize(
    "fraction, millis", [(".5", "500"), (".05", "050"), (",005", "005"), (".1239", "123")]
)
def test_a_fraction_is_of_a_second_however_many_digits_it_has(fraction, millis):
    utc = Time("UTC", "utc", FORMATS)
    assert read(f"2026-01-01 00:00:00{fraction}", utc) == f"2026-01-01 00:00:00.{millis}"
