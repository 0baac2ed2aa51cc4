"""Made bills and rules: every cost is conserved, and every payer's is what Fractions say."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from allocation.reference_split import allocate
from helpers.catalog import Deployed, deploy_only, for_allocation, refresh
from helpers.lakes import Lake, charge

CENTERS = ["cc-0", "cc-1", "cc-2", "cc-3"]
MONTHS = ["202512", "202601"]
SERVICES = ["Compute", "Network", "Storage"]
KEYS = ["pods", "seats"]
POOLS = ["one", "two"]

small = st.decimals("-1000", "1000", places=18)
amounts = st.one_of(
    small,
    st.sampled_from([Decimal(0), Decimal("1E-18"), Decimal("-1E-18"), Decimal("1E-9")]),
    st.decimals("-1E17", "1E17", places=18),
)


@st.composite
def charges(draw) -> list[dict]:
    return [
        {
            "month": draw(st.sampled_from(MONTHS)),
            "x_Provider": draw(st.sampled_from(["alibaba", "aws"])),
            "BillingCurrency": draw(st.sampled_from(["CNY", "USD"])),
            "ServiceName": draw(st.sampled_from(SERVICES)),
            "x_CostCenter": draw(st.sampled_from([None, *CENTERS, "nobody-knows"])),
            "billed": draw(amounts),
            "effective": draw(amounts),
        }
        for _ in range(draw(st.integers(1, 25)))
    ]


@st.composite
def targets(draw):
    some = st.lists(st.sampled_from(CENTERS), min_size=1, unique=True)
    return draw(st.one_of(st.just("all"), some))


@st.composite
def splits(draw, pools: list[str]) -> dict:
    method = draw(st.sampled_from(["direct", "even", "percent", "proportional", "by_key"]))
    given_to = [*CENTERS, *(f"pool:{pool}" for pool in pools)]
    basis = {"no_basis": draw(st.sampled_from(["even", "unallocated"]))}
    if method == "direct":
        return {"method": method, "target": draw(st.sampled_from(given_to))}
    if method == "percent":
        names = draw(st.lists(st.sampled_from(given_to), min_size=1, max_size=4, unique=True))
        cut = sorted(draw(st.lists(st.integers(0, 10000), min_size=len(names) - 1,
                                   max_size=len(names) - 1)))  # fmt: skip
        parts = [b - a for a, b in zip([0, *cut], [*cut, 10000], strict=True)]
        percent = {n: str(Decimal(p).scaleb(-2)) for n, p in zip(names, parts, strict=True)}
        return {"method": method, "percent": percent}
    if method == "by_key":
        key = draw(st.sampled_from(KEYS))
        return {"method": method, "key": key, "targets": draw(targets()), **basis}
    if method == "proportional":
        return {"method": method, "targets": draw(targets()), **basis}
    return {"method": method, "targets": draw(targets())}


@st.composite
def rules(draw) -> list[dict]:
    """Charges' rules of stages 1 and 2, and one rule that spreads each pool that is fed."""
    found = []
    for number in range(draw(st.integers(0, 5))):
        match = {"ServiceName": draw(st.lists(st.sampled_from(SERVICES), min_size=1, unique=True))}
        if draw(st.booleans()):
            match["x_CostCenter"] = draw(
                st.sampled_from(
                    [{"is_null": True}, {"prefix": "cc-"}, {"not": ["cc-1"]}, {"not_null": True}]
                )
            )
        if draw(st.booleans()):
            match["x_Provider"] = "alibaba"
        rule = {"id": f"r{number}", "stage": 1, "match": match, "split": draw(splits(POOLS))}
        if draw(st.booleans()):
            rule["valid_from"] = "202601"
        found.append(rule)
    if fed(found, "one"):
        split = draw(splits(["two"]))
        found.append({"id": "one", "stage": 2, "match": {"x_Pool": "one"}, "split": split})
    if fed(found, "two"):
        split = draw(splits([]))
        found.append({"id": "two", "stage": 3, "match": {"x_Pool": "two"}, "split": split})
    return found


def fed(found: list[dict], pool: str) -> bool:
    return any(f'"pool:{pool}"' in json.dumps(rule["split"]) for rule in found)


@st.composite
def keys(draw) -> list[dict]:
    quantities = st.one_of(st.decimals("0", "1000", places=6), st.just(Decimal(0)))
    return [
        {"month": month, "key": key, "target": target, "quantity": draw(quantities)}
        for month in MONTHS
        for key in KEYS
        for target in draw(st.lists(st.sampled_from(CENTERS), min_size=1, unique=True))
    ]


