"""The export: one file of FOCUS rows a billing month, and a manifest that says what is in them.

Rows are those that the views show: read from the DuckDB catalog of the lake, so run
refresh_catalog.py --engine duckdb before. The manifest is written last; what it says of a file was
counted in the file as it was written, and is held to what the view adds up to.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Context, Decimal
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from focus_lake import __version__, storage
from focus_lake.errors import CatalogError, OptionsError
from focus_lake.export import formats
from focus_lake.lake.audit import COSTS
from focus_lake.log import utc_now
from focus_lake.options import option
from focus_lake.spec import columns
from focus_lake.storage import Store

ROWS = 16_384  # in memory at a time
MANIFEST = "manifest.json"
_EXACT = Context(prec=100)
Sums = dict[str, dict[str, Decimal]]  # currency -> cost column -> sum


@dataclass(frozen=True)
class ExportOptions:
    """What is exported, and how."""

    lake: str = option("the lake: a folder, with the catalog that refresh_catalog.py made in it")
    out: str = option("folder or s3:// prefix for the files; must be empty", "")
    months: tuple[str, ...] = option("billing months (YYYYMM), by commas; none: all", ())
    providers: tuple[str, ...] = option("providers, by commas; none: all", ())
    version: str = option("FOCUS version of the columns", "1.2")
    format: str = option(f"one of {', '.join(formats.FORMATS)}", "parquet")
    masked: bool = option("with names of people hashed or left out, as the masked views", False)
    unload: bool = option("print Athena's UNLOAD statements into --out instead, run nothing", False)
    database: str = option("database, or name of the catalog file in the lake", "focus")
    s3_endpoint: str = option("address of an S3-compatible server, instead of AWS", "")

    def __post_init__(self) -> None:
        if self.version not in columns.VERSIONS:
            known = ", ".join(columns.VERSIONS)
            raise OptionsError(f"--version {self.version}: use one of {known}")
        if self.format not in formats.FORMATS:
            known = ", ".join(formats.FORMATS)
            raise OptionsError(f"--format {self.format}: use one of {known}")
        if not self.out:
            raise OptionsError("--out: name the folder or s3:// prefix for the files")
        for month in self.months:
            if not re.fullmatch(r"20\d\d(0[1-9]|1[0-2])", month):
                raise OptionsError(f"--months {month}: must be YYYYMM, such as 202601")
        for name in self.providers:
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                raise OptionsError(f"--providers {name}: not the name of a provider")
        if not re.fullmatch(r"[a-z][a-z0-9_]*", self.database):
            raise OptionsError(f"--database {self.database}: not the name of a database")

    @property
    def view(self) -> str:
        return "focus_unified_masked" if self.masked else "focus_unified"

    def where(self, month: str | None = None) -> str:
        """SQL: the rows of a month, or of all months that are asked for."""
        months = [month] if month else list(self.months)
        found = [f"x_BillingMonth IN ({_texts(months)})"] if months else []
        found += [f"x_Provider IN ({_texts(self.providers)})"] if self.providers else []
        return " AND ".join(found) or "1 = 1"


@dataclass
class Written:
    """One file as it was written."""

    name: str
    rows: int = 0
    sums: Sums = field(default_factory=dict)
    sha256: str = ""
    bytes: int = 0


def run(options: ExportOptions) -> int:
    """Write the files and the manifest; 0, or 1 where there is nothing to export.

    Raises FocusLakeError where the catalog is not there and where a file differs from the view.
    """
    if options.unload:
        for sql in unload(options):
            print(sql)
        return 0
    out = storage.at(options.out, options.s3_endpoint or None)
    if any(True for _ in out.list()):
        raise OptionsError(f"--out {options.out}: is not empty; an export starts with an empty one")
    with _connected(options) as connection:
        months = [row[0] for row in _rows(connection, _months(options))]
        _all_there(connection, options, months)
        files = [_month(connection, out, options, month) for month in months]
    if not files:
        print("nothing to export: no live row of these months and providers")
        return 1
    with out.writer(MANIFEST) as target:
        target.write(_manifest(options, months, files).encode())
    for file in files:
        print(f"{out.url(file.name)}: {file.rows:,} rows, {_told(file.sums)}")
    print(f"{out.url(MANIFEST)}: FOCUS {options.version}, {sum(f.rows for f in files):,} rows")
    return 0


def _connected(options: ExportOptions) -> Any:
    import duckdb

    catalog = Path(options.lake, f"{options.database}.duckdb")
    if not catalog.is_file():
        raise CatalogError(f"{catalog} is not there: run jobs/refresh_catalog.py --engine duckdb")
    return duckdb.connect(str(catalog), read_only=True)


def _rows(connection: Any, sql: str) -> list[tuple]:
    found: list[tuple] = connection.execute(sql).fetchall()
    return found


def _months(options: ExportOptions) -> str:
    return f"SELECT DISTINCT x_BillingMonth FROM {options.view} WHERE {options.where()} ORDER BY 1"


def _all_there(connection: Any, options: ExportOptions, months: list[str]) -> None:
    """A month or provider that is asked for and has no row is told, for its sum will be missed."""
    for month in sorted(set(options.months) - set(months)):
        print(f"no row of {month}")
    there = {row[0] for row in _rows(connection, f"SELECT DISTINCT x_Provider FROM {options.view}")}
    for name in sorted(set(options.providers) - there):
        raise OptionsError(
            f"--providers {name}: has no live row; there are {', '.join(sorted(there))}"
        )


def selected(version: str) -> Iterator[str]:
    """SQL of each column of a FOCUS version; a map is JSON text."""
    for column in columns.of_version(version):
        name = column.name
        if column.stored == "map":
            name = (
                f"CASE WHEN {name} IS NOT NULL THEN CAST(to_json({name}) AS varchar) END AS {name}"
            )
        yield name


def _month(connection: Any, out: Store, options: ExportOptions, month: str) -> Written:
    done = Written(f"{month}/focus-{options.version}-{month}.{options.format}")
    where = options.where(month)
    sql = f"SELECT {', '.join(selected(options.version))} FROM {options.view} WHERE {where}"
    reader = _arrow(connection, sql)
    with out.writer(done.name) as target:
        hashed = _Hashed(target)
        rows = _counted(reader, done)
        done.rows = formats.write(options.format, hashed, reader.schema, rows)  # type: ignore[arg-type]  # it writes
    done.sha256, done.bytes = hashed.digest.hexdigest(), hashed.size
    _check(connection, options, month, done)
    return done


def _arrow(connection: Any, sql: str) -> pa.RecordBatchReader:
    return connection.sql(sql).to_arrow_reader(ROWS)


def _counted(reader: pa.RecordBatchReader, done: Written) -> Iterator[pa.RecordBatch]:
    names = [name for name in COSTS if name in reader.schema.names]
    for batch in reader:
        currencies = batch.column("BillingCurrency").to_pylist()
        for name in names:
            for currency, value in zip(currencies, batch.column(name).to_pylist(), strict=True):
                if value is not None:
                    sums = done.sums.setdefault(currency or "", {})
                    sums[name] = _EXACT.add(sums.get(name, Decimal(0)), value)
        yield batch


def _check(connection: Any, options: ExportOptions, month: str, done: Written) -> None:
    """The file's sums are those of the view, which adds up by itself."""
    names = sorted({name for sums in done.sums.values() for name in sums})
    listed = "".join(f", SUM({name})" for name in names)
    sql = f"SELECT COALESCE(BillingCurrency, ''), COUNT(*){listed} FROM {options.view} "
    rows = _rows(connection, f"{sql} WHERE {options.where(month)} GROUP BY 1")
    wanted = {
        currency: {n: v for n, v in zip(names, sums, strict=True) if v is not None}
        for currency, _, *sums in rows
    }
    found = {currency: done.sums.get(currency, {}) for currency in wanted}
    if done.rows != sum(row[1] for row in rows) or found != wanted:
        raise CatalogError(
            f"{done.name}: holds {done.rows:,} rows, {_told(done.sums)}; the view has "
            f"{_told(wanted)}: was the catalog refreshed meanwhile? Empty --out and run again"
        )


