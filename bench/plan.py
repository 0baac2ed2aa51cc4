"""How fast plans, policies and what on-call looks at answer: every view, over thirteen months.

Aims: 2 s on DuckDB and 5 s on Trino with 10 million line items. The lake is that of queries.py with
reference data of its own: the examples, budgets of every scope, and a policy on each view that they
may look at. The refresh works most of it out and keeps it, so it is told, too: the first one, and
one with nothing new. `python bench/plan.py --folder build/bench` runs this part alone.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import queries

from focus_lake.catalog import kept, sources
from focus_lake.options import option, run_job

PLANS = range(14, 23)  # folders of sql/ with plans, their measures and policies
STEPS = ("15_plan_series", "16_plan_methods", "19_pipeline_measures")  # asked by the refresh alone
ON_CALL = (
    *("focus_delivery_status", "focus_invoice_reconciliation", "focus_tag_coverage"),
    *("focus_mapping_gaps", "focus_alert_lines"),
)
LARGEST = """
SELECT {0}, CAST(SUM(EffectiveCost) AS bigint) FROM focus_daily
WHERE yearmonth = '202601' AND {0} <> '' AND BillingCurrency = 'CNY'
GROUP BY 1 ORDER BY 2 DESC LIMIT 20
"""
CENTERS = "SELECT DISTINCT TRIM(x_CostCenter) FROM focus_daily WHERE TRIM(x_CostCenter) <> ''"
OF_EXAMPLES = {"customer-success", "platform", "research", "CC-1001", "CC-1002", "4711"}
SCOPES = {"account": "SubAccountId", "service": "ServiceName", "cost_center": "TRIM(x_CostCenter)"}
CONDITIONS = {  # one policy a view
    "focus_budget_status": 'x_Level = ["critical", "exceeded"]',
    "focus_cost_anomalies": 'x_Scope = "service", x_Impact = { at_least = 500 }',
    "focus_pipeline_metrics": "met = false",
    "focus_delivery_status": "x_IsLate = true",
    "focus_invoice_reconciliation": 'x_Verdict = "differs"',
    "focus_mapping_gaps": "x_UnmappedRowCount = { at_least = 1 }",
    "focus_tag_coverage": "x_Coverage = { below = 0.5 }",
    "focus_commitments": "x_Utilisation = { below = 0.8 }",
    "focus_waste": "x_Cost = { at_least = 100 }",
    "focus_unit_cost": "x_Change = { at_least = 0.1 }",
}


@dataclass(frozen=True)
class PlanOptions:
    """Options of this part alone."""

    rows: int = option("line items in thirteen months", 10_000_000)
    folder: str = option("where data are made and kept", "build/bench")


def run(folder: Path, rows: int) -> dict[str, float]:
    """Engine -> seconds of the slowest view; an engine that cannot be had is told and left out."""
    lake = _lake(folder, rows)
    print(f"plans, policies and on-call, {rows:,} line items in {queries.MONTHS} months:")
    where = ("--engine", "duckdb", "--lake", str(lake))
    _refreshed("DuckDB, the first refresh", lambda: queries.refresh(*where))
    _plan(lake)
    _refreshed("DuckDB, with budgets, rules and policies", lambda: queries.refresh(*where))
    _refreshed("DuckDB, nothing new", lambda: queries.refresh(*where))
    found = {"DuckDB": _on_duckdb(lake)}
    if script := queries.trino_server():
        found["Trino"] = _on_trino(lake, script)
    for name in sorted(asked(), key=lambda name: max(found[engine][name] for engine in found)):
        told = ", ".join(f"{engine} {seconds[name]:.2f} s" for engine, seconds in found.items())
        print(f"  {name:<34} {told}", flush=True)
    return {engine: max(seconds.values()) for engine, seconds in found.items()}


def asked() -> list[str]:
    """The views that people, pages and alerts ask."""
    inner = {one.computed_by for one in kept.every()}
    plans = [
        source.stem
        for source in sources.tree()
        if source.order in PLANS and source.folder not in STEPS and source.stem not in inner
    ]
    return sorted({*plans, *ON_CALL} - {"focus_metrics_now"})


def question(view: str, columns: list[str]) -> str:
    """Every value of the view, in one row."""
    counts = ", ".join(f'COUNT("{column}")' for column in columns)
    return f"SELECT {counts} FROM {view}"


def _refreshed(what: str, refresh: Callable[[], object]) -> None:
    start, before = time.perf_counter(), _children()
    refresh()
    seconds, processor = time.perf_counter() - start, _children() - before
    print(f"  {what}: {seconds:.1f} s, {processor:.1f} processor seconds", flush=True)


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _on_duckdb(lake: Path) -> dict[str, float]:
    with duckdb.connect(str(lake / "focus.duckdb"), read_only=True) as connection:
        return _timed(lambda sql: connection.execute(sql).fetchall())


def _on_trino(lake: Path, script) -> dict[str, float]:
    import trino

    with (
        tempfile.TemporaryDirectory(dir=lake.parent) as work,
        script.running(lake, Path(work)) as server,
    ):
        where = ("--trino_port", str(server.port), "--location", server.location)
        where = ("--engine", "trino", "--lake", str(lake), *where)
        _refreshed("Trino, its refresh without the server's part", lambda: queries.refresh(*where))
        connection = trino.dbapi.connect(
            host="127.0.0.1", port=server.port, user="bench", catalog="hive", schema="focus"
        )
        cursor = connection.cursor()
        return _timed(lambda sql: cursor.execute(sql).fetchall())


def _timed(ask: Callable[[str], list]) -> dict[str, float]:
    """Seconds of each view, by a connection's way to ask."""
    found = {}
    for view in asked():
        sql = question(view, [row[0] for row in ask(f"DESCRIBE {view}")])
        found[view] = queries.timed(lambda sql=sql: ask(sql))
    return found