def write(root: Path, bill: list[dict], made: list[dict], quantities: list[dict]) -> None:
    """The lake and its reference data."""
    shutil.rmtree(root, ignore_errors=True)
    lake = Lake(root)
    for provider in ("alibaba", "aws"):
        for month in MONTHS:
            rows = [
                charge(
                    f"{month[:4]}-{month[4:]}-05",
                    one["billed"],
                    EffectiveCost=one["effective"],
                    **{k: one[k] for k in ("BillingCurrency", "ServiceName", "x_CostCenter")},
                )
                for one in bill
                if (one["month"], one["x_Provider"]) == (month, provider)
            ]
            if rows:
                lake.batch(provider, month, f"{month}31173000", rows)
    put(root, "cost_centers/a.csv", "cost_center,department", [(name, name) for name in CENTERS])
    lines = [
        (row["month"], row["key"], row["target"], f"{row['quantity']:f}") for row in quantities
    ]
    put(root, "allocation_keys/a.csv", "yearmonth,key,target,quantity", lines)
    text = "".join(map(as_toml, made))
    path = root / "reference" / "allocation" / "a.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")


def put(root: Path, name: str, header: str, rows: list[tuple]) -> None:
    path = root / "reference" / name
    path.parent.mkdir(parents=True)
    path.write_text("\n".join([header, *(",".join(row) for row in rows)]) + "\n")


def as_toml(rule: dict) -> str:
    lines = ["[[rule]]", f'id = "{rule["id"]}"', f'title = "{rule["id"]}"', 'owner = "me"']
    lines += ['why = "agreed"', 'status = "active"', f"stage = {rule['stage']}"]
    if "valid_from" in rule:
        lines.append(f'valid_from = "{rule["valid_from"]}"')
    for part in ("match", "split"):
        lines.append(f"[rule.{part}]")
        lines += [f"{key} = {toml_value(value)}" for key, value in rule[part].items()]
    return "\n".join(lines) + "\n\n"


def toml_value(value) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f'"{key}" = {toml_value(item)}' for key, item in value.items())
        return f"{{ {inner} }}"
    return json.dumps(value)


def asked(deployed: Deployed) -> dict:
    rows = deployed.query(
        "SELECT yearmonth, x_Provider, BillingCurrency, x_Payer, SUM(BilledCost), "
        "SUM(EffectiveCost) FROM focus_allocated_cost GROUP BY 1, 2, 3, 4"
    )
    return {tuple(key): (billed, effective) for *key, billed, effective in rows}


def compare(deployed: Deployed, bill, made, quantities) -> None:
    """Every difference is 0; each payer's cost is right within 1e-12 of what was split."""
    differences = deployed.query(
        "SELECT x_BilledCostDifference, x_EffectiveCostDifference FROM focus_allocation_check"
    )
    assert differences
    assert all(both == (0, 0) for both in differences)
    expected = allocate(bill, made, CENTERS, quantities)
    found = asked(deployed)
    whole = [sum(abs(Fraction(one[cost])) for one in bill) for cost in ("billed", "effective")]
    for key in expected.keys() | found.keys():
        want, have = expected.get(key, (0, 0)), found.get(key, (0, 0))
        for place in (0, 1):
            allowed = whole[place] / 10**12 + Fraction(20, 10**18)
            assert abs(Fraction(have[place]) - want[place]) <= allowed, (key, want, have)


@pytest.fixture
def few(monkeypatch):
    """The views of who pays alone."""
    deploy_only(monkeypatch, for_allocation)


@pytest.mark.slow
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(bill=charges(), made=rules(), quantities=keys())
def test_made_bills_are_shared_out_to_the_last_digit(few, tmp_path, bill, made, quantities):
    root = tmp_path / "lake"
    write(root, bill, made, quantities)
    deployed = Deployed("duckdb", Lake(root), {})
    assert refresh(*deployed.options()) == 0
    compare(deployed, bill, made, quantities)


@pytest.mark.trino
@settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(bill=charges(), made=rules(), quantities=keys())
def test_trino_shares_out_the_same(few, trino, bill, made, quantities):
    root = trino.root / "splits"
    write(root, bill, made, quantities)
    deployed = Deployed("trino", Lake(root), {}, trino, "splits")
    assert refresh(*deployed.options()) == 0
    compare(deployed, bill, made, quantities)
    local = Deployed("duckdb", Lake(root), {})
    assert refresh(*local.options()) == 0
    assert asked(local) == asked(deployed)
