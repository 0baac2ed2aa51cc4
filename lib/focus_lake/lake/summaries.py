"""Which batches have a daily summary that can be used, and where it lies."""

from __future__ import annotations

from collections.abc import Iterable

from focus_lake.declare.model import Declaration
from focus_lake.lake import daily, publications
from focus_lake.lake.ledger import Line
from focus_lake.lake.publications import DAILY, Key
from focus_lake.storage.base import Store


def usable(lake: Store, declaration: Declaration, lines: Iterable[Line]) -> dict[Key, Key]:
    """Partition of the rows -> that of their summary, for published lines.

    Left out are those without a summary, with one of another version, and those whose files are
    not exactly the ones that the ledger tells.
    """
    wanted, lying = daily.version(declaration), _lying(lake, declaration.name)
    found = {}
    for line in lines:
        told = {file["name"]: file["bytes"] for file in line.daily_files}
        of = publications.daily_key(line)
        if line.daily_version == wanted and lying.get(of, {}) == told:
            found[publications.key(line)] = of
    return found


def _lying(lake: Store, provider: str) -> dict[Key, dict[str, int]]:
    files: dict[Key, dict[str, int]] = {}
    for entry in lake.list(f"{DAILY}/{provider}"):
        if of := publications.parse(entry.path):
            files.setdefault(of, {})[entry.path.rpartition("/")[2]] = entry.size
    return files
