"""What is live, as the views have it: literals that prune, and the folders they lead to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from focus_lake.catalog import sources
from focus_lake.lake import publications
from focus_lake.lake.live import Live
from focus_lake.lake.publications import Key

# A table's own columns: partitions are the last ones on every engine.
PARTITION_KEYS = tuple(field.name for field in sources.fields("partition"))
VIEW_KEYS = tuple(name for name in PARTITION_KEYS if name != "publication")  # no reader needs that
LIVE_TABLES = (publications.NORMALIZED,)  # of these, views read live publications alone


def predicate(live: Live) -> str:
    """The live batches as literals, the form that prunes partitions on every engine.

    Superseded exports in a live folder are taken out by name. What is not named is shown, and a
    row without an export is too: rows may not vanish.
    """
    if not live.batches:
        return "1 = 0"  # nothing published yet: an empty view
    text = f"({', '.join(PARTITION_KEYS)}) IN (\n{_tuples(live.batches)}\n)"
    if live.hidden:
        text += (
            "\nAND (yearmonth, batch_ts, COALESCE(x_Export, '')) NOT IN (\n"
            f"{_tuples(live.hidden)}\n)"
        )
    return text


def rows(live: Live) -> str:
    """The live batches as rows of VALUES, and below them the exports in them that are superseded.

    The first row is null and joins with nothing: it is there if no other row is.
    """
    shown = [f"({quoted(key.yearmonth)}, {quoted(key.batch_ts)}, NULL)" for key in live.batches]
    shown += [f"({', '.join(map(quoted, row))})" for row in live.hidden]
    null = "CAST(NULL AS varchar)"
    return ",\n".join(f"        {row}" for row in [f"({null}, {null}, {null})", *shown])


def reads(live: Live, provider: str) -> dict[str, tuple[str, ...]]:
    """Table -> the folders, relative to the lake, that a view of the live rows reads of it."""
    return {
        f"focus_{provider}_{table}": tuple(
            publications.folder_of(table, provider, of) for of in live.batches
        )
        for table in LIVE_TABLES
    }


def cuts(live: Live) -> Iterator[dict[str, Live]]:
    """The live batches whole, by decade, by year and by month; by what the part's name ends with.

    A month is always in the part of that name. Were it to move from one part to another, a reader
    could see it twice, or not at all, while the views are replaced one after the other.
    """
    yield {"": live}
    for digits, end in ((3, "0s"), (4, ""), (6, "")):
        batches: dict[str, list[Key]] = {}
        for key in live.batches:
            batches.setdefault(f"_part_{key.yearmonth[:digits]}{end}", []).append(key)
        yield {name: live.only(some) for name, some in batches.items()}


def _tuples(rows: Iterable[tuple[str, ...]]) -> str:
    return ",\n".join(f"    ({', '.join(map(quoted, row))})" for row in rows)


def quoted(value: str) -> str:
    """A text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"
