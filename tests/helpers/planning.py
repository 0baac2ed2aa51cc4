"""The planning views of sql/ over tables typed by hand, in DuckDB; no lake is needed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from focus_lake.catalog import kept, sources
from focus_lake.catalog.engines.duckdb_sql import translate
from focus_lake.lab.database import TABLES
from focus_lake.plan import settings

MORE = """
CREATE TABLE focus_budgets (
    name varchar, scope varchar, value varchar, period varchar, currency varchar,
    amount decimal(38, 18), owner varchar);
CREATE TABLE focus_exchange_rates (
    from_currency varchar, to_currency varchar, valid_from date, valid_until date,
    rate decimal(20, 12));
CREATE TABLE focus_outcomes (
    month varchar, outcome varchar, department varchar, application varchar,
    quantity decimal(38, 18));
CREATE TABLE focus_reductions (
    what varchar, scope varchar, value varchar, currency varchar, saving decimal(38, 18),
    effort varchar, owner varchar, note varchar);
CREATE TABLE focus_allocated_cost (
    yearmonth varchar, x_Provider varchar, BillingCurrency varchar, x_Payer varchar,
    x_Department varchar, x_BusinessUnit varchar, x_AllocationType varchar,
    EffectiveCost decimal(38, 18), BilledCost decimal(38, 18), x_FxRate decimal(20, 12),
    x_EffectiveCostConverted decimal(38, 18), x_BilledCostConverted decimal(38, 18));
ALTER TABLE focus_allocated_cost ADD COLUMN ServiceName varchar;
DROP TABLE focus_allocated_days;
ALTER TABLE focus_daily ADD COLUMN x_Application varchar;
ALTER TABLE focus_daily ADD COLUMN ChargeCategory varchar;
ALTER TABLE focus_daily ADD COLUMN PricingCategory varchar;
ALTER TABLE focus_daily ADD COLUMN CommitmentDiscountId varchar;
ALTER TABLE focus_daily ADD COLUMN CommitmentDiscountCategory varchar;
ALTER TABLE focus_daily ADD COLUMN CommitmentDiscountType varchar;
ALTER TABLE focus_daily ADD COLUMN CommitmentDiscountStatus varchar;
ALTER TABLE focus_daily ADD COLUMN ListCost decimal(38, 18);
ALTER TABLE focus_daily ADD COLUMN ContractedCost decimal(38, 18);
CREATE TABLE focus_unified (
    x_Provider varchar, yearmonth varchar, BillingCurrency varchar, BillingAccountId varchar,
    SubAccountId varchar, ServiceName varchar, ChargeCategory varchar, x_Application varchar,
    CommitmentDiscountId varchar, CommitmentDiscountStatus varchar,
    CapacityReservationId varchar, CapacityReservationStatus varchar, Tags map(varchar, varchar),
    EffectiveCost decimal(38, 18), BilledCost decimal(38, 18), ChargePeriodStart timestamp,
    ChargePeriodEnd timestamp);
"""
KEPT = (
    "focus_scope_costs",
    "focus_commitments",
    "focus_forecast_accuracy",
    "focus_cost_anomalies",
    "focus_unit_cost",
    "focus_waste",
    "focus_budget_status",
    "focus_forecast",
)
VIEWS = (
    *(f"{name}_now" for name in KEPT),
    *KEPT,
    "focus_allocated_days",
    "focus_daily_series",
    "focus_forecast_parts",
    "focus_anomaly_days",
    "focus_top_reductions",
)
NO_CALLS = (
    "SELECT CAST(NULL AS varchar) AS yearmonth, CAST(NULL AS varchar) AS model, "
    "CAST(NULL AS bigint) AS calls, CAST(NULL AS bigint) AS hits"
)
MONDAY = date(1970, 1, 5)


class Plan:
    """Charges, reference data and the views over them."""

    def __init__(self, last: str, provider: str = "aws"):
        import duckdb

        self.connection = duckdb.connect()
        self.connection.execute(TABLES)
        self.connection.execute(MORE)
        self.known(provider, last)
        values = {
            "database": "focus",
            "reporting_currency": "USD",
            "plan_ai_calls": NO_CALLS,
            "plan_ai_providers": "'ai_spend'",
            **kept.placeholders("focus"),
            **settings.values(),
        }
        for source in sources.tree():
            if source.stem in VIEWS:
                self.connection.execute(translate(source.fill(values), "focus"))

    def known(self, provider: str, last: str, **others) -> None:
        """The provider's last complete day; others: horizon, open_month, ended of its row."""
        day = date.fromisoformat(last)
        horizon = end_of_month(date.fromisoformat(others.get("horizon", last)))
        ahead = end_of_month(horizon + timedelta(days=1))
        numbers = [(one - MONDAY).days for one in (day, horizon, ahead)]
        row = [provider, date(2025, 1, 1), day, numbers[0], horizon, numbers[1], numbers[2]]
        month = date.fromisoformat(others.get("open_month", f"{horizon:%Y-%m}-01"))
        self.insert("focus_complete_days", *row, month, others.get("ended", False))

    def charge(self, first: str, last: str, cost: str, **others) -> None:
        """The same cost on every day from first to last."""
        day = date.fromisoformat(first)
        while day <= date.fromisoformat(last):
            row = {
                "x_Provider": "aws",
                "yearmonth": f"{day:%Y%m}",
                "x_ChargeDay": day,
                "BillingCurrency": "USD",
                "BillingAccountId": "payer",
                "SubAccountId": "111",
                "ServiceName": "Compute",
                "RegionName": "Frankfurt",
                "EffectiveCost": Decimal(cost),
                "BilledCost": Decimal(cost),
                "ChargeCategory": "Usage",
                **others,
            }
            names, marks = ", ".join(row), ", ".join("?" for _ in row)
            self.connection.execute(
                f"INSERT INTO focus_daily ({names}) VALUES ({marks})", list(row.values())
            )
            day += timedelta(days=1)

    def insert(self, table: str, *values) -> None:
        marks = ", ".join("?" for _ in values)
        self.connection.execute(f"INSERT INTO {table} VALUES ({marks})", list(values))

    def budget(self, scope: str, value: str | None, period: str, amount: str, **others) -> None:
        self.insert(
            "focus_budgets",
            others.get("name", "b"),
            scope,
            value,
            period,
            others.get("currency", "USD"),
            Decimal(amount),
            None,
        )

    def allocated(
        self, month: str, department: str, payer: str, cost: str, type: str = "direct", **others
    ) -> None:
        """A row of focus_allocated_cost, in the reporting currency; others: service, currency."""
        costs = [Decimal(cost), Decimal(cost), Decimal(1), Decimal(cost), Decimal(cost)]
        currency, service = others.get("currency", "USD"), others.get("service", "Compute")
        row = [month, "aws", currency, payer, department, "unit", type, *costs, service]
        self.insert("focus_allocated_cost", *row)

    def rows(self, sql: str) -> list[dict]:
        cursor = self.connection.execute(sql)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def row(self, sql: str) -> dict:
        [row] = self.rows(sql)
        return row


def end_of_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
