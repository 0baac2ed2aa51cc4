"""The command: python -m focus_lake.report conformance --lake DIR --html FILE."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from focus_lake.errors import OptionsError
from focus_lake.options import option, run_job
from focus_lake.report import facts, page

PAGES = ("conformance",)


@dataclass(frozen=True)
class ReportOptions:
    """Options of the page."""

    lake: str = option("folder of the lake, with the catalog that refresh_catalog.py made in it")
    html: str = option("file to write; it needs nothing but itself")
    database: str = option("name of the catalog: the file in the lake without .duckdb", "focus")


def main(options: ReportOptions) -> int:
    """Write the page; OptionsError where the lake has no catalog."""
    catalog = Path(options.lake, f"{options.database}.duckdb")
    if options.lake.startswith("s3://") or not catalog.is_file():
        raise OptionsError(
            f"{catalog} is no catalog on this disk: run jobs/refresh_catalog.py --engine duckdb "
            f"--lake {options.lake} first"
        )
    found = facts.read(catalog)
    target = Path(options.html)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page.render(found, datetime.now(UTC)), encoding="utf-8")
    print(f"{target}: {len(found.providers)} providers, {len(found.open_gaps())} open gaps")
    return 0


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in PAGES:
        del sys.argv[1]
    elif not {"-h", "--help"} & set(sys.argv):
        sys.exit(f"which page? python -m focus_lake.report {PAGES[0]} --lake DIR --html FILE")
    sys.exit(run_job(ReportOptions, __doc__, main))
