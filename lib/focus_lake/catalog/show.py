"""python -m focus_lake.catalog.show --lake build/lake: what the lake says, and how to ask it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from focus_lake.options import option, run_job

QUESTIONS = {
    "Billed cost by provider, month and currency": """
        SELECT x_Provider AS provider, yearmonth, BillingCurrency AS currency,
            SUM(BilledCost) AS billed, SUM(EffectiveCost) AS effective, SUM(x_RowCount) AS charges
        FROM focus_monthly_cost GROUP BY ALL ORDER BY ALL""",
    "Share of effective cost that carries a tag attribute, 1 is all": """
        PIVOT (
            SELECT x_Provider AS provider, yearmonth, BillingCurrency AS currency,
                x_Attribute, x_Coverage FROM focus_tag_coverage
        ) ON x_Attribute USING MAX(x_Coverage) GROUP BY provider, yearmonth, currency
        ORDER BY ALL""",
}
ROWS = 12  # of an answer; the rest is a question away


@dataclass(frozen=True)
class ShowOptions:
    """Options of the display."""

    lake: str = option("the lake's folder", "build/lake")
    database: str = option("name of the catalog file", "focus")


def main(options: ShowOptions) -> int:
    """Print the answers; 1 if there is no catalog yet."""
    import duckdb

    catalog = Path(options.lake, f"{options.database}.duckdb")
    if not catalog.is_file():
        print(f"{catalog} is not there: run jobs/refresh_catalog.py --engine duckdb first")
        return 1
    with duckdb.connect(str(catalog), read_only=True) as connection:
        for title, query in QUESTIONS.items():
            answer = connection.execute(query)
            names = [column[0] for column in answer.description]
            print(f"\n{title}\n{_table(names, answer.fetchall())}")
    example = "SELECT ServiceName, SUM(EffectiveCost) FROM focus_unified GROUP BY 1 ORDER BY 2 DESC"
    print(f"\nYour own question (docs/queries.md has more):\n{_command(catalog, example)}")
    return 0


def _table(names: list[str], rows: list[tuple]) -> str:
    """Rows as aligned text; numbers without the zeros after their last digit."""
    cells = [names, *([_cell(value) for value in row] for row in rows[:ROWS])]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]
    if len(rows) > ROWS:
        lines.append(f"... and {len(rows) - ROWS} more")
    return "\n".join(f"  {line}" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text


def _command(catalog: Path, query: str) -> str:
    program = f"import duckdb; print(duckdb.connect('{catalog}', read_only=True).sql('{query}'))"
    return f'{sys.executable} -c "{program}"'


if __name__ == "__main__":
    sys.exit(run_job(ShowOptions, "show what a lake on this computer says", main))
