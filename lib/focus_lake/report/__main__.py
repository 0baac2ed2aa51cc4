"""The commands: python -m focus_lake.report site|board|conformance --lake DIR ..."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from focus_lake.catalog.engines.duckdb_sql import translate
from focus_lake.errors import CatalogError, OptionsError
from focus_lake.options import command, option, run_job
from focus_lake.report import days, facts, page, questions, site
from focus_lake.report.board import Chosen
from focus_lake.report.questions import Answers


@dataclass(frozen=True)
class ReportOptions:
    """Options of the conformance page alone."""

    lake: str = option("folder of the lake, with the catalog that refresh_catalog.py made in it")
    html: str = option("file to write; it needs nothing but itself")
    database: str = option("name of the catalog: the file in the lake without .duckdb", "focus")


@dataclass(frozen=True)
class SiteOptions:
    """Options of site and board."""

    lake: str = option("folder of the lake, with the catalog that refresh_catalog.py made in it")
    out: str = option("folder to write to")
    months: str = option(
        "months of the board report: YYYYMM..YYYYMM; empty: the last whole one", ""
    )
    ai_only: bool = option("board report on AI spend alone", False)
    masked: bool = option("hide accounts, owners and commitments", False)
    made: str = option("the time that stands on the pages, UTC; empty: now", "")
    database: str = option("name of the catalog: the file in the lake without .duckdb", "focus")


def main(options: ReportOptions) -> int:
    """Write the conformance page; OptionsError where the lake has no catalog."""
    found = facts.read(_catalog(options.lake, options.database))
    target = Path(options.html)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(page.render(found, datetime.now(UTC)), encoding="utf-8")
    print(f"{target}: {len(found.providers)} providers, {len(found.open_gaps())} open gaps")
    return 0


def write_site(options: SiteOptions) -> int:
    """Every page; the last line says what to open."""
    answers, made = _asked(options), _made(options.made)
    chosen = chosen_months(options.months, options.ai_only, answers)
    found = facts.read(_catalog(options.lake, options.database))
    written = _write(Path(options.out), site.pages(answers, found, made, chosen))
    for old in {*Path(options.out, "statements").glob("*.html")} - written:
        old.unlink()  # of a department that is no more
    for name, why in sorted(answers.missing.items()):
        print(f"note: {name} could not be read: {why}", file=sys.stderr)
    print(f"{len(written)} pages; open {Path(options.out, 'index.html')}")
    return 0


def write_board(options: SiteOptions) -> int:
    """The board report alone."""
    answers, made = _asked(options), _made(options.made)
    chosen = chosen_months(options.months, options.ai_only, answers)
    _write(Path(options.out), site.of_board(answers, made, chosen))
    print(f"{Path(options.out, 'board.html')} and board.pdf")
    return 0


def _write(folder: Path, pages: Iterable[tuple[str, bytes]]) -> set[Path]:
    written = set()
    for path, content in pages:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
        written.add(target)
    return written


def chosen_months(text: str, ai_only: bool, answers: Answers) -> Chosen:
    """--months as billing months; OptionsError for anything else."""
    there = answers.months()
    if not text:
        newest = days.whole(answers) if there else ""
        return Chosen(newest, newest, ai_only)
    months = re.fullmatch(r"(\d{4}(?:0[1-9]|1[0-2]))(?:\.\.(\d{4}(?:0[1-9]|1[0-2])))?", text)
    if not months or (months[2] or months[1]) < months[1]:
        raise OptionsError(f"--months {text}: write YYYYMM..YYYYMM, such as 202601..202603")
    chosen = Chosen(months[1], months[2] or months[1], ai_only)
    if there and not any(one in chosen for one in there):
        raise OptionsError(
            f"--months {text}: this lake has no cost of them, but of {there[0]} to {there[-1]}"
        )
    return chosen


def _made(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else datetime.now(UTC)
    except ValueError:
        raise OptionsError(f"--made {text}: write a time, such as 2026-01-31T06:00") from None


def _catalog(lake: str, database: str) -> Path:
    if "://" in lake:
        raise OptionsError(
            f"--lake {lake}: these pages are made from a catalog on this disk; "
            f"jobs/publish_reports.py --lake {lake} asks any engine"
        )
    catalog = Path(lake, f"{database}.duckdb")
    if not catalog.is_file():
        raise OptionsError(
            f"{catalog} is not there: run jobs/refresh_catalog.py --engine duckdb --lake {lake} "
            f"--database {database} first"
        )
    return catalog


def _asked(options: SiteOptions) -> Answers:
    import duckdb

    catalog = _catalog(options.lake, options.database)
    with facts.opened(catalog) as connection:

        def query(sql: str) -> list[tuple]:
            try:
                return connection.execute(translate(sql, options.database)).fetchall()
            except duckdb.Error as error:
                raise CatalogError(str(error).splitlines()[0]) from error

        return questions.ask(query, options.database, options.masked)


COMMANDS: dict[str, tuple[type, Callable[..., int]]] = {
    "site": (SiteOptions, write_site),
    "board": (SiteOptions, write_board),
    "conformance": (ReportOptions, main),
}

if __name__ == "__main__":
    # Without a command --help tells of site, the whole of it.
    kind, run = COMMANDS[command("focus_lake.report", COMMANDS) or "site"]
    sys.exit(run_job(kind, __doc__, run))
