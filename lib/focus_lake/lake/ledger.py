"""The ledger: one JSON line a batch, in one file a provider and month; it alone makes data visible.

Files: ``ledger/<provider>/<YYYYMM>.jsonl`` in the lake. A month's file is replaced in one
conditional write, so of two runs that change it at once one wins and the other is told. Every
change goes into the journal first; lines that do not change keep their bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace

from focus_lake.errors import LedgerError, VersionConflict
from focus_lake.lake import journal
from focus_lake.log import Author
from focus_lake.storage.base import Store

PUBLISHED, REJECTED, PUBLISHING = "published", "rejected", "publishing"


@dataclass(frozen=True)
class Line:
    """What became of one batch. Costs are decimal text, times UTC text."""

    provider: str
    yearmonth: str
    batch_ts: str
    status: str
    publication: str | None = None  # names the folders; see publications.folder
    exports: list[str] = field(default_factory=list)
    reasons: list[dict] = field(default_factory=list)  # code, message, file
    files: list[dict] = field(default_factory=list)  # name, size, etag
    rows_in: int = 0
    rows_out: int = 0
    rows_rejected: int = 0
    export_rows: dict = field(default_factory=dict)
    cost_sums: list[dict] = field(default_factory=list)  # BillingCurrency and the cost columns
    charge_period_start_min: str | None = None
    charge_period_end_max: str | None = None
    charge_days: int = 0  # days with charges, in the provider's time zone
    export_days: dict = field(default_factory=dict)  # the same by export
    # Rows by billing month, in the provider's time zone; where it has none, the batch's.
    billing_months: dict = field(default_factory=dict)
    missing_columns: list[str] = field(default_factory=list)
    unknown_columns: list[str] = field(default_factory=list)
    null_counts: dict = field(default_factory=dict)
    delivered_nulls: dict = field(default_factory=dict)  # before anything was filled
    conformance: list[dict] = field(default_factory=list)  # see conformance.Conformance.as_list
    # Where a batch has several exports, of which one may be superseded; see Conformance.by_export.
    export_conformance: list[dict] = field(default_factory=list)
    export_nulls: list[dict] = field(default_factory=list)
    export_unmapped: dict = field(default_factory=dict)
    tags_unparsed: int = 0
    focus_version: str | None = None
    code_version: str | None = None
    recipe: str | None = None  # declaration and options that decided; see plan.recipe
    spark_version: str | None = None
    data_files: list[dict] = field(default_factory=list)  # name, rows, bytes
    daily_files: list[dict] = field(default_factory=list)  # the same of the summary by day
    daily_version: str | None = None  # how it was made, see daily.version; None without a summary
    daily_publication: str | None = None  # of a summary that was made after its rows
    delivered_at: str | None = None  # of the push, by its batch_ts
    started_at: str | None = None
    published_at: str | None = None
    journal_entry: int | None = field(default=None, compare=False)  # null: older than the journal

    @property
    def key(self) -> tuple[str, str]:
        return self.yearmonth, self.batch_ts

    def to_json(self) -> str:
        return json.dumps(vars(self), ensure_ascii=False, separators=(",", ":"))


_NAMES = [item.name for item in fields(Line)]
_KNOWN = frozenset(_NAMES)
_REST = "rows_in"  # the first fact that a plan does not need
_FIRST = frozenset(_NAMES[: _NAMES.index(_REST)])
_SPLIT = f',"{_REST}":'.encode()  # a quote inside a text is \", so this is always a key


def from_json(text: str, where: str) -> Line:
    """A line from its text; where (file and line number) is for the message.

    Keys that a newer version added are passed over, so that a roll back can read the ledger.
    """
    try:
        data = json.loads(text)
        if data.keys() == _KNOWN:  # as this version writes it: nothing to choose or to fill in
            line = object.__new__(Line)
            line.__dict__.update(data)
            return line
        return Line(**{key: value for key, value in data.items() if key in _KNOWN})
    except (ValueError, TypeError, AttributeError) as error:
        raise LedgerError(
            f"{where}: not a ledger line ({error}); restore the file from a backup, or remove "
            "the line and run again: the batch is then read anew"
        ) from error


class Head:
    """A line as it stands in its file: what a plan needs of it at once, the rest when asked for.

    A line is 13 kB, of which a plan needs the first few hundred bytes.
    """

    def __init__(self, text: bytes, where: str, line: Line | None = None):
        self.text, self._where = text, where
        first = None if line else _first(text)
        self._line = line if line or first else from_json(text.decode("utf-8", "replace"), where)
        known = first or vars(self._line)
        self.provider: str = known["provider"]
        self.yearmonth: str = known["yearmonth"]
        self.batch_ts: str = known["batch_ts"]
        self.status: str = known["status"]
        self.publication: str | None = known["publication"]
        self.exports: list[str] = known["exports"]
        self.files: list[dict] = known["files"]

    @property
    def line(self) -> Line:
        """All of it. Raises LedgerError if the rest is not as it was written."""
        if self._line is None:
            self._line = from_json(self.text.decode("utf-8", "replace"), self._where)
        return self._line


def _first(text: bytes) -> dict | None:
    """The facts before the rest; None for a line that must be read as a whole.

    One that was cut off anywhere is among those: its braces do not match.
    """
    at = text.find(_SPLIT)
    if at < 0 or not text.endswith(b"}") or text.count(b"{") != text.count(b"}"):
        return None
    try:
        found = json.loads(text[:at] + b"}")
    except ValueError:
        return None
    return found if found.keys() == _FIRST else None


class Ledger:
    """All lines of one provider, as they were when this run read them."""

    def __init__(self, store: Store, provider: str, author: Author | None = None):
        self.store, self.provider = store, provider
        self._journal = journal.Journal(store, provider, author or Author())
        self._versions: dict[str, str | None] = {}
        self._heads: dict[str, list[Head]] = {}  # by month
        self._batches: dict[str, dict[str, dict[str, Head]]] = {}  # the same by batch and status
        for entry in store.list(f"ledger/{provider}"):
            if entry.path.endswith(".jsonl"):
                self._load(entry.path)

    def _load(self, path: str) -> None:
        data, version = self.store.read(path)
        month = path.rsplit("/", 1)[1].removesuffix(".jsonl")
        numbered = enumerate((data or b"").split(b"\n"), 1)
        where = self.store.url(path)
        self._hold(
            month,
            [Head(text, f"{where} line {at}") for at, text in numbered if text.strip()],
        )
        self._versions[month] = version

    def _hold(self, month: str, heads: list[Head]) -> None:
        self._heads[month] = heads
        batches: dict[str, dict[str, Head]] = {}
        for head in heads:
            batches.setdefault(head.batch_ts, {})[head.status] = head
        self._batches[month] = batches

    def heads(self) -> list[Head]:
        """Every line's head, by month and batch."""
        found = [head for month in sorted(self._heads) for head in self._heads[month]]
        return sorted(found, key=lambda head: (head.yearmonth, head.batch_ts, head.status))

    def lines(self) -> list[Line]:
        """Every line, by month and batch."""
        return [head.line for head in self.heads()]

    def heads_of(self, yearmonth: str, batch_ts: str) -> dict[str, Head]:
        """The heads of one batch, by status."""
        return self._batches.get(yearmonth, {}).get(batch_ts, {})

    def of_batch(self, yearmonth: str, batch_ts: str) -> dict[str, Line]:
        """The lines of one batch, by status."""
        return {of: head.line for of, head in self.heads_of(yearmonth, batch_ts).items()}

    def published_heads(self, yearmonth: str) -> list[Head]:
        """The heads of the published batches of a month, oldest first."""
        heads = [x for x in self._heads.get(yearmonth, ()) if x.status == PUBLISHED]
        return sorted(heads, key=lambda head: head.batch_ts)

    def published(self, yearmonth: str) -> list[Line]:
        """The published batches of a month, oldest first."""
        return [head.line for head in self.published_heads(yearmonth)]

    def check_unchanged(self, month: str) -> None:
        """Raise VersionConflict if another run changed the month since this one read it."""
        path = f"ledger/{self.provider}/{month}.jsonl"
        if self.store.read(path)[1] != self._versions.get(month):
            where = self.store.url(path)
            raise VersionConflict(f"{where}: changed by another run; start this one again")

    def write(self, line: Line) -> None:
        """Put the line in its month's file, in place of older ones of the batch.

        The published line goes only when another published one comes: until then the last good
        data stay visible, whatever was refused or broken off meanwhile.
        Raises VersionConflict if another run changed the month since this one read it.
        """
        replaced = {
            PUBLISHING: {PUBLISHING},
            REJECTED: {PUBLISHING, REJECTED},
            PUBLISHED: {PUBLISHING, REJECTED, PUBLISHED},
        }[line.status]
        self._replace(line, replaced)

    def put(self, line: Line) -> None:
        """Put a changed line in the place of the one with its batch and status."""
        self._replace(line, {line.status})

    def _replace(self, line: Line, replaced: set[str]) -> None:
        month = line.yearmonth
        kept = [
            old
            for old in self._heads.get(month, ())
            if old.batch_ts != line.batch_ts or old.status not in replaced
        ]
        entries = {head.line.journal_entry for head in kept}  # names a faulty line first
        line = self._journaled(line, sorted(replaced))
        new = Head(line.to_json().encode(), "", line)
        both = sorted([*kept, new], key=lambda head: (head.batch_ts, head.status))
        data = b"".join(head.text + b"\n" for head in both)
        path = f"ledger/{self.provider}/{month}.jsonl"
        try:
            self._versions[month] = self.store.put_if(path, data, self._versions.get(month))
        except VersionConflict:
            of = {
                "about_entry": line.journal_entry,
                "batch_ts": line.batch_ts,
                "status": line.status,
            }
            self._journal.append(month, journal.VOID, **of)
            raise
        self._hold(month, both)
        self._journal.settle(month, {number for number in entries | {line.journal_entry} if number})

    def _journaled(self, line: Line, replaces: list[str]) -> Line:
        """The line with the number of its entry, which is written by then."""

        def digest(number: int) -> str:
            text = replace(line, journal_entry=number).to_json()
            return journal.digest_of(text.encode())

        number = self._journal.append(
            line.yearmonth,
            journal.WRITE,
            batch_ts=line.batch_ts,
            status=line.status,
            replaces=replaces,
            rows_in=line.rows_in,
            rows_out=line.rows_out,
            rows_rejected=line.rows_rejected,
            reasons=[reason.get("code") for reason in line.reasons],
            code_version=line.code_version,
            line_digest=digest,
        )
        return replace(line, journal_entry=number)


def read_all(store: Store, provider: str) -> list[Line]:
    """Every ledger line of a provider; none if it has no ledger yet."""
    return Ledger(store, provider).lines()
