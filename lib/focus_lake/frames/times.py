"""Text to timestamp_ntz in UTC, in Spark SQL: the provider's notation and zone in."""

from __future__ import annotations

import re

from focus_lake.declare.model import Time
from focus_lake.frames.sql import matches, text

TIMESTAMP = "TIMESTAMP_NTZ"
_ISO = {"yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd'T'HH:mm:ss"}
_FAST = r"(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}"
# More digits than milliseconds are cut off.
_PARTS = {
    "yyyy": r"((?!0000)[0-9]{4})",
    "MM": "([0-9]{2})",
    "dd": "([0-9]{2})",
    "HH": "([0-9]{2})",
    "mm": "([0-9]{2})",
    "ss": "([0-9]{2})(?:[.,]([0-9]{1,3})[0-9]{0,6})?",
}
_ZONE = r"\s*(?:(Z|UTC)|([+-](?:[01][0-9]|2[0-3]):?[0-5][0-9]))?"
# How times of Parquet's own types read as text.
_NATIVE = ("yyyy-MM-dd HH:mm:ss", "yyyy-MM-dd")


def parse(word: str, how: Time, is_native: str) -> str:
    """The moment in UTC, null where the text is no time as declared.

    is_native: whether the text was a time already, in Parquet; then a Z is a Z.
    """
    ways = []
    if set(how.formats) >= _ISO:
        local = f"try_cast({word} AS {TIMESTAMP})"
        ways.append(f"WHEN {matches(word, _FAST)} THEN {_from_zone(local, how.zone)}")
    for form in how.formats:
        ways.append(_way(word, form, how.zone, how.literal_z))
    natives = " ".join(_way(word, form, how.zone, "utc") for form in _NATIVE)
    declared = f"CASE {' '.join(ways)} END"
    either = f"CASE WHEN {is_native} THEN coalesce(CASE {natives} END, {declared}) ELSE {declared} END"
    return f"CASE WHEN {word} IS NOT NULL THEN {either} END"


def exclusive(end: str) -> str:
    """An end given as the last second of a period, as the moment after it; other ends stay."""
    second = f"date_part('SECOND', {end})"
    after = f"{end} + make_dt_interval(0, 0, 0, 60 - {second})"
    return f"CASE WHEN {second} >= 59 THEN {after} ELSE {end} END"


def _way(word: str, form: str, zone: str, literal_z: str) -> str:
    """What to do with a text in this notation: WHEN ... THEN ..."""
    pattern, group = "", {}
    for token in re.findall(r"yyyy|MM|dd|HH|mm|ss|'[^']*'|.", form):
        if token in _PARTS:
            group[token] = sum(1 for _ in re.finditer(r"\((?!\?)", pattern)) + 1
        pattern += _PARTS.get(token) or _quoted(token.strip("'"))
    count = sum(1 for _ in re.finditer(r"\((?!\?)", pattern))
    whole = rf"\A(?:{pattern}{_ZONE})\z"
    date = "-".join(_part(group, token, "01") for token in ("yyyy", "MM", "dd"))
    clock = ":".join(_part(group, token, "00") for token in ("HH", "mm", "ss"))
    fraction = f".${group['ss'] + 1}" if "ss" in group else "."
    iso = f"regexp_replace({word}, {text(whole)}, {text(f'{date} {clock}{fraction}')})"
    local = f"try_cast(concat({iso}, '0') AS {TIMESTAMP})"
    said, offset = (f"regexp_extract({word}, {text(whole)}, {count + n})" for n in (1, 2))
    utc = f"{said} <> ''" if literal_z == "utc" else "false"
    moment = (
        f"CASE WHEN {offset} <> '' THEN {local} - {_interval(offset)} "
        f"WHEN {utc} THEN {local} ELSE {_from_zone(local, zone)} END"
    )
    return f"WHEN {matches(word, pattern + _ZONE)} THEN {_in_range(moment)}"


def _part(group: dict[str, int], token: str, missing: str) -> str:
    return f"${group[token]}" if token in group else missing


def _quoted(letters: str) -> str:
    return re.sub(r"([^\w\s])", r"\\\1", letters)


def _interval(offset: str) -> str:
    """+08:00 or -0330 as an interval."""
    digits = f"replace({offset}, ':', '')"
    sign = f"CASE WHEN {offset} LIKE '-%' THEN -1 ELSE 1 END"
    hours, minutes = (f"CAST(substring({digits}, {at}, 2) AS INT)" for at in (2, 4))
    return f"make_dt_interval(0, {sign} * {hours}, {sign} * {minutes})"


def _from_zone(local: str, zone: str) -> str:
    """An hour that comes twice is the first of both, one left out is counted on from before it."""
    return local if zone == "UTC" else f"convert_timezone({text(zone)}, 'UTC', {local})"


def _in_range(moment: str) -> str:
    """Null for what a calendar of four digits has not, such as the year 10000 after an offset."""
    return (
        f"CASE WHEN year({moment}) BETWEEN 1 AND 9999 THEN {moment} END"
    )