def _manifest(options: ExportOptions, months: list[str], files: list[Written]) -> str:
    told = {
        "focus_version": options.version,
        "format": options.format,
        "masked": options.masked,
        "providers": list(options.providers) or "all",
        "made_at": utc_now(),
        "made_by": f"focus_lake {__version__}",
        "rows": sum(file.rows for file in files),
        "columns": [column.name for column in columns.of_version(options.version)],
        "files": [
            {
                "name": file.name,
                "billing_month": month,
                "rows": file.rows,
                "bytes": file.bytes,
                "sha256": file.sha256,
                "sums": {
                    currency: {name: formats.number(value) for name, value in sums.items()}
                    for currency, sums in sorted(file.sums.items())
                },
            }
            for month, file in zip(months, files, strict=True)
        ],
    }
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def _told(sums: Sums) -> str:
    money = (
        f"billed {currency or 'no currency'} {formats.number(found.get('BilledCost', Decimal(0)))}"
        for currency, found in sorted(sums.items())
    )
    return ", ".join(money) or "no cost"


def unload(options: ExportOptions) -> Iterator[str]:
    """Athena's statements that write the same rows: one a month, Parquet, CSV or JSON lines."""
    if not options.months:
        raise OptionsError("--months: name the months, each is a statement of its own")
    shown = [
        f"json_format(CAST({column.name} AS json)) AS {column.name}"
        if column.stored == "map"
        else column.name
        for column in columns.of_version(options.version)
    ]
    how = {
        "parquet": "format = 'PARQUET', compression = 'ZSTD'",
        "csv": "format = 'TEXTFILE', field_delimiter = ',', compression = 'GZIP'",
        "json": "format = 'JSON', compression = 'GZIP'",
    }
    for month in options.months:
        rows = f"SELECT {', '.join(shown)} FROM {options.database}.{options.view}"
        target = f"{options.out.rstrip('/')}/{month}/"
        yield (
            f"UNLOAD ({rows} WHERE {options.where(month)}) TO '{target}' "
            f"WITH ({how[options.format]});"
        )


def _texts(values: Any) -> str:
    return ", ".join(f"'{value}'" for value in values)


class _Hashed:
    """A file that knows how much was written to it, and its SHA-256."""

    def __init__(self, file: BinaryIO):
        self._file, self.digest, self.size = file, hashlib.sha256(), 0
        self.closed = False

    def write(self, data: Any) -> int:
        written = bytes(data)
        self._file.write(written)
        self.digest.update(written)
        self.size += len(written)
        return len(written)

    def tell(self) -> int:
        return self.size

    def flush(self) -> None: ...

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False
