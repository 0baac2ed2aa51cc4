"""python -m focus_lake.allocation check, explain, shadow, promote RULE or keys: see to who pays."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from focus_lake.allocation import idle, statement
from focus_lake.allocation import keys as key_files
from focus_lake.allocation import promote as promotion
from focus_lake.allocation.money import EXACT
from focus_lake.errors import OptionsError
from focus_lake.options import command, option, run_job
from focus_lake.reference.read import read, strangers
from focus_lake.reference.types import MONTH
from focus_lake.storage import Places

Query = Callable[[str], list[tuple]]
TOGETHER = (
    "  (the change is of all of them together; to see one alone, set the status of the others to "
    '"retired", refresh, and ask again)'
)


@dataclass(frozen=True)
class AllocationOptions:
    """Options of all five; all but check read the DuckDB catalog in the lake."""

    lake: str = option("the lake: folder (check also s3://bucket/prefix)", "build/lake")
    department: str = option("explain: whose statement", "")
    yearmonth: str = option("the month, YYYYMM; without it shadow: the newest, keys: all", "")
    rule: str = option("promote: id of the rule in shadow", "")
    anyway: bool = option("promote: even if it has been in shadow for less than a week", False)
    dry_run: bool = option("promote, keys: change nothing, show what would be", False)
    provider: str = option("keys: whose rows split clusters", "kubernetes")
    rest: str = option("keys: the cost center that bears what is nobody's; empty: all others", "")
    database: str = option("name of the catalog: the file in the lake without .duckdb", "focus")
    s3_endpoint: str = option("S3-compatible endpoint of the lake", "")


def check(options: AllocationOptions) -> int:
    """Name every fault of the reference data, and rules that match nothing; 0 without a fault."""
    lake = Places.open(options.lake, endpoint=options.s3_endpoint).lake
    sheets = read(lake)
    problems = [text for sheet in sheets.values() for text in sheet.problems] + strangers(lake)
    notes = [text for sheet in sheets.values() for text in sheet.warnings]
    if not problems and Path(options.lake, f"{options.database}.duckdb").is_file():
        notes += list(_idle(_catalog(options)))
    for text in notes:
        print(f"note: {text}")
    for text in problems:
        print(text)
    rules = [row["status"] for row in sheets["allocation"].rows]
    counts = ", ".join(f"{rules.count(state)} {state}" for state in ("active", "shadow", "retired"))
    found = f"{_count(problems, 'fault')}, {_count(notes, 'note')}"
    print(f"{found}; rules: {counts}")
    return 1 if problems else 0


def _count(texts: list[str], what: str) -> str:
    return f"{len(texts)} {what}{'' if len(texts) == 1 else 's'}"


def _idle(query: Query) -> list[str]:
    """Rules that match nothing in the newest month, with their last match."""
    ((newest,),) = query("SELECT MAX(yearmonth) FROM focus_daily")
    found = query(
        "WITH matched AS ("
        " SELECT x_AllocationRule, x_AllocationRuleVersion, yearmonth FROM focus_allocation_trace"
        " WHERE x_Took AND x_AllocationRule IS NOT NULL"
        " UNION ALL SELECT x_AllocationRule, x_AllocationRuleVersion, yearmonth"
        " FROM focus_allocation_shares WHERE x_AllocationRule IS NOT NULL) "
        "SELECT rules.id, rules.version, rules.x_SourceFile, rules.x_SourceLine, "
        "MAX(matched.yearmonth) FROM focus_allocation_rules AS rules LEFT JOIN matched "
        "ON rules.id = matched.x_AllocationRule "
        "AND rules.version = matched.x_AllocationRuleVersion "
        f"WHERE rules.status <> 'retired' AND COALESCE(rules.valid_from, '') <= '{newest}' "
        f"AND COALESCE(rules.valid_until, '999999') >= '{newest}' GROUP BY 1, 2, 3, 4 ORDER BY 3, 4"
    )
    return [
        idle.text(file, line, name, version, newest, last)
        for name, version, file, line, last in found
        if last != newest
    ]


def explain(options: AllocationOptions) -> int:
    """Print a department's statement."""
    if not options.department or not options.yearmonth:
        raise OptionsError("explain needs --department and --yearmonth")
    print(statement.text(_catalog(options), options.department, _month(options.yearmonth)))
    return 0


def _month(text: str) -> str:
    """YYYYMM of a month that was written either way."""
    found = MONTH.fullmatch(text)
    if not found:
        raise OptionsError(f"--yearmonth {text}: must be a month, such as 202601")
    return found[1] + found[2]


