"""docs/recipes.md: each block loads, and publishes a file typed by hand with its sum."""

from __future__ import annotations

import gzip
import json
import re
import zipfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from focus_lake import declare, storage
from focus_lake.lake import ledger
from focus_lake.normalize.job import normalize
from focus_lake.normalize.options import NormalizeOptions

PAGE = (Path(__file__).parents[2] / "docs" / "recipes.md").read_text(encoding="utf-8")
BLOCKS = {
    re.search(r'^name = "(\w+)"', block, re.MULTILINE)[1]: block
    for block in re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
}
ROWS = [
    {
        "BilledCost": cost,
        "BillingCurrency": "USD",
        "BillingPeriodStart": "2026-01-01T00:00:00Z",
        "ChargePeriodStart": "2026-01-05T00:00:00Z",
        "Tags": '{"team": "shop"}',
    }
    for cost in ("0.10", "12.345678901", "-1")
]
TOTAL = Decimal("11.445678901")  # 0.10 + 12.345678901 - 1
CSV = "BilledCost,BillingCurrency,BillingPeriodStart,ChargePeriodStart,Tags\n" + "".join(
    f'{row["BilledCost"]},USD,{{start}},2026-01-05T00:00:00Z,"{{{{""team"": ""shop""}}}}"\n'
    for row in ROWS
)
UTC = CSV.format(start="2026-01-01T00:00:00Z")
LINES = "\n".join(
    json.dumps({**row, "Tags": {"team": "shop"}, "BilledCost": "COST"}).replace(
        '"COST"', row["BilledCost"]
    )
    for row in ROWS
)
FILES = {
    # No billing period: the API has none.
    "vercel": ("charges.jsonl", LINES.replace("BillingPeriodStart", "Ignored").encode()),
    "mongodb_atlas": ("invoice.csv", UTC.encode()),
    "grafana_cloud": ("1234_focus.csv", UTC.encode()),
    "ibm_cloud": ("usage.csv.gz", gzip.compress(UTC.encode())),
    "kong": ("focus-2026-01.csv.gz", gzip.compress(UTC.encode())),
    "tencent": ("200020475883-202601-focus.zip", b""),
}


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_recipe_publishes_a_file_with_its_sum(tmp_path, name):
    own, raw, lake = tmp_path / "own", tmp_path / "raw", tmp_path / "lake"
    own.mkdir()
    (own / f"{name}.toml").write_text(BLOCKS[name], encoding="utf-8")
    file, content = FILES[name]
    path = raw / name / "account-1" / "202601" / "20260203T0600" / file
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    if name == "tencent":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("bill.csv", CSV.format(start="2025-12-31T16:00:00Z"))
    options = NormalizeOptions(
        raw=str(raw), lake=str(lake), providers=(name,), declarations=str(own), quiet_minutes=0
    )
    assert normalize(options) == 0
    (line,) = ledger.read_all(storage.at(str(lake)), name)
    assert (line.yearmonth, line.batch_ts) == ("202601", "20260203060000")
    assert (line.exports, line.rows_out) == (["account-1"], 3)
    (sums,) = line.cost_sums
    assert (sums["BillingCurrency"], Decimal(sums["BilledCost"])) == ("USD", TOTAL)
    if name in ("kong", "tencent"):  # they leave it out, or empty
        assert Decimal(sums["EffectiveCost"]) == TOTAL


def test_each_recipe_tells_its_documentation_and_the_day_it_was_read(tmp_path):
    assert sorted(BLOCKS) == sorted(FILES)
    for name, block in BLOCKS.items():
        (tmp_path / f"{name}.toml").write_text(block, encoding="utf-8")
        pages = declare.load(name, storage.at(str(tmp_path))).documentation
        assert all(page.read >= date(2026, 11, 26) for page in pages)
        assert str(pages[0].read) in PAGE.split(f'name = "{name}"')[0].rsplit("## ", 1)[1]
