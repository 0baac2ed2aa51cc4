"""What the pages ask of the views: each view once, whatever the number of departments."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from focus_lake.errors import CatalogError, FocusLakeError
from focus_lake.log import Progress

Row = dict[str, Any]
Query = Callable[[str], list[tuple]]


@dataclass(frozen=True)
class Question:
    """columns: output name -> expression; the rest of the statement; group: whether the columns
    before the first SUM are its keys."""

    columns: dict[str, str]
    rest: str

    def sql(self, database: str, since: str = "000000") -> str:
        """since: the month before the newest, for what two months are enough of."""
        chosen = ", ".join(f"{text} AS {name}" for name, text in self.columns.items())
        return f"SELECT {chosen} {self.rest.format(db=database, since=since)}"


def _same(names: str) -> dict[str, str]:
    return {name.rpartition(".")[2]: name for name in names.split()}


def _grouped(keys: dict[str, str], sums: dict[str, str], view: str) -> Question:
    numbers = ", ".join(str(place + 1) for place in range(len(keys)))
    return Question(keys | sums, f"FROM {{db}}.{view} GROUP BY {numbers}")


QUESTIONS: dict[str, Question] = {
    # Billed and effective cost in the currency of the bill, and in the reporting currency where
    # there is a rate; Unconverted counts charges without one.
    "cost": _grouped(
        {
            "month": "x_BillingMonth",
            "provider": "x_Provider",
            "service": "ServiceName",
            "category": "ServiceCategory",
            "account": "COALESCE(SubAccountName, SubAccountId, BillingAccountName)",
            "currency": "BillingCurrency",
            "reporting": "x_ReportingCurrency",
        },
        {
            "billed": "SUM(BilledCost)",
            "effective": "SUM(EffectiveCost)",
            "converted": "SUM(x_BilledCostConverted)",
            "charges": "SUM(x_RowCount)",
        },
        "focus_monthly_cost_converted",
    ),
    "exchange": Question(
        _same("from_currency to_currency valid_from valid_until rate"),
        "FROM {db}.focus_exchange_rates",
    ),
    # Effective cost of a day; its days add up to the month's bill.
    "scope_days": Question(
        _same("x_Provider BillingCurrency yearmonth x_Cost")
        | {"x_Day": "DAY(DATE_ADD('day', x_DayNo, DATE '1970-01-05'))"},
        "FROM {db}.focus_scope_costs WHERE x_Scope = 'all'",
    ),
    # Of departments, what the days that a provider's open month has so far cost in both months.
    "department_days": _grouped(
        _same("x_Value yearmonth costs.x_Provider BillingCurrency"),
        {"x_Cost": "SUM(x_Cost)"},
        "focus_scope_costs AS costs INNER JOIN {db}.focus_complete_days AS known "
        "ON costs.x_Provider = known.x_Provider WHERE x_Scope = 'department' "
        "AND yearmonth >= '{since}' "
        "AND (DAY(DATE_ADD('day', x_DayNo, DATE '1970-01-05')) <= DAY(x_LastDay) "
        "OR DAY(DATE_ADD('day', 1, x_LastDay)) = 1)",
    ),
    "known": Question(_same("x_Provider x_LastDay"), "FROM {db}.focus_complete_days"),
    # The open month and the eleven after it: known, and with what is to come.
    "ahead": _grouped(
        _same("yearmonth x_Provider BillingCurrency"),
        {
            "x_Known": "SUM(CASE WHEN x_Part = 'known' THEN x_Amount END)",
            "x_Forecast": "SUM(x_Amount)",
        },
        "focus_forecast_parts WHERE x_Scope = 'all' AND x_KnownDays IS NULL "
        "AND x_Part IN ('known', 'usual', 'fixed')",
    ),
    "departments": Question(
        _same(
            "yearmonth x_Department x_BusinessUnit BillingCurrency x_Direct x_Shared x_Adjustments "
            "x_Total x_TotalEffectiveCost x_ReportingCurrency x_TotalConverted x_IsClosed"
        ),
        "FROM {db}.focus_chargeback",
    ),
    "lines": _grouped(
        _same(
            "yearmonth x_Department x_Line x_Provider x_Pool x_AllocationRule "
            "x_AllocationRuleVersion BillingCurrency"
        ),
        {"billed": "SUM(BilledCost)"},
        "focus_chargeback_lines",
    ),
    "rules": Question(
        _same("id version title why status pool"), "FROM {db}.focus_allocation_rules"
    ),
    "allocation": _grouped(
        _same("yearmonth x_AllocationType BillingCurrency")
        | {"unallocated": "x_Payer = '(unallocated)'"},
        {"billed": "SUM(BilledCost)", "effective": "SUM(EffectiveCost)"},
        "focus_allocated_cost",
    ),
    "budgets": Question(
        _same(
            "x_Budget x_Scope x_Value x_Period yearmonth x_Currency x_BudgetOwner x_Planned "
            "x_PlannedToDate x_Actual x_BurnRate x_Projection x_UsedShare x_Level x_ExceededOn "
            "x_KnownUntil x_Reason"
        ),
        "FROM {db}.focus_budget_status",
    ),
    "forecast": Question(
        _same(
            "x_Scope x_Value BillingCurrency yearmonth x_KnownUntil x_Actual x_Forecast x_Low "
            "x_High x_Status"
        ),
        "FROM {db}.focus_forecast WHERE x_Scope = 'all'",
    ),
    "anomalies": Question(
        _same(
            "x_Provider BillingCurrency x_Scope x_Value x_FirstDay x_LastDay x_Expected x_Actual "
            "x_Impact x_Score x_Kind x_Driver x_Status x_JudgedBy"
        ),
        "FROM {db}.focus_cost_anomalies",
    ),
    "commitments": Question(
        _same(
            "x_Provider yearmonth BillingCurrency CommitmentDiscountId CommitmentDiscountType "
            "x_Purchased x_Committed x_Used x_Unused x_Utilisation x_Coverage "
            "x_EffectiveSavingsRate x_ExpiresOn x_Reason"
        ),
        "FROM {db}.focus_commitments",
    ),
    "units": Question(
        _same(
            "yearmonth x_Outcome x_Scope x_Value x_Quantity x_Currency x_Cost x_UnitCost x_Change "
            "x_CacheShare x_Reason"
        ),
        "FROM {db}.focus_unit_cost",
    ),
    "reductions": Question(
        _same(
            "x_Rank x_What x_Reason x_Provider x_Account ServiceName yearmonth BillingCurrency "
            "x_Saving x_ReportingCurrency x_SavingConverted x_Effort x_ReductionOwner"
        ),
        "FROM {db}.focus_top_reductions",
    ),
    "findings": Question(
        _same(
            "x_Policy x_Title x_Severity x_Route x_Mode x_PolicyOwner x_Level x_Sentence x_Day "
            "x_Amount x_Currency x_IsQuiet"
        ),
        "FROM {db}.focus_policy_findings",
    ),
    "alerts": Question(
        _same("kind route severity title policy error") | {"told_at": "at"},
        "FROM {db}.focus_alert_lines",
    ),
    "deliveries": Question(
        _same(
            "x_Provider x_Export yearmonth x_LastPush x_LastPublished x_LastRefused "
            "x_NextExpected x_IsLate x_LateHours x_IsFinal x_Reason"
        ),
        "FROM {db}.focus_delivery_status",
    ),
    "batches": Question(
        _same(
            "provider yearmonth batch_ts status rows_in rows_out rows_rejected delivered_at "
            "published_at"
        ),
        "FROM {db}.focus_batches",
    ),
    "refused": Question(
        _same("provider yearmonth batch_ts") | {"code": "reason.code", "message": "reason.message"},
        "FROM {db}.focus_batches CROSS JOIN UNNEST(reasons) AS t (reason) "
        "WHERE status = 'rejected'",
    ),
    "measures": Question(
        _same(
            "metric title provider yearmonth BillingCurrency value unit comparison target met "
            "reason"
        ),
        "FROM {db}.focus_pipeline_metrics",
    ),
    "rates": Question(
        _same(
            "yearmonth BillingCurrency x_ReportingCurrency x_Reason x_RowCount BilledCost "
            "EffectiveCost"
        ),
        "FROM {db}.focus_missing_rates",
    ),
    "mapping": _grouped(
        _same("x_Provider x_BillingMonth ServiceName BillingCurrency"),
        {"charges": "SUM(x_UnmappedRowCount)", "billed": "SUM(x_UnmappedBilledCost)"},
        "focus_mapping_gaps",
    ),
    "trace": _grouped(
        _same(
            "yearmonth x_Provider ServiceName x_CostCenter BillingCurrency x_Position "
            "x_AllocationRule x_Took x_Why"
        ),
        {"billed": "SUM(BilledCost)"},
        "focus_allocation_trace",
    ),
}
# What tells of a person or an account; pages that go to many hide it unless told otherwise.
PERSONAL = {
    "cost": ("account",),
    "budgets": ("x_BudgetOwner",),
    "anomalies": ("x_Driver",),
    "reductions": ("x_Account", "x_ReductionOwner"),
    "findings": ("x_PolicyOwner", "x_Sentence"),
    "commitments": ("CommitmentDiscountId",),
}
BY_ACCOUNT = ("account", "billing_account")  # scopes whose value is one
HIDDEN = "(masked)"


@dataclass
class Answers:
    """Rows by question; `missing` are views that this catalog lacks, with the engine's reason."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> list[Row]:
        return self.rows.get(name, [])

    def months(self) -> list[str]:
        """Billing months with a cost, oldest first."""
        return sorted({row["month"] for row in self["cost"] if row["month"]})


def ask(query: Query, database: str, masked: bool = False, only: Iterable[str] = ()) -> Answers:
    """The answers to all questions, or to `only` some.

    A view that is missing is noted, never passed over: its page says so. Raises CatalogError if
    the cost itself cannot be read.
    """
    answers, names = Answers(), tuple(only or QUESTIONS)
    with Progress("asking the views") as progress:
        for place, name in enumerate(names):
            progress.step(place, len(names), name)
            question = QUESTIONS[name]
            try:
                found = query(question.sql(database, (answers.months()[-2:] or ["000000"])[0]))
            except FocusLakeError as error:
                if name == "cost":
                    raise CatalogError(
                        f"the costs cannot be read ({error}); run jobs/refresh_catalog.py first"
                    ) from error
                answers.missing[name] = str(error)
                continue
            rows = [dict(zip(question.columns, row, strict=True)) for row in found]
            answers.rows[name] = [_hidden(name, row) for row in rows] if masked else rows
    return answers


def _hidden(name: str, row: Row) -> Row:
    hide = [column for column in PERSONAL.get(name, ()) if row.get(column) is not None]
    if row.get("x_Scope") in BY_ACCOUNT:
        hide.append("x_Value")
    return row | dict.fromkeys(hide, HIDDEN)