def shadow(options: AllocationOptions) -> int:
    """Print what the rules in shadow would change, by payer."""
    query = _catalog(options)
    months = [month for (month,) in query("SELECT DISTINCT yearmonth FROM focus_allocated_cost")]
    month = _month(options.yearmonth) if options.yearmonth else max(months, default="")
    if month not in months:
        there = ", ".join(sorted(months)) or "no month"
        raise OptionsError(f"--yearmonth {month}: it has no cost; there is {there}")
    print("\n".join(_changes(query, month)))
    return 0


def _changes(query: Query, month: str) -> list[str]:
    rules = query(
        "SELECT id, version FROM focus_allocation_rules WHERE status = 'shadow' "
        f"AND COALESCE(valid_from, '') <= '{month}' "
        f"AND COALESCE(valid_until, '999999') >= '{month}' ORDER BY x_SourceFile, x_SourceLine"
    )
    if not rules:
        return [f"{month}: no rule that the last refresh saw is in shadow for this month"]
    named = ", ".join(f"{name} version {version}" for name, version in rules)
    title = f"{month}: billed cost by the rules that count, with those in shadow, and the change"
    lines = [title, f"  (in shadow: {named})"]
    if len(rules) > 1:
        lines.append(TOGETHER)
    return [*lines, *_by_payer(query, month)]


def _by_payer(query: Query, month: str) -> list[str]:
    rows = query(
        "SELECT x_Payer, BillingCurrency, SUM(x_ActiveBilledCost), SUM(x_ShadowBilledCost), "
        "SUM(x_BilledCostChange) FROM focus_allocation_shadow "
        f"WHERE yearmonth = '{month}' GROUP BY 1, 2 HAVING SUM(x_BilledCostChange) <> 0 "
        "OR SUM(x_EffectiveCostChange) <> 0 ORDER BY 2, 1"
    )
    if not rows:
        return ["  no payer's cost changes"]
    return [
        f"  {payer:<30} {currency or '-':<4} {_money(now):>28} {_money(then):>28} {_money(by):>28}"
        for payer, currency, now, then, by in rows
    ]


def _money(amount: Decimal) -> str:
    return f"{amount.normalize(EXACT):f}" if amount else "0"


def promote(options: AllocationOptions) -> int:
    """Make a rule in shadow count, after showing what that changes."""
    if not options.rule:
        raise OptionsError("promote needs the id of a rule: promote RULE --lake DIR")
    lake = Places.open(options.lake, endpoint=options.s3_endpoint).lake
    found = promotion.find(lake, options.rule)
    if Path(options.lake, f"{options.database}.duckdb").is_file():
        shadow(options)
    else:
        print("What it changes is in focus_allocation_shadow; there is no DuckDB catalog here")
    since = f"since {found.since}" if found.since else "and no refresh has seen it there yet"
    print(f"{options.rule} version {found.rule['version']} is in shadow {since}")
    if (found.days is None or found.days < promotion.DAYS) and not options.anyway:
        print(
            f"not promoted: a rule is in shadow for {promotion.DAYS} days before it counts; come "
            "back then, or add --anyway true"
        )
        return 1
    if options.dry_run:
        print("nothing was changed (--dry_run)")
        return 0
    print("\n".join(promotion.carry_out(lake, found)))
    print("It counts from the next refresh on: run jobs/refresh_catalog.py")
    return 0


def keys(options: AllocationOptions) -> int:
    """Write allocation_keys from live rows: what each cost center used of each cluster."""
    lake = Places.open(options.lake, endpoint=options.s3_endpoint).lake
    found = key_files.split(
        _catalog(options), options.provider, options.yearmonth, read(lake), options.rest
    )
    print("\n".join(key_files.told(found, options.rest)))
    if options.dry_run:
        print("nothing was written (--dry_run)")
        return 0
    path = key_files.write(lake, options.provider, found)
    print(f"{path} is written; it counts from the next refresh on")
    return 0


def _catalog(options: AllocationOptions) -> Query:
    """The DuckDB catalog of a lake on this disk."""
    import duckdb

    path = Path(options.lake, f"{options.database}.duckdb")
    if options.lake.startswith("s3://") or not path.is_file():
        raise OptionsError(
            f"{path} is not a catalog on this disk: run jobs/refresh_catalog.py --engine duckdb "
            f"--lake {options.lake} first; on Athena ask focus_chargeback_lines and "
            "focus_allocation_shadow"
        )
    connection = duckdb.connect(str(path), read_only=True)
    return lambda sql: connection.execute(sql).fetchall()


COMMANDS = {
    "check": check,
    "explain": explain,
    "shadow": shadow,
    "promote": promote,
    "keys": keys,
}

if __name__ == "__main__":
    run = COMMANDS.get(command("focus_lake.allocation", COMMANDS), check)
    if run is promote and len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        sys.argv[1:2] = ["--rule", sys.argv[1]]
    sys.exit(run_job(AllocationOptions, __doc__, run))
