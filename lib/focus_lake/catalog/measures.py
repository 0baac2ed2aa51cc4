"""Measures are worked out once, at refresh, and kept: ``<lake>/metrics/YYYYMM/<run>.jsonl``.

So measures and views tell the same live batches, asking for them costs nothing, and a trend can be
drawn. A file is written once and never changed.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from focus_lake.catalog import sources
from focus_lake.catalog.engines.base import Engine
from focus_lake.log import utc_now
from focus_lake.storage.base import Store

FOLDER, VIEW, TABLE = "metrics", "focus_metrics_now", "focus_metric_history"
RUN_KEYS = ("run_id", "run_at")


def names() -> list[str]:
    """The columns of a measure, as the view has them."""
    columns = sources.fields(TABLE)
    return [column.name for column in columns if column.name not in RUN_KEYS]


def work_out(engine: Engine, store: Store, database: str, run_id: str) -> int:
    """Ask the view of measures and keep its rows under this run; how many there are.

    Raises CatalogError if the engine refuses, StorageError if the lake does.
    """
    at, shown = utc_now(), names()
    rows = engine.query(f"SELECT {', '.join(shown)} FROM {database}.{VIEW}")
    lines = []
    for row in sorted(rows, key=str):
        values = {name: _plain(value) for name, value in zip(shown, row, strict=True)}
        lines.append(json.dumps({"run_id": run_id, "run_at": at, **values}, ensure_ascii=False))
    text = "".join(f"{line}\n" for line in lines)
    store.put_if(f"{FOLDER}/{at[:7].replace('-', '')}/{run_id}.jsonl", text.encode(), None)
    return len(lines)


def _plain(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else value
