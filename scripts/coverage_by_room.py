"""Which share of each room's lines the tests ran: scripts/coverage_by_room.py coverage.json.

Lines that only other processes ran (Spark's workers, jobs started as programs) are not counted.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path


def main(report: str) -> None:
    """Print one line a package of focus_lake, and all of them together."""
    rooms: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for file, found in json.loads(Path(report).read_text(encoding="utf-8"))["files"].items():
        inside = Path(file).parts[Path(file).parts.index("focus_lake") + 1 :]
        for room in (inside[0] if len(inside) > 1 else "(top)", "all"):
            rooms[room][0] += found["summary"]["covered_lines"]
            rooms[room][1] += found["summary"]["num_statements"]
    for room, (run, lines) in sorted(rooms.items(), key=lambda item: (item[0] == "all", item[0])):
        print(f"{room:<14} {run / max(lines, 1):6.1%}  {run:>6,} of {lines:,} lines")


if __name__ == "__main__":
    main(*sys.argv[1:])
