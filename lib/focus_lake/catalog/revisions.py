"""The mark of everything that a kept view's rows follow from; another mark means: work out anew.

The text of every view below, with the rules and the revisions of reference data that stand in it as
literals; of the providers' views the live batches of the month alone; and the files of tables that
are read as they lie, such as exchange rates.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from focus_lake.catalog.kept import WHOLE, Kept
from focus_lake.storage.base import Store

LAYOUT = "1"  # changes when files are written in another way
_BATCH = re.compile(r"\(\s*'(20\d{4})'[^()]*\)")  # live batches, as views name them
_CLOCK = re.compile(
    r"\b(current_date|current_timestamp|localtimestamp|now\s*\(\s*\))", re.IGNORECASE
)
_IMMUTABLE = ("focus_reference_", "focus_kept_")  # tables whose views name a revision


@dataclass
class Below:
    """What lies below the views over several providers: their own texts by name, the folders of
    shared tables, and the texts of each provider's views. lake: as the engine spells it."""

    database: str
    lake: str
    views: dict[str, str]
    tables: dict[str, str]
    providers: dict[str, list[str]]
    store: Store
    _listings: dict[str, list] = field(default_factory=dict)

    def revisions(self, one: Kept) -> dict[str, str]:
        """Month -> revision; a view that is kept whole has the month ""."""
        read = self._read(one.computed_by)
        texts = [self.views[name] for name in sorted(read & self.views.keys())]
        common = [LAYOUT, list(one.columns().items()), texts, self._listed(read)]
        if any(_CLOCK.search(text) for text in texts):
            common.append(f"{datetime.now(UTC):%Y-%m-%d}")
        batches: dict[str, list] = defaultdict(list)
        for name, own in sorted(self.providers.items()):
            shape, found = _apart(own)
            common.append([name, shape])
            for month, named in sorted(found.items()):
                batches[month].append([name, named])
        if not one.by_month:
            return {WHOLE: _mark([common, sorted(batches.items())])}
        return {month: _mark([common, named]) for month, named in batches.items()}

    def _read(self, name: str) -> set[str]:
        """A view and all that it reads, directly or through others."""
        found, todo = set(), [name]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += re.findall(rf"\b{self.database}\.(\w+)", self.views.get(name, ""))
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


def _mark(what: object) -> str:
    return hashlib.sha256(json.dumps(what, ensure_ascii=False).encode()).hexdigest()[:16]
