"""Record the columns of every view in sql/contract.csv, the promise that readers build on.

Run it only to change that promise on purpose; a test then asks for a line in CHANGELOG.md.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import io
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = ROOT / "sql" / "contract.csv"
sys.path.insert(0, str(ROOT / "lib"))

# How an engine's type is called in the contract, which uses Hive's names.
NAMES = {
    "VARCHAR": "string",
    "TIMESTAMP": "timestamp",
    "DECIMAL(38,18)": "decimal(38,18)",
    "DECIMAL(38,6)": "decimal(38,6)",
    "DECIMAL(20,12)": "decimal(20,12)",
    "DECIMAL(38,6)[]": "array<decimal(38,6)>",
    "array(decimal(38,6))": "array<decimal(38,6)>",
    "MAP(VARCHAR, VARCHAR)": "map<string,string>",
    "BIGINT": "bigint",
    "DATE": "date",
    "BOOLEAN": "boolean",
    "timestamp(3)": "timestamp",
}


# Kept rows that other views add up, and the measures by subject; nobody asks them.
PARTS = (
    *("focus_allocation_shares", "focus_charge_days", "focus_resource_tags", "focus_tag_costs"),
    *("focus_mapping_costs", "focus_invoice_costs", "focus_tag_compliance"),
    *("focus_batch_measures", "focus_export_measures", "focus_owner_measures"),
)


def contract_type(engine_type: str) -> str:
    """The contract's name of a type of DuckDB or Trino; KeyError for a type views may not have.

    Trino tells the length of a text that only literals make, which says nothing to a reader.
    """
    plain = re.sub(r"(?i)^varchar\(\d+\)$", "varchar", engine_type)
    return NAMES.get(plain) or NAMES[plain.upper()]


def main() -> int:
    """Deploy an empty lake on DuckDB and write down what its views look like."""
    import duckdb

    from focus_lake.catalog import job
    from focus_lake.options import parse

    with tempfile.TemporaryDirectory() as lake:
        with contextlib.redirect_stdout(io.StringIO()):
            code = job.main(parse(job.RefreshOptions, ["--engine", "duckdb", "--lake", lake]))
        if code:
            return code
        with duckdb.connect(f"{lake}/focus.duckdb", read_only=True) as connection:
            rows = connection.execute(
                "SELECT table_name, column_name, data_type FROM duckdb_columns() "
                "WHERE NOT internal ORDER BY table_name, column_index"
            ).fetchall()
    with CONTRACT.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["view", "column", "type"])
        for view, column, type_ in rows:
            if not is_table(view):
                writer.writerow([view, column, contract_type(type_)])
    mark = hashlib.sha256(CONTRACT.read_bytes()).hexdigest()[:12]
    print(f"{CONTRACT}: recorded. Say in CHANGELOG.md what changed: view contract {mark}")
    return 0


def is_table(name: str) -> bool:
    """Tables may change, and what focus_daily is made of; only the other views are promised."""
    shared = ("focus_batches", "focus_fx_rates", "focus_ledger_journal", "focus_runs")
    shared += ("focus_audit_lines", "focus_alert_lines")
    shared += ("focus_closings", "focus_statements", "focus_metric_history")
    ends = ("_normalized", "_rejected", "_by_day", "_live")
    if name.endswith("_daily") and name != "focus_daily":
        return True
    from focus_lake.reference import kinds

    derived = [
        f"focus_{kind.called}" for kind in kinds.table().values() if kind.format == "derived"
    ]
    from focus_lake.catalog import kept

    computing = [one.computed_by for one in kept.every()]
    inner = (*shared, *derived, *computing, *PARTS)
    starts = ("focus_reference_", "focus_kept_")
    return name in inner or name.startswith(starts) or name.endswith(ends)


if __name__ == "__main__":
    sys.exit(main())
