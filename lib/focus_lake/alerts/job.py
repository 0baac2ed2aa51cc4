"""The alerts job: what policies find now, said to those who act; options in, exit code out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from focus_lake.alerts import messages
from focus_lake.alerts.findings import QUERY, Finding, of_rows
from focus_lake.alerts.messages import Message
from focus_lake.alerts.outbox import Lock, Outbox
from focus_lake.alerts.routes import KINDS, Delivery, Route, Undelivered, parse
from focus_lake.catalog.options import EngineOptions, open_engine
from focus_lake.catalog.render import CatalogPlace, check_database
from focus_lake.errors import FocusLakeError, OptionsError
from focus_lake.log import Log
from focus_lake.options import option
from focus_lake.records import runs
from focus_lake.storage import Store, at


@dataclass(frozen=True, kw_only=True)
class AlertOptions(EngineOptions):
    """Options of send_alerts.py."""

    routes: tuple[str, ...] = option(
        "where to: NAME=sns:ARN, NAME=slack:URL, NAME=teams:URL, NAME=webhook:URL (URL: https, or "
        "secret:NAME of AWS Secrets Manager), NAME=stdout; comma-separated",
        ("on-call=stdout", "finance=stdout"),
    )
    max_a_day: int = option("messages a route and day; the last one holds all that is left", 20)
    today: str = option("the day that policies' dates are held against; empty: today, UTC", "")
    timeout: int = option("seconds that a call may take", 10)
    attempts: int = option("calls for one message, in one run", 3)
    dry_run: bool = option("say on standard output what would be sent; send and record none", False)
    sns_endpoint: str = option("address of an SNS-compatible server, instead of AWS", "")


UNNAMED = "which --routes does not name: add {}=KIND:TARGET to it, KIND one of " + ", ".join(KINDS)


@dataclass
class Told:
    """What a run did."""

    sent: int = 0
    failed: int = 0
    recorded: int = 0
    known: int = 0
    waiting: int = 0


def main(options: AlertOptions, log: Log | None = None) -> int:
    """Send what is new; 0 all delivered, 1 something was not (the next run tries again)."""
    log = log or Log()
    routes = _checked(options)
    today = _today(options.today)
    lake = at(options.lake, options.s3_endpoint or None)
    if not lake.exists():
        raise OptionsError(f"--lake {options.lake}: there is no such folder")
    found = _findings(options, lake, log)
    if options.dry_run:
        return _planned(found, Outbox(lake, log.run_id), today, options.max_a_day)
    with runs.recorded(lake, "send_alerts", options, log) as run, Lock(lake, log.run_id) as lock:
        told = Told()
        outbox = Outbox(lake, log.run_id)
        problems = _say(found, lock, outbox, routes, today, options, told)
        for problem in problems:
            log.event("alert not delivered", "error", reason=problem)
        run.counts, run.refusals = vars(told), problems
        run.exit_code = 1 if problems else 0
    _tell(told, problems)
    return run.exit_code


def _checked(options: AlertOptions) -> dict[str, Route]:
    options.check_engine()
    for name in ("max_a_day", "timeout", "attempts"):
        if (value := getattr(options, name)) < 1:
            raise OptionsError(f"--{name} {value}: write a number of 1 or more")
    check_database(options.database)
    return parse(options.routes)


def _today(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else datetime.now(UTC).date()
    except ValueError:
        raise OptionsError(f"--today {text}: write a day, such as 2026-01-31") from None


def _findings(options: AlertOptions, lake: Store, log: Log) -> list[Finding]:
    engine = open_engine(options, lake, CatalogPlace(options.database, lake.root), log)
    try:
        return of_rows(engine.query(QUERY.format(options.database)))
    finally:
        engine.close()


def _say(
    found: list[Finding],
    lock: Lock,
    outbox: Outbox,
    routes: dict[str, Route],
    today: date,
    options: AlertOptions,
    told: Told,
) -> list[str]:
    """Deliver what waits and what is new; the problems."""
    delivery = Delivery(options.timeout, options.attempts, options.sns_endpoint)
    problems = []
    for message in outbox.waiting():
        lock.renew()
        problems += _delivered(message, routes, delivery, outbox, told)
    new = _new(found, outbox, today, told)
    outbox.write()
    unrouted = {one.route: one for one in new if one.route not in routes}
    problems += [
        f"policy {one.policy} speaks on the route {route}, {UNNAMED.format(route)}"
        for route, one in unrouted.items()
    ]
    wanted = messages.grouped((one for one in new if one.route in routes), today)
    kept = messages.capped(wanted, outbox.sent_on(str(today)), options.max_a_day, today)
    for message in kept:
        lock.renew()
        outbox.begin(message, str(today))
        problems += _delivered(message, routes, delivery, outbox, told)
    kept_findings = sum(len(message.findings) for message in kept)
    told.waiting = len(new) - kept_findings
    return problems


def _new(found: list[Finding], outbox: Outbox, today: date, told: Told) -> list[Finding]:
    """What is to be said now; the rest is recorded, or known."""
    new = []
    outbox.end_others(found)
    for one in found:
        if one.is_quiet:
            told.recorded += outbox.record(one, "quiet")
        elif not one.speaks(today):
            told.recorded += outbox.record(one, "shadow")
        elif outbox.is_new(one):
            new.append(one)
        else:
            told.known += 1
    return new


def _delivered(
    message: Message, routes: dict[str, Route], delivery: Delivery, outbox: Outbox, told: Told
) -> list[str]:
    """Deliver one message and note the outcome; the problem, if there is one."""
    error = None
    if message.route not in routes:
        error = f"a message waits for the route {message.route}, {UNNAMED.format(message.route)}"
    else:
        try:
            delivery.deliver(message, routes[message.route])
        except FocusLakeError as raised:
            error = str(raised)
            if not isinstance(raised, Undelivered):
                error = f"route {message.route}: {raised}"
    outbox.end(message, error)
    told.failed += error is not None
    told.sent += error is None
    return [error] if error else []


def _planned(found: list[Finding], outbox: Outbox, today: date, most: int) -> int:
    """What would be sent, on standard output."""
    new = _new(found, outbox, today, Told())
    for message in [*outbox.waiting(), *messages.grouped(new, today)]:
        print(f"{message.route}: {message.text}\n")
    print(
        f"{len(new)} findings are new; at most {most} messages a route and day. Nothing was sent."
    )
    return 0


def _tell(told: Told, problems: list[str]) -> None:
    for problem in problems:
        print(f"NOT DELIVERED {problem}")
    later = f", {told.waiting} still to be said" if told.waiting else ""
    print(
        f"{told.sent} messages sent, {told.failed} not delivered; findings: {told.known} known, "
        f"{told.recorded} newly recorded without a message{later}."
    )
