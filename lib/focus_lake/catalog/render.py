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

from collections.abc import Sequence
from dataclasses import replace

from focus_lake.catalog import (
    blank,
    charges,
    currency,
    daily,
    governance,
    kept,
    provider_views,
    reference_objects,
    sources,
    unified,
)
from focus_lake.catalog.live_views import VIEW_KEYS, quoted
from focus_lake.catalog.sources import Field, Source
from focus_lake.catalog.statements import (
    ATHENA_LIMIT,
    CatalogPlace,
    Statement,
    check_database,
    definitions,
    quotable,
    statement,
)
from focus_lake.declare.model import Declaration
from focus_lake.lake.live import Live
from focus_lake.plan import ai as plan_ai
from focus_lake.plan import settings as plan_settings
from focus_lake.records import deliveries, invoices, masking, measures, retention
from focus_lake.reference.state import Reference
from focus_lake.spec import columns
from focus_lake.storage import Store

# What other modules take from here, wherever it is made.
__all__ = [
    "ATHENA_LIMIT",
    "NO_REFERENCE",
    "CatalogPlace",
    "Statement",
    "check_database",
    "of_provider",
    "shared_tables",
    "shared_views",
]

NO_REFERENCE = Reference()  # a lake without reference data


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
        statement(source, declaration.name, values, tables[source.kind])
        for source in files
        if source.folder != sources.PROVIDER_VIEWS
    ]
    views = sources.provider_views(declaration.name, extra)
    return made + [
        part
        for source in views
        for part in provider_views.of_source(source, values, declaration, live)
    ]


def shared_tables(place: CatalogPlace) -> list[Statement]:
    """The tables that belong to no provider: the ledger's and the reference data's."""
    values = {
        "database": place.database,
        "lake": quotable(place.lake.rstrip("/")),
        "batch_columns": definitions(sources.fields("focus_batches")),
        "fx_rate_columns": definitions(sources.fields("focus_fx_rates")),
        "journal_columns": definitions(sources.fields("focus_ledger_journal")),
        "run_columns": definitions(sources.fields("focus_runs")),
        "metric_columns": definitions(sources.fields("focus_metric_history")),
        "audit_columns": definitions(sources.fields("focus_audit_lines")),
        "alert_columns": definitions(sources.fields("focus_alert_lines")),
        "closing_columns": definitions(sources.fields("focus_closings")),
        "statement_columns": definitions(sources.fields("focus_statements")),
    }
    made = [
        statement(source, "", values, sources.fields(source.stem))
        for source in _shared_sources()
        if source.folder == sources.TABLES
    ]
    for kind in reference_objects.every():
        fields = reference_objects.fields(kind)
        own = {**values, **reference_objects.values(kind, Reference())}
        own["reference_columns"] = definitions(fields)
        made += [
            statement(source, kind.called, own, fields)
            for source in _sources_with(sources.PER_KIND)
            if source.folder == sources.TABLES
        ]
    return made + [_kept_table(one, values) for one in kept.every()]


def _kept_table(one: kept.Kept, values: dict[str, str]) -> Statement:
    (source,) = _sources_with(sources.PER_KEPT)
    own = {"kept": one.name, "kept_columns": definitions(one.fields())}
    own["kept_keys"] = definitions(one.keys())
    made = statement(source, one.name, {**values, **own}, one.fields())
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
    values = {
        "database": place.database,
        "metrics_run": metrics_run,
        "closed_months": ", ".join(map(quoted, closed or [""])),
        **kept.placeholders(place.database),
        **unified.values(declarations, place.database),
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
                statement(
                    source, kind.called, {**values, **reference_objects.values(kind, reference)}, ()
                )
                for kind in reference_objects.every()
            ]
        else:
            made.append(statement(source, "", values, ()))
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


def _provider_values(declaration: Declaration, place: CatalogPlace) -> dict[str, str]:
    return {
        "database": place.database,
        "lake": quotable(place.lake.rstrip("/")),
        "provider": declaration.name,
        "title": declaration.title,
        "delivered": provider_views.DELIVERED[declaration.delivery],
        "normalized_columns": definitions(_fields_of(declaration)),
        "rejected_columns": definitions(sources.fields("rejected")),
        "daily_columns": definitions(daily.fields()),
        "partition_columns": definitions(sources.fields("partition")),
    }


def _fields_of(declaration: Declaration) -> tuple[Field, ...]:
    return tuple(
        Field(column.name, columns.spell("hive", column.stored), column.description)
        for column in declaration.columns
    )
