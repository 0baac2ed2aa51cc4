"""Which batches of a provider its views show: by the ledger, if the lake holds what it says."""

from __future__ import annotations

from dataclasses import replace

from focus_lake.declare.model import Declaration
from focus_lake.errors import LedgerError
from focus_lake.lake import held, ledger, live, publications, summaries
from focus_lake.lake.ledger import PUBLISHED, Line
from focus_lake.lake.publications import Key
from focus_lake.storage.base import Store


def shown(store: Store, one: Declaration) -> tuple[live.Live, list[Key]]:
    """The live batches with the summaries that can be used, and those without one.

    Raises LedgerError where data and ledger disagree. No summary is used where rows replace
    others; of batches without one the line items are grouped, which gives the same sums, only
    slower.
    """
    lines = ledger.read_all(store, one.name)
    chosen = live.choose(lines, one.delivery)
    _ledger_and_data_agree(store, one.name, lines, chosen)
    if one.delivery == live.UPSERT:
        return chosen, []
    published = [line for line in lines if line.status == PUBLISHED]
    found = summaries.usable(store, one, published)
    without = [key for key in chosen.batches if key not in found]
    return replace(chosen, summaries=found), without


def told(provider: str, without: list[Key]) -> str:
    """What to do about batches that have no summary."""
    first = f"{without[0].yearmonth}/{without[0].batch_ts}"
    return (
        f"{provider}: {len(without):,} live batches have no daily summary that can be used "
        f"(the first is {first}), so their line items are grouped at each query; make "
        f"them with normalize_focus.py --providers {provider} --rebuild_daily true"
    )


def _ledger_and_data_agree(
    store: Store, provider: str, lines: list[Line], chosen: live.Live
) -> None:
    """A lost ledger or file would show as money that is gone, a foreign file as money that
    was never charged; it is an error instead."""
    folder = f"{publications.NORMALIZED}/{provider}"
    if not lines and any(True for _ in store.list(folder)):
        raise LedgerError(
            f"{store.url(folder)} holds data but ledger/{provider}/ is missing: "
            "restore it, or run normalize_focus.py, which writes it anew"
        )
    rows = (publications.NORMALIZED,)  # of summaries, views read those alone that are whole
    found = held.compare(store, provider, lines, chosen.batches, rows)
    if found.problems:
        raise LedgerError(found.told())
