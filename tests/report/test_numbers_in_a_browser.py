"""Every number on every page is the view's: read in a browser, asked by SQL of the test's own."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, localcontext
from typing import Any

import duckdb
import pytest

pytestmark = pytest.mark.slow
MONTHS = {"202510": "Oct 2025", "202511": "Nov 2025", "202512": "Dec 2025", "202601": "Jan 2026"}


@pytest.fixture(scope="module")
def view(rich_lake):
    """Rows of the test's own SQL, as text to the last digit."""
    with duckdb.connect(str(rich_lake / "focus.duckdb"), read_only=True) as connection:
        yield lambda sql: [tuple(map(exact, row)) for row in connection.execute(sql).fetchall()]


@pytest.fixture(scope="module")
def opening(browser, site):
    page = browser.new_page()

    def go(name: str):
        page.goto((site / f"{name}.html").as_uri())
        return page

    yield go
    page.close()


def exact(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat() if isinstance(value, date) else str(value)


TABLE = """caption => {
  const table = [...document.querySelectorAll("table")].find(
    one => one.caption && one.caption.textContent === caption);
  if (!table) return null;
  const heads = [...table.tHead.rows[0].cells].map(one => one.textContent);
  return [heads, [...table.tBodies[0].rows].map(
    row => [...row.cells].map(cell => cell.dataset.value))];
}"""


def table(page, caption: str, *heads: str) -> list[tuple[str, ...]]:
    """The exact values below some heads of a table, every row."""
    found = page.evaluate(TABLE, caption)
    assert found is not None, f"{page.url} has no table {caption}"
    there, rows = found
    return sorted(tuple(row[there.index(head)] for head in heads) for row in rows)


def cards(page) -> dict[str, str]:
    """Exact value by question."""
    found = page.eval_on_selector_all(
        ".card",
        "all => all.map(c => [c.querySelector('h2').textContent, "
        "c.querySelector('.big').dataset.value])",
    )
    return dict(found)


SPENT = (
    "SELECT SUM(x_BilledCostConverted) FROM focus_monthly_cost_converted "
    "WHERE x_BillingMonth = '{}' AND x_BilledCostConverted IS NOT NULL"
)
# What has a rate on the month's first day in USD, the rest in its own currency.
RATED = """(
    SELECT cost.*, COALESCE(rates.rate, CASE BillingCurrency WHEN 'USD' THEN 1 END) AS rate
    FROM {of} AS cost LEFT JOIN focus_exchange_rates AS rates
    ON cost.BillingCurrency = rates.from_currency AND rates.to_currency = 'USD'
    AND STRPTIME(yearmonth || '01', '%Y%m%d') >= valid_from
    AND (valid_until IS NULL OR STRPTIME(yearmonth || '01', '%Y%m%d') < valid_until)
)"""
OWNED = (
    "SELECT CASE WHEN rate IS NULL THEN ', ' || BillingCurrency ELSE '' END, "
    "x_Payer = '(unallocated)', EffectiveCost, COALESCE(rate, 1) "
    f"FROM {RATED.format(of='focus_allocated_cost')} WHERE yearmonth = '{{}}'"
)
BY_DEPARTMENT = (
    "SELECT x_Department, SUM(x_TotalConverted) FROM focus_chargeback WHERE yearmonth = '{}' "
    "GROUP BY 1 ORDER BY 1"
)


def owned(view, month: str) -> dict[str, tuple[Decimal, Decimal]]:
    """Card's end -> cost without an owner, all cost; multiplied here, where nothing is rounded."""
    found: dict[str, tuple[Decimal, Decimal]] = {}
    for end, is_nobodys, cost, rate in view(OWNED.format(month)):
        with localcontext(prec=80):
            amount, (nobodys, whole) = Decimal(cost) * Decimal(rate), found.get(end, (0, 0))
            found[end] = (nobodys + (amount if is_nobodys == "True" else 0), whole + amount)
    return found


def change(view, now: str, before: str) -> str:
    [(new,)], [(old,)] = view(SPENT.format(now)), view(SPENT.format(before))
    return exact(Decimal(new) / Decimal(old) - 1)


def test_the_first_page(opening, view):
    page = opening("index")
    found = cards(page)
    assert found["What did we spend?"] == view(SPENT.format("202601"))[0][0]
    departments = view(BY_DEPARTMENT.format("202601"))
    assert {name for name, _ in departments} >= {"Customer Success", "Research", "(unlisted)"}
    assert found["Who spent it?"] == str(len(departments))
    assert Decimal(found["What changed?"]) == Decimal(change(view, "202601", "202512"))
    [(danger,)] = view(
        "SELECT COUNT(*) FROM focus_budget_status WHERE x_Period IN ('202601', '2026') "
        "AND x_Level IS NOT NULL AND x_Level <> 'ok'"
    )
    there = view("SELECT 1 FROM focus_budget_status WHERE x_Period IN ('202601', '2026')")
    assert found["Will we keep the budget?"] == danger
    assert there
    [(saving,)] = view(
        "SELECT SUM(x_SavingConverted) FROM focus_top_reductions "
        "WHERE x_SavingConverted IS NOT NULL"
    )
    assert found["What should we do?"] == saving
    assert table(page, "Statements", "Department", "Jan 2026, USD") == departments


@pytest.mark.parametrize(
    ("name", "month", "told", "before"),
    [
        ("executive", "202601", "Jan 2026", "202512"),
        ("executive-202512", "202512", "Dec 2025", "202511"),
    ],
)
def test_the_executive_page_of_a_month(opening, view, name, month, told, before):
    page = opening(name)
    found = cards(page)
    assert found[f"Spent in {told}"] == view(SPENT.format(month))[0][0]
    assert owned(view, month).keys() == {"", ", GBP"}
    for end, (nobodys, whole) in owned(view, month).items():
        assert Decimal(found[f"With an owner{end}"]) == 1 - nobodys / whole
    assert table(page, "Trend", "Month", "Billed") == [
        (one, view(SPENT.format(one))[0][0]) for one in MONTHS
    ]
    departments = view(BY_DEPARTMENT.format(month))
    assert table(page, "Departments", "Department", "Billed, USD") == departments
    assert table(
        page,
        "Departments by currency",
        *("Department", "Direct", "Shared", "Adjustments", "Total"),
    ) == sorted(
        view(
            "SELECT x_Department, x_Direct, x_Shared, x_Adjustments, x_Total "
            f"FROM focus_chargeback WHERE yearmonth = '{month}'"
        )
    )
    assert table(page, "Providers", "Provider", "Billed, USD") == view(
        "SELECT x_Provider, SUM(x_BilledCostConverted) FROM focus_monthly_cost_converted "
        f"WHERE x_BillingMonth = '{month}' GROUP BY 1 ORDER BY 1"
    )
    assert table(page, "Services", "Service", "Provider", "Billed") == view(
        "SELECT ServiceName, x_Provider, SUM(x_BilledCostConverted) "
        f"FROM focus_monthly_cost_converted WHERE x_BillingMonth = '{month}' "
        "AND x_BilledCostConverted IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
    )
    assert table(
        page, "Forecast by currency", "Currency", "Month", "Known", "Whole month"
    ) == sorted(
        view(
            "SELECT BillingCurrency, yearmonth, x_Actual, x_Forecast FROM focus_forecast "
            "WHERE x_Scope = 'all'"
        )
    )
    assert table(page, "Commitments by currency", "Currency", "Committed", "Unused") == view(
        "SELECT BillingCurrency, SUM(x_Committed), SUM(x_Unused) FROM focus_commitments "
        f"WHERE yearmonth = '{month}' AND x_Committed IS NOT NULL AND x_Unused IS NOT NULL "
        "GROUP BY 1 ORDER BY 1"
    )
    assert table(page, "Not converted", "Currency", "Charges", "Billed") == sorted(
        view(
            "SELECT BillingCurrency, x_RowCount, BilledCost FROM focus_missing_rates "
            f"WHERE yearmonth = '{month}'"
        )
    )


def test_budgets(opening, view):
    shown = table(
        opening("executive"),
        "Budgets",
        *("Budget", "Planned", "Spent", "Used", "Expected at the end", "State"),
    )
    assert shown == [
        tuple(value or "None" if place == 5 else value for place, value in enumerate(row))
        for row in sorted(
            view(
                "SELECT x_Budget, x_Planned, x_Actual, x_UsedShare, x_Projection, x_Level "
                "FROM focus_budget_status WHERE x_Period IN ('202601', '2026')"
            )
        )
    ]


def test_the_on_call_page(opening, view):
    page = opening("on-call")
    found = cards(page)
    for end, (nobodys, _) in owned(view, "202601").items():
        assert found[f"Without an owner{end}"] == exact(nobodys)
    opened_ = sorted(
        view(
            "SELECT x_FirstDay, x_Actual, x_Expected, x_Impact FROM focus_cost_anomalies "
            "WHERE x_Status = 'open'"
        )
    )
    assert opened_
    heads = ("From", "Cost", "Expected", "Difference")
    assert table(page, "Anomalies", *heads) == opened_
    late = view("SELECT x_Provider, x_LateHours FROM focus_delivery_status WHERE x_IsLate")
    shown = table(page, "Late deliveries", "Provider", "Hours late")
    assert late
    for (provider, hours), (of, then) in zip(sorted(late), shown, strict=True):
        assert provider == of
        assert 0 <= Decimal(hours) - Decimal(then) < 1  # time goes on
    assert table(page, "Policy findings", "Finding", "Severity", "Mode") == sorted(
        view("SELECT x_Sentence, x_Severity, x_Mode FROM focus_policy_findings")
    )
    risen = view(
        """
        WITH cost AS (
            SELECT x_Provider,
                COALESCE(SubAccountName, SubAccountId, BillingAccountName) AS account,
                BillingCurrency,
                SUM(BilledCost) FILTER (x_BillingMonth = '202512') AS before,
                SUM(BilledCost) FILTER (x_BillingMonth = '202601') AS now
            FROM focus_monthly_cost_converted GROUP BY 1, 2, 3
        )
        SELECT x_Provider, account, before, now, COALESCE(now, 0) - COALESCE(before, 0)
        FROM cost WHERE COALESCE(now, 0) > COALESCE(before, 0)
        """
    )
    assert risen
    heads = ("Provider", "Account", "Dec 2025", "Jan 2026", "Difference")
    assert table(page, "Largest rises by account", *heads) == sorted(risen)


def test_the_debug_page(opening, view):
    page = opening("debug")
    batches = view("SELECT provider, batch_ts, rows_in, rows_out, rows_rejected FROM focus_batches")
    heads = ("Provider", "Batch", "Rows in", "Rows out", "Refused rows")
    assert table(page, "Last batches", *heads) == sorted(batches)
    assert table(page, "Refused batches", "Provider", "Batch", "Reason", "What it says") == [
        ("aws", "20260202060000", "row_count", "3 rows are told, 2 are there")
    ]
    counted = view(
        "SELECT metric, COUNT(*) FILTER (met), COUNT(*) FILTER (NOT met), "
        "COUNT(*) FILTER (value IS NULL) FROM focus_pipeline_metrics GROUP BY 1 ORDER BY 1"
    )
    assert table(page, "Measures", "Measure", "Met", "Not met", "Not known") == counted
    for month, told in MONTHS.items():
        values = view(
            "SELECT metric, provider, value FROM focus_pipeline_metrics "
            f"WHERE yearmonth = '{month}' AND value IS NOT NULL"
        )
        shown = table(page, "Measures by month", "Measure", "Provider", told) if values else []
        assert [row for row in shown if row[2]] == sorted(values)
    waited = view(
        "SELECT COUNT(*) FROM focus_batches WHERE status = 'published' "
        "AND delivered_at IS NOT NULL AND published_at IS NOT NULL"
    )
    hours = table(page, "Hours from delivery to publication", "Batches")
    assert sum(int(count) for (count,) in hours) == int(waited[0][0])
    assert table(page, "Services without a category", "Service", "Charges", "Billed") == sorted(
        view(
            "SELECT ServiceName, CAST(SUM(x_UnmappedRowCount) AS bigint), "
            "SUM(x_UnmappedBilledCost) FROM focus_mapping_gaps WHERE x_BillingMonth = '202601' "
            "GROUP BY x_Provider, ServiceName, BillingCurrency HAVING SUM(x_UnmappedRowCount) <> 0 "
            "OR SUM(x_UnmappedBilledCost) <> 0"
        )
    )
    assert table(page, "Allocation, step by step", "Service", "Cost center", "Billed") == sorted(
        view(
            "SELECT ServiceName, x_CostCenter, SUM(BilledCost) FROM focus_allocation_trace "
            "WHERE yearmonth = '202601' GROUP BY x_Provider, ServiceName, x_CostCenter, "
            "BillingCurrency, x_Position, x_AllocationRule, x_Took, x_Why "
            "HAVING SUM(BilledCost) <> 0"
        )
    )


def test_the_commitments_page(opening, view):
    rows = view(
        "SELECT CommitmentDiscountId, x_Committed, x_Used, x_Unused, x_Utilisation, x_Coverage, "
        "x_EffectiveSavingsRate FROM focus_commitments WHERE yearmonth = '202601'"
    )
    assert rows
    heads = ("Commitment", "Committed", "Used", "Unused", "Utilisation", "Coverage", "Saved")
    assert table(opening("commitments"), "Commitments", *heads) == sorted(rows)


def test_each_statement(opening, view, site):
    files = {
        "Customer Success": "customer-success",
        "Research": "research",
        "Platform Engineering": "platform-engineering",
        "(unlisted)": "unlisted",
        "(unallocated)": "unallocated",
    }
    assert files.keys() == {name for (name,) in view("SELECT x_Department FROM focus_chargeback")}
    assert {path.stem for path in (site / "statements").iterdir()} == set(files.values())
    sums = view(
        "SELECT x_Department, yearmonth, BillingCurrency, x_Direct, x_Shared, x_Adjustments, "
        "x_Total, x_TotalConverted FROM focus_chargeback"
    )
    lines = view(
        "SELECT x_Department, yearmonth, x_Line, x_Provider, SUM(BilledCost) "
        "FROM focus_chargeback_lines WHERE x_Line <> 'direct' GROUP BY x_Department, yearmonth, "
        "x_Line, x_Provider, x_Pool, x_AllocationRule, x_AllocationRuleVersion, BillingCurrency"
    )
    assert lines
    for name, file in files.items():
        page = opening(f"statements/{file}")
        for month, told in MONTHS.items():
            heads = ("Currency", "Direct", "Shared", "Adjustments", "Total")
            mine = sorted(row[2:7] for row in sums if row[:2] == (name, month))
            assert table(page, f"Statement of {told}", *heads) == mine
            shared = sorted(row[2:] for row in lines if row[:2] == (name, month))
            if shared:
                caption = f"Shared costs and adjustments of {told}"
                assert table(page, caption, "Line", "Provider", "Billed") == shared
        newest = [row[7] for row in sums if row[:2] == (name, "202601") and row[7]]
        total = exact(sum(map(Decimal, newest))) if newest else ""
        assert cards(page)["Jan 2026"] == total


def test_the_board_report(opening, view):
    page = opening("board")
    found = cards(page)
    assert found["Spent, Jan 2026"] == view(SPENT.format("202601"))[0][0]
    assert Decimal(found["Change on the month before"]) == Decimal(change(view, "202601", "202512"))
    waste = view("SELECT SUM(x_SavingConverted) FROM focus_top_reductions")[0][0]
    assert found["Waste that can be recovered"] == waste
    assert table(page, "Spend by department", "Department", "Billed, USD") == view(
        BY_DEPARTMENT.format("202601")
    )
    assert table(page, "Top five reductions", "Saves a month") == sorted(
        view(
            "SELECT x_SavingConverted FROM focus_top_reductions "
            "WHERE x_SavingConverted IS NOT NULL ORDER BY x_Rank LIMIT 5"
        )
    )
    units = (
        "SELECT x_Value, x_Quantity, x_UnitCost FROM focus_unit_cost "
        "WHERE yearmonth = '202601' AND x_Scope {} 'model'"
    )
    heads = ("Model", "Million tokens", "Cost of a million tokens")
    models = view(units.format("="))
    assert [row[0] for row in models] == ["gpt-4o"]
    assert table(page, "AI models", *heads) == models
    outcomes = sorted(row[1:] for row in view(units.format("<>")))
    assert outcomes
    assert table(page, "Cost per outcome", "Number", "Cost of one") == outcomes
    # The known days, and what the forecast's own view expects of each day to come.
    known = (
        "SELECT BillingCurrency AS unit, x_Cost AS cost FROM focus_scope_costs "
        "INNER JOIN focus_complete_days USING (x_Provider) WHERE x_DayNo <= x_LastDayNo AND"
    )
    to_come = "SELECT BillingCurrency, x_Amount FROM focus_forecast_parts WHERE x_KnownDays IS NULL"
    year = (
        f"SELECT unit, SUM(cost) FROM ({known} x_Scope = 'all' AND yearmonth LIKE '2026%' "
        f"UNION ALL {to_come} AND x_Part IN ('usual', 'fixed') AND x_Scope = 'all' "
        "AND yearmonth LIKE '2026%') GROUP BY 1 ORDER BY 1"
    )
    heads = ("Currency of the bills", "With the forecast")
    shown = [row for row in table(page, "Forecast to year end", *heads) if row[1]]
    assert shown
    assert shown == [row for row in view(year) if row[0] in dict(shown)]


def test_the_conformance_page(opening, view):
    page = opening("conformance")
    shown = page.eval_on_selector_all(
        ".heat td[data-value]",
        """all => all.map(td => [
          td.closest("table").tHead.rows[0].cells[td.cellIndex].firstChild.textContent,
          td.parentNode.cells[0].textContent, td.dataset.value])""",
    )
    assert shown
    assert sorted(map(tuple, shown)) == sorted(
        view(
            "SELECT provider, column_name, share FROM focus_columns_present AS one "
            "WHERE yearmonth = (SELECT MAX(yearmonth) FROM focus_columns_present AS other "
            "WHERE other.provider = one.provider)"
        )
    )
    measures = page.eval_on_selector_all(
        "td span[data-value]", "all => all.map(one => one.dataset.value)"
    )
    assert sorted(filter(None, measures)) == sorted(
        value
        for (value,) in view(
            "SELECT value FROM focus_pipeline_metrics WHERE yearmonth = '202601' "
            "AND provider IS NOT NULL AND value IS NOT NULL"
        )
    )


WRITTEN = """() => [...document.querySelectorAll("td.number[data-value]")]
  .map(td => [td.dataset.value, td.textContent])"""


def test_what_is_written_is_the_exact_value_rounded(opening, site):
    read = 0
    for path in sorted(site.rglob("*.html")):
        page = opening(path.relative_to(site).with_suffix("").as_posix())
        for value, text in page.evaluate(WRITTEN):
            if not value:
                assert text == "–", (path.name, text)
                continue
            digits = text.strip("✓✗ ").split(" ")[0].replace(",", "")
            shown = Decimal(digits) / (100 if "%" in text else 1)
            step = Decimal(1).scaleb(shown.as_tuple().exponent)
            if "%" in text:
                step = Decimal("0.001")
            assert abs(shown - Decimal(value)) <= step, (path.name, value, text)
            read += 1
    assert read > 200
