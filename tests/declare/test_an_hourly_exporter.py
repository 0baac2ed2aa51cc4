"""An exporter that nobody declared before: JSON lines in gzip, every hour the rows that changed.

Months, days and hours come without zeros, tags are nested, there is no effective cost and no
billing period, and no tag is any of our attributes.
"""

from __future__ import annotations

import gzip
import json
from decimal import Decimal as D

import pytest

from focus_lake.normalize.job import normalize
from focus_lake.normalize.options import NormalizeOptions
from helpers.catalog import on_duckdb, refresh

pytestmark = pytest.mark.thorough

DECLARATION = r"""
name = "ambervault"
title = "Ambervault"
focus_version = "1.2"
delivery = "upsert"
key = ["ResourceId", "ChargePeriodStart"]

[[documentation]]
title = "x"
url = "https://ambervault.example/docs"
read = 2026-11-26

[layout]
path = '(?P<export>[^/]+)/(?P<year>\d+)/(?P<month>\d+)/(?P<day>\d+)/(?P<hour>\d+)/(?P<file>.+)'
file = 'usage\.jsonl\.gz'
export = "{export}"
data_extensions = [".jsonl.gz"]
batch_ts = "day"

[format]
null_texts = ['']
required = ["BilledCost"]

[time]
zone = "UTC"
literal_z = "utc"
formats = ["yyyy-MM-dd"]

[renames]
usage_id = "ResourceId"
day = "ChargePeriodStart"
account = "BillingAccountId"
cost = "BilledCost"
ccy = "BillingCurrency"
labels = "Tags"

[fills]
EffectiveCost = { column = "BilledCost" }
BillingPeriodStart = { column = "ChargePeriodStart" }
ChargeCategory = { constant = "Usage" }
"""


def used(number: str, cost: str, team: str) -> dict:
    return {
        "usage_id": number,
        "day": "2026-01-05",
        "account": "acc-1",
        "cost": cost,
        "ccy": "USD",
        "meter": {"name": "tokens", "qty": 12},
        "labels": {"team": team, "deep": {"a": 1}},
    }


HOURS = {
    7: [used("a", "0.10", "red"), used("b", "1.000000000000000001", "blue")],
    8: [used("a", "0.30", "red"), used("c", "2", "red")],
    13: [used("b", "-1", "blue")],
}


def test_of_rows_that_come_again_each_hour_the_newest_counts(tmp_path, capsys):
    own, raw, lake = tmp_path / "own", tmp_path / "raw", tmp_path / "lake"
    own.mkdir()
    (own / "ambervault.toml").write_text(DECLARATION, encoding="utf-8")
    for hour, rows in HOURS.items():
        path = raw / "ambervault" / "org-7" / "2026" / "1" / "5" / str(hour) / "usage.jsonl.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    options = NormalizeOptions(
        raw=str(raw),
        lake=str(lake),
        providers=("ambervault",),
        declarations=str(own),
        quiet_minutes=0,
    )
    assert normalize(options) == 0
    assert "3 published" in capsys.readouterr().out
    chosen = ("--providers", "ambervault", "--declarations", str(own))
    assert refresh("--engine", "duckdb", "--lake", str(lake), *chosen) == 0
    newest = on_duckdb(
        lake,
        "SELECT ResourceId, BilledCost, EffectiveCost, batch_ts, Tags['team'] "
        "FROM focus_ambervault ORDER BY ResourceId",
    )
    assert newest == [
        ("a", D("0.30"), D("0.30"), "20260105080000", "red"),
        ("b", D("-1"), D("-1"), "20260105130000", "blue"),
        ("c", D("2"), D("2"), "20260105080000", "red"),
    ]
    for view in ("focus_unified", "focus_daily", "focus_allocated_cost"):
        sums = on_duckdb(lake, f"SELECT SUM(BilledCost), SUM(EffectiveCost) FROM {view}")
        assert sums == [(D("1.30"), D("1.30"))], view
