"""The refresh job: options in, exit code out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from focus_lake.catalog import currency, kept, render
from focus_lake.catalog.options import DeployOptions, open_engine
from focus_lake.catalog.refresh import RATES, Refresh, RefreshOutcome
from focus_lake.errors import FocusLakeError, OptionsError
from focus_lake.log import Log
from focus_lake.options import option
from focus_lake.records import masking, runs
from focus_lake.storage import Places

SHOWN = 5  # late exports that are named; the view has all


@dataclass(frozen=True, kw_only=True)
class RefreshOptions(DeployOptions):
    """Options of refresh_catalog.py."""

    providers: tuple[str, ...] = option("refresh only these, comma-separated", ())
    dry_run: bool = option("change nothing, print what would be run and deleted", False, ("plan",))
    expire_superseded_days: int = option(
        "delete data of superseded batches published more than this many days ago; 0: keep all", 0
    )


def main(options: RefreshOptions, log: Log | None = None) -> int:
    """Run the refresh; 0 all done, 1 a provider or the deployment failed."""
    log = log or Log()
    _check(options)
    places = Places.open(
        options.lake, declarations=options.declarations, endpoint=options.s3_endpoint
    )
    if options.dry_run:
        return _refreshed(options, places, log, runs.Run("refresh_catalog", log.run_id, "", ""))
    with runs.recorded(places.lake, "refresh_catalog", options, log) as run:
        run.exit_code = _refreshed(options, places, log, run)
        return run.exit_code


def _refreshed(options: RefreshOptions, places: Places, log: Log, run: runs.Run) -> int:
    """Refresh, say what was done, and note it for the history; the exit code."""
    try:
        outcome = _refresh(options, places, log)
    except OptionsError:
        raise
    except FocusLakeError as error:
        log.event("refresh failed", "error", reason=str(error))
        print(f"The catalog could not be refreshed: {error}")
        run.refusals.append(str(error))
        return 1
    if not options.dry_run:
        _tell(options, outcome)
    run.counts = {
        "providers": len(outcome.live),
        "failed": len(outcome.failed),
        "live_batches": sum(len(chosen.batches) for chosen in outcome.live.values()),
        "expired_batches": sum(len(expiry.folders) for expiry in outcome.expired),
        "late_exports": len(outcome.late),
        "statements": outcome.statements,
    }
    run.refusals += [f"{name}: {reason}" for name, reason in sorted(outcome.failed.items())]
    return 1 if outcome.failed else 0


def _check(options: RefreshOptions) -> None:
    options.check_engine()
    if options.expire_superseded_days < 0:
        raise OptionsError("--expire_superseded_days: a number of days, or 0 to keep all")
    currency.check_code(options.reporting_currency)
    render.check_database(options.database)
    lake = options.location or options.lake
    if options.engine == "athena" and not lake.startswith("s3://"):
        raise OptionsError(f"--lake {lake}: Athena reads s3:// only")
    if options.engine == "trino" and "://" not in lake:
        folder = Path(lake).absolute()
        raise OptionsError(
            f"--{'location' if options.location else 'lake'} {lake}: Trino reads no path of a "
            "folder; say with --location how the server spells it, for example --location "
            f"local:///{folder.name} if local.location of its catalog is {folder.parent} "
            "(as in deploy/docker/trino/hive.properties)"
        )


def _refresh(options: RefreshOptions, places: Places, log: Log) -> RefreshOutcome:
    lake = places.lake
    place = render.CatalogPlace(
        options.database,
        options.location or lake.root,
        options.reporting_currency,
        masking.key(lake, make=not options.dry_run),
        options.other_tools,
    )
    engine = open_engine(options, lake, place, log)
    try:
        show = _show if options.dry_run else None
        refresh = Refresh(places, engine, place, log, show)
        return refresh.run(options.providers, options.expire_superseded_days)
    finally:
        engine.close()


def _show(sql: str) -> None:
    print(sql.rstrip() + ";\n")


def _tell(options: RefreshOptions, outcome: RefreshOutcome) -> None:
    """The last lines, in words."""
    for name, chosen in sorted(outcome.live.items()):
        months = sorted({key.yearmonth for key in chosen.batches})
        span = f"{months[0]} to {months[-1]}" if months else "nothing published yet, view is empty"
        print(f"{name}: {len(chosen.batches)} live batches, {span}")
    for expiry in outcome.expired:
        print(f"{expiry.provider}: {len(expiry.folders)} superseded folders deleted")
    for text in outcome.warnings:
        print(f"note: {text}")
    for one in outcome.late[:SHOWN]:
        print(f"LATE {one}")
    if len(outcome.late) > SHOWN:
        print(f"LATE {len(outcome.late) - SHOWN} more exports: see focus_delivery_status")
    for name, reason in sorted(outcome.failed.items()):
        is_new = name == RATES or name.startswith(f"{kept.FOLDER} ")
        print(f"FAILED {name}{'' if is_new else ' (as before in the catalog)'}: {reason}")
    print(f"{outcome.statements} statements on {options.engine}, database {options.database}")
