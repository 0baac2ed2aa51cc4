"""What a provider's files are like: one TOML a provider, packaged ones and the user's own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal

from focus_lake.spec import columns
from focus_lake.spec.columns import Column

_DATA_TYPES = {"timestamp": "datetime"}  # the specification's name of a stored type, if another


class Constant(str):
    """The text of a constant, which a declaration may write as any TOML value but a table."""


# A column of providers whose rows come again: which of two in one file is the newer one.
POSITION = Column(
    name="x_SourceRow",
    origin="focus_lake",
    data_type="decimal",
    stored="decimal",
    description="Where the row stands in its file: line of CSV, in JSON and Parquet its number.",
)


@dataclass(frozen=True)
class Document:
    """A page that a fact of the declaration comes from, and the day it was read."""

    url: str
    read: date
    title: str = ""


@dataclass(frozen=True)
class Refusal:
    """File names (searched by pattern) that must not be read: reason is a code for the ledger."""

    pattern: re.Pattern[str]
    reason: str
    message: str


@dataclass(frozen=True)
class ManifestLayout:
    """The file in which a provider names the data files of a batch.

    path: matches its whole path; a group that layout.path has, too, must be the same in both.
    Every text in it that ends like a data file is taken for the name of one; the keys say under
    which names, anywhere in it, rows of a file, time of the batch and FOCUS version stand.
    """

    path: re.Pattern[str]
    rows_key: str | None = None
    time_key: str | None = None
    version_key: str | None = None


@dataclass(frozen=True)
class Layout:
    """Where the files lie below ``<raw>/<provider>/``.

    path: matches a file's whole path, with the groups file and yearmonth (or year and month, or
    year and ISO week) and, where batch_ts says so, batch_ts or day; files that agree in all groups
    but file are a batch. A group may stand inside file, for dates in a file's name. Months and days
    may come without a leading zero;
    file: matches the whole file name, with any groups, for example account, site and part;
    export: what tells one export from another, made of groups, such as "{account}_{site}"; if
    there is one alone, any word, such as "all";
    data_extensions: ends of the names of data files, such as .csv or .csv.gz, in any case; ""
    for none at all;
    batch_ts_zone: time zone of a batch_ts in the path;
    batch_ts: where it comes from: the path; the manifest (its time_key, else its own time); the
    files (the time of the newest); or the path's day (an ISO week's Monday), then at 00:00:00, or
    in its group hour, if it has one;
    months: whether all rows of a batch are of the path's billing month, or of any.
    """

    path: re.Pattern[str]
    file: re.Pattern[str]
    export: str
    data_extensions: tuple[str, ...]
    batch_ts_zone: str = "UTC"
    batch_ts: Literal["path", "manifest", "files", "day"] = "path"
    months: Literal["one", "any"] = "one"
    manifest: ManifestLayout | None = None
    refuse: tuple[Refusal, ...] = ()

    def ending(self, name: str) -> str | None:
        """Which of data_extensions a file's name ends with, the longest; None: it is not data."""
        lower = name.lower()
        found = [ext for ext in self.data_extensions if ext and lower.endswith(ext.lower())]
        if found:
            return max(found, key=len)
        has_ending = re.search(r"\.[A-Za-z]+$", name)
        return None if has_ending or "" not in self.data_extensions else ""


@dataclass(frozen=True)
class Format:
    """How the text in the files is meant.

    null_texts: texts that mean "nothing", such as '' and 'n/a';
    required: FOCUS columns that a header must have to be the header of a FOCUS file;
    max_decimals: what becomes of a number with more than 18 decimals;
    encoding: of CSV text, by a name that Python knows, such as gb18030; JSON is always UTF-8;
    rows_key: where the rows of a JSON object stand, ``data`` or ``result.items``; an array of
    objects and JSON lines need none.
    """

    null_texts: tuple[str, ...]
    required: tuple[str, ...]
    max_decimals: Literal["reject", "round"] = "reject"
    encoding: str = "utf-8"
    rows_key: str | None = None


