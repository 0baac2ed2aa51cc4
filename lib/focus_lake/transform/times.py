"""Text to UTC timestamps: the provider's notation and zone in, milliseconds without zone out."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from focus_lake.declare.model import Time
from focus_lake.errors import BatchRejected
from focus_lake.spec.columns import arrow_type

TIMESTAMP = arrow_type("timestamp")
# The notations that Arrow reads by itself; both must be declared for the fast way to be taken.
ISO = {"yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss"}
_ISO_LENGTH = 19
_TOKENS = {
    "yyyy": r"(?P<year>\d{4})",
    "MM": r"(?P<month>\d\d)",
    "dd": r"(?P<day>\d\d)",
    "HH": r"(?P<hour>\d\d)",
    "mm": r"(?P<minute>\d\d)",
    "ss": r"(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?",
}
_ZONE = r"\s*(?:(?P<z>Z|UTC)|(?P<offset>[+-]\d\d:?[0-5]\d))?"
# Arrow's own rules of time zones forget summer time from 2038 on; years before 1 or after 9999
# have no Python datetime. Seen with pyarrow 17.
_QUICK_FROM, _QUICK_BEFORE = datetime(1970, 1, 1), datetime(2038, 1, 1)


def parse(text: pa.Array, how: Time) -> tuple[pa.Array, dict[str, str]]:
    """(timestamps in UTC, {text: reason} of those that are not times) for an array of strings.

    A text with a reason gives null. Fractions of a second are cut to milliseconds, which is
    what Athena reads without rounding. Values that are times already need no notation.
    """
    if not pa.types.is_string(text.type):
        return _native(text, how), {}
    quick = _parse_all(text, how)
    return (quick, {}) if quick is not None else _parse_each(text, how)


def _native(values: pa.Array, how: Time) -> pa.Array:
    """Parquet's own dates and times; those without a zone are in the provider's."""
    if pa.types.is_date(values.type) or pa.types.is_null(values.type):
        values = values.cast(TIMESTAMP)
    if not pa.types.is_timestamp(values.type):
        raise BatchRejected("wrong_type", f"a column of times has the type {values.type}")
    if values.type.tz is None and how.zone != "UTC":
        values = pc.assume_timezone(values, how.zone, ambiguous="earliest", nonexistent="latest")
    if values.type.tz is not None:
        values = values.cast(pa.timestamp(values.type.unit, "UTC"))
    cut = pc.floor_temporal(values, unit="millisecond")
    return cut.cast(pa.timestamp("us", cut.type.tz), safe=False).cast(TIMESTAMP)


def exclusive(ends: pa.Array) -> pa.Array:
    """Ends given as the last second of a period as the moment after it; other ends stay."""
    last = pc.equal(pc.second(ends), 59)
    after = pc.add(pc.floor_temporal(ends, unit="second"), pa.scalar(timedelta(seconds=1)))
    return pc.if_else(last, after.cast(TIMESTAMP), ends)


def _parse_all(text: pa.Array, how: Time) -> pa.Array | None:
    """The whole array at once, if every text is plain ISO without zone; else None."""
    if not set(how.formats) >= ISO:
        return None
    lengths = pc.min_max(pc.binary_length(text)).as_py()
    if lengths["min"] != _ISO_LENGTH or lengths["max"] != _ISO_LENGTH:
        return None
    try:
        local = pc.cast(text, TIMESTAMP)
        ends = pc.min_max(local).as_py()
        if ends["min"] < _QUICK_FROM or ends["max"] >= _QUICK_BEFORE:
            return None
        if how.zone == "UTC":
            return local
        zoned = pc.assume_timezone(local, how.zone, ambiguous="earliest")
    except (pa.ArrowInvalid, OverflowError):  # OverflowError: a year that Python cannot hold
        return None
    return zoned.cast(pa.timestamp("us", "UTC")).cast(TIMESTAMP)


def _parse_each(text: pa.Array, how: Time) -> tuple[pa.Array, dict[str, str]]:
    encoded = text.dictionary_encode()
    values, reasons = [], {}
    for word in encoded.dictionary.to_pylist():
        value = parse_one(word, how.formats, how.zone, how.literal_z)
        values.append(value)
        if value is None:
            reasons[word] = f"is not a time as declared ({' or '.join(how.formats)})"
    return pa.array(values, TIMESTAMP).take(encoded.indices), reasons


@functools.lru_cache(maxsize=200_000)
def parse_one(
    word: str, formats: tuple[str, ...], zone: str, literal_z: str = "zone"
) -> datetime | None:
    """One text as UTC without zone, or None if it is in none of the formats.

    An hour that comes twice when summer time ends is the first of the two; one that is left out
    when it begins is counted on from the hour before.
    """
    match = next((found for form in formats if (found := _regex(form).fullmatch(word))), None)
    if match is None:
        return None
    parts = match.groupdict()
    numbers = [int(parts.get(name) or 0) for name in ("hour", "minute", "second")]
    millis = int((parts.get("fraction") or "0")[:3].ljust(3, "0"))
    try:
        year, month, day = (int(parts[name]) for name in ("year", "month", "day"))
        hour, minute, second = numbers
        local = datetime(year, month, day, hour, minute, second, millis * 1000)
        here = local.replace(tzinfo=_zone(parts, zone, literal_z))
        return here.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def _zone(parts: dict, zone: str, literal_z: str) -> tzinfo:
    if parts["offset"]:
        sign = -1 if parts["offset"][0] == "-" else 1
        digits = parts["offset"][1:].replace(":", "")
        return timezone(sign * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
    return UTC if parts["z"] and literal_z == "utc" else ZoneInfo(zone)


@functools.cache
def _regex(form: str) -> re.Pattern[str]:
    """A Java date pattern (numbers and quoted or plain literals only) as a regular expression."""
    out, at = "", 0
    for token in re.finditer(r"yyyy|MM|dd|HH|mm|ss|'[^']*'|.", form):
        word = token.group()
        out += _TOKENS.get(word) or re.escape(word.strip("'"))
        at = token.end()
    return re.compile(out + _ZONE, re.ASCII) if at else re.compile(r"(?!)")
