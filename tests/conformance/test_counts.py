"""Findings on whole files against DuckDB's counts and sums over the raw text of the same files."""

from __future__ import annotations

import csv
import io
import zipfile
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from focus_lake import declare, storage
from focus_lake.conformance.history import History
from focus_lake.sample.__main__ import main
from focus_lake.sample.options import SampleOptions
from focus_lake.spec import columns
from helpers.bills import PLAIN, looked_at

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"
PUBLIC = {
    "focus_sample_data/focus_sample.csv": "1.0",
    "generated_1.2/focus_1_2_cost_and_usage_aws.csv": "1.2",
    "generated_1.2/focus_1_2_cost_and_usage_azure.csv": "1.2",
    "generated_1.2/focus_1_2_cost_and_usage_gcp.csv": "1.2",
}
TIMES = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")
NAMES = ("ProviderName", "PublisherName", "InvoiceIssuerName", "ServiceName")
COMMITMENT = ("CommitmentDiscountCategory", "CommitmentDiscountType")
UNITS = ("ConsumedQuantity", "PricingQuantity", "CommitmentDiscountQuantity")
ISO = r"'\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ'"
BLOCKED = ("BilledCost", "BillingCurrency")


def conditions(version: str, header: list[str], local: bool) -> dict[tuple[str, str], str]:
    """(rule, column) -> what DuckDB looks for in the text; local: times are not in UTC."""
    of_version = {column.name: column for column in columns.of_version(version)}
    there = {name: of_version[name] for name in header if name in of_version}
    found = {
        ("focus-required-columns", name): "true"
        for name, column in of_version.items()
        if column.level[version] == "Mandatory" and name not in header
    }
    for head in header:
        if head not in {column.name for column in columns.focus()} and not head.startswith("x_"):
            found["focus-custom-column-prefix", head] = "true"
    for name, column in there.items():
        if not column.nulls[version]:
            rule = "focus-amount-complete" if name in BLOCKED else "focus-not-null"
            found[rule, name] = f"{name} IS NULL"
        if column.allowed_values:
            four = name in ("ChargeCategory", "ChargeClass")
            rule = "focus-charge-class-categories" if four else "focus-allowed-values"
            found[rule, name] = f"{name} NOT IN {column.allowed_values + ('',)}"
        if "UnitPrice" in name:
            found["focus-unit-price-not-negative", name] = f"{name} LIKE '-%'"
        if name == "SkuPriceDetails":
            found["focus-json-object", name] = no_object(name)
    return found | of_values(there, local)


def of_values(there, local: bool) -> dict[tuple[str, str], str]:
    found = {
        ("focus-currency-iso4217", "BillingCurrency"): "BillingCurrency NOT IN ('USD', 'CNY')",
        ("focus-tags-json", "Tags"): no_object("Tags"),
    }
    for name in TIMES:
        found["focus-time-format", name] = f"NOT regexp_full_match({name}, {ISO})"
        other = rf"{name} SIMILAR TO '.*[+-]\d\d:?\d\d' AND {name} NOT LIKE '%+00:00'"
        found["focus-time-utc", name] = f"{name} IS NOT NULL" if local else other
    for period in ("BillingPeriod", "ChargePeriod"):
        late = f"{period}Start::TIMESTAMP >= {period}End::TIMESTAMP"
        found["focus-period-order", f"{period}Start"] = late
    for kind in ("List", "Contracted"):
        off = f"abs({kind}UnitPrice::DOUBLE * PricingQuantity::DOUBLE - {kind}Cost::DOUBLE)"
        found["focus-price-times-quantity", f"{kind}Cost"] = (
            f"{off} > greatest(0.0001, 0.0001 * abs({kind}Cost::DOUBLE)) "
            "AND ChargeClass IS DISTINCT FROM 'Correction'"
        )
    for name in NAMES:
        found["focus-name-not-number", name] = rf"regexp_full_match({name}, '\d+')"
    for name in COMMITMENT:
        found["focus-commitment-complete", name] = f"CommitmentDiscountId <> '' AND {name} IS NULL"
    for name in filter(there.__contains__, UNITS):
        unit = name.replace("Quantity", "Unit")
        found["focus-unit-with-quantity", unit] = f"{name} IS NOT NULL AND {unit} IS NULL"
        found["focus-unit-with-quantity", name] = f"{name} IS NULL AND {unit} IS NOT NULL"
    for name in ("BillingCurrency", "BillingAccountName"):
        found["focus-account-consistent", name] = (
            f"{name} IS DISTINCT FROM (SELECT mode(coalesce(b.{name}, '?')) FROM bill AS b "
            f"WHERE b.BillingAccountId = bill.BillingAccountId) AND {name} IS NOT NULL"
        )
    return found


