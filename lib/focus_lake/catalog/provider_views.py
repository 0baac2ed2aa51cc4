"""The views of one provider's live batches: in parts where one would be too long."""

from __future__ import annotations

import re

from focus_lake.catalog import blank, daily, live_views, months, upserts
from focus_lake.catalog.live_views import VIEW_KEYS
from focus_lake.catalog.sources import Source
from focus_lake.catalog.statements import ATHENA_LIMIT, Statement, checked, listed
from focus_lake.declare.model import Declaration
from focus_lake.errors import CatalogError
from focus_lake.lake.live import Live

# Which batches a provider's view shows, by how the provider delivers.
DELIVERED = {
    "snapshot": "the newest published batch of its month and export",
    "increment": "any published batch",
    "upsert": "any published batch, the newest of those that agree in key",
}


def of_source(
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
            Statement(source.folder, f"{name}{part}", checked(f"{name}{part}", own), reads=reads)
        )
    if len(parts) == 1 and parts[0].name == name:
        return parts
    union = "\nUNION ALL\n".join(f"SELECT * FROM {database}.{part.name}" for part in parts)
    title = parts[0].sql.splitlines()[0]
    whole = f"{title}\nCREATE OR REPLACE VIEW {database}.{name} AS\n{union}\n"
    if is_upsert:
        whole = upserts.newest(whole, declaration)
    return [*parts, Statement(source.folder, name, checked(name, whole))]


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
                "provider_columns": listed(
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
