-- One row is money of one month that bought nothing, or a way to spend less that somebody found.
-- x_Reason: unused commitment, unused reservation of capacity, AI call classified as waste (the tag
-- x-cog-classification), or a line of your reductions. x_Cost is EffectiveCost (BilledCost where
-- there is no other); of a reduction it is the saving a month.
CREATE OR REPLACE VIEW ${database}.focus_waste_now AS
WITH newest AS (
    SELECT MAX(yearmonth) AS yearmonth
    FROM ${database}.focus_daily
),

charges AS (
    SELECT
        x_Provider,
        yearmonth,
        BillingCurrency,
        COALESCE(SubAccountId, BillingAccountId) AS account,
        ServiceName,
        CASE
            WHEN CommitmentDiscountStatus = 'Unused' THEN 'unused commitment'
            WHEN CapacityReservationStatus = 'Unused' THEN 'unused reservation of capacity'
            ELSE 'AI call classified as waste'
        END AS reason,
        CASE
            WHEN CommitmentDiscountStatus = 'Unused' THEN CommitmentDiscountId
            WHEN CapacityReservationStatus = 'Unused' THEN CapacityReservationId
            ELSE x_Application
        END AS what,
        COALESCE(EffectiveCost, BilledCost) AS cost
    FROM ${database}.focus_unified
    WHERE
        CommitmentDiscountStatus = 'Unused'
        OR CapacityReservationStatus = 'Unused'
        OR (
            x_Provider IN (${plan_ai_providers})
            AND LOWER(ELEMENT_AT(Tags, 'x-cog-classification')) = 'waste'
        )
)

SELECT
    x_Provider,
    yearmonth,
    BillingCurrency,
    CAST(reason AS varchar) AS x_Reason,
    what AS x_What,
    account AS x_Account,
    ServiceName,
    SUM(cost) AS x_Cost,
    CAST(NULL AS varchar) AS x_Effort,
    CAST(NULL AS varchar) AS x_ReductionOwner
FROM charges
GROUP BY
    x_Provider,
    yearmonth,
    BillingCurrency,
    reason,
    what,
    account,
    ServiceName
UNION ALL
SELECT
    CASE WHEN reductions.scope = 'provider' THEN reductions.value END AS x_Provider,
    newest.yearmonth,
    reductions.currency AS BillingCurrency,
    CAST('reduction' AS varchar) AS x_Reason,
    reductions.what AS x_What,
    CASE WHEN reductions.scope = 'account' THEN reductions.value END AS x_Account,
    CASE WHEN reductions.scope = 'service' THEN reductions.value END AS ServiceName,
    reductions.saving AS x_Cost,
    reductions.effort AS x_Effort,
    reductions.owner AS x_ReductionOwner
FROM ${database}.focus_reductions AS reductions
CROSS JOIN newest
