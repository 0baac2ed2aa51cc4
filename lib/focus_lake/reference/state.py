"""What counts now: the refresh reads every kind, keeps what is good, and says what is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from focus_lake.reference import checked, kinds
from focus_lake.reference.checked import Revisions, Rows
from focus_lake.reference.read import read, strangers
from focus_lake.reference.sheet import Sheet
from focus_lake.storage.base import Store

SHOWN = 5  # faults in one message; `python -m focus_lake.reference check` names them all
UNKNOWN = "reference folders"


@dataclass(frozen=True)
class Reference:
    """The revisions that views name, and the rows of each, by kind."""

    revisions: Revisions = field(default_factory=dict)
    rows: dict[str, Rows] = field(default_factory=dict)

    def revision(self, kind: str) -> str:
        return self.revisions.get(kind, checked.NONE)

    def of(self, kind: str) -> Rows:
        return self.rows.get(kind, [])

    def placeholders(self, declarations: Sequence) -> dict[str, str]:
        """What the kinds give to sql/ besides their tables and views."""
        found: dict[str, str] = {}
        paths = dict.fromkeys(kind.placeholders for kind in kinds.table().values())
        for path in filter(None, paths):
            rows = {kind: self.of(kind) for kind in kinds.table()}
            found |= kinds.function(path)(rows, declarations)
        return found


@dataclass
class Settled:
    """The outcome: what counts, why a set stays as it was, and what is only worth a look."""

    reference: Reference
    failed: dict[str, str] = field(default_factory=dict)  # called -> reason
    warnings: list[str] = field(default_factory=list)


def settle(store: Store, write: bool = True) -> Settled:
    """Read and check everything; sets without a fault count from now on, if `write` is true.

    A set with a fault stays on the revisions it had. Raises StorageError.
    """
    sheets = read(store)
    settled = Settled(Reference())
    for name in kinds.sets():
        of_set = {kind.name: sheets[kind.name] for kind in kinds.of_set(name)}
        problems = [text for sheet in of_set.values() for text in sheet.problems]
        settled.warnings += [text for sheet in of_set.values() for text in sheet.warnings]
        if problems:
            settled.failed[f"reference data ({name})"] = told(problems)
            _keep(store, name, settled.reference)
        else:
            _take(store, name, of_set, settled.reference, write)
    if lost := strangers(store):
        settled.failed[UNKNOWN] = told(lost)
    return settled


def told(problems: list[str]) -> str:
    """The problems as the reason of a failure."""
    more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
    return "; ".join(problems[:SHOWN]) + more


def _keep(store: Store, name: str, reference: Reference) -> None:
    for kind, revision in checked.current(store, name).items():
        reference.revisions[kind] = revision
        reference.rows[kind] = checked.load(store, kinds.table()[kind], revision)


def _take(
    store: Store, name: str, sheets: dict[str, Sheet], reference: Reference, write: bool
) -> None:
    for kind, sheet in sheets.items():
        reference.revisions[kind] = checked.write(store, sheet) if write else checked.digest(sheet)
        reference.rows[kind] = checked.rows_of(sheet)
    if write:
        checked.set_current(store, name, {kind: reference.revisions[kind] for kind in sheets})
