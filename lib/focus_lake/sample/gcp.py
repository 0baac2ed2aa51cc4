"""Google Cloud's sample exports: the BigQuery table written out as Parquet, a month at a time.

Costs are NUMERIC; instead of Tags there are arrays of keys and values.
"""

from __future__ import annotations

import json
import re
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from focus_lake.sample.bill import bill_of, declared, of_version, own_columns
from focus_lake.sample.bill_texts import catalogue
from focus_lake.sample.files import Planned
from focus_lake.sample.options import Month, Push, SampleOptions, account_months, pushes, spans
from focus_lake.sample.tables import TableFile, mapped
from focus_lake.spec import columns

NUMERIC = pa.decimal128(38, 9)
_PAIRS = pa.list_(pa.struct({"key": pa.string(), "value": pa.string()}))
# Tags tell more than labels: whether one is set on the resource itself, and whose it is.
_TAGS = pa.list_(
    pa.struct(
        {
            "key": pa.string(),
            "value": pa.string(),
            "inherited": pa.bool_(),
            "namespace": pa.string(),
        }
    )
)
_CREDITS = pa.list_(pa.struct({"name": pa.string(), "amount": NUMERIC, "type": pa.string()}))
_NOT_IN_A_LABEL = re.compile(r"[^a-z0-9_-]+")


def plan(options: SampleOptions) -> list[Planned]:
    """Every file of the sample: each export of a month is whole."""
    accounts = catalogue("gcp")["accounts"]
    shares = [account["share"] for account in accounts]
    return [
        file
        for month in account_months(options, shares, catalogue("gcp")["percent"])
        for push in pushes(month, options)
        for file in _export(month, push, options)
    ]


def is_ours(path: str) -> bool:
    """Whether a file is one that this sample could have made, with whatever options."""
    return path.startswith(tuple(f"{a['export']}/" for a in catalogue("gcp")["accounts"]))


def _export(month: Month, push: Push, options: SampleOptions) -> list[TableFile]:
    account = catalogue("gcp")["accounts"][month.account]
    at = push.at(account["hour"], month.account)
    return [
        TableFile(
            path=f"gcp/{account['export']}/{month.name}/{at:%Y%m%dT%H%M%SZ}/{part:012}.parquet",
            rows=last - first,
            yearmonth=month.name,
            batch_ts=f"{at:%Y%m%d%H%M%S}",
            export=account["export"],
            format="parquet",
            table=partial(_table, month, push.number, first, last),
        )
        for part, (first, last) in enumerate(spans(push.rows, options.parts, at_least=2))
    ]


def _table(month: Month, push: int, first: int, last: int) -> pa.Table:
    bill = bill_of("gcp", month).table(first, last, push)
    own = own_columns("gcp")
    table = of_version(bill, "1.0", without=(*declared("gcp").gaps.always_null, "Tags"), also=own)
    kinds = {column.name: column.stored for column in columns.focus()}
    found = {}
    for name in table.column_names:
        values = table[name]
        if kinds.get(name) == "decimal":
            values = values.cast(NUMERIC)
        elif pa.types.is_timestamp(values.type):
            values = values.cast(pa.timestamp("us", "UTC"))
        found[name] = values
    return pa.table(found | _own(bill))


def _own(bill: pa.Table) -> dict[str, pa.Array]:
    """Columns of Google's own that have other types than text, or follow from others."""
    rows = bill.num_rows
    has_resource = pc.is_valid(bill["ResourceId"])
    project = [[{"key": "team", "value": "platform"}]] * rows
    system = [[{"key": "compute.googleapis.com/cores", "value": "4"}]] * rows
    none = pa.scalar([], _PAIRS)
    return {
        # An array is never null in BigQuery, but empty.
        "x_Labels": pc.coalesce(mapped(bill["Tags"], _labels, _PAIRS), none),
        "x_Tags": pc.coalesce(mapped(bill["Tags"], _tags, _TAGS), pa.scalar([], _TAGS)),
        "x_ProjectLabels": pa.array(project, _PAIRS),
        "x_SystemLabels": pc.if_else(has_resource, pa.array(system, _PAIRS), none),
        "x_Credits": mapped(bill["CommitmentDiscountId"].fill_null(""), _credits, _CREDITS),
        "x_Project": bill["SubAccountId"],
        "x_Location": bill["RegionId"],
        "x_CostType": mapped(bill["ChargeCategory"], _cost_type, pa.string()),
        "x_CurrencyConversionRate": pa.array([1.0] * rows),
        "x_ExportTime": bill["BillingPeriodEnd"].cast(pa.timestamp("us", "UTC")),
        "x_CostAtListConsumptionModel": bill["ListCost"].cast(NUMERIC),
    }


def _labels(tags: str) -> list[dict]:
    """Labels have lower-case letters, digits, - and _ only."""
    return [
        {"key": key, "value": _NOT_IN_A_LABEL.sub("_", text.lower())}
        for key, text in json.loads(tags).items()
        if key not in catalogue("gcp")["tags"]
    ]


def _tags(tags: str) -> list[dict]:
    more = {"inherited": True, "namespace": "organizations/123456789012"}
    return [
        {"key": key, "value": text, **more}
        for key, text in json.loads(tags).items()
        if key in catalogue("gcp")["tags"]
    ]


def _credits(commitment: str) -> list[dict]:
    name = commitment.rsplit("/", 1)[-1]
    return [{"name": name, "amount": None, "type": "COMMITTED_USAGE_DISCOUNT"}] if name else []


def _cost_type(category: str) -> str:
    return {"Tax": "tax", "Adjustment": "adjustment"}.get(category, "regular")