def no_object(name: str) -> str:
    return f"CASE WHEN json_valid({name}) THEN json_type({name}) <> 'OBJECT' ELSE {name} <> '' END"


def by_duckdb(path: Path, nulls: list[str], found: dict) -> dict:
    """(rule, column) -> (rows, sum of BilledCost), of the rules that any row breaks."""
    texts = ", ".join("'" + text + "'" for text in nulls)
    with duckdb.connect() as db:
        db.execute(
            f"CREATE TABLE bill AS SELECT * FROM read_csv('{path}', all_varchar = true, "
            f"nullstr = [{texts}], header = true, quote = '\"', escape = '\"', delim = ',')"
        )
        counted = {}
        for key, condition in found.items():
            counted[key] = db.execute(
                f"SELECT count(*), sum(BilledCost::DECIMAL(38, 18)) FROM bill WHERE {condition}"
            ).fetchone()
    return {key: value for key, value in counted.items() if value[0]}


def by_us(declared, path: Path) -> dict:
    """The same by our rules."""
    nulls = set(declared.format.null_texts)
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            {head: None if value in nulls else value for head, value in row.items()}
            for row in csv.DictReader(file)
        ]
    found = looked_at(declared, rows, tables=3)
    found.finish(History())
    return {
        key: (finding.rows, sum((cost or Decimal(0) for _, _, cost in finding.by_currency())))
        for key, finding in found.findings.items()
    }


@pytest.mark.parametrize("name", PUBLIC)
def test_counts_and_costs_on_public_samples_are_duckdbs(name, tmp_path):
    path, version = SAMPLES / name, PUBLIC[name]
    if not path.exists():
        pytest.skip("the sample files that are not part of the project are not here")
    text = PLAIN.replace('focus_version = "1.2"', f'focus_version = "{version}"')
    text = text.replace('null_texts = [""]', 'null_texts = ["", "NULL"]')
    (tmp_path / "plain.toml").write_text(text, encoding="utf-8")
    with path.open(encoding="utf-8", newline="") as file:
        header = next(csv.reader(file))
    expected = by_duckdb(path, ["", "NULL"], conditions(version, header, local=False))
    assert by_us(declare.load("plain", storage.at(str(tmp_path))), path) == expected
    assert bool(expected) == (version == "1.0")


def test_counts_and_costs_on_our_own_sample_are_duckdbs(tmp_path):
    raw = tmp_path / "raw"
    assert (
        main(SampleOptions(out=str(raw), rows=4000, months=1, pushes=1, workers=1, until="202601"))
        == 0
    )
    declared = declare.load("alibaba")
    archives = sorted(raw.glob("alibaba/*/*/*.zip"))
    assert len(archives) == 2
    for archive in archives:
        path = tmp_path / "bill.csv"
        with zipfile.ZipFile(archive) as opened:
            text = b"".join(map(opened.read, opened.namelist())).decode("utf-8-sig")
        path.write_text(text, encoding="utf-8", newline="")
        header = next(csv.reader(io.StringIO(text)))
        wanted = conditions("1.0", header, local=True)
        expected = by_duckdb(path, list(declared.format.null_texts), wanted)
        assert len(expected) > 15
        assert by_us(declared, path) == expected
