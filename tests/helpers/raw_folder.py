"""A raw folder of Alibaba to fill by name and time, and plans of it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

from focus_lake import declare, storage
from focus_lake.lake.ledger import PUBLISHED, Ledger, Line
from focus_lake.normalize import plan
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.raw.find import find

ALIBABA = declare.load("alibaba")
JANUARY, NEXT, FEBRUARY = "202601/20260131173000", "202601/20260201173000", "202602/20260201173000"
OLD = datetime.now(UTC) - timedelta(hours=2)


class Raw:
    """A raw folder to fill, and plans of it."""

    def __init__(self, root):
        self.store, self.lake = storage.at(str(root / "raw")), storage.at(str(root / "lake"))
        (root / "raw").mkdir()

    def put(self, path: str, content: bytes = b"x", modified: datetime = OLD) -> Raw:
        with self.store.writer(path) as file:
            file.write(content)
        os.utime(self.store.url(path), (modified.timestamp(),) * 2)
        return self

    def batches(self) -> list:
        return find(self.store, ALIBABA)[0]

    def make(self, **options) -> plan.Plan:
        made = NormalizeOptions(raw="r", lake="l", **options)
        return plan.make(self.store, Ledger(self.lake, "alibaba"), ALIBABA, made)

    def step(self, **options) -> plan.Step:
        (step,) = self.make(**options).steps
        return step

    def publish(self, status: str = PUBLISHED, **more) -> None:
        """A ledger line of the only batch, as a run with default options leaves it."""
        (batch,) = self.batches()
        recipe = plan.recipe(ALIBABA, NormalizeOptions(raw="r", lake="l"))
        made = {"files": batch.signature(), "exports": batch.exports, "recipe": recipe}
        made |= {"publication": "20260201000000-1"}
        line = Line("alibaba", *batch.key, status, **{**made, **more})
        Ledger(self.lake, "alibaba").write(line)
