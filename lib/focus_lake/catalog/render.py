"""sql/ with its placeholders filled: plain Athena SQL, from column table, declarations, ledger.

Placeholders are string.Template's, e.g. ${database}. Everywhere: database, lake (where the engine
finds the lake's folders). In files of a provider: provider, title, delivered (which batches its
views show, in words), normalized_columns, rejected_columns, partition_columns, provider_columns,
live, daily_columns, days. In the others: batch_columns, fx_rate_columns, journal_columns,
run_columns, every_provider_view, every_normalized_table, focus_v1_0 ... focus_v1_4_local,
attribute_columns, attribute_cases, attribute_rows, and those of blank.py, charges.py,
governance.py, currency.py, records/deliveries.py and the kinds of reference data. In files of a
kind: kind, called, one_row, revision, reference_columns, kind_columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from string import Template

from focus_lake.catalog import (
    blank,
    charges,
    currency,
    daily,
    governance,
    kept,
    live_views,
    months,
    reference_objects,
    sources,
    upserts,
)
from focus_lake.catalog.live_views import PARTITION_KEYS, VIEW_KEYS, quoted
from focus_lake.catalog.sources import Field, Source
from focus_lake.declare.model import Declaration
from focus_lake.errors import CatalogError, OptionsError
from focus_lake.lake.live import Live
from focus_lake.plan import ai as plan_ai
from focus_lake.plan import settings as plan_settings
from focus_lake.records import deliveries, invoices, masking, measures, retention
from focus_lake.reference.state import Reference
from focus_lake.spec import columns
from focus_lake.storage import Store

ATHENA_LIMIT = 262_144  # bytes of one statement, Athena's service quota
COMMENT_LIMIT = 255  # characters of a column comment in the Glue catalog
# Which batches a provider's view shows, by how the provider delivers.
DELIVERED = {
    "snapshot": "the newest published batch of its month and export",
    "increment": "any published batch",
    "upsert": "any published batch, the newest of those that agree in key",
}
NO_REFERENCE = Reference()  # a lake without reference data


@dataclass(frozen=True)
class CatalogPlace:
    """Where the catalog goes: database name, and the lake's root as the engine spells it; and the
    currency that costs are converted to, the key of the masked views; other_tools: whether the
    views for other programs are deployed."""

    database: str
    lake: str
    reporting_currency: str = "USD"
    masking_key: str = masking.UNKNOWN_KEY
    other_tools: bool = False

    def __post_init__(self) -> None:
        check_database(self.database)


def check_database(name: str) -> None:
    """Raise OptionsError for a name that a database cannot have."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise OptionsError(
            f"--database {name}: use lower-case letters, digits and _ (Athena's rule)"
        )


@dataclass(frozen=True)
class Statement:
    """One object to deploy: Athena SQL; of a table also its columns, the names of its partition
    columns, and the folder of its data, relative to the lake; of a provider's view, by table, the
    folders that it reads. provider, kind: whose it is and what of it (normalized, rejected ...), ""
    for what is no provider's."""

    folder: str
    name: str
    sql: str
    columns: tuple[Field, ...] = ()
    partitions: tuple[str, ...] = ()
    data: str = ""
    provider: str = ""
    kind: str = ""
    reads: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def path(self) -> str:
        return f"{self.folder}/{self.name}.sql"


def of_provider(
    declaration: Declaration, live: Live, place: CatalogPlace, extra: Store | None = None
) -> list[Statement]:
    """Tables, their repair and the views of one provider, in deploy order.

    extra: the user's folder of declarations, which may hold views of the user's.
    """
    files = [source for source in sources.tree() if sources.PER_PROVIDER in source.stem]
    values = _provider_values(declaration, place)
    tables = {
        "normalized": _fields_of(declaration),
        "rejected": sources.fields("rejected"),
        "daily": daily.fields(),
    }
    made = [
        _statement(source, declaration.name, values, tables[source.kind])
        for source in files
        if source.folder != sources.PROVIDER_VIEWS
    ]
    views = sources.provider_views(declaration.name, extra)
    return made + [part for source in views for part in _views(source, values, declaration, live)]


