"""How long the chargeback of a month takes: python bench/allocation.py, see docs/speed.md.

A million summary rows of one month, 200 rules, 500 payers. Aims: 5 s on DuckDB and 15 s on Trino,
on two cores. The refresh works the month out once and keeps it, which is told beside it: whoever
asks waits for the chargeback, and the refresh after a change for the other. On Trino, where it was
fetched (scripts/trino_server.py fetch), the rows that DuckDB kept are asked, and how long Trino
works them out is told without the fetching of the rows. Trino has a heap of 4 GB.
"""

from __future__ import annotations

import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

sys.path[:0] = [str(Path(__file__).parents[1] / "lib"), str(Path(__file__).parents[1] / "scripts")]

import trino_server  # noqa: E402
from focus_lake import declare, storage  # noqa: E402
from focus_lake.catalog import kept, render  # noqa: E402
from focus_lake.catalog.engines import ddl  # noqa: E402
from focus_lake.catalog.engines.base import Engine  # noqa: E402
from focus_lake.catalog.keeping import Keeper  # noqa: E402
from focus_lake.catalog.revisions import Below  # noqa: E402
from focus_lake.options import option, run_job  # noqa: E402
from focus_lake.reference import state  # noqa: E402
from focus_lake.spec import daily  # noqa: E402

MONTH, PAYERS, RULES = "202601", 500, 200
QUESTION = f"SELECT * FROM focus.focus_chargeback WHERE yearmonth = '{MONTH}'"
CHECK = f"SELECT * FROM focus.focus_allocation_check WHERE yearmonth = '{MONTH}'"
VIEWS = (
    *("focus_exchange_rates", "focus_cost_centers", "focus_tag_values", "focus_allocation_rules"),
    *("focus_account_cost_centers", "focus_allocation_steps", "focus_allocation_weights"),
    *("focus_allocation_targets", "focus_allocated_now", "focus_allocation_shares"),
    "focus_allocated_cost",
    *("focus_allocation_check", "focus_chargeback_lines", "focus_chargeback"),
)
KEPT = "focus_kept_allocation_shares"
TABLES = ("focus_fx_rates", "focus_closings", "focus_statements", KEPT)
NOW = f"SELECT COUNT(*), SUM(BilledCost) FROM focus.focus_allocated_now WHERE yearmonth = '{MONTH}'"
MEMORY = "4G"  # Trino's heap, of which a query gets 30 %
CALLED = {"duckdb": "DuckDB", "trino": "Trino"}


@dataclass(frozen=True)
class BenchOptions:
    """Options of the bench."""

    rows: int = option("rows of the month's summary", 1_000_000)
    rounds: int = option("how often the question is asked", 3)


