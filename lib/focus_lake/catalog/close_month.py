"""The closing job: refresh, freeze the month's statement, say what it holds."""

from __future__ import annotations

from dataclasses import dataclass, fields

from focus_lake.allocation import closing
from focus_lake.allocation.closing import Closing, ClosingRefused
from focus_lake.catalog import job
from focus_lake.catalog.job import RefreshOptions
from focus_lake.catalog.render import CatalogPlace
from focus_lake.errors import FocusLakeError, OptionsError
from focus_lake.log import Log
from focus_lake.options import option
from focus_lake.records import runs
from focus_lake.storage import Places


@dataclass(frozen=True)
class CloseOptions:
    """Options of close_month.py; the others are those of refresh_catalog.py."""

    yearmonth: str = option("the month to close, YYYYMM, or last: the month before this one")
    engine: str = option("athena, trino or duckdb")
    lake: str = option("the lake: folder or s3://bucket/prefix")
    database: str = option("database (DuckDB: name of the file in the lake)", "focus")
    declarations: str = option("folder of your own NAME.toml and focus_NAME.sql", "")
    reporting_currency: str = option("currency that costs are converted to, ISO 4217", "USD")
    other_tools: bool = option("deploy focus_consolidation_view for AWS's FOCUS dashboard", False)
    location: str = option("the lake as the engine's tables spell it, if not as --lake", "")
    s3_endpoint: str = option("S3-compatible endpoint to list and read the lake", "")
    workgroup: str = option("Athena: workgroup", "primary")
    output_location: str = option("Athena: s3:// folder of results, if the workgroup has none", "")
    region: str = option("Athena: AWS region, if the environment names none", "")
    trino_host: str = option("Trino: host", "127.0.0.1")
    trino_port: int = option("Trino: port", 8080)
    trino_catalog: str = option("Trino: catalog of the Hive connector", "hive")
    trino_user: str = option("Trino: user", "focus_lake")

    def refresh(self) -> RefreshOptions:
        """The same for the refresh."""
        own = {item.name for item in fields(self)} & {item.name for item in fields(RefreshOptions)}
        return RefreshOptions(**{name: getattr(self, name) for name in own})


def main(options: CloseOptions, log: Log | None = None) -> int:
    """Close the month; 0 closed, now or before without a change, 1 refused."""
    log = log or Log()
    month = closing.last_month() if options.yearmonth == "last" else options.yearmonth
    closing.check_month(month)
    places = Places.open(
        options.lake, declarations=options.declarations, endpoint=options.s3_endpoint
    )
    with runs.recorded(places.lake, "close_month", options, log) as run:
        try:
            run.exit_code = _close(options, month, places, log, run)
        except OptionsError:
            raise
        except FocusLakeError as error:
            log.event("closing refused", "error", yearmonth=month, reason=str(error))
            print(f"not closed: {error}")
            run.refusals.append(str(error))
            run.exit_code = 1
        return run.exit_code


def _close(options: CloseOptions, month: str, places: Places, log: Log, run: runs.Run) -> int:
    if job.main(options.refresh(), log):
        raise ClosingRefused(f"{month}: the refresh before it failed, see above; correct that")
    lake = places.lake
    place = CatalogPlace(options.database, options.location or lake.root)
    engine = job.open_engine(options.refresh(), lake, place, log)
    try:
        made, now = closing.close(engine.query, lake, options.database, month, run.who)
    finally:
        engine.close()
    if not now:
        print(f"{month} was closed on {made.closed_at[:10]} already; nothing has changed since")
        return 0
    run.counts = {"lines": made.line_count}
    log.event("month closed", yearmonth=month, statement=made.statement, lines=made.line_count)
    _tell(made)
    # DuckDB's views were made when there was no statement yet.
    return job.main(options.refresh(), log) if options.engine == "duckdb" else 0


def _tell(made: Closing) -> None:
    totals = ", ".join(f"{currency} {total}" for currency, total in made.totals.items())
    billed = totals or "nothing"
    print(
        f"{made.yearmonth} is closed: {made.line_count} lines, billed {billed}; rests on "
        f"{len(made.batches)} batches, rules {made.rules_digest}; statement {made.statement}"
    )
