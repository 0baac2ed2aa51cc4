"""Which raw files there are, of which month, batch and export: by Spark expressions on the path."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from focus_lake.declare.model import Declaration, Layout
from focus_lake.frames.records import is_litter
from focus_lake.frames.sql import text
from focus_lake.storage import Entry, Store

_SCHEMA = "path string, size long, etag string, written string, version string, is_named boolean"


def files_frame(spark: SparkSession, raw: Store, declaration: Declaration) -> DataFrame:
    """One row a data file below the provider's raw folder: path, size, etag, yearmonth, batch_ts,
    export, version (FOCUS, by a manifest) and is_named (by its manifest, where it has one)."""
    layout = declaration.layout
    entries = list(raw.list())
    about = _manifests(raw, layout, entries)
    rows = [_row(entry, layout, about) for entry in entries]
    frame = spark.createDataFrame([row for row in rows if row], _SCHEMA)
    path, name = _pattern(layout.path), _pattern(layout.file)
    file = _group(layout.path, "file")
    whole = f"path RLIKE {text(path)} AND {file} RLIKE {text(name)}"
    found = frame.where(whole).selectExpr(
        "path", "size", "etag", "is_named", "version",
        f"{_yearmonth(layout)} AS yearmonth",
        f"{_batch_ts(layout)} AS batch_ts",
        f"{_export(declaration)} AS export",
    )  # fmt: skip
    one = "coalesce(min(version) OVER batch = max(version) OVER batch, false)"
    one += " AND count(version) OVER batch = count(*) OVER batch"
    agreed = f"CASE WHEN {one} THEN version END AS version".replace(
        "OVER batch", "OVER (PARTITION BY yearmonth, batch_ts)"
    )  # manifests of one batch that disagree say nothing
    return found.selectExpr(
        "path", "size", "etag", "is_named", "yearmonth", "batch_ts", "export", agreed
    )


def _row(entry: Entry, layout: Layout, about: dict) -> tuple | None:
    place = layout.path.fullmatch(entry.path)
    is_data = layout.ending(entry.path.rsplit("/", 1)[-1]) is not None
    if (
        not place
        or not is_data
        or is_litter(entry.path)
        or (layout.manifest and layout.manifest.path.fullmatch(entry.path))
    ):
        return None
    groups = place.groupdict()
    found = about.get(_shared(layout, groups)) if layout.manifest else None
    name = groups.pop("file")
    named = found is None or name in found["names"]
    written = _digits(found["time"]) if found else None
    version = found["version"] if found else None
    return entry.path, entry.size, entry.etag, written or _digits(entry.modified), version, named


def _digits(time: datetime | None) -> str | None:
    return f"{time.astimezone(UTC):%Y%m%d%H%M%S}" if time else None


def _pattern(pattern: re.Pattern[str]) -> str:
    """A Python pattern for all of a text, as Java writes it: groups go by number."""
    numbers = pattern.groupindex
    java = re.sub(r"\(\?P<\w+>", "(", pattern.pattern)
    java = re.sub(r"\(\?P=(\w+)\)", lambda found: rf"(?:\{numbers[found[1]]})", java)
    return rf"\A(?:{java})\z"


def _group(pattern: re.Pattern[str], group: str, value: str = "path") -> str:
    """SQL: what a group of the pattern has in a text, '' where it took no part."""
    number = pattern.groupindex[group]
    return f"regexp_extract({value}, {text(_pattern(pattern))}, {number})"


def _digits_of(value: str) -> str:
    """SQL: a date or time as digits alone, 2026-1-5 as 20260105; digits in one row stay."""
    part = "CASE WHEN n > 0 AND length(p) < 2 THEN lpad(p, 2, '0') ELSE p END"
    return f"array_join(transform(regexp_extract_all({value}, '[0-9]+', 0), (p, n) -> {part}), '')"


def _yearmonth(layout: Layout) -> str:
    there = layout.path.groupindex
    if "week" in there:
        return f"date_format({_monday(layout)}, 'yyyyMM')"
    if "yearmonth" in there:
        return f"substring({_digits_of(_group(layout.path, 'yearmonth'))}, 1, 6)"
    year, month = _group(layout.path, "year"), _group(layout.path, "month")
    return f"concat({year}, lpad({month}, 2, '0'))"


def _monday(layout: Layout) -> str:
    """SQL: the first day of the path's ISO week; the fourth of January is always in the first."""
    year, week = (f"int({_group(layout.path, one)})" for one in ("year", "week"))
    return f"date_add(trunc(make_date({year}, 1, 4), 'WEEK'), ({week} - 1) * 7)"


