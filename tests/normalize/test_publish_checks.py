"""A batch is published unless a check speaks against it; a person may overrule the doubtful."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pyarrow as pa
import pytest

from focus_lake import declare, storage
from focus_lake.lake.audit import COSTS, Audit
from focus_lake.lake.ledger import PUBLISHED, REJECTED, Ledger, Line
from focus_lake.normalize import publish_checks
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.raw.batch import Batch, RawFile

ALIBABA = declare.load("alibaba")
THIS = "20260115000000"
PERIODS = ("BillingPeriodStart", "ChargePeriodStart", "ChargePeriodEnd")
JANUARY = datetime(2025, 12, 31, 16)  # the first moment of January in Beijing


def seen(rows: int = 100, days: int = 10, starts: dict | None = None, export: str = "1_2") -> Audit:
    audit = Audit(rows=rows)
    audit.exports[export] = rows
    audit.billing_starts.update({JANUARY: rows} if starts is None else starts)
    audit.days_of[export] = {date(2026, 1, day) for day in range(1, days + 1)}
    return audit


@pytest.fixture
def judge(tmp_path):
    """judge(audit, published lines, rejected rows, options) -> codes against publishing"""

    def codes(audit, published=(), rejected=0, **options) -> list[str]:
        book = Ledger(storage.at(str(tmp_path)), "alibaba")
        for line in published:
            book.write(line)
        files = [RawFile(None, "x", export) for export in sorted({"1_2", *audit.exports})]
        batch = Batch("alibaba", "202601", THIS, files)
        made = NormalizeOptions(raw="r", lake="l", **options)
        found = publish_checks.judge(
            batch, audit, rejected, ["file line 3: bad"], book, ALIBABA, made
        )
        return [reason.code for reason in found]

    return codes


def line(
    batch_ts="20260110000000", rows=100, days=10, status=PUBLISHED, export="1_2", month="202601"
):
    counts = {"export_rows": {export: rows}, "charge_days": days}
    return Line("alibaba", month, batch_ts, status, exports=[export], **counts)


def test_a_first_batch_without_fault_is_published(judge):
    assert judge(seen()) == []


@pytest.mark.parametrize(
    "rejected, tolerated, codes",
    [
        (1, 0, ["rejected_rows"]),
        (2, 2, []),
        (3, 2, ["rejected_rows"]),
    ],
)
def test_rejected_rows_are_tolerated_up_to_a_number(judge, rejected, tolerated, codes):
    assert judge(seen(), rejected=rejected, max_rejected_rows=tolerated) == codes


@pytest.mark.parametrize(
    "starts, codes",
    [
        ({JANUARY: 100}, []),
        ({datetime(2025, 12, 31, 15, 59, 59): 1, JANUARY: 99}, ["month_mismatch"]),
        ({datetime(2026, 1, 31, 15, 59): 100}, []),
        ({datetime(2026, 1, 31, 16): 100}, ["month_mismatch"]),
        ({None: 100}, []),
    ],
)
def test_the_billing_month_is_that_of_the_folder_in_the_providers_time(judge, starts, codes):
    assert judge(seen(starts=starts)) == codes
    assert judge(seen(starts=starts), accept=("month_mismatch",)) == []


@pytest.mark.parametrize(
    "rows, before, codes",
    [
        (50, [line()], []),
        (49, [line()], ["row_drop"]),
        (49, [line(), line("20260111000000", rows=98)], []),  # the newest before counts
        (49, [line(status=REJECTED)], []),
        (49, [line(export="3_4")], []),
        (49, [line("20260116000000")], []),  # newer than this batch
        (49, [line(month="202512")], []),
        (0, [line()], ["row_drop"]),
    ],
)
def test_a_push_with_less_than_half_of_the_rows_before_it_is_doubted(judge, rows, before, codes):
    assert judge(seen(rows), before) == codes
    assert judge(seen(rows), before, accept=("row_drop",)) == []


@pytest.mark.parametrize(
    "days, before, codes",
    [
        (1, [line()], ["single_day"]),
        (2, [line()], []),
        (1, [line(days=1)], []),
        (1, [], []),
        (1, [line(days=9), line("20260111000000", days=1)], ["single_day"]),
    ],
)
def test_charges_of_one_day_after_a_push_of_many_are_doubted(judge, days, before, codes):
    assert judge(seen(days=days), before) == codes
    assert judge(seen(days=days), before, accept=("single_day",)) == []


def test_of_two_exports_in_a_folder_the_one_with_a_single_day_is_named(judge):
    """The other one has ten days, so that the batch has ten days, too."""
    audit = seen(days=10)
    audit.merge(seen(days=1, export="3_4"))
    both = {"exports": ["1_2", "3_4"], "export_rows": {"1_2": 100, "3_4": 100}}
    before = Line("alibaba", "202601", "20260110000000", PUBLISHED, charge_days=10, **both)
    days = {"1_2": 10, "3_4": 9}
    assert judge(audit, [replace(before, export_days=days)]) == ["single_day"]
    assert judge(audit, [replace(before, export_days={**days, "3_4": 1})]) == []
    assert judge(audit, [before]) == ["single_day"]  # a line of an older version


def test_the_days_of_an_export_are_its_own():
    def starts(export: str, *days: int) -> pa.Table:
        made = [datetime(2026, 1, day, 18) for day in days]  # 2 o'clock of the next day in Beijing
        table = {name: pa.nulls(len(days), pa.decimal128(38, 18)) for name in COSTS}
        table |= {"BillingCurrency": ["CNY"] * len(days), "x_Export": [export] * len(days)}
        table |= {name: pa.array(made, pa.timestamp("us")) for name in PERIODS}
        return pa.table(table)

    audit = Audit(zone="Asia/Shanghai")
    audit.observe(starts("1_2", 1, 2, 2))
    audit.observe(pa.concat_tables([starts("1_2", 5), starts("3_4", 5)]))
    assert audit.days_of == {
        "1_2": {date(2026, 1, 2), date(2026, 1, 3), date(2026, 1, 6)},
        "3_4": {date(2026, 1, 6)},
    }
    assert len(audit.days) == 3