def _lake(folder: Path, rows: int) -> Path:
    """The lake of the ten questions by hard links, without its catalog and what was kept."""
    made, lake = queries.made_lake(folder, rows), folder / "plan" / "lake"
    shutil.rmtree(lake.parent, ignore_errors=True)
    for part in ("ledger", "normalized", "daily"):
        shutil.copytree(made / part, lake / part, copy_function=os.link)
    return lake


def _plan(lake: Path) -> None:
    """Reference data: budgets of what costs most, a policy on each view, and the examples."""
    budgets = ["name,scope,value,period,currency,amount,owner"]
    budgets.append("Year,all,,2026,CNY,100000000,finance@example.com")
    centers = ["cost_center,department,business_unit"]
    with duckdb.connect(str(lake / "focus.duckdb"), read_only=True) as connection:
        for scope, column in SCOPES.items():
            for value, cost in connection.execute(LARGEST.format(column)).fetchall():
                budgets.append(f'{scope} {value},{scope},"{value}",202601,CNY,{cost},a@example.com')
        named = {value for (value,) in connection.execute(CENTERS).fetchall()} | OF_EXAMPLES
    for place, value in enumerate(sorted(named)):
        centers.append(f'"{value}",Department {place % 9},Unit {place % 3}')
    files = {"budgets/b.csv": budgets, "cost_centers/c.csv": centers}
    policies = "\n".join(
        f'[[policy]]\nid = "{view}"\ntitle = "{view}"\nview = "{view}"\nseverity = "ticket"\n'
        f'route = "finance"\nmode = "active"\nactive_from = 2026-01-01\nmatch = {{ {match} }}\n'
        for view, match in CONDITIONS.items()
    )
    files["policies/p.toml"] = [policies]
    files["outcomes/o.csv"] = ["month,outcome,department,application,quantity"]
    files["outcomes/o.csv"] += [f"20250{month},order,,,{month}000" for month in range(1, 10)]
    for name, lines in files.items():
        (lake / "reference" / name).parent.mkdir(parents=True)
        (lake / "reference" / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    queries.job([sys.executable, "-m", "focus_lake.reference", "example", "--lake", str(lake)])


def main(options: PlanOptions) -> int:
    """Measure, and print the slowest view of each engine."""
    for engine, seconds in run(Path(options.folder).absolute(), options.rows).items():
        print(f"slowest view of plans on {engine}: {seconds:.2f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(run_job(PlanOptions, __doc__.splitlines()[0], main))
