"""The publishing job: pages into ``<lake>/reports/``, the board report once a month by mail.

``reports/YYYYMMDD/`` holds the pages of a day, ``reports/latest/`` those of the newest run. The
board report of a month that is over lies in ``reports/board/YYYYMM/``, with ``sent.json`` once SES
has taken it: a run that fails before that line is followed by one that sends again. The mail has it
attached, or links to it (``--board_by``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.message import EmailMessage

from focus_lake.allocation.rules import month_after
from focus_lake.catalog.options import EngineOptions, open_engine
from focus_lake.catalog.render import CatalogPlace, check_database
from focus_lake.errors import OptionsError
from focus_lake.log import Log, utc_now
from focus_lake.options import option
from focus_lake.records import runs
from focus_lake.report import facts, mail, pdf, site
from focus_lake.report.board import Chosen
from focus_lake.report.facts import Facts
from focus_lake.report.questions import Answers, ask
from focus_lake.storage import Store, at
from focus_lake.storage.s3 import S3Store

LATEST = "reports/latest"
WAYS = ("attachment", "link")
LINK_SECONDS = 7 * 24 * 3600  # the longest that S3 allows; a role's session ends sooner


@dataclass(frozen=True, kw_only=True)
class PublishOptions(EngineOptions):
    """Options of publish_reports.py."""

    masked: bool = option("without names of accounts and people; false: with them", True)
    board_to: tuple[str, ...] = option("who gets the board report by mail, comma-separated", ())
    board_from: str = option("the mail's sender, an address that Amazon SES has verified", "")
    board_by: str = option("attachment, or link: presigned, opens for hours only", WAYS[0])
    board_day: int = option("from this day of the month on, the month before is reported", 5)
    today: str = option("the day of the folder; empty: today, UTC", "")
    ses_endpoint: str = option("address of an SES-compatible server, instead of AWS", "")


def main(options: PublishOptions, log: Log | None = None) -> int:
    """Publish; 0 all is out, 1 a view was missing or a mail did not leave (said which)."""
    log = log or Log()
    day = _checked(options)
    lake = at(options.lake, options.s3_endpoint or None)
    if not lake.exists():
        raise OptionsError(f"--lake {options.lake}: there is no such folder")
    with runs.recorded(lake, "publish_reports", options, log) as run:
        answers, found = _asked(options, lake, log)
        problems = [
            f"{name} is missing on the pages: {why}" for name, why in answers.missing.items()
        ]
        run.counts = {"files": _site(answers, found, lake, day)}
        try:
            run.counts["mails"] = _board(answers, options, lake, day)
        except mail.NotSent as error:
            problems.append(str(error))
        for problem in problems:
            log.event("report incomplete", "error", reason=problem)
            print(f"INCOMPLETE {problem}")
        run.refusals, run.exit_code = problems, int(bool(problems))
    if not pdf.is_possible():
        print("no PDF: typst and its fonts are not installed; the board report is HTML alone")
    print(f"{run.counts['files']} files in {lake.url(LATEST)}/, also under {day:%Y%m%d}/")
    return run.exit_code


def _checked(options: PublishOptions) -> date:
    """The day that is published; OptionsError for options that cannot be used."""
    options.check_engine()
    if not 1 <= options.board_day <= 28:
        raise OptionsError(f"--board_day {options.board_day}: write a day from 1 to 28")
    if options.board_by not in WAYS:
        raise OptionsError(f"--board_by {options.board_by}: write {' or '.join(WAYS)}")
    if options.board_by == "link" and not options.lake.startswith("s3://"):
        raise OptionsError(
            f"--board_by link: {options.lake} is not on S3, nobody could open a link to it; write "
            "--board_by attachment"
        )
    check_database(options.database)
    mail.check(options.board_from, options.board_to)
    try:
        return date.fromisoformat(options.today) if options.today else datetime.now(UTC).date()
    except ValueError:
        raise OptionsError(f"--today {options.today}: write a day, such as 2026-01-31") from None


def _asked(options: PublishOptions, lake: Store, log: Log) -> tuple[Answers, Facts]:
    place = CatalogPlace(options.database, lake.root)
    engine = open_engine(options, lake, place, log)
    try:
        found = facts.ask(engine.query, options.database)
        return ask(engine.query, options.database, options.masked), found
    finally:
        engine.close()


def _site(answers: Answers, found: Facts, lake: Store, day: date) -> int:
    """Write the day's folder, then `latest`; its index last, so that no link leads to nothing."""
    files = dict(site.pages(answers, found, _midnight(day)))
    last = sorted(files, key=lambda name: (name == "index.html", name))
    for folder in (f"reports/{day:%Y%m%d}", LATEST):
        _put(lake, folder, {name: files[name] for name in last})
    for entry in list(lake.list(LATEST)):
        if entry.path.removeprefix(f"{LATEST}/") not in files:  # a department that is gone
            lake.delete(entry.path)
    return len(files)


def _midnight(day: date) -> datetime:
    """The time that stands on the pages: a day that is published twice gives the same bytes."""
    return datetime.combine(day, time(), UTC)


def _put(lake: Store, folder: str, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        with lake.writer(f"{folder}/{name}") as target:
            target.write(content)


def _board(answers: Answers, options: PublishOptions, lake: Store, day: date) -> int:
    """Report the month before, if it is time and was not yet; the number of mails sent."""
    month = month_after(f"{day:%Y%m}", -1)
    folder = f"reports/board/{month}"
    if day.day < options.board_day or lake.read(f"{folder}/sent.json")[0] is not None:
        return 0
    if month not in answers.months():
        raise mail.NotSent(
            f"no board report of {month}: the lake has no cost of that month; once its bills are "
            "published, the next run reports it"
        )
    files = dict(site.of_board(answers, _midnight(day), Chosen(month, month)))
    _put(lake, folder, files)
    if not options.board_to:
        return 0
    message = _message(options, lake, folder, files)
    sent = {
        "at": utc_now(),
        "to": list(options.board_to),
        "message_id": mail.send(message, options.region, options.ses_endpoint),
    }
    lake.put_if(f"{folder}/sent.json", json.dumps(sent).encode(), None)
    return 1


def _message(
    options: PublishOptions, lake: Store, folder: str, files: Mapping[str, bytes]
) -> EmailMessage:
    """The mail: with the files, or with a link to each."""
    month = folder.rpartition("/")[2]
    told = f"The cost report of {month[:4]}-{month[4:]}"
    text, attached = f"{told} is attached.", files
    if isinstance(lake, S3Store) and options.board_by == "link":
        links = [lake.link(f"{folder}/{name}", LINK_SECONDS, options.region) for name in files]
        text = "\n\n".join((f"{told}:", *links, ENDS))
        attached = {}
    text += f"\n\nIt stays in {lake.url(folder)}/.\n"
    return mail.written(options.board_from, options.board_to, told, text, attached)


ENDS = (
    "Open it today: a link ends with the session of the job that signed it, hours after this mail. "
    "Whoever has the link can open the report until then."
)