def main(options: BenchOptions) -> int:
    """Ask for the chargeback; 1 if a cost was lost or gained."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "lake")
        write_reference(root)
        write_days(root / "days" / "part-0.parquet", options.rows)
        codes = []
        for kind in ("duckdb", "trino") if trino_server.available() else ("duckdb",):
            with opened(kind, root, Path(folder, "work")) as (engine, lake):
                keeper, table = deploy(engine, root, lake, kind)
                keep(engine, keeper, table, kind)
                codes.append(measure(engine, kind, options))
                if kind == "trino":
                    started = time.perf_counter()
                    engine.query(NOW)
                    print(f"trino: worked out in {time.perf_counter() - started:.2f} s", flush=True)
        if len(codes) == 1:
            print("Trino was not asked, for it is not here: python scripts/trino_server.py fetch")
        return max(codes)


def keep(engine: Engine, keeper: Keeper, table: render.Statement, kind: str) -> None:
    """What the refresh does once for a month that changed; for Trino the file is there already."""
    started, processor = time.perf_counter(), time.process_time()
    for view in keeper.work_out():
        for sql in [*engine.create_table(table), *engine.replace_view(view)]:
            engine.run(sql)
    if kind == "trino":  # its question comes first: what works the month out fills the memory
        return
    taken, used = time.perf_counter() - started, time.process_time() - processor
    (path,) = Path(keeper.store.root).glob("kept/**/part.parquet")
    rows, size = pq.read_metadata(path).num_rows, path.stat().st_size / 1e6
    print(
        f"{kind}: worked out in {taken:.2f} s, {used:.2f} s of this process, kept {rows:,} rows, "
        f"{size:.1f} MB",
        flush=True,
    )


def measure(engine: Engine, kind: str, options: BenchOptions) -> int:
    """Time the question, then see that nothing was lost."""
    taken = []
    for _ in range(options.rounds):
        started, processor = time.perf_counter(), time.process_time()
        rows = engine.query(QUESTION)
        taken.append(time.perf_counter() - started)
        used = time.process_time() - processor
        print(
            f"{kind}: {taken[-1]:.2f} s, {used:.2f} s of this process, {len(rows)} rows", flush=True
        )
    wrong = [row for row in engine.query(CHECK) if row[3] or row[4]]
    print(
        f"{options.rows:,} summary rows, {RULES} rules, {PAYERS} payers: {len(wrong)} differences"
    )
    seconds = statistics.median(taken)
    print(f"chargeback of one month on {CALLED[kind]}: {seconds:.2f} s", flush=True)
    return 1 if wrong else 0


def deploy(engine: Engine, root: Path, lake: str, kind: str) -> tuple[Keeper, render.Statement]:
    """The allocation's tables and views over the made summary, and nothing else; who keeps."""
    reference = state.settle(storage.at(str(root))).reference
    place = render.CatalogPlace("focus", lake)
    run: Callable[[str], None] = engine.run
    for sql in engine.prepare():
        run(sql)
    tables = render.shared_tables(place)
    for table in tables:
        if table.name in TABLES or table.name.startswith("focus_reference_"):
            (root / table.data).mkdir(parents=True, exist_ok=True)
            for sql in engine.create_table(table):
                run(sql)
    run(days_table(root, lake, kind))
    views = render.shared_views([declare.load("aws")], place, reference)
    texts = {view.name: view.sql for view in views if view.name in VIEWS}
    folders = {table.name: table.data for table in tables}
    store, batches = storage.at(str(root)), {"made": [f"('{MONTH}', 'made')"]}
    below = Below(place.database, lake, texts, folders, batches, store)
    keeper = Keeper(store, engine, below, lambda statements: [run(sql) for sql in statements])
    for view in views:
        if view.name in VIEWS:
            one = kept.of_view(view.name)
            for sql in engine.replace_view(keeper.first(view, one) if one else view):
                run(sql)
    return keeper, next(table for table in tables if table.name == KEPT)


def days_table(root: Path, lake: str, kind: str) -> str:
    """focus_daily as a table over the made file."""
    if kind == "duckdb":
        return f"CREATE VIEW focus_daily AS SELECT * FROM read_parquet('{root}/days/*.parquet')"
    columns = ", ".join(
        f"{column.name.lower()} {ddl.spell(column.type, 'trino')}" for column in daily.table()
    )
    return (
        f"CREATE TABLE focus.focus_daily ({columns}, yearmonth varchar) "
        f"WITH (format = 'PARQUET', external_location = '{lake}/days/')"
    )