@dataclass(frozen=True)
class Time:
    """How times are written.

    zone: zone of a time that names none;
    literal_z: whether a Z at the end means that zone after all, or UTC;
    formats: Java patterns of the part before a Z or an offset;
    period_end: exclusive, or inclusive when ends are the last second of a period.
    """

    zone: str
    literal_z: Literal["zone", "utc"]
    formats: tuple[str, ...]
    period_end: Literal["exclusive", "inclusive"] = "exclusive"


@dataclass(frozen=True)
class Fill:
    """What a column is filled with where the source has nothing: one of the three.

    column: the value of another column of the same type; constant: a value of any type; path: text
    with groups of [layout] path or file, such as ``{account}``. Noted in x_SourceChanges.
    """

    column: str | None = None
    constant: Constant | None = None
    path: str | None = None


@dataclass(frozen=True)
class Repair:
    """How wrong values of a column are put right.

    numeric_name: a number stands where a name should: it becomes the name that table gives for
    it, else value; without value it stays as it is. Names are left alone.
    """

    kind: Literal["numeric_name"]
    value: str | None = None
    table: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ExtraColumn:
    """A column of the provider's own, of one of the stored types: source is its header, or tag the
    key whose value it is (a string then)."""

    type: Literal["string", "decimal", "timestamp", "map"]
    description: str
    source: str | None = None
    tag: str | None = None


@dataclass(frozen=True)
class Tags:
    """attributes: our column -> tag keys; the first is the exact one, its aliases follow;
    prefix: headers that begin with it are tags of their own, the rest of the header the key;
    prefixes: the same, where there are several;
    key_value: whether a text of the form ``key:a value:b; key:c value:d`` is Tags, too;
    columns: headers whose maps or key/value lists make up Tags, the first to have a key wins;
    summary_keys: tag keys, spelled as in Tags, that the daily summaries keep in x_Tags.
    """

    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    prefix: str | None = None
    prefixes: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    key_value: bool = False
    summary_keys: tuple[str, ...] = ()

    @property
    def every_prefix(self) -> tuple[str, ...]:
        """prefix and prefixes, the longest first: ``Tags/x/`` is looked for before ``Tags/``."""
        given = [*([self.prefix] if self.prefix else []), *self.prefixes]
        return tuple(sorted(dict.fromkeys(given), key=len, reverse=True))

    def key_of(self, header: str) -> str | None:
        """The tag key that a header stands for, None if it is not a tag."""
        head = header.strip()
        for prefix in self.every_prefix:
            if head.casefold().startswith(prefix.casefold()):
                return head[len(prefix) :]
        return None


@dataclass(frozen=True)
class Services:
    """columns: those that hold a service as service_catalog.csv knows it, the best one first."""

    columns: tuple[str, ...] = ("ServiceName",)


@dataclass(frozen=True)
class Gaps:
    """What the provider is known to leave out or do otherwise; see known_gaps.py.

    always_null, sometimes_null: columns that are null, in every row or in some;
    rules: other rules of rules.csv that it breaks -> the columns in which it does.
    """

    always_null: tuple[str, ...] = ()
    sometimes_null: tuple[str, ...] = ()
    rules: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Deliveries:
    """How often the provider pushes, and when a month is final; what is left out nobody knows.

    every_hours: from one push of a month to the next;
    late_after_hours: how long after the expected time a push is called late;
    final_day, final_time: the day of the month after, and the time of that day, by which the last
    push of a month comes; final_zone: their time zone, else that of the provider's times;
    ended: exports from which nothing more comes -> their last month, as YYYYMM.
    """

    every_hours: int | None = None
    late_after_hours: int = 12
    final_day: int | None = None
    final_time: str = "23:59"
    final_zone: str | None = None
    ended: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Invoices:
    """reconcile: whether the export is meant to agree with the invoice; if not, why."""

    reconcile: bool = True
    why: str = ""


