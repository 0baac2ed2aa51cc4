"""Small lakes made by hand: Parquet and ledger lines as the normalize job leaves them."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from focus_lake import resources
from focus_lake.declare import load, names
from focus_lake.lake.ledger import PUBLISHED, Line
from focus_lake.spec import columns

COSTS = ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost")


def charge(day: str, billed: str, **others) -> dict:
    """A usage row of one UTC day; others override any column, costs are decimal text."""
    start = datetime.fromisoformat(day)
    row = {
        "ChargePeriodStart": start,
        "ChargePeriodEnd": start + timedelta(days=1),
        "BilledCost": billed,
        "EffectiveCost": billed,
        "ListCost": billed,
        "ContractedCost": None,
        "BillingCurrency": "CNY",
        "ChargeCategory": "Usage",
        "ServiceName": "Elastic Compute",
        "SubAccountId": "sub-1",
        "x_Export": "100_1",
        **others,
    }
    return {key: Decimal(v) if key in COSTS and v is not None else v for key, v in row.items()}


def publication_of(yearmonth: str, batch_ts: str) -> str:
    """The publication of a batch that is not told another."""
    return f"{batch_ts}-{yearmonth}"


class Lake:
    """A lake's folder; batches are written as promised, published unless told otherwise."""

    def __init__(self, root: Path):
        self.root = root
        root.mkdir(parents=True, exist_ok=True)

    def batch(self, provider: str, yearmonth: str, batch_ts: str, rows: list[dict], **line) -> None:
        """Data and ledger line of one batch; exports and counts are those of the rows."""
        publication = line.get("publication")
        path = self.data(provider, yearmonth, batch_ts, rows, publication)
        stored = {"name": path.name, "rows": len(rows), "bytes": path.stat().st_size}
        self.line(provider, yearmonth, batch_ts, rows, **{"data_files": [stored], **line})

    def data(
        self,
        provider: str,
        yearmonth: str,
        batch_ts: str,
        rows: list[dict],
        publication: str | None = None,
    ) -> Path:
        """The Parquet file of a batch, without its ledger line."""
        fields = [
            pa.field(column.name, columns.arrow_type(column.stored))
            for column in _columns(provider)
        ]
        filled = [{"x_Provider": provider, **row} for row in rows]
        table = pa.table(
            {
                field.name: pa.array([_plain(row.get(field.name)) for row in filled], field.type)
                for field in fields
            }
        )
        return self.file(f"normalized/{provider}", yearmonth, batch_ts, table, publication)

    def file(
        self,
        folder: str,
        yearmonth: str,
        batch_ts: str,
        table: pa.Table,
        publication: str | None = None,
    ) -> Path:
        """Any table as the one file of a partition."""
        path = self.root / folder / f"yearmonth={yearmonth}" / f"batch_ts={batch_ts}"
        path /= f"publication={publication or publication_of(yearmonth, batch_ts)}"
        path.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path / "part-00000-0.parquet", coerce_timestamps="us")
        return path / "part-00000-0.parquet"

    def line(self, provider, yearmonth, batch_ts, rows=(), **values) -> Line:
        """The ledger line of a batch, put after the lines its month has."""
        exports = Counter(row["x_Export"] for row in rows)
        line = Line(
            **{
                "provider": provider,
                "yearmonth": yearmonth,
                "batch_ts": batch_ts,
                "status": PUBLISHED,
                "publication": publication_of(yearmonth, batch_ts),
                "exports": sorted(exports),
                "export_rows": dict(exports),
                "rows_in": len(rows),
                "rows_out": len(rows),
                "started_at": "2026-02-01T03:04:00.000Z",
                "published_at": "2026-02-01T03:04:05.123Z",
                **values,
            }
        )
        path = self.root / "ledger" / provider / f"{yearmonth}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(line.to_json() + "\n")
        return line


def declare(folder: Path, name: str, delivery: str = "snapshot", months: str = "one") -> str:
    """A made-up provider like Alibaba, in a declarations folder of the user's; gives the folder."""
    folder.mkdir(exist_ok=True)
    text = resources.data("declare", "providers", "alibaba.toml").read_text(encoding="utf-8")
    text = text.replace('name = "alibaba"', f'name = "{name}"', 1)
    text = text.replace('delivery = "snapshot"', f'delivery = "{delivery}"', 1)
    text = text.replace("[layout]\n", f'[layout]\nmonths = "{months}"\n', 1)
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return str(folder)


def _columns(provider: str) -> tuple[columns.Column, ...]:
    """A provider's columns; those of a made-up one are Alibaba's."""
    known = provider if provider in names() else "alibaba"
    return load(known).columns


def _plain(value):
    return list(value.items()) if isinstance(value, dict) else value