def shared_tables(place: CatalogPlace) -> list[Statement]:
    """The tables that belong to no provider: the ledger's and the reference data's."""
    values = {
        "database": place.database,
        "lake": _text(place.lake.rstrip("/")),
        "batch_columns": _definitions(sources.fields("focus_batches")),
        "fx_rate_columns": _definitions(sources.fields("focus_fx_rates")),
        "journal_columns": _definitions(sources.fields("focus_ledger_journal")),
        "run_columns": _definitions(sources.fields("focus_runs")),
        "metric_columns": _definitions(sources.fields("focus_metric_history")),
        "audit_columns": _definitions(sources.fields("focus_audit_lines")),
        "alert_columns": _definitions(sources.fields("focus_alert_lines")),
        "closing_columns": _definitions(sources.fields("focus_closings")),
        "statement_columns": _definitions(sources.fields("focus_statements")),
    }
    made = [
        _statement(source, "", values, sources.fields(source.stem))
        for source in _shared_sources()
        if source.folder == sources.TABLES
    ]
    for kind in reference_objects.every():
        fields = reference_objects.fields(kind)
        own = {**values, **reference_objects.values(kind, Reference())}
        own["reference_columns"] = _definitions(fields)
        made += [
            _statement(source, kind.called, own, fields)
            for source in _sources_with(sources.PER_KIND)
            if source.folder == sources.TABLES
        ]
    return made + [_kept_table(one, values) for one in kept.every()]


def _kept_table(one: kept.Kept, values: dict[str, str]) -> Statement:
    (source,) = _sources_with(sources.PER_KEPT)
    own = {"kept": one.name, "kept_columns": _definitions(one.fields())}
    own["kept_keys"] = _definitions(one.keys())
    made = _statement(source, one.name, {**values, **own}, one.fields())
    return replace(made, partitions=one.key_type._fields)


def shared_views(
    declarations: Sequence[Declaration],
    place: CatalogPlace,
    reference: Reference = NO_REFERENCE,
    metrics_run: str = "",
    closed: Sequence[str] = (),
) -> list[Statement]:
    """The views over several providers, those of declarations, and those of the reference data, in
    deploy order. metrics_run: the run whose measures focus_pipeline_metrics shows; closed: the
    closed months."""
    local = months.own_times({each.name: each.time.zone for each in declarations})
    values = {
        "database": place.database,
        "metrics_run": metrics_run,
        "closed_months": ", ".join(map(quoted, closed or [""])),
        **kept.placeholders(place.database),
        "every_provider_view": _union(declarations, "focus_{}", place, ""),
        "every_normalized_table": _union(declarations, "focus_{}_normalized", place, "    "),
        "every_daily_view": daily.union(declarations, place.database),
        "every_live_view": _live_views(declarations, place),
        **{
            f"focus_v{version.replace('.', '_')}": _version_columns(version)
            for version in columns.VERSIONS
        },
        **{
            f"focus_v{version.replace('.', '_')}_local": _version_columns(version, local)
            for version in columns.VERSIONS
        },
        "consolidation_columns": _listed(_consolidated()),
        **_attributes(declarations),
        **blank.values(),
        **charges.values(),
        **governance.values(declarations),
        **deliveries.values(declarations),
        **invoices.values(declarations),
        **retention.values(),
        "record_measures": measures.MARK,
        **masking.values(reference.of("masking"), place.masking_key, VIEW_KEYS),
        **currency.values(place.reporting_currency),
        **_filled(reference.placeholders(declarations), place.database),
        **plan_settings.values(declarations),
        **plan_ai.values(declarations, place.database),
    }
    made = []
    for source in sources.tree():
        if source.order <= sources.VIEWS_OF_A_PROVIDER:
            continue
        if source.folder == sources.OTHER_TOOLS and not place.other_tools:
            continue
        if sources.PER_KIND in source.stem:
            made += [
                _statement(
                    source, kind.called, {**values, **reference_objects.values(kind, reference)}, ()
                )
                for kind in reference_objects.every()
            ]
        else:
            made.append(_statement(source, "", values, ()))
    return made


def _filled(placeholders: dict[str, str], database: str) -> dict[str, str]:
    """Placeholders may name the database themselves."""
    mark = "${database}"
    return {name: text.replace(mark, database) for name, text in placeholders.items()}


def _shared_sources() -> list[Source]:
    own = (sources.PER_PROVIDER, sources.PER_KIND, sources.PER_KEPT)
    return [source for source in sources.tree() if not any(mark in source.stem for mark in own)]


def _sources_with(mark: str) -> list[Source]:
    return [source for source in sources.tree() if mark in source.stem]


