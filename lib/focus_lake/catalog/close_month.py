"""The closing job: refresh, freeze the month's statement, say what it holds."""

from __future__ import annotations

from dataclasses import dataclass, fields

from focus_lake.allocation import closing
from focus_lake.allocation.closing import Closing, ClosingRefused
from focus_lake.catalog import job
from focus_lake.catalog.job import RefreshOptions
from focus_lake.catalog.options import DeployOptions, open_engine
from focus_lake.catalog.render import CatalogPlace
from focus_lake.errors import FocusLakeError, OptionsError
from focus_lake.log import Log
from focus_lake.options import option
from focus_lake.records import runs
from focus_lake.storage import Places


@dataclass(frozen=True, kw_only=True)
class CloseOptions(DeployOptions):
    """Options of close_month.py; the others are those of refresh_catalog.py."""

    yearmonth: str = option("the month to close, YYYYMM, or last: the month before this one")

    def refresh(self) -> RefreshOptions:
        """The same for the refresh."""
        return RefreshOptions(
            **{item.name: getattr(self, item.name) for item in fields(DeployOptions)}
        )


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
    engine = open_engine(options, lake, place, log)
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