def write_days(path: Path, rows: int) -> None:
    """The summary: a month of three providers, tags on three rows of four."""
    import duckdb

    path.parent.mkdir(parents=True)
    made = {
        "x_Provider": "CASE i % 3 WHEN 0 THEN 'alibaba' WHEN 1 THEN 'aws' ELSE 'gcp' END",
        "x_ChargeDay": "DATE '2026-01-01' + CAST(i % 31 AS INTEGER)",
        "x_ChargeDate": "DATE '2026-01-01' + CAST(i % 31 AS INTEGER)",
        "x_BillingMonth": f"'{MONTH}'",
        "BillingAccountId": "'billing-' || (hash(i) % 5)",
        "SubAccountId": "'account-' || (hash(i + 1) % 300)",
        "ServiceName": "'Service ' || (hash(i + 2) % 80)",
        "ServiceCategory": "'Category ' || (hash(i + 2) % 8)",
        "RegionId": "'region-' || (hash(i + 3) % 12)",
        "ChargeCategory": "'Usage'",
        "BillingCurrency": "CASE i % 3 WHEN 0 THEN 'CNY' ELSE 'USD' END",
        "x_CostCenter": f"CASE WHEN i % 4 > 0 THEN 'cc-' || (hash(i + 4) % {PAYERS}) END",
        "x_Environment": "CASE WHEN i % 5 > 0 THEN 'env-' || (hash(i + 5) % 4) END",
        "BilledCost": "CAST((hash(i + 6) % 100000000) / 1000000.0 AS DECIMAL(38,18))",
        "EffectiveCost": "CAST((hash(i + 7) % 100000000) / 1000000.0 AS DECIMAL(38,18))",
        "x_RowCount": "10",
    }
    columns = ", ".join(
        f"CAST({made.get(column.name, 'NULL')} AS {ddl.spell(column.type, 'duckdb')}) "
        f"AS {column.name}"
        for column in daily.table()
    )
    duckdb.connect().execute(
        f"COPY (SELECT {columns}, '{MONTH}' AS yearmonth FROM range({rows}) AS r(i)) "
        f"TO '{path}' (FORMAT PARQUET)"
    )


def write_reference(root: Path) -> None:
    """500 cost centers, a key file, and 200 rules of every method."""
    centers = "".join(f"cc-{n},Department {n // 10},Unit {n // 100}\n" for n in range(PAYERS))
    keys = "".join(f"{MONTH},pods,cc-{n},{n % 7 + 1}\n" for n in range(0, PAYERS, 5))
    files = {
        "cost_centers/a.csv": "cost_center,department,business_unit\n" + centers,
        "allocation_keys/a.csv": "yearmonth,key,target,quantity\n" + keys,
        "allocation/a.toml": "".join(map(rule, range(RULES))),
    }
    (root / "ledger" / "aws").mkdir(parents=True)
    (root / "ledger" / "aws" / f"{MONTH}.jsonl").touch()
    for name, text in files.items():
        path = root / "reference" / name
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")


def rule(number: int) -> str:
    """One of the rules: a direct one of an account, or a split of an account's untagged cost."""
    splits = [
        f'method = "direct"\ntarget = "cc-{number}"',
        'method = "proportional"\ntargets = "all"',
        f'method = "even"\ntargets = ["cc-{number}", "cc-{number + 1}", "cc-{number + 2}"]',
        f'method = "percent"\npercent = {{ "cc-{number}" = "70", "cc-{number + 1}" = "30" }}',
        'method = "by_key"\nkey = "pods"',
    ]
    match = f'SubAccountId = "account-{number}"\nx_CostCenter = {{ is_null = true }}'
    if number % 7 == 0:
        match = f'ServiceName = "Service {number % 80}"\nx_Environment = {{ prefix = "env-1" }}'
    return (
        f'[[rule]]\nid = "rule-{number}"\ntitle = "Rule {number}"\nowner = "bench"\nwhy = "bench"\n'
        f'status = "active"\n[rule.match]\n{match}\n[rule.split]\n{splits[number % 5]}\n\n'
    )


@contextlib.contextmanager
def opened(kind: str, root: Path, work: Path) -> Iterator[tuple[Engine, str]]:
    """The engine, and the lake as it spells it."""
    if kind == "duckdb":
        from focus_lake.catalog.engines.duckdb import DuckDB

        place = render.CatalogPlace("focus", str(root))
        engine = DuckDB(storage.at(str(root)), place)
        yield engine, str(root)
        engine.close()
        return
    from focus_lake.catalog.engines.trino import Trino

    work.mkdir()
    with trino_server.running(root, work, MEMORY) as server:
        place = render.CatalogPlace("focus", server.location)
        yield Trino("127.0.0.1", server.port, "hive", "bench", place), server.location


if __name__ == "__main__":
    sys.exit(run_job(BenchOptions, "times the chargeback of a month", main))
