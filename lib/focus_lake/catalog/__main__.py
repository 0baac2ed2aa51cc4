"""python -m focus_lake.catalog --out build/sql: write sql/ rendered, for reading and pasting."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from focus_lake import declare
from focus_lake.catalog import currency, render
from focus_lake.lake import ledger, live
from focus_lake.options import option, run_job
from focus_lake.reference import state
from focus_lake.storage import Places


@dataclass(frozen=True)
class RenderOptions:
    """Options of the rendering."""

    out: str = option("folder to write NUMBER_FOLDER/OBJECT.sql into", "build/sql")
    lake: str = option("lake whose ledger gives the live batches", "build/lake")
    location: str = option("the lake as Athena spells it", "s3://your-bucket/lake")
    database: str = option("database", "focus")
    reporting_currency: str = option("currency that costs are converted to, ISO 4217", "USD")
    declarations: str = option("folder of your own NAME.toml and focus_NAME.sql", "")
    s3_endpoint: str = option("address of an S3-compatible server, instead of AWS", "")


def main(options: RenderOptions) -> int:
    """Write one file an object; 0 when all are written."""
    currency.check_code(options.reporting_currency)
    place = render.CatalogPlace(options.database, options.location, options.reporting_currency)
    end = options.s3_endpoint
    places = Places.open(options.lake, declarations=options.declarations, endpoint=end, new=True)
    lake, extra = places.lake, places.declarations
    declared = [declare.load(name, extra) for name in declare.names(extra)]
    statements = render.shared_tables(place)
    for one in declared:
        chosen = live.choose(ledger.read_all(lake, one.name), one.delivery)
        statements += render.of_provider(one, chosen, place, extra)
    statements += render.shared_views(declared, place, state.settle(lake, write=False).reference)
    for statement in statements:
        path = Path(options.out, statement.path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(statement.sql, encoding="utf-8")
    print(f"{len(statements)} statements of Athena SQL in {options.out}, in deploy order by name")
    return 0


if __name__ == "__main__":
    sys.exit(run_job(RenderOptions, "render sql/ into a folder", main))
