"""python -m focus_lake.reference check|example --lake DIR: look through your data, or begin."""

from __future__ import annotations

import calendar
import re
import sys
from dataclasses import dataclass

from focus_lake import resources
from focus_lake.options import command, option, run_job
from focus_lake.reference import kinds
from focus_lake.reference.read import FOLDERS_OF_OTHERS, read, strangers
from focus_lake.storage import Places, Store

COMMANDS = ("check", "example")
WRITTEN_FOR = "202601"  # the newest month of the examples
# A day as 2026-01-31, a month as 202601 or 2026-01; a year that is a whole value.
_DAY = re.compile(r"\b(20\d\d)(-?)(0[1-9]|1[0-2])(-[0-3]\d)?\b(?!-)")
_YEAR = re.compile(r"(?<=,)20\d\d(?=,)")


@dataclass(frozen=True)
class ReferenceOptions:
    """Options of both commands."""

    lake: str = option("the lake: folder or s3://bucket/prefix")
    s3_endpoint: str = option("S3-compatible endpoint of the lake", "")


def check(options: ReferenceOptions) -> int:
    """Name every fault of the files; 0 if there is none."""
    lake = _lake(options)
    sheets = read(lake)
    problems = [text for sheet in sheets.values() for text in sheet.problems] + strangers(lake)
    for sheet in sheets.values():
        for text in sheet.warnings:
            print(f"note: {text}")
    for text in problems:
        print(text)
    counts = ", ".join(f"{len(s.rows)} {name}" for name, s in sheets.items() if s.rows)
    print(f"{len(problems)} faults; read {counts or 'nothing: no files under reference/'}")
    return 1 if problems else 0


def example(options: ReferenceOptions) -> int:
    """Put an example of each kind into the lake, where the kind has no file yet.

    The examples speak of January 2026 and the months around it; in the lake, of its newest month.
    """
    lake = _lake(options, new=True)
    months = _months_since(lake)
    folders = {kind.name: kind.folder for kind in kinds.table().values()}
    for name, folder in (folders | {one: f"reference/{one}" for one in FOLDERS_OF_OTHERS}).items():
        if any(True for _ in lake.list(folder)):
            continue
        for file, data in _examples(name):
            lake.put_if(f"{folder}/{file}", moved(data, months), None)
            print(f"{folder}/{file}: an example for the sample bills, yours to change")
    return 0


def _examples(kind: str) -> list[tuple[str, bytes]]:
    try:
        folder = resources.data("reference", "examples", kind)
    except resources.ResourceMissing:
        return []
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return [(file.name, file.read_bytes()) for file in files]


def _months_since(lake: Store) -> int:
    """Months from January 2026 to the newest one in the ledger; 0 without a ledger."""
    names = (entry.path.rpartition("/")[2] for entry in lake.list("ledger"))
    months = [name[:6] for name in names if re.fullmatch(r"\d{6}\.jsonl", name)]
    return _number(max(months)) - _number(WRITTEN_FOR) if months else 0


def moved(data: bytes, months: int) -> bytes:
    """The text with each day, month and year so many months later; a 31st may become a 28th."""

    def later(found: re.Match[str]) -> str:
        year, dash, month, day = found.groups()
        year, month = divmod(_number(year + month) + months, 12)
        last = calendar.monthrange(year, month + 1)[1]
        return f"{year}{dash}{month + 1:02d}" + (f"-{min(int(day[1:]), last):02d}" if day else "")

    def year_of(found: re.Match[str]) -> str:
        return str((_number(f"{found[0]}01") + months) // 12)

    if not months:
        return data
    return _YEAR.sub(year_of, _DAY.sub(later, data.decode())).encode()


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[4:6]) - 1


def _lake(options: ReferenceOptions, new: bool = False) -> Store:
    return Places.open(options.lake, endpoint=options.s3_endpoint, new=new).lake


if __name__ == "__main__":
    chosen = command("focus_lake.reference", COMMANDS)
    sys.exit(run_job(ReferenceOptions, __doc__, {"example": example}.get(chosen, check)))