def story(lake: Lake) -> dict:
    """A lake with one of everything, and what its live rows sum to, typed by hand.

    Two accounts pushed apart, a superseded push of each, one push of both in the same second of
    which one is superseded, a batch_ts under two months, a rejected and a broken-off batch, a
    commitment, a credit, a null cost, text that is hard to quote.
    """
    lake.batch("alibaba", "202601", "20260120173000", [charge("2026-01-05", "900.5")])
    lake.batch(
        "alibaba",
        "202601",
        "20260131173000",
        [
            charge(
                "2026-01-05", "10.000000000000000001", Tags={"owner": "zoë", "Owner": 'a "b"\\'}
            ),
            charge("2026-01-05", "0.1", x_Owner="Mei", ServiceName="Object, 'Storage'\n"),
            charge("2025-12-31T16:00", "2.5", SubAccountId=None, Tags={}),
        ],
        cost_sums=[{"BillingCurrency": "CNY", "BilledCost": "12.600000000000000001"}],
        null_counts={"ChargeClass": 3, "SubAccountId": 1},
        files=[{"name": "202601/账单.zip", "size": 4_000_000_000, "etag": "e"}],
        conformance=[
            {"rule": "r", "row_count": 2, "examples": [{"file": "账单.zip", "value": "v"}]}
        ],
    )
    lake.batch(
        "alibaba",
        "202601",
        "20260131180000",
        [charge("2026-01-06", "77", x_Export="200_1"), charge("2026-01-06", "5", x_Export="300_1")],
    )
    lake.batch(
        "alibaba",
        "202601",
        "20260201180000",
        [charge("2026-01-06", "80.25", x_Export="200_1", x_Owner="Li", BillingCurrency="USD")],
    )
    lake.batch(
        "alibaba",
        "202602",
        "20260131173000",
        [
            charge("2026-02-01", "100", ChargeCategory="Purchase", EffectiveCost="0"),
            charge("2026-02-01", "0", EffectiveCost="3.3", ListCost="4.4", x_Owner="Mei"),
            charge("2026-02-02", "-7.77", ChargeCategory="Credit", ListCost=None, x_Owner="Mei"),
        ],
    )
    rejected = {"status": "rejected", "reasons": [{"code": "x", "message": "y", "file": None}]}
    lake.data("alibaba", "202602", "20260203173000", [charge("2026-02-01", "1000000")])
    lake.line("alibaba", "202602", "20260203173000", exports=["100_1"], **rejected)
    lake.data("alibaba", "202602", "20260204173000", [charge("2026-02-01", "2000000")])
    lake.line("alibaba", "202602", "20260204173000", exports=["100_1"], status="publishing")
    return {
        ("202601", "CNY"): Decimal("17.600000000000000001"),
        ("202601", "USD"): Decimal("80.25"),
        ("202602", "CNY"): Decimal("92.23"),
    }


def _finding(rule: str, column: str, currency: str, rows: int, cost: str | None) -> dict:
    return {
        "rule": rule,
        "column_name": column,
        "BillingCurrency": currency,
        "row_count": rows,
        "BilledCost": cost,
        "examples": [{"file": "bill.csv", "value": None}],
    }


def governed(lake: Lake) -> dict:
    """A lake whose ledger tells of broken rules: two months, a superseded and a rejected push."""
    null = "focus-not-null"
    lake.batch(
        "alibaba",
        "202512",
        "20260104000000",
        [charge("2025-12-31", "10"), charge("2026-01-03", "20")],
        focus_version="1.0",
        conformance=[
            _finding(null, "ContractedCost", "CNY", 2, "30.000000000000000000"),
            _finding("focus-unit-with-quantity", "ConsumedUnit", "CNY", 1, "10.0"),
        ],
        delivered_nulls={"BilledCost": 0, "ContractedCost": 2},
        null_counts={"ServiceCategory": 0},
        charge_period_end_max="2026-01-03T00:30:00.500Z",
        delivered_at="2026-01-03T16:00:00.000Z",
        started_at="2026-01-04T00:00:00.000Z",
        published_at="2026-01-04T00:30:00.500Z",
    )
    lake.batch(
        "alibaba",
        "202601",
        "20260120000000",
        [charge("2026-01-05", "900")],
        focus_version="1.0",
        rows_in=1,
        conformance=[
            _finding(null, "EffectiveCost", "CNY", 1, None),
            _finding("focus-currency-iso4217", "BillingCurrency", "RMB", 1, "900"),
        ],
        delivered_nulls={"BilledCost": 0},
        published_at="2026-01-20T01:00:00.000Z",
    )
    full = {"x_Owner": "Mei", "x_CostCenter": "4711", "x_Environment": "prod"}
    lake.batch(
        "alibaba",
        "202601",
        "20260131000000",
        [
            charge("2026-01-11", "2.5", EffectiveCost="2", ResourceId="a", **full),
            charge("2026-01-12", "2", ResourceId="a"),
            charge("2026-01-12", "4", ResourceId="b", x_Owner=" "),
            charge("2026-01-12", "7", BillingCurrency="USD", x_Owner="Li"),
        ],
        focus_version="1.1",
        rows_in=10,
        conformance=[
            _finding(null, "ContractedCost", "CNY", 3, "6.5"),
            _finding(null, "ContractedCost", "USD", 1, "7"),
            _finding(null, "EffectiveCost", "CNY", 1, None),
            _finding("lake-column-went-null", "RegionName", "CNY", 4, "13.5"),
        ],
        delivered_nulls={"BilledCost": 0, "ContractedCost": 4, "RegionName": 3},
        null_counts={"ServiceCategory": 1},
        charge_period_end_max="2026-02-01T00:00:00.000Z",
        delivered_at="2026-01-30T16:00:00.000Z",
        started_at="2026-01-31T01:00:00.000Z",
        published_at="2026-01-31T02:00:00.000Z",
    )
    lake.line(
        "alibaba",
        "202601",
        "20260201000000",
        exports=["100_1"],
        status="rejected",
        rows_in=9,
        rows_rejected=1,
    )
    return {}
