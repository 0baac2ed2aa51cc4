"""What must be kept against what is, and what expiry may not touch; values typed by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal as D

import pytest

from focus_lake.records import deliveries, retention
from helpers.catalog import Deployed, deploy, refresh
from helpers.lakes import Lake, charge

pytestmark = [pytest.mark.thorough, pytest.mark.usefixtures("few_views")]

BOTH = ["duckdb", pytest.param("trino", marks=pytest.mark.trino)]
NOW = datetime(2026, 3, 6, 12, 0, tzinfo=UTC)
REAL = deliveries.values
RULES = """
[[keep]]
what = "live"
years = 2

[[keep]]
what = "superseded"
years = 1
why = "agreed with the auditor"

[[keep]]
what = "audits"
years = 1
"""
CLOSED = ("202512", "202601")
AUDITED = ("202512", "202602")
INVOICES = """\
InvoiceIssuerName,InvoiceId,BillingPeriodStart,BillingCurrency,BilledCost
AWS,INV-1,202512,USD,1
AWS,INV-2,202602,USD,1
"""


def rules(lake: Lake, text: str) -> None:
    folder = lake.root / "reference"
    folder.mkdir(exist_ok=True)
    (folder / "retention.toml").write_text(text, encoding="utf-8")


def fill(lake: Lake) -> dict:
    for month in ("202401", "202404", "202405", "202602"):
        stamp = f"{month}28000000"
        lake.batch("alibaba", month, stamp, [charge(f"{month[:4]}-{month[4:]}-03", "1")])
    lake.line("alibaba", "202601", "20260128000000", exports=["100_1"], status="rejected")
    rules(lake, RULES)
    for folder, months in (("statements/closings/2026", CLOSED), ("audits/alibaba", AUDITED)):
        (lake.root / folder).mkdir(parents=True)
        for month in months:
            line = {"provider": "alibaba", "yearmonth": month}
            (lake.root / folder / f"{month}.jsonl").write_text(json.dumps(line) + "\n")
    (lake.root / "reference" / "invoices").mkdir()
    (lake.root / "reference" / "invoices" / "a.csv").write_text(INVOICES, encoding="utf-8")
    return {}


@pytest.fixture(scope="module", params=BOTH)
def told(request, tmp_path_factory) -> Deployed:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deliveries, "values", lambda declared: REAL(declared, NOW))
        yield deploy(request.param, request, tmp_path_factory, fill, "retention")


def test_months_that_must_be_there_are_held_against_those_that_are(told):
    found = told.query(
        "SELECT x_What, x_Provider, x_Years, x_Source, x_OldestMonth, x_MonthsToKeep, "
        "x_MonthsKept, x_Kept, x_Reason FROM focus_retention WHERE x_What <> 'runs' "
        "ORDER BY x_What"
    )
    nothing = (None, None, None)
    assert found == [
        # Audited in December and February: January was not.
        ("audits", "alibaba", 1, None, "202512", 3, 2, D("0.666667"), None),
        ("invoices", "AWS", 10, "legal default", "202512", 3, 2, D("0.666667"), None),
        ("journal", None, None, None, None, *nothing, "no_rule"),
        # Two years back from March 2026: April 2024 to February 2026, of which three are there.
        ("live", "alibaba", 2, None, "202401", 23, 3, D("0.130435"), None),
        ("raw", None, None, None, None, *nothing, "no_rule"),
        ("statements", None, 10, "legal default", "202512", 2, 2, D(1), None),
        ("superseded", None, 1, None, None, *nothing, "not_seen_by_views"),
    ]


def superseded(lake: Lake, published: str) -> None:
    for batch_ts in ("20260120000000", "20260131000000"):
        rows = [charge("2026-01-05", "1")]
        lake.batch("alibaba", "202601", batch_ts, rows, published_at=published)


def there(lake: Lake) -> int:
    return len(list((lake.root / "normalized").rglob("*.parquet")))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", 1),
        ('[[keep]]\nwhat = "superseded"\nyears = 0\n', 1),
        ('[[keep]]\nwhat = "superseded"\nyears = 99\n', 2),
        ('[[keep]]\nwhat = "live"\nyears = 99\n', 1),
    ],
)
def test_expiry_deletes_nothing_that_a_rule_wants_kept(tmp_path, text, left):
    lake = Lake(tmp_path / "lake")
    superseded(lake, "2026-02-01T00:00:00.000Z")
    rules(lake, text)
    told = Deployed("duckdb", lake, {})
    assert refresh(*told.options(), "--expire_superseded_days", "1") == 0
    assert there(lake) == left


def test_while_the_rules_are_wrong_nothing_is_deleted(tmp_path, capsys):
    lake = Lake(tmp_path / "lake")
    superseded(lake, "2026-02-01T00:00:00.000Z")
    rules(lake, '[[keep]]\nwhat = "superceded"\nyears = 1\n')
    told = Deployed("duckdb", lake, {})
    assert refresh(*told.options(), "--expire_superseded_days", "1") == 1
    assert there(lake) == 2
    out = capsys.readouterr().out
    assert "reference/retention.toml line 2: what 'superceded' must be one of" in out


def test_a_rule_lengthens_and_never_shortens_what_was_asked_for():
    kept = [{"what": "superseded", "years": 2}, {"what": "raw", "years": 9}]
    assert retention.least_days(kept, 30) == 732
    assert retention.least_days(kept, 1000) == 1000
    assert retention.least_days([], 30) == 30
