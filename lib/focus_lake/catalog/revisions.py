"""The mark of everything that a kept view's rows follow from; another mark means: work out anew.

The text of every view below, with the rules and the revisions of reference data that stand in it as
literals; of the providers' views the live batches of the month, with those of other folders that
may replace a row of it; and the files of tables that are read as they lie, such as exchange rates.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import pairwise

from focus_lake.catalog.kept import WHOLE, Kept
from focus_lake.storage.base import Store

LAYOUT = "1"  # changes when files are written in another way
_BATCH = re.compile(r"\(\s*'(20\d{4})'[^()]*\)")  # live batches, as views name them
_CLOCK = re.compile(
    r"\b(current_date|current_timestamp|localtimestamp|now\s*\(\s*\))", re.IGNORECASE
)
# An upsert's rows are told apart by billing month where a folder may hold charges of several.
_ACROSS_FOLDERS = re.compile(r"\bPARTITION\s+BY\s+x_BillingMonth\b", re.IGNORECASE)
_BILLING_MONTH = re.compile(r"\bAS\s+x_BillingMonth\b", re.IGNORECASE)
_FOLDERS_MONTH = re.compile(
    r"(?:\byearmonth|\bCASE\s+yearmonth((?:\s+WHEN\s+'\d{6}'\s+THEN\s+'\d{6}')+)\s+END)\s*$"
)
_IMMUTABLE = ("focus_reference_", "focus_kept_")  # tables whose views name a revision


@dataclass
class Below:
    """What lies below the views over several providers: their own texts by name, the folders of
    shared tables, and the texts of each provider's views. lake: as the engine spells it; run: the
    refresh, for what tells of the moment."""

    database: str
    lake: str
    views: dict[str, str]
    tables: dict[str, str]
    providers: dict[str, list[str]]
    store: Store
    run: str = ""
    _listings: dict[str, list] = field(default_factory=dict)

    def revisions(self, one: Kept) -> dict[str, str]:
        """Month -> revision; a view that is kept whole has the month ""."""
        read = self._read(one.computed_by)
        texts = [self.views[name] for name in sorted(read & self.views.keys())]
        listed = self._listed(read - set(one.settled))
        common = [LAYOUT, list(one.columns().items()), texts, listed]
        if any(_CLOCK.search(text) for text in texts):
            today = f"{datetime.now(UTC):%Y-%m-%d}"
            common.append(self.run if one.by == "refresh" else today)
        batches: dict[str, list] = defaultdict(list)
        for name, (shape, found, linked) in self._of_providers.items():
            common.append([name, shape])
            for month in sorted(found):
                batches[month].append([name, *(found[each] for each in sorted(linked[month]))])
        if not one.by_month:
            return {WHOLE: _mark([common, sorted(batches.items())])}
        return {month: _mark([common, named]) for month, named in batches.items()}

    @cached_property
    def _of_providers(self) -> dict[str, tuple]:
        """Of each provider the shape of its views, its batches by month, and the months' links."""
        apart = {name: (own, *_apart(own)) for name, own in sorted(self.providers.items())}
        return {
            name: (shape, found, _linked(own, found)) for name, (own, shape, found) in apart.items()
        }

    @cached_property
    def _reads(self) -> dict[str, list[str]]:
        """View -> the names that it reads."""
        named = re.compile(rf"\b{self.database}\.(\w+)")
        return {name: named.findall(text) for name, text in self.views.items()}

    def _read(self, name: str) -> set[str]:
        """A view and all that it reads, directly or through others."""
        found, todo = set(), [name]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += self._reads.get(name, [])
        return found

    def _listed(self, read: Iterable[str]) -> list:
        """The files of the tables among them."""
        names = sorted(name for name in read if name in self.tables)
        return [self._files(self.tables[n]) for n in names if not n.startswith(_IMMUTABLE)]

    def _files(self, folder: str) -> list:
        if folder not in self._listings:
            self._listings[folder] = [(e.path, e.size, e.etag) for e in self.store.list(folder)]
        return self._listings[folder]


def _apart(texts: Iterable[str]) -> tuple[str, Mapping[str, list[str]]]:
    """The texts of a provider's views without their batches, and the batches by month."""
    shapes, found = [], defaultdict(set)
    for text in texts:
        for match in _BATCH.finditer(text):
            found[match[1]].add(" ".join(match[0].split()))
        shapes.append(" ".join(re.sub(r"[\s,]+", " ", _BATCH.sub("", text)).split()))
    return _mark(sorted(shapes)), {month: sorted(named) for month, named in found.items()}


def _linked(texts: Iterable[str], months: Iterable[str]) -> dict[str, set[str]]:
    """The folders whose batches decide which rows of a folder are live, itself among them."""
    every = set(months)
    linked = {month: {month} for month in every}
    for text in texts:
        if _ACROSS_FOLDERS.search(text):
            holding = _holding(text)
            for month in every:
                of_same = [of for of in holding.values() if month in of] if holding else [every]
                linked[month] = linked[month].union(*of_same)
    return linked


def _holding(text: str) -> dict[str, set[str]]:
    """Billing month -> the folders that hold charges of it; nothing where the view cannot tell."""
    found: dict[str, set[str]] = defaultdict(set)
    pieces = _BILLING_MONTH.split(text)
    for before, after in pairwise(pieces):
        told = _FOLDERS_MONTH.search(before)
        folders: set[str] = {match[1] for match in _BATCH.finditer(after)}
        if told is None or not folders:
            return {}
        pairs = re.finditer(r"'(\d{6})'\s+THEN\s+'(\d{6})'", told[1] or "")
        of = {match[1]: match[2] for match in pairs}
        for folder in folders:
            found[of.get(folder, folder)].add(folder)
    return found


def _mark(what: object) -> str:
    return hashlib.sha256(json.dumps(what, ensure_ascii=False).encode()).hexdigest()[:16]
