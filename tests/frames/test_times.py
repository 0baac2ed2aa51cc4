"""Times in Spark SQL, held to values typed by hand and to the other road."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from focus_lake.declare.model import Time
from focus_lake.frames import times
from focus_lake.transform.times import parse_one

pytestmark = pytest.mark.thorough

ISO = ("yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss")
MANY = (*ISO, "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd", "MM/dd/yyyy")


def ask(asked, words: list[str], how: Time, native: str = "false") -> list:
    """What is made of the texts, by the way of a UTC session, as here, and by any other's."""
    spelled = times.spelled("word", how, native)
    ways = []
    for session in ("UTC", "Asia/Tokyo"):
        moment = times.moment("s", how, native, session)
        moment = f"transform(array({spelled}), s -> {moment})[0]"
        ways.append(f"transform(array({moment}), m -> {times.in_range('m')})[0]")
    found = asked(f"named_struct('one', {ways[0]}, 'other', {ways[1]})", words)
    assert [one for one, _ in found] == [other for _, other in found]
    return [one for one, _ in found]


SHANGHAI = {
    "2026-01-01 00:00:00": "2025-12-31 16:00:00",
    "2026-01-01T00:00:00": "2025-12-31 16:00:00",
    "2026-01-01 00:00:00Z": "2025-12-31 16:00:00",  # a Z that is not to be believed
    "2026-01-01T08:00:00+08:00": "2026-01-01 00:00:00",
    "2026-01-01T08:00:00 -0330": "2026-01-01 11:30:00",
    "2026-01-01 10:11:12.123456789": "2026-01-01 02:11:12.123",
    "2026-01-01 10:11:12,5": "2026-01-01 02:11:12.5",
    "1986-05-04 01:59:59": "1986-05-03 17:59:59",
    "2026-02-29 00:00:00": None,
    "2026-1-1 00:00:00": None,
    "2026-01-01": None,
    "12:30": None,
    "2026-01-01 24:00:00": None,
    "2026-01-01 00:00:60": None,
    "0000-01-01 00:00:00": None,
    "0001-01-01 00:00:00": None,  # before the year 1 in UTC
    "2026-01-01 00:00:00+24:00": None,
    "2026-01-01 00:00:00x": None,
}


def test_times_are_read_as_declared_and_are_utc(asked):
    how = Time("Asia/Shanghai", "zone", ISO)
    found = ask(asked, list(SHANGHAI), how)
    wanted = [None if one is None else datetime.fromisoformat(one) for one in SHANGHAI.values()]
    assert dict(zip(SHANGHAI, found, strict=True)) == dict(zip(SHANGHAI, wanted, strict=True))


BERLIN = {
    "2026-10-25 02:30:00": "2026-10-25 00:30:00",  # comes twice: the first of both
    "2026-03-29 02:30:00": "2026-03-29 01:30:00",  # left out: counted on from the hour before
    "2026-07-01 12:00:00": "2026-07-01 10:00:00",
    "2039-07-01 12:00:00": "2039-07-01 10:00:00",
    "2026-07-01 12:00:00Z": "2026-07-01 12:00:00",
}


def test_summer_time_and_a_z_that_is_utc(asked):
    found = ask(asked, list(BERLIN), Time("Europe/Berlin", "utc", ISO))
    assert found == [datetime.fromisoformat(one) for one in BERLIN.values()]


def test_times_of_parquet_need_no_notation_and_their_z_is_a_z(asked):
    how = Time("Asia/Shanghai", "zone", ("MM/dd/yyyy",))
    words = ["2026-01-01 08:00:00.123456Z", "2026-01-01 08:00:00", "2026-01-01", "01/02/2026"]
    found = ask(asked, words, how, "true")
    wanted = ["2026-01-01 08:00:00.123", "2026-01-01 00:00:00", "2025-12-31 16:00:00"]
    assert found == [datetime.fromisoformat(one) for one in [*wanted, "2026-01-01 16:00:00"]]
    assert ask(asked, words, how, "false")[:3] == [None, None, None]


@pytest.mark.parametrize("text", ["2026-01-31 23:59:59", "2026-01-31 23:59:59.999"])
def test_an_inclusive_end_becomes_the_moment_after_it(asked, text):
    [found] = asked(times.exclusive("CAST(word AS TIMESTAMP_NTZ)"), [text])
    assert found == datetime(2026, 2, 1)
    [found] = asked(times.exclusive("CAST(word AS TIMESTAMP_NTZ)"), ["2026-02-01 00:00:00"])
    assert found == datetime(2026, 2, 1)


two = st.integers(0, 61).map("{:02}".format)
written = st.builds(
    lambda y, m, d, gap, clock, rest: f"{y:04}-{m:02}-{d:02}{gap}{clock}{rest}",
    st.integers(1, 9999),
    st.integers(0, 13),
    st.integers(0, 32),
    st.sampled_from([" ", "T", "", "  "]),
    st.one_of(st.builds("{}:{}:{}".format, two, two, two), st.builds("{}:{}".format, two, two)),
    st.sampled_from(["", "Z", "UTC", " Z", ".5", ",123456789", "+08:00", "-1130", "+25:00", ".1Z"]),
)
texts = st.lists(st.one_of(written, st.text("0123456789-/T:Z ", max_size=20)), min_size=100)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(words=texts, zone=st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Berlin"]))
def test_both_roads_read_the_same_times(asked, words, zone):
    # Java's and Python's tables of zones need not agree about the years before standard time.
    words = [word for word in words if not word[:4].isdigit() or word >= "1950"]
    for literal_z in ("zone", "utc"):
        found = ask(asked, words, Time(zone, literal_z, MANY))
        for word, moment in zip(words, found, strict=True):
            assert moment == parse_one(word, MANY, zone, literal_z), word
