"""How long the chargeback of a month takes: python bench/allocation.py [--engine trino].

A million summary rows of one month, 200 rules, 500 payers. Aims: 5 s on DuckDB and 15 s on Trino,
on two cores. Prints the seconds of each run, the least of them, and processor seconds of DuckDB.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1] / "lib"), str(Path(__file__).parents[1] / "scripts")]

from focus_lake import declare, storage  # noqa: E402
from focus_lake.catalog import render  # noqa: E402
from focus_lake.catalog.engines import ddl  # noqa: E402
from focus_lake.catalog.engines.base import Engine  # noqa: E402
from focus_lake.options import option, run_job  # noqa: E402
from focus_lake.reference import state  # noqa: E402
from focus_lake.spec import daily  # noqa: E402

MONTH, PAYERS, RULES = "202601", 500, 200
QUESTION = f"SELECT * FROM focus.focus_chargeback WHERE yearmonth = '{MONTH}'"
CHECK = f"SELECT * FROM focus.focus_allocation_check WHERE yearmonth = '{MONTH}'"
VIEWS = (
    *("focus_exchange_rates", "focus_cost_centers", "focus_tag_values", "focus_allocation_rules"),
    *("focus_account_cost_centers", "focus_allocation_steps", "focus_allocation_weights"),
    *("focus_allocation_targets", "focus_allocation_shares", "focus_allocated_cost"),
    *("focus_allocation_check", "focus_chargeback_lines", "focus_chargeback"),
)
TABLES = ("focus_fx_rates", "focus_closings", "focus_statements")


@dataclass(frozen=True)
class BenchOptions:
    """Options of the bench."""

    engine: str = option("duckdb or trino", "duckdb")
    rows: int = option("rows of the month's summary", 1_000_000)
    rounds: int = option("how often the question is asked", 3)


def main(options: BenchOptions) -> int:
    """Ask for the chargeback; 1 if a cost was lost or gained."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "lake")
        write_reference(root)
        write_days(root / "days" / "part-0.parquet", options.rows)
        with opened(options.engine, root, Path(folder, "work")) as (engine, lake):
            deploy(engine, root, lake, options.engine)
            return measure(engine, options)


def measure(engine: Engine, options: BenchOptions) -> int:
    """Time the question, then see that nothing was lost."""
    taken = []
    for _ in range(options.rounds):
        started, processor = time.perf_counter(), time.process_time()
        rows = engine.query(QUESTION)
        taken.append(time.perf_counter() - started)
        used = time.process_time() - processor
        print(
            f"{options.engine}: {taken[-1]:.2f} s, {used:.2f} s of this process, {len(rows)} rows"
        )
    wrong = [row for row in engine.query(CHECK) if row[3] or row[4]]
    print(
        f"chargeback of one month, {options.rows:,} summary rows, {RULES} rules, {PAYERS} payers: "
        f"{min(taken):.2f} s at best; {len(wrong)} differences"
    )
    return 1 if wrong else 0


def deploy(engine: Engine, root: Path, lake: str, kind: str) -> None:
    """The allocation's tables and views over the made summary, and nothing else."""
    reference = state.settle(storage.at(str(root))).reference
    place = render.CatalogPlace("focus", lake)
    run: Callable[[str], None] = engine.run
    for sql in engine.prepare():
        run(sql)
    for table in render.shared_tables(place):
        if table.name in TABLES or table.name.startswith("focus_reference_"):
            (root / table.data).mkdir(parents=True, exist_ok=True)
            for sql in engine.create_table(table):
                run(sql)
    run(days_table(root, lake, kind))
    for view in render.shared_views([declare.load("aws")], place, reference):
        if view.name in VIEWS:
            for sql in engine.replace_view(view):
                run(sql)


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
    import trino_server
    from focus_lake.catalog.engines.trino import Trino

    work.mkdir()
    with trino_server.running(root, work) as server:
        place = render.CatalogPlace("focus", server.location)
        yield Trino("127.0.0.1", server.port, "hive", "bench", place), server.location


if __name__ == "__main__":
    sys.exit(run_job(BenchOptions, "times the chargeback of a month", main))