@dataclass(frozen=True)
class Notes:
    """What docs/providers.md says besides the settings; nothing here changes a row.

    example: path of a data file below ``<raw>/<provider>/``, which the layout must match;
    batch: what one batch is, in words; trust: what to know before a sum is trusted.
    """

    example: str = ""
    batch: str = ""
    trust: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declaration:
    """Everything the job knows about one provider; keys are those of its TOML file.

    name: the file's name without .toml;
    title: what people call the provider;
    focus_version: that of its files, "1.0" to "1.4"; the nearest where they are no FOCUS;
    delivery: ``snapshot``, each batch is the whole month of an export and replaces the one
    before it; ``increment``, each adds to the ones before it; or ``upsert``, each holds rows that
    are new or have changed, and of the rows of an export and billing month that agree in key the
    newest is live: that of the latest batch, in it the last by file and row;
    key: columns that tell one row from another; upsert needs it, and increments that repeat rows
    by it are warned of;
    renames: header -> FOCUS column, without regard to the header's case;
    defaults: FOCUS column -> text of the value where the source has none, a time as
    2026-01-31T00:00:00Z; noted in x_SourceChanges;
    fills: column -> where its value comes from where the source has none;
    fingerprint: 16 hex digits that change whenever a setting does that can change a row.
    """

    name: str
    title: str
    focus_version: Literal["1.0", "1.1", "1.2", "1.3", "1.4"]
    delivery: Literal["snapshot", "increment", "upsert"]
    layout: Layout
    format: Format
    time: Time
    fingerprint: str
    documentation: tuple[Document, ...] = ()
    key: tuple[str, ...] = ()
    renames: dict[str, str] = field(default_factory=dict)
    defaults: dict[str, str] = field(default_factory=dict)
    fills: dict[str, Fill] = field(default_factory=dict)
    repairs: dict[str, Repair] = field(default_factory=dict)
    extra_columns: dict[str, ExtraColumn] = field(default_factory=dict)
    tags: Tags = Tags()
    services: Services = Services()
    gaps: Gaps = Gaps()
    deliveries: Deliveries = Deliveries()
    invoices: Invoices = Invoices()
    notes: Notes = Notes()

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the provider's normalized table in their order, its own ones last."""
        own = (
            Column(
                name=name,
                origin=self.name,
                data_type=_DATA_TYPES.get(extra.type, extra.type),
                stored=extra.type,
                description=extra.description,
            )
            for name, extra in self.extra_columns.items()
        )
        return (*columns.table(), *own, *([POSITION] if self.delivery == "upsert" else []))

    @cached_property
    def headers(self) -> dict[str, str]:
        """Header in the files, casefolded -> column it fills; any other header is unknown.

        Columns of focus_lake's own are made by transform/select.py, so no header fills them.
        """
        own = {column.name: column.name for column in columns.focus()}
        extra = {x.source: name for name, x in self.extra_columns.items() if x.source is not None}
        return {head.casefold(): name for head, name in (own | extra | self.renames).items()}

    @cached_property
    def constants(self) -> dict[str, str]:
        """Column -> text of the value where the source has none, of [defaults] and [fills]."""
        filled = {name: f.constant for name, f in self.fills.items() if f.constant is not None}
        return {**self.defaults, **{name: str(value) for name, value in filled.items()}}

    @cached_property
    def tag_keys(self) -> dict[str, tuple[str, ...]]:
        """Column that a tag fills -> its keys: the attributes and the provider's own columns."""
        own = {name: (x.tag,) for name, x in self.extra_columns.items() if x.tag is not None}
        return {**self.tags.attributes, **own}

    def heads_of(self, column: str) -> list[str]:
        """The casefolded headers that fill a column."""
        return [head for head, name in self.headers.items() if name == column]
