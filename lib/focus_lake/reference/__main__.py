"""python -m focus_lake.reference check|example --lake DIR: look through your data, or begin."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from focus_lake import resources
from focus_lake.options import option, run_job
from focus_lake.reference import kinds
from focus_lake.reference.read import read, strangers
from focus_lake.storage import Places, Store

COMMANDS = ("check", "example")


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
    """Put an example of each kind into the lake, where the kind has no file yet."""
    lake = _lake(options, new=True)
    for kind in kinds.table().values():
        if any(True for _ in lake.list(kind.folder)):
            continue
        for name, data in _examples(kind.name):
            lake.put_if(f"{kind.folder}/{name}", data, None)
            print(f"{kind.folder}/{name}: an example for the sample bills, yours to change")
    return 0


def _examples(kind: str) -> list[tuple[str, bytes]]:
    try:
        folder = resources.data("reference", "examples", kind)
    except resources.ResourceMissing:
        return []
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    return [(file.name, file.read_bytes()) for file in files]


def _lake(options: ReferenceOptions, new: bool = False) -> Store:
    return Places.open(options.lake, endpoint=options.s3_endpoint, new=new).lake


if __name__ == "__main__":
    chosen = sys.argv.pop(1) if len(sys.argv) > 1 and sys.argv[1] in COMMANDS else ""
    if not chosen and not {"-h", "--help"} & set(sys.argv):
        sys.exit(f"what? python -m focus_lake.reference {'|'.join(COMMANDS)} --lake DIR")
    sys.exit(run_job(ReferenceOptions, __doc__, {"example": example}.get(chosen, check)))
