"""Who pays where no rule says so, on both engines: the provider's split, the tag, the account."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from allocation.conftest import cost

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