def _statement(source: Source, of: str, values: dict, fields: tuple) -> Statement:
    """The object of a source; of: the provider, kind or kept view in whose name the mark stands."""
    name = source.stem
    for mark in (sources.PER_PROVIDER, sources.PER_KIND, sources.PER_KEPT):
        name = name.replace(mark, of)
    sql = _checked(name, source.fill(values))
    provider, kind = (of, source.kind) if source.kind else ("", "")
    if source.folder != sources.TABLES:
        return Statement(source.folder, name, sql, provider=provider, kind=kind)
    data = re.search(r"LOCATION '\$\{lake\}/(.*)/'", source.text)
    if data is None:
        raise CatalogError(f"{source.path}: LOCATION must be '${{lake}}/folder/'")
    folder = Template(data[1]).substitute(values)
    keys = PARTITION_KEYS if "${partition_columns}" in source.text else ()
    return Statement(source.folder, name, sql, fields, keys, folder, provider, kind)


def _checked(name: str, sql: str) -> str:
    size = len(sql.encode())
    if size > ATHENA_LIMIT:
        raise CatalogError(f"{name}: {size:,} bytes of SQL, Athena takes {ATHENA_LIMIT:,}")
    return sql


def _provider_values(declaration: Declaration, place: CatalogPlace) -> dict[str, str]:
    return {
        "database": place.database,
        "lake": _text(place.lake.rstrip("/")),
        "provider": declaration.name,
        "title": declaration.title,
        "delivered": DELIVERED[declaration.delivery],
        "normalized_columns": _definitions(_fields_of(declaration)),
        "rejected_columns": _definitions(sources.fields("rejected")),
        "daily_columns": _definitions(daily.fields()),
        "partition_columns": _definitions(sources.fields("partition")),
    }


def _fields_of(declaration: Declaration) -> tuple[Field, ...]:
    return tuple(
        Field(column.name, columns.spell("hive", column.stored), column.description)
        for column in declaration.columns
    )


def _definitions(fields: Iterable[Field]) -> str:
    lines = (
        f"    {field.name} {field.type} COMMENT '{_text(_short(field.description))}'"
        for field in fields
    )
    return ",\n".join(lines)


def _short(description: str) -> str:
    """The description cut at the end of a word to what a Glue column comment holds."""
    if len(description) <= COMMENT_LIMIT:
        return description
    return description[: COMMENT_LIMIT - 4].rsplit(" ", 1)[0] + " ..."


def _text(value: str) -> str:
    """For the inside of a quoted Hive text."""
    return value.replace("\\", "\\\\").replace("'", "\\'")


def _listed(names: Iterable[str], indent: str = "    ") -> str:
    return ",\n".join(f"{indent}{name}" for name in names)


def _union(declarations: Sequence[Declaration], name: str, place: CatalogPlace, indent: str) -> str:
    """SELECT the columns that all providers share FROM each of their objects, UNION ALL.

    Of the normalized tables also `delivery`, before the others, and the publication, since a
    table has rows of publications that were replaced, too; and behind them x_RowSign, 1, or -1 for
    a row of an upsert that takes back what a newer one replaces.
    """
    if not declarations:
        raise CatalogError("no provider can be shown: every one of them failed")
    keys = PARTITION_KEYS if "normalized" in name else VIEW_KEYS
    names = [column.name for column in columns.table()] + list(keys)
    selects = []
    for declaration in declarations:
        table = name.format(declaration.name)
        shown = [*names, months.COLUMN]
        if "normalized" in name:
            month = f"{months.of_table(declaration)} AS {months.COLUMN}"
            shown = [f"{quoted(declaration.delivery)} AS delivery", *names, month]
            if declaration.delivery == "upsert":
                signed = [*shown, "x_RowSign"]
                selects.append(upserts.changes(declaration, signed, place.database, indent))
                continue
            shown.append("1 AS x_RowSign")
        listed = _listed(shown, indent + "    ")
        selects.append(f"{indent}SELECT\n{listed}\n{indent}FROM {place.database}.{table}")
    return f"\n{indent}UNION ALL\n".join(selects)


def _live_views(declarations: Sequence[Declaration], place: CatalogPlace) -> str:
    return "\n    UNION ALL\n".join(
        f"    SELECT\n        CAST({quoted(each.name)} AS varchar) AS provider,\n"
        "        yearmonth,\n        batch_ts,\n        superseded_export\n"
        f"    FROM {place.database}.focus_{each.name}_live"
        for each in declarations
    )