def _batch_ts(layout: Layout) -> str:
    if layout.batch_ts == "day" and "week" in layout.path.groupindex:
        return f"date_format({_monday(layout)}, \"yyyyMMdd'000000'\")"
    if layout.batch_ts == "day":
        day = f"lpad({_group(layout.path, 'day')}, 2, '0')"
        hour = "'00'"
        if "hour" in layout.path.groupindex:
            hour = f"lpad({_group(layout.path, 'hour')}, 2, '0')"
        return f"concat({_yearmonth(layout)}, {day}, {hour}, '0000')"
    others = [name for name in layout.path.groupindex if name != "file"]
    same = ", ".join(_group(layout.path, name) for name in others)
    newest = f"max(written) OVER (PARTITION BY {same})" if same else "max(written) OVER ()"
    if "batch_ts" not in layout.path.groupindex:
        return newest
    digits = f"substring({_digits_of(_group(layout.path, 'batch_ts'))}, 1, 14)"
    whole = f"CASE WHEN length({digits}) >= 8 THEN rpad({digits}, 14, '0') ELSE {digits} END"
    return f"CASE WHEN {digits} <> '' THEN {whole} ELSE {newest} END"


def _export(declaration: Declaration) -> str:
    """SQL: the export's name, made of groups of the path and of the file's name."""
    made = spelled(declaration.layout, declaration.layout.export)
    bare = rf"regexp_replace({made}, {text('^[/ ]+|[/ ]+$')}, '')"
    return f"CASE WHEN {bare} = '' THEN {text(declaration.name)} ELSE {bare} END"


def spelled(layout: Layout, words: str, path: str = "path") -> str:
    """SQL: a text with the groups of a path, and of the name in it, filled in."""
    parts = []
    for letters, group, _, _ in string.Formatter().parse(words):
        parts += [text(letters)] if letters else []
        if group and group in layout.file.groupindex:
            parts.append(_group(layout.file, group, _group(layout.path, "file", path)))
        elif group:
            parts.append(_group(layout.path, group, path))
    return f"trim(concat({', '.join(parts)}))"


def _shared(layout: Layout, groups: dict) -> tuple:
    """What the path of a file and that of its manifest have in common."""
    assert layout.manifest is not None
    names = sorted(layout.path.groupindex.keys() & layout.manifest.path.groupindex.keys())
    return tuple(groups[name] for name in names)


def _manifests(raw: Store, layout: Layout, entries: Iterable[Entry]) -> dict[tuple, dict]:
    """What the newest manifest about each folder says: names of files, time and FOCUS version."""
    newest: dict[tuple, Entry] = {}
    if layout.manifest is None:
        return {}
    for entry in entries:
        if place := layout.manifest.path.fullmatch(entry.path):
            key = _shared(layout, place.groupdict())
            if key not in newest or newest[key].modified < entry.modified:
                newest[key] = entry
    return {key: _said(raw, layout, entry) for key, entry in newest.items()}


def _said(raw: Store, layout: Layout, entry: Entry) -> dict:
    """What one manifest says; nothing but its own time if it cannot be read."""
    assert layout.manifest is not None
    manifest = layout.manifest
    try:
        content = json.loads(raw.read(entry.path)[0] or b"null")
    except ValueError:  # a batch with such a manifest is never published
        content = None
    texts = [value for _, value in _texts(content)]
    said = {
        "names": {value.rsplit("/", 1)[-1] for value in texts if layout.ending(value)},
        "time": entry.modified,
        "version": None,
    }
    for key, value in reversed(list(_texts(content))):
        if key is not None and key == manifest.time_key and (time := _time(value)):
            said["time"] = time
        if key is not None and key == manifest.version_key:
            said["version"] = value
    return said


def _texts(value: Any, key: str | None = None) -> Iterator[tuple[str | None, str]]:
    """Every text in the JSON value, with the key it stands under; outer ones first."""
    if isinstance(value, str):
        yield key, value
    inner: list[tuple[str | None, Any]] = list(value.items()) if isinstance(value, dict) else []
    if isinstance(value, list):
        inner = [(None, one) for one in value]
    for under, one in sorted(inner, key=lambda pair: isinstance(pair[1], dict | list)):
        yield from _texts(one, under)


def _time(words: str) -> datetime | None:
    """An ISO time, UTC where it names no zone; Azure writes seven decimals."""
    try:
        time = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", words))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)
