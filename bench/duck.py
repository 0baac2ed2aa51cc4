"""The same job for DuckDB, as one COPY a batch: what a good statement by hand would be.

Derived from the same declaration and column table as the job, so that both make the same rows;
`difference` proves it. DuckDB gets the easier task where there is a choice: text that is unzipped
already, no order of rows, no audit, no rejected rows, UTC by subtracting hours (China has had no
daylight saving time since 1991), its own size of row groups, one file a thread.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from focus_lake import declare, storage
from focus_lake.declare.model import Declaration
from focus_lake.raw.find import find
from focus_lake.resources import data
from focus_lake.spec import columns
from focus_lake.spec.columns import Column, spell
from focus_lake.transform import enrich
from focus_lake.transform.select import Origin, Transform


def connect(threads: int) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"SET threads = {threads}; SET preserve_insertion_order = false")
    return connection


def write(connection, texts: list[Path], root: Path, export: str, folder: Path, by: Declaration):
    """Read the CSV texts of one batch, which lie below root, and write Parquet into folder."""
    with open(texts[0], encoding="utf-8-sig") as file:
        header = tuple(file.readline().rstrip("\r\n").split(","))
    folder.mkdir(parents=True)
    _services(connection, by.name)
    query = _Query(by, header, Origin("", export)).select(texts, root)
    connection.execute(
        f"COPY ({query}) TO {_text(folder)} (FORMAT parquet, COMPRESSION snappy, PER_THREAD_OUTPUT)"
    )


def _services(connection, provider: str) -> None:
    connection.execute(
        "CREATE OR REPLACE TABLE services AS SELECT lower(service) AS service, "
        f"{enrich.CATEGORY} AS by_category, {enrich.SUBCATEGORY} AS by_subcategory "
        f"FROM read_csv({_text(data('spec', 'service_catalog.csv'))}, "
        "all_varchar = true, header = true) "
        f"WHERE provider = {_text(provider)}"
    )


def difference(connection, ours: str, theirs: str) -> str | None:
    """What is not the same in two sets of Parquet files (globs), in words; None if nothing is."""
    both = []
    for files in (ours, theirs):
        table = f"read_parquet({_text(files)}, hive_partitioning = false)"
        names = [row[0] for row in connection.execute(f"DESCRIBE FROM {table}").fetchall()]
        hashes = ", ".join(f'sum(hash("{name}")::HUGEINT) AS "{name}"' for name in names)
        row = connection.execute(f"SELECT count(*) AS rows, {hashes} FROM {table}").fetchone()
        both.append(dict(zip(["rows", *names], row, strict=True)))
    mine, other = both
    wrong = [name for name in mine if mine[name] != other.get(name)]
    return f"not the same: {', '.join(wrong)}" if wrong else None


class _Query:
    """The SELECT for texts of one header."""

    def __init__(self, declaration: Declaration, header: tuple[str, ...], origin: Origin):
        self.declaration, self.header, self.origin = declaration, header, origin
        self.transform = Transform(declaration, header)
        self.notes: list[str] = []  # names of the columns that make up x_SourceChanges
        self._made: list[str] = []  # those that the next layer selects
        zone = ZoneInfo(declaration.time.zone)
        self.hours = int(datetime(2026, 1, 1, tzinfo=zone).utcoffset().total_seconds() // 3600)

    def select(self, texts: list[Path], root: Path) -> str:
        source = f"substr(filename, {len(str(root)) + 2})"
        typed = [
            f'{self._typed(column, source)} AS "{column.name}"'
            for column in self.declaration.columns
        ]
        query = self._layer(", ".join(typed), f"({self._tagged(self._read(texts))})")
        for replaced in (self._spellings(), self._fills()):
            query = self._layer(_replacing(replaced), f"({query})")
        for source in self.declaration.services.columns:
            join = f'({query}) rows LEFT JOIN services s ON lower(rows."{source}") = s.service'
            query = self._layer(_replacing(self._service(source), "rows.*"), join)
        changes = {"x_SourceChanges": f"nullif(concat_ws('; ', {', '.join(self.notes)}), '')"}
        everything = f"* EXCLUDE ({', '.join(self.notes)})"
        return f"SELECT {_replacing(changes, everything)} FROM ({query})"

    def _layer(self, columns: str, source: str) -> str:
        made, self._made = self._made, []
        return f"SELECT {', '.join([columns, *made])} FROM {source}"

    def _note(self, where: str, text: str) -> None:
        """A column for x_SourceChanges, to be selected in the next layer."""
        self.notes.append(f"note_{len(self.notes)}")
        self._made.append(f"CASE WHEN {where} THEN {text} END AS {self.notes[-1]}")

    def _read(self, texts: list[Path]) -> str:
        nulls = ", ".join(map(_text, self.declaration.format.null_texts))
        names = ", ".join(f"{_text(head)}: 'VARCHAR'" for head in self.header)
        files = ", ".join(map(_text, texts))
        return (
            f"FROM read_csv([{files}], auto_detect = false, header = true, columns = {{{names}}}, "
            f"delim = ',', quote = '\"', escape = '\"', nullstr = [{nulls}], filename = true, "
            "strict_mode = true)"
        )

    def _tagged(self, read: str) -> str:
        """Adds tag_map, and its keys in small letters and values for the last kind of look-up."""
        tags = f'"{self.transform.sources["Tags"]}"'
        parsed = f"json_transform({tags}, '\"MAP(VARCHAR, VARCHAR)\"')"
        pairs = (
            f"map_from_entries(list_transform(string_split(rtrim({tags}, '; '), ';'), lambda pair: "
            "struct_pack(k := trim(regexp_extract(pair, 'key:(.+?) value:', 1)), "
            "v := trim(regexp_extract(pair, ' value:(.*)', 1)))))"
        )
        return (
            "SELECT *, list_transform(map_keys(tag_map), lambda k: lower(k)) AS tag_keys, "
            "map_values(tag_map) AS tag_values FROM (SELECT *, "
            f"CASE WHEN json_valid({tags}) THEN {parsed} "
            f"WHEN {self._is_pairs()} THEN {pairs} END AS tag_map {read})"
        )

    def _is_pairs(self) -> str:
        """Whether the tags are in Alibaba Cloud's older form, ``key:a value:b; key:c value:d``."""
        if not self.declaration.tags.key_value:
            return "FALSE"
        pair = "key:[^;]+ value:[^;]*"
        tags = f'"{self.transform.sources["Tags"]}"'
        return f"regexp_full_match({tags}, '{pair}(;\\s*{pair})*;?\\s*')"

    def _typed(self, column: Column, source: str) -> str:
        name = column.name
        constants = {
            "x_Provider": _text(self.declaration.name),
            "x_Export": _text(self.origin.export),
            "x_SourceFile": source,
            "x_SourceFocusVersion": _text(self.transform.focus_version),
        }
        if name in constants:
            return constants[name]
        if name in self.declaration.tags.attributes:
            return _attribute(self.declaration.tags.attributes[name])
        head = self.transform.sources.get(name)
        if name == "x_Other":
            tags = f'"{self.transform.sources["Tags"]}"'
            return (
                f"CASE WHEN tag_map IS NULL AND {tags} IS NOT NULL THEN MAP {{'Tags': {tags}}} END"
            )
        if head is None:
            return f"NULL::{spell('duckdb', column.stored)}"
        if name == "Tags":
            self._note(self._is_pairs(), _text("Tags: read as key:value text"))
        if column.stored == "string":
            return self._repaired(name, f'"{head}"')
        return {
            "map": "tag_map",
            "decimal": f'"{head}"::{spell("duckdb", "decimal")}',
            "timestamp": f'"{head}"::TIMESTAMP - INTERVAL {self.hours} HOUR',
        }[column.stored]

    def _repaired(self, name: str, text: str) -> str:
        repair = self.declaration.repairs.get(name)
        if repair is None or not (repair.value or repair.table):
            return text
        if repair.table:
            raise SystemExit(f"[repairs.{name}] table: the bench knows only value")
        is_number = f"regexp_full_match({text}, '[0-9]+')"
        self._note(is_number, f"{_text(name + ': ')} || {text} || {_text(' -> ' + repair.value)}")
        return f"CASE WHEN {is_number} THEN {_text(repair.value)} ELSE {text} END"

    def _spellings(self) -> dict[str, str]:
        replaced = {}
        for column in columns.focus():
            if column.allowed_values and column.name in self.transform.sources:
                name = f'"{column.name}"'
                pairs = (f"{_text(v.casefold())}: {_text(v)}" for v in column.allowed_values)
                spelled = f"coalesce(MAP {{{', '.join(pairs)}}}[lower({name})], {name})"
                right = ", ".join(map(_text, column.allowed_values))
                replaced[column.name] = (
                    f"CASE WHEN {name} IN ({right}) THEN {name} ELSE {spelled} END"
                )
        return replaced

    def _fills(self) -> dict[str, str]:
        version = columns.VERSIONS.index(self.transform.focus_version)
        sources: dict[str, list[str]] = {}
        for name, source, until in enrich.fill_rules():
            if until and columns.VERSIONS.index(until) < version:
                continue
            before = sources.setdefault(name, [name])
            nulls = " AND ".join(f'"{other}" IS NULL' for other in before)
            text = _text(f"{name}: filled from {source}")
            self._note(f'{nulls} AND "{source}" IS NOT NULL', text)
            before.append(source)
        quoted = {name: [f'"{source}"' for source in some] for name, some in sources.items()}
        return {name: f"coalesce({', '.join(some)})" for name, some in quoted.items()}

    def _service(self, source: str) -> dict[str, str]:
        """Both categories from the catalogue, by one column; the subcategory only if it fits."""
        category = f'coalesce("{enrich.CATEGORY}", by_category)'
        subcategory = f"CASE WHEN {category} = by_category THEN by_subcategory END"
        replaced = {enrich.CATEGORY: category}
        replaced[enrich.SUBCATEGORY] = f'coalesce("{enrich.SUBCATEGORY}", {subcategory})'
        for name, offered in ((enrich.CATEGORY, "by_category"), (enrich.SUBCATEGORY, subcategory)):
            text = _text(f"{name}: by catalogue from {source}")
            self._note(f'"{name}" IS NULL AND {offered} IS NOT NULL', text)
        return replaced


def _replacing(expressions: dict[str, str], everything: str = "*") -> str:
    if not expressions:
        return everything
    pairs = (f'{expression} AS "{name}"' for name, expression in expressions.items())
    return f"{everything} REPLACE ({', '.join(pairs)})"


def _attribute(keys: tuple[str, ...]) -> str:
    exact = [f"tag_map[{_text(key)}]" for key in keys]
    any_case = [f"tag_values[list_position(tag_keys, {_text(key.casefold())})]" for key in keys]
    return f"coalesce({', '.join(exact + any_case)})"


def _text(value) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def main(raw: str, texts: str, folder: str) -> int:
    """DuckDB's own cold start for the same: a process that writes every batch, and ends."""
    found, _ = find(storage.at(f"{raw}/alibaba"), declare.load("alibaba"))
    with connect(len(os.sched_getaffinity(0))) as connection:
        for batch in found:
            paths = [path for file in batch.files for path in Path(texts, file.path).iterdir()]
            to = Path(folder, batch.batch_ts)
            write(connection, paths, Path(texts), batch.exports[0], to, declare.load("alibaba"))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
