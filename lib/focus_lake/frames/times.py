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


def spelled(word: str, how: Time, is_native: str) -> str:
    """The text of a time in one spelling, ``yyyy-MM-dd HH:mm:ss.SSS|zone``; or null.

    is_native: whether the text was a time already, in Parquet.
    """
    ways = []
    if set(how.formats) >= _ISO:
        ways.append(f"WHEN {matches(word, _FAST)} THEN concat({word}, '.000|')")
    ways += [f"WHEN {is_native} AND {_way(word, form)}" for form in _NATIVE]
    ways += [f"WHEN {_way(word, form)}" for form in how.formats]
    return f"CASE {' '.join(ways)} END"


def moment(spelling: str, how: Time, is_native: str, session: str = "") -> str:
    """The moment in UTC of a text that spelled() gave, null where no calendar has it.

    session: the zone of the session that will run it. In one of UTC a cheaper function will do.
    """
    local = f"try_cast(substring_index({spelling}, '|', 1) AS {TIMESTAMP})"
    zone = f"substring_index({spelling}, '|', -1)"
    means_utc = is_native if how.literal_z == "zone" else "true"
    return (
        f"CASE WHEN {zone} IN ('Z', 'UTC') AND {means_utc} THEN {local} "
        f"WHEN {zone} IN ('', 'Z', 'UTC') THEN {_from_zone(local, how.zone, session)} "
        f"ELSE {local} - {_interval(zone)} END"
    )


def in_range(moment: str) -> str:
    """Null for what a year of four digits cannot say, such as the year 10000 after an offset."""
    return f"CASE WHEN year({moment}) BETWEEN 1 AND 9999 THEN {moment} END"


def exclusive(end: str) -> str:
    """An end given as the last second of a period, as the moment after it; other ends stay."""
    second = f"date_part('SECOND', {end})"
    after = f"{end} + make_dt_interval(0, 0, 0, 60 - {second})"
    return f"CASE WHEN {second} >= 59 THEN {after} ELSE {end} END"


def _way(word: str, form: str) -> str:
    """What to do with a text in this notation: condition THEN spelling."""
    pattern, group = "", {}
    for token in re.findall(r"yyyy|MM|dd|HH|mm|ss|'[^']*'|.", form):
        if token in _PARTS:
            group[token] = _groups(pattern) + 1
        pattern += _PARTS.get(token) or _quoted(token.strip("'"))
    date = "-".join(_part(group, token, "01") for token in ("yyyy", "MM", "dd"))
    clock = ":".join(_part(group, token, "00") for token in ("HH", "mm", "ss"))
    fraction = f"${group['ss'] + 1}" if "ss" in group else ""
    zone = f"${_groups(pattern) + 1}${_groups(pattern) + 2}"
    whole, spelling = text(rf"\A(?:{pattern}{_ZONE})\z"), text(f"{date} {clock}.{fraction}0|{zone}")
    return f"{word} RLIKE {whole} THEN regexp_replace({word}, {whole}, {spelling})"


def _groups(pattern: str) -> int:
    return re.compile(pattern).groups


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


def _from_zone(local: str, zone: str, session: str) -> str:
    """An hour that comes twice is the first of both, one left out is counted on from before it.

    convert_timezone looks its zones up for each row anew; to_utc_timestamp does not, but takes
    and gives times of the session's zone.
    """
    if zone == "UTC":
        return local
    if session != "UTC":
        return f"convert_timezone({text(zone)}, 'UTC', {local})"
    there = f"to_utc_timestamp(CAST({local} AS TIMESTAMP_LTZ), {text(zone)})"
    return f"CAST({there} AS {TIMESTAMP})"