def _version_columns(version: str, local: dict[str, str] | None = None) -> str:
    """The columns of a FOCUS version; a map becomes JSON text, keys in order.

    local: column -> SQL, where it is not the column itself.
    """
    shown = []
    for column in columns.of_version(version):
        made = (local or {}).get(column.name)
        if column.stored == "map":
            made = f"json_format(CAST({column.name} AS json))"
        shown.append(f"{made} AS {column.name}" if made else column.name)
    return _listed(shown)


def _consolidated() -> Iterable[str]:
    """The columns of FOCUS 1.2 as AWS's dashboard has them: lower case, numbers as double."""
    for column in columns.of_version("1.2"):
        name = column.name
        made = f"CAST({name} AS double)" if column.stored == "decimal" else name
        if column.data_type == "json" and column.stored == "string":
            made = f"TRY(CAST(JSON_PARSE({name}) AS map(varchar, varchar)))"
        yield f"{made} AS {name.lower()}"


def _attributes(declarations: Sequence[Declaration]) -> dict[str, str]:
    """The tag attributes that the declarations fill, in the column table's order; all of them,
    with nothing in them, where none is filled."""
    filled = {name for declaration in declarations for name in declaration.tags.attributes}
    filled = filled or {column.name for column in columns.attributes()}
    names = [column.name for column in columns.table() if column.name in filled]
    return {
        "attribute_columns": _listed(names, " " * 8),
        "attribute_rows": _listed(
            # Without the cast Trino would make the column as wide as the longest of the names.
            (f"(CAST({quoted(name)} AS varchar))" for name in names),
            " " * 12,
        ),
        "attribute_cases": "\n".join(
            f"            WHEN {quoted(name)} THEN costs.{name}" for name in names
        ),
    }


def _views(
    source: Source, values: dict[str, str], declaration: Declaration, live: Live
) -> list[Statement]:
    """A view of live batches; in parts of whole months below it where it would be too long."""
    database, name = values["database"], source.stem
    is_upsert = declaration.delivery == "upsert" and "${provider_columns}" in source.text
    for cut in live_views.cuts(live):
        made = {part: _view(source, values, declaration, some) for part, some in cut.items()}
        if is_upsert and len(made) == 1:
            made = {part: upserts.newest(sql, declaration) for part, sql in made.items()}
        if all(len(sql.encode()) <= ATHENA_LIMIT for sql in made.values()):
            break
    parts = []
    for part, sql in made.items():
        # Only the name after VIEW is the object's own.
        own = re.sub(rf"(VIEW\s+{database}\.){name}\b", rf"\g<1>{name}{part}", sql)
        read = daily.reads if daily.STEM.format(declaration.name) == name else live_views.reads
        reads = read(cut[part], declaration.name)
        parts.append(
            Statement(source.folder, f"{name}{part}", _checked(f"{name}{part}", own), reads=reads)
        )
    if len(parts) == 1 and parts[0].name == name:
        return parts
    union = "\nUNION ALL\n".join(f"SELECT * FROM {database}.{part.name}" for part in parts)
    title = parts[0].sql.splitlines()[0]
    whole = f"{title}\nCREATE OR REPLACE VIEW {database}.{name} AS\n{union}\n"
    if is_upsert:
        whole = upserts.newest(whole, declaration)
    return [*parts, Statement(source.folder, name, _checked(name, whole))]


def _view(source: Source, values: dict[str, str], declaration: Declaration, live: Live) -> str:
    """A view of some batches: a union where billing months of charges are told apart."""
    if "${days}" in source.text:
        return source.fill({**values, "days": daily.days(declaration, live, values["database"])})
    values = {**values, "live_batches": live_views.rows(live)}
    if "${provider_columns}" not in source.text:
        return source.fill({**values, "live": live_views.predicate(live)})
    shown = [blank.shown(column) for column in declaration.columns]
    made = [
        source.fill(
            {
                **values,
                "provider_columns": _listed(
                    [*shown, *VIEW_KEYS, f"{part.month} AS {months.COLUMN}"]
                ),
                "live": live_views.predicate(part.live) + part.where,
            }
        )
        for part in months.parts(declaration, live)
    ]
    if len(made) == 1:
        return made[0]
    head = re.match(r"(?s).*?\bVIEW\s+\S+\s+AS\b", made[0])
    if head is None:
        raise CatalogError(f"{source.path}: the statement must be CREATE OR REPLACE VIEW name AS")
    bodies = [text[head.end() :].strip() for text in made]
    return head[0] + "\n" + "\nUNION ALL\n".join(bodies) + "\n"
