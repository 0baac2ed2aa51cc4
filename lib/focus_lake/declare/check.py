"""What makes a declaration wrong beyond its types: columns, groups, zones and patterns."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from focus_lake.declare.defaults import value_of
from focus_lake.declare.model import Declaration, Layout
from focus_lake.declare.patterns import why_not_matched
from focus_lake.spec import columns, rules
from focus_lake.spec.columns import did_you_mean

Problems = Iterator[tuple[tuple[str | int, ...], str]]

_NAME = re.compile(r"[a-z][a-z0-9_]*")  # becomes part of table and view names
_OWN_COLUMN = re.compile(r"x_[A-Za-z][A-Za-z0-9_]*")
_TIME_LETTERS = set("yMdHmsS")  # Y and D are week-year and day of year: never what is meant


def check(declaration: Declaration, file_name: str) -> Problems:
    """(key, problem) of all that is wrong with a declaration read from FILE_NAME.toml."""
    yield from _name(declaration, file_name)
    yield from _empty_lists(declaration)
    yield from _key(declaration)
    yield from _layout(declaration)
    yield from _format(declaration)
    yield from _time(declaration)
    yield from _extra_columns(declaration)
    yield from _renames(declaration)
    yield from _repairs(declaration)
    yield from _defaults(declaration)
    yield from _fills(declaration)
    for n, name in enumerate(declaration.services.columns):
        also = tuple(declaration.extra_columns)
        yield from _focus_column(("services", "columns", n), name, also)
    yield from _tags(declaration)
    yield from _gaps(declaration)
    yield from _deliveries(declaration)
    yield from _notes(declaration)


def _name(declaration: Declaration, file_name: str) -> Problems:
    if declaration.name != file_name:
        yield ("name",), f"{declaration.name!r} is not the file's name, {file_name!r}"
    if not _NAME.fullmatch(declaration.name):
        yield ("name",), f"{declaration.name!r} is not lower-case letters, digits and _"
    if len(declaration.title.splitlines()) != 1:  # it stands in the first line of each view
        yield ("title",), f"{declaration.title!r} is not one line of text"


def _empty_lists(declaration: Declaration) -> Problems:
    lists: dict[tuple[str, ...], tuple[str, ...]] = {
        ("layout", "data_extensions"): declaration.layout.data_extensions,
        ("format", "required"): declaration.format.required,
        ("time", "formats"): declaration.time.formats,
        ("services", "columns"): declaration.services.columns,
    }
    for name, keys in declaration.tags.attributes.items():
        lists["tags", "attributes", name] = keys
    for key, items in lists.items():
        if not items:
            yield key, "is empty"


def _key(declaration: Declaration) -> Problems:
    if declaration.delivery == "upsert" and not declaration.key:
        words = "missing: upsert needs the columns that tell one row from another"
        yield ("key",), words
    if declaration.delivery == "snapshot" and declaration.key:
        yield ("key",), "is of no use: a snapshot replaces the month as a whole"
    known = {column.name: column for column in declaration.columns if column.origin != "focus_lake"}
    for n, name in enumerate(declaration.key):
        if name not in known:
            yield (
                ("key", n),
                f"{name!r} is not a column that a file fills{did_you_mean(name, known)}",
            )
        elif known[name].stored == "map":
            yield ("key", n), f"{name} is a map; declare its key as a column: [extra_columns] tag"


def _layout(declaration: Declaration) -> Problems:
    layout = declaration.layout
    yield from _path_groups(layout)
    for n, ending in enumerate(layout.data_extensions):
        if ending and not re.fullmatch(r"(\.[A-Za-z0-9]+)+", ending):
            near = "." + re.sub(r"[^A-Za-z0-9.]", "", ending).strip(".")
            yield (
                ("layout", "data_extensions", n),
                f"{ending!r} is not the end of a name: write {near!r}",
            )
    yield from _groups_used(("layout", "export"), layout.export, layout)
    yield from _zone(("layout", "batch_ts_zone"), layout.batch_ts_zone)


def _groups_used(key: tuple[str, ...], words: str, layout: Layout) -> Problems:
    """What is wrong with a text that names groups of the layout."""
    groups = [*layout.path.groupindex, *layout.file.groupindex]
    try:
        used = [name for _, name, _, _ in string.Formatter().parse(words)]
    except ValueError as error:
        yield key, f"{words!r} is not a text with {{group}}s: {error}"
        return
    for group in used:
        if group is not None and group not in groups:
            near = did_you_mean(group, groups)
            yield key, f"{group!r} is not a group of path or file{near}"


def _path_groups(layout: Layout) -> Problems:
    there = layout.path.groupindex
    day = "week" if "week" in there else "day"
    needed = ["file", *({"path": ["batch_ts"], "day": [day]}.get(layout.batch_ts, []))]
    if "yearmonth" not in there and not ({"year", "month"} <= set(there) or _has_week(layout)):
        words = "has no group (?P<yearmonth>...), nor year and month, nor year and week"
        yield ("layout", "path"), words
    if _has_week(layout) and layout.months != "any":
        yield ("layout", "months"), "must be any: a week can lie in two months"
    for group in needed:
        if group not in there:
            yield ("layout", "path"), f"has no group (?P<{group}>...)"
    if layout.batch_ts == "manifest" and layout.manifest is None:
        yield ("layout", "batch_ts"), "comes from a manifest, but [layout.manifest] is missing"


def _has_week(layout: Layout) -> bool:
    return {"year", "week"} <= set(layout.path.groupindex)


def _format(declaration: Declaration) -> Problems:
    given = declaration.format
    for n, name in enumerate(given.required):
        yield from _focus_column(("format", "required", n), name)
    try:
        "".encode(given.encoding)  # unlike codecs.lookup, refuses what encodes no text (base64)
    except LookupError:
        yield ("format", "encoding"), f"{given.encoding!r} is not an encoding known to Python"


def _time(declaration: Declaration) -> Problems:
    yield from _zone(("time", "zone"), declaration.time.zone)
    for n, pattern in enumerate(declaration.time.formats):
        letters = set(re.findall(r"[^\W\d_]|['{}#]", re.sub(r"'[^']*'", "", pattern)))
        if wrong := sorted(letters - _TIME_LETTERS):
            yield (
                ("time", "formats", n),
                f"{pattern!r}: {', '.join(wrong)} is not one of yMdHmsS; put text between '', and "
                "leave out the zone, which zone and literal_z settle",
            )


def _zone(key: tuple[str, ...], zone: str) -> Problems:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield key, f"{zone!r} is not a time zone of the IANA list, such as Asia/Shanghai or UTC"


def _focus_column(key: tuple[str | int, ...], name: str, also: tuple[str, ...] = ()) -> Problems:
    known = [*(column.name for column in columns.focus()), *also]
    if name not in known:
        yield key, f"{name!r} is not a FOCUS column{did_you_mean(name, known)}"


def _extra_columns(declaration: Declaration) -> Problems:
    taken = {column.name.casefold() for column in columns.table()}
    for name, extra in declaration.extra_columns.items():
        if not _OWN_COLUMN.fullmatch(name):
            yield ("extra_columns", name), "is not x_ and then letters, digits and _"
        if (extra.source is None) == (extra.tag is None):
            yield ("extra_columns", name), "needs either source, a header, or tag, a key of Tags"
        if extra.tag is not None and extra.type != "string":
            yield ("extra_columns", name, "type"), "a tag's value is a text: write string"
        if name.casefold() in taken:
            yield ("extra_columns", name), "is already a column of every provider or of this one"
        taken.add(name.casefold())


def _renames(declaration: Declaration) -> Problems:
    also = tuple(declaration.extra_columns)
    for header, name in declaration.renames.items():
        yield from _focus_column(("renames", header), name, also)
    yield from _headers_twice(declaration)


def _headers_twice(declaration: Declaration) -> Problems:
    seen: dict[str, str] = {}
    for name, extra in declaration.extra_columns.items():
        if extra.source is None:
            continue
        other = seen.setdefault(extra.source.casefold(), name)
        if other != name:
            yield ("extra_columns", name, "source"), f"{extra.source!r} already fills {other}"
    for header, name in declaration.renames.items():
        other = seen.setdefault(header.casefold(), name)
        if other != name:
            yield ("renames", header), f"this header already fills {other}"


def _repairs(declaration: Declaration) -> Problems:
    also = tuple(declaration.extra_columns)
    for name, repair in declaration.repairs.items():
        yield from _focus_column(("repairs", name), name, also)
        for number in repair.table:
            if not re.fullmatch(r"\d+", number):
                yield ("repairs", name, "table", number), "is not a number, which this repairs"


def _defaults(declaration: Declaration) -> Problems:
    known = {column.name: column for column in columns.focus()}
    for name, text in declaration.defaults.items():
        yield from _focus_column(("defaults", name), name)
        if name in known:
            try:
                value_of(known[name], text)
            except ValueError as error:
                yield ("defaults", name), str(error)


def _fills(declaration: Declaration) -> Problems:
    known = {column.name: column for column in declaration.columns}
    fillable = [*(column.name for column in columns.focus()), *declaration.extra_columns]
    for name, fill in declaration.fills.items():
        key = ("fills", name)
        if name not in fillable:
            yield key, f"{name!r} is not a column that can be filled{did_you_mean(name, fillable)}"
            continue
        if name in declaration.defaults:
            yield key, "is in [defaults], too; which is right?"
        given = [each for each in ("column", "constant", "path") if getattr(fill, each) is not None]
        if len(given) != 1:
            yield key, "needs one of column, constant and path"
        if fill.constant is not None:
            try:
                value_of(known[name], fill.constant)
            except ValueError as error:
                yield (*key, "constant"), str(error)
        if fill.column is not None:
            yield from _filled_from((*key, "column"), name, fill.column, declaration)
        if fill.path is not None:
            if known[name].stored != "string":
                yield (*key, "path"), f"fills columns of text, and {name} is a {known[name].stored}"
            yield from _groups_used((*key, "path"), fill.path, declaration.layout)


def _filled_from(
    key: tuple[str, ...], name: str, source: str, declaration: Declaration
) -> Problems:
    known = {column.name: column for column in declaration.columns}
    if source not in known or known[source].origin == "focus_lake":
        names = [each for each, column in known.items() if column.origin != "focus_lake"]
        yield key, f"{source!r} is not a column that a file fills{did_you_mean(source, names)}"
    elif source == name:
        yield key, "is the column itself"
    elif known[source].stored != known[name].stored:
        yield key, f"{source} is a {known[source].stored}, {name} a {known[name].stored}"
    elif (other := declaration.fills.get(source)) is not None and other.column is not None:
        yield key, f"{source} is itself filled from {other.column}: name {other.column} here"


def _tags(declaration: Declaration) -> Problems:
    known = [column.name for column in columns.attributes()]
    for name in declaration.tags.attributes:
        if name not in known:
            near = did_you_mean(name, known)
            yield ("tags", "attributes", name), f"{name!r} is not a column for a tag{near}"


def _gaps(declaration: Declaration) -> Problems:
    for kind in ("always_null", "sometimes_null"):
        for n, name in enumerate(getattr(declaration.gaps, kind)):
            yield from _focus_column(("gaps", kind, n), name)
    known = [rule.id for rule in rules.table()]
    for rule in declaration.gaps.rules:
        if rule not in known:
            yield ("gaps", "rules", rule), f"{rule!r} is not a rule{did_you_mean(rule, known)}"


def _deliveries(declaration: Declaration) -> Problems:
    given = declaration.deliveries
    for name in ("every_hours", "final_day"):
        value = getattr(given, name)
        if value is not None and not 1 <= value <= 10_000:
            yield ("deliveries", name), f"{value} must be 1 or more"
    if given.late_after_hours < 0:
        yield ("deliveries", "late_after_hours"), f"{given.late_after_hours} must be 0 or more"
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", given.final_time):
        yield ("deliveries", "final_time"), f"{given.final_time!r} is not a time such as 18:00"
    if given.final_zone is not None:
        yield from _zone(("deliveries", "final_zone"), given.final_zone)
    for export, month in given.ended.items():
        if not re.fullmatch(r"20\d{2}(0[1-9]|1[0-2])", month):
            yield ("deliveries", "ended", export), f"{month!r} is not a month such as 202603"


def _notes(declaration: Declaration) -> Problems:
    example, layout = declaration.notes.example, declaration.layout
    if not example:
        return
    place = layout.path.fullmatch(example)
    if place is None:
        why = why_not_matched(layout.path, example)
        yield ("notes", "example"), f"{example!r} does not match [layout] path: {why}"
    elif not layout.file.fullmatch(place["file"]):
        why = why_not_matched(layout.file, place["file"])
        yield ("notes", "example"), f"{place['file']!r} does not match [layout] file: {why}"
