"""What a finding says: rows, exact cost by currency, examples; how findings of parts add up."""

from __future__ import annotations

import pytest

from focus_lake import declare, storage
from focus_lake.conformance.findings import Conformance
from focus_lake.conformance.history import History
from focus_lake.declare import known_gaps
from focus_lake.errors import DeclarationError
from focus_lake.spec import columns, rules
from helpers.bills import counts, good, looked_at, plain


@pytest.fixture(scope="module")
def declared(tmp_path_factory):
    return plain(tmp_path_factory.mktemp("declarations"))


def damaged() -> list[dict]:
    bill = good()
    for row, category in enumerate(("Refund", "Rebate", "Refund")):
        bill[row]["ChargeCategory"] = category
    bill[1]["BillingCurrency"] = "USD"
    bill[1]["BillingAccountId"] = "101"
    bill[2]["BilledCost"] = "12345678901234567890.000000000000000001"
    return bill


EXPECTED = [
    {
        "rule": "focus-charge-class-categories",
        "column_name": "ChargeCategory",
        "BillingCurrency": "EUR",
        "row_count": 2,
        "BilledCost": "12345678901234567893.000000000000000001",
        "examples": [
            {"file": "bill.csv", "value": "Refund"},
            {"file": "bill.csv", "value": "Rebate"},
        ],
    },
    {
        "rule": "focus-charge-class-categories",
        "column_name": "ChargeCategory",
        "BillingCurrency": "USD",
        "row_count": 1,
        "BilledCost": "-0.250000000000000000",
        "examples": [],
    },
]


def test_a_finding_has_rows_and_exact_cost_by_currency_and_examples_once(declared):
    found = looked_at(declared, damaged())
    found.finish(History())
    assert found.as_list() == EXPECTED


def test_findings_of_parts_add_up_to_those_of_the_whole(declared):
    whole = Conformance()
    for part in (damaged()[:1], damaged()[1:]):
        whole.merge(looked_at(declared, part))
    whole.finish(History())
    assert whole.as_list() == EXPECTED
    assert whole.nulls == looked_at(declared, damaged()).nulls


def test_two_tables_of_a_file_give_what_one_does(declared):
    found = looked_at(declared, damaged(), tables=2)
    found.finish(History())
    assert counts(found) == {("focus-charge-class-categories", "ChargeCategory"): 3}


def test_at_most_five_examples_are_kept_and_none_twice(declared):
    bill = [row | {"ChargeCategory": f"C{n % 7}"} for n, row in enumerate(good() * 5)]
    found = looked_at(declared, bill)
    (entry,) = found.as_list()
    assert [example["value"] for example in entry["examples"]] == ["C0", "C1", "C2", "C3", "C4"]


def test_accounts_that_agree_in_each_part_are_compared_over_all(declared):
    whole = Conformance()
    whole.merge(looked_at(declared, good()))
    other = [row | {"BillingCurrency": "USD"} for row in good()[:1]]
    whole.merge(looked_at(declared, other))
    whole.finish(History())
    assert counts(whole) == {("focus-account-consistent", "BillingCurrency"): 1}
    (entry,) = whole.as_list()
    assert entry["examples"][0]["value"] == "BillingAccountId 100: USD, mostly EUR"
    assert (entry["BillingCurrency"], entry["BilledCost"]) == ("USD", "3.000000000000000000")


def test_nulls_are_counted_as_delivered_and_a_missing_column_counts_as_null(declared):
    bill = [{k: v for k, v in row.items() if k != "SkuMeter"} for row in good()]
    bill[0]["Tags"] = "no tags"
    found = looked_at(declared, bill)
    names = {column.name for column in columns.of_version("1.2")}
    assert set(found.nulls) == names
    assert {name: n for name, n in found.nulls.items() if n} == {
        "ChargeClass": 3,
        "SkuMeter": 4,
        "CommitmentDiscountCategory": 2,
        "CommitmentDiscountId": 2,
        "CommitmentDiscountType": 2,
        "ConsumedQuantity": 2,
        "ConsumedUnit": 2,
        "PricingQuantity": 1,
        "PricingUnit": 1,
        "SkuPriceDetails": 2,
        "Tags": 2,
    }


@pytest.mark.parametrize(
    ("price", "quantity", "cost", "is_broken"),
    [
        ("0.3", "3", "0.9", False),
        ("1", "1", "1.0001", False),
        ("0.5", "1", "0.500100000000000000", False),
        ("0.5", "1", "0.500100000000000001", True),
        ("0.5", "1", "0.499900000000000000", False),
        ("0.5", "1", "0.499899999999999999", True),
        ("1000", "1000", "1000100.01000100010001", False),
        ("1000", "1000", "1000100.02", True),
        ("-1", "1", "-1.0001", False),
        ("-1", "1", "1", True),
        ("99999999999999999999", "1", "99999999999999999999.999999999999999999", False),
        ("0.000000000000000001", "0.5", "0", False),
        ("0", "12345678901234567890.123456789012345678", "0.000100000000000001", True),
    ],
)
def test_the_tolerance_of_price_times_quantity_is_kept_to_the_last_digit(
    declared, price, quantity, cost, is_broken
):
    row = good()[0] | {"ContractedUnitPrice": price, "PricingQuantity": quantity}
    row |= {"ContractedCost": cost, "ListUnitPrice": "", "PricingCurrencyListUnitPrice": ""}
    found = counts(looked_at(declared, [row]))
    found.pop(("focus-unit-price-not-negative", "ContractedUnitPrice"), None)
    expected = {("focus-price-times-quantity", "ContractedCost"): 1} if is_broken else {}
    assert found == expected


def test_alibabas_documented_gaps_are_known_and_a_new_one_is_not():
    known = known_gaps.known(declare.load("alibaba"))
    assert ("focus-not-null", "ContractedCost") in known
    assert ("focus-required-columns", "ContractedCost") in known
    assert ("focus-unit-with-quantity", "PricingUnit") in known
    assert ("focus-name-not-number", "ProviderName") in known
    assert ("focus-time-utc", "ChargePeriodStart") in known
    assert ("focus-custom-column-prefix", "X_CommodityCode") in known
    assert ("focus-tags-json", "Tags") in known
    assert ("focus-not-null", "EffectiveCost") not in known
    assert ("focus-required-columns", "PricingUnit") not in known
    assert ("lake-column-went-null", "ContractedCost") not in known


def test_the_four_governance_rules_keep_their_names():
    assert {
        "focus-required-columns",
        "focus-currency-iso4217",
        "focus-version-declared",
        "focus-charge-class-categories",
    } <= {rule.id for rule in rules.table()}


def test_few_rules_block():
    blocking = [rule.id for rule in rules.table() if rule.severity == rules.BLOCKS]
    assert blocking == ["focus-amount-complete"]


def test_currencies_are_codes_of_iso_4217():
    assert {"CNY", "USD", "EUR", "JPY", "ZWG", "XCG"} <= rules.currencies()
    assert not {"RMB", "cny", "", "XXX", "BTC"} & rules.currencies()
    assert all(len(code) == 3 and code.isupper() for code in rules.currencies())


def test_a_known_gap_of_a_rule_that_does_not_exist_is_refused(tmp_path):
    own = '[gaps.rules]\nfocus-not-nul = ["BilledCost"]\n'
    (tmp_path / "alibaba.toml").write_text(own, encoding="utf-8")
    with pytest.raises(DeclarationError, match="did you mean 'focus-not-null'"):
        declare.load("alibaba", storage.at(str(tmp_path)))
