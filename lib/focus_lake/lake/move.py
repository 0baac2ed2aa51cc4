"""python -m focus_lake.lake.move --lake LAKE: give each batch of an older lake its publication.

Until 2026-11-25 a batch's files lay in ``batch_ts=../`` itself. They are moved one folder down, and
the batch's ledger lines name it. Each batch by itself: files first, line last, so that a move that
was broken off is taken up by the next. Views of the former layout must not be asked meanwhile, for
engines read folders within folders; normalize and refresh refuse such a lake until it is moved.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass, replace

from focus_lake import storage
from focus_lake.errors import OptionsError
from focus_lake.lake import publications
from focus_lake.lake.ledger import PUBLISHED, Ledger
from focus_lake.lake.publications import Key
from focus_lake.options import option, run_job
from focus_lake.storage.base import Store


@dataclass(frozen=True)
class Options:
    """Options of the move."""

    lake: str = option("the lake: folder or s3://bucket/prefix")
    dry_run: bool = option("say what would be moved and change nothing", False)
    s3_endpoint: str = option("address of an S3-compatible server, instead of AWS", "")

    def __post_init__(self) -> None:
        if not self.lake.strip():
            raise OptionsError("--lake: must not be empty; make move LAKE=build/lake")


def main(options: Options) -> int:
    """Move what lies in the former layout; 0 when nothing is left there."""
    lake = storage.at(options.lake, options.s3_endpoint or None)
    if not lake.exists():
        raise OptionsError(f"--lake {options.lake}: there is no such folder")
    total = 0
    for provider in _providers(lake):
        moved = move(lake, provider, options.dry_run)
        total += moved
        print(f"{provider}: {moved:,} batches {'to move' if options.dry_run else 'moved'}")
    if not total:
        print(f"{options.lake}: nothing lies in the former layout")
    elif not options.dry_run:
        print("now run jobs/refresh_catalog.py: views and tables still look for the former folders")
    return 0


def _providers(lake: Store) -> list[str]:
    places = ("ledger", *publications.TABLES)
    return sorted({entry.path.split("/")[1] for place in places for entry in lake.list(place)})


def move(lake: Store, provider: str, dry_run: bool = False) -> int:
    """Move one provider's batches; how many there were.

    Raises VersionConflict if a run changes the ledger meanwhile.
    """
    ledger = Ledger(lake, provider)
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for table in publications.TABLES:
        lying = (entry.path for entry in lake.list(f"{table}/{provider}"))
        for yearmonth, batch_ts, path in publications.former(lying):
            found[yearmonth, batch_ts].append(path)
    for line in ledger.lines():
        if not line.publication and line.status == PUBLISHED:
            found.setdefault(line.key, [])  # the files were moved, the line was not written
    for (yearmonth, batch_ts), paths in sorted(found.items()) if not dry_run else ():
        # Always the same name, so that a move that was broken off goes on in the same folder.
        key = Key(yearmonth, batch_ts, f"moved-{yearmonth}-{batch_ts}")
        for path in paths:
            table = path.split("/", 1)[0]
            name = path.rpartition("/")[2]
            lake.move_file(path, f"{publications.folder_of(table, provider, key)}/{name}")
        for line in ledger.of_batch(yearmonth, batch_ts).values():
            if not line.publication:
                ledger.put(replace(line, publication=key.publication))
    return len(found)


if __name__ == "__main__":
    sys.exit(run_job(Options, "move a lake of the former layout", main))
