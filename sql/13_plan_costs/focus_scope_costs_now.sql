-- One row is what one scope cost on one day at one provider in one currency.
-- Scopes: all, provider, account (the sub account, or the billing account where there is none),
-- billing_account and service by the charges; cost_center, department and business_unit by what
-- allocation has them bear (focus_allocated_days); tagged_department by the charges with the
-- department's cost centers alone. x_Cost is EffectiveCost, or BilledCost where a provider gives no
-- other. Days are the provider's own; a charge outside its billing month counts on the month's
-- nearest day, so that the days of a month add up to the bill. x_Regular leaves such charges and
-- corrections out, x_Recurring is what the provider says comes again. x_DayNo counts days from
-- Monday 1970-01-05.
CREATE OR REPLACE VIEW ${database}.focus_scope_costs_now AS
WITH lines AS (
    SELECT
        yearmonth,
        x_Provider,
        BillingCurrency,
        COALESCE(SubAccountId, BillingAccountId, '(no account)') AS account,
        COALESCE(BillingAccountId, '(no account)') AS billing_account,
        COALESCE(ServiceName, '(no service)') AS service,
        NULLIF(TRIM(x_CostCenter), '') AS cost_center,
        x_ChargeDay,
        COALESCE(ChargeClass, '') = 'Correction' AS is_correction,
        COALESCE(ChargeFrequency, '') = 'Recurring' AS is_recurring,
        FALSE AS is_allocated,
        COALESCE(EffectiveCost, BilledCost) AS cost
    FROM ${database}.focus_daily
    UNION ALL
    SELECT
        yearmonth,
        x_Provider,
        BillingCurrency,
        CAST(NULL AS varchar) AS account,
        CAST(NULL AS varchar) AS billing_account,
        CAST(NULL AS varchar) AS service,
        x_Payer AS cost_center,
        x_ChargeDay,
        FALSE AS is_correction,
        FALSE AS is_recurring,
        TRUE AS is_allocated,
        x_Cost AS cost
    FROM ${database}.focus_allocated_days
),

charged AS (
    SELECT
        yearmonth,
        x_Provider,
        BillingCurrency,
        account,
        billing_account,
        service,
        cost_center,
        DATE_DIFF('day', DATE '1970-01-05', x_ChargeDay) AS day_no,
        DATE_DIFF('day', DATE '1970-01-05', ${plan_first_of_month}) AS first_no,
        DATE_DIFF(
            'day',
            DATE '1970-01-05',
            CAST(DATE_ADD('month', 1, ${plan_first_of_month}) AS date)
        ) - 1 AS end_no,
        is_correction,
        is_recurring,
        is_allocated,
        SUM(cost) AS cost
    FROM lines
    GROUP BY
        yearmonth,
        x_Provider,
        BillingCurrency,
        account,
        billing_account,
        service,
        cost_center,
        x_ChargeDay,
        is_correction,
        is_recurring,
        is_allocated
),

kinds (scope) AS (
    VALUES
${plan_series_scopes}
),

scoped AS (
    SELECT
        kinds.scope,
        CASE
            WHEN kinds.scope = 'cost_center' THEN charged.cost_center
            WHEN kinds.scope = 'department' THEN centers.department
            WHEN kinds.scope = 'business_unit' THEN centers.business_unit
            WHEN charged.is_allocated THEN CAST(NULL AS varchar)
            WHEN kinds.scope = 'all' THEN 'all'
            WHEN kinds.scope = 'provider' THEN charged.x_Provider
            WHEN kinds.scope = 'account' THEN charged.account
            WHEN kinds.scope = 'billing_account' THEN charged.billing_account
            WHEN kinds.scope = 'service' THEN charged.service
            WHEN kinds.scope = 'tagged_department' THEN centers.department
        END AS value,
        charged.x_Provider,
        charged.BillingCurrency,
        charged.yearmonth,
        LEAST(GREATEST(COALESCE(charged.day_no, charged.first_no), charged.first_no), charged.end_no)
            AS day_no,
        charged.cost,
        CASE
            WHEN charged.is_correction THEN CAST(0 AS decimal(38, 18))
            WHEN charged.day_no BETWEEN charged.first_no AND charged.end_no THEN charged.cost
            ELSE CAST(0 AS decimal(38, 18))
        END AS regular,
        CASE
            WHEN charged.is_recurring THEN charged.cost
            ELSE CAST(0 AS decimal(38, 18))
        END AS recurring
    FROM charged
    CROSS JOIN kinds
    LEFT JOIN ${database}.focus_cost_centers AS centers
        ON
            charged.cost_center = centers.cost_center
            AND charged.yearmonth >= COALESCE(centers.valid_from, '000000')
            AND charged.yearmonth <= COALESCE(centers.valid_until, '999999')
)

SELECT
    CAST(scope AS varchar) AS x_Scope,
    CAST(value AS varchar) AS x_Value,
    x_Provider,
    BillingCurrency,
    yearmonth,
    CAST(day_no AS bigint) AS x_DayNo,
    SUM(cost) AS x_Cost,
    SUM(regular) AS x_Regular,
    SUM(recurring) AS x_Recurring
FROM scoped
WHERE value IS NOT NULL
GROUP BY
    scope,
    value,
    x_Provider,
    BillingCurrency,
    yearmonth,
    day_no
