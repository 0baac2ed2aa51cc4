"""Who pays where no rule says so, on both engines: the provider's split, the tag, the account."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from allocation.conftest import cost, rule

pytestmark = pytest.mark.thorough


def test_the_providers_own_split_counts_before_tags_and_tags_before_accounts(books):
    books.centers("cc-0,Dev,Tech,,,", "cc-1,Ops,Tech,,,")
    books.put("account_cost_centers/a.csv", "account,cost_center\nsub-9,cc-1\n")
    books.put("tag_values/a.csv", "attribute,value,meant\nx_CostCenter,研发,cc-0\n")
    books.bill(
        "202512",
        cost("2025-12-05", "1", "cc-0", AllocatedTags='{"cost-center": "cc-1"}'),
        cost("2025-12-05", "2", "cc-0", AllocatedTags='{"owner": "Mei"}'),
        cost("2025-12-05", "4", "cc-0", AllocatedTags='{"pod": "x"}'),
        cost("2025-12-05", "8", None, AllocatedTags='{"Owner": "研发"}', SubAccountId="sub-9"),
        cost("2025-12-05", "16", " 研发 ", SubAccountId="sub-9"),
        cost("2025-12-05", "32", " ", SubAccountId="sub-9"),
        cost("2025-12-05", "64", None, SubAccountId="sub-8"),
    )
    assert books.refresh() == 0
    rows = books.ask(
        "SELECT x_Payer, x_Department, SUM(BilledCost) FROM focus_allocated_cost "
        "GROUP BY 1, 2 ORDER BY 1"
    )
    assert rows == [
        ("(unallocated)", "(unallocated)", D("64")),
        ("Mei", "(unlisted)", D("2")),
        ("cc-0", "Dev", D("28")),
        ("cc-1", "Ops", D("33")),
    ]


def test_of_many_rules_the_first_that_matches_takes_a_charge(books):
    books.centers("cc-0,Dev,Tech,,,", "cc-1,Ops,Tech,,,")

    def to(center: int) -> str:
        return f'method = "direct"\ntarget = "cc-{center}"'

    many = [rule(f"r{n}", f'ServiceName = "S{n}"', to(n % 2)) for n in range(45)]
    rest = rule("rest", 'ServiceName = { prefix = "S" }', to(0))
    shadow = rule("r44", 'ServiceName = "S44"', to(1), version=2, status="shadow")
    books.rules("".join([*many, rest, shadow]))
    asked = (0, 19, 20, 21, 39, 40, 44, 45)
    rows = [cost("2025-12-05", str(2**n), ServiceName=f"S{n}") for n in asked]
    books.bill("202512", *rows, cost("2025-12-05", "1"))
    assert books.refresh() == 0
    found = books.ask(
        "SELECT ServiceName, x_Payer, x_AllocationRule FROM focus_allocated_cost ORDER BY 1"
    )
    assert found == [
        ("Elastic Compute", "(unallocated)", None),
        ("S0", "cc-0", "r0"),
        ("S19", "cc-1", "r19"),
        ("S20", "cc-0", "r20"),
        ("S21", "cc-1", "r21"),
        ("S39", "cc-1", "r39"),
        ("S40", "cc-0", "r40"),
        ("S44", "cc-0", "r44"),
        ("S45", "cc-0", "rest"),
    ]
    changes = books.ask(
        "SELECT x_Payer, x_BilledCostChange FROM focus_allocation_shadow "
        "WHERE x_BilledCostChange <> 0 ORDER BY 1"
    )
    assert changes == [("cc-0", D(-(2**44))), ("cc-1", D(2**44))]
