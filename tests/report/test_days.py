"""Days, rates and the year's end: figures worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from focus_lake.report import board, days, on_call, plan, sums, words
from focus_lake.report.questions import Answers


def day(provider: str, month: str, number: int, cost: str, currency: str = "USD") -> dict:
    return {
        "x_Provider": provider,
        "BillingCurrency": currency,
        "yearmonth": month,
        "x_Day": number,
        "x_Cost": Decimal(cost),
    }


def month(of: str, billed: str) -> dict:
    named = {"month": of, "reporting": "USD", "currency": "USD", "converted": Decimal(billed)}
    return named | {"billed": Decimal(billed), "category": "Compute", "service": "A"}


def rate(currency: str, since: date, until: date | None, value: str) -> dict:
    return {
        "from_currency": currency,
        "to_currency": "USD",
        "valid_from": since,
        "valid_until": until,
        "rate": Decimal(value),
    }


def department(name: str, of: str, cost: str) -> dict:
    return day("aws", of, 0, cost) | {"x_Value": name}


OPEN = Answers(
    {
        "cost": [month("202601", "1010"), month("202602", "112")],
        "exchange": [
            rate("EUR", date(2025, 1, 1), date(2026, 2, 1), "1.10"),
            rate("EUR", date(2026, 2, 1), None, "1.25"),
        ],
        "known": [
            {"x_Provider": "aws", "x_LastDay": date(2026, 2, 10)},
            {"x_Provider": "datacenter", "x_LastDay": date(2026, 1, 31)},
        ],
        "scope_days": [
            day("aws", "202601", 1, "4"),
            day("aws", "202601", 10, "6"),
            day("aws", "202601", 10, "10", "EUR"),
            day("aws", "202601", 11, "50"),  # later than what is known of February
            day("aws", "202602", 1, "5"),
            day("aws", "202602", 10, "7"),
            day("aws", "202602", 10, "16", "EUR"),
            day("aws", "202602", 11, "100"),  # not yet whole
            day("aws", "202602", 2, "3", "CNY"),  # no rate
            day("datacenter", "202601", 1, "1000"),  # not billed yet in February
        ],
        "department_days": [
            department("Research", "202601", "8"),
            department("Research", "202602", "10"),
        ],
        "departments": [
            {
                "x_Department": name,
                "yearmonth": of,
                "x_TotalConverted": Decimal(cost),
                "BillingCurrency": "USD",
                "x_Total": Decimal(cost),
                "x_IsClosed": False,
            }
            for name, of, cost in (
                ("Research", "202601", "600"),
                ("Research", "202602", "10"),
                ("(unallocated)", "202602", "102"),
            )
        ],
    }
)


def test_an_open_month_is_compared_with_the_same_days_of_the_month_before():
    assert days.known_until(OPEN, "202602") == date(2026, 2, 10)
    assert days.known_until(OPEN, "202601") is None
    same = days.same_days(OPEN, "202602", "202601")
    # 5 + 7 + 16 x 1.25 against 4 + 6 + 10 x 1.10
    assert (same.now, same.before, same.left_out) == (Decimal(32), Decimal(21), ["datacenter"])
    found, told = sums.changed(OPEN, "202602")
    assert "▲ 52.4 % more" in found.html
    assert told == (
        "than on the same days of Jan 2026, up to day 10; effective cost; without datacenter, "
        "not billed yet"
    )


def test_a_month_that_is_whole_is_compared_with_all_of_the_month_before():
    closed = Answers(OPEN.rows | {"known": [{"x_Provider": "aws", "x_LastDay": "2026-02-28"}]})
    found, told = sums.changed(closed, "202602")
    assert ("▼ 88.9 % less" in found.html, told) == (True, "than in Jan 2026")  # 112 of 1010


def test_departments_are_compared_on_the_same_days_and_nobodys_cost_is_not():
    found = sums.changes(OPEN, "202602")
    assert "▲ 25.0 % more" in found["Research"].html  # 10 against 8, not against 600
    assert found["(unallocated)"] is None


def test_providers_are_compared_each_on_its_own_days():
    cost = [
        month("202601", "10") | {"provider": "aws"},
        month("202601", "1000") | {"provider": "datacenter"},
        month("202602", "112") | {"provider": "aws"},
        month("202602", "3") | {"provider": "aws", "currency": "CNY", "converted": None},
    ]
    aws, datacenter = sums.providers(Answers(OPEN.rows | {"cost": cost}), "202602")
    assert (aws["provider"], aws["cost"], aws["share"]) == ("aws", Decimal(112), 1)
    assert aws["change"].text == "▲ 52.4 % more"  # 32 against 21, as above
    assert aws["besides"].text == "3.00 CNY"
    assert (datacenter["cost"], datacenter["change"].text) == (None, "not billed yet")
    whole = sums.providers(Answers({"cost": cost}), "202602")
    assert whole[0]["change"].text == "▲ 11 times as much"


def test_the_board_report_is_on_the_last_whole_month_that_can_be_compared():
    assert days.whole(OPEN) == "202602"  # January has none before it
    longer = Answers(OPEN.rows | {"cost": [month("202512", "1"), *OPEN["cost"]]})
    assert days.whole(longer) == "202601"
    made = board.report(OPEN, board.Chosen("202602", "202602"))
    assert made.compared.startswith("than on the same days of Jan 2026")
    assert made.state == "known to 10 Feb"


def test_the_report_on_ai_alone_calls_an_open_month_no_saving():
    ai = [
        month(of, cost) | {"category": board.AI} for of, cost in (("202601", "8"), ("202602", "6"))
    ]
    made = board.report(
        Answers(OPEN.rows | {"cost": ai}), board.Chosen("202602", "202602", ai_only=True)
    )
    assert made.change.text == "75.0 % of it so far"
    assert made.compared == "Feb 2026 against 8.00 USD in the whole month before"
    assert not any("datacenter" in line for line in made.not_held)


def test_a_delivery_that_is_late_after_the_reports_months_is_not_its_concern():
    late = {"x_IsLate": True, "x_Provider": "aws"}
    rows = [late | {"yearmonth": of} for of in ("202601", "202602", "202603")]
    made = board.report(Answers(OPEN.rows | {"deliveries": rows}), board.Chosen("202602", "202602"))
    assert "Late deliveries of aws: 2, the first for Jan 2026." in made.not_held


def ahead(provider: str, of: str, known: str, forecast: str, currency: str = "USD") -> dict:
    return {
        "x_Provider": provider,
        "yearmonth": of,
        "BillingCurrency": currency,
        "x_Known": Decimal(known),
        "x_Forecast": Decimal(forecast),
    }


def test_a_year_is_what_was_charged_and_what_is_to_come():
    answers = Answers(
        OPEN.rows
        | {
            "ahead": [
                ahead("aws", "202602", "12", "30"),
                ahead("aws", "202603", "0", "33"),
                ahead("aws", "202602", "16", "40", "EUR"),
                ahead("aws", "202701", "0", "99"),
            ],
            "forecast": [{"BillingCurrency": "CNY", "x_Forecast": None}],
        }
    )
    euro, dollar = days.year_end(answers, "2026")
    # EUR: 10 in January at 1.10, 40 in February at 1.25.
    assert euro == {
        "currency": "EUR",
        "known": Decimal(26),
        "cost": Decimal(50),
        "converted": Decimal("61.00"),
    }
    # USD: January's 4 + 6 + 50 and the data center's 1000, then 30 and 33.
    assert (dollar["known"], dollar["cost"]) == (Decimal(1072), Decimal(1123))


def test_a_currency_with_too_little_history_has_no_year_end():
    answers = Answers(OPEN.rows | {"forecast": [{"BillingCurrency": "EUR", "x_Forecast": None}]})
    euro = next(row for row in days.year_end(answers, "2026") if row["currency"] == "EUR")
    assert (euro["cost"], euro["converted"]) == (None, None)


def test_sums_keep_more_digits_than_pythons_own_28():
    parts = [Decimal("12345678901234.123456789012345678"), Decimal("0.000000000000000001")]
    assert words.total(parts) == Decimal("12345678901234.123456789012345679")
    assert words.money(parts[0]) == "12,345,678,901,234.12"


def test_a_budget_of_which_nothing_is_known_is_not_called_kept():
    ok, unknown, bad = ({"x_Level": level} for level in ("ok", None, "critical"))
    assert sums.kept([ok, ok], []) == ("Yes, all 2", "good")
    assert sums.kept([ok, unknown], []) == ("1 of 2 kept, 1 not known", "flat")
    assert sums.kept([unknown], []) == ("not known", "flat")
    assert sums.kept([ok, unknown, bad], [bad]) == ("1 of 3 in danger", "bad")


def test_an_open_month_below_the_whole_one_before_is_not_said_to_have_no_rise():
    one = {"provider": "aws", "account": "1"}
    rows = [month("202601", "1010") | one, month("202602", "112") | one]
    page = on_call.body(Answers(OPEN.rows | {"cost": rows}), "202602")
    rises = page[page.index("Largest rises by account") :]
    assert "✓ No account costs more" not in rises
    assert "No account has cost more than in all of Jan 2026 yet." in rises


def test_the_day_on_which_a_budget_is_passed_is_called_that():
    row = {"x_Level": "warning", "x_ExceededOn": date(2026, 9, 26)}
    assert "warning<br>above it on 2026-09-26" in str(plan._state(row))
