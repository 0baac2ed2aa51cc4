"""typed_frame gives the rows that were published: samples, bills that others made, odd values."""

from __future__ import annotations

from decimal import Decimal

import pytest
from chispa.dataframe_comparer import assert_df_equality

from focus_lake import declare
from focus_lake.frames import published_frame, raw_frame, tags, typed_frame
from focus_lake.frames.sql import name
from focus_lake.options import parse
from focus_lake.sample.__main__ import main as make_sample
from focus_lake.sample.options import SampleOptions
from helpers import real_rows
from helpers.audits import Audits

pytestmark = pytest.mark.thorough

PROVIDERS = ("alibaba", "aws", "azure", "gcp", "oci", "datacenter", "ai_spend")


def assert_same(wide, audits: Audits, provider: str, rows: int | None = None) -> None:
    """The typed rows of the live batches are the published ones, by chispa."""
    declaration = declare.load(provider)
    published = published_frame(wide, str(audits.lake), declaration)
    live = published.select("yearmonth", "batch_ts").distinct()
    typed = typed_frame(raw_frame(wide, str(audits.raw), declaration), declaration)
    typed = typed.where("_rejected IS NULL").join(live, ["yearmonth", "batch_ts"], "left_semi")
    columns = [*declaration.columns]
    shown = [_comparable(column) for column in columns] + ["yearmonth", "batch_ts"]
    # Cut off from its plan, which takes Spark longer than these few rows do; chispa asks often.
    typed, published = (one.selectExpr(*shown).localCheckpoint() for one in (typed, published))
    assert published.count() > 0
    assert rows is None or published.count() == rows
    assert_df_equality(typed, published, ignore_row_order=True, ignore_nullable=True)


def _comparable(column) -> str:
    """A column that can be sorted by; of a map its entries in order, as text."""
    value = name(column.name)
    made = f"CAST({tags.ordered(value)} AS STRING)" if column.stored == "map" else value
    return f"{made} AS {value}"


@pytest.mark.slow
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_sample_comes_out_the_same_on_both_roads(wide, audits, provider):
    options = ["--out", str(audits.raw), "--providers", provider, "--rows", "400"]
    options += ["--months", "1", "--pushes", "2", "--until", "202601"]
    assert make_sample(parse(SampleOptions, options)) == 0
    assert audits.publish(provider) == 0
    assert_same(wide, audits, provider)


@pytest.mark.slow
@pytest.mark.parametrize("lay_out", [real_rows.lay_out_real, real_rows.lay_out_generated])
def test_bills_that_others_made_come_out_the_same(wide, audits, lay_out):
    for provider, rows in lay_out(audits.raw).items():
        assert audits.publish(provider) == 0
        assert_same(wide, audits, provider, len(rows))


BACKSLASHES = r"""BilledCost,BillingCurrency,BillingPeriodStart,Tags,ResourceId,Own
1.5,CNY,2026-01-01 00:00:00,"{\"Owner\": \"mei\", \"n\": 1.10}",a,\N
"1E-7",CNY,2026-01-01 00:00:00,"two
lines, \"one\" tag \\ more","- ","x,y"

 2 ,CNY,2026-01-01T00:00:00Z,-,,NULL
"""
QUOTES = """\ufeffbilledcost,BILLINGCURRENCY,BillingPeriodStart,TAGS,Own,own2\r
3,CNY,2026-01-01 00:00:00,"{""OWNER"":""li"",""OWNER"":""ann""}","a ""b"" \\""c",z\r
-0.000000000000000001,CNY,2026-01-01 00:00:00,{},,\r
"""


def test_odd_texts_of_several_headers_come_out_the_same(wide, audits):
    folder = "alibaba/202601/20260131173000"
    audits.put(f"{folder}/1500_2_X_202601_part_001.csv", BACKSLASHES)
    audits.put(f"{folder}/1500_2_X_202601_part_002.csv", QUOTES)
    assert audits.publish() == 0
    assert_same(wide, audits, "alibaba", 5)
    declaration = declare.load("alibaba")
    rows = typed_frame(raw_frame(wide, str(audits.raw), declaration), declaration)
    found = {(row["_file"][-5], row["_line"]): row for row in rows.collect()}
    assert sorted(found) == [("1", 2), ("1", 3), ("1", 6), ("2", 2), ("2", 3)]
    assert found["1", 2]["Tags"] == {"Owner": "mei", "n": "1.10"}
    assert found["1", 3]["x_Other"] == {"Tags": 'two\nlines, "one" tag \\ more', "Own": "x,y"}
    assert found["2", 2]["x_Owner"] == "ann"
    assert found["2", 2]["x_Other"] == {"Own": 'a "b" \\"c', "own2": "z"}


def test_a_record_that_cannot_be_typed_says_why(wide, audits):
    head = "BilledCost,BillingCurrency,BillingPeriodStart\n"
    text = f"{head}1,CNY,2026-01-01 00:00:00\nmuch,CNY,yesterday\n1,CNY\n"
    audits.put("alibaba/202601/20260131173000/1500_2_X_202601.csv", text)
    declaration = declare.load("alibaba")
    raw = raw_frame(wide, str(audits.raw), declaration, ["202601"])
    assert {"BilledCost", "_line", "yearmonth", "batch_ts"} <= set(raw.columns)
    rows = typed_frame(raw, declaration).orderBy("_line").collect()
    assert [row["_rejected"] for row in rows] == [
        None,
        "BilledCost much; BillingPeriodStart yesterday",
        "the record has 2 fields, the header 3",
    ]
    assert raw_frame(wide, str(audits.raw), declaration, ["202512"]).count() == 0


HOURLY = (
    "BilledCost,BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,"
    "ChargeCategory,ChargePeriodStart,ChargePeriodEnd,EffectiveCost,ProviderName,ResourceId,"
    "ServiceName,SubAccountId,Tags\n"
)


def hour(day: str, number: str, *costs: tuple[str, str]) -> tuple[str, str]:
    """Path and text of one hour's file: (resource, cost) a row, charged on 5 January."""
    digits, start, end = day.replace("-", ""), "2026-01-05T00:00:00Z", "2026-01-05T23:59:59Z"
    name = f"usage_{digits}T{number}0000Z_{digits}T{number}5959Z.csv"
    rows = [
        f"{cost},k,USD,{start},{end},Usage,{start},{end},{cost},openai,{resource},{resource},t,{{}}\n"
        for resource, cost in costs
    ]
    return f"litellm/exports/date={day}/hour={number}/{name}", HOURLY + "".join(rows)


@pytest.mark.slow
def test_of_rows_that_come_again_all_are_audited_and_the_newest_are_live(wide, audits):
    audits.put(*hour("2026-01-05", "01", ("a", "1"), ("b", "2"), ("a", "3")))
    audits.put(*hour("2026-01-05", "02", ("b", "5.5")))
    audits.put(*hour("2026-02-01", "00", ("c", "0.000001"), ("a", "7")))
    assert audits.publish("litellm") == 0
    audited = audits.audit("litellm")
    assert audited.code == 0, audited.out
    assert [line["rows_raw"] for _, line in sorted(audited.lines.items())] == [3, 1, 2]
    rows = published_frame(wide, str(audits.lake), declare.load("litellm")).collect()
    live = sorted((row["ResourceId"], row["BilledCost"]) for row in rows)
    assert live == [("a", Decimal(7)), ("b", Decimal("5.5")), ("c", Decimal("0.000001"))]
