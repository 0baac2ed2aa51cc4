"""``python -m focus_lake.lake verify --lake DIR_OR_S3``: are ledger and journal as written?"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from focus_lake import storage
from focus_lake.errors import FocusLakeError, OptionsError
from focus_lake.lake.verify import verify
from focus_lake.options import option, parse, usage

COMMAND = "python -m focus_lake.lake verify"


@dataclass(frozen=True)
class VerifyOptions:
    """Options of verify."""

    lake: str = option("the lake: folder or s3://bucket/prefix")
    s3_endpoint: str = option("S3-compatible endpoint of the lake", "")


def main(argv: list[str]) -> int:
    """0 all as written, 1 something is not, 2 the options are wrong."""
    if not argv or argv[0] != "verify" or "--help" in argv or "-h" in argv:
        print(usage(VerifyOptions, COMMAND, "checks the ledger and its journal, line by line"))
        return 0 if {"--help", "-h"} & set(argv) else 2
    try:
        options = parse(VerifyOptions, argv[1:])
        store = storage.at(options.lake, options.s3_endpoint or None)
        if not store.exists():
            raise OptionsError(f"--lake {options.lake}: there is no such folder")
        found = verify(store)
    except OptionsError as error:
        print(f"{error}\n(--help lists the options)", file=sys.stderr)
        return 2
    except FocusLakeError as error:
        print(error, file=sys.stderr)
        return 1
    for path, head in found.heads.items():
        print(f"{path}: ends with {head}")
    for problem in found.problems:
        print(f"WRONG {problem}")
    older = f", {found.older} older than the journal" if found.older else ""
    print(
        f"{found.entries} entries of the journal, {found.lines} lines of the ledger{older}: "
        + (f"{len(found.problems)} problems" if found.problems else "as they were written")
    )
    return 1 if found.problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
