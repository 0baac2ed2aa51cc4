"""The page about all providers in Markdown, made from the packaged declarations."""

from __future__ import annotations

from collections.abc import Iterator

from focus_lake import declare
from focus_lake.declare import markdown
from focus_lake.declare.model import Declaration, Layout
from focus_lake.spec import columns

_START = """\
# Providers

What is declared of each provider in `lib/focus_lake/declare/providers/`; do not edit this page,
make it: `python -m focus_lake.declare providers > docs/providers.md`. The files of provider NAME
lie in `<raw>/NAME/`, exactly as delivered. Facts come from the pages named, read on the day given;
what a page does not say is marked in the declaration. [add-a-provider.md](add-a-provider.md) adds
another provider.
"""
_EVERY_ONE = """\
## For every provider

Allowed values in the wrong case are put right. ServiceProviderName, HostProviderName, ProviderName
and PublisherName are filled from each other by `lib/focus_lake/spec/fills.csv`, ServiceCategory and
ServiceSubcategory by `lib/focus_lake/spec/service_catalog.csv`. Each change is noted on its row in
x_SourceChanges.

Before you trust a sum:

- Two exports that cover the same account, such as one of the whole organisation and one of a
  member, both count. Nothing in the files says so.
- Before FOCUS 1.3 no column names the seller on a marketplace: ServiceProviderName is filled with
  the provider that wrote the bill, and PublisherName differs.
"""
_FORMATS = {
    ".parquet": "Parquet",
    ".csv": "CSV",
    ".csv.gz": "CSV in gzip",
    ".gz": "CSV in gzip",
    ".zip": "CSV in zip",
    ".json": "JSON",
    ".json.gz": "JSON in gzip",
    ".jsonl": "JSON lines",
    ".jsonl.gz": "JSON lines in gzip",
    "": "CSV without an ending",
}
_DELIVERIES = {
    "snapshot": "a newer batch of an export replaces the older one",
    "increment": "every batch counts",
    "upsert": "a row takes the place of an earlier one with the same key",
}


def render() -> str:
    """The whole page."""
    every = [declare.load(name) for name in declare.names()]
    heads = ("Provider", "Name", "Delivery", "FOCUS", "Files", "Documentation read")
    parts = [_START, markdown.table(heads, map(_row, every)), _EVERY_ONE]
    return "\n".join([*parts, *map(_section, every)])


def _row(provider: Declaration) -> tuple[str, ...]:
    days = sorted({str(page.read) for page in provider.documentation})
    return (
        f"`{provider.name}`",
        provider.title,
        provider.delivery,
        provider.focus_version,
        _formats(provider.layout),
        ", ".join(days) or "none",
    )


def _formats(layout: Layout) -> str:
    named = (_FORMATS.get(ending, f"`*{ending}`") for ending in layout.data_extensions)
    return ", ".join(dict.fromkeys(named))


def _section(provider: Declaration) -> str:
    lines = "\n".join(f"- {text}" for text in _facts(provider))
    return f"## {provider.title}\n\n{lines}\n"


def _facts(provider: Declaration) -> Iterator[str]:
    if provider.notes.example:
        yield f"A file: `{provider.name}/{provider.notes.example}`."
    batch = f"A batch: {provider.notes.batch}. " if provider.notes.batch else ""
    yield f"{batch}Delivery is {provider.delivery}: {_DELIVERIES[provider.delivery]}."
    if provider.key:
        yield f"A row is told from others by {markdown.names(provider.key)}."
    if provider.layout.months == "any":
        yield (
            "A batch can hold rows of several billing months: `yearmonth` is the month of "
            "delivery, `x_BillingMonth` the charge's own."
        )
    yield from _values(provider)
    yield from provider.notes.trust
    if provider.documentation:
        pages = (f"[{page.title or page.url}]({page.url})" for page in provider.documentation)
        yield f"From: {', '.join(pages)}."


def _values(provider: Declaration) -> Iterator[str]:
    """How values are meant, filled, renamed and repaired."""
    time = provider.time
    if time.zone != "UTC":
        z = ", even with a Z at their end" if time.literal_z == "zone" else ""
        yield f"Times are of {time.zone}{z}; they are stored as UTC."
    if time.period_end == "inclusive":
        yield "A period ends with its last second; stored is the moment after it."
    if texts := [text for text in provider.format.null_texts if text]:
        yield f"No value is written as an empty text, {markdown.names(texts)}."
    if provider.format.max_decimals == "round":
        yield "A number with more than 18 decimals is rounded."
    if provider.repairs:
        yield f"A number that stands for a name is repaired in {markdown.names(provider.repairs)}."
    taken = {column.name for column in columns.table()}
    renames = [*provider.renames.items()]
    renames += [(x.source, name) for name, x in provider.extra_columns.items() if x.source in taken]
    if renames:
        yield f"Renamed: {', '.join(f'`{head}` to `{name}`' for head, name in renames)}."
    yield from _fills(provider)
    yield from _tags(provider)


def _fills(provider: Declaration) -> Iterator[str]:
    if provider.constants:
        filled = (f"{name} with `{text}`" for name, text in provider.constants.items())
        yield f"Filled where the source has nothing: {', '.join(filled)}."
    for name, fill in provider.fills.items():
        if fill.column:
            yield f"{name} is filled from {fill.column} where the source has nothing."
        elif fill.path:
            yield f"{name} is filled from the file's path: `{fill.path}`."


def _tags(provider: Declaration) -> Iterator[str]:
    for prefix in provider.tags.every_prefix:
        yield f"Columns `{prefix}...` are Tags."
    if provider.tags.key_value:
        yield "A text `key:a value:b; key:c value:d` is Tags, too."
    if provider.tags.columns:
        yield f"Tags come from {markdown.names(provider.tags.columns)}."
